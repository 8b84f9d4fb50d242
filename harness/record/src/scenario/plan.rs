//! How scenarios are to be run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScenarioKind;

/// How scenarios are to be run, all of a plan's cells alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioPlan {
    /// Which, each once, in the order in which they run.
    pub kinds: Vec<ScenarioKind>,
    /// How long a scenario's load lasts, at least, in nanoseconds; the soak has its own length.
    pub min_ns: u64,
    /// What a load must last to be valid, in nanoseconds: `LoadGen`'s default of 10 s, or the rules' 600 s in a run for
    /// publication.
    pub valid_ns: u64,
    /// Sessions, each on a thread of its own, for `server` and `offline`.
    pub sessions: usize,
    /// The bound that the server scenario's 99th percentile keeps, in nanoseconds.
    pub target_latency_ns: u64,
    /// The period of `paced`, in nanoseconds.
    pub period_ns: u64,
    /// The deadline of `paced`, counted from a query's arrival, in nanoseconds.
    pub deadline_ns: u64,
    /// Fresh processes of `cold-start`, for each state of the page cache.
    pub cold_starts: usize,
    /// How long `soak` lasts, in nanoseconds.
    pub soak_ns: u64,
    /// How long each of its intervals lasts, in nanoseconds.
    pub soak_interval_ns: u64,
    /// How long it lets the machine cool down before, in nanoseconds.
    pub cool_down_ns: u64,
}
