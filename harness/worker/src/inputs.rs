//! Input files: one tensor per input, whose leading axis is the sample.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use edgebench_api::{DType, Tensor, TensorSpec};
use memmap2::Mmap;
use safetensors::{SafeTensorError, SafeTensors};

use crate::convert;

/// Why inputs could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputsError {
    /// The file could not be opened or mapped.
    #[error("the inputs file {path} cannot be read")]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is no safetensors file.
    #[error("the inputs file {path} is not a safetensors file")]
    Format {
        path: PathBuf,
        #[source]
        source: SafeTensorError,
    },
    /// A tensor's element type does not cross the seam.
    #[error("input `{name}` has the element type {dtype}, which no backend takes")]
    DType { name: String, dtype: String },
    /// A tensor has no axis that could be the sample.
    #[error("input `{name}` has no leading axis to be the sample")]
    NoSampleAxis { name: String },
    /// There is not one sample.
    #[error("the inputs file holds no samples")]
    Empty,
    /// The tensors do not agree on the number of samples.
    #[error("input `{name}` has {found} samples, and `{other}` has {expected}")]
    Uneven {
        name: String,
        found: usize,
        other: String,
        expected: usize,
    },
    /// The model has an input that the file lacks.
    #[error("the model's input `{name}` is not in the inputs file, which has {present}")]
    Missing { name: String, present: String },
    /// The model wants another element type.
    #[error("input `{name}` is {found}, and the model wants {wanted}")]
    WrongDType { name: String, found: DType, wanted: DType },
    /// An index lies outside of the file.
    #[error("sample {index} was asked for, and the inputs file holds {samples}")]
    Index { index: usize, samples: usize },
}

/// One tensor of the file.
#[derive(Debug)]
struct Entry {
    dtype: DType,
    /// The shape of one sample.
    sample_shape: Vec<usize>,
    sample_bytes: usize,
    data: Range<usize>,
}

/// A mapped input file.
#[derive(Debug)]
pub(crate) struct InputsFile {
    map: Mmap,
    entries: BTreeMap<String, Entry>,
    samples: usize,
}

impl InputsFile {
    /// Maps a file and checks its description against itself.
    pub(crate) fn open(path: &Path) -> Result<Self, InputsError> {
        let open = |source| InputsError::Open {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(open)?;
        // SAFETY: the runner writes the file once, under another name, and renames it; nobody changes it afterwards.
        let map = unsafe { Mmap::map(&file) }.map_err(open)?;
        let (header, metadata) = SafeTensors::read_metadata(&map).map_err(|source| InputsError::Format {
            path: path.to_owned(),
            source,
        })?;
        let base = size_of::<u64>() + header;
        let mut entries = BTreeMap::new();
        let mut first: Option<(String, usize)> = None;
        for (name, info) in metadata.tensors() {
            let dtype = convert::from_file(info.dtype).ok_or_else(|| InputsError::DType {
                name: name.clone(),
                dtype: format!("{:?}", info.dtype),
            })?;
            let (&count, sample_shape) = info
                .shape
                .split_first()
                .ok_or_else(|| InputsError::NoSampleAxis { name: name.clone() })?;
            match &first {
                None => first = Some((name.clone(), count)),
                Some((_, expected)) if *expected == count => {}
                Some((other, expected)) => {
                    return Err(InputsError::Uneven {
                        name,
                        found: count,
                        other: other.clone(),
                        expected: *expected,
                    });
                }
            }
            let (begin, end) = info.data_offsets;
            let entry = Entry {
                dtype,
                sample_shape: sample_shape.to_vec(),
                sample_bytes: (end - begin).checked_div(count).unwrap_or(0),
                data: base + begin..base + end,
            };
            entries.insert(name, entry);
        }
        match first {
            Some((_, samples)) if samples > 0 => Ok(Self { map, entries, samples }),
            _ => Err(InputsError::Empty),
        }
    }

    /// How many samples the file holds; at least 1.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// What one sample takes, all tensors together.
    pub(crate) fn sample_bytes(&self) -> usize {
        self.entries.values().map(|entry| entry.sample_bytes).sum()
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Copies samples out, in the order of the indices, as one batch of the named tensors.
    pub(crate) fn gather(&self, names: &[String], indices: &[usize]) -> Result<Vec<Tensor>, InputsError> {
        if let Some(&index) = indices.iter().find(|&&index| index >= self.samples) {
            return Err(InputsError::Index {
                index,
                samples: self.samples,
            });
        }
        names.iter().map(|name| self.gather_one(name, indices)).collect()
    }

    fn gather_one(&self, name: &str, indices: &[usize]) -> Result<Tensor, InputsError> {
        let entry = self.entries.get(name).ok_or_else(|| InputsError::Missing {
            name: name.to_owned(),
            present: list(self.entries.keys()),
        })?;
        let all = &self.map[entry.data.clone()];
        let mut data = Vec::with_capacity(indices.len() * entry.sample_bytes);
        for &index in indices {
            let begin = index * entry.sample_bytes;
            data.extend_from_slice(&all[begin..begin + entry.sample_bytes]);
        }
        let mut shape = vec![indices.len()];
        shape.extend_from_slice(&entry.sample_shape);
        Ok(Tensor {
            name: name.to_owned(),
            dtype: entry.dtype,
            shape,
            data,
        })
    }
}

/// Puts a batch into the order of the model's inputs. Tensors that the model does not take are left out.
pub(crate) fn in_order_of(specs: &[TensorSpec], batch: Vec<Tensor>) -> Result<Vec<Tensor>, InputsError> {
    let present = list(batch.iter().map(|tensor| &tensor.name));
    let mut by_name: BTreeMap<String, Tensor> = batch.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    specs
        .iter()
        .map(|spec| {
            let tensor = by_name.remove(&spec.name).ok_or_else(|| InputsError::Missing {
                name: spec.name.clone(),
                present: present.clone(),
            })?;
            if tensor.dtype == spec.dtype {
                Ok(tensor)
            } else {
                Err(InputsError::WrongDType {
                    name: tensor.name,
                    found: tensor.dtype,
                    wanted: spec.dtype,
                })
            }
        })
        .collect()
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
