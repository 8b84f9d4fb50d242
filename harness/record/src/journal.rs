//! What a journal holds: a header, and one entry for each finished invocation and scenario.

use std::collections::BTreeMap;

use edgebench_api::{Nanos, Probe};
use serde::{Deserialize, Serialize};

use crate::{EnergySource, EnergyWindow, Invocation, Outcome, ScenarioResult, SelfChecks};

/// The journal's first line: which run this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`crate::SCHEMA`] of the writer.
    pub schema: u32,
    /// The run's id.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// SHA-256 of the plan. A run with another plan cannot go on from this journal.
    pub plan_sha256: String,
    /// The plan itself, as whoever planned it wrote it.
    pub plan: serde_json::Value,
    /// The arguments of the run, so that it can be started again.
    pub arguments: Vec<String>,
}

/// One line of the journal after the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// An invocation measured.
    Finished(Box<Finished>),
    /// A scenario of a cell is over.
    Scenario(Box<FinishedScenario>),
    /// A window of a cell's energy is over.
    Energy(Box<FinishedWindow>),
    /// A cell came to an end before its plan did: it is not tried again.
    Ended(Box<Ended>),
}

/// An invocation that measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The cell's index in the plan.
    pub cell: usize,
    /// The runtime that ran it.
    pub runtime: Probe,
    /// Settings in effect, as read back.
    pub effective: BTreeMap<String, String>,
    /// Its figures.
    pub invocation: Invocation,
    /// The output that carries the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The evaluation that followed, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
}

/// A scenario that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishedScenario {
    /// The cell's index in the plan.
    pub cell: usize,
    /// What it gave.
    pub result: ScenarioResult,
}

/// A window of energy that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishedWindow {
    /// The cell's index in the plan.
    pub cell: usize,
    /// Which of the cell's windows, from 0.
    pub repeat: usize,
    /// Whether its inferences came at the rate of the paced scenario, and not one right after the other.
    #[serde(default)]
    pub paced: bool,
    /// What it was measured with.
    pub source: EnergySource,
    /// Its figures.
    pub window: EnergyWindow,
}

/// A test set's pass through a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The file with the outputs, in the run's work folder.
    pub outputs: String,
    /// The samples that were run, in order; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indices: Option<Vec<usize>>,
    /// How many samples were run.
    pub samples: usize,
    /// How long it took, copies included.
    pub elapsed_ns: Nanos,
    /// Whether the first batch, run again at the end, gave the same bits.
    pub deterministic: bool,
    /// What was checked of the measurement before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_checks: Option<SelfChecks>,
}

/// The end of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The cell's index in the plan.
    pub cell: usize,
    /// What became of it.
    pub outcome: Outcome,
}

impl Entry {
    /// The cell's index in the plan.
    pub fn cell(&self) -> usize {
        match self {
            Self::Finished(finished) => finished.cell,
            Self::Scenario(scenario) => scenario.cell,
            Self::Energy(window) => window.cell,
            Self::Ended(ended) => ended.cell,
        }
    }
}
