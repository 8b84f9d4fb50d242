//! The site's first page: what there is, and where.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::entry::{by_cell, by_device, by_task, device_path, task_path};
use super::words::{name, run};
use super::{Problem, RunEntry};
use crate::ReportError;
use crate::html::{Crumb, Field, Header, Row, Table, Templates};
use crate::ranking::Rank;
use crate::text::{counted, plain, shortened};

/// The most answers that a task's row names.
const ANSWERS: usize = 3;

#[derive(Serialize)]
struct IndexPage {
    title: String,
    above: [Crumb; 0],
    about: String,
    problems: Vec<(String, String)>,
    tasks: Table,
    devices: Table,
    runs: Table,
}

pub(super) fn page(runs: &[&RunEntry], problems: &[Problem], templates: &Templates) -> Result<String, ReportError> {
    let (devices, tasks, cells) = (by_device(runs), by_task(runs), by_cell(runs));
    let tried: usize = runs.iter().map(|run| run.cells.len()).sum();
    let standing: usize = runs.iter().map(|run| measured(run)).sum();
    templates.page(
        "index.html",
        &IndexPage {
            title: format!("{} on {}", counted(runs.len(), "run"), counted(devices.len(), "device")),
            above: [],
            about: format!(
                "{} of {}, tried {} times: {standing} measured, {} not (or with outputs that are wrong).",
                counted(cells.len(), "cell"),
                counted(tasks.len(), "task"),
                tried,
                tried - standing
            ),
            problems: problems
                .iter()
                .map(|problem| (plain(&problem.what), plain(&problem.why)))
                .collect(),
            tasks: table(
                "Tasks",
                "tasks",
                &[
                    ("task", false),
                    ("cells", true),
                    ("devices", true),
                    ("runs", true),
                    ("answered, by how many runs", false),
                ],
                tasks.iter().map(|(task, of)| {
                    let cells = cells.keys().filter(|id| id.task == **task).count();
                    vec![
                        name(task, task_path(task)),
                        count(cells),
                        count(by_device(of).len()),
                        count(of.len()),
                        Field::text(answered(task, of)),
                    ]
                }),
            ),
            devices: table(
                "Devices",
                "devices",
                &[
                    ("device", false),
                    ("runs", true),
                    ("newest run", false),
                    ("to keep in mind", false),
                ],
                devices.iter().map(|(device, of)| {
                    let newest = of.last();
                    vec![
                        name(device, device_path(device)),
                        count(of.len()),
                        Field::text(newest.map(|run| run.started_at.clone()).unwrap_or_default()),
                        Field::text(newest.map(|run| run.warnings.join("; ")).unwrap_or_default()),
                    ]
                }),
            ),
            runs: table(
                "Runs",
                "runs",
                &[
                    ("run", false),
                    ("device", false),
                    ("suite", false),
                    ("begun", false),
                    ("measured", true),
                    ("not", true),
                ],
                newest_first(runs).map(|entry| {
                    let standing = measured(entry);
                    vec![
                        run(entry, ""),
                        name(&entry.device, entry.device_path()),
                        Field::text(entry.suite.clone()),
                        Field::text(entry.started_at.clone()),
                        count(standing),
                        count(entry.cells.len() - standing),
                    ]
                }),
            ),
        },
    )
}

/// The runs, the newest first.
pub(super) fn newest_first<'a>(runs: &[&'a RunEntry]) -> impl Iterator<Item = &'a RunEntry> + use<'a> {
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| (&b.started_at, &b.file).cmp(&(&a.started_at, &a.file)));
    runs.into_iter()
}

fn measured(run: &RunEntry) -> usize {
    run.cells.iter().filter(|seen| seen.rank != Rank::Out).count()
}

/// The cells that a task's runs advise, the most often advised first: `int8-static on ort (5 of 6)`.
fn answered(task: &str, runs: &[&RunEntry]) -> String {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let answers = runs.iter().flat_map(|run| &run.answers);
    for best in answers
        .filter(|answer| answer.task == task)
        .filter_map(|answer| answer.best.as_deref())
    {
        *times.entry(best).or_default() += 1;
    }
    let mut times: Vec<(&str, usize)> = times.into_iter().collect();
    times.sort_by_key(|(best, count)| (Reverse(*count), *best));
    let words: Vec<String> = times
        .iter()
        .take(ANSWERS)
        .map(|(best, count)| format!("{} ({count} of {})", shortened(best, 60), runs.len()))
        .collect();
    let more = times.len().saturating_sub(ANSWERS);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    words.join(", ") + &more
}

pub(super) fn count(count: usize) -> Field {
    Field::number(count.to_string(), Some(count as f64))
}

/// A table without facets.
pub(super) fn table(
    caption: &str,
    of: &'static str,
    headers: &[(&str, bool)],
    rows: impl Iterator<Item = Vec<Field>>,
) -> Table {
    Table {
        caption: caption.to_owned(),
        of,
        headers: headers
            .iter()
            .map(|(words, numeric)| Header::new(words, *numeric))
            .collect(),
        rows: rows
            .map(|fields| Row {
                fields,
                ..Row::default()
            })
            .collect(),
        facets: Vec::new(),
    }
}
