//! Profiles: what each operator of a plan's cells takes.
//!
//! Every cell gets a fresh worker that loads the model as a run does, and once more with its operators timed. What comes
//! back is joined with the nodes of the model file (`join`, `operators`, `kinds`). Nothing here is a latency: a profile is
//! a record of its own kind.

mod cell;
mod compare;
mod executed;
mod join;
mod kinds;
mod operators;
mod pairs;
mod reference;
mod search;
mod tapped;
mod tensors;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgebench_api::{Nanos, Peaks};
use edgebench_protocol::{Answer, MeasurePeaks, Request};
use edgebench_record::{CellId, Outcome, OutcomeKind, PROFILE_SCHEMA, ProfileRecord, ProfiledCell, Tool};
use edgebench_suites::Suite;

use crate::host::HostWatch;
use crate::invoke::environment;
use crate::prepare::{Prepared, prepare};
use crate::run::{RunError, fresh_id, now};
use crate::scrub::Scrub;
use crate::{Event, Plan, TaskInputs, Worker, WorkerCommand, WorkerFailure};

pub use reference::TensorOptions;
use reference::{Compared, reference};
use tensors::TensorsError;

/// What a profile needs beside its plan and its suite.
pub struct ProfileOptions<'a> {
    /// The command that starts a worker for a backend.
    pub command: &'a dyn Fn(&str) -> WorkerCommand,
    /// Inputs from elsewhere than the suite, by task id.
    pub inputs: BTreeMap<String, TaskInputs>,
    /// Set from outside to end the profile early; what is done is kept.
    pub interrupt: &'a AtomicBool,
    /// What measures.
    pub tool: Tool,
    /// A name of the machine that its user chose to publish.
    pub host_name: Option<String>,
    /// Profiled inferences of each cell, at most.
    pub runs: usize,
    /// How long a cell's inferences may take, with and without the profiler together.
    pub time: Duration,
    /// What is known already of what this machine can do at most.
    pub known_peaks: Vec<Peaks>,
    /// How the rest of it is measured; `None` where it is not wanted.
    pub peaks: Option<PeaksRequest>,
    /// Whether and how inner tensors are compared.
    pub tensors: Option<TensorOptions>,
    /// A folder for inputs and what runtimes write; it is removed at the end.
    pub work: PathBuf,
}

/// How the machine's peaks are measured.
pub struct PeaksRequest {
    /// The command of a worker that measures them.
    pub command: WorkerCommand,
    /// About how long it may take for each number of threads.
    pub time: Duration,
}

/// What a profile tells while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum ProfileEvent<'a> {
    /// A task's models are being checked and its inputs written.
    Preparing {
        /// The task's id.
        task: &'a str,
    },
    /// The machine's peaks are measured on so many threads.
    Peaks {
        /// Threads.
        threads: usize,
    },
    /// A cell's inner tensors are compared.
    Tensors {
        /// The cell.
        cell: &'a CellId,
        /// Tensors that are behind.
        done: usize,
        /// Tensors in all.
        total: usize,
    },
    /// A cell begins.
    Cell {
        /// The cell.
        cell: &'a CellId,
        /// Cells that are behind.
        done: usize,
        /// Cells in all.
        total: usize,
    },
}

/// Profiles a plan's cells, each once. Workers are started from the calling thread.
///
/// A worker that fails costs its own cell only and is no error here. After an interrupt the record holds what is done and
/// says so.
///
/// # Errors
/// [`RunError`]: a task's data, the work folder, or a plan that does not belong to the suite.
pub fn profile(
    plan: &Plan,
    suite: &Suite,
    options: ProfileOptions<'_>,
    observer: &mut dyn FnMut(ProfileEvent<'_>),
) -> Result<ProfileRecord, RunError> {
    let (id, started_at) = (fresh_id(), now());
    let host = HostWatch::start(Path::new("/"));
    let prepared = prepare(plan, suite, &options.inputs, &options.work, &mut |event| {
        if let Event::Preparing { task } = event {
            observer(ProfileEvent::Preparing { task });
        }
    })?;
    let (peaks, no_peaks) = peaks(plan, &options, observer);
    let mut cells = Vec::with_capacity(plan.cells.len());
    let mut interrupted = false;
    for (done, planned) in plan.cells.iter().enumerate() {
        let id = &planned.id;
        observer(ProfileEvent::Cell {
            cell: id,
            done,
            total: plan.cells.len(),
        });
        interrupted |= options.interrupt.load(Ordering::Relaxed);
        let mut cell = empty(suite, &prepared, id)?;
        if !interrupted && cell.outcome.is_measured() {
            let lacking = || RunError::OtherSuite(id.to_string());
            let task = suite.task(&id.task).ok_or_else(lacking)?;
            let asked = cell::Asked {
                id,
                model: &task.variant(&id.variant).ok_or_else(lacking)?.path,
                inputs: prepared.tasks.get(&id.task).ok_or_else(lacking)?,
                warm_up: Nanos(plan.measure.warm_up_ns),
                timeout: Duration::from_nanos(plan.measure.timeout_ns),
                folder: &options.work.join(format!("cell-{done}")),
            };
            interrupted |= cell::profile_cell(&asked, &options, &mut cell);
            if let Some(wanted) = options.tensors.as_ref().filter(|_| !interrupted) {
                let compared = Compared {
                    id,
                    task,
                    inputs: asked.inputs,
                    prepared: &prepared,
                    timeout: asked.timeout,
                    work: options.work.join(format!("tensors-{done}")),
                };
                let reference = reference(id, wanted, &task.baseline, &plan.reference);
                interrupted |= compare_cell(&compared, reference.as_ref(), &options, observer, &mut cell);
            }
        }
        if interrupted {
            cell.outcome = Outcome::of(OutcomeKind::Skipped, "the profile was interrupted");
        }
        cells.push(cell);
    }
    // What is left behind costs disk and nothing else.
    let _ = fs::remove_dir_all(&options.work);
    let optimised = options.tool.optimised;
    let mut record = ProfileRecord {
        schema: PROFILE_SCHEMA,
        id,
        started_at,
        finished_at: now(),
        interrupted,
        tool: options.tool,
        host: host.finish(options.host_name, optimised),
        suite: plan.suite.clone(),
        peaks,
        no_peaks,
        cells,
    };
    Scrub::of_this_process(Some(&options.work), &[&suite.folder]).profile(&mut record);
    Ok(record)
}

/// Compares a cell's inner tensors; why there is no comparison is among its remarks. Returns whether it was interrupted.
fn compare_cell(
    compared: &Compared<'_>,
    reference: Option<&CellId>,
    options: &ProfileOptions<'_>,
    observer: &mut dyn FnMut(ProfileEvent<'_>),
    cell: &mut ProfiledCell,
) -> bool {
    let (Some(reference), Some(wanted)) = (reference, &options.tensors) else {
        return false;
    };
    let id = compared.id;
    let mut progress = |done, total| observer(ProfileEvent::Tensors { cell: id, done, total });
    match reference::compare(compared, reference, options, &mut progress, wanted.samples) {
        Ok(comparison) => cell.tensors = Some(comparison),
        Err(TensorsError::Interrupted) => return true,
        Err(error) => {
            let mut why = error.to_string();
            let mut next = std::error::Error::source(&error);
            while let Some(cause) = next {
                why = format!("{why}: {cause}");
                next = cause.source();
            }
            cell.no_tensors = Some(why);
        }
    }
    false
}

/// The environment that a cell's workers are started with, and what the worker that was asked said last where it failed.
fn environment_of(
    command: &WorkerCommand,
    id: &CellId,
    timeout: Duration,
    interrupt: &AtomicBool,
) -> Result<BTreeMap<String, String>, (WorkerFailure, String)> {
    let worker = Worker::spawn(command, &BTreeMap::new(), interrupt).map_err(|failure| (failure, String::new()))?;
    environment(worker, &id.backend, &id.settings, timeout)
}

/// A cell of which nothing is known but its model.
fn empty(suite: &Suite, prepared: &Prepared, id: &CellId) -> Result<ProfiledCell, RunError> {
    let task = suite
        .task(&id.task)
        .ok_or_else(|| RunError::OtherSuite(id.to_string()))?;
    let model = prepared.models.get(&(id.task.clone(), id.variant.clone()));
    let refused = model.and_then(|model| model.refused.clone());
    Ok(ProfiledCell {
        id: id.clone(),
        baseline: task.baseline == id.variant,
        outcome: refused.unwrap_or_else(Outcome::measured),
        model: model.and_then(|model| model.facts.clone()),
        runtime: None,
        effective: BTreeMap::new(),
        profile: None,
        tensors: None,
        no_tensors: None,
    })
}

/// The machine's peaks for every number of threads in the plan: those that are known, and those that are measured now.
fn peaks(
    plan: &Plan,
    options: &ProfileOptions<'_>,
    observer: &mut dyn FnMut(ProfileEvent<'_>),
) -> (Vec<Peaks>, Option<String>) {
    let mut threads: Vec<usize> = plan.cells.iter().map(|cell| cell.id.settings.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let mut found = Vec::new();
    let mut why = None;
    for threads in threads {
        if let Some(known) = options.known_peaks.iter().find(|peaks| peaks.threads == threads) {
            found.push(known.clone());
            continue;
        }
        let Some(request) = &options.peaks else {
            why = Some("nobody asked for the machine's peaks".to_owned());
            continue;
        };
        observer(ProfileEvent::Peaks { threads });
        match measure_peaks(request, threads, options.interrupt) {
            Ok(peaks) => found.push(peaks),
            Err(failure) => why = Some(failure.to_string()),
        }
    }
    (found, why)
}

/// Has a worker measure what its machine can do at most on so many threads.
///
/// # Errors
/// [`WorkerFailure`]: the worker failed, or does not measure peaks.
pub fn measure_peaks(request: &PeaksRequest, threads: usize, interrupt: &AtomicBool) -> Result<Peaks, WorkerFailure> {
    /// What starting and answering take beside the measurement.
    const SLACK: Duration = Duration::from_mins(1);

    let mut worker = Worker::spawn(&request.command, &BTreeMap::new(), interrupt)?;
    worker.hello(SLACK)?;
    let asked = MeasurePeaks {
        threads,
        time_ns: Nanos::from(request.time),
    };
    let peaks = match worker.request(Request::Peaks(asked), request.time * 2 + SLACK)? {
        Answer::Peaks(peaks) => peaks,
        other => return Err(WorkerFailure::unexpected("peaks", &other)),
    };
    // The figures are there; how the worker ends does not change them.
    let _ = worker.bye(SLACK);
    Ok(peaks)
}
