//! A series against a fixed release, so that a loss too small to be seen in any one change does not add up unseen.

use edgebench_record::{Change, Evidence, Verdict, VerdictKind};
use edgebench_stats::hodges_lehmann_shift;

use crate::changes::{Course, median, tamed};
use crate::levels::Levels;
use crate::series::{Release, Series};
use crate::trend::{Axis, Ratchet, TrendPolicy, is_exact};

/// How much more the estimate varies than a difference of means would, of normal values: √(π/3).
const OVER_MEANS: f64 = 1.023_326_707_946_488_5;

/// Independent values that a standard deviation must be worth before anything rests on it.
const LEAST_FREEDOM: f64 = 2.0;

/// Holds the latest runs of a series against the release that the policy names, or the newest that can be compared.
///
/// The estimate is that of Hodges and Lehmann: the median of all differences between the latest runs (those after the last
/// change of level, at most the policy's window) and the release's, which one bad run cannot move. Its 95 % interval is Student's t on the noise from run to run, which is correlated
/// ([`Levels`]); the series and the release's own runs both tell how large it is. Worse by more than the tolerance with
/// the whole interval is regressed, less with the whole interval is passed, and anything else is inconclusive. A release
/// that was measured with another version of the runtime counts: the reason says which.
///
/// `None` where there is no release to hold against.
pub(crate) fn ratchet(series: &Series, policy: &TrendPolicy, axis: Axis, course: &Course) -> Option<Ratchet> {
    let named = |name: &str| policy.against.as_ref().is_none_or(|against| against == name);
    let release = series.releases.iter().rev().find(|release| named(&release.name));
    let other = series.incomparable.iter().rev().find(|other| named(&other.release));
    let gating = series.later_runs < policy.recent;
    let ended = series.ended_with.as_ref().map(|ending| {
        let kind = if ending.is_failure() {
            VerdictKind::Failed
        } else {
            VerdictKind::Missing
        };
        let reason = format!("{} in run {}: {}", ending.outcome, ending.run, ending.reason);
        (kind, reason)
    });
    let Some(release) = release else {
        let other = other?;
        // Of a release that nobody asked for, marked when the series had ended, nothing is missed.
        let asked = policy.against.is_some() || other.outlived || ended.is_some();
        let (kind, reason) = ended.unwrap_or_else(|| {
            let reason = format!("the release's runs differ in {}", other.fields.join(", "));
            (VerdictKind::Incomparable, reason)
        });
        return Some(Ratchet {
            release: other.release.clone(),
            runtime: None,
            runs: 0,
            window: 0,
            verdict: Verdict {
                gating: gating && asked,
                ..verdict(series, policy, kind, reason)
            },
        });
    };
    let held = held(series, policy, axis, course, release);
    let runtime = release.runtime.clone().filter(|_| release.runtime != series.runtime);
    let (kind, reason) = ended.unwrap_or_else(|| {
        let upgrade = runtime.as_ref().zip(series.runtime.as_ref());
        let upgrade = upgrade.map(|(from, to)| format!("the runtime changed from {from} to {to}"));
        let reasons: Vec<String> = [held.reason].into_iter().chain(upgrade).collect();
        let reasons: Vec<&str> = reasons
            .iter()
            .map(String::as_str)
            .filter(|reason| !reason.is_empty())
            .collect();
        (held.kind, reasons.join("; "))
    });
    Some(Ratchet {
        release: release.name.clone(),
        runtime,
        runs: release.points.len(),
        window: held.window,
        verdict: Verdict {
            gating,
            baseline: Some(held.baseline),
            candidate: Some(held.candidate),
            change: held.change,
            evidence: held.evidence,
            ..verdict(series, policy, kind, reason)
        },
    })
}

fn verdict(series: &Series, policy: &TrendPolicy, kind: VerdictKind, reason: String) -> Verdict {
    Verdict {
        cell: series.cell.clone(),
        baseline_cell: None,
        metric: series.metric.id.to_owned(),
        class: None,
        kind,
        reason,
        gating: true,
        tolerance: Some(policy.tolerance(series.metric.id)),
        baseline: None,
        candidate: None,
        change: None,
        evidence: Evidence::default(),
    }
}

/// What holding figures against each other gave.
struct Held {
    kind: VerdictKind,
    reason: String,
    window: usize,
    baseline: f64,
    candidate: f64,
    change: Option<Change>,
    evidence: Evidence,
}

fn held(series: &Series, policy: &TrendPolicy, axis: Axis, course: &Course, release: &Release) -> Held {
    let values: Vec<f64> = series.points.iter().map(|point| axis.place(point.value)).collect();
    let fixed: Vec<f64> = release.points.iter().map(|point| axis.place(point.value)).collect();
    let exact = is_exact(series.metric.id);
    let since = course.steps.last().map_or(0, |step| step.at);
    let window = if exact {
        1
    } else {
        policy.window.max(1).min(values.len() - since)
    };
    let latest = &values[values.len() - window..];
    let (before, after) = (median(&fixed), median(latest));
    let mut held = Held {
        kind: VerdictKind::Inconclusive,
        reason: String::new(),
        window,
        baseline: axis.figure(before),
        candidate: axis.figure(after),
        change: None,
        evidence: Evidence::default(),
    };
    if values.iter().chain(&fixed).any(|value| !value.is_finite()) {
        "a figure is 0, so that there is no ratio".clone_into(&mut held.reason);
        return held;
    }
    let tolerance = policy.tolerance(series.metric.id).amount;
    let distance = hodges_lehmann_shift(latest, &fixed).unwrap_or(after - before);
    if exact {
        let change = axis.amount(distance);
        held.kind = kind(axis.worsening(change), axis.worsening(change), tolerance);
        held.change = Some(Change {
            scale: axis.scale,
            estimate: change,
            interval: None,
            minimum_detectable: None,
            significant: distance != 0.0,
        });
        return held;
    }
    let noise = noise(&values, &fixed, course);
    let (half, detectable) = noise.map_or((f64::INFINITY, None), |noise| {
        let error = OVER_MEANS * noise.error(window).hypot(noise.error(fixed.len()));
        let half = noise.quantile(0.95) * error;
        let beyond = half + noise.quantile(0.9) * error;
        (half, Some(axis.amount(axis.distance(tolerance) + beyond)))
    });
    let mut change = axis.change(distance, half);
    change.minimum_detectable = detectable.filter(|detectable| detectable.is_finite());
    if let Some(interval) = change.interval {
        let ends = [axis.worsening(interval.low), axis.worsening(interval.high)];
        held.kind = kind(ends[0].min(ends[1]), ends[0].max(ends[1]), tolerance);
    } else {
        held.reason = format!(
            "{} and {} runs do not tell how much runs differ",
            series.points.len(),
            fixed.len()
        );
    }
    held.evidence = Evidence {
        test: "Student's t of run-to-run noise".to_owned(),
        n: Some(window),
        spread: noise.map(|noise| noise.deviation),
        ..Evidence::default()
    };
    held.change = Some(change);
    held
}

/// The noise about the levels and the line that were found, the release's runs being a level of their own.
fn noise(values: &[f64], fixed: &[f64], course: &Course) -> Option<crate::levels::Noise> {
    let values = tamed(values);
    let line: Vec<f64>;
    let mut pieces = Vec::new();
    if let Some(drift) = course.drift {
        line = values
            .iter()
            .enumerate()
            .map(|(i, value)| value - drift.slope * i as f64)
            .collect();
        pieces.push(&line[..]);
    } else {
        let at: Vec<usize> = course.steps.iter().map(|step| step.at).collect();
        pieces.extend(crate::changes::segments(&values, &at));
    }
    pieces.push(fixed);
    Levels::of(&pieces).noise.filter(|noise| noise.freedom >= LEAST_FREEDOM)
}

/// The verdict on a worsening that lies between two bounds.
fn kind(least: f64, most: f64, tolerance: f64) -> VerdictKind {
    if least > tolerance {
        VerdictKind::Regressed
    } else if most < -tolerance / 3.0 {
        VerdictKind::Improved
    } else if most < tolerance || (least >= most && most <= tolerance) {
        VerdictKind::Passed
    } else {
        VerdictKind::Inconclusive
    }
}
