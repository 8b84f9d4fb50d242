//! The answer in one line per task. Each clause is computed, and one that cannot be is left out.

use std::fmt::Write as _;

use edgebench_api::Nanos;
use edgebench_record::{Cell, Record, TaskFacts};
use edgebench_stats::{median, ratio_interval};

use crate::ranking::{Rank, p50, ranked, significant};
use crate::text::{plain, signed};

/// The answers of all tasks, in the record's order.
pub fn answers(record: &Record) -> Vec<String> {
    record.tasks.iter().map(|task| answer(record, task)).collect()
}

/// Which cell of a task to ship, and what it gains and costs against the baseline.
///
/// The best cell is the fastest of those whose outputs are right and whose accuracy is not significantly worse than
/// the baseline's. It is held against the baseline variant on the same backend with the same settings, or where that
/// was not measured against the baseline's fastest cell.
pub fn answer(record: &Record, task: &TaskFacts) -> String {
    let cells = ranked(record, &task.id);
    let name = plain(&task.id);
    let candidates: Vec<&Cell> = cells
        .iter()
        .filter(|(rank, _)| *rank == Rank::Candidate)
        .map(|(_, cell)| *cell)
        .collect();
    let Some(best) = candidates.first() else {
        let measured = cells.iter().filter(|(rank, _)| *rank == Rank::Doubtful).count();
        return match (measured, cells.len()) {
            (0, all) => format!("{name}: none of {all} cells was measured"),
            (some, all) => {
                format!(
                    "{name}: no answer, for none of the {some} measured cells of {all} is as accurate as the baseline"
                )
            }
        };
    };
    let mut clauses = vec![format!("{name}: {} answers in {}", title(best, &cells), typical(best))];
    let baselines = || candidates.iter().filter(|cell| cell.id.variant == task.baseline);
    let baseline = baselines()
        .find(|cell| cell.id.backend == best.id.backend && cell.id.settings == best.id.settings)
        .or_else(|| baselines().next());
    match baseline {
        Some(baseline) if baseline.id == best.id => {
            clauses.push("which is the baseline itself".to_owned());
            clauses.extend(runner_up(best, &candidates, &cells));
        }
        Some(baseline) => {
            clauses.push(speed(best, baseline, &cells));
            clauses.extend(size(best, baseline));
        }
        None => clauses.push(format!("the baseline {} was not measured", plain(&task.baseline))),
    }
    clauses.extend(accuracy(task, best));
    if record.host.emulated {
        clauses.push("under emulation, so that its times mean nothing".to_owned());
    }
    clauses.join(", ")
}

/// `int8-static on ort`, with the settings where another cell differs in them alone.
fn title(cell: &Cell, cells: &[(Rank, &Cell)]) -> String {
    let mut title = format!("{} on {}", plain(&cell.id.variant), plain(&cell.id.backend));
    let others = || {
        cells.iter().map(|(_, other)| &other.id).filter(|other| {
            other.variant == cell.id.variant && other.backend == cell.id.backend && other.settings != cell.id.settings
        })
    };
    if others().any(|other| other.settings.threads != cell.id.settings.threads) {
        let _ = match cell.id.settings.threads {
            1 => write!(title, " with 1 thread"),
            threads => write!(title, " with {threads} threads"),
        };
    }
    if others().any(|other| other.settings.batch != cell.id.settings.batch) {
        let _ = write!(title, " at batch {}", cell.id.settings.batch);
    }
    title
}

/// The median, or the mean under its name where there are too few samples for a median.
fn typical(cell: &Cell) -> String {
    match cell.summary.as_ref().map(|summary| &summary.latency) {
        Some(latency) if latency.percentile(0.5).is_none() => format!("a mean of {}", time(latency.mean_ns)),
        _ => time(p50(cell)),
    }
}

fn time(ns: f64) -> String {
    Nanos(ns.round() as u64).to_string()
}

/// How much faster, with the interval where the invocations give one.
fn speed(best: &Cell, other: &Cell, cells: &[(Rank, &Cell)]) -> String {
    let against = title(other, cells);
    let medians = |cell: &Cell| -> Vec<f64> {
        cell.invocations
            .iter()
            .filter_map(|run| median(&run.samples_ns.iter().map(|&ns| ns as f64).collect::<Vec<_>>()))
            .collect()
    };
    // A batch holds several answers, so that what is compared is the time per sample.
    let per_sample = other.id.settings.batch as f64 / best.id.settings.batch as f64;
    let (ratio, interval) = match ratio_interval(&medians(other), &medians(best), 0.95) {
        Some((_, interval)) => (p50(other) / p50(best), Some(interval)),
        None => (p50(other) / p50(best), None),
    };
    let ratio = ratio / per_sample;
    match interval {
        Some(interval) if interval.contains(per_sample) => {
            format!("as fast as {against} within the noise")
        }
        Some(interval) => format!(
            "{} than {against} [{}, {}]",
            factor(ratio),
            times(interval.low / per_sample),
            times(interval.high / per_sample)
        ),
        None if (ratio - 1.0).abs() < 0.005 => format!("as fast as {against} (no interval: too few invocations)"),
        None => format!("{} than {against} (no interval: too few invocations)", factor(ratio)),
    }
}

fn factor(ratio: f64) -> String {
    if ratio >= 1.0 {
        format!("{}× faster", times(ratio))
    } else {
        format!("{}× slower", times(1.0 / ratio))
    }
}

/// Two significant digits near 1, where a tenth is much.
fn times(ratio: f64) -> String {
    if ratio < 1.95 {
        format!("{ratio:.2}")
    } else if ratio < 9.95 {
        format!("{ratio:.1}")
    } else {
        format!("{ratio:.0}")
    }
}

/// For a baseline that nothing beats: what comes next.
fn runner_up(best: &Cell, candidates: &[&Cell], cells: &[(Rank, &Cell)]) -> Option<String> {
    let next = candidates.get(1)?;
    Some(format!("next {} in {}", title(next, cells), typical(next))).filter(|_| p50(next) >= p50(best))
}

fn size(best: &Cell, baseline: &Cell) -> Option<String> {
    let bytes = |cell: &Cell| {
        cell.model
            .as_ref()
            .map(|model| model.bytes.0 as f64)
            .filter(|&bytes| bytes > 0.0)
    };
    let ratio = bytes(baseline)? / bytes(best)?;
    Some(if (ratio - 1.0).abs() < 0.005 {
        "of the same size".to_owned()
    } else if ratio > 1.0 {
        format!("{}× smaller", times(ratio))
    } else {
        format!("{}× larger", times(1.0 / ratio))
    })
}

fn accuracy(task: &TaskFacts, best: &Cell) -> Option<String> {
    if task.metric.is_none() {
        return Some("accuracy not measured".to_owned());
    }
    let accuracy = best.accuracy.as_ref()?;
    let Some(delta) = &accuracy.delta else {
        return Some(format!("{} {:.1} %", plain(&accuracy.metric), accuracy.value * 100.0));
    };
    let points = signed(delta.value * 100.0, 1);
    let judged = match significant(accuracy, delta) {
        Some(true) => "significant",
        Some(false) => "not significant",
        None => "untested",
    };
    Some(format!("{points} pp {} ({judged})", plain(&accuracy.metric)))
}
