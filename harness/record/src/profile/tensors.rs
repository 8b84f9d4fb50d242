//! Inner tensors of one cell against those of another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::CellId;

/// The inner tensors of a cell against those of another, in the order of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TensorComparison {
    /// What it was compared with.
    pub reference: CellId,
    /// Samples that were run.
    pub samples: usize,
    /// Above this relative difference ([`TensorDifference::relative_rms`]) a tensor is said to differ.
    pub tolerance: f64,
    /// The tensors that both have, in the order of the graph.
    pub tensors: Vec<TensorDifference>,
    /// Those that could not be compared, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One tensor against the reference's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TensorDifference {
    /// The tensor's name in the model file.
    pub tensor: String,
    /// The node that writes it.
    pub node: String,
    /// Its operator.
    pub op: String,
    /// Signal over quantisation noise, 10 · log₁₀(Σ r² / Σ (r − x)²), in decibels. Absent where the two are equal or the
    /// reference is 0 throughout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqnr_db: Option<f64>,
    /// Cosine of the angle between the two. Absent where one is 0 throughout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
    /// The largest absolute difference of an element. Absent where one of them is not finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_abs: Option<f64>,
    /// √(Σ (r − x)² / Σ r²): 0 where they are equal; absent where the reference is 0 throughout and the other is not, or
    /// one is not finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_rms: Option<f64>,
    /// Whether it differs by more than the tolerance.
    pub differs: bool,
}
