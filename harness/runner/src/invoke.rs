//! One invocation of one cell: a fresh worker from `hello` to `bye`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use edgebench_api::{Nanos, Probe, Settings};
use edgebench_protocol::{Answer, Evaluate, Load, Loaded, Measure, Measured, Request, WarmUp, WarmedUp, WorkerError};
use edgebench_record::{CellId, Evaluation, Finished, Invocation, MemoryPhases, Outcome, RepeatedInput, SelfChecks};

use crate::WorkerFailure;
use crate::checks::repeated_input;
use crate::plan::MeasurePlan;
use crate::prepare::PreparedTask;
use crate::summarise::p50;
use crate::worker::{Start, Worker};

/// The most batches of inputs that rotate through the timed region; large inputs make fewer.
pub(crate) const RING: usize = 64;

/// An evaluation that would take longer, in seconds, is done on a fixed part of the test set.
const LONG_EVALUATION_S: f64 = 60.0;

/// The same in a quick run, whose evaluations are always done on a part.
const LONG_QUICK_EVALUATION_S: f64 = 5.0;

/// An invocation takes no more samples than this: they are kept in memory while memory is measured, and each of them is
/// written to the record.
const MAX_SAMPLES: u64 = 100_000;

/// How much longer than its minimum a measurement may become for the sake of its smallest number of samples.
const STRETCH: u64 = 4;

/// How much longer than projected an evaluation may take, copies and page faults included, beside the timeout.
const EVALUATION_SLACK: f64 = 3.0;

/// What one invocation is to do.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    pub(crate) id: &'a CellId,
    pub(crate) cell: usize,
    pub(crate) round: usize,
    pub(crate) position: usize,
    pub(crate) model: &'a Path,
    pub(crate) inputs: &'a PreparedTask,
    pub(crate) measure: &'a MeasurePlan,
    /// The output that carries the answer; the model's first when absent.
    pub(crate) answer: Option<&'a str>,
    /// Where the outputs of an evaluation go; `None` when the cell has been evaluated.
    pub(crate) outputs: Option<&'a Path>,
    /// Whether the run is a quick one.
    pub(crate) quick: bool,
}

/// What came of an invocation: figures, an end of the cell, or both when measuring went well and evaluating did not.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) finished: Option<Finished>,
    pub(crate) ended: Option<Outcome>,
    pub(crate) interrupted: bool,
    /// Why the memory limit that was asked for did not hold the worker; absent where it did, and where none was asked for.
    pub(crate) not_held: Option<String>,
}

/// The environment that a backend wants its worker to be started with.
pub(crate) fn environment(
    worker: Worker<'_>,
    backend: &str,
    settings: &Settings,
    timeout: Duration,
) -> Result<BTreeMap<String, String>, (WorkerFailure, String)> {
    let mut worker = worker;
    let asked = worker.hello(timeout).and_then(|_| {
        let request = Request::Environment {
            backend: backend.to_owned(),
            settings: settings.clone(),
        };
        match worker.request(request, timeout)? {
            Answer::Environment(environment) => Ok(environment.variables),
            other => Err(WorkerFailure::unexpected("environment", &other)),
        }
    });
    let asked = asked.map_err(|failure| (failure, worker.stderr_tail()))?;
    // The answer is there; how the worker ends does not matter any more.
    let _ = worker.bye(timeout);
    Ok(asked)
}

/// Runs one invocation.
pub(crate) fn invoke(start: Start<'_>, task: &Task<'_>) -> Attempt {
    let mut stage = "spawn";
    let mut tail = String::new();
    let mut finished = None;
    // What a prefix starts may be on another machine: its group is no figure of the worker.
    let charged = start.command.prefix.is_empty();
    let result = start.worker().and_then(|mut worker| {
        let result = steps(&mut worker, task, charged, &mut stage, &mut finished);
        tail = worker.stderr_tail();
        if result.is_ok() {
            // All figures are there; how the worker ends does not change them.
            let _ = worker.bye(Duration::from_nanos(task.measure.timeout_ns));
        }
        result
    });
    let (ended, interrupted) = match result {
        Ok(()) => (None, false),
        Err(WorkerFailure::Interrupted) => (None, true),
        Err(failure) => (Some(failure.outcome(stage, tail)), false),
    };
    Attempt {
        finished,
        ended,
        interrupted,
        not_held: start.not_held(),
    }
}

fn steps(
    worker: &mut Worker<'_>,
    task: &Task<'_>,
    charged: bool,
    stage: &mut &'static str,
    finished: &mut Option<Finished>,
) -> Result<(), WorkerFailure> {
    let timeout = Duration::from_nanos(task.measure.timeout_ns);
    worker.hello(timeout)?;
    *stage = "load";
    let loaded = load(worker, task.id, task.model, task.inputs, RING, timeout)?;
    *stage = "warm_up";
    let request = WarmUp {
        min_ns: Nanos(task.measure.warm_up_ns),
        min_runs: if task.quick { 1 } else { 3 },
    };
    let warmed_up = warm_up(worker, request, timeout)?;
    *stage = "measure";
    let measured = measure(worker, task, timeout)?;
    let done = finished.insert(figures(task, loaded, &warmed_up, measured)?);
    // Before the evaluation, which maps a whole data set.
    done.invocation.cgroup_peak_bytes = worker.charged_peak().filter(|_| charged);
    let Some(outputs) = task.outputs else { return Ok(()) };
    *stage = "evaluate";
    let median = p50(&done.invocation).unwrap_or(0.0);
    let repeated = repeated_input(worker, done.invocation.ring, median, task.quick, timeout)?;
    done.evaluation = Some(evaluate(worker, task, outputs, median, repeated, timeout)?);
    Ok(())
}

/// Loads a cell's model with a ring of so many batches; the settings in effect are those that were asked for.
pub(crate) fn load(
    worker: &mut Worker<'_>,
    id: &CellId,
    model: &Path,
    inputs: &PreparedTask,
    ring: usize,
    timeout: Duration,
) -> Result<Loaded, WorkerFailure> {
    let settings = &id.settings;
    let shapes = inputs.shapes.iter().map(|(name, sample)| {
        let shape = [settings.batch].into_iter().chain(sample.iter().copied());
        (name.clone(), shape.collect())
    });
    let request = Load {
        backend: id.backend.clone(),
        model: model.to_owned(),
        shapes: shapes.collect(),
        settings: settings.clone(),
        inputs: inputs.inputs.clone(),
        ring,
    };
    match worker.request(Request::Load(request), timeout)? {
        Answer::Loaded(loaded) => {
            honoured(settings, &loaded)?;
            Ok(*loaded)
        }
        other => Err(WorkerFailure::unexpected("load", &other)),
    }
}

/// What was asked and is not so is an outcome with both values.
fn honoured(settings: &Settings, loaded: &Loaded) -> Result<(), WorkerFailure> {
    let Some(threads) = loaded.spec.effective.get("threads") else {
        return Ok(());
    };
    if *threads == settings.threads.to_string() {
        return Ok(());
    }
    Err(WorkerFailure::Answered(Box::new(WorkerError {
        kind: edgebench_api::ErrorKind::Unsupported,
        message: format!("threads: {} asked for, {threads} in effect", settings.threads),
        causes: Vec::new(),
        operator: None,
        hint: None,
    })))
}

/// Runs untimed until warm.
pub(crate) fn warm_up(worker: &mut Worker<'_>, request: WarmUp, timeout: Duration) -> Result<WarmedUp, WorkerFailure> {
    let deadline = timeout + Duration::from_nanos(request.min_ns.0);
    match worker.request(Request::WarmUp(request), deadline)? {
        Answer::WarmedUp(warmed_up) => Ok(warmed_up),
        other => Err(WorkerFailure::unexpected("warm_up", &other)),
    }
}

fn measure(worker: &mut Worker<'_>, task: &Task<'_>, timeout: Duration) -> Result<Measured, WorkerFailure> {
    let max_ns = task.measure.measure_ns.saturating_mul(STRETCH).max(1);
    let request = Measure {
        min_ns: Nanos(task.measure.measure_ns),
        min_samples: task.measure.min_samples,
        max_ns: Nanos(max_ns),
        max_samples: MAX_SAMPLES,
    };
    match worker.request(Request::Measure(request), timeout + Duration::from_nanos(max_ns))? {
        Answer::Measured(measured) => Ok(measured),
        other => Err(WorkerFailure::unexpected("measure", &other)),
    }
}

fn figures(
    task: &Task<'_>,
    loaded: Loaded,
    warmed_up: &WarmedUp,
    measured: Measured,
) -> Result<Finished, WorkerFailure> {
    if measured.samples_ns.is_empty() {
        return Err(WorkerFailure::Protocol("`measured` holds no samples".to_owned()));
    }
    let runtime: Probe = loaded.probe;
    Ok(Finished {
        cell: task.cell,
        runtime,
        effective: loaded.spec.effective,
        invocation: Invocation {
            round: task.round,
            position: task.position,
            library_open_ns: loaded.library_open_ns,
            load_ns: loaded.load_ns,
            first_ns: warmed_up.first_ns,
            warm_up_runs: warmed_up.runs,
            warm_up_ns: warmed_up.elapsed_ns,
            samples_ns: measured.samples_ns,
            elapsed_ns: measured.elapsed_ns,
            cpu_ns: measured.cpu_ns,
            copy_in_ns: loaded.copy_in_ns,
            copy_out_ns: measured.copy_out_ns,
            involuntary_switches: measured.involuntary_switches,
            ring: loaded.ring,
            memory: MemoryPhases {
                baseline: loaded.memory_baseline,
                loaded: loaded.memory_loaded,
                first: warmed_up.memory_first,
                steady: measured.memory_steady,
            },
            allocations: measured.allocations,
            arena: measured.arena,
            cgroup_peak_bytes: None,
        },
        answer: task
            .answer
            .map(str::to_owned)
            .or_else(|| loaded.spec.outputs.first().map(|output| output.name.clone())),
        evaluation: None,
    })
}

fn evaluate(
    worker: &mut Worker<'_>,
    task: &Task<'_>,
    outputs: &Path,
    median_ns: f64,
    repeated_input: Option<RepeatedInput>,
    timeout: Duration,
) -> Result<Evaluation, WorkerFailure> {
    let projected_s = |samples: usize| samples.div_ceil(task.id.settings.batch.max(1)) as f64 * median_ns / 1e9;
    let parts = &task.inputs.parts;
    let longest_s = if task.quick {
        LONG_QUICK_EVALUATION_S
    } else {
        LONG_EVALUATION_S
    };
    let fits = |samples: usize| match task.measure.samples {
        Some(most) => samples <= most,
        None => projected_s(samples) <= longest_s,
    };
    // A quick run takes a part unless it was told how many samples.
    let whole = fits(task.inputs.samples) && (!task.quick || task.measure.samples.is_some());
    let part = parts.iter().find(|part| fits(part.len())).or(parts.last());
    let indices = part.filter(|_| !whole).cloned();
    let samples = indices.as_ref().map_or(task.inputs.samples, Vec::len);
    let request = Evaluate {
        inputs: task.inputs.inputs.clone(),
        indices: indices.clone(),
        outputs: outputs.to_owned(),
        whole: false,
    };
    let own = Duration::try_from_secs_f64(EVALUATION_SLACK * projected_s(samples)).unwrap_or(timeout);
    match worker.request(Request::Evaluate(request), timeout + own)? {
        Answer::Evaluated(done) if done.samples == samples => Ok(Evaluation {
            outputs: outputs
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            indices,
            samples,
            elapsed_ns: done.elapsed_ns,
            deterministic: done.deterministic,
            self_checks: Some(SelfChecks {
                timed_outputs: done.timed_outputs,
                repeated_input,
            }),
        }),
        Answer::Evaluated(done) => Err(WorkerFailure::Protocol(format!(
            "{samples} samples were to be evaluated, and {} were",
            done.samples
        ))),
        other => Err(WorkerFailure::unexpected("evaluate", &other)),
    }
}
