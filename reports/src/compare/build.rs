//! From records to a comparison.

use std::collections::{HashMap, HashSet};

use edgebench_record::{Cell, CellId, Direction, Metric, Record, Scale, TaskFacts};
use edgebench_stats::Interval;

use super::mean::mean;
use super::{CompareOptions, ComparedRow, ComparedSide, ComparedTable, Comparison, Entry, EntryChange, Mean};
use crate::policy::is_time;
use crate::records::answers::pair;
use crate::records::comparable::{Basis, Difference, cell_differences, listed, record_differences, task_differences};
use crate::records::estimate::{Estimate, LogRatio};
use crate::records::judge::Indexed;
use crate::records::values::{sound, values};
use crate::records::{caveats, side};

/// The state of a cell that a record does not have.
const MISSING: &str = "missing";

/// Puts records side by side, the first one being what the others are held against. Each comes with what it is, such as
/// its path.
pub fn compare(records: &[(&str, &Record)], options: &CompareOptions) -> Comparison {
    let build = Build {
        indexed: records.iter().map(|(_, record)| Indexed::of(record)).collect(),
        between: records
            .iter()
            .map(|(_, record)| {
                let of = |basis| (basis, record_differences(records[0].1, record, basis));
                Basis::all().map(of).collect()
            })
            .collect(),
        options,
    };
    let mut notes = Notes::default();
    let mut tables = Vec::new();
    for task in build.tasks() {
        let cells = build.cells(task);
        for &metric in &options.metrics {
            tables.extend(build.table(task, metric, &cells, &mut notes));
        }
    }
    let letters: Vec<String> = (0..records.len()).map(letter).collect();
    let lettered: Vec<(&str, &Record)> = letters
        .iter()
        .zip(records)
        .map(|(letter, (_, record))| (letter.as_str(), *record))
        .collect();
    let timed = |table: &ComparedTable| edgebench_record::metric(table.metric).is_some_and(is_time);
    Comparison {
        sides: records
            .iter()
            .enumerate()
            .map(|(place, record)| described(place, record))
            .collect(),
        caveats: caveats(&lettered, tables.iter().any(timed)),
        tables,
        notes: notes.texts,
    }
}

fn described(place: usize, (what, record): &(&str, &Record)) -> ComparedSide {
    let facts = side(what, record);
    ComparedSide {
        letter: letter(place),
        what: facts.what,
        run: record.id.clone(),
        started_at: record.started_at.clone(),
        tool_version: record.tool.version.clone(),
        runtimes: facts.runtimes,
    }
}

/// `A` to `Z`, `AA`, `AB`, …
pub(super) fn letter(place: usize) -> String {
    let last = char::from(b'A' + (place % 26) as u8);
    match place / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

/// Notes, each text once.
#[derive(Default)]
struct Notes {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Notes {
    /// The number of a note, from 1.
    fn number(&mut self, text: String) -> usize {
        *self.numbers.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            self.texts.len()
        })
    }
}

struct Build<'a> {
    indexed: Vec<Indexed<'a>>,
    /// By record, in what it differs from the first one.
    between: Vec<HashMap<Basis, Vec<Difference>>>,
    options: &'a CompareOptions,
}

/// A cell's figure, and what a mean is made of.
struct Found {
    entry: Entry,
    /// The ratio to the first record's figure, where it is comparable.
    ratio: Option<(f64, Option<LogRatio>)>,
}

impl<'a> Build<'a> {
    /// The ids of all tasks, in the order of the first record that has them.
    fn tasks(&self) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let all = self.indexed.iter().flat_map(|one| &one.record.tasks);
        all.map(|task| task.id.as_str()).filter(|id| seen.insert(*id)).collect()
    }

    /// A task's cells, in the order of the first record that has them.
    fn cells(&self, task: &str) -> Vec<&'a CellId> {
        let mut seen = HashSet::new();
        let all = self.indexed.iter().flat_map(Indexed::cells);
        let of_task = all.map(|cell| &cell.id).filter(|id| id.task == task);
        of_task.filter(|id| seen.insert(*id)).collect()
    }

    /// A metric of a task's cells; `None` where no record has a figure of it.
    fn table(
        &self,
        task: &str,
        metric: &'static Metric,
        cells: &[&'a CellId],
        notes: &mut Notes,
    ) -> Option<ComparedTable> {
        let has = |id: &&CellId| {
            self.indexed
                .iter()
                .any(|one| one.cell(id).is_some_and(|cell| sound(cell, metric).is_some()))
        };
        if !cells.iter().any(has) {
            return None;
        }
        let mut ratios: Vec<Vec<(f64, Option<LogRatio>)>> = vec![Vec::new(); self.indexed.len()];
        let mut rows = Vec::with_capacity(cells.len());
        for id in cells {
            let found: Vec<Found> = (0..self.indexed.len())
                .map(|place| self.found(place, id, metric, notes))
                .collect();
            let whole: Option<Vec<_>> = found.iter().skip(1).map(|found| found.ratio).collect();
            for (place, ratio) in whole.into_iter().flatten().enumerate() {
                ratios[place + 1].push(ratio);
            }
            rows.push(ComparedRow {
                cell: (*id).clone(),
                entries: found.into_iter().map(|found| found.entry).collect(),
            });
        }
        let means: Vec<Option<Mean>> = ratios.iter().map(|ratios| mean(ratios)).collect();
        Some(ComparedTable {
            task: task.to_owned(),
            metric: metric.id,
            unit: metric.unit,
            lower_is_better: metric.direction == Direction::Lower,
            rows,
            means,
        })
    }

    fn found(&self, place: usize, id: &CellId, metric: &'static Metric, notes: &mut Notes) -> Found {
        let Some(cell) = self.indexed[place].cell(id) else {
            return Found::without(MISSING, None);
        };
        let Some(now) = sound(cell, metric) else {
            let note = (!cell.outcome.is_measured()).then(|| notes.number(cell.outcome.told()));
            return Found::without(cell.outcome.kind.name(), note);
        };
        let mut entry = Entry {
            state: cell.outcome.kind.name(),
            value: Some(now.value),
            interval: now.interval,
            n: count(cell, metric),
            change: None,
            incomparable: false,
            note: None,
        };
        let first = self.indexed[0]
            .cell(id)
            .filter(|first| place > 0 && !std::ptr::eq(*first, cell));
        let Some(first) = first else {
            return Found { entry, ratio: None };
        };
        let Some(before) = sound(first, metric) else {
            return Found { entry, ratio: None };
        };
        let differences = self.differences(place, first, cell, metric);
        if !differences.is_empty() {
            entry.incomparable = true;
            entry.note = Some(notes.number(format!("not comparable: differs in {}", listed(&differences))));
            if !self.options.allow_mismatch {
                return Found { entry, ratio: None };
            }
        }
        let (change, ratio) = self.change(place, first, cell, metric, (before.value, now.value));
        entry.change = change;
        if let Some(n) = self.partly(place, first, cell, metric)
            && entry.note.is_none()
        {
            entry.note = Some(notes.number(format!("the difference is over the {n} samples that both evaluated")));
        }
        // What is not comparable takes no part in a mean, whatever is allowed to be shown.
        let ratio = ratio.filter(|_| !entry.incomparable);
        Found { entry, ratio }
    }

    fn differences(&self, place: usize, first: &Cell, cell: &Cell, metric: &'static Metric) -> Vec<Difference> {
        let basis = Basis::of(metric);
        let mut found = self.between[place].get(&basis).cloned().unwrap_or_default();
        if let Some((before, after)) = self.facts(place, cell) {
            found.extend(task_differences(before, after, basis));
        }
        found.extend(cell_differences(first, cell, basis));
        found
    }

    /// What the first record and this one say of a cell's task.
    fn facts(&self, place: usize, cell: &Cell) -> Option<(&'a TaskFacts, &'a TaskFacts)> {
        self.indexed[0]
            .task(&cell.id.task)
            .zip(self.indexed[place].task(&cell.id.task))
    }

    fn change(
        &self,
        place: usize,
        first: &Cell,
        cell: &Cell,
        metric: &'static Metric,
        (before, after): (f64, f64),
    ) -> (Option<EntryChange>, Option<(f64, Option<LogRatio>)>) {
        if metric.unit == "fraction" {
            // Samples are paired for an accuracy; a share of queries is what it is.
            let of_samples = Basis::of(metric) == Basis::Samples;
            let paired = of_samples.then(|| self.paired(place, first, cell)).flatten();
            let change = match paired {
                // Nothing is left to be uncertain about.
                Some((estimate, true)) => EntryChange {
                    scale: Scale::Absolute,
                    estimate: estimate.value(),
                    interval: None,
                    significant: Some(false),
                },
                Some((estimate, false)) => {
                    let interval = estimate.interval(0.95);
                    EntryChange {
                        scale: Scale::Absolute,
                        estimate: estimate.value(),
                        interval,
                        significant: interval.map(|interval| !interval.contains(0.0)),
                    }
                }
                None => EntryChange {
                    scale: Scale::Absolute,
                    estimate: after - before,
                    interval: None,
                    significant: None,
                },
            };
            return (Some(change), None);
        }
        let mut ratio = after / before;
        if !(ratio.is_finite() && ratio > 0.0) {
            return (None, None);
        }
        let spread = values(first, metric.id).zip(values(cell, metric.id));
        let spread = spread.and_then(|(before, after)| LogRatio::of(&before, &after));
        if let Some(spread) = spread {
            // The interval's own centre; the ratio of two medians may lie outside.
            ratio = spread.value().exp();
        }
        let interval = spread
            .and_then(|spread| Estimate::LogRatio(spread).interval(0.95))
            .map(|log| Interval {
                low: log.low.exp(),
                high: log.high.exp(),
                confidence: log.confidence,
            });
        let interval = interval.filter(|interval| interval.low.is_finite() && interval.high.is_finite());
        let significant = match Basis::of(metric) {
            Basis::File => Some(after.total_cmp(&before).is_ne()),
            _ => interval.map(|interval| !interval.contains(1.0)),
        };
        let change = EntryChange {
            scale: Scale::Relative,
            estimate: ratio,
            interval,
            significant,
        };
        (Some(change), Some((ratio, spread)))
    }

    /// How many samples both evaluated, where that is not what either figure is over.
    fn partly(&self, place: usize, first: &Cell, cell: &Cell, metric: &Metric) -> Option<usize> {
        if Basis::of(metric) != Basis::Samples {
            return None;
        }
        let n = self.paired(place, first, cell)?.0.n();
        [first, cell]
            .iter()
            .any(|cell| count(cell, metric) != Some(n))
            .then_some(n)
    }

    /// The difference over paired samples, and whether every answer is the same.
    fn paired(&self, place: usize, first: &Cell, cell: &Cell) -> Option<(Estimate, bool)> {
        let (before, after) = (first.accuracy.as_ref()?, cell.accuracy.as_ref()?);
        let (task, other) = self.facts(place, cell)?;
        if before.metric != after.metric || task.labels != other.labels {
            return None;
        }
        let pairs = pair(task, before, after).ok()?;
        Some((pairs.metric(&after.metric)?.estimate, pairs.same()))
    }
}

impl Found {
    fn without(state: &'static str, note: Option<usize>) -> Self {
        let entry = Entry {
            state,
            value: None,
            interval: None,
            n: None,
            change: None,
            incomparable: false,
            note,
        };
        Self { entry, ratio: None }
    }
}

/// Processes or samples that a figure rests on.
fn count(cell: &Cell, metric: &Metric) -> Option<usize> {
    match Basis::of(metric) {
        Basis::File | Basis::Proxy | Basis::Scenario(_) => None,
        Basis::Samples => Some(cell.accuracy.as_ref()?.samples),
        Basis::Machine | Basis::Moment => Some(cell.invocations.len()),
        Basis::Energy => Some(values(cell, metric.id)?.len()),
    }
}
