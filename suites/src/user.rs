//! Arrays from a user's own files.

use std::path::{Path, PathBuf};

use edgebench_api::Tensor;

use crate::data::TestSet;
use crate::error::{SuiteError, nearest};
use crate::npy::{read_npy, read_npz};
use crate::suite::InputSpec;
use crate::tensors::read_tensors;

/// Inputs for a model out of a user's arrays, one for each input and named as the input. An array is `[samples, …]` as
/// the model's input is `[batch, …]`, or one sample without that axis. Where there are one array and one input, the name
/// does not matter. There are no labels; arrays that no input asks for are left alone. `path` is where the arrays came
/// from, for messages.
///
/// # Errors
/// [`SuiteError::Invalid`] when an input's array is absent, or one has another element type or shape than the input.
pub fn user_inputs(path: &Path, mut arrays: Vec<Tensor>, specs: &[InputSpec]) -> Result<TestSet, SuiteError> {
    if let ([spec], [array]) = (specs, arrays.as_mut_slice()) {
        array.name.clone_from(&spec.name);
    }
    let mut inputs = Vec::with_capacity(specs.len());
    for spec in specs {
        let Some(at) = arrays.iter().position(|array| array.name == spec.name) else {
            let names: Vec<&str> = arrays.iter().map(|array| array.name.as_str()).collect();
            let hint = match nearest(&spec.name, names.iter().copied()) {
                Some(nearest) => format!("did you mean it by `{nearest}`?"),
                None if names.is_empty() => "the file holds no array".to_owned(),
                None => format!("the file holds {}", names.join(", ")),
            };
            return Err(SuiteError::invalid_with(
                path,
                format!("there is no array for input `{}`", spec.name),
                hint,
            ));
        };
        inputs.push(fit(path, spec, arrays.swap_remove(at))?);
    }
    TestSet::of(path, inputs, None)
}

/// Reads a user's arrays: an `.npz` or `.safetensors` file with names, an `.npy` file named after its one array, or a
/// folder of `.npy` files.
///
/// # Errors
/// [`SuiteError::Io`] or [`SuiteError::Format`] when a file cannot be read, [`SuiteError::Invalid`] when it is of
/// another kind.
pub fn user_arrays(path: &Path) -> Result<Vec<Tensor>, SuiteError> {
    if path.is_dir() {
        return folder(path);
    }
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let bytes = || std::fs::read(path).map_err(|source| SuiteError::read(path, source));
    let format = |format, source| SuiteError::Format {
        path: path.to_owned(),
        format,
        source,
    };
    match extension {
        "npz" => read_npz(&bytes()?).map_err(|fault| format("npz", fault)),
        "npy" => {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let array = read_npy(&name, &bytes()?).map_err(|fault| format("npy", fault))?;
            Ok(vec![array])
        }
        "safetensors" => read_tensors(path),
        _ => Err(SuiteError::invalid_with(
            path,
            "this is no file of arrays that is read",
            "save the arrays with numpy.savez(\"inputs.npz\", NAME=array)",
        )),
    }
}

fn folder(path: &Path) -> Result<Vec<Tensor>, SuiteError> {
    let entries = std::fs::read_dir(path).map_err(|source| SuiteError::read(path, source))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "npy"))
        .collect();
    if files.is_empty() {
        return Err(SuiteError::invalid_with(
            path,
            "the folder holds no .npy file",
            "it has one .npy file for each array, named after it, or ONNX's test data: input_0.pb, output_0.pb",
        ));
    }
    files.sort();
    let arrays: Result<Vec<Vec<Tensor>>, SuiteError> = files.iter().map(|file| user_arrays(file)).collect();
    Ok(arrays?.into_iter().flatten().collect())
}

fn fit(path: &Path, spec: &InputSpec, array: Tensor) -> Result<Tensor, SuiteError> {
    if array.dtype != spec.dtype {
        let message = format!(
            "input `{}` takes {}, and the array holds {}",
            spec.name, spec.dtype, array.dtype
        );
        return Err(SuiteError::invalid_with(
            path,
            message,
            "convert it, as with numpy's astype",
        ));
    }
    let fits = |shape: &[usize]| {
        shape.len() == spec.shape.len()
            && shape
                .iter()
                .zip(&spec.shape)
                .all(|(&dim, wanted)| wanted.is_none_or(|wanted| wanted == dim))
    };
    let shape = match array.shape.split_first() {
        Some((_, rest)) if fits(rest) => array.shape.clone(),
        _ if fits(&array.shape) => [&[1], array.shape.as_slice()].concat(),
        _ => {
            let extents: Vec<String> = ["samples".to_owned()]
                .into_iter()
                .chain(
                    spec.shape
                        .iter()
                        .map(|dim| dim.map_or_else(|| "?".to_owned(), |dim| dim.to_string())),
                )
                .collect();
            let message = format!(
                "input `{}` takes [{}], and the array has shape {:?}",
                spec.name,
                extents.join(", "),
                array.shape
            );
            return Err(SuiteError::invalid(path, message));
        }
    };
    Ok(Tensor { shape, ..array })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy::tests::{npy, npz};
    use edgebench_api::DType;

    fn spec(name: &str, shape: &[Option<usize>]) -> InputSpec {
        InputSpec {
            name: name.to_owned(),
            dtype: DType::F32,
            shape: shape.to_vec(),
        }
    }

    fn from(file: &str, bytes: &[u8], specs: &[InputSpec]) -> Result<TestSet, SuiteError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, bytes).unwrap();
        user_inputs(&path, user_arrays(&path)?, specs)
    }

    #[test]
    fn one_array_is_for_the_one_input() {
        let set = from("x.npy", &npy("<f4", "(2, 3)", &[0; 24]), &[spec("image", &[Some(3)])]).unwrap();
        assert_eq!((set.samples, set.inputs[0].name.as_str()), (2, "image"));
        let one = from(
            "x.npy",
            &npy("<f4", "(2, 3)", &[0; 24]),
            &[spec("image", &[Some(2), None])],
        )
        .unwrap();
        assert_eq!((one.samples, one.inputs[0].shape.as_slice()), (1, [1, 2, 3].as_slice()));
    }

    #[test]
    fn a_folder_has_an_array_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            user_arrays(folder.path())
                .unwrap_err()
                .hint()
                .unwrap()
                .contains("input_0.pb")
        );
        std::fs::write(folder.path().join("b.npy"), npy("<f4", "(2, 2)", &[0; 16])).unwrap();
        std::fs::write(folder.path().join("a.npy"), npy("<f4", "(2, 1)", &[0; 8])).unwrap();
        std::fs::write(folder.path().join("note.txt"), b"not an array").unwrap();
        let arrays = user_arrays(folder.path()).unwrap();
        assert_eq!(
            arrays.iter().map(|array| array.name.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
    }

    #[test]
    fn several_go_by_name() {
        let arrays = [
            ("a", npy("<f4", "(2, 1)", &[0; 8])),
            ("b", npy("<f4", "(2, 2)", &[0; 16])),
        ];
        let specs = [spec("b", &[Some(2)]), spec("a", &[Some(1)])];
        let set = from("x.npz", &npz(&arrays, true), &specs).unwrap();
        assert_eq!(
            set.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(),
            ["b", "a"]
        );
        let error = from("x.npz", &npz(&arrays, false), &[spec("mask", &[])]);
        assert!(error.is_err(), "a name that is not there");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let said = |bytes: Vec<u8>, spec: InputSpec| {
            let error = from("x.npy", &bytes, &[spec]).unwrap_err().to_string();
            error.split_once("`: ").unwrap().1.to_owned()
        };
        assert_eq!(
            said(npy("<f8", "(1, 3)", &[0; 24]), spec("x", &[Some(3)])),
            "input `x` takes f32, and the array holds f64"
        );
        assert_eq!(
            said(npy("<f4", "(1, 3)", &[0; 12]), spec("x", &[Some(4), None])),
            "input `x` takes [samples, 4, ?], and the array has shape [1, 3]"
        );
        assert_eq!(
            said(npy("<f4", "(0, 3)", &[]), spec("x", &[Some(3)])),
            "`x` has no samples"
        );
        let other = from("x.csv", b"1,2", &[spec("x", &[])]).unwrap_err();
        assert!(other.hint().unwrap().contains("numpy.savez"));
    }
}
