//! What a run checks of itself: caching, and the harness's own overhead.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use edgebench_api::{Nanos, Settings};
use edgebench_protocol::{Answer, Load, Measure, Request, Turn, WarmUp};
use edgebench_record::{Overhead, RepeatedInput};
use edgebench_stats::{Interval, hodges_lehmann, median, signed_rank_interval};

use crate::prepare::PreparedTask;
use crate::worker::Worker;
use crate::{WorkerCommand, WorkerFailure};

/// How long a turn takes, about; a slow model has one inference in it.
const TURN_NS: f64 = 20e6;
/// The same in a quick run.
const QUICK_TURN_NS: f64 = 4e6;
/// Pairs of turns: enough that a change of 10 % cannot be one lucky turn.
const PAIRS: usize = 10;
/// A model so slow that the check would take longer than this, in nanoseconds, is left unchecked.
const LONGEST_NS: f64 = 60e9;
const MAX_TURN: u64 = 20_000;
const CONFIDENCE: f64 = 0.95;

/// Requests that are timed to tell what one takes.
const REQUESTS: usize = 50;
const IDLE_WARM_UP: WarmUp = WarmUp {
    min_ns: Nanos(10_000_000),
    min_runs: 100,
};
const IDLE_MEASURE: Measure = Measure {
    min_ns: Nanos(50_000_000),
    min_samples: 1_000,
    max_ns: Nanos(1_000_000_000),
    max_samples: 100_000,
};

/// Runs one batch of inputs repeatedly and rotating ones, in turns, the order changing from pair to pair. `None` where
/// the ring has one batch, the model is too slow, or the worker does not know how to repeat.
pub(crate) fn repeated_input(
    worker: &mut Worker<'_>,
    ring: usize,
    median_ns: f64,
    quick: bool,
    timeout: Duration,
) -> Result<Option<RepeatedInput>, WorkerFailure> {
    let turn_ns = if quick { QUICK_TURN_NS } else { TURN_NS };
    let samples = ((turn_ns / median_ns.max(1.0)) as u64).clamp(1, MAX_TURN);
    if ring < 2 || PAIRS as f64 * 2.0 * samples as f64 * median_ns > LONGEST_NS {
        return Ok(None);
    }
    let mut log_ratios = Vec::with_capacity(PAIRS);
    for pair in 0..PAIRS {
        let repeat_first = pair % 2 == 0;
        let mut medians = [0.0; 2];
        for repeat in [repeat_first, !repeat_first] {
            let Some(median) = turn(worker, samples, repeat, timeout)? else {
                return Ok(None);
            };
            medians[usize::from(repeat)] = median;
        }
        let [rotating, repeated] = medians;
        log_ratios.push((repeated.max(1.0) / rotating.max(1.0)).ln());
    }
    Ok(hodges_lehmann(&log_ratios).map(|estimate| RepeatedInput {
        pairs: log_ratios.len(),
        ratio: estimate.exp(),
        interval: signed_rank_interval(&log_ratios, CONFIDENCE).map(|logs| Interval {
            low: logs.low.exp(),
            high: logs.high.exp(),
            ..logs
        }),
    }))
}

/// The median of a turn; `None` where the worker did not repeat as it was asked.
fn turn(worker: &mut Worker<'_>, samples: u64, repeat: bool, timeout: Duration) -> Result<Option<f64>, WorkerFailure> {
    match worker.request(Request::Turn(Turn { samples, repeat }), timeout)? {
        Answer::Turned(turned) if turned.repeated == repeat => Ok(median(
            &turned.samples_ns.iter().map(|&ns| ns as f64).collect::<Vec<_>>(),
        )),
        Answer::Turned(_) => Ok(None),
        other => Err(WorkerFailure::unexpected("turn", &other)),
    }
}

/// What the harness itself takes: the timed region around a backend that does nothing, and a request with its answer.
///
/// # Errors
/// [`WorkerFailure`]: there is then no figure.
pub(crate) fn overhead(
    command: &WorkerCommand,
    backend: &str,
    model: &Path,
    inputs: &PreparedTask,
    timeout: Duration,
    interrupt: &std::sync::atomic::AtomicBool,
) -> Result<Overhead, WorkerFailure> {
    let mut worker = Worker::spawn(command, &BTreeMap::new(), interrupt)?;
    worker.hello(timeout)?;
    let shapes = inputs.shapes.iter().map(|(name, sample)| {
        let shape = [1].into_iter().chain(sample.iter().copied());
        (name.clone(), shape.collect())
    });
    let load = Load {
        backend: backend.to_owned(),
        model: model.to_owned(),
        shapes: shapes.collect(),
        settings: Settings::default(),
        inputs: inputs.inputs.clone(),
        ring: 1,
    };
    worker.request(Request::Load(load), timeout)?;
    worker.request(Request::WarmUp(IDLE_WARM_UP), timeout)?;
    let sample_ns = match worker.request(Request::Measure(IDLE_MEASURE), timeout)? {
        Answer::Measured(measured) => median_of(measured.samples_ns.iter().map(|&ns| ns as f64)),
        other => return Err(WorkerFailure::unexpected("measure", &other)),
    };
    let mut requests = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        turn(&mut worker, 1, false, timeout)?;
        requests.push(start.elapsed().as_nanos() as f64);
    }
    // The figures are there; how the worker ends does not change them.
    let _ = worker.bye(timeout);
    let none = || WorkerFailure::Protocol("`measured` holds no samples".to_owned());
    Ok(Overhead {
        sample_ns: sample_ns.ok_or_else(none)?,
        request_ns: median_of(requests.into_iter()).ok_or_else(none)?,
    })
}

fn median_of(figures: impl Iterator<Item = f64>) -> Option<Nanos> {
    median(&figures.collect::<Vec<_>>()).map(|ns| Nanos(ns.round() as u64))
}
