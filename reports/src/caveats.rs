//! What makes a run's figures less than they seem. Each caveat is computed from the record.

use edgebench_record::{Cell, Mode, OutputsVerdict, Record};

use crate::text::{plain, shortened};

/// The longest name of a cell in a caveat.
const NAME_CHARACTERS: usize = 80;

/// The most cells that one caveat names.
const MOST_NAMED: usize = 12;

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
