//! From a file to a plan.

use std::path::Path;
use std::sync::Arc;

use edgebench_api::{BackendError, Dim, LoadRequest, TensorSpec};
use tract_linalg::multithread::Executor;
use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::TypedRunnableModel;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::{DimLike, InferenceModelExt, RunOptions};

use crate::options::Stage;
use crate::{failure, tensor};

/// A model that is ready to run, and what it says of itself.
pub(crate) struct Prepared {
    pub(crate) plan: Arc<TypedRunnableModel>,
    pub(crate) inputs: Vec<TensorSpec>,
    pub(crate) outputs: Vec<TensorSpec>,
    /// Whether the shapes that the file declares for inner values were used; they are ignored where they contradict
    /// the shapes that were asked for.
    pub(crate) value_info_used: bool,
}

/// Reads, checks and optimises a model.
///
/// # Errors
/// [`BackendError::Unsupported`] when tract lacks something, and [`BackendError::Load`].
pub(crate) fn prepare(request: &LoadRequest<'_>, stage: Stage, executor: &Executor) -> Result<Prepared, BackendError> {
    let onnx = tract_onnx::onnx();
    let what = || request.model.display().to_string();
    let proto = onnx
        .proto_model_for_path(request.model)
        .map_err(|error| failure::load(error, what()))?;
    let graph = proto
        .graph
        .as_ref()
        .ok_or_else(|| BackendError::load(format!("{}: it has no graph", what())))?;
    if let Some(operator) = lacking_operator(graph, &onnx) {
        return Err(BackendError::Unsupported {
            what: "tract has no implementation of it".to_owned(),
            operator: Some(operator.to_owned()),
            source: None,
        });
    }
    let (parsed, typed, value_info_used) = match typed(&onnx, &proto, request) {
        Ok((parsed, typed)) => (parsed, typed, true),
        Err(Failure::Tract(error)) if failure::is_shape_conflict(&error) => {
            let onnx = onnx.with_ignore_value_info(true).with_ignore_output_shapes(true);
            let (parsed, typed) = self::typed(&onnx, &proto, request).map_err(|error| error.into_load(&what()))?;
            (parsed, typed, false)
        }
        Err(error) => return Err(error.into_load(&what())),
    };
    let model = match stage {
        Stage::Typed => Ok(typed),
        Stage::Decluttered => typed.into_decluttered(),
        Stage::Optimised => typed.into_optimized(),
    };
    let options = RunOptions {
        executor: Some(executor.clone()),
        ..RunOptions::default()
    };
    let outputs = model.and_then(|model| {
        let facts = model
            .output_outlets()?
            .iter()
            .map(|&outlet| model.outlet_fact(outlet).cloned())
            .collect::<TractResult<Vec<_>>>()?;
        Ok((facts, model.into_runnable_with_options(&options)?))
    });
    let (facts, plan) = outputs.map_err(|error| failure::load(error, what()))?;
    let outputs = parsed
        .output_names
        .into_iter()
        .zip(&facts)
        .map(|(name, fact)| output_spec(name, fact))
        .collect::<Result<_, _>>()?;
    Ok(Prepared {
        plan,
        inputs: parsed.inputs,
        outputs,
        value_info_used,
    })
}

/// What the file says of a model's ends.
struct Parsed {
    inputs: Vec<TensorSpec>,
    output_names: Vec<String>,
}

/// Either side's error.
enum Failure {
    Ours(BackendError),
    Tract(TractError),
}

impl Failure {
    fn into_load(self, what: &str) -> BackendError {
        match self {
            Self::Ours(error) => error,
            Self::Tract(error) => failure::load(error, what),
        }
    }
}

impl From<TractError> for Failure {
    fn from(error: TractError) -> Self {
        Self::Tract(error)
    }
}

fn typed(onnx: &Onnx, proto: &ModelProto, request: &LoadRequest<'_>) -> Result<(Parsed, TypedModel), Failure> {
    let folder = request.model.parent().and_then(Path::to_str);
    let result = onnx.parse(proto, folder)?;
    if let Some(name) = result.unresolved_inputs.first() {
        return Err(Failure::Ours(BackendError::load(format!(
            "nothing gives the value `{name}`"
        ))));
    }
    let mut model = result.model;
    let mut inputs = Vec::new();
    for (i, outlet) in model.input_outlets()?.to_vec().into_iter().enumerate() {
        let name = model.node(outlet.node).name.clone();
        let fact = model.outlet_fact(outlet)?.clone();
        let spec = input_spec(name, &fact).map_err(Failure::Ours)?;
        let shape = request.shape(&spec).map_err(Failure::Ours)?;
        let datum_type = tensor::datum_type(spec.dtype).unwrap_or(DatumType::F32);
        model.set_input_fact(i, InferenceFact::dt_shape(datum_type, shape))?;
        inputs.push(spec);
    }
    let output_names = model
        .output_outlets()?
        .iter()
        .map(|&outlet| {
            let label = model.outlet_label(outlet).map(str::to_owned);
            label.unwrap_or_else(|| model.node(outlet.node).name.clone())
        })
        .collect();
    Ok((Parsed { inputs, output_names }, model.into_typed()?))
}

/// The first operator, in the model's order, that tract has no builder for. Its register goes by the bare name.
fn lacking_operator<'a>(graph: &'a GraphProto, onnx: &Onnx) -> Option<&'a str> {
    graph.node.iter().find_map(|node| {
        if !onnx.op_register.0.contains_key(&node.op_type) {
            return Some(node.op_type.as_str());
        }
        node.attribute
            .iter()
            .flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
            .find_map(|inner| lacking_operator(inner, onnx))
    })
}

fn input_spec(name: String, fact: &InferenceFact) -> Result<TensorSpec, BackendError> {
    let dtype = fact
        .datum_type
        .concretize()
        .and_then(tensor::dtype)
        .ok_or_else(|| BackendError::Unsupported {
            what: format!("input `{name}` is {:?}, which edgebench cannot feed", fact.datum_type),
            operator: None,
            source: None,
        })?;
    let shape: Vec<Dim> = fact
        .shape
        .dims()
        .map(|dim| dim.concretize().and_then(|dim| dim.to_usize().ok()))
        .collect();
    Ok(TensorSpec { name, dtype, shape })
}

fn output_spec(name: String, fact: &TypedFact) -> Result<TensorSpec, BackendError> {
    let dtype = tensor::dtype(fact.datum_type).ok_or_else(|| BackendError::Unsupported {
        what: format!("output `{name}` is {:?}, which edgebench cannot read", fact.datum_type),
        operator: None,
        source: None,
    })?;
    Ok(TensorSpec {
        name,
        dtype,
        shape: fact.shape.iter().map(|dim| dim.to_usize().ok()).collect(),
    })
}
