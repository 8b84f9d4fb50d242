//! Tensors in safetensors files.

use std::path::{Path, PathBuf};

use edgebench_api::{DType, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use crate::error::{SuiteError, nearest};

const FORMAT: &str = "safetensors";

/// A safetensors file in memory.
pub(crate) struct SafeTensorsFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl SafeTensorsFile {
    pub(crate) fn open(path: &Path) -> Result<Self, SuiteError> {
        let bytes = std::fs::read(path).map_err(|source| SuiteError::read(path, source))?;
        SafeTensors::deserialize(&bytes).map_err(|source| damaged(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
        })
    }

    /// The tensor of that name.
    pub(crate) fn tensor(&self, name: &str) -> Result<Tensor, SuiteError> {
        let file = self.parsed()?;
        let Ok(view) = file.tensor(name) else {
            let mut names = file.names();
            names.sort_unstable();
            let message = format!("there is no tensor `{name}`");
            let hint = match nearest(name, names.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("the file holds {}", names.join(", ")),
            };
            return Err(SuiteError::invalid_with(&self.path, message, hint));
        };
        owned(&self.path, name, &view)
    }

    /// Every tensor, by name.
    pub(crate) fn all(&self) -> Result<Vec<Tensor>, SuiteError> {
        let mut tensors = self.parsed()?.tensors();
        tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
        tensors
            .iter()
            .map(|(name, view)| owned(&self.path, name, view))
            .collect()
    }

    fn parsed(&self) -> Result<SafeTensors<'_>, SuiteError> {
        SafeTensors::deserialize(&self.bytes).map_err(|source| damaged(&self.path, source))
    }
}

/// Reads every tensor of a safetensors file, ordered by name.
///
/// # Errors
/// [`SuiteError::Io`] when the file cannot be read, [`SuiteError::Format`] when it is damaged, and
/// [`SuiteError::Invalid`] for an element type that does not cross the seam.
pub fn read_tensors(path: &Path) -> Result<Vec<Tensor>, SuiteError> {
    SafeTensorsFile::open(path)?.all()
}

/// Writes tensors as a safetensors file, by their names.
///
/// # Errors
/// [`SuiteError::Io`] or [`SuiteError::Format`] when the file cannot be written, or a tensor's bytes are not those of
/// its shape.
pub fn write_tensors(tensors: &[Tensor], path: &Path) -> Result<(), SuiteError> {
    let mut views = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let view = TensorView::new(to_format(tensor.dtype), tensor.shape.clone(), &tensor.data)
            .map_err(|source| damaged(path, source))?;
        views.push((tensor.name.clone(), view));
    }
    safetensors::serialize_to_file(views, None, path).map_err(|error| match error {
        SafeTensorError::IoError(source) => SuiteError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        },
        source => damaged(path, source),
    })
}

fn damaged(path: &Path, source: SafeTensorError) -> SuiteError {
    SuiteError::Format {
        path: path.to_owned(),
        format: FORMAT,
        source: source.into(),
    }
}

fn owned(path: &Path, name: &str, view: &TensorView<'_>) -> Result<Tensor, SuiteError> {
    let Some(dtype) = from_format(view.dtype()) else {
        let message = format!("tensor `{name}` is of type {:?}, which is not read", view.dtype());
        return Err(SuiteError::invalid(path, message));
    };
    Ok(Tensor {
        name: name.to_owned(),
        dtype,
        shape: view.shape().to_vec(),
        data: view.data().to_vec(),
    })
}

fn to_format(dtype: DType) -> Dtype {
    match dtype {
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::Bf16 => Dtype::BF16,
        DType::F64 => Dtype::F64,
        DType::I8 => Dtype::I8,
        DType::U8 => Dtype::U8,
        DType::I16 => Dtype::I16,
        DType::U16 => Dtype::U16,
        DType::I32 => Dtype::I32,
        DType::U32 => Dtype::U32,
        DType::I64 => Dtype::I64,
        DType::U64 => Dtype::U64,
        DType::Bool => Dtype::BOOL,
    }
}

fn from_format(dtype: Dtype) -> Option<DType> {
    DType::ALL.into_iter().find(|&known| to_format(known) == dtype)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example() -> Vec<Tensor> {
        vec![
            Tensor::new("a", DType::F32, [2, 2], &[1.0_f32, 2.0, 3.0, 4.0]).unwrap(),
            Tensor::new("b", DType::I64, [2], &[5_i64, -6]).unwrap(),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        write_tensors(&example(), &path).unwrap();
        assert_eq!(read_tensors(&path).unwrap(), example());
        let every: Vec<Tensor> = DType::ALL
            .into_iter()
            .map(|dtype| Tensor {
                name: dtype.name().to_owned(),
                dtype,
                shape: vec![1],
                data: vec![1; dtype.size()],
            })
            .collect();
        write_tensors(&every, &path).unwrap();
        assert_eq!(read_tensors(&path).unwrap().len(), DType::ALL.len());
    }

    #[test]
    fn a_wrong_name_is_told_the_right_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let image = Tensor {
            name: "image".to_owned(),
            ..example().remove(0)
        };
        write_tensors(&[image], &path).unwrap();
        let file = SafeTensorsFile::open(&path).unwrap();
        assert_eq!(
            file.tensor("imgae").unwrap_err().hint().unwrap(),
            "did you mean `image`?"
        );
        assert_eq!(
            file.tensor("zzzzzzz").unwrap_err().hint().unwrap(),
            "the file holds image"
        );
    }

    #[test]
    fn a_truncated_file_is_an_error_at_every_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        write_tensors(&example(), &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read_tensors(&path).unwrap_err();
            assert!(
                error.to_string().ends_with("is no readable safetensors file"),
                "{length}: {error}"
            );
        }
    }

    #[test]
    fn hostile_headers_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        for header in [
            r#"{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,0]}}"#,
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999]}}"#,
            r#"{"a":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}"#,
        ] {
            let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
            bytes.extend(header.as_bytes());
            bytes.extend([0; 4]);
            std::fs::write(&path, bytes).unwrap();
            assert!(read_tensors(&path).is_err(), "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_never_panics(at in 0_usize..200, value in any::<u8>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.safetensors");
            write_tensors(&example(), &path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at % bytes.len();
            bytes[at] = value;
            std::fs::write(&path, bytes).unwrap();
            let _ = read_tensors(&path);
        }
    }
}
