//! The checked suite.

use std::collections::BTreeMap;
use std::path::PathBuf;

use edgebench_api::DType;

use crate::manifest::{ExpectTable, InputTable, MeasureTable, MetricName, Precision, StatePair};

/// What is measured, with every path resolved and every reference checked. Files have not been read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// The suite's name.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// The folder that its paths are relative to.
    pub folder: PathBuf,
    /// SHA-256 of the manifest's bytes; absent for a suite made of models on the command line.
    pub manifest_sha256: Option<String>,
    /// Backends that run it unless the command line says otherwise; the first is the reference.
    pub backends: Vec<String>,
    /// Thread counts, each at least 1.
    pub threads: Vec<usize>,
    /// Batch sizes, each at least 1.
    pub batch: Vec<usize>,
    /// How long to measure.
    pub measure: MeasureTable,
    /// The tasks, at least one.
    pub tasks: Vec<Task>,
}

/// One job, with the variants that do it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The task's id.
    pub id: String,
    /// One line about it.
    pub description: String,
    /// The metric; when present, so is the label of the data.
    pub metric: Option<MetricName>,
    /// The test set; without it inputs are random and accuracy is not measured.
    pub data: Option<Data>,
    /// The model's inputs, by name.
    pub inputs: BTreeMap<String, InputTable>,
    /// The output that carries the answer; the first one when absent.
    pub output: Option<String>,
    /// Id of the variant that the others are compared with.
    pub baseline: String,
    /// How the model takes a stream, if it does; the data's samples are then the frames in order.
    pub stream: Option<Stream>,
    /// The variants, at least one.
    pub variants: Vec<Variant>,
    /// Outcomes that are known beforehand.
    pub expectations: Vec<ExpectTable>,
}

/// A stream of frames through a model that carries state. It begins with the data's first sample, state and all, and
/// begins anew where the data end and every [`Stream::reset_every`] frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Nanoseconds from one frame to the next, at least 1.
    pub frame_period_ns: u64,
    /// The outputs that become inputs of the next frame: at least one, no input or output twice, each input among the
    /// task's, and not all of them.
    pub state: Vec<StatePair>,
    /// Frames after which the stream begins anew, at least 1; `None` where the data's end alone does that.
    pub reset_every: Option<usize>,
}

/// A test set's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// The safetensors file.
    pub path: PathBuf,
    /// What its SHA-256 must be.
    pub sha256: String,
    /// The tensor with the labels.
    pub label: Option<String>,
}

/// One file that does a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The variant's id.
    pub id: String,
    /// The model.
    pub path: PathBuf,
    /// What its SHA-256 must be; absent for a model named on the command line.
    pub sha256: Option<String>,
    /// Its precision; absent where nobody said.
    pub precision: Option<Precision>,
    /// One line about how it was made.
    pub description: String,
    /// Outputs of the reference backend.
    pub golden: Option<Golden>,
}

/// Outputs of the reference backend for the first samples of a test set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// A safetensors file with one tensor per output; [`crate::read_tensors`] reads it.
    pub path: PathBuf,
    /// What its SHA-256 must be.
    pub sha256: String,
}

/// What a model takes at one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSpec {
    /// The input's name.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Extents of one sample, without the batch axis; `None` where the model leaves an extent open.
    pub shape: Vec<Option<usize>>,
}

impl Suite {
    /// The task of that id.
    pub fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// What the manifest expects of a variant on a backend, if it says so. All three are ids.
    pub fn expected(&self, task: &str, variant: &str, backend: &str) -> Option<&ExpectTable> {
        self.task(task)?.expected(variant, backend)
    }
}

impl Task {
    /// The variant of that id.
    pub fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// What the manifest expects of a variant on a backend, if it says so.
    pub fn expected(&self, variant: &str, backend: &str) -> Option<&ExpectTable> {
        self.expectations
            .iter()
            .find(|known| known.backend == backend && known.variants.iter().any(|id| id == variant))
    }
}
