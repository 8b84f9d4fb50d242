//! Many records as a small static site: an index, and a page per run, task, device and cell.
//!
//! A record is read, its page written, and put away; the other pages are made of what [`RunEntry`] keeps. Every link
//! is relative, so that the site works from any folder.
//!
//! | module | idea |
//! |---|---|
//! | `entry` | what is kept of a record once its own page is written |
//! | `names` | safe file names |
//! | `index`, `task`, `device`, `cell` | the pages |
//! | `words` | figures and links as the pages show them |

mod cell;
mod device;
mod entry;
mod index;
mod names;
mod task;
mod words;

use std::collections::BTreeMap;

use edgebench_record::{CellId, Record};

pub(crate) use entry::advices;
pub use entry::{Answer, RunEntry, Sighting};
pub(crate) use entry::{device, device_name};
pub(crate) use names::slug;

use crate::html::{Crumb, RunLinks, Templates, advised_page};
use crate::{Budget, ReportError, cells_csv};

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Its place below the site's folder: safe names, joined by `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A record that could not be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Which.
    pub what: String,
    /// Why.
    pub why: String,
}

/// The page of a record's run and its table of cells, and what the other pages need of it. The raw record belongs to
/// [`raw_path`].
///
/// `text` is the record's file as it was read: by it the run's pages are named, so that they keep their names whatever
/// other records stand beside it.
///
/// # Errors
/// [`ReportError`]: a template that does not fit.
pub fn run_files(
    record: &Record,
    text: &[u8],
    templates: &Templates,
    budget: Option<&Budget>,
) -> Result<(RunEntry, [SiteFile; 2]), ReportError> {
    let advices = entry::advices(record, budget);
    let entry = RunEntry::with(record, names::file_name_of(&record.id, text), &advices);
    let links = RunLinks {
        above: vec![
            Crumb::new("all runs", "../index.html"),
            Crumb::new(entry.device.clone(), format!("../{}", entry.device_path())),
        ],
        data: vec![
            Crumb::new("record (JSON)", format!("../{}", raw_path(&entry))),
            Crumb::new("cells (CSV)", format!("../data/{}.csv", entry.file)),
        ],
    };
    let files = [
        SiteFile {
            path: format!("data/{}.csv", entry.file),
            text: cells_csv(record)?,
        },
        SiteFile {
            path: entry.path(),
            text: advised_page(record, &entry, &advices, templates, &links)?,
        },
    ];
    Ok((entry, files))
}

/// Where a run's record goes, as it is.
pub fn raw_path(run: &RunEntry) -> String {
    format!("data/{}.json", run.file)
}

/// The pages that set runs side by side. Runs are put into the order of their devices, then of their beginning.
///
/// # Errors
/// [`ReportError`] for a template that does not fit, otherwise what `write` says.
pub fn site_files<E: From<ReportError>>(
    runs: &mut [RunEntry],
    problems: &[Problem],
    templates: &Templates,
    mut write: impl FnMut(SiteFile) -> Result<(), E>,
) -> Result<(), E> {
    runs.sort_by(|a, b| (&a.device, &a.started_at, &a.file).cmp(&(&b.device, &b.started_at, &b.file)));
    let all: Vec<&RunEntry> = runs.iter().collect();
    let mut put =
        |path: String, text: Result<String, ReportError>| -> Result<(), E> { write(SiteFile { path, text: text? }) };
    put("index.html".to_owned(), index::page(&all, problems, templates))?;
    for (name, of) in entry::by_device(&all) {
        put(entry::device_path(name), device::page(name, &of, templates))?;
    }
    let cells = entry::by_cell(&all);
    let mut by_task: BTreeMap<&str, Vec<(&CellId, &[Seen<'_>])>> = BTreeMap::new();
    for (id, seen) in &cells {
        by_task.entry(&id.task).or_default().push((id, seen));
    }
    for (task, of) in entry::by_task(&all) {
        let cells = by_task.get(task).map(Vec::as_slice).unwrap_or_default();
        put(entry::task_path(task), task::page(task, &of, cells, templates))?;
    }
    for (id, seen) in &cells {
        put(entry::cell_path(id), cell::page(id, seen, templates))?;
    }
    Ok(())
}

/// A cell wherever it was tried: the run and what became of it there.
pub(crate) type Seen<'a> = (&'a RunEntry, &'a Sighting);

/// What a cell is called where its task is known: `int8-static on ort`, with settings that are not the defaults.
pub(crate) fn cell_name(id: &CellId) -> String {
    crate::text::plain(&format!("{} on {}{}", id.variant, id.backend, words::settings(id)))
}
