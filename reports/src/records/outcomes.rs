//! Verdicts on whole cells: what vanished, what is new, what newly fails.

use edgebench_record::{Cell, CellId, Evidence, Outcome, OutcomeKind, Verdict, VerdictKind};

/// What a verdict on a whole cell is of.
pub const OUTCOME: &str = "outcome";

/// A cell that only the candidate has.
pub(super) fn alone(cell: &Cell) -> Option<Verdict> {
    let of = |kind, why: String| Some(bare(&cell.id, OUTCOME, kind, why));
    match cell.outcome.kind {
        OutcomeKind::Measured => of(VerdictKind::Added, "the baseline's record has no such cell".to_owned()),
        OutcomeKind::Skipped => None,
        _ if cell.outcome.fails_run() => of(
            VerdictKind::Failed,
            format!("the baseline has no such cell; {}", told(&cell.outcome)),
        ),
        _ => of(
            VerdictKind::Added,
            format!("the baseline has no such cell; {}", told(&cell.outcome)),
        ),
    }
}

/// A cell that not both have measured.
pub(super) fn ended(before: &Cell, after: &Cell) -> Verdict {
    let id = &after.id;
    match (before.outcome.is_measured(), after.outcome.is_measured()) {
        (true, _) if after.outcome.kind == OutcomeKind::Skipped => {
            bare(id, OUTCOME, VerdictKind::Missing, told(&after.outcome))
        }
        (true, _) => bare(id, OUTCOME, VerdictKind::Failed, told(&after.outcome)),
        (false, true) => {
            let why = format!(
                "nothing to hold it against: the baseline's is {}",
                told(&before.outcome)
            );
            bare(id, OUTCOME, VerdictKind::Added, why)
        }
        (false, false) => {
            let (was, is) = (told(&before.outcome), told(&after.outcome));
            let why = if was == is {
                format!("neither was measured: {is}")
            } else {
                format!("neither was measured: {was} before, {is} now")
            };
            let mut verdict = bare(id, OUTCOME, VerdictKind::Incomparable, why);
            verdict.gating = false;
            verdict
        }
    }
}

/// `crashed: signal 11`.
fn told(outcome: &Outcome) -> String {
    let mut words = outcome.kind.name().to_owned();
    if !outcome.reason.is_empty() {
        words = format!("{words}: {}", outcome.reason);
    }
    if let Some(expected) = &outcome.expected {
        words = format!("{words} (the suite expects it: {expected})");
    }
    words
}

/// A verdict without figures.
pub(super) fn bare(cell: &CellId, metric: &str, kind: VerdictKind, reason: String) -> Verdict {
    Verdict {
        cell: cell.clone(),
        baseline_cell: None,
        metric: metric.to_owned(),
        class: None,
        kind,
        reason,
        gating: kind != VerdictKind::Added,
        tolerance: None,
        baseline: None,
        candidate: None,
        change: None,
        evidence: Evidence::default(),
    }
}
