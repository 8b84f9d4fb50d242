//! One cell's worker, asked for its operators.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use edgebench_api::{ErrorKind, Nanos};
use edgebench_graph::Graph;
use edgebench_protocol::{Answer, Loaded, MAX_PROFILED, Profile, Profiled, Request, WarmUp};
use edgebench_record::{CellId, OutcomeKind, ProfiledCell};

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
    pub(super) model: &'a Path,
    pub(super) inputs: &'a PreparedTask,
    pub(super) warm_up: Nanos,
    pub(super) timeout: Duration,
    /// A folder of the cell's own.
    pub(super) folder: &'a Path,
}

/// Profiles one cell; its outcome says what became of it. Returns whether the profile was interrupted.
pub(super) fn profile_cell(asked: &Asked<'_>, options: &ProfileOptions<'_>, cell: &mut ProfiledCell) -> bool {
    // A runtime of one's own may take files of another format.
    let graph = edgebench_graph::read(asked.model);
    let mut stage = "spawn";
    match ask(asked, options, &mut stage) {
        Ok((loaded, profiled)) => {
            let executed = profiled.profile.executed_model.as_deref();
            // It is of use alone: without it, operators have no names for their values.
            let executed = executed.and_then(|path| read_within(asked.folder, path));
            let costs = graph
                .as_ref()
                .map(|graph| graph.costs(&shapes(asked)))
                .unwrap_or_default();
            let provider = loaded.spec.effective.get("execution_provider").map(String::as_str);
            cell.runtime = Some(loaded.probe);
            cell.profile = Some(cell_profile(
                profiled,
                graph.as_ref(),
                &costs,
                executed.as_ref(),
                provider,
            ));
            cell.effective = loaded.spec.effective;
            false
        }
        Err((WorkerFailure::Interrupted, _)) => true,
        Err((failure, tail)) => {
            let unknown = matches!(&failure, WorkerFailure::Answered(error) if error.kind == ErrorKind::Protocol);
            cell.outcome = failure.outcome(stage, tail);
            if unknown {
                cell.outcome.kind = OutcomeKind::Unsupported;
            }
            false
        }
    }
}

type Failed = (WorkerFailure, String);

fn ask(
    asked: &Asked<'_>,
    options: &ProfileOptions<'_>,
    stage: &mut &'static str,
) -> Result<(Loaded, Profiled), Failed> {
    let command = (options.command)(&asked.id.backend);
    let variables = environment_of(&command, asked.id, asked.timeout, options.interrupt)?;
    let mut worker =
        Worker::spawn(&command, &variables, options.interrupt).map_err(|failure| (failure, String::new()))?;
    match steps(&mut worker, asked, options, stage) {
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
    stage: &mut &'static str,
) -> Result<(Loaded, Profiled), WorkerFailure> {
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
    fs::create_dir_all(asked.folder)
        .map_err(|error| WorkerFailure::Protocol(format!("cannot make the folder for the profile: {error}")))?;
    let request = Profile {
        folder: asked.folder.to_owned(),
        runs: options.runs.clamp(1, MAX_PROFILED),
        max_ns: Nanos::from(options.time),
    };
    // The model is loaded once more, and a turn may end after the time is over.
    let deadline = asked.timeout * 2 + options.time * 2;
    match worker.request(Request::Profile(request), deadline)? {
        Answer::Profiled(profiled) if profiled.profiled_ns.is_empty() => {
            Err(WorkerFailure::Protocol("`profiled` holds no inference".to_owned()))
        }
        Answer::Profiled(profiled) => Ok((loaded, *profiled)),
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
