//! A device: its runs, and every cell of its newest run.

use serde::Serialize;

use super::entry::cell_path;
use super::index::{newest_first, table};
use super::words::{figure_headers, name, row, run};
use super::{RunEntry, cell_name};
use crate::ReportError;
use crate::html::{Crumb, Field, Header, Table, Templates};
use crate::text::{counted, plain};

#[derive(Serialize)]
struct DevicePage {
    title: String,
    above: [Crumb; 1],
    about: String,
    answers: Vec<String>,
    warnings: Vec<String>,
    runs: Table,
    newest: String,
    cells: Table,
}

pub(super) fn page(device: &str, runs: &[&RunEntry], templates: &Templates) -> Result<String, ReportError> {
    let newest = newest_first(runs).next();
    let cells = newest.map(|run| run.cells.as_slice()).unwrap_or_default();
    let mut headers = vec![Header::new("cell", false), Header::new("task", false)];
    headers.extend(figure_headers());
    let rows = cells
        .iter()
        .map(|seen| {
            let id = &seen.cell;
            let fields = vec![
                name(&cell_name(id), format!("../{}", cell_path(id))),
                Field::text(plain(&id.task)),
            ];
            row(fields, seen, vec![plain(&id.task), plain(&id.backend)])
        })
        .collect();
    templates.page(
        "device.html",
        &DevicePage {
            title: device.to_owned(),
            above: [Crumb::new("all runs", "../index.html")],
            about: counted(runs.len(), "run"),
            answers: newest
                .map(|run| run.answers.iter().map(|answer| answer.words.clone()).collect())
                .unwrap_or_default(),
            warnings: newest.map(|run| run.warnings.clone()).unwrap_or_default(),
            runs: table(
                "Runs",
                "runs",
                &[("run", false), ("suite", false), ("begun", false)],
                newest_first(runs).map(|entry| {
                    vec![
                        run(entry, "../"),
                        Field::text(entry.suite.clone()),
                        Field::text(entry.started_at.clone()),
                    ]
                }),
            ),
            newest: newest.map(|run| run.id.clone()).unwrap_or_default(),
            cells: Table {
                caption: "Cells of the newest run".to_owned(),
                of: "cells",
                headers,
                rows,
                facets: Vec::new(),
            }
            .with_facets(&["task", "backend"]),
        },
    )
}
