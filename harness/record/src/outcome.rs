//! What became of a cell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a cell: a kind and its circumstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The kind.
    pub kind: OutcomeKind,
    /// Why, in one line; empty for `measured`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What lies behind it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The operator that is lacking, by its ONNX name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The signal that ended the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The request during which it happened: `spawn`, `load`, `warm_up`, `measure`, `evaluate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The end of what the worker wrote to its standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr_tail: String,
    /// The manifest's reason for expecting this outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Set when the manifest expected another outcome: that other outcome's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_expectation: Option<String>,
}

/// The kinds of outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// It ran, and its figures stand.
    Measured,
    /// The runtime cannot do it; the operator is named where that is why.
    Unsupported,
    /// The runtime is not on this machine.
    Unavailable,
    /// It ran or loaded with an error, or its outputs are wrong.
    Failed,
    /// The worker was ended by a signal.
    Crashed,
    /// A request passed its deadline.
    TimedOut,
    /// The kernel or a limit ended it for want of memory.
    OutOfMemory,
    /// It was not tried.
    Skipped,
}

impl OutcomeKind {
    /// The name used in manifests, tables and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed-out",
            Self::OutOfMemory => "out-of-memory",
            Self::Skipped => "skipped",
        }
    }

    /// Whether this outcome, when nobody expected it, makes a run fail.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Crashed | Self::TimedOut | Self::OutOfMemory)
    }
}

impl Outcome {
    /// It ran, and its figures stand.
    pub fn measured() -> Self {
        Self::of(OutcomeKind::Measured, "")
    }

    /// An outcome with its reason in one line.
    pub fn of(kind: OutcomeKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            causes: Vec::new(),
            operator: None,
            signal: None,
            stage: None,
            hint: None,
            stderr_tail: String::new(),
            expected: None,
            broken_expectation: None,
        }
    }

    /// Whether the cell's figures stand as a result.
    pub fn is_measured(&self) -> bool {
        self.kind == OutcomeKind::Measured
    }

    /// Whether this outcome makes a run fail: a failure that the manifest did not expect, or a broken expectation.
    pub fn fails_run(&self) -> bool {
        self.broken_expectation.is_some() || (self.kind.is_failure() && self.expected.is_none())
    }
}
