//! A task on all devices: the answer on each, the ranking, every cell.

use std::collections::BTreeSet;

use edgebench_record::{CellId, Figure};
use serde::Serialize;

use super::entry::cell_path;
use super::index::{count, table};
use super::words::{figure, name, run};
use super::{RunEntry, Seen, cell_name};
use crate::ReportError;
use crate::html::{Crumb, Field, Header, Row, Table, Templates};
use crate::picture::{Picture, Unit, ranking_overlap, scaling};
use crate::text::{counted, plain};

/// The most pictures of how a variant scales with threads; the cells' pages have the figures of all.
const SCALING_PICTURES: usize = 6;

#[derive(Serialize)]
struct TaskPage {
    title: String,
    above: [Crumb; 1],
    about: String,
    answers: Table,
    pictures: Vec<Picture>,
    cells: Table,
}

pub(super) fn page(
    task: &str,
    runs: &[&RunEntry],
    cells: &[(&CellId, &[Seen<'_>])],
    templates: &Templates,
) -> Result<String, ReportError> {
    let devices: BTreeSet<&str> = runs.iter().map(|run| run.device.as_str()).collect();
    templates.page(
        "task.html",
        &TaskPage {
            title: plain(task),
            above: [Crumb::new("all runs", "../index.html")],
            about: format!(
                "{} in {} on {}",
                counted(cells.len(), "cell"),
                counted(runs.len(), "run"),
                counted(devices.len(), "device")
            ),
            answers: table(
                "The answer of each run",
                "runs",
                &[("device", false), ("run", false), ("answer", false)],
                runs.iter().map(|entry| {
                    vec![
                        name(&entry.device, format!("../{}", entry.device_path())),
                        run(entry, "../"),
                        Field::text(answer(entry, task)),
                    ]
                }),
            ),
            pictures: pictures(task, runs, cells),
            cells: cells_table(cells),
        },
    )
}

/// A run's answer for a task.
pub(super) fn answer(run: &RunEntry, task: &str) -> String {
    let found = run.answers.iter().find(|answer| answer.task == task);
    found.map(|answer| answer.words.clone()).unwrap_or_default()
}

fn pictures(task: &str, runs: &[&RunEntry], cells: &[(&CellId, &[Seen<'_>])]) -> Vec<Picture> {
    let pairs: BTreeSet<(&str, &str)> = cells
        .iter()
        .map(|(id, _)| (id.variant.as_str(), id.backend.as_str()))
        .collect();
    let mut pictures: Vec<Picture> = ranking_overlap(task, runs).into_iter().collect();
    pictures.extend(
        pairs
            .into_iter()
            .filter_map(|(variant, backend)| scaling(runs, task, variant, backend))
            .take(SCALING_PICTURES),
    );
    for (number, picture) in pictures.iter_mut().enumerate() {
        picture.number(number);
    }
    pictures
}

/// One row a cell: on how many devices it was measured, where it is fastest and slowest.
fn cells_table(cells: &[(&CellId, &[Seen<'_>])]) -> Table {
    let rows = cells
        .iter()
        .map(|(id, seen)| {
            let mut times: Vec<(&RunEntry, Figure)> = seen
                .iter()
                .filter_map(|(run, seen)| Some((*run, seen.figure("latency_p50")?)))
                .collect();
            times.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
            let end = |end: Option<&(&RunEntry, Figure)>| {
                let (time, device) = match end {
                    Some((run, time)) => (Some(*time), run.device.clone()),
                    None => (None, String::new()),
                };
                [figure(Unit::Time, time), Field::text(device)]
            };
            let mut fields = vec![
                name(&cell_name(id), format!("../{}", cell_path(id))),
                count(times.len()),
                count(seen.len() - times.len()),
            ];
            let models: BTreeSet<&str> = seen.iter().map(|(_, seen)| seen.model.as_str()).collect();
            fields.push(count(models.len()));
            fields.extend(end(times.first()));
            fields.extend(end(times.last()));
            Row {
                fields,
                facets: vec![plain(&id.variant), plain(&id.backend)],
                out: times.is_empty(),
                best: false,
            }
        })
        .collect();
    Table {
        caption: "Every cell".to_owned(),
        of: "cells",
        headers: [
            ("cell", false),
            ("measured", true),
            ("not", true),
            ("model files", true),
            ("fastest p50", true),
            ("on", false),
            ("slowest p50", true),
            ("on", false),
        ]
        .map(|(words, numeric)| Header::new(words, numeric))
        .into(),
        rows,
        facets: Vec::new(),
    }
    .with_facets(&["variant", "backend"])
}
