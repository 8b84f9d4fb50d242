//! Profiles: what each operator of a plan's cells takes.
//!
//! Every cell gets fresh workers, in rounds over all cells, each of which loads the model as a run does, and once more with
//! its operators timed. What comes back is joined with the nodes of the model file (`join`, `operators`, `kinds`). Nothing
//! here is a latency: a profile is a record of its own kind.

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
mod times;

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
use crate::run::{RunError, now};
use crate::scrub::Scrub;
use crate::{Event, Plan, TaskInputs, Worker, WorkerCommand, WorkerFailure};

use cell::{Asked, Processes};
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
    /// The profile's id ([`fresh_id`](crate::run::fresh_id)).
    pub id: String,
    /// Fresh processes of each cell; at least 1.
    pub invocations: usize,
    /// Profiled inferences of each cell, at most, shared among its processes.
    pub runs: usize,
    /// How long a cell's inferences may take, with and without the profiler together, in all its processes.
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

impl ProfileOptions<'_> {
    /// Processes of each cell: no more than there are inferences.
    fn processes(&self) -> usize {
        self.invocations.clamp(1, self.runs.max(1))
    }

    /// Profiled inferences of a cell's process, counted from 0.
    fn runs_of(&self, process: usize) -> usize {
        let (runs, processes) = (self.runs.max(1), self.processes());
        runs / processes + usize::from(process < runs % processes)
    }
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
    /// A process of a cell begins.
    Cell {
        /// The cell.
        cell: &'a CellId,
        /// Processes that are behind, of all cells.
        done: usize,
        /// Processes in all.
        total: usize,
    },
}

/// Profiles a plan's cells, each in several processes. Workers are started from the calling thread.
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
    let started_at = now();
    let host = HostWatch::start(Path::new("/"));
    let prepared = prepare(plan, suite, &options.inputs, &options.work, &mut |event| {
        if let Event::Preparing { task } = event {
            observer(ProfileEvent::Preparing { task });
        }
    })?;
    let (peaks, no_peaks) = peaks(plan, &options, observer);
    let asked = plan
        .cells
        .iter()
        .enumerate()
        .map(|(place, planned)| {
            asked(
                plan,
                suite,
                &prepared,
                &planned.id,
                options.work.join(format!("cell-{place}")),
            )
        })
        .collect::<Result<Vec<Asked<'_>>, RunError>>()?;
    let mut cells = asked
        .iter()
        .map(|asked| empty(&prepared, asked))
        .collect::<Vec<ProfiledCell>>();
    let mut interrupted = rounds(&asked, &options, &mut cells, observer);
    if let Some(wanted) = &options.tensors {
        for (place, (asked, cell)) in asked.iter().zip(&mut cells).enumerate() {
            if interrupted || cell.profile.is_none() {
                continue;
            }
            let compared = Compared {
                id: asked.id,
                task: asked.task,
                inputs: asked.inputs,
                prepared: &prepared,
                timeout: asked.timeout,
                work: options.work.join(format!("tensors-{place}")),
            };
            let reference = reference(asked.id, wanted, &asked.task.baseline, &plan.reference);
            interrupted |= compare_cell(&compared, reference.as_ref(), &options, observer, cell);
        }
    }
    // What is left behind costs disk and nothing else.
    let _ = fs::remove_dir_all(&options.work);
    let optimised = options.tool.optimised;
    let mut record = ProfileRecord {
        schema: PROFILE_SCHEMA,
        id: options.id,
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

/// Profiles all cells, one process of each by turns; whether that was interrupted. A cell of which some processes were
/// profiled has these.
fn rounds(
    asked: &[Asked<'_>],
    options: &ProfileOptions<'_>,
    cells: &mut [ProfiledCell],
    observer: &mut dyn FnMut(ProfileEvent<'_>),
) -> bool {
    let (invocations, total) = (options.processes(), cells.len());
    let mut processes: Vec<Processes> = cells.iter().map(|_| Processes::default()).collect();
    let mut interrupted = false;
    for round in 0..invocations {
        for (place, (asked, cell)) in asked.iter().zip(&mut *cells).enumerate() {
            interrupted |= options.interrupt.load(Ordering::Relaxed);
            if interrupted {
                continue;
            }
            observer(ProfileEvent::Cell {
                cell: asked.id,
                done: round * total + place,
                total: invocations * total,
            });
            interrupted |= options.interrupt.load(Ordering::Relaxed);
            if !interrupted && cell.outcome.is_measured() {
                interrupted |= processes[place].add(asked, options, round, cell);
            }
        }
    }
    for ((asked, cell), processes) in asked.iter().zip(&mut *cells).zip(processes) {
        if processes.is_empty() && interrupted && cell.outcome.is_measured() {
            cell.outcome = Outcome::of(OutcomeKind::Skipped, "the profile was interrupted");
        }
        processes.finish(asked, cell);
    }
    interrupted
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

/// What is asked of a cell's workers.
fn asked<'a>(
    plan: &Plan,
    suite: &'a Suite,
    prepared: &'a Prepared,
    id: &'a CellId,
    folder: PathBuf,
) -> Result<Asked<'a>, RunError> {
    let lacking = || RunError::OtherSuite(id.to_string());
    let task = suite.task(&id.task).ok_or_else(lacking)?;
    Ok(Asked {
        id,
        task,
        model: &task.variant(&id.variant).ok_or_else(lacking)?.path,
        inputs: prepared.tasks.get(&id.task).ok_or_else(lacking)?,
        warm_up: Nanos(plan.measure.warm_up_ns),
        timeout: Duration::from_nanos(plan.measure.timeout_ns),
        folder,
    })
}

/// A cell of which nothing is known but its model.
fn empty(prepared: &Prepared, asked: &Asked<'_>) -> ProfiledCell {
    let id = asked.id;
    let model = prepared.models.get(&(id.task.clone(), id.variant.clone()));
    let refused = model.and_then(|model| model.refused.clone());
    ProfiledCell {
        id: id.clone(),
        baseline: asked.task.baseline == id.variant,
        outcome: refused.unwrap_or_else(Outcome::measured),
        model: model.and_then(|model| model.facts.clone()),
        runtime: None,
        effective: BTreeMap::new(),
        profile: None,
        tensors: None,
        no_tensors: None,
    }
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
