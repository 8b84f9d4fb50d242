//! The figures of each scenario.

use edgebench_api::Nanos;
use edgebench_stats::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Energy, PercentileFigure};

/// Latencies of queries, from the scheduled arrival to the completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryLatency {
    /// The fastest.
    pub min_ns: Nanos,
    /// Arithmetic mean.
    pub mean_ns: f64,
    /// The slowest.
    pub max_ns: Nanos,
    /// p50, p90, p95, p97, p99 and p99.9, each as far as the number of queries supports it.
    pub percentiles: Vec<PercentileFigure>,
    /// How late queries began that a session waited for, 99th percentile: the harness's own part. Absent where none was
    /// waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness_p99_ns: Option<Nanos>,
    /// Mean time of a query in inferences alone, without waiting for a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_mean_ns: Option<f64>,
}

impl QueryLatency {
    /// The early-stopping estimate of the percentile `p`, where the count supports it.
    pub fn estimate(&self, p: f64) -> Option<u64> {
        self.percentiles
            .iter()
            .find(|figure| (figure.p - p).abs() < 1e-9)
            .and_then(|figure| figure.conservative_ns)
    }
}

/// One rate that the server scenario tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateProbe {
    /// Queries per second that were scheduled.
    pub rate_per_s: f64,
    /// Seeds the arrivals.
    pub seed: u64,
    /// Queries that arrived.
    pub queries: u64,
    /// How many of them were above the bound or not served at all.
    pub over: u64,
    /// How long it took.
    pub elapsed_ns: Nanos,
    /// Whether it was at full length, by the whole rule; the others guide the search by their share above the bound.
    pub full: bool,
    /// Whether the rate held.
    pub held: bool,
}

/// The search for the highest rate whose latency bound holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerFigures {
    /// The bound.
    pub bound_ns: Nanos,
    /// The percentile that keeps it, as a fraction.
    pub percentile: f64,
    /// The highest rate that held at full length under a seed of its own, in queries per second; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_s: Option<f64>,
    /// The lowest rate that did not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest_failed_per_s: Option<f64>,
    /// Every rate that was tried, in order.
    pub probes: Vec<RateProbe>,
}

/// A query each period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PacedFigures {
    /// From one arrival to the next.
    pub period_ns: Nanos,
    /// The deadline, counted from the arrival.
    pub deadline_ns: Nanos,
    /// Queries that arrived.
    pub due: u64,
    /// How many of them were completed after the deadline or not at all.
    pub missed: u64,
    /// The share that missed.
    pub miss_rate: f64,
    /// Its 95 % interval (Wilson).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miss_interval: Option<Interval>,
    /// The mean difference between the latencies of two successive queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ns: Option<f64>,
    /// Queries per second that were completed.
    pub achieved_per_s: f64,
    /// The share of the time that the session was busy.
    pub busy: f64,
    /// Energy of an inference at this rate, the idle time between two of them included; absent where none was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
}

/// Frames in order, each when it is due, with the state that the frame before left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamingFigures {
    /// From one frame to the next.
    pub period_ns: Nanos,
    /// Frames that were run.
    pub frames: u64,
    /// Streams that they belonged to, each of which began with fresh state.
    pub streams: u64,
    /// Outputs that became inputs of the next frame.
    pub states: usize,
    /// Time in `prepare`, `run` and `outputs` over the time that the frames stand for: below 1 it keeps up.
    pub real_time_factor: f64,
    /// Median time of a frame in `prepare`, `run` and `outputs`.
    pub compute_p50_ns: f64,
    /// Frames that were not done when the next one was due.
    pub missed: u64,
    /// The share that missed.
    pub miss_rate: f64,
    /// Its 95 % interval (Wilson).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miss_interval: Option<Interval>,
}

/// One process from its start to its first answer. The rungs are parts of the whole: between them the inputs are read
/// and the pipe is used, which is the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ColdStart {
    /// From the request to start the process to its `hello`.
    pub hello_ns: Nanos,
    /// Opening the runtime's library.
    pub library_open_ns: Nanos,
    /// Loading the model.
    pub load_ns: Nanos,
    /// The first inference.
    pub first_ns: Nanos,
    /// The total less the rungs above: inputs, the pipe, and what is on the way. Absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_ns: Option<Nanos>,
    /// From the request to start the process to the first answer.
    pub total_ns: Nanos,
}

/// Fresh processes under one state of the page cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColdCache {
    /// Each process, in order.
    pub starts: Vec<ColdStart>,
    /// The median of each rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<ColdStart>,
}

/// Fresh processes with the files in the page cache, and with them dropped from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColdStartFigures {
    /// Model and runtime's library in the page cache.
    pub warm: ColdCache,
    /// Both dropped from it before each start, as `mincore` says. The harness's own program is not dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold: Option<ColdCache>,
    /// Why there are no starts with a cold page cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_cold: Option<String>,
    /// The files that were dropped, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
}

/// One interval of a soak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SoakInterval {
    /// When it began, from the soak's beginning.
    pub at_ns: Nanos,
    /// Inferences.
    pub samples: usize,
    /// Their median; that of the first million where there are more.
    pub p50_ns: f64,
    /// Samples per second, over the time in inferences.
    pub throughput_per_s: f64,
    /// The hottest sensor after it, in degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    /// The fastest processor's frequency after it, in hertz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_hz: Option<f64>,
}

/// Throughput and heat over minutes to hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SoakFigures {
    /// How long the machine was left alone before.
    pub cool_down_ns: Nanos,
    /// The intervals, in order.
    pub intervals: Vec<SoakInterval>,
    /// Samples per second of the first interval.
    pub burst_per_s: f64,
    /// Samples per second of the last third of the intervals.
    pub sustained_per_s: f64,
}
