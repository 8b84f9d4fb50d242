//! What a runtime tells of its operators.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BackendError, Nanos, Session};

/// A loaded model each of whose inferences is timed operator by operator.
///
/// [`Session::run`] is a profiled inference: it takes longer than one of a session from
/// [`Backend::load`](crate::Backend::load), and its time is never a latency.
pub trait Profiler: Session {
    /// Every inference since the load.
    ///
    /// # Errors
    /// [`BackendError::Run`] when the runtime's own profile cannot be read.
    fn finish(self: Box<Self>) -> Result<Profile, BackendError>;
}

/// What a runtime told of its operators.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The smallest difference that the runtime's clock tells; durations are cut to it.
    pub resolution_ns: Nanos,
    /// The operators in the order of their execution.
    pub operators: Vec<ProfiledOperator>,
    /// The graph as it is executed, an ONNX file in the folder that was given, where the runtime writes one. Names of its
    /// nodes are those of the operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed_model: Option<std::path::PathBuf>,
}

/// One operator of the graph that a runtime executes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfiledOperator {
    /// The runtime's own name for the node; unique in a profile.
    pub name: String,
    /// The runtime's own name for what it executes, domain included where it has one.
    pub op: String,
    /// What executes it, such as an execution provider, where the runtime tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Nodes of the model file that it stands for, where the runtime tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// What it reads, constants included where the runtime tells of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<ProfiledValue>,
    /// What it writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<ProfiledValue>,
    /// Multiply-accumulates of one call by the runtime's own count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macs: Option<u64>,
    /// Its calls, in order of time.
    pub calls: Vec<OperatorCall>,
}

/// A value that an operator reads or writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfiledValue {
    /// Its name, by which operators are connected; empty where the runtime does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its element type in edgebench's words, such as `f32`, `i8`, `u8`, or in the runtime's for one that has none there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// Its shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<usize>>,
    /// Whether it is a constant of the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub constant: bool,
}

/// One call of an operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperatorCall {
    /// The inference that it belongs to, counted from 0 at the load.
    pub run: usize,
    /// When it began, from the inference's beginning on.
    pub begin_ns: Nanos,
    /// How long it took, without the calls of other operators within it, such as those of a loop's body.
    pub duration_ns: Nanos,
    /// How long it took with the calls of other operators within it; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_ns: Option<Nanos>,
}
