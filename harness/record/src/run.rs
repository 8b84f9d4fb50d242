//! The record of one run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cell, EnergySources, Host, Overhead, ScenarioPlan, StartGate};

/// The version of the record's schema that this code writes.
pub const SCHEMA: u32 = 1;

/// One run: what was measured, on what, with which plan, and what came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// Identifies the run; sorts by time.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whether the run ended before its plan did.
    pub interrupted: bool,
    /// What measured.
    pub tool: Tool,
    /// Where.
    pub host: Host,
    /// How.
    pub plan: PlanFacts,
    /// The tasks of the suite.
    pub tasks: Vec<TaskFacts>,
    /// The cells in plan order.
    pub cells: Vec<Cell>,
    /// What of energy could be read; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_sources: Option<EnergySources>,
    /// What the harness itself takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overhead: Option<Overhead>,
    /// How the run waited for the machine to be fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_gate: Option<StartGate>,
}

/// The program that measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `edgebench`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it was built with optimisation. Numbers of a debug build are not results.
    pub optimised: bool,
    /// Target triple or architecture and system.
    pub target: String,
    /// The arguments it was given, without the program's path.
    pub arguments: Vec<String>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Few invocations, no interval, accuracy on a stratified part.
    Quick,
    /// The suite's own values.
    Standard,
    /// Long warm-up and measurement, for published figures.
    Publish,
}

/// How a run was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanFacts {
    /// The suite's name, or `models` for models named on the command line.
    pub suite: String,
    /// SHA-256 of the suite's manifest; absent for models named on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite_sha256: Option<String>,
    /// Seeds the order of the cells in each round, the stratified parts, and random inputs.
    pub seed: u64,
    /// How much is measured.
    pub mode: Mode,
    /// Fresh processes per cell.
    pub invocations: usize,
    /// Warm-up of an invocation, at least, in nanoseconds.
    pub warm_up_ns: u64,
    /// Measurement of an invocation, at least, in nanoseconds.
    pub measure_ns: u64,
    /// Deadline of one request to a worker, in nanoseconds.
    pub timeout_ns: u64,
    /// The command that starts a worker when it is not this binary itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worker_prefix: Vec<String>,
    /// The backend whose outputs the others are held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_backend: Option<String>,
    /// The scenarios that were asked for beside the steady state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<ScenarioPlan>,
}

/// What a task is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskFacts {
    /// The task's id.
    pub id: String,
    /// One line about it.
    pub description: String,
    /// `top1`, `f1` or `auc`; absent where accuracy is not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Labelled samples in the test set; absent without labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// The variant that the others are compared with.
    pub baseline: String,
    /// Where the inputs came from: the data's file name, or `random` with its seed.
    pub inputs: String,
    /// SHA-256 over the inputs as the models were given them, and the labels: two records with the same one were
    /// measured on the same samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// The label of each sample of the test set, in order; empty where accuracy is not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<i64>,
}
