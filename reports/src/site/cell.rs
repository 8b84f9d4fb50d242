//! A cell wherever it was tried.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_record::CellId;
use serde::Serialize;

use super::entry::task_path;

use super::words::{figure_headers, name, row, run};
use super::{RunEntry, Seen, cell_name};
use crate::ReportError;
use crate::html::{Crumb, Field, Header, Table, Templates};
use crate::picture::{Picture, across_devices};
use crate::text::{counted, plain, shortened};

#[derive(Serialize)]
struct CellPage {
    title: String,
    above: [Crumb; 2],
    about: String,
    /// What the runs do not have in common; empty where it is all the same.
    differences: String,
    pictures: Vec<Picture>,
    runs: Table,
}

/// Which model files and test data stand behind a cell's name.
struct Files<'a> {
    models: usize,
    data: usize,
    /// The runs with the model file that most have, the newest of these where two are as frequent.
    alike: Vec<&'a RunEntry>,
}

impl<'a> Files<'a> {
    fn of(seen: &[Seen<'a>]) -> Self {
        let mut by_model: BTreeMap<&str, Vec<&RunEntry>> = BTreeMap::new();
        for (run, seen) in seen {
            by_model.entry(&seen.model).or_default().push(run);
        }
        let data: BTreeSet<&str> = seen.iter().map(|(_, seen)| seen.data.as_str()).collect();
        let models = by_model.len();
        let newest = |runs: &[&RunEntry]| runs.iter().map(|run| run.started_at.clone()).max();
        let alike = by_model.into_values().max_by_key(|runs| (runs.len(), newest(runs)));
        Self {
            models,
            data: data.len(),
            alike: alike.unwrap_or_default(),
        }
    }

    fn words(&self) -> String {
        let mut parts = Vec::new();
        if self.models > 1 {
            parts.push(format!(
                "{} different model files have this name: their figures are not of the same model. The picture is of \
                 the one that most runs have.",
                self.models
            ));
        }
        if self.data > 1 {
            parts.push(format!(
                "The runs used {} different sets of test data: their accuracies are not comparable.",
                self.data
            ));
        }
        parts.join(" ")
    }
}

pub(super) fn page(id: &CellId, seen: &[Seen<'_>], templates: &Templates) -> Result<String, ReportError> {
    let files = Files::of(seen);
    let mut headers = vec![Header::new("device", false), Header::new("run", false)];
    if files.models > 1 {
        headers.push(Header::new("model file", false));
    }
    if files.data > 1 {
        headers.push(Header::new("test data", false));
    }
    headers.extend(figure_headers());
    let rows = seen
        .iter()
        .map(|(entry, seen)| {
            let device = name(&entry.device, format!("../{}", entry.device_path()));
            let mut fields = vec![device, run(entry, "../")];
            fields.extend((files.models > 1).then(|| Field::text(seen.model.clone())));
            fields.extend((files.data > 1).then(|| Field::text(seen.data.clone())));
            row(fields, seen, vec![entry.device.clone(), seen.outcome.name().to_owned()])
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
            about: format!(
                "{}, tried in {}",
                shortened(&plain(&id.to_string()), 160),
                counted(seen.len(), "run")
            ),
            differences: files.words(),
            pictures: across_devices(id, &files.alike).into_iter().collect(),
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
