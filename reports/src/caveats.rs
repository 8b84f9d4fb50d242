//! What makes a run's figures less than they seem. Each caveat is computed from the record.

use edgebench_record::{Cell, Mode, OutputsVerdict, Record};

use crate::columns::figures::positive;
use crate::text::{plain, shortened};

/// The longest name of a cell in a caveat.
const NAME_CHARACTERS: usize = 80;

/// The most cells that one caveat names.
const MOST_NAMED: usize = 12;

/// The ratio of times below which one input repeated counts as cached: `MLPerf`'s TEST04 allows 10 %.
const CACHED: f64 = 0.9;

/// The share of a median that the harness may take.
const OVERHEAD: f64 = 0.01;

/// What to keep in mind when reading the figures, the gravest first.
pub fn caveats(record: &Record) -> Vec<String> {
    let mut out = Vec::new();
    let measured: Vec<&Cell> = record.cells.iter().filter(|cell| cell.outcome.is_measured()).collect();
    if record.host.emulated {
        out.push("under emulation: times and memory say nothing of the device, and no advice rests on them".to_owned());
    }
    if record.interrupted {
        let complete = record.cells.iter().filter(|cell| !cell.invocations.is_empty()).count();
        out.push(format!(
            "the run was interrupted: {complete} of {} cells were measured at least in part",
            record.cells.len()
        ));
    }
    if record.plan.mode == Mode::Quick {
        out.push(format!(
            "quick mode: {} invocations give no interval; differences of a few per cent mean nothing",
            record.plan.invocations
        ));
    }
    for warning in &record.host.warnings {
        out.push(format!("{} ({})", plain(&warning.fact), plain(&warning.hint)));
    }
    let unchecked = measured
        .iter()
        .filter(|cell| cell.outputs.verdict == OutputsVerdict::Unchecked)
        .count();
    if unchecked > 0 {
        out.push(format!(
            "outputs unchecked in {unchecked} {}: nothing was there to hold them against",
            cells(unchecked)
        ));
    }
    for task in record.tasks.iter().filter(|task| task.metric.is_none()) {
        out.push(format!(
            "{}: accuracy was not measured, for there are no labels (inputs: {})",
            plain(&task.id),
            plain(&task.inputs)
        ));
    }
    let parts: Vec<String> = measured
        .iter()
        .filter_map(|cell| Some((cell, cell.accuracy.as_ref()?)))
        .filter(|(_, accuracy)| accuracy.samples < accuracy.of_samples)
        .map(|(cell, accuracy)| format!("{} ({} of {})", name(cell), accuracy.samples, accuracy.of_samples))
        .collect();
    let scored = measured.iter().filter(|cell| cell.accuracy.is_some()).count();
    if !parts.is_empty() && parts.len() == scored {
        out.push("accuracy was measured on a fixed stratified part of each test set".to_owned());
    } else if !parts.is_empty() {
        out.push(format!(
            "accuracy on a stratified part of the test set: {}",
            listed(&parts)
        ));
    }
    let unscored: Vec<String> = measured
        .iter()
        .filter(|cell| cell.accuracy.is_none() && has_metric(record, cell))
        .map(|cell| name(cell))
        .collect();
    if !unscored.is_empty() {
        out.push(format!(
            "too slow for an accuracy (only a few samples were evaluated, to check the outputs): {}",
            listed(&unscored)
        ));
    }
    let unsteady: Vec<String> = measured
        .iter()
        .filter(|cell| cell.accuracy.as_ref().is_some_and(|accuracy| !accuracy.deterministic))
        .map(|cell| name(cell))
        .collect();
    if !unsteady.is_empty() {
        out.push(format!(
            "the same inputs gave other bits the second time: {}",
            listed(&unsteady)
        ));
    }
    out.extend(self_checks(record, &measured));
    let unreset = measured
        .iter()
        .filter(|cell| {
            cell.invocations.iter().any(|run| {
                let steady = &run.memory.steady;
                steady.peak_rss_bytes.is_some() && !steady.peak_was_reset
            })
        })
        .count();
    if unreset > 0 {
        out.push(format!(
            "in {unreset} {} the memory peak could not be reset between phases: it is the process's peak from its start",
            cells(unreset)
        ));
    }
    out
}

/// What the run's checks of itself found.
fn self_checks(record: &Record, measured: &[&Cell]) -> Vec<String> {
    let mut out = Vec::new();
    let checks = || {
        measured
            .iter()
            .filter_map(|cell| Some((cell, cell.self_checks.as_ref()?)))
    };
    let other: Vec<String> = checks()
        .filter_map(|(cell, checks)| Some((cell, checks.timed_outputs.as_ref()?)))
        .filter(|(_, timed)| timed.same_bits < timed.compared)
        .map(|(cell, timed)| {
            let differ = timed.compared - timed.same_bits;
            let most = timed.largest_relative.filter(|largest| largest.is_finite());
            let most = most.map_or_else(
                || "not finite on one side".to_owned(),
                |largest| format!("by at most {largest:.1e} of the largest element"),
            );
            format!("{} ({differ} of {} batches, {most})", name(cell), timed.compared)
        })
        .collect();
    if !other.is_empty() {
        out.push(format!(
            "outputs of the timed run have other bits than those of the accuracy run: {}",
            listed(&other)
        ));
    }
    let cached: Vec<String> = checks()
        .filter_map(|(cell, checks)| {
            let interval = checks.repeated_input.as_ref()?.interval?;
            // The whole interval is beyond: a ratio below 0.9 is more than 10 % less time.
            let beyond = interval.low >= 0.0 && interval.low <= interval.high && interval.high < CACHED;
            let less = |ratio: f64| (1.0 - ratio) * 100.0;
            let (least, most) = (less(interval.high), less(interval.low));
            beyond.then(|| format!("{} ({least:.0} to {most:.0} % less time)", name(cell)))
        })
        .collect();
    if !cached.is_empty() {
        out.push(format!(
            "one input repeated is more than 10 % faster than rotating inputs, as where something is cached: {}",
            listed(&cached)
        ));
    }
    if let Some(overhead) = &record.overhead {
        let own = overhead.sample_ns.0 as f64;
        let short: Vec<String> = measured
            .iter()
            .filter_map(|cell| {
                let median = positive(cell.summary.as_ref()?.latency.p50_ns)?;
                (own > OVERHEAD * median).then(|| format!("{} ({:.1} %)", name(cell), own / median * 100.0))
            })
            .collect();
        if !short.is_empty() {
            out.push(format!(
                "the harness's own {} in each sample is more than 1 % of the median latency: {}",
                overhead.sample_ns,
                listed(&short)
            ));
        }
    }
    out
}

fn has_metric(record: &Record, cell: &Cell) -> bool {
    let task = record.tasks.iter().find(|task| task.id == cell.id.task);
    task.is_some_and(|task| task.metric.is_some())
}

fn name(cell: &Cell) -> String {
    shortened(&plain(&cell.id.to_string()), NAME_CHARACTERS)
}

/// `a, b, c`, or the first of many and how many others there are.
fn listed(names: &[String]) -> String {
    match names.len().saturating_sub(MOST_NAMED) {
        0 | 1 => names.join(", "),
        others => format!("{} and {others} others", names[..MOST_NAMED].join(", ")),
    }
}

fn cells(count: usize) -> &'static str {
    if count == 1 { "cell" } else { "cells" }
}
