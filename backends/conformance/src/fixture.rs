//! A model with known answers.

use std::collections::BTreeMap;

use edgebench_api::{DType, Tensor};
use safetensors::SafeTensors;

use crate::report::{Checked, failed};

/// A model with one `f32` input and one `f32` output, both with an open leading axis, and what it must give.
#[derive(Debug, Clone, Copy)]
pub struct Fixture {
    /// The model file's name; backends go by its extension.
    pub file_name: &'static str,
    /// The model file.
    pub model: &'static [u8],
    /// A safetensors file with the input tensor, whose leading axis is the sample: at least 5 samples, no two with
    /// equal outputs.
    pub inputs: &'static [u8],
    /// A safetensors file with the output tensor for these inputs.
    pub expected: &'static [u8],
    /// The largest difference between an element of the output and the expected one.
    pub tolerance: f32,
}

impl Fixture {
    /// One dense layer with a rectifier as an ONNX model (`Gemm`, `Relu`, opset 13). The expected outputs were computed in
    /// double precision and rounded; the tolerance is a hundred times the spacing of `f32` at their size.
    pub const DENSE_RELU: Self = Self {
        file_name: "dense-relu.onnx",
        model: include_bytes!("../fixtures/dense-relu.onnx"),
        inputs: include_bytes!("../fixtures/inputs.safetensors"),
        expected: include_bytes!("../fixtures/expected.safetensors"),
        tolerance: 5e-5,
    };

    /// The one input, all samples.
    pub(crate) fn input(&self) -> Checked<Tensor> {
        only(read(self.inputs)?)
    }

    /// The one output, all samples.
    pub(crate) fn output(&self) -> Checked<Tensor> {
        only(read(self.expected)?)
    }

    /// Samples of the input, as one batch.
    pub(crate) fn batch(&self, indices: &[usize]) -> Checked<Tensor> {
        pick(&self.input()?, indices)
    }

    /// The expected outputs of these samples, as one batch.
    pub(crate) fn answers(&self, indices: &[usize]) -> Checked<Tensor> {
        pick(&self.output()?, indices)
    }

    /// The input's shape for a batch.
    pub(crate) fn shapes(&self, batch: usize) -> Checked<BTreeMap<String, Vec<usize>>> {
        let input = self.input()?;
        let mut shape = input.shape;
        shape[0] = batch;
        Ok(BTreeMap::from([(input.name, shape)]))
    }

    /// Whether a tensor is what the samples must give.
    pub(crate) fn compare(&self, found: &Tensor, indices: &[usize]) -> Checked {
        let expected = self.answers(indices)?;
        if found.name != expected.name || found.shape != expected.shape {
            return Err(failed(format!(
                "the output is `{}` with shape {:?}, and should be `{}` with shape {:?}",
                found.name, found.shape, expected.name, expected.shape
            )));
        }
        let found = found.to_f32().map_err(|error| failed(error.to_string()))?;
        let expected = expected.to_f32().map_err(|error| failed(error.to_string()))?;
        let worst = found
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0f32, |worst, difference| {
                if difference > worst || difference.is_nan() {
                    difference
                } else {
                    worst
                }
            });
        // Written so that a NaN does not pass.
        if worst <= self.tolerance {
            Ok(())
        } else {
            Err(failed(format!(
                "an output differs by {worst}, and {} is allowed",
                self.tolerance
            )))
        }
    }
}

/// The tensors of a safetensors file, of the types that these checks use.
pub(crate) fn read(file: &[u8]) -> Checked<Vec<Tensor>> {
    let file = SafeTensors::deserialize(file).map_err(|error| failed(format!("not a safetensors file: {error}")))?;
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            let dtype = match view.dtype() {
                safetensors::Dtype::F32 => DType::F32,
                safetensors::Dtype::F64 => DType::F64,
                safetensors::Dtype::F16 => DType::F16,
                other => {
                    return Err(failed(format!(
                        "tensor `{name}` is {other:?}, which the fixture has not"
                    )));
                }
            };
            Ok(Tensor {
                name,
                dtype,
                shape: view.shape().to_vec(),
                data: view.data().to_vec(),
            })
        })
        .collect()
}

/// A safetensors file with one tensor.
pub(crate) fn write(tensor: &Tensor) -> Checked<Vec<u8>> {
    let dtype = match tensor.dtype {
        DType::F64 => safetensors::Dtype::F64,
        _ => safetensors::Dtype::F32,
    };
    let view = safetensors::tensor::TensorView::new(dtype, tensor.shape.clone(), &tensor.data)
        .map_err(|error| failed(error.to_string()))?;
    safetensors::serialize([(tensor.name.as_str(), view)], None).map_err(|error| failed(error.to_string()))
}

fn only(mut tensors: Vec<Tensor>) -> Checked<Tensor> {
    match (tensors.pop(), tensors.is_empty()) {
        (Some(tensor), true) if !tensor.shape.is_empty() => Ok(tensor),
        _ => Err(failed("the file should hold one tensor with a leading axis")),
    }
}

fn pick(tensor: &Tensor, indices: &[usize]) -> Checked<Tensor> {
    let size = tensor.data.len() / tensor.shape[0].max(1);
    let mut data = Vec::with_capacity(size * indices.len());
    for &index in indices {
        let sample = tensor.data.get(index * size..(index + 1) * size);
        data.extend_from_slice(sample.ok_or_else(|| failed(format!("the fixture has no sample {index}")))?);
    }
    let mut shape = tensor.shape.clone();
    shape[0] = indices.len();
    Ok(Tensor {
        data,
        shape,
        ..tensor.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_sees_a_wrong_sample() {
        let fixture = Fixture::DENSE_RELU;
        let right = fixture.answers(&[3, 1]).unwrap();
        fixture.compare(&right, &[3, 1]).unwrap();
        assert!(fixture.compare(&right, &[1, 3]).is_err());
        assert!(fixture.compare(&right, &[3]).is_err());
        let nan = Tensor::new("y", DType::F32, right.shape.clone(), &[f32::NAN; 6]).unwrap();
        assert!(fixture.compare(&nan, &[3, 1]).is_err());
    }

    #[test]
    fn files_survive() {
        let input = Fixture::DENSE_RELU.input().unwrap();
        assert_eq!(read(&write(&input).unwrap()).unwrap(), [input]);
    }
}
