//! Load patterns: each kind with its cells' verdicts and figures, and in one line a cell for those who read a terminal.

use std::collections::BTreeSet;

use edgebench_record::{NOT_MLPERF, Record, ScenarioKind, ScenarioResult, rank_flips};

use super::load::keys;
use super::{Linked, Part, Section, row, table};
use crate::html::Field;
use crate::picture::{cell_id, soak};
use crate::text::{counted, plain, significant};

/// What two throughputs must differ by to be apart: less is within what a machine varies by from minute to minute.
const MARGIN: f64 = 0.03;

/// The most pairs of cells that change places which are named.
const MOST_FLIPS: usize = 6;

/// The scenarios of a run, a part for each kind; `None` where no cell has any.
pub(crate) fn scenarios(record: &Record, cells: &[Linked<'_>]) -> Option<Section> {
    let kinds: BTreeSet<ScenarioKind> = results(cells).map(|(_, result)| result.kind).collect();
    if kinds.is_empty() {
        return None;
    }
    let parts = kinds.into_iter().map(|kind| part(record, kind, cells)).collect();
    Some(Section {
        anchor: "scenarios",
        title: "Scenarios",
        sentences: vec![
            note(),
            "VALID: the figures keep the scenario's rules. Percentiles of latencies are early-stopping estimates, from the \
             scheduled arrival to the completion."
                .to_owned(),
        ],
        parts,
    })
}

/// That no figure is a result of another benchmark.
fn note() -> String {
    format!("What scenarios give is {NOT_MLPERF}.")
}

fn results<'a>(cells: &'a [Linked<'a>]) -> impl Iterator<Item = (&'a Linked<'a>, &'a ScenarioResult)> {
    cells
        .iter()
        .flat_map(|linked| linked.1.scenarios.iter().map(move |result| (linked, result)))
}

fn part(record: &Record, kind: ScenarioKind, cells: &[Linked<'_>]) -> Part {
    let names: Vec<&str> = keys(&ScenarioResult::new(kind)).iter().map(|key| key.name).collect();
    let mut headers = vec![("verdict", false)];
    headers.extend(names.iter().map(|name| (*name, true)));
    headers.extend([("took", true), ("why, and what to know", false)]);
    let rows = results(cells)
        .filter(|(_, result)| result.kind == kind)
        .map(|(linked, result)| {
            let mut fields = vec![Field::text(verdict(result))];
            fields.extend(keys(result).iter().map(|key| Field::number(key.shown(), key.value)));
            let took = result.elapsed_ns;
            fields.push(Field::number(took.to_string(), Some(took.0 as f64)));
            fields.push(Field::text(why(result, true)));
            row(linked, fields)
        })
        .collect();
    let is_soak = kind == ScenarioKind::Soak;
    Part {
        title: kind.name().to_owned(),
        sentences: if is_soak { flips(record) } else { Vec::new() },
        table: Some(table(&format!("Cells of {}", kind.name()), "cells", &headers, rows)),
        pictures: if is_soak {
            record.tasks.iter().filter_map(|task| soak(record, task)).collect()
        } else {
            Vec::new()
        },
    }
}

fn verdict(result: &ScenarioResult) -> &'static str {
    if result.is_valid() { "VALID" } else { "INVALID" }
}

/// Why it is not valid, and its notes where they are asked for; the note that all share is not told again.
fn why(result: &ScenarioResult, notes: bool) -> String {
    let mut words: Vec<String> = result.reasons.iter().map(|reason| plain(reason)).collect();
    if let Some(failure) = &result.failure {
        let reason = plain(&failure.reason);
        if !words.contains(&reason) {
            words.push(format!("{}: {reason}", failure.kind.name()));
        }
    }
    let cold = result.cold_start.as_ref().and_then(|figures| figures.no_cold.as_ref());
    words.extend(cold.map(|why| format!("no starts with a cold cache: {}", plain(why))));
    if notes {
        let own = result.notes.iter().filter(|note| *note != NOT_MLPERF);
        words.extend(own.map(|note| plain(note)));
    }
    words.retain(|words| !words.is_empty());
    words.join("; ")
}

/// Which cells change places between a burst and the long run.
fn flips(record: &Record) -> Vec<String> {
    let flips = rank_flips(&record.cells, MARGIN);
    let throughputs = |index: usize| {
        let cell = record.cells.get(index)?;
        let mut valid = cell.scenarios.iter().filter(|result| result.is_valid());
        let soak = valid.find_map(|result| result.soak.as_ref())?;
        Some((
            cell_id(&cell.id),
            significant(soak.burst_per_s),
            significant(soak.sustained_per_s),
        ))
    };
    let mut words: Vec<String> = flips
        .iter()
        .take(MOST_FLIPS)
        .filter_map(|flip| {
            let (first, burst, sustained) = throughputs(flip.burst)?;
            let (second, other_burst, other_sustained) = throughputs(flip.sustained)?;
            Some(format!(
                "{first} is faster in a burst ({burst}/s against {other_burst}/s), {second} in the long run \
                 ({other_sustained}/s against {sustained}/s)."
            ))
        })
        .collect();
    if flips.len() > MOST_FLIPS {
        words.push(format!(
            "{} more change places.",
            counted(flips.len() - MOST_FLIPS, "pair")
        ));
    }
    words
}

/// One line for each cell and scenario, then the cells that change places, then what none of them is. Empty where there
/// is no scenario.
pub(crate) fn scenario_lines(record: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    for cell in &record.cells {
        for result in &cell.scenarios {
            let figures: Vec<String> = keys(result)
                .iter()
                .filter_map(|key| Some(format!("{} {}", key.name, key.words.as_ref()?)))
                .collect();
            let mut line = format!("{} of {}: {}", result.kind.name(), cell_id(&cell.id), verdict(result));
            for words in [figures.join(", "), why(result, false)] {
                if !words.is_empty() {
                    line.push_str("; ");
                    line.push_str(&words);
                }
            }
            lines.push(line);
        }
    }
    if !lines.is_empty() {
        lines.extend(flips(record));
        lines.push(note());
    }
    lines
}
