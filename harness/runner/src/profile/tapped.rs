//! A model whose inner tensors are evaluated: tapped copies of its file in a folder of their own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgebench_graph::{Graph, GraphError, InnerTensor, Keep, inner_tensors, tap};

/// More external data than this is not copied for a look at inner tensors, in bytes.
const MAX_COPIED_BYTES: u64 = 4 << 30;

/// Why a model's inner tensors cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TapError {
    /// Its file.
    #[error(transparent)]
    Model(#[from] GraphError),
    /// The folder for copies of it.
    #[error("a copy of the model cannot be written to {}", path.display())]
    Copy {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Its weights beside it.
    #[error("its external data of {bytes} bytes would have to be copied, and at most {MAX_COPIED_BYTES} are")]
    ExternalData { bytes: u64 },
}

/// A model whose inner tensors are evaluated.
#[derive(Debug)]
pub(super) struct TappedModel {
    bytes: Vec<u8>,
    pub(super) graph: Graph,
    pub(super) tensors: Vec<InnerTensor>,
    folder: PathBuf,
}

impl TappedModel {
    /// Reads a model. Copies of it will lie in `folder`, and its external data does already when this returns: runtimes
    /// look for it beside the copy and follow no link out of that folder.
    pub(super) fn open(model: &Path, folder: &Path) -> Result<Self, TapError> {
        let graph = edgebench_graph::read(model)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| TapError::Copy { path, source }
        };
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let external = graph
            .external
            .iter()
            .fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if external > MAX_COPIED_BYTES {
            return Err(TapError::ExternalData { bytes: external });
        }
        for file in &graph.external {
            let copy = folder.join(&file.location);
            let within = copy.parent().unwrap_or(folder);
            fs::create_dir_all(within)
                .and_then(|()| fs::copy(&file.path, &copy))
                .map_err(failed(&copy))?;
        }
        let bytes = fs::read(model).map_err(|source| GraphError::Io {
            path: model.to_owned(),
            source,
        })?;
        Ok(Self {
            tensors: inner_tensors(&graph),
            bytes,
            graph,
            folder: folder.to_owned(),
        })
    }

    /// Writes the copy that gives these tensors and ends there, in place of the copy before it.
    pub(super) fn write(&self, tensors: &[&InnerTensor]) -> Result<PathBuf, TapError> {
        let path = self.folder.join("tapped.onnx");
        let copy = tap(&self.bytes, tensors, Keep::Ancestors)?;
        fs::write(&path, copy).map_err(|source| TapError::Copy {
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }

    /// Where a worker writes the tensors.
    pub(super) fn outputs(&self) -> PathBuf {
        self.folder.join("tapped.safetensors")
    }
}
