//! What a loaded session says of itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BackendError, DType, TensorView};

/// One extent of a tensor: a number, or `null` where the model leaves it open.
pub type Dim = Option<usize>;

/// The description of one input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensorSpec {
    /// The model's name of it.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its extents, outermost first.
    pub shape: Vec<Dim>,
}

/// An output that becomes an input of the next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatePair {
    /// The output's name.
    pub output: String,
    /// The input's name.
    pub input: String,
}

/// What a loaded session says of itself, as read back from the runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionSpec {
    /// Inputs in the model's order.
    pub inputs: Vec<TensorSpec>,
    /// Outputs in the model's order.
    pub outputs: Vec<TensorSpec>,
    /// State that a streaming model carries from run to run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<StatePair>,
    /// Settings in effect: `threads` (a number as text) at least, and whatever else the runtime decides, such as
    /// `graph_optimisation`, `spinning`, `execution_provider`.
    pub effective: BTreeMap<String, String>,
}

impl SessionSpec {
    /// Puts a set of inputs into the model's order, for [`crate::Session::prepare`]. `shapes` are those that the model
    /// was loaded for, one for each of [`SessionSpec::inputs`] (see [`crate::LoadRequest::shape`]).
    ///
    /// # Errors
    /// [`BackendError::Run`] unless every input of the model is given once, with its element type and its shape, and
    /// nothing else.
    pub fn order_inputs<'a>(
        &self,
        shapes: &[Vec<usize>],
        inputs: &[TensorView<'a>],
    ) -> Result<Vec<TensorView<'a>>, BackendError> {
        let known = |input: &&TensorView<'_>| self.inputs.iter().any(|spec| spec.name == input.name());
        if let Some(unknown) = inputs.iter().find(|input| !known(input)) {
            return Err(BackendError::run(format!(
                "the model has no input `{}`",
                unknown.name()
            )));
        }
        self.inputs
            .iter()
            .zip(shapes)
            .map(|(spec, shape)| {
                let name = &spec.name;
                let mut named = inputs.iter().filter(|input| input.name() == name);
                let (Some(&input), None) = (named.next(), named.next()) else {
                    return Err(BackendError::run(format!("input `{name}` must be given once")));
                };
                if spec.dtype != input.dtype() {
                    let (asked, found) = (spec.dtype, input.dtype());
                    return Err(BackendError::run(format!("input `{name}` is {asked}, not {found}")));
                }
                if shape != input.shape() {
                    let found = input.shape();
                    return Err(BackendError::run(format!(
                        "input `{name}` has shape {found:?}, and the model was loaded for {shape:?}"
                    )));
                }
                Ok(input)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::{LoadRequest, Settings};

    fn input(name: &str, dtype: DType, shape: &[Dim]) -> TensorSpec {
        TensorSpec {
            name: name.to_owned(),
            dtype,
            shape: shape.to_vec(),
        }
    }

    #[test]
    fn inputs_come_in_the_models_order() {
        let spec = SessionSpec {
            inputs: vec![
                input("a", DType::F32, &[None, Some(2)]),
                input("b", DType::U8, &[Some(3)]),
            ],
            ..SessionSpec::default()
        };
        let shapes = [vec![1, 2], vec![3]];
        let a = TensorView::new("a", DType::F32, &[1, 2], &[0; 8]).unwrap();
        let b = TensorView::new("b", DType::U8, &[3], &[1; 3]).unwrap();
        for given in [[a, b], [b, a]] {
            let ordered = spec.order_inputs(&shapes, &given).unwrap();
            let names: Vec<_> = ordered.iter().map(TensorView::name).collect();
            assert_eq!(names, ["a", "b"]);
            assert_eq!((ordered[0].data(), ordered[1].data()), (a.data(), b.data()));
        }

        let c = TensorView::new("c", DType::U8, &[3], &[0; 3]).unwrap();
        let other_type = TensorView::new("b", DType::I8, &[3], &[0; 3]).unwrap();
        let other_extent = TensorView::new("a", DType::F32, &[2, 2], &[0; 16]).unwrap();
        let other_rank = TensorView::new("a", DType::F32, &[2], &[0; 8]).unwrap();
        let refused: [(&[TensorView<'_>], &str); 7] = [
            (&[a], "input `b` must be given once"),
            (&[a, b, a], "input `a` must be given once"),
            (&[a, b, c], "the model has no input `c`"),
            (&[a, c], "the model has no input `c`"),
            (&[a, other_type], "input `b` is u8, not i8"),
            (
                &[other_extent, b],
                "input `a` has shape [2, 2], and the model was loaded for [1, 2]",
            ),
            (
                &[other_rank, b],
                "input `a` has shape [2], and the model was loaded for [1, 2]",
            ),
        ];
        for (given, why) in refused {
            let error = spec.order_inputs(&shapes, given).unwrap_err();
            assert!(matches!(error, BackendError::Run { .. }), "{error}");
            assert!(error.to_string().ends_with(why), "{error}");
        }
    }

    #[test]
    fn the_shape_given_comes_before_the_models() {
        let request = LoadRequest {
            model: Path::new("model"),
            shapes: &BTreeMap::from([("given".to_owned(), vec![4, 2])]),
            settings: &Settings::default(),
        };
        let shape = |name, shape| request.shape(&input(name, DType::F32, shape));
        assert_eq!(shape("given", &[None, Some(2)]).unwrap(), [4, 2]);
        assert_eq!(shape("fixed", &[Some(1), Some(2)]).unwrap(), [1, 2]);
        assert_eq!(shape("scalar", &[]).unwrap(), [0; 0]);
        let error = shape("open", &[None, Some(2)]).unwrap_err();
        assert!(matches!(error, BackendError::Load { .. }), "{error}");
    }
}
