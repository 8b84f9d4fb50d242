//! Trends in words: a table that is Markdown as well, and one line per finding.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use edgebench_history::{ChangePoint, DriftFacts, Ratchet, Trend};
use edgebench_record::VerdictKind;
use edgebench_reports::{aligned, escaped};

use super::words::{amount, chance, change, change_with_interval, figure, short, unsigned};

/// Runs that a history's picture shows, at most.
const PICTURE: usize = 40;

/// The levels of a picture.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All trends: an answer, a table, and what was found.
pub(super) fn trends(trends: &[Trend], markdown: bool) -> String {
    let mut out = String::new();
    if markdown {
        out.push_str("## Trends\n\n");
    }
    let _ = writeln!(out, "{}\n", answer(trends));
    let rows: Vec<Vec<String>> = trends.iter().map(row).collect();
    let many = |of: &dyn Fn(&Trend) -> Option<&str>| trends.iter().map(of).collect::<BTreeSet<_>>().len() > 1;
    let data = trends.iter().filter(|trend| !trend.conditions.is_empty());
    let data: BTreeSet<&String> = data.map(|trend| &trend.conditions).collect();
    // What is the same for all has no column.
    let shown = [
        ("cell", false, true),
        ("metric", false, true),
        ("branch", false, many(&|trend| trend.branch.as_deref())),
        ("machine", false, many(&|trend| Some(&trend.machine))),
        ("runtime", false, many(&|trend| trend.runtime.as_deref())),
        ("data", false, data.len() > 1),
        ("runs", true, true),
        ("latest", true, true),
        ("history", false, true),
        ("trend", false, true),
        ("against", false, trends.iter().any(|trend| trend.ratchet.is_some())),
    ];
    let keep = |row: &[String]| -> Vec<String> {
        let cells = row.iter().zip(&shown).filter(|(_, (_, _, shown))| *shown);
        cells.map(|(words, _)| words.clone()).collect()
    };
    let headers: Vec<(&str, bool)> = shown
        .iter()
        .filter(|(_, _, shown)| *shown)
        .map(|&(name, numeric, _)| (name, numeric))
        .collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| keep(row)).collect();
    out.push_str(&aligned(&headers, &rows));
    let found: Vec<String> = trends.iter().flat_map(findings).collect();
    if !found.is_empty() {
        out.push('\n');
    }
    for finding in found {
        let _ = writeln!(out, "- {finding}");
    }
    out
}

/// One line that says it all.
fn answer(trends: &[Trend]) -> String {
    let count = |of: &dyn Fn(&Trend) -> bool| trends.iter().filter(|trend| of(trend)).count();
    let (all, worse) = (trends.len(), count(&|trend| trend.alarm));
    let few = count(&|trend| !trend.judged);
    let incomparable = count(&|trend| {
        let verdict = trend.ratchet.as_ref().map(|ratchet| &ratchet.verdict);
        verdict.is_some_and(|verdict| verdict.gating && verdict.kind == VerdictKind::Incomparable)
    });
    // A cell has a series for each of its metrics.
    let ended = |failed: bool| {
        let ended = trends.iter().filter(|trend| !trend.past);
        let ended = ended.filter(|trend| {
            trend
                .ended_with
                .as_ref()
                .is_some_and(|ending| ending.is_failure() == failed)
        });
        let cells = ended.map(|trend| (&trend.branch, &trend.suite, &trend.machine, &trend.cell));
        cells.collect::<BTreeSet<_>>().len()
    };
    let (failing, missing) = (ended(true), ended(false));
    let mut parts = Vec::new();
    let mut tell = |n: usize, one: &str, several: &str| match n {
        0 => {}
        1 => parts.push(format!("1 {one}")),
        n => parts.push(format!("{n} {several}")),
    };
    tell(failing, "cell fails now", "cells fail now");
    tell(
        missing,
        "cell is not measured any more",
        "cells are not measured any more",
    );
    tell(
        incomparable,
        "series cannot be compared with its release",
        "series cannot be compared with their release",
    );
    let level = match (worse, parts.is_empty()) {
        (0, true) => format!("nothing got worse lately in {all} series"),
        (0, false) => format!("nothing else got worse lately in {all} series"),
        _ => format!("{worse} of {all} series got worse"),
    };
    // The worst comes first.
    parts.insert(if worse > 0 { 0 } else { parts.len() }, level);
    if few > 0 {
        let has = if few == 1 { "has" } else { "have" };
        parts.push(format!("{few} {has} too few runs to tell"));
    }
    parts.join("; ")
}

fn row(trend: &Trend) -> Vec<String> {
    let values: Vec<f64> = trend.points.iter().map(|point| point.value).collect();
    let latest = values
        .last()
        .map_or_else(|| "–".to_owned(), |&value| figure(trend, value));
    let known = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), escaped);
    vec![
        escaped(&trend.cell),
        trend.metric.to_owned(),
        known(&trend.branch),
        format!("{} ({})", escaped(&trend.machine_label), trend.machine),
        known(&trend.runtime),
        escaped(&trend.conditions),
        trend.points.len().to_string(),
        latest,
        picture(&values),
        course(trend),
        trend
            .ratchet
            .as_ref()
            .map_or_else(|| "–".to_owned(), |ratchet| held(trend, ratchet)),
    ]
}

/// What a series does, in a few words.
fn course(trend: &Trend) -> String {
    let words = if let Some(drift) = &trend.drift {
        format!("drifts {} a run", change(trend, &drift.per_run, 2))
    } else if let Some(last) = trend.changes.last() {
        let count = match trend.changes.len() {
            1 => String::new(),
            n => format!(", the last of {n}"),
        };
        format!("{} at run {}{count}", change(trend, &last.change, 1), last.position + 1)
    } else if trend.judged {
        "quiet".to_owned()
    } else {
        "too few runs".to_owned()
    };
    match (trend.past, trend.alarm) {
        (true, _) => format!("{words}; no longer measured"),
        (_, true) => format!("**{words}**"),
        _ => words,
    }
}

fn held(trend: &Trend, ratchet: &Ratchet) -> String {
    let verdict = &ratchet.verdict;
    let name = escaped(&ratchet.release);
    let change = verdict.change.as_ref().filter(|_| {
        let kind = verdict.kind;
        !matches!(
            kind,
            VerdictKind::Failed | VerdictKind::Missing | VerdictKind::Incomparable
        )
    });
    let change = change.map_or_else(String::new, |of| format!(" {}", change_with_interval(trend, of)));
    format!("{name}: {}{change}", verdict.kind.name())
}

/// What is to be said of a series beyond its row.
fn findings(trend: &Trend) -> Vec<String> {
    let name = format!("{} {}", escaped(&trend.cell), trend.metric);
    let mut out: Vec<String> = trend
        .changes
        .iter()
        .map(|change| format!("{name}: {}", step(trend, change)))
        .collect();
    out.extend(
        trend
            .drift
            .as_ref()
            .map(|drift| format!("{name}: {}", slope(trend, drift))),
    );
    out.extend(trend.ratchet.as_ref().and_then(|ratchet| {
        let why = ratchet_words(trend, ratchet)?;
        Some(format!("{name}: {why}"))
    }));
    if trend.ratchet.is_none()
        && let Some(ending) = &trend.ended_with
    {
        out.push(format!(
            "{name}: {} in run {}: {}",
            escaped(&ending.outcome),
            escaped(&ending.run),
            escaped(&ending.reason)
        ));
    }
    out
}

fn step(trend: &Trend, change: &ChangePoint) -> String {
    let mut out = format!(
        "{} {}, from {} to {}, at run {} of {}, {} ({})",
        change_with_interval(trend, &change.change),
        if change.worse { "worse" } else { "better" },
        figure(trend, change.before),
        figure(trend, change.after),
        change.position + 1,
        trend.points.len(),
        escaped(&change.run),
        escaped(change.started_at.get(..10).unwrap_or(&change.started_at)),
    );
    if let Some(commit) = &change.commit {
        let _ = write!(out, ", commit {}", short(&escaped(commit)));
        if let Some(before) = change.commit_before.as_ref().filter(|before| *before != commit) {
            let _ = write!(out, " after {}", short(&escaped(before)));
        }
    }
    if let Some(p) = change.p {
        let _ = write!(out, "; p {}", chance(p));
    }
    out
}

fn slope(trend: &Trend, drift: &DriftFacts) -> String {
    let total = amount(trend, drift.per_run.scale, drift.total, 1);
    format!(
        "drifts {} a run, {} over {} runs, for the {}; p {}",
        change_with_interval(trend, &drift.per_run),
        total,
        trend.points.len(),
        if drift.worse { "worse" } else { "better" },
        chance(drift.p),
    )
}

/// What a verdict needs beside its name; none where it passed.
fn ratchet_words(trend: &Trend, ratchet: &Ratchet) -> Option<String> {
    let verdict = &ratchet.verdict;
    let release = escaped(&ratchet.release);
    let kind = verdict.kind.name();
    let runs = |n: usize| {
        if n == 1 {
            "1 run".to_owned()
        } else {
            format!("{n} runs")
        }
    };
    let reason = escaped(&verdict.reason);
    let change = match verdict.kind {
        VerdictKind::Passed | VerdictKind::Improved => return None,
        VerdictKind::Regressed => verdict.change.as_ref(),
        VerdictKind::Inconclusive => verdict.change.as_ref().filter(|change| change.interval.is_some()),
        _ => None,
    };
    let (Some(change), Some(tolerance)) = (change, verdict.tolerance) else {
        return Some(format!("against {release} {kind}: {reason}"));
    };
    let detectable = change.minimum_detectable.map_or_else(String::new, |least| {
        format!(
            "; a worsening by {} would be told",
            unsigned(trend, change.scale, least)
        )
    });
    let reason = if reason.is_empty() {
        reason
    } else {
        format!("; {reason}")
    };
    Some(format!(
        "against {release} {kind}: {} in the latest {} against {} of the release, tolerance {}{detectable}{reason}",
        change_with_interval(trend, change),
        runs(ratchet.window),
        runs(ratchet.runs),
        unsigned(trend, tolerance.scale, tolerance.amount),
    ))
}

/// The latest figures as blocks between the smallest and the largest, which are drawn at least a hundredth apart, so that
/// what hardly differs looks alike.
fn picture(values: &[f64]) -> String {
    let values = &values[values.len().saturating_sub(PICTURE)..];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = (high - low).max(0.01 * high.abs()).max(f64::MIN_POSITIVE);
    let block = |value: &f64| {
        let share = 0.5 + (value - f64::midpoint(low, high)) / span;
        BLOCKS[((share * 8.0) as usize).min(7)]
    };
    values.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use edgebench_history::{Ending, Incomparable, Machine, Point, Series, TrendPolicy};
    use edgebench_record::{CellId, metric};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_picture_goes_from_the_smallest_to_the_largest() {
        assert_eq!(picture(&[1.0, 2.0, 3.0]), "▁▅█");
        assert_eq!(picture(&[5.0, 5.0]), "▅▅");
        assert_eq!(picture(&[1000.0, 1001.0]), "▄▅");
        assert_eq!(picture(&[]), "");
        assert_eq!(picture(&[0.0; 99]).chars().count(), PICTURE);
    }

    /// Two series of one cell, with how it ended later, and perhaps a release's runs on another machine.
    fn some(ended_with: Option<&str>, incomparable: bool) -> Vec<Trend> {
        let point = |i: usize| Point {
            run: format!("run{i}"),
            started_at: format!("2026-01-{:02}T00:00:00Z", i + 1),
            commit: None,
            value: 1e6,
            interval: None,
        };
        let id = json!({
            "task": "日本語", "variant": "fp32", "backend": "null",
            "settings": { "threads": 1, "batch": 1, "options": {} },
        });
        let series = |id: &str, cell: CellId| Series {
            branch: None,
            suite: "s".to_owned(),
            machine: Machine::default(),
            runtime: None,
            cell,
            metric: metric(id).unwrap(),
            conditions: String::new(),
            points: (0..10).map(point).collect(),
            releases: Vec::new(),
            incomparable: if incomparable {
                vec![Incomparable {
                    release: "v1".to_owned(),
                    fields: vec!["cpus".to_owned()],
                    outlived: true,
                }]
            } else {
                Vec::new()
            },
            ended_with: ended_with.map(|outcome| Ending {
                run: "run10".to_owned(),
                outcome: outcome.to_owned(),
                reason: "why".to_owned(),
            }),
            later_runs: 1,
        };
        let cell: CellId = serde_json::from_value(id).unwrap();
        let all = [series("latency_p50", cell.clone()), series("load", cell)];
        edgebench_history::trends(&all, &TrendPolicy::default())
    }

    #[test]
    fn the_answer_counts_cells_that_ended_otherwise_and_what_cannot_be_compared() {
        assert_eq!(answer(&some(None, false)), "nothing got worse lately in 2 series");
        assert_eq!(
            answer(&some(Some("crashed"), false)),
            "1 cell fails now; nothing else got worse lately in 2 series"
        );
        assert_eq!(
            answer(&some(Some("skipped"), false)),
            "1 cell is not measured any more; nothing else got worse lately in 2 series"
        );
        assert_eq!(
            answer(&some(None, true)),
            "2 series cannot be compared with their release; nothing else got worse lately in 2 series"
        );
    }

    #[test]
    fn columns_line_up_whatever_the_script() {
        let text = trends(&some(None, false), false);
        let widths: BTreeSet<usize> = text
            .lines()
            .filter(|line| line.starts_with('|'))
            // Each of the three characters is two columns wide.
            .map(|line| line.chars().count() + line.chars().filter(|c| "日本語".contains(*c)).count())
            .collect();
        assert_eq!(widths.len(), 1, "{text}");
    }
}
