//! What a run checks of itself.

use edgebench_api::Nanos;
use edgebench_protocol::TimedOutputs;
use edgebench_stats::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run checks of a cell's measurement, after the audits of `MLPerf`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SelfChecks {
    /// Whether outputs taken during the timed run are those of the accuracy run. Absent where it was not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_outputs: Option<TimedOutputs>,
    /// Whether one input repeated is faster than rotating inputs. Absent where the ring has one batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated_input: Option<RepeatedInput>,
}

/// One input repeated against rotating inputs, in turns within one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepeatedInput {
    /// Pairs of turns.
    pub pairs: usize,
    /// Median over the pairs of the time with one input over the time with rotating ones: below 1 where repeating is
    /// faster.
    pub ratio: f64,
    /// Its 95 % interval, by inversion of the signed-rank test; absent below six pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// What the harness itself takes, measured with a backend that does nothing in the same run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overhead {
    /// Median of the timed region around no work: what each sample has too much.
    pub sample_ns: Nanos,
    /// A request to a worker and its answer.
    pub request_ns: Nanos,
}

/// How a run waited for the machine to be fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StartGate {
    /// How long it waited.
    pub waited_ns: Nanos,
    /// The longest that it would have waited.
    pub limit_ns: Nanos,
    /// What still was not as it should be when it began; empty where all was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<String>,
}
