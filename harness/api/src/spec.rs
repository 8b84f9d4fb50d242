//! What a loaded session says of itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DType;

/// One extent of a tensor: a number, or `null` where the model leaves it open.
pub type Dim = Option<usize>;

/// The description of one input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensorSpec {
    /// The model's name of it.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its extents, outermost first.
    pub shape: Vec<Dim>,
}

/// An output that becomes an input of the next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatePair {
    /// The output's name.
    pub output: String,
    /// The input's name.
    pub input: String,
}

/// What a loaded session says of itself, as read back from the runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionSpec {
    /// Inputs in the model's order.
    pub inputs: Vec<TensorSpec>,
    /// Outputs in the model's order.
    pub outputs: Vec<TensorSpec>,
    /// State that a streaming model carries from run to run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<StatePair>,
    /// Settings in effect: `threads` (a number as text) at least, and whatever else the runtime decides, such as
    /// `graph_optimisation`, `spinning`, `execution_provider`.
    pub effective: BTreeMap<String, String>,
}
