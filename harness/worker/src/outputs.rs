//! Output files: one tensor per output, whose leading axis is the sample.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgebench_api::{BackendError, DType, Tensor};
use safetensors::SafeTensorError;
use safetensors::tensor::TensorView;

use crate::convert;

/// Why outputs could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputsError {
    /// The format refused a tensor, or the disk the file.
    #[error("the outputs file {path} cannot be written")]
    Write {
        path: PathBuf,
        #[source]
        source: SafeTensorError,
    },
    /// The finished file could not be given its name.
    #[error("the outputs file {path} cannot be put in place")]
    Rename {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// One output over all samples.
#[derive(Debug)]
struct Column {
    name: String,
    dtype: DType,
    sample_shape: Vec<usize>,
    data: Vec<u8>,
}

/// The outputs of a data set, gathered batch by batch.
#[derive(Debug)]
pub(crate) struct Outputs {
    batch: usize,
    samples: usize,
    columns: Vec<Column>,
}

impl Outputs {
    /// An empty set for batches of this size.
    pub(crate) fn new(batch: usize) -> Self {
        Self {
            batch,
            samples: 0,
            columns: Vec::new(),
        }
    }

    /// Adds the outputs of one batch, of which the first `keep` samples count.
    ///
    /// # Errors
    /// [`BackendError::Run`] when an output has no axis for the sample, or changes its shape from batch to batch.
    pub(crate) fn add(&mut self, outputs: &[Tensor], keep: usize) -> Result<(), BackendError> {
        if self.samples == 0 {
            self.columns = outputs
                .iter()
                .map(|tensor| self.column(tensor))
                .collect::<Result<_, _>>()?;
        }
        if outputs.len() != self.columns.len() {
            return Err(BackendError::run("the number of outputs changed between two batches"));
        }
        for (index, tensor) in outputs.iter().enumerate() {
            let seen = self.column(tensor)?;
            let column = &mut self.columns[index];
            if seen.name != column.name || seen.dtype != column.dtype || seen.sample_shape != column.sample_shape {
                return Err(BackendError::run(format!(
                    "output `{}` has shape {:?} per sample in one batch and {:?} in another",
                    column.name, column.sample_shape, seen.sample_shape
                )));
            }
            column
                .data
                .extend_from_slice(&tensor.data[..tensor.data.len() / self.batch * keep]);
        }
        self.samples += keep;
        Ok(())
    }

    /// Describes an output per sample. With a batch of one, an output without a batch axis is one sample.
    fn column(&self, tensor: &Tensor) -> Result<Column, BackendError> {
        tensor.view().map_err(|error| BackendError::Run {
            what: format!("output `{}` is malformed", tensor.name),
            source: Some(Box::new(error)),
        })?;
        let sample_shape = match tensor.shape.split_first() {
            Some((&leading, rest)) if leading == self.batch => rest.to_vec(),
            _ if self.batch == 1 => tensor.shape.clone(),
            _ => {
                return Err(BackendError::run(format!(
                    "output `{}` has shape {:?}, whose leading axis is not the batch of {}",
                    tensor.name, tensor.shape, self.batch
                )));
            }
        };
        Ok(Column {
            name: tensor.name.clone(),
            dtype: tensor.dtype,
            sample_shape,
            data: Vec::new(),
        })
    }

    /// Writes the file under another name and renames it, so that a file that is there is whole.
    pub(crate) fn write(&self, path: &Path) -> Result<(), OutputsError> {
        let write = |source| OutputsError::Write {
            path: path.to_owned(),
            source,
        };
        let shapes: Vec<Vec<usize>> = self
            .columns
            .iter()
            .map(|column| [&[self.samples], column.sample_shape.as_slice()].concat())
            .collect();
        let mut views = Vec::with_capacity(self.columns.len());
        for (column, shape) in self.columns.iter().zip(shapes) {
            let view = TensorView::new(convert::to_file(column.dtype), shape, &column.data).map_err(write)?;
            views.push((column.name.as_str(), view));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        safetensors::serialize_to_file(views, None, &partial).map_err(write)?;
        fs::rename(&partial, path).map_err(|source| OutputsError::Rename {
            path: path.to_owned(),
            source,
        })
    }
}
