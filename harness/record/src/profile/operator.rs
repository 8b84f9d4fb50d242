//! One operator of a profile.

use edgebench_api::{ComputeKind, ProfiledValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One operator of the graph that a runtime executes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operator {
    /// The runtime's own name for the node; unique in a cell.
    pub name: String,
    /// The runtime's own name for what it executes.
    pub op: String,
    /// The same in ONNX's words, whatever the runtime: `Conv` for `FusedConv`, `QLinearConv` and `OptMatMul` of a
    /// convolution; the runtime's own name where no ONNX operator is known.
    pub canonical: String,
    /// What executes it, such as an execution provider, where the runtime tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Nodes of the model file that it stands for, in the file's order. None for what the runtime put in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Their operators, in the same order. More than one: it was fused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_ops: Vec<String>,
    /// What it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<ProfiledValue>,
    /// What it writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<ProfiledValue>,
    /// Calls in one inference.
    pub calls: f64,
    /// Median over the inferences of its time in one inference, all calls together.
    pub median_ns: f64,
    /// 90th percentile of the same.
    pub p90_ns: f64,
    /// Mean of the same over typical inferences.
    pub mean_ns: f64,
    /// The same of each fresh process, in the order of [`CellProfile::invocations`](super::CellProfile::invocations).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invocation_ns: Vec<f64>,
    /// When it begins within an inference: mean over typical inferences.
    pub begin_ns: f64,
    /// Multiply-accumulates in one inference, by the model file. Absent where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macs: Option<u64>,
    /// The same by the runtime's own count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_macs: Option<u64>,
    /// In what it multiplies, by the types of what it reads; absent where it does not, or nobody tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arithmetic: Option<ComputeKind>,
    /// Bytes that it reads in one inference, by the shapes and types of its inputs, constants included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_read: Option<u64>,
    /// Bytes that it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_written: Option<u64>,
    /// What it is for.
    pub role: OperatorRole,
    /// Whether something else executes it than what the cell asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
}

/// What an operator is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperatorRole {
    /// Convolutions and matrix products.
    Product,
    /// Moves elements or looks at them otherwise, and changes none: transposition, reordering, reshaping with a copy.
    Layout,
    /// Changes the number format: `QuantizeLinear`, `DequantizeLinear`, `DynamicQuantizeLinear`, `Cast`.
    Quantise,
    /// All else: activations, normalisation, pooling, elementwise arithmetic.
    Other,
}

impl OperatorRole {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Layout => "layout",
            Self::Quantise => "quantise",
            Self::Other => "other",
        }
    }
}
