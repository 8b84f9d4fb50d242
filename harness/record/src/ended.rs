//! Verdicts on whole cells: what newly fails, what is new, what neither side measured.

use crate::{CellId, Evidence, Outcome, OutcomeKind, Verdict, VerdictKind};

/// What a verdict on a whole cell is of.
pub const OUTCOME: &str = "outcome";

impl Verdict {
    /// A verdict without figures.
    pub fn bare(cell: &CellId, metric: &str, kind: VerdictKind, reason: impl Into<String>) -> Self {
        Self {
            cell: cell.clone(),
            baseline_cell: None,
            metric: metric.to_owned(),
            class: None,
            kind,
            reason: reason.into(),
            gating: kind != VerdictKind::Added,
            tolerance: None,
            baseline: None,
            candidate: None,
            change: None,
            evidence: Evidence::default(),
        }
    }

    /// The verdict on a cell that not both sides measured.
    pub fn of_outcomes(cell: &CellId, before: &Outcome, after: &Outcome) -> Self {
        let bare = |kind, why| Self::bare(cell, OUTCOME, kind, why);
        match (before.is_measured(), after.is_measured()) {
            (true, _) if after.kind == OutcomeKind::Skipped => bare(VerdictKind::Missing, after.told()),
            (true, _) => bare(VerdictKind::Failed, after.told()),
            (false, true) => {
                let why = format!("nothing to hold it against: the baseline's is {}", before.told());
                bare(VerdictKind::Added, why)
            }
            (false, false) => {
                let (was, is) = (before.told(), after.told());
                let why = if was == is {
                    format!("neither was measured: {is}")
                } else {
                    format!("neither was measured: {was} before, {is} now")
                };
                let mut verdict = bare(VerdictKind::Incomparable, why);
                verdict.gating = false;
                verdict
            }
        }
    }
}

impl Outcome {
    /// In one line: `crashed: signal 11`.
    pub fn told(&self) -> String {
        let mut words = self.kind.name().to_owned();
        if !self.reason.is_empty() {
            words = format!("{words}: {}", self.reason);
        }
        if let Some(expected) = &self.expected {
            words = format!("{words} (the suite expects it: {expected})");
        }
        words
    }
}
