//! The page of one run: the answer, the cells, the machine, how to do it again; then pictures and each cell in detail.

use std::collections::BTreeSet;

use edgebench_api::Bytes;
use edgebench_record::{Cell, OutputsVerdict, Record, TaskFacts};
use serde::Serialize;

use super::fits::fits;
use super::table::{Table, cells_table};
use super::templates::Templates;
use crate::ReportError;
use crate::about::about;
use crate::advice::Advice;
use crate::budget::Budget;
use crate::caveats::caveats;
use crate::columns::columns;
use crate::evidence::{
    HostCard, Linked, Section, energy, host_card, memory as memory_section, phases, proxies, scenarios,
};
use crate::facts::{command, reasons, run_facts};
use crate::picture::{Picture, ecdf, latency, memory, per_class, scaling, series, speed_up, trade_offs};
use crate::ranking::{Rank, ranked};
use crate::site::{RunEntry, advices, device};
use crate::text::{plain, shortened, significant};

/// The longest name of a cell that a heading shows.
const NAME_CHARACTERS: usize = 120;

/// The longest run id that a page shows.
const ID_CHARACTERS: usize = 80;

/// The most that a page shows of what a worker wrote.
const STDERR_CHARACTERS: usize = 4000;

/// The most pictures of how a variant scales with threads.
const SCALING_PICTURES: usize = 4;

/// Where a run's page leads. Every link is relative to the page.
#[derive(Debug, Clone, Default)]
pub struct RunLinks {
    /// The pages above it, from the top.
    pub(crate) above: Vec<Crumb>,
    /// Its data: what it is, and where.
    pub(crate) data: Vec<Crumb>,
}

/// A link with its words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Crumb {
    pub(crate) words: String,
    pub(crate) href: String,
}

impl Crumb {
    pub(crate) fn new(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            href: href.into(),
        }
    }
}

impl RunLinks {
    /// A page with its record and its cells in a folder `data` beside it.
    pub fn with_data() -> Self {
        Self {
            above: Vec::new(),
            data: [("record (JSON)", "data/record.json"), ("cells (CSV)", "data/cells.csv")]
                .map(|(words, href)| Crumb::new(words, href))
                .into(),
        }
    }

    /// The page of a run in the run's own folder, beside its record and tables.
    pub fn beside() -> Self {
        Self {
            above: Vec::new(),
            data: [
                ("record (JSON)", "record.json"),
                ("cells (CSV)", "cells.csv"),
                ("samples (CSV)", "samples.csv"),
            ]
            .map(|(words, href)| Crumb::new(words, href))
            .into(),
        }
    }
}

#[derive(Serialize)]
struct RunPage<'a> {
    title: String,
    above: &'a [Crumb],
    suite: String,
    device: String,
    run: String,
    started: String,
    tasks: Vec<TaskPart>,
    caveats: Vec<String>,
    evidence: Vec<Section>,
    host: HostCard,
    facts: Vec<(String, String)>,
    command: String,
    manifest: Option<String>,
    data: &'a [Crumb],
}

#[derive(Serialize)]
struct TaskPart {
    /// The section's id.
    anchor: String,
    name: String,
    description: String,
    about: String,
    answer: String,
    table: Table,
    /// What fits a budget, where one is given.
    fits: Option<Table>,
    pictures: Vec<Picture>,
    cells: Vec<CellPart>,
}

#[derive(Serialize)]
struct CellPart {
    anchor: String,
    name: String,
    outcome: &'static str,
    measured: bool,
    facts: Vec<(&'static str, String)>,
    reasons: Vec<String>,
    stderr: String,
    /// Its memory by phase.
    memory: Option<Table>,
    picture: Option<Picture>,
}

/// The page of one run, complete in itself: it needs no other file.
///
/// # Errors
/// [`ReportError::Template`] for a template that a user replaced and that does not fit; those built in have none.
pub fn run_page(
    record: &Record,
    templates: &Templates,
    links: &RunLinks,
    budget: Option<&Budget>,
) -> Result<String, ReportError> {
    let advices = advices(record, budget);
    let entry = RunEntry::with(record, String::new(), &advices);
    advised_page(record, &entry, &advices, templates, links)
}

/// The same with the advice on each of its tasks, and with what pictures of several runs are made of.
pub(crate) fn advised_page(
    record: &Record,
    entry: &RunEntry,
    advices: &[Advice],
    templates: &Templates,
    links: &RunLinks,
) -> Result<String, ReportError> {
    let (suite, device) = (plain(&record.plan.suite), plain(&device(record)));
    let linked = all_linked(record);
    templates.page(
        "run.html",
        &RunPage {
            title: format!("{} on {}", shortened(&suite, 60), shortened(&device, 60)),
            above: &links.above,
            suite: shortened(&suite, ID_CHARACTERS),
            device: shortened(&device, ID_CHARACTERS),
            run: shortened(&plain(&record.id), ID_CHARACTERS),
            started: plain(&record.started_at),
            tasks: record
                .tasks
                .iter()
                .zip(advices)
                .enumerate()
                .map(|(number, (task, advice))| task_part(record, entry, task, number, advice))
                .collect(),
            caveats: caveats(record),
            evidence: [
                Some(energy(record, &linked)),
                proxies(&linked),
                memory_section(&linked),
                scenarios(record, &linked),
            ]
            .into_iter()
            .flatten()
            .collect(),
            host: host_card(record),
            facts: run_facts(record),
            command: command(&record.tool),
            manifest: record.plan.suite_sha256.as_deref().map(plain),
            data: &links.data,
        },
    )
}

/// The cells of all tasks in the order of the page, each with where its details are.
fn all_linked(record: &Record) -> Vec<Linked<'_>> {
    let tasks = record.tasks.iter().enumerate();
    tasks
        .flat_map(|(number, task)| linked(number, &ranked(record, &task.id)))
        .collect()
}

/// A task's cells with where their details are.
fn linked<'a>(number: usize, cells: &[(Rank, &'a Cell)]) -> Vec<Linked<'a>> {
    let places = cells.iter().enumerate();
    places
        .map(|(place, (rank, cell))| (*rank, *cell, format!("#{}", anchor(number, place))))
        .collect()
}

fn task_part(record: &Record, entry: &RunEntry, task: &TaskFacts, number: usize, advice: &Advice) -> TaskPart {
    let cells = ranked(record, &task.id);
    let name = plain(&task.id);
    let linked = linked(number, &cells);
    let mut pictures = pictures(record, entry, task);
    for picture in &mut pictures {
        // Two tasks may have ids that look alike.
        picture.number(number);
    }
    TaskPart {
        anchor: format!("task-{number}"),
        description: plain(&task.description),
        about: about(task, &cells, plain).join(" · "),
        answer: advice.words(),
        fits: fits(advice, &linked),
        table: cells_table(
            format!("Cells of {name}"),
            &linked,
            &columns(&cells, task.metric.as_deref(), plain),
            advice.best.as_ref().map(|best| &best.named.cell),
        ),
        pictures,
        cells: cells
            .iter()
            .enumerate()
            .map(|(place, (_, cell))| cell_part(record, cell, number, place))
            .collect(),
        name,
    }
}

fn anchor(task: usize, place: usize) -> String {
    format!("cell-{task}-{place}")
}

/// The pictures of a task: what to choose first, then what lies behind it.
fn pictures(record: &Record, entry: &RunEntry, task: &TaskFacts) -> Vec<Picture> {
    let mut pictures = trade_offs(record, task);
    pictures.extend(speed_up(record, task));
    pictures.extend(latency(record, task));
    pictures.extend(ecdf(record, task));
    pictures.extend(memory(record, task));
    pictures.extend(per_class(record, task));
    let pairs: BTreeSet<(&str, &str)> = entry
        .cells
        .iter()
        .filter(|seen| seen.cell.task == task.id)
        .map(|seen| (seen.cell.variant.as_str(), seen.cell.backend.as_str()))
        .collect();
    pictures.extend(
        pairs
            .into_iter()
            .filter_map(|(variant, backend)| scaling(&[entry], &task.id, variant, backend))
            .take(SCALING_PICTURES),
    );
    pictures
}

fn cell_part(record: &Record, cell: &Cell, task: usize, place: usize) -> CellPart {
    let stderr = cell
        .outcome
        .stderr_tail
        .lines()
        .map(plain)
        .collect::<Vec<_>>()
        .join("\n");
    CellPart {
        anchor: anchor(task, place),
        name: shortened(&plain(&cell.id.to_string()), NAME_CHARACTERS),
        outcome: cell.outcome.kind.name(),
        measured: cell.outcome.is_measured(),
        facts: cell_facts(cell),
        reasons: reasons(cell),
        stderr: shortened(stderr.trim(), STDERR_CHARACTERS),
        memory: phases(cell),
        picture: series(record, cell, place).map(|mut picture| {
            picture.number(task);
            picture
        }),
    }
}

fn size(bytes: u64) -> String {
    Bytes(bytes).to_string()
}

/// What is known of a cell beyond its row.
fn cell_facts(cell: &Cell) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut fact = |name, words: Option<String>| facts.extend(words.map(|words| (name, plain(&words))));
    if let Some(model) = &cell.model {
        fact("model file", Some(model.file.clone()));
        fact(
            "SHA-256",
            Some(model.sha256.clone()).filter(|sha256| !sha256.is_empty()),
        );
        fact("parameters", model.parameters.map(|count| count.to_string()));
        fact("of them zero", model.zero_parameters.map(|count| count.to_string()));
        fact(
            "multiply-accumulates of one sample",
            model.macs.map(|count| count.to_string()),
        );
        let by_type = model.macs_by_dtype.iter();
        let by_type: Vec<String> = by_type.map(|(name, count)| format!("{name} × {count}")).collect();
        fact(
            "of them by type",
            Some(by_type.join(", ")).filter(|words| !words.is_empty()),
        );
        fact("bytes moved for one sample", model.bytes_moved.map(size));
        fact("weights", model.weight_bytes.map(size));
        fact("live activations, at most", model.live_activation_bytes.map(size));
        fact(
            "operators not counted",
            Some(model.uncounted.join(", ")).filter(|words| !words.is_empty()),
        );
        let operators: Vec<String> = model
            .operators
            .iter()
            .map(|(name, count)| format!("{name} × {count}"))
            .collect();
        fact(
            "operators",
            Some(operators.join(", ")).filter(|words| !words.is_empty()),
        );
    }
    let runtime = cell.runtime.as_ref();
    fact(
        "runtime",
        runtime.map(|runtime| format!("{} {}", runtime.runtime, runtime.version)),
    );
    let effective: Vec<String> = cell
        .effective
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    fact(
        "settings in effect",
        Some(effective.join(", ")).filter(|words| !words.is_empty()),
    );
    if let Some(summary) = &cell.summary {
        let latency = &summary.latency;
        fact(
            "timed",
            Some(format!("{} inferences in {} processes", latency.n, summary.invocations)),
        );
        fact(
            "throughput",
            Some(format!("{} samples a second", significant(summary.throughput_per_s))),
        );
        fact(
            "processor time of an inference",
            summary.cpu_per_inference_ns.map(|time| time.to_string()),
        );
    }
    let outputs = match cell.outputs.verdict {
        OutputsVerdict::Agree => "agree",
        OutputsVerdict::Differ => "differ",
        OutputsVerdict::Reference => "are the reference",
        OutputsVerdict::Unchecked => "unchecked",
    };
    let why = &cell.outputs.why;
    fact(
        "outputs",
        Some(if why.is_empty() {
            outputs.to_owned()
        } else {
            format!("{outputs}: {why}")
        }),
    );
    facts
}
