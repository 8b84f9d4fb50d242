//! Arrays that a user gives: inputs and golden outputs.

use std::path::{Path, PathBuf};

use edgebench_api::Tensor;
use edgebench_suites::user_arrays;

use crate::failure::Failure;

/// Reads a file or a folder of arrays. A folder in the layout of ONNX's test data has `input_0.pb`, `input_1.pb` and
/// `output_0.pb`, numbered as the model lists them: `kind` is `input` or `output`, and `names` are the model's.
pub(crate) fn arrays<'a>(
    path: &Path,
    kind: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<Tensor>, Failure> {
    let numbered = |number: usize| path.join(format!("{kind}_{number}.pb"));
    if !numbered(0).is_file() {
        return Ok(user_arrays(path)?);
    }
    names
        .enumerate()
        .map(|(number, name)| (numbered(number), name))
        .take_while(|(file, _)| file.is_file())
        .map(|(file, name)| protobuf(&file, name))
        .collect()
}

fn protobuf(file: &Path, name: &str) -> Result<Tensor, Failure> {
    let unusable = |why: String| Failure::new(format!("`{}` cannot be used: {why}", file.display()));
    let tensor = edgebench_graph::read_tensor(file)
        .map_err(|error| Failure::from(error).context(format!("`{}`", file.display())))?;
    let dtype = tensor
        .dtype
        .to_string()
        .parse()
        .map_err(|_| unusable(format!("it holds {}, which cannot be fed", tensor.dtype)))?;
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    Ok(Tensor {
        name: name.to_owned(),
        dtype,
        shape: shape.ok_or_else(|| unusable("its shape is too large for this machine".to_owned()))?,
        data: tensor.data,
    })
}

/// The last part of a path, for people and records.
pub(crate) fn file_name(path: &Path) -> String {
    let whole: PathBuf = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
