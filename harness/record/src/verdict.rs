//! What a comparison of two sides found: one verdict per cell and metric.

use edgebench_stats::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CellId, Direction, metric};

/// What was found of one cell and one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Not worse by more than the tolerance, as far as the stated confidence goes.
    Passed,
    /// Better by more than noise and more than the relevance threshold.
    Improved,
    /// Only the candidate has this cell. Nothing to hold it against.
    Added,
    /// Neither shown to be worse nor shown not to be.
    Inconclusive,
    /// Only the baseline has this cell.
    Missing,
    /// The two were not measured alike; the reason names the fields that differ.
    Incomparable,
    /// The cell was measured for the baseline and ended otherwise for the candidate.
    Failed,
    /// Surely worse: beyond the tolerance, or for what is measured beyond the relevance threshold below it.
    Regressed,
}

impl VerdictKind {
    /// As it is written in records and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Improved => "improved",
            Self::Added => "added",
            Self::Inconclusive => "inconclusive",
            Self::Missing => "missing",
            Self::Incomparable => "incomparable",
            Self::Failed => "failed",
            Self::Regressed => "regressed",
        }
    }
}

/// How a change is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Candidate over baseline, less 1: 0.03 is 3 % more.
    Relative,
    /// Candidate less baseline, in the metric's own unit; of a fraction, 0.005 is half a percentage point.
    Absolute,
}

/// An amount by which a metric may get worse. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tolerance {
    /// Whether the amount is a share of the baseline or in the metric's unit.
    pub scale: Scale,
    /// The amount.
    pub amount: f64,
}

/// A metric's change from the baseline to the candidate. Positive is more, whether more is better or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// How it is counted.
    pub scale: Scale,
    /// The estimate.
    pub estimate: f64,
    /// Its 95 % interval; absent for what is exact, and where the data do not give one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The smallest true worsening that these data would have been called a regression for, 19 times of 20; absent for
    /// what is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_detectable: Option<f64>,
    /// Whether the change is unlikely to be noise: the interval excludes no change. Exact figures are significant when
    /// they differ.
    pub significant: bool,
}

/// What a verdict rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The test's name, such as `signed-rank` or `McNemar`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub test: String,
    /// What was counted: restarts of a live gate, invocations or samples of a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
    /// The one-sided p of "worse by more than the relevance threshold".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_worse: Option<f64>,
    /// The level that it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// Restarts that the pilot's spread asked for at the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<usize>,
    /// Looks at the data, of at most three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<usize>,
    /// Spread of one restart's log ratio, as the signed-rank test feels it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// The independent second set of restarts that a regression needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// How many more restarts would probably decide an inconclusive verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub further: Option<usize>,
    /// Samples judged right by one side and wrong by the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flips: Option<u64>,
}

/// The independent second set of restarts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// Restarts in it.
    pub n: usize,
    /// Its one-sided p of "worse by more than the relevance threshold".
    pub p_worse: f64,
    /// Whether it confirmed.
    pub confirmed: bool,
}

/// What was found of one cell and one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The cell. Where the sides differ in a part of it (the variant, the settings), as the candidate has it.
    pub cell: CellId,
    /// The same cell as the baseline names it, where it names it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_cell: Option<CellId>,
    /// The metric's id.
    pub metric: String,
    /// The class that an accuracy is of; absent for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<i64>,
    /// What was found.
    pub kind: VerdictKind,
    /// Why, in one line; empty where the figures say all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Whether it counts for the gate's outcome. What does not is advice.
    pub gating: bool,
    /// How much worse it may get; absent where nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Tolerance>,
    /// The baseline's figure, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// The candidate's figure, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<f64>,
    /// The change from one to the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What it rests on.
    #[serde(default)]
    pub evidence: Evidence,
}

impl Verdict {
    /// Which way this verdict's metric is better; `Lower` for a metric that is not defined.
    pub fn direction(&self) -> Direction {
        direction(&self.metric)
    }

    /// The change as a worsening: positive is worse, whichever way the metric is better.
    pub fn worsening(&self) -> Option<f64> {
        let estimate = self.change?.estimate;
        Some(match self.direction() {
            Direction::Lower => estimate,
            Direction::Higher => -estimate,
        })
    }
}

/// Which way a metric is better. `accuracy` stands for a task's own metric.
pub fn direction(id: &str) -> Direction {
    metric(id).map_or(Direction::Lower, |metric| metric.direction)
}
