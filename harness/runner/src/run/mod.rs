//! The run: rounds, journal, record.

mod energy;
mod progress;
mod scenarios;
mod state;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use edgebench_api::Settings;
use edgebench_meters::proxy::Calibration;
use edgebench_record::{Ended, Entry, Header, Mode, Outcome, Overhead, Record, SCHEMA, Store, StoreError, Tool};
use edgebench_suites::{Suite, SuiteError};

use crate::checks::overhead;
use crate::energy::{EnergyError, Meter, energy_sources, proxies};
use crate::host::{HostWatch, start_gate};
use crate::invoke::{Attempt, Task, environment, invoke};
use crate::judge::judge;
use crate::prepare::{PrepareError, Prepared, prepare};
use crate::scrub::Scrub;
use crate::summarise::p50;
use crate::worker::Start;
use crate::worker::cgroup::Groups;
use crate::{Event, Plan, TaskInputs, Worker, WorkerCommand, WorkerFailure};
use progress::Progress;
pub(crate) use state::CellState;

/// The folder within a run's folder that holds inputs and outputs while the run goes on.
const WORK: &str = "work";

/// What a run needs beside its plan and its suite.
pub struct RunOptions<'a> {
    /// The command that starts a worker for a backend.
    pub command: &'a dyn Fn(&str) -> WorkerCommand,
    /// Inputs from elsewhere than the suite, by task id.
    pub inputs: BTreeMap<String, TaskInputs>,
    /// Set from outside to end the run early; what is done is kept.
    pub interrupt: &'a AtomicBool,
    /// What measures.
    pub tool: Tool,
    /// A name of the machine that its user chose to publish.
    pub host_name: Option<String>,
    /// What goes before every worker's program, for the record.
    pub worker_prefix: Vec<String>,
    /// The backend that does no work, for the harness's own overhead.
    pub idle_backend: Option<String>,
    /// The longest that the machine is waited for until it is fit.
    pub start_gate: Duration,
    /// What a calibration on this machine found.
    pub calibration: Option<Calibration>,
}

/// Why a run could not go on. What is done is in the journal.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The run's folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task's data.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The journal belongs to another plan.
    #[error("the run in {} was begun under another plan", .0.display())]
    OtherPlan(PathBuf),
    /// Energy that was asked for.
    #[error(transparent)]
    Energy(#[from] EnergyError),
    /// The plan belongs to another suite.
    #[error("the plan names `{0}`, which the suite lacks")]
    OtherSuite(String),
    /// The folder for inputs and outputs.
    #[error("cannot make the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RunError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => Some(error.hint().to_owned()),
            Self::Suite(error) => error.hint(),
            Self::Energy(error) => error.hint(),
            Self::OtherPlan(_) => Some("resume it with the arguments and files that it was begun with".to_owned()),
            Self::OtherSuite(_) => Some("plan again with this suite".to_owned()),
            Self::Folder { .. } => Some("check that the disk is not full and the folder can be written to".to_owned()),
        }
    }
}

impl From<PrepareError> for RunError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Suite(error) => Self::Suite(error),
            PrepareError::Task(name) => Self::OtherSuite(name),
            PrepareError::Folder { path, source } => Self::Folder { path, source },
        }
    }
}

/// The header of a new run's journal: a fresh id that sorts by time, the time, the plan.
pub fn header(plan: &Plan, arguments: Vec<String>) -> Header {
    Header {
        schema: SCHEMA,
        id: fresh_id(),
        started_at: now(),
        plan_sha256: plan.sha256(),
        plan: serde_json::to_value(plan).unwrap_or_default(),
        arguments,
    }
}

/// An id that sorts by time: of a run or a gate.
pub fn fresh_id() -> String {
    let random = uuid::Uuid::now_v7().simple().to_string();
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{now}-{}", &random[random.len() - 6..])
}

/// The time now, as records have it: RFC 3339, UTC, to the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Carries out a plan, or what a resumed store lacks of it, and writes the record. Workers are started from the calling
/// thread, which must not end before this returns.
///
/// A worker that fails costs its own cell only and is no error here. After an interrupt the record holds what is done
/// and says so.
///
/// # Errors
/// [`RunError`]: the store, a task's data, or a plan that does not belong to store or suite.
pub fn run(
    plan: &Plan,
    suite: &Suite,
    options: &RunOptions<'_>,
    store: &mut Store,
    observer: &mut dyn FnMut(Event<'_>),
) -> Result<Record, RunError> {
    if store.header().plan_sha256 != plan.sha256() {
        return Err(RunError::OtherPlan(store.folder().to_owned()));
    }
    let facts = HostWatch::start(Path::new("/")).facts().clone();
    if let Some(energy) = &plan.energy {
        // Tried before anything is measured, since nothing of it would be wanted without its energy; and shut again, so that
        // nothing is read beside the timed work.
        drop(Meter::open(energy, &facts, &options.worker_prefix)?);
    }
    let work = store.folder().join(WORK);
    let prepared = prepare(plan, suite, &options.inputs, &work, observer)?;
    let mut cells = CellState::restore(plan, store.entries(), &work);
    refuse(plan, &prepared, &mut cells, store)?;
    let mut run = Run {
        plan,
        suite,
        options,
        prepared: &prepared,
        work: &work,
        progress: Progress::new(plan, &cells),
        cells,
        environments: HashMap::new(),
        groups: Groups::find(Path::new("/"), plan.measure.memory_limit_bytes.is_some())
            .map_err(|error| error.to_string()),
    };
    observer(Event::Waiting);
    let interrupt = || options.interrupt.load(Ordering::Relaxed);
    let start_gate = start_gate(Path::new("/"), options.start_gate, &interrupt);
    // What the class is of: the time on which the cells' figures rest.
    let host = HostWatch::start(Path::new("/"));
    let overhead = run.overhead();
    let mut interrupted = run.rounds(store, observer)?;
    let host = host.finish(options.host_name.clone(), options.tool.optimised);
    interrupted = interrupted || run.scenarios(store, observer)?;
    let mut energy_sources = energy_sources(&facts);
    let mut meter = None;
    if let (false, Some(energy)) = (interrupted, &plan.energy) {
        match Meter::open(energy, &facts, &options.worker_prefix) {
            Ok(opened) => meter = opened,
            // What was measured until here is kept.
            Err(error) => energy_sources.absent.push(error.absent()),
        }
        if let Some(meter) = &meter {
            interrupted = run.energy(energy, meter, store, observer)?;
        }
    }
    energy_sources.used = meter.as_ref().map(|meter| meter.source.name.clone());
    observer(Event::Judging);
    let mut cells = judge(
        plan,
        suite,
        &prepared,
        run.cells,
        interrupted,
        !options.worker_prefix.is_empty(),
    );
    for cell in &mut cells {
        cell.proxies = proxies(cell, options.calibration.as_ref());
        if let (Some(energy), Some(meter)) = (&mut cell.energy, &meter) {
            energy.remarks.extend(meter.remarks());
        }
    }
    let mut record = Record {
        schema: SCHEMA,
        id: store.header().id.clone(),
        started_at: store.header().started_at.clone(),
        finished_at: now(),
        interrupted,
        tool: options.tool.clone(),
        host,
        plan: plan.facts(&options.worker_prefix),
        tasks: prepared.tasks.into_values().map(|task| task.facts).collect(),
        cells,
        energy_sources: Some(energy_sources),
        overhead,
        start_gate: Some(start_gate),
    };
    Scrub::of_this_process(Some(&work), &[&suite.folder]).record(&mut record);
    store.finish(&record)?;
    if !interrupted {
        // What is left behind costs disk and nothing else.
        let _ = fs::remove_dir_all(&work);
    }
    Ok(record)
}

/// Ends the cells whose model is not what the manifest says, before anything runs.
fn refuse(plan: &Plan, prepared: &Prepared, cells: &mut [CellState], store: &mut Store) -> Result<(), StoreError> {
    for (index, planned) in plan.cells.iter().enumerate() {
        let key = (planned.id.task.clone(), planned.id.variant.clone());
        let refused = prepared.models.get(&key).and_then(|model| model.refused.clone());
        if let Some(outcome) = refused.filter(|_| cells[index].ended.is_none()) {
            cells[index].ended = Some(outcome.clone());
            store.append(Entry::Ended(Box::new(Ended { cell: index, outcome })))?;
        }
    }
    Ok(())
}

/// The environment for a backend with its settings, or why there is none: asked for once.
type Environments = HashMap<(String, Settings), Result<BTreeMap<String, String>, Box<Outcome>>>;

struct Run<'a> {
    plan: &'a Plan,
    suite: &'a Suite,
    options: &'a RunOptions<'a>,
    prepared: &'a Prepared,
    work: &'a Path,
    cells: Vec<CellState>,
    progress: Progress,
    environments: Environments,
    /// Where a worker gets a control group of its own, or why it gets none.
    groups: Result<Groups, String>,
}

impl Run<'_> {
    /// Runs what is left of all rounds. Returns whether it was interrupted.
    fn rounds(&mut self, store: &mut Store, observer: &mut dyn FnMut(Event<'_>)) -> Result<bool, RunError> {
        let plan = self.plan;
        for (round, order) in plan.order.iter().enumerate() {
            for (position, &cell) in order.iter().enumerate() {
                if self.cells[cell].ended.is_some() || self.cells[cell].has_run(round) {
                    continue;
                }
                if self.options.interrupt.load(Ordering::Relaxed) {
                    return Ok(true);
                }
                if self.one(cell, round, position, store, observer)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn one(
        &mut self,
        cell: usize,
        round: usize,
        position: usize,
        store: &mut Store,
        observer: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool, RunError> {
        let plan = self.plan;
        let id = &plan.cells[cell].id;
        let (done, total, remaining) = self.progress.figures(&self.cells);
        observer(Event::Started {
            cell: id,
            round,
            done,
            total,
            remaining,
        });
        let start = Instant::now();
        let attempt = match self.environment(&id.backend, &id.settings) {
            Err(outcome) => Err(outcome),
            Ok(environment) => Ok(self.attempt(cell, round, position, &environment)?),
        };
        let wall = start.elapsed();
        let mut p50_ns = None;
        let ended = match attempt {
            Ok(attempt) => {
                // A measurement whose evaluation was cut short is done again with it: no later round may be left.
                if attempt.interrupted {
                    return Ok(true);
                }
                if attempt.not_held.is_some() {
                    self.cells[cell].not_held = attempt.not_held;
                }
                if let Some(finished) = attempt.finished {
                    p50_ns = p50(&finished.invocation);
                    self.progress.took(cell, wall, finished.evaluation.as_ref());
                    self.cells[cell].add(&finished, self.work);
                    store.append(Entry::Finished(Box::new(finished)))?;
                }
                attempt.ended
            }
            Err(outcome) => Some(*outcome),
        };
        if self.options.interrupt.load(Ordering::Relaxed) && p50_ns.is_none() {
            return Ok(true);
        }
        if let Some(outcome) = ended {
            self.cells[cell].ended = Some(outcome.clone());
            store.append(Entry::Ended(Box::new(Ended { cell, outcome })))?;
        }
        let (done, total, remaining) = self.progress.figures(&self.cells);
        observer(Event::Finished {
            cell: id,
            round,
            p50_ns,
            ended: self.cells[cell].ended.as_ref(),
            done,
            total,
            remaining,
        });
        Ok(false)
    }

    fn attempt(
        &self,
        cell: usize,
        round: usize,
        position: usize,
        environment: &BTreeMap<String, String>,
    ) -> Result<Attempt, RunError> {
        let id = &self.plan.cells[cell].id;
        let lacking = || RunError::OtherSuite(id.to_string());
        let task = self.suite.task(&id.task).ok_or_else(lacking)?;
        let variant = task.variant(&id.variant).ok_or_else(lacking)?;
        let inputs = self.prepared.tasks.get(&id.task).ok_or_else(lacking)?;
        let outputs = self.work.join(format!("outputs-{cell}.safetensors"));
        let task = Task {
            id,
            cell,
            round,
            position,
            model: &variant.path,
            inputs,
            measure: &self.plan.measure,
            answer: task.output.as_deref(),
            outputs: self.cells[cell].evaluation.is_none().then_some(outputs.as_path()),
            quick: self.plan.mode == Mode::Quick,
        };
        let command = (self.options.command)(&id.backend);
        Ok(invoke(self.start(&command, environment), &task))
    }

    /// How a cell's workers are started.
    fn start<'b>(&'b self, command: &'b WorkerCommand, environment: &'b BTreeMap<String, String>) -> Start<'b> {
        Start {
            command,
            environment,
            groups: self.groups.as_ref().map_err(String::as_str),
            limit: self.plan.measure.memory_limit_bytes,
            interrupt: self.options.interrupt,
            no_group: OnceCell::new(),
        }
    }

    /// The same for workers whose memory is no figure: a group only where it is to hold a limit, for making one takes
    /// time.
    fn limited<'b>(&'b self, command: &'b WorkerCommand, environment: &'b BTreeMap<String, String>) -> Start<'b> {
        let mut start = self.start(command, environment);
        if start.limit.is_none() {
            start.groups = Err("no limit was asked for");
        }
        start
    }

    /// What the harness itself takes, with the first task's inputs. `None` where it could not be measured.
    fn overhead(&self) -> Option<Overhead> {
        let backend = self.options.idle_backend.as_deref()?;
        let cell = &self.plan.cells.first()?.id;
        let variant = self.suite.task(&cell.task)?.variant(&cell.variant)?;
        let inputs = self.prepared.tasks.get(&cell.task)?;
        let timeout = Duration::from_nanos(self.plan.measure.timeout_ns);
        let command = (self.options.command)(backend);
        overhead(
            &command,
            backend,
            &variant.path,
            inputs,
            timeout,
            self.options.interrupt,
        )
        .ok()
    }

    fn environment(&mut self, backend: &str, settings: &Settings) -> Result<BTreeMap<String, String>, Box<Outcome>> {
        let key = (backend.to_owned(), settings.clone());
        if let Some(known) = self.environments.get(&key) {
            return known.clone();
        }
        let command = (self.options.command)(backend);
        let timeout = Duration::from_nanos(self.plan.measure.timeout_ns);
        let asked = Worker::spawn(&command, &BTreeMap::new(), self.options.interrupt)
            .map_err(|failure| (failure, String::new()))
            .and_then(|worker| environment(worker, backend, settings, timeout))
            .map_err(|(failure, tail): (WorkerFailure, String)| Box::new(failure.outcome("spawn", tail)));
        self.environments.insert(key, asked.clone());
        asked
    }
}
