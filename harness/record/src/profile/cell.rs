//! One cell of a profile.

use std::collections::BTreeMap;

use edgebench_api::{Nanos, Probe};
use edgebench_stats::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operator, TensorComparison};
use crate::{CellId, ModelFacts, Outcome};

/// One cell and what its operators take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfiledCell {
    /// What it is.
    pub id: CellId,
    /// Whether its variant is the task's baseline.
    pub baseline: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// The model's static facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelFacts>,
    /// The runtime that ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Probe>,
    /// Settings in effect, as read back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub effective: BTreeMap<String, String>,
    /// What its operators take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<CellProfile>,
    /// Its inner tensors against those of another cell, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<TensorComparison>,
    /// Why they could not be compared; absent where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_tensors: Option<String>,
}

/// What the operators of one cell take.
///
/// *Typical* inferences are the half of a process's profiled ones whose times are in the middle. A mean is that over the
/// processes of their means over typical inferences. Means add up: the operators' means, `between_ns` and `unattributed_ns`
/// are `wall_ns`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellProfile {
    /// Profiled inferences.
    pub runs: usize,
    /// The smallest difference that the runtime's clock tells; durations are cut to it.
    pub resolution_ns: Nanos,
    /// Mean time of a typical profiled inference, by edgebench's clock.
    pub wall_ns: f64,
    /// What of it passes between the end of an operator and the beginning of the next one: the runtime's way from one to the
    /// other, and what the profiler writes down there.
    #[serde(default)]
    pub between_ns: f64,
    /// What of it is neither in an operator nor between two.
    pub unattributed_ns: f64,
    /// The operators' means together over `wall_ns`: 1 where all is attributed.
    pub attributed: f64,
    /// Median time of a profiled inference: the mean of the processes' medians.
    pub profiled_p50_ns: f64,
    /// The same of inferences without the profiler, in the same processes, by turns with the profiled ones.
    pub unprofiled_p50_ns: f64,
    /// What the profiler adds, less 1: the ratio of inferences paired in their order, by Hodges and Lehmann's estimate in each
    /// process, and the median of these; that of the two medians where there are too few inferences.
    pub overhead: f64,
    /// Its 95 % interval: Student's over the processes' ratios, or the signed-rank test's over the pairs where there are fewer
    /// than 3 processes. Absent where there are too few inferences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overhead_interval: Option<Interval>,
    /// Each fresh process by itself, in their order: by how much these differ is what the means are uncertain by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<ProfiledInvocation>,
    /// The operators in the order of their execution in the first process; behind them those that only later ones have.
    pub operators: Vec<Operator>,
    /// What makes the profile weaker than one should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What one fresh process took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfiledInvocation {
    /// Profiled inferences.
    pub runs: usize,
    /// Mean time of a typical profiled inference.
    pub wall_ns: f64,
    /// Median time of a profiled inference.
    pub profiled_p50_ns: f64,
    /// Median time of an inference without the profiler.
    pub unprofiled_p50_ns: f64,
}
