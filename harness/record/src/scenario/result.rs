//! What a scenario gave for one cell.

use edgebench_api::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ColdStartFigures, Outcome, PacedFigures, QueryLatency, ScenarioKind, ServerFigures, SoakFigures, StreamingFigures,
};

/// The note that every scenario's result carries.
pub const NOT_MLPERF: &str = "no MLPerf result: neither submitted to MLCommons nor reviewed by it";

/// Whether a scenario's figures keep its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ScenarioVerdict {
    /// They do.
    Valid,
    /// They do not, or there are none: the reasons say why.
    Invalid,
}

/// What a scenario gave for one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioResult {
    /// Which.
    pub kind: ScenarioKind,
    /// How long its load took; for `cold-start` all processes together.
    pub elapsed_ns: Nanos,
    /// Whether its figures keep its rules.
    pub verdict: ScenarioVerdict,
    /// Why not, one line each; empty for `VALID`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What a reader should know beside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What became of it where it could not be carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Outcome>,
    /// Seeds its arrivals, where they are random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Queries that were completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<u64>,
    /// Samples of one query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_per_query: Option<u64>,
    /// Sessions that served them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<usize>,
    /// From a query's scheduled arrival to its completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<QueryLatency>,
    /// Samples per second over the whole load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput_per_s: Option<f64>,
    /// The search for the highest rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerFigures>,
    /// Deadlines kept and missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paced: Option<PacedFigures>,
    /// Frames in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streaming: Option<StreamingFigures>,
    /// From the start of a process to its first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_start: Option<ColdStartFigures>,
    /// Throughput and heat over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<SoakFigures>,
}

impl ScenarioResult {
    /// A result without figures, `INVALID` until a rule says otherwise.
    pub fn new(kind: ScenarioKind) -> Self {
        Self {
            kind,
            elapsed_ns: Nanos(0),
            verdict: ScenarioVerdict::Invalid,
            reasons: Vec::new(),
            notes: vec![NOT_MLPERF.to_owned()],
            failure: None,
            seed: None,
            queries: None,
            samples_per_query: None,
            sessions: None,
            latency: None,
            throughput_per_s: None,
            server: None,
            paced: None,
            streaming: None,
            cold_start: None,
            soak: None,
        }
    }

    /// Whether its figures stand.
    pub fn is_valid(&self) -> bool {
        self.verdict == ScenarioVerdict::Valid
    }
}
