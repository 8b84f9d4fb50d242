//! Requests that put a model under a load, and their answers.

use std::path::PathBuf;

use edgebench_api::{Nanos, StatePair};
use edgebench_stats::PoissonArrivals;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most queries, and the most inferences, of one request: the answer is one line.
pub const MAX_QUERIES: u64 = 2_000_000;

/// A request to put the model under a load. Goes on until both minima are reached, or one maximum.
///
/// A query is `inferences` inferences one after another on one session. Sessions are loaded on a thread each, with the
/// settings of the `load`; the first is the one that is loaded already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Queries {
    /// When queries come.
    pub arrivals: Arrivals,
    /// Inferences of one query, at least 1.
    pub inferences: u64,
    /// Sessions, at least 1. A free one takes the next query in the order of arrival.
    pub sessions: usize,
    /// At least this long; where arrivals are known beforehand, the last one comes then or later.
    pub min_ns: Nanos,
    /// At least so many queries.
    pub min_queries: u64,
    /// At most this long: no query begins after it.
    pub max_ns: Nanos,
    /// At most so many queries, and at most [`MAX_QUERIES`].
    pub max_queries: u64,
}

/// When queries come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// Each session's next query comes when its last one is complete.
    Closed,
    /// As a Poisson process: the gaps are −ln(1 − u) / rate, with u from `SplitMix64` of the seed (its upper 53 bits over
    /// 2⁵³), summed up as floating-point nanoseconds and cut to whole ones.
    Poisson {
        /// Queries per second, above 0.
        rate_per_s: f64,
        /// Seeds the gaps.
        seed: u64,
    },
    /// One each period, the first at once.
    Periodic {
        /// The period, at least 1.
        period_ns: Nanos,
    },
    /// All at once, exactly `min_queries` of them.
    AtOnce,
}

impl Arrivals {
    /// The arrival times in nanoseconds from the beginning, ascending: up to the first one with which both minima are
    /// reached, within the maximum of queries. `None` where they are not known beforehand, and for a rate or a period that is none.
    pub fn times(&self, min_ns: Nanos, min_queries: u64, max_queries: u64) -> Option<Vec<u64>> {
        let most = usize::try_from(max_queries.min(MAX_QUERIES)).unwrap_or(usize::MAX);
        let bounded = |times: &mut dyn Iterator<Item = u64>| {
            let mut kept = Vec::new();
            for time in times.take(most) {
                kept.push(time);
                if time >= min_ns.0 && kept.len() as u64 >= min_queries {
                    break;
                }
            }
            kept
        };
        match *self {
            Self::Closed | Self::Periodic { period_ns: Nanos(0) } => None,
            Self::Poisson { rate_per_s, seed } => Some(bounded(&mut PoissonArrivals::new(rate_per_s, seed)?)),
            Self::Periodic { period_ns } => Some(bounded(&mut (0..).map(|k: u64| k.saturating_mul(period_ns.0)))),
            Self::AtOnce => Some(vec![0; most.min(usize::try_from(min_queries).unwrap_or(usize::MAX))]),
        }
    }
}

/// To `queries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Queried {
    /// From its arrival to its completion, one figure per query that was completed, in the order of arrival. For closed
    /// arrivals a query arrives when it begins, so that this is its service time.
    pub latencies_ns: Vec<u64>,
    /// Queries that arrived and were not begun before the maximum of time.
    pub not_served: u64,
    /// From the first arrival to the last completion.
    pub elapsed_ns: Nanos,
    /// The time that sessions spent in inferences, all together.
    pub busy_ns: Nanos,
    /// How late queries began whose session waited for their arrival: the harness's own part of their latency. Absent
    /// where none was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// Processor time of all threads of the process meanwhile, waiting included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ns: Option<Nanos>,
}

/// How late queries began that a session waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lateness {
    /// Queries that a session waited for.
    pub queries: u64,
    /// Median.
    pub p50_ns: Nanos,
    /// 99th percentile.
    pub p99_ns: Nanos,
    /// The latest.
    pub max_ns: Nanos,
}

/// A request to run a file's samples as the frames of a stream, in order, each when it is due, and with the state that the
/// frame before it left. A stream begins with all inputs of its first frame as the file has them. Goes on until both
/// minima are reached, or the maximum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stream {
    /// A safetensors file with one tensor per input, whose leading axis is the frame. Where it ends it begins anew.
    pub inputs: PathBuf,
    /// The outputs that become inputs of the next frame.
    pub state: Vec<StatePair>,
    /// Frames after which a stream ends and the next one begins; absent where only the file's end ends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_every: Option<u64>,
    /// From one frame to the next, at least 1. The first is due at once.
    pub period_ns: Nanos,
    /// At least this long.
    pub min_ns: Nanos,
    /// At least so many frames.
    pub min_frames: u64,
    /// At most this long: no frame begins after it.
    pub max_ns: Nanos,
    /// Where the outputs of the first pass through the file go, state outputs included, one sample per frame; nowhere
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<PathBuf>,
}

/// To `stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Streamed {
    /// From the time at which a frame was due to its outputs on the host, one figure per frame.
    pub latencies_ns: Vec<u64>,
    /// Putting frame and state where the runtime wants them, the inference, and copying the outputs back: one figure per
    /// frame.
    pub compute_ns: Vec<u64>,
    /// Streams that were begun.
    pub streams: u64,
    /// From the first frame's being due to the last completion.
    pub elapsed_ns: Nanos,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_go_on_until_both_minima_are_reached() {
        let every = Arrivals::Periodic { period_ns: Nanos(10) };
        assert_eq!(every.times(Nanos(30), 0, 100).unwrap(), [0, 10, 20, 30]);
        assert_eq!(every.times(Nanos(30), 5, 100).unwrap(), [0, 10, 20, 30, 40]);
        assert_eq!(every.times(Nanos(30), 5, 2).unwrap(), [0, 10]);
        assert_eq!(Arrivals::AtOnce.times(Nanos(30), 3, 100).unwrap(), [0; 3]);
        let poisson = |rate_per_s| Arrivals::Poisson { rate_per_s, seed: 1 };
        let times = poisson(1e6).times(Nanos(1_000_000), 0, MAX_QUERIES).unwrap();
        assert!((900..1100).contains(&times.len()), "{}", times.len());
        assert!(times.is_sorted() && times.last() >= Some(&1_000_000));
        assert!(times[times.len() - 2] < 1_000_000);
        assert_eq!(poisson(1e-300).times(Nanos(1), 4, 100).unwrap().len(), 4);
    }

    #[test]
    fn what_is_no_pattern_has_no_times() {
        assert_eq!(Arrivals::Closed.times(Nanos(1), 1, 1), None);
        let none = Arrivals::Periodic { period_ns: Nanos(0) };
        assert_eq!(none.times(Nanos(1), 1, 1), None);
        let none = Arrivals::Poisson {
            rate_per_s: f64::NAN,
            seed: 0,
        };
        assert_eq!(none.times(Nanos(1), 1, 1), None);
    }

    #[test]
    fn a_schedule_has_its_most() {
        let all = Arrivals::AtOnce.times(Nanos(0), u64::MAX, u64::MAX).unwrap();
        assert_eq!(all.len() as u64, MAX_QUERIES);
        let all = Arrivals::Periodic { period_ns: Nanos(1) }.times(Nanos(u64::MAX), 0, u64::MAX);
        assert_eq!(all.unwrap().len() as u64, MAX_QUERIES);
    }
}
