//! The suite manifest: what a TOML file says, before anything is checked against the disk.

use std::collections::BTreeMap;

use edgebench_api::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The manifest's version that this code reads.
pub const SCHEMA: u32 = 1;

/// A suite: tasks, their data, metrics, variants, backends and settings. Paths are relative to the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The suite's name.
    pub name: String,
    /// One line about it.
    #[serde(default)]
    pub description: String,
    /// Backends that run it unless the command line says otherwise; the first is the reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<String>,
    /// Thread counts.
    #[serde(default = "ones")]
    pub threads: Vec<usize>,
    /// Batch sizes.
    #[serde(default = "ones")]
    pub batch: Vec<usize>,
    /// How long to measure.
    #[serde(default)]
    pub measure: MeasureTable,
    /// The tasks.
    #[serde(rename = "task")]
    pub tasks: Vec<TaskTable>,
}

fn ones() -> Vec<usize> {
    vec![1]
}

/// How long to measure in standard mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureTable {
    /// Fresh processes per cell.
    pub invocations: usize,
    /// Warm-up of an invocation, at least, in seconds.
    pub warm_up_s: f64,
    /// Measurement of an invocation, at least, in seconds.
    pub measure_s: f64,
    /// Deadline of one request to a worker, in seconds.
    pub timeout_s: f64,
}

impl Default for MeasureTable {
    /// Five invocations of 1 s warm-up and 10 s measurement; a minute's deadline on top of what a request takes by
    /// its own bounds.
    fn default() -> Self {
        Self {
            invocations: 5,
            warm_up_s: 1.0,
            measure_s: 10.0,
            timeout_s: 60.0,
        }
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskTable {
    /// The task's id: letters, digits, `-`, `_`, `.`.
    pub id: String,
    /// One line about it.
    #[serde(default)]
    pub description: String,
    /// `top1`, `f1` or `auc`; needs `data.label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricName>,
    /// The test set; without it inputs are random and accuracy is not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataTable>,
    /// The model's inputs, by name.
    #[serde(rename = "input", default)]
    pub inputs: BTreeMap<String, InputTable>,
    /// The output that carries the answer; the first one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The variant that the others are compared with; the first one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// For a model that carries state from one frame of a stream to the next; needs `data`, whose samples are then the
    /// stream's frames in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamTable>,
    /// The variants.
    #[serde(rename = "variant")]
    pub variants: Vec<VariantTable>,
    /// Outcomes that are known beforehand.
    #[serde(rename = "expect", default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectTable>,
}

/// A task's metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MetricName {
    /// Share of samples whose highest output is the label.
    Top1,
    /// Macro-averaged F1 of the highest output.
    F1,
    /// Area under the ROC curve of a score against a label of 0 or 1.
    Auc,
}

impl MetricName {
    /// The metric's id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Top1 => "top1",
            Self::F1 => "f1",
            Self::Auc => "auc",
        }
    }
}

/// A file with what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileTable {
    /// Path relative to the manifest, inside its folder.
    pub file: String,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// The test set: a safetensors file whose tensors have the sample as leading axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataTable {
    /// Path relative to the manifest, inside its folder.
    pub file: String,
    /// SHA-256 of it.
    pub sha256: String,
    /// The tensor with the labels (integers).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// How one input is made from the test set: element × scale + offset, as `dtype`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputTable {
    /// The tensor in the data file; the input's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
    /// Element type that the model takes.
    pub dtype: DType,
    /// Extents of one sample, without the batch axis; taken from the data where there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<usize>>,
    /// Multiplies each element.
    #[serde(default = "one")]
    pub scale: f64,
    /// Added afterwards.
    #[serde(default)]
    pub offset: f64,
}

/// How a model takes a stream: one frame an inference, and after each the state goes from outputs to inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamTable {
    /// Milliseconds from one frame to the next.
    pub frame_ms: f64,
    /// The outputs that become inputs of the next frame, at least one. The first frame takes the data's values.
    pub state: Vec<StatePair>,
    /// Frames after which the stream begins anew with the first frame's state, as it does where the data end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_every: Option<usize>,
}

/// One piece of state: this output of a frame is that input of the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatePair {
    /// The output's name.
    pub output: String,
    /// The input's name, one of the task's.
    pub input: String,
}

fn one() -> f64 {
    1.0
}

/// One variant of the task's model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantTable {
    /// The variant's id: letters, digits, `-`, `_`, `.`.
    pub id: String,
    /// Path of the model relative to the manifest, inside its folder.
    pub file: String,
    /// SHA-256 of it.
    pub sha256: String,
    /// `fp32`, `fp16`, `int8`, `int4`: decides how close its outputs must be to the reference's.
    pub precision: Precision,
    /// One line about how it was made.
    #[serde(default)]
    pub description: String,
    /// Outputs of the reference backend for the first samples of the test set: a safetensors file with one tensor
    /// per output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden: Option<FileTable>,
}

/// A variant's precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision throughout.
    Fp32,
    /// Half precision.
    Fp16,
    /// Eight bits, weights and perhaps activations.
    Int8,
    /// Four bits.
    Int4,
}

/// An outcome that is known beforehand. It is shown and does not fail the run; when it no longer holds, that does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectTable {
    /// The backend.
    pub backend: String,
    /// The variants.
    pub variants: Vec<String>,
    /// `unsupported`, `unavailable`, `failed` (for whatever reason), `outputs-differ` (failed for that reason alone),
    /// `crashed`, `timed-out` or `out-of-memory`.
    pub outcome: String,
    /// Why.
    pub reason: String,
}

/// The JSON Schema of a manifest.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Manifest)
}
