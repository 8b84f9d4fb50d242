//! Load patterns beside the steady state, in MLPerf's words and by its rules. No figure here is an MLPerf result.

use edgebench_api::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A load pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioKind {
    /// The next query of one sample when the previous one completes.
    SingleStream,
    /// The next query of eight samples when the previous one completes.
    MultiStream,
    /// Poisson arrivals; the highest rate whose p99 keeps a bound.
    Server,
    /// All samples in one query.
    Offline,
    /// A query each period, with a deadline.
    Paced,
    /// Frames in order, state carried from one to the next.
    Streaming,
    /// A fresh process from its start to its first answer.
    ColdStart,
    /// Minutes to hours.
    Soak,
}

/// What a scenario gave for one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioResult {
    /// Which.
    pub kind: ScenarioKind,
    /// How long it took.
    pub elapsed_ns: Nanos,
}
