//! Trends in words: a table that is Markdown as well, and one line per finding.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use edgebench_history::{ChangePoint, DriftFacts, Ratchet, Trend};
use edgebench_record::VerdictKind;

use super::words::{amount, chance, change, change_with_interval, escaped, figure, short, unsigned};

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
    let gone = count(&|trend| {
        let kind = trend.ratchet.as_ref().map(|ratchet| ratchet.verdict.kind);
        matches!(kind, Some(VerdictKind::Failed | VerdictKind::Missing))
    });
    let mut out = match worse {
        0 => format!("nothing got worse lately in {all} series"),
        _ => format!("{worse} of {all} series got worse"),
    };
    if gone > 0 {
        let _ = write!(out, "; {gone} of the release fail now or are missing");
    }
    if few > 0 {
        let _ = write!(out, "; {few} have too few runs to tell");
    }
    out
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
    if !verdict.reason.is_empty() {
        return Some(format!("against {release} {kind}: {}", escaped(&verdict.reason)));
    }
    if matches!(verdict.kind, VerdictKind::Passed | VerdictKind::Improved) {
        return None;
    }
    let change = verdict.change.as_ref()?;
    let tolerance = verdict.tolerance?;
    let detectable = change.minimum_detectable.map_or_else(String::new, |least| {
        format!(
            "; a worsening by {} would be told",
            unsigned(trend, change.scale, least)
        )
    });
    Some(format!(
        "against {release} {kind}: {} in the latest {} against {} of the release, tolerance {}{detectable}",
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

/// A Markdown table whose columns line up.
fn aligned(headers: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let width = |column: usize, header: &str| {
        let words = rows.iter().map(|row| row[column].chars().count());
        words.chain([header.chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(i, (header, _))| width(i, header))
        .collect();
    let line = |words: Vec<&str>| {
        let cells = words
            .iter()
            .zip(&widths)
            .zip(headers)
            .map(|((words, &width), (_, numeric))| {
                let padding = " ".repeat(width - words.chars().count());
                if *numeric {
                    format!(" {padding}{words} |")
                } else {
                    format!(" {words}{padding} |")
                }
            });
        format!("|{}\n", cells.collect::<String>())
    };
    let mut out = line(headers.iter().map(|(header, _)| *header).collect());
    let rules = headers.iter().zip(&widths).map(|((_, numeric), &width)| {
        if *numeric {
            format!("{}:", "-".repeat(width - 1))
        } else {
            "-".repeat(width)
        }
    });
    let rules: Vec<String> = rules.collect();
    out.push_str(&line(rules.iter().map(String::as_str).collect()));
    for row in rows {
        out.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_goes_from_the_smallest_to_the_largest() {
        assert_eq!(picture(&[1.0, 2.0, 3.0]), "▁▅█");
        assert_eq!(picture(&[5.0, 5.0]), "▅▅");
        assert_eq!(picture(&[1000.0, 1001.0]), "▄▅");
        assert_eq!(picture(&[]), "");
        assert_eq!(picture(&[0.0; 99]).chars().count(), PICTURE);
    }
}
