//! A cell wherever it was tried.

use edgebench_record::CellId;
use serde::Serialize;

use super::entry::task_path;
use super::index::counted;
use super::words::{figure_headers, name, row, run};
use super::{RunEntry, Seen, cell_name};
use crate::ReportError;
use crate::html::{Crumb, Header, Table, Templates};
use crate::picture::{Picture, across_devices};
use crate::text::{plain, shortened};

#[derive(Serialize)]
struct CellPage {
    title: String,
    above: [Crumb; 2],
    about: String,
    pictures: Vec<Picture>,
    runs: Table,
}

pub(super) fn page(id: &CellId, seen: &[Seen<'_>], templates: &Templates) -> Result<String, ReportError> {
    let runs: Vec<&RunEntry> = seen.iter().map(|(run, _)| *run).collect();
    let mut headers = vec![Header::new("device", false), Header::new("run", false)];
    headers.extend(figure_headers());
    let rows = seen
        .iter()
        .map(|(entry, seen)| {
            let device = name(&entry.device, format!("../{}", entry.device_path()));
            row(
                vec![device, run(entry, "../")],
                seen,
                vec![entry.device.clone(), seen.outcome.name().to_owned()],
            )
        })
        .collect();
    templates.page(
        "cell.html",
        &CellPage {
            title: shortened(&cell_name(id), 120),
            above: [
                Crumb::new("all runs", "../index.html"),
                Crumb::new(plain(&id.task), format!("../{}", task_path(&id.task))),
            ],
            about: format!("{}, tried in {}", plain(&id.to_string()), counted(seen.len(), "run")),
            pictures: across_devices(id, &runs).into_iter().collect(),
            runs: Table {
                caption: "Where it was tried".to_owned(),
                of: "runs",
                headers,
                rows,
                facets: Vec::new(),
            }
            .with_facets(&["device", "outcome"]),
        },
    )
}
