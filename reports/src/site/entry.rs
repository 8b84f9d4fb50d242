//! What a site keeps of a record once its own page is written: enough to set runs and devices side by side, so that a
//! thousand records need not be held at once.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_record::{Accuracy, CellId, Figure, Host, Metric, OutcomeKind, OutputsVerdict, Record, figure, figures};

use super::Seen;
use super::names::file_name;
use crate::advice::{Advice, advise};
use crate::budget::Budget;
use crate::picture::measured;
use crate::ranking::{Rank, rank, significant};
use crate::text::plain;

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEntry {
    /// The run's id, plain text.
    pub id: String,
    /// The file name of its pages and data, without ending: safe on any file system, and no other run's.
    pub file: String,
    /// The device, by the name that its owner gave it or by its processor; plain text.
    pub device: String,
    /// The suite, plain text.
    pub suite: String,
    /// RFC 3339, UTC; plain text.
    pub started_at: String,
    /// What makes its figures less trustworthy, one line each; plain text.
    pub warnings: Vec<String>,
    /// The answers, one per task.
    pub answers: Vec<Answer>,
    /// Its cells, in the record's order.
    pub cells: Vec<Sighting>,
}

/// The answer for a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The task's id, as the record has it.
    pub task: String,
    /// The advice in words, plain text.
    pub words: String,
    /// The cell to ship, plain text; absent where there is none.
    pub best: Option<String>,
}

/// One cell of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The cell. Its strings are as the record has them.
    pub cell: CellId,
    /// The first digits of the model file's SHA-256, plain text; empty where it is not known.
    pub model: String,
    /// The first digits of the test data's SHA-256, plain text; empty where it is not known.
    pub data: String,
    /// Where it stands within its task and run.
    pub rank: Rank,
    /// What became of it.
    pub outcome: OutcomeKind,
    /// Why, for what was not measured; plain text.
    pub reason: String,
    /// Its figures, in the order of the metrics; accuracy under the task's own metric.
    pub figures: Vec<(&'static Metric, Figure)>,
    /// The task's accuracy.
    pub accuracy: Option<Figure>,
    /// Accuracy less the baseline variant's, a fraction, with whether that is significant.
    pub delta: Option<(f64, Option<bool>)>,
}

impl Sighting {
    /// A figure by its metric's id; absent for a cell whose figures do not stand.
    pub fn figure(&self, metric: &str) -> Option<Figure> {
        let found = self.figures.iter().find(|(known, _)| known.id == metric);
        found.map(|(_, figure)| *figure).filter(|_| self.rank != Rank::Out)
    }
}

impl RunEntry {
    /// Keeps what a site needs of a record; its answers hold to the budget.
    pub fn of(record: &Record, file: String, budget: Option<&Budget>) -> Self {
        Self::with(record, file, &advices(record, budget))
    }

    /// The same with the advice on each of the record's tasks.
    pub(crate) fn with(record: &Record, file: String, advices: &[Advice]) -> Self {
        let cells = record
            .cells
            .iter()
            .map(|cell| {
                let task = record.tasks.iter().find(|task| task.id == cell.id.task);
                let compared = |accuracy: &Accuracy| {
                    let delta = accuracy.delta.as_ref()?;
                    Some((delta.value, significant(accuracy, delta)))
                };
                let why = match cell.outputs.verdict {
                    OutputsVerdict::Differ if !cell.outputs.why.is_empty() => &cell.outputs.why,
                    _ => &cell.outcome.reason,
                };
                Sighting {
                    cell: cell.id.clone(),
                    model: digits(cell.model.as_ref().map(|model| model.sha256.as_str())),
                    data: digits(task.and_then(|task| task.data_sha256.as_deref())),
                    rank: rank(task, cell),
                    outcome: cell.outcome.kind,
                    reason: plain(why),
                    figures: figures(cell)
                        .map(|(metric, known)| {
                            let measured = measured(cell, metric.id).filter(|_| metric.id == "throughput");
                            (metric, measured.unwrap_or(known))
                        })
                        .collect(),
                    accuracy: figure(cell, "accuracy"),
                    delta: cell.accuracy.as_ref().and_then(compared),
                }
            })
            .collect();
        Self {
            id: plain(&record.id),
            file,
            device: plain(&device(record)),
            suite: plain(&record.plan.suite),
            started_at: plain(&record.started_at),
            warnings: record
                .host
                .warnings
                .iter()
                .map(|warning| plain(&warning.fact))
                .collect(),
            answers: advices
                .iter()
                .map(|advice| Answer {
                    task: advice.task.clone(),
                    words: advice.words(),
                    best: advice.best.as_ref().map(|best| best.named.title.clone()),
                })
                .collect(),
            cells,
        }
    }

    /// The run's page.
    pub(crate) fn path(&self) -> String {
        format!("runs/{}.html", self.file)
    }

    /// The page of its device.
    pub(crate) fn device_path(&self) -> String {
        device_path(&self.device)
    }
}

/// The advice on each of a record's tasks.
pub(crate) fn advices(record: &Record, budget: Option<&Budget>) -> Vec<Advice> {
    let tasks = record.tasks.iter();
    tasks.map(|task| advise(record, task, budget)).collect()
}

/// As much of a hash as tells two files apart.
fn digits(sha256: Option<&str>) -> String {
    plain(sha256.unwrap_or_default()).chars().take(8).collect()
}

/// The page of a device.
pub(crate) fn device_path(name: &str) -> String {
    format!("devices/{}.html", file_name(&[name]))
}

/// The page of a task.
pub(crate) fn task_path(id: &str) -> String {
    format!("tasks/{}.html", file_name(&[id]))
}

/// The page of a cell.
pub(crate) fn cell_path(id: &CellId) -> String {
    let settings = &id.settings;
    let (threads, batch) = (format!("t{}", settings.threads), format!("b{}", settings.batch));
    let mut parts = vec![
        id.task.as_str(),
        &id.variant,
        &id.backend,
        &threads,
        &batch,
        &settings.device,
    ];
    parts.extend(settings.options.iter().flat_map(|(name, value)| [name.as_str(), value]));
    format!("cells/{}.html", file_name(&parts))
}

/// The runs of each device, by its name.
pub(crate) fn by_device<'a>(runs: &[&'a RunEntry]) -> BTreeMap<&'a str, Vec<&'a RunEntry>> {
    let mut map: BTreeMap<&str, Vec<&RunEntry>> = BTreeMap::new();
    for run in runs {
        map.entry(&run.device).or_default().push(run);
    }
    map
}

/// The runs that have a cell of each task, by its id.
pub(crate) fn by_task<'a>(runs: &[&'a RunEntry]) -> BTreeMap<&'a str, Vec<&'a RunEntry>> {
    let mut map: BTreeMap<&str, Vec<&RunEntry>> = BTreeMap::new();
    for run in runs {
        let tasks: BTreeSet<&str> = run.cells.iter().map(|seen| seen.cell.task.as_str()).collect();
        for task in tasks {
            map.entry(task).or_default().push(run);
        }
    }
    map
}

/// Each cell wherever it was tried.
pub(crate) fn by_cell<'a>(runs: &[&'a RunEntry]) -> BTreeMap<&'a CellId, Vec<Seen<'a>>> {
    let mut map: BTreeMap<&CellId, Vec<Seen<'_>>> = BTreeMap::new();
    for run in runs {
        for seen in &run.cells {
            map.entry(&seen.cell).or_default().push((run, seen));
        }
    }
    map
}

/// What a device is called: the name that its owner gave it, its processor, or its architecture and system. Of one that
/// was emulated the name says so, for its times mean nothing wherever they stand.
pub(crate) fn device(record: &Record) -> String {
    device_name(&record.host)
}

/// The same of a host.
pub(crate) fn device_name(host: &Host) -> String {
    let named = |name: &Option<String>| name.clone().filter(|name| !plain(name).is_empty());
    let name = named(&host.name)
        .or_else(|| named(&host.cpu_model))
        .unwrap_or_else(|| format!("{} {}", host.architecture, host.system));
    if host.emulated {
        format!("{name} (emulated)")
    } else {
        name
    }
}
