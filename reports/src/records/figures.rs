//! Verdicts on figures of a cell that are no accuracies: exact ones, memory, times.

use edgebench_record::{Cell, Change, Direction, Scale, Tolerance, VerdictKind};

use super::comparable::Basis;
use super::estimate::{Estimate, FEWEST, LogRatio};
use super::judge::Pair;
use super::trial::{Draft, Trial, View, append};
use super::values::values;
use crate::policy::{Rule, THRESHOLD_SHARE, worse};

/// A resident set varies by pages and arenas from process to process, so that a share of a small one would be noise.
/// Source: `docs/method.md` §1.4, "memory max(1%, 1 MiB)".
const MEMORY_SLACK: f64 = 1_048_576.0;

/// Judges figures that no process has a part in: equal ones are equal.
pub(crate) fn exact(pair: &Pair<'_>, rule: &Rule, figures: (f64, f64)) -> Draft {
    let (before, after) = figures;
    let mut draft = pair.draft(rule, figures);
    let relative = rule.tolerance.scale == Scale::Relative;
    // One parameter more is "+1", not some millionths of a per cent.
    let as_share = relative && !(rule.metric.unit.is_empty() && rule.tolerance.amount == 0.0);
    let change = after - before;
    let worsening = worse(rule.metric.direction) * change;
    let tolerance = if relative {
        rule.tolerance.amount * before.abs()
    } else {
        rule.tolerance.amount
    };
    draft.verdict.kind = if worsening > tolerance {
        VerdictKind::Regressed
    } else if worsening < -tolerance * THRESHOLD_SHARE {
        VerdictKind::Improved
    } else {
        VerdictKind::Passed
    };
    let estimate = match as_share {
        // A share of nothing is no number.
        true if before != 0.0 => Some((Scale::Relative, change / before)),
        true if change == 0.0 => Some((Scale::Relative, 0.0)),
        _ => Some((Scale::Absolute, change)),
    };
    draft.verdict.change = estimate.map(|(scale, estimate)| Change {
        scale,
        estimate,
        interval: None,
        minimum_detectable: None,
        significant: change != 0.0,
    });
    "exact".clone_into(&mut draft.verdict.evidence.test);
    draft
}

/// Judges figures of processes: memory and times. Memory is nearly the same in each, so that fewer processes than an
/// interval needs still decide by their ranges.
pub(crate) fn measured(pair: &Pair<'_>, rule: &Rule, figures: (f64, f64)) -> Draft {
    let is_memory = rule.metric.id == "rss_peak";
    let basis = Basis::of(rule.metric);
    let is_energy = basis == Basis::Energy;
    let mut draft = pair.draft(rule, figures);
    let tolerance = if is_memory {
        with_slack(rule.tolerance, figures.0)
    } else {
        rule.tolerance
    };
    draft.verdict.tolerance = Some(tolerance);
    let of = |cell: &Cell| values(cell, rule.metric.id).unwrap_or_default();
    let (before, after) = (of(pair.baseline.cell), of(pair.candidate.cell));
    let n = before.len().min(after.len());
    draft.verdict.evidence.n = Some(n);
    if let Some(ratio) = LogRatio::of(&before, &after) {
        "Welch".clone_into(&mut draft.verdict.evidence.test);
        // What varies between two runs does not show within one; memory's tolerance is there to hold it, and so is no
        // share of it a regression. Times that are trusted are taken as the live gate takes them.
        let share = if is_memory { 1.0 } else { THRESHOLD_SHARE };
        let limits = limits(tolerance, share, rule.metric.direction, figures.0);
        draft.trial = limits.map(|(far, near)| Trial {
            estimate: Estimate::LogRatio(ratio),
            worse: worse(rule.metric.direction),
            tolerance: far,
            threshold: near,
            view: View {
                logarithm: true,
                scale: tolerance.scale,
                baseline: figures.0,
            },
            unflipped: false,
            unit: if is_energy {
                "windows a side"
            } else {
                "invocations a side"
            },
        });
        if draft.trial.is_none() {
            append(&mut draft.verdict.reason, "the baseline's figure has no share");
        }
    } else if is_memory && n > 0 {
        "range".clone_into(&mut draft.verdict.evidence.test);
        by_range(&mut draft, tolerance, &before, &after);
    } else {
        let why = match (before.len(), after.len()) {
            _ if matches!(basis, Basis::Scenario(_) | Basis::Proxy) => {
                "a run gives one figure of it, which has no interval".to_owned()
            }
            _ if is_energy => format!("an interval takes {FEWEST} windows a side that count"),
            (0, _) | (_, 0) => format!("an invocation has no {}, or too few samples for it", rule.metric.id),
            _ => too_few(),
        };
        append(&mut draft.verdict.reason, &why);
        draft.verdict.change = Some(shown(tolerance.scale, figures));
    }
    draft
}

/// Tolerance and threshold as logarithms of ratios. `None` where the baseline is not above 0, or all of it may go.
fn limits(tolerance: Tolerance, part: f64, direction: Direction, baseline: f64) -> Option<(f64, f64)> {
    let share = match tolerance.scale {
        Scale::Relative => tolerance.amount,
        Scale::Absolute if baseline > 0.0 => tolerance.amount / baseline,
        Scale::Absolute => return None,
    };
    let limit = |share: f64| match direction {
        Direction::Lower => share.ln_1p(),
        Direction::Higher => -(-share).ln_1p(),
    };
    let (far, near) = (limit(share), limit(share * part));
    (far.is_finite() && near.is_finite()).then_some((far, near))
}

/// A share of a resident set, but at least a mebibyte. An amount in bytes is taken as it is.
fn with_slack(tolerance: Tolerance, baseline: f64) -> Tolerance {
    if tolerance.scale == Scale::Relative && tolerance.amount * baseline < MEMORY_SLACK {
        return Tolerance {
            scale: Scale::Absolute,
            amount: MEMORY_SLACK,
        };
    }
    tolerance
}

/// Regressed where each of the candidate's processes is worse than each of the baseline's by more than the tolerance,
/// passed where none is.
fn by_range(draft: &mut Draft, tolerance: Tolerance, before: &[f64], after: &[f64]) {
    let ends = |values: &[f64]| {
        values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
                (low.min(value), high.max(value))
            })
    };
    let ((low, high), (least, most)) = (ends(before), ends(after));
    let allowed = |from: f64| match tolerance.scale {
        Scale::Relative => from * (1.0 + tolerance.amount),
        Scale::Absolute => from + tolerance.amount,
    };
    draft.verdict.kind = if least > allowed(high) {
        VerdictKind::Regressed
    } else if low > allowed(most) {
        VerdictKind::Improved
    } else if most <= allowed(low) {
        VerdictKind::Passed
    } else {
        VerdictKind::Inconclusive
    };
    if draft.verdict.kind == VerdictKind::Inconclusive {
        append(&mut draft.verdict.reason, &too_few());
    }
    let figures = (
        draft.verdict.baseline.unwrap_or(0.0),
        draft.verdict.candidate.unwrap_or(0.0),
    );
    let apart = least > high || most < low;
    draft.verdict.change = Some(Change {
        significant: apart,
        ..shown(tolerance.scale, figures)
    });
}

fn too_few() -> String {
    format!("an interval takes {FEWEST} invocations a side, `edgebench run --invocations {FEWEST}`")
}

/// A change without an interval.
fn shown(scale: Scale, (before, after): (f64, f64)) -> Change {
    let (scale, estimate) = match scale {
        Scale::Relative if before != 0.0 => (Scale::Relative, after / before - 1.0),
        _ => (Scale::Absolute, after - before),
    };
    Change {
        scale,
        estimate,
        interval: None,
        minimum_detectable: None,
        significant: false,
    }
}
