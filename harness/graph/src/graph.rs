//! Reads a model file into its static facts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::dtype::DType;
use crate::error::GraphError;
use crate::external::ExternalFile;
use crate::net::Net;
use crate::proto::ModelProto;
use crate::scan::{MAX_FILE_BYTES, scan};
use crate::survey::survey;

/// A model file's static facts. Nothing here needs a runtime, and the weights are not kept.
#[derive(Debug, Clone, Serialize)]
pub struct Graph {
    /// The program that wrote the file, as it names itself; empty where it does not.
    pub producer: String,
    /// The version of the ONNX format, where the file gives one.
    pub ir_version: Option<i64>,
    /// The operator sets that the model imports.
    pub opsets: Vec<Opset>,
    /// What must be fed: the graph's inputs without those that an initialiser provides.
    pub inputs: Vec<ValueInfo>,
    /// What comes out.
    pub outputs: Vec<ValueInfo>,
    /// How often each operator occurs, subgraphs and the model's own functions included (each once, however often it
    /// is called). Operators outside the default domain are named `domain.Operator`.
    pub operators: BTreeMap<String, usize>,
    /// Elements of all initialisers and `Constant` nodes, subgraphs included: weights, biases, normalisation
    /// statistics, quantisation scales and zero points, shapes. A weight of `MatMulNBits` counts its logical elements
    /// (rows × columns) and not its packed bytes; a sparse tensor counts all its elements.
    pub parameters: u64,
    /// Parameters that stand for zero: floats of either sign; integers equal to the zero point with which an operator
    /// reads them, or to 0 where none does; the elements that a sparse tensor leaves out.
    pub zero_parameters: u64,
    /// Parameters of which nobody can tell whether they are zero (strings; integers whose zero point differs between
    /// channels or is not in the model). They are not among `zero_parameters`.
    pub zeros_unknown: u64,
    /// The parameters by element type, in the order of [`DType`].
    pub weights: Vec<WeightBytes>,
    /// The model file's size in bytes, without external data.
    pub file_bytes: u64,
    /// The files beside the model that hold some of its weights, by location.
    pub external: Vec<ExternalFile>,
    #[serde(skip)]
    pub(crate) net: Net,
}

/// An operator set that a model imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opset {
    /// The domain; empty for the default one.
    pub domain: String,
    /// Its version.
    pub version: i64,
}

/// One input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueInfo {
    /// Its name.
    pub name: String,
    /// Its element type; [`DType::Undefined`] where it is no dense tensor.
    pub dtype: DType,
    /// Its dims; empty for a scalar and where the file gives no shape (`shaped` tells).
    pub dims: Vec<Dim>,
    /// Whether the file gives a shape.
    pub shaped: bool,
}

/// One dim of a shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dim {
    /// A number of elements.
    Fixed(u64),
    /// A name that stands for the same number wherever it occurs.
    Symbol(String),
    /// Nothing is said.
    Unknown,
}

/// The parameters of one element type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightBytes {
    /// The element type; a weight of `MatMulNBits` has its logical one (`u4`).
    pub dtype: DType,
    /// Elements.
    pub elements: u64,
    /// Stored bytes, padding included.
    pub bytes: u64,
    /// Stored bits per element; absent where there is no element. Scales and zero points are tensors of their own and
    /// not in this figure.
    pub bits_per_weight: Option<f64>,
}

/// Reads and checks a whole model file: every cap, every tensor against its bytes, every external file.
///
/// # Errors
/// [`GraphError`] where the file cannot be read, is no ONNX model, passes a cap, holds a tensor that contradicts
/// itself, or refers to a file it must not.
pub fn read(path: &Path) -> Result<Graph, GraphError> {
    let bytes = read_file(path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    decode(bytes, folder)
}

/// A regular file's bytes, no more than the cap.
pub(crate) fn read_file(path: &Path) -> Result<Bytes, GraphError> {
    let failed = |source: io::Error| GraphError::Io {
        path: path.to_owned(),
        source,
    };
    // Opening a pipe would block, so the kind is looked at first.
    let found = std::fs::metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Err(GraphError::NotAFile { path: path.to_owned() });
    }
    let too_large = |bytes: u64| GraphError::FileTooLarge {
        bytes,
        limit: MAX_FILE_BYTES,
    };
    if found.len() > MAX_FILE_BYTES {
        return Err(too_large(found.len()));
    }
    let mut bytes = Vec::with_capacity(found.len() as usize + 1);
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(Bytes::from(bytes))
}

/// The same for a model in memory; `folder` is where its external data lies.
///
/// # Errors
/// As [`read`], without the errors of reading the file.
pub fn decode(bytes: Bytes, folder: &Path) -> Result<Graph, GraphError> {
    let file_bytes = bytes.len() as u64;
    if file_bytes > MAX_FILE_BYTES {
        return Err(GraphError::FileTooLarge {
            bytes: file_bytes,
            limit: MAX_FILE_BYTES,
        });
    }
    scan(&bytes)?;
    let model = ModelProto::decode(bytes).map_err(|error| GraphError::Malformed {
        reason: error.to_string(),
        offset: 0,
    })?;
    survey(&model, file_bytes, folder)
}
