//! One cell's workers, asked for its operators.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edgebench_api::{ErrorKind, Nanos};
use edgebench_graph::Graph;
use edgebench_protocol::{Answer, Loaded, MAX_PROFILED, Profile, Profiled, Request, WarmUp};
use edgebench_record::{CellId, OutcomeKind, ProfiledCell};
use edgebench_suites::Task;

use super::operators::cell_profile;
use super::{ProfileOptions, environment_of};
use crate::invoke::{RING, load, warm_up};
use crate::prepare::PreparedTask;
use crate::{Worker, WorkerFailure};

/// Runs before anything is timed, at least.
const WARM_UP_RUNS: u64 = 3;

/// What is asked of a cell.
pub(super) struct Asked<'a> {
    pub(super) id: &'a CellId,
    pub(super) task: &'a Task,
    pub(super) model: &'a Path,
    pub(super) inputs: &'a PreparedTask,
    pub(super) warm_up: Nanos,
    pub(super) timeout: Duration,
    /// A folder of the cell's own.
    pub(super) folder: PathBuf,
}

/// What a cell's processes told so far.
#[derive(Default)]
pub(super) struct Processes {
    told: Vec<Profiled>,
    /// The graph as the first of them executes it.
    executed: Option<Graph>,
    /// What the worker said of the cell.
    loaded: Option<Loaded>,
    /// How long its inferences took, with and without the profiler.
    spent: Duration,
    /// Why there are not as many as there should be.
    remark: Option<String>,
}

impl Processes {
    /// Whether no process has told anything.
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Profiles one more process of a cell. Where the first one fails the cell's outcome says so; where a later one does, the
    /// cell has those before it. Returns whether the profile was interrupted.
    pub(super) fn add(
        &mut self,
        asked: &Asked<'_>,
        options: &ProfileOptions<'_>,
        round: usize,
        cell: &mut ProfiledCell,
    ) -> bool {
        if self.remark.is_some() {
            return false;
        }
        let of_all = format!("{round} of {} processes", options.processes());
        if self.spent >= options.time {
            self.remark = Some(format!("{of_all}: the time for a cell's inferences (--time) was over"));
            return false;
        }
        let folder = asked.folder.join(round.to_string());
        let mut stage = "spawn";
        match ask(asked, options, round, &folder, &mut stage) {
            Ok((loaded, profiled, spent)) => {
                self.spent += spent;
                if self.told.is_empty() {
                    // It is of use alone: without it, operators have no names for their values.
                    let executed = profiled.profile.executed_model.as_deref();
                    self.executed = executed.and_then(|path| read_within(&folder, path));
                    self.loaded = Some(loaded);
                }
                self.told.push(profiled);
                false
            }
            Err((WorkerFailure::Interrupted, _)) => true,
            Err((failure, tail)) => {
                if self.told.is_empty() {
                    let unknown =
                        matches!(&failure, WorkerFailure::Answered(error) if error.kind == ErrorKind::Protocol);
                    cell.outcome = failure.outcome(stage, tail);
                    if unknown {
                        cell.outcome.kind = OutcomeKind::Unsupported;
                    }
                } else {
                    self.remark = Some(format!("{of_all}: the next one failed in {stage}: {failure}"));
                }
                false
            }
        }
    }

    /// Puts what they told into the cell.
    pub(super) fn finish(self, asked: &Asked<'_>, cell: &mut ProfiledCell) {
        let Some(loaded) = self.loaded else { return };
        // A runtime of one's own may take files of another format.
        let graph = edgebench_graph::read(asked.model);
        let costs = graph
            .as_ref()
            .map(|graph| graph.costs(&shapes(asked)))
            .unwrap_or_default();
        let provider = loaded.spec.effective.get("execution_provider").map(String::as_str);
        let mut profile = cell_profile(self.told, graph.as_ref(), &costs, self.executed.as_ref(), provider);
        profile.remarks.extend(self.remark);
        cell.runtime = Some(loaded.probe);
        cell.profile = Some(profile);
        cell.effective = loaded.spec.effective;
    }
}

type Failed = (WorkerFailure, String);

fn ask(
    asked: &Asked<'_>,
    options: &ProfileOptions<'_>,
    round: usize,
    folder: &Path,
    stage: &mut &'static str,
) -> Result<(Loaded, Profiled, Duration), Failed> {
    let command = (options.command)(&asked.id.backend);
    let variables = environment_of(&command, asked.id, asked.timeout, options.interrupt)?;
    let mut worker =
        Worker::spawn(&command, &variables, options.interrupt).map_err(|failure| (failure, String::new()))?;
    match steps(&mut worker, asked, options, round, folder, stage) {
        Ok(found) => {
            // The figures are there; how the worker ends does not change them.
            let _ = worker.bye(asked.timeout);
            Ok(found)
        }
        Err(failure) => Err((failure, worker.stderr_tail())),
    }
}

fn steps(
    worker: &mut Worker<'_>,
    asked: &Asked<'_>,
    options: &ProfileOptions<'_>,
    round: usize,
    folder: &Path,
    stage: &mut &'static str,
) -> Result<(Loaded, Profiled, Duration), WorkerFailure> {
    worker.hello(asked.timeout)?;
    *stage = "load";
    let loaded = load(worker, asked.id, asked.model, asked.inputs, RING, asked.timeout)?;
    *stage = "warm_up";
    let request = WarmUp {
        min_ns: asked.warm_up,
        min_runs: WARM_UP_RUNS,
    };
    warm_up(worker, request, asked.timeout)?;
    *stage = "profile";
    let time = options.time / u32::try_from(options.processes()).unwrap_or(u32::MAX);
    fs::create_dir_all(folder)
        .map_err(|error| WorkerFailure::Protocol(format!("cannot make the folder for the profile: {error}")))?;
    let request = Profile {
        folder: folder.to_owned(),
        runs: options.runs_of(round).clamp(1, MAX_PROFILED),
        max_ns: Nanos::from(time),
    };
    // The model is loaded once more, and a turn may end after the time is over.
    let deadline = asked.timeout * 2 + time * 2;
    let begin = Instant::now();
    match worker.request(Request::Profile(request), deadline)? {
        Answer::Profiled(profiled) if profiled.profiled_ns.is_empty() => {
            Err(WorkerFailure::Protocol("`profiled` holds no inference".to_owned()))
        }
        Answer::Profiled(profiled) => Ok((loaded, *profiled, begin.elapsed())),
        other => Err(WorkerFailure::unexpected("profile", &other)),
    }
}

/// A model that a worker says it wrote, if it lies in the folder that it was given.
fn read_within(folder: &Path, path: &Path) -> Option<Graph> {
    let (folder, path) = (folder.canonicalize().ok()?, path.canonicalize().ok()?);
    path.starts_with(&folder).then(|| edgebench_graph::read(&path).ok())?
}

/// The shapes that the cell's model is loaded for.
fn shapes(asked: &Asked<'_>) -> BTreeMap<String, Vec<u64>> {
    let batch = asked.id.settings.batch as u64;
    let shapes = asked.inputs.shapes.iter().map(|(name, sample)| {
        let shape = std::iter::once(batch).chain(sample.iter().map(|&extent| extent as u64));
        (name.clone(), shape.collect())
    });
    shapes.collect()
}
