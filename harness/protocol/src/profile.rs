//! Requests for what operators take and what the machine can do, and their answers.

use std::path::PathBuf;

use edgebench_api::{Nanos, Profile as Operators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most profiled inferences of one request: the answer is one line.
pub const MAX_PROFILED: usize = 10_000;

/// A request to time the operators of the loaded model. The worker loads the model once more, so that its operators can
/// be timed, and runs both by turns: what the profiler costs is the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// An empty folder that the runtime may write to.
    pub folder: PathBuf,
    /// So many profiled inferences, at least 1 and at most [`MAX_PROFILED`].
    pub runs: usize,
    /// At most this long, checked between turns; at least one turn is made.
    pub max_ns: Nanos,
}

/// To `profile`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profiled {
    /// What each profiled inference took by the worker's clock. The calls' `run` counts these.
    pub profiled_ns: Vec<u64>,
    /// What inferences of the session without a profiler took between them.
    pub unprofiled_ns: Vec<u64>,
    /// The operators.
    pub profile: Operators,
}

/// A request to measure what the machine can do at most, on so many threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeasurePeaks {
    /// Threads that work at once, at least 1.
    pub threads: usize,
    /// About how long it may take.
    pub time_ns: Nanos,
}
