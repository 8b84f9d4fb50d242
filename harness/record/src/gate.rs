//! The record of a gate: two sides, a policy, verdicts, and what they rest on.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CellId, Host, Outcome, ReadError, Tolerance, Tool, Verdict, VerdictKind};

/// The version of the gate record's schema that this code writes.
pub const GATE_SCHEMA: u32 = 1;

/// What a gate found, and all that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateRecord {
    /// [`GATE_SCHEMA`] of the writer.
    pub schema: u32,
    /// Identifies the gate; sorts by time.
    pub id: String,
    /// Whether both sides were measured now or read from records.
    pub kind: GateKind,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whether it was ended before its time; what was not decided by then is inconclusive.
    pub interrupted: bool,
    /// What judged.
    pub tool: Tool,
    /// Where a live gate ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// What is held against.
    pub baseline: Side,
    /// What is judged.
    pub candidate: Side,
    /// What counts, and how much.
    pub policy: PolicyFacts,
    /// How a live gate was designed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignFacts>,
    /// The outcome as a process reports it: 0 passed, 1 regressed, 3 a cell failed, 4 inconclusive, missing or
    /// incomparable.
    pub exit_code: u8,
    /// One per cell and metric, in the order of the cells.
    pub verdicts: Vec<Verdict>,
    /// The measurements of a live gate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<GateCell>,
}

/// Where a gate's figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateKind {
    /// Both sides were measured side by side on this machine.
    Live,
    /// Both sides are records.
    Records,
}

/// One side of a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// What it is, in the words of who asked, without folders.
    pub what: String,
    /// The run whose record it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The commit that a suite was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The runtimes with their versions, by backend.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runtimes: BTreeMap<String, String>,
    /// The worker's name and version, where it is not this edgebench.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// What counts for a gate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyFacts {
    /// The rules, in order.
    pub rules: Vec<RuleFacts>,
    /// How much a class's accuracy may drop, as a fraction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_class_drop: Option<f64>,
    /// What an inconclusive verdict does.
    pub inconclusive: OnInconclusive,
}

/// One rule: a metric and how much worse it may get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleFacts {
    /// The metric's id; `accuracy` stands for the task's own.
    pub metric: String,
    /// How much worse it may get.
    pub tolerance: Tolerance,
}

/// What a verdict that decides nothing does to the gate's outcome: inconclusive, and for `fail` missing and incomparable
/// too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnInconclusive {
    /// Exit code 4.
    #[default]
    Report,
    /// As if it had passed. What is missing or incomparable still gives 4.
    Pass,
    /// As if it had regressed.
    Fail,
}

/// How a live gate was designed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DesignFacts {
    /// Seeds paddings, orders and the start of each restart.
    pub seed: u64,
    /// The chance of any false alarm in the whole gate, at most.
    pub alpha: f64,
    /// The chance to find a worsening by the tolerance.
    pub power: f64,
    /// Below this share of the tolerance a worsening is not called one.
    pub threshold_share: f64,
    /// A turn's length, at least, in nanoseconds.
    pub turn_ns: u64,
    /// Pairs of turns in a restart, at most; slow cells have fewer.
    pub pairs: usize,
    /// Time for one cell, at most, in nanoseconds.
    pub budget_ns: u64,
}

/// A cell of a live gate with its measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateCell {
    /// The cell as the candidate has it.
    pub cell: CellId,
    /// What ended the baseline's side early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_outcome: Option<Outcome>,
    /// What ended the candidate's side early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_outcome: Option<Outcome>,
    /// How long it took, in nanoseconds.
    pub elapsed_ns: u64,
    /// The restarts in the order in which they ran, rejected ones included.
    pub restarts: Vec<Restart>,
}

/// One restart: a fresh process for each side, and the turns that they took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Restart {
    /// Whether it belongs to the independent set that confirms a regression.
    pub confirming: bool,
    /// Why it does not count; absent when it does. Never because of a latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// Whether the candidate was started first.
    pub candidate_first: bool,
    /// Bytes added to the environments of baseline and candidate.
    pub padding: [usize; 2],
    /// The processors that both were confined to.
    pub cpus: Vec<usize>,
    /// Pairs of turns.
    pub pairs: usize,
    /// Samples of one turn of baseline and candidate, those included that are dropped.
    pub samples: [u64; 2],
    /// How many of a turn's first samples are dropped.
    pub dropped: [u64; 2],
    /// Natural logarithm of candidate over baseline, by metric.
    pub log_ratio: BTreeMap<String, f64>,
    /// The figures of baseline and candidate, by metric, in its unit.
    pub figures: BTreeMap<String, [f64; 2]>,
    /// What happened on the machine meanwhile.
    pub quality: Quality,
}

/// What happened on the machine during a restart's turns. What could not be read is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Share of processor time that the hypervisor took, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// Share of the time in which other tasks ran on the processors that were used, 0 to 1. Counted in hundredths of a
    /// second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<f64>,
    /// Share of the time in which some task waited for a processor, any processor, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<f64>,
    /// Involuntary context switches of baseline and candidate, per second of their turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub involuntary_per_s: Option<[f64; 2]>,
    /// How long the turns took, in nanoseconds.
    pub elapsed_ns: u64,
}

impl GateRecord {
    /// Reads a gate's record from its file, or from the folder that holds a `gate.json`.
    ///
    /// # Errors
    /// [`ReadError`]: the file cannot be read, its schema is newer, or it is damaged.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        crate::file::read(path, "gate.json", GATE_SCHEMA)
    }

    /// How many verdicts of a kind there are, counting or not.
    pub fn count(&self, kind: VerdictKind) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.kind == kind).count()
    }
}

/// The outcome of a gate as a process reports it, from the verdicts that count.
pub fn exit_code(verdicts: &[Verdict], inconclusive: OnInconclusive) -> u8 {
    let of = |verdict: &Verdict| match (verdict.kind, inconclusive) {
        (VerdictKind::Passed | VerdictKind::Improved | VerdictKind::Added, _)
        | (VerdictKind::Inconclusive, OnInconclusive::Pass) => 0,
        (VerdictKind::Regressed, _)
        | (VerdictKind::Inconclusive | VerdictKind::Missing | VerdictKind::Incomparable, OnInconclusive::Fail) => 1,
        (VerdictKind::Failed, _) => 3,
        (VerdictKind::Inconclusive | VerdictKind::Missing | VerdictKind::Incomparable, _) => 4,
    };
    let codes: Vec<u8> = verdicts.iter().filter(|verdict| verdict.gating).map(of).collect();
    [1, 3, 4].into_iter().find(|code| codes.contains(code)).unwrap_or(0)
}

/// The JSON Schema of `gate.json`.
pub fn gate_schema() -> serde_json::Value {
    schemars::schema_for!(GateRecord).to_value()
}
