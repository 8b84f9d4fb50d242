//! A task's test set, ready for the model.

use std::path::Path;

use edgebench_api::{DType, Tensor};
use sha2::{Digest, Sha256};

use crate::convert::convert;
use crate::error::SuiteError;
use crate::suite::Task;
use crate::tensors::{SafeTensorsFile, write_tensors};
use crate::verify::hexadecimal;

/// Inputs for a model, and the right answers where there are some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestSet {
    /// One tensor per input, named as the model names it. The leading axis is the sample; nothing is left to prepare.
    pub inputs: Vec<Tensor>,
    /// The label of each sample, 0 or more.
    pub labels: Option<Vec<i64>>,
    /// How many samples: at least 1.
    pub samples: usize,
}

impl TestSet {
    /// The samples at `indices`, in that order. Indices that are not below [`TestSet::samples`] are left out.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let kept: Vec<usize> = indices.iter().copied().filter(|&index| index < self.samples).collect();
        let inputs = self.inputs.iter().map(|input| select_rows(input, &kept, self.samples));
        Self {
            inputs: inputs.collect(),
            labels: self
                .labels
                .as_ref()
                .map(|labels| kept.iter().filter_map(|&index| labels.get(index).copied()).collect()),
            samples: kept.len(),
        }
    }

    /// SHA-256 over the inputs' names, types, shapes and elements, in hexadecimal.
    pub fn inputs_sha256(&self) -> String {
        let mut hash = Sha256::new();
        for input in &self.inputs {
            hash.update(format!("{:?} {} {:?}\n", input.name, input.dtype, input.shape));
            hash.update(&input.data);
        }
        hexadecimal(&hash.finalize())
    }

    /// Writes the inputs as a safetensors file, by their names.
    ///
    /// # Errors
    /// [`SuiteError::Io`] or [`SuiteError::Format`] when the file cannot be written.
    pub fn write_inputs(&self, path: &Path) -> Result<(), SuiteError> {
        write_tensors(&self.inputs, path)
    }

    /// Checks that inputs share their leading axis and labels go with it.
    pub(crate) fn of(path: &Path, inputs: Vec<Tensor>, labels: Option<Vec<i64>>) -> Result<Self, SuiteError> {
        let mut lengths = inputs
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor.shape.first().copied().unwrap_or(0)));
        let Some((first, samples)) = lengths.next() else {
            return Err(SuiteError::invalid(path, "there is no input"));
        };
        if let Some((name, other)) = lengths.find(|&(_, length)| length != samples) {
            let message = format!("`{first}` has {samples} samples and `{name}` has {other}");
            return Err(SuiteError::invalid_with(
                path,
                message,
                "the leading axis of every tensor is the sample",
            ));
        }
        if samples == 0 {
            return Err(SuiteError::invalid(path, format!("`{first}` has no samples")));
        }
        if let Some(labels) = labels.as_ref().filter(|labels| labels.len() != samples) {
            let message = format!("there are {samples} samples and {} labels", labels.len());
            return Err(SuiteError::invalid(path, message));
        }
        Ok(Self {
            inputs,
            labels,
            samples,
        })
    }
}

fn select_rows(tensor: &Tensor, indices: &[usize], samples: usize) -> Tensor {
    let row = tensor.data.len() / samples.max(1);
    let mut data = Vec::with_capacity(row * indices.len());
    for &index in indices {
        data.extend_from_slice(&tensor.data[index * row..(index + 1) * row]);
    }
    let mut shape = tensor.shape.clone();
    if let Some(leading) = shape.first_mut() {
        *leading = indices.len();
    }
    Tensor {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape,
        data,
    }
}

/// Reads a task's test set and prepares its inputs: element × scale + offset, rounded once to the input's type. The
/// file's hash is not looked at here; [`crate::verify_data`] does that.
///
/// # Errors
/// [`SuiteError::Io`] or [`SuiteError::Format`] when the file cannot be read, [`SuiteError::Invalid`] when a tensor is
/// absent, does not fit the input's shape or type, or has another number of samples than the others; when a label is
/// no integer of 0 or more; or when the task has no data.
pub fn load_test_set(task: &Task) -> Result<TestSet, SuiteError> {
    let Some(data) = &task.data else {
        return Err(SuiteError::invalid(
            Path::new("suite.toml"),
            format!("task `{}` has no data", task.id),
        ));
    };
    let file = SafeTensorsFile::open(&data.path)?;
    let mut inputs = Vec::with_capacity(task.inputs.len());
    for (name, table) in &task.inputs {
        let source = file.tensor(table.tensor.as_deref().unwrap_or(name))?;
        let shape = sample_shape(&source, table.shape.as_deref())
            .ok_or_else(|| misfit(&data.path, name, &source, table.shape.as_deref().unwrap_or_default()))?;
        let elements = convert(&source, table.dtype, table.scale, table.offset)
            .map_err(|error| SuiteError::invalid(&data.path, format!("input `{name}`: {error}")))?;
        inputs.push(Tensor {
            name: name.clone(),
            dtype: table.dtype,
            shape,
            data: elements,
        });
    }
    let labels = match &data.label {
        Some(name) => Some(labels(&data.path, &file.tensor(name)?)?),
        None => None,
    };
    TestSet::of(&data.path, inputs, labels)
}

/// The prepared tensor's shape: the manifest's under the file's number of samples, if that leaves as many elements.
fn sample_shape(source: &Tensor, wanted: Option<&[usize]>) -> Option<Vec<usize>> {
    let (&samples, own) = source.shape.split_first()?;
    let wanted = wanted.unwrap_or(own);
    let product = |shape: &[usize]| shape.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
    (product(wanted)? == product(own)?).then(|| [&[samples], wanted].concat())
}

fn misfit(path: &Path, name: &str, source: &Tensor, wanted: &[usize]) -> SuiteError {
    let message = format!(
        "input `{name}` of shape {wanted:?} cannot be made of tensor `{}` of shape {:?}",
        source.name, source.shape
    );
    SuiteError::invalid_with(
        path,
        message,
        "the leading axis is the sample; the rest must hold as many elements",
    )
}

fn labels(path: &Path, tensor: &Tensor) -> Result<Vec<i64>, SuiteError> {
    let name = &tensor.name;
    let rest: Option<usize> = tensor.shape.get(1..).map(|rest| rest.iter().product());
    if rest != Some(1) {
        let message = format!(
            "labels `{name}` have shape {:?}, not one number per sample",
            tensor.shape
        );
        return Err(SuiteError::invalid(path, message));
    }
    if matches!(tensor.dtype, DType::F16 | DType::Bf16 | DType::F32 | DType::F64) {
        let message = format!("labels `{name}` are {}, not integers", tensor.dtype);
        return Err(SuiteError::invalid_with(
            path,
            message,
            "store the class of each sample as u8 or i64",
        ));
    }
    let bytes = convert(tensor, DType::I64, 1.0, 0.0)
        .map_err(|error| SuiteError::invalid(path, format!("labels `{name}`: {error}")))?;
    let labels: Vec<i64> = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|chunk| i64::from_le_bytes(*chunk))
        .collect();
    if let Some(at) = labels.iter().position(|&label| label < 0) {
        let message = format!(
            "labels `{name}`: sample {at} has {}, and a label is 0 or more",
            labels[at]
        );
        return Err(SuiteError::invalid(path, message));
    }
    Ok(labels)
}
