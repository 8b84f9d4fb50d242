//! One restart: a fresh process for each side, taking turns on the same processors.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgebench_api::{Bytes, Nanos};
use edgebench_protocol::{Answer, Loaded, Request, Turn, WarmUp, WarmedUp};
use edgebench_record::{CellId, Outcome, Quality, Restart};
use edgebench_stats::{median, quantile, required_samples, turn_log_ratio};

use super::machine::{self, Reading};
use crate::invoke::{RING, load, warm_up};
use crate::prepare::PreparedTask;
use crate::{Worker, WorkerCommand, WorkerFailure};

/// A turn's length, at least. Shorter ones measure caches that the other side has evicted.
pub(super) const TURN: Duration = Duration::from_millis(5);

/// What is dropped at the start of a turn, at least: the caches are the other side's then.
const DROPPED: Duration = Duration::from_millis(1);

/// Pairs of turns in a restart, at most. Even, since pairs come in both orders.
pub(super) const PAIRS: usize = 16;

/// Pairs of turns in a restart, at least.
const FEWEST_PAIRS: usize = 4;

/// A restart's turns take no longer than this while there are pairs enough: cells with long turns have fewer pairs, since
/// processes differ more than turns do.
const TURNS: Duration = Duration::from_millis(400);

/// A turn has no more samples than this.
const MAX_SAMPLES: u64 = 100_000;

/// Samples by which a turn's length is set, at most, and how long they may take.
const TRIAL: u64 = 20;
const TRIAL_TIME: Duration = Duration::from_millis(40);

/// Shorter medians are not compared, in nanoseconds: a step of the clock would be a third of a percent of them.
const SHORTEST: f64 = 300.0;

/// Warm-up of a fresh process, at least.
const WARM_UP: Duration = Duration::from_millis(50);

/// The variable that carries the padding. Nobody reads it; its length moves what lies on the stack.
const PADDING: &str = "EDGEBENCH_PADDING";

/// One side of a restart.
pub(super) struct Arm<'a> {
    pub(super) id: &'a CellId,
    pub(super) model: &'a Path,
    pub(super) inputs: &'a PreparedTask,
    pub(super) command: WorkerCommand,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) timeout: Duration,
}

/// What differs between restarts, drawn at random.
pub(super) struct Conditions {
    pub(super) confirming: bool,
    pub(super) candidate_first: bool,
    pub(super) padding: [usize; 2],
    pub(super) cpus: Vec<usize>,
}

/// What ended a restart: each side's end, where it had one, or an interrupt.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) outcomes: [Option<Outcome>; 2],
    pub(super) interrupted: bool,
}

/// A worker that is loaded, warm and stopped.
struct Ready<'a> {
    worker: Worker<'a>,
    loaded: Loaded,
    warmed_up: WarmedUp,
}

/// What a side's probe and handshake said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) runtime: String,
    pub(super) worker: String,
}

/// Runs one restart. Baseline first in every pair of things.
pub(super) fn restart(
    arms: [&Arm<'_>; 2],
    conditions: Conditions,
    interrupt: &AtomicBool,
) -> Result<(Restart, [Said; 2]), Box<Ended>> {
    let order = if conditions.candidate_first { [1, 0] } else { [0, 1] };
    let mut ready: [Option<Ready<'_>>; 2] = [None, None];
    let mut ended = Box::<Ended>::default();
    let mut said = [Said::default(), Said::default()];
    for side in order {
        match start(
            arms[side],
            conditions.padding[side],
            &conditions.cpus,
            interrupt,
            &mut said[side],
        ) {
            Ok(one) => ready[side] = Some(one),
            Err(Some(outcome)) => ended.outcomes[side] = Some(*outcome),
            Err(None) => ended.interrupted = true,
        }
    }
    let [Some(baseline), Some(candidate)] = ready else {
        return Err(ended);
    };
    let mut sides = [baseline, candidate];
    let measured = sized(&mut sides, arms).and_then(|lengths| {
        let pairs = pairs(&lengths);
        let taken = take_turns(&mut sides, arms, order, &lengths, pairs, &conditions.cpus)?;
        Ok((lengths, pairs, taken))
    });
    match measured {
        Ok((lengths, pairs, (turns, quality))) => {
            let (log_ratio, figures) = compare(&sides, &turns);
            let restart = Restart {
                confirming: conditions.confirming,
                rejected: machine::rejection(&quality),
                candidate_first: conditions.candidate_first,
                padding: conditions.padding,
                cpus: conditions.cpus,
                pairs,
                samples: lengths.each_ref().map(|length| length.samples),
                dropped: lengths.each_ref().map(|length| length.dropped),
                log_ratio,
                figures,
                quality,
            };
            for (one, arm) in sides.into_iter().zip(arms) {
                // All figures are there; how the worker ends does not change them.
                let _ = one.worker.resume();
                let _ = one.worker.bye(arm.timeout);
            }
            Ok((restart, said))
        }
        Err((side, failure)) => {
            match failure {
                WorkerFailure::Interrupted => ended.interrupted = true,
                failure => {
                    let tail = sides[side].worker.stderr_tail();
                    ended.outcomes[side] = Some(failure.outcome("turn", tail));
                }
            }
            Err(ended)
        }
    }
}

/// Starts a side's process on the given processors, loads, warms up and stops it. `None` in the error is an interrupt.
fn start<'a>(
    arm: &Arm<'_>,
    padding: usize,
    cpus: &[usize],
    interrupt: &'a AtomicBool,
    said: &mut Said,
) -> Result<Ready<'a>, Option<Box<Outcome>>> {
    let mut environment = arm.environment.clone();
    environment.insert(PADDING.to_owned(), "x".repeat(padding));
    let mut stage = "spawn";
    let mut tail = String::new();
    let started = Worker::spawn_on(cpus, &arm.command, &environment, interrupt).and_then(|mut worker| {
        let result = steps(&mut worker, arm, &mut stage, said);
        tail = worker.stderr_tail();
        let (loaded, warmed_up) = result?;
        worker.pause().map_err(|error| not_stopped(&error))?;
        Ok(Ready {
            worker,
            loaded,
            warmed_up,
        })
    });
    started.map_err(|failure| match failure {
        WorkerFailure::Interrupted => None,
        failure => Some(Box::new(failure.outcome(stage, tail))),
    })
}

fn steps(
    worker: &mut Worker<'_>,
    arm: &Arm<'_>,
    stage: &mut &'static str,
    said: &mut Said,
) -> Result<(Loaded, WarmedUp), WorkerFailure> {
    let hello = worker.hello(arm.timeout)?;
    said.worker = format!("{} {}", hello.worker, hello.version);
    *stage = "load";
    let loaded = load(worker, arm.id, arm.model, arm.inputs, RING, arm.timeout)?;
    said.runtime = format!("{} {}", loaded.probe.runtime, loaded.probe.version);
    *stage = "warm_up";
    let request = WarmUp {
        min_ns: Nanos(WARM_UP.as_nanos() as u64),
        min_runs: 3,
    };
    let warmed_up = warm_up(worker, request, arm.timeout)?;
    Ok((loaded, warmed_up))
}

fn not_stopped(source: &std::io::Error) -> WorkerFailure {
    WorkerFailure::Protocol(format!("the worker could not be stopped between its turns: {source}"))
}

/// What ended a restart within its turns, with the side.
type Broken = (usize, WorkerFailure);

/// The samples that count, one list per turn, for both sides; pair by pair.
type Turns = [Vec<Vec<f64>>; 2];

/// A turn's length for one side.
#[derive(Debug, Clone, Copy)]
struct Length {
    /// Samples, those included that are dropped.
    samples: u64,
    /// The first ones.
    dropped: u64,
    /// How long they take.
    expected: Duration,
}

impl Length {
    /// Enough samples of this duration, in nanoseconds, for a turn.
    fn of(sample_ns: u64) -> Self {
        let sample_ns = sample_ns.max(1);
        let count = |length: Duration| (length.as_nanos() as u64).div_ceil(sample_ns).max(1);
        let dropped = count(DROPPED).min(MAX_SAMPLES / 2);
        let samples = (count(TURN) + dropped).min(MAX_SAMPLES);
        Self {
            samples,
            dropped,
            expected: Duration::from_nanos(samples.saturating_mul(sample_ns)),
        }
    }
}

/// Sets each side's length by a short turn of its own. A tenth of its samples are faster than what is reckoned with, so
/// that a turn does not come out shorter than it should.
fn sized(sides: &mut [Ready<'_>; 2], arms: [&Arm<'_>; 2]) -> Result<[Length; 2], Broken> {
    let mut lengths = [Length::of(1); 2];
    for (side, length) in lengths.iter_mut().enumerate() {
        let WarmedUp { runs, elapsed_ns, .. } = sides[side].warmed_up;
        let typical = (elapsed_ns.0 / runs.max(1)).max(1);
        let samples = (TRIAL_TIME.as_nanos() as u64 / typical).clamp(2, TRIAL);
        let mut trial = one_turn(&mut sides[side].worker, arms[side], samples).map_err(|failure| (side, failure))?;
        trial.sort_unstable();
        *length = Length::of(trial[trial.len() / 10]);
    }
    Ok(lengths)
}

/// How many pairs of turns the time allows. Even.
fn pairs(lengths: &[Length; 2]) -> usize {
    let pair = lengths[0].expected + lengths[1].expected;
    let fitting = (TURNS.as_nanos() / pair.as_nanos().max(1)) as usize;
    fitting.clamp(FEWEST_PAIRS, PAIRS) / 2 * 2
}

/// Lets a stopped side run so many samples, and stops it again.
fn one_turn(worker: &mut Worker<'_>, arm: &Arm<'_>, samples: u64) -> Result<Vec<u64>, WorkerFailure> {
    worker.resume().map_err(|error| not_stopped(&error))?;
    let answer = worker.request(Request::Turn(Turn { samples, repeat: false }), arm.timeout)?;
    worker.pause().map_err(|error| not_stopped(&error))?;
    match answer {
        Answer::Turned(turned) if turned.samples_ns.len() as u64 == samples => Ok(turned.samples_ns),
        Answer::Turned(turned) => Err(WorkerFailure::Protocol(format!(
            "a turn of {samples} samples came with {}",
            turned.samples_ns.len()
        ))),
        other => Err(WorkerFailure::unexpected("turn", &other)),
    }
}

/// Lets the sides take turns in the order ABBA, the idle one stopped.
fn take_turns(
    sides: &mut [Ready<'_>; 2],
    arms: [&Arm<'_>; 2],
    order: [usize; 2],
    lengths: &[Length; 2],
    pairs: usize,
    cpus: &[usize],
) -> Result<(Turns, Quality), Broken> {
    let processes = [sides[0].worker.id(), sides[1].worker.id()];
    let mut turns: Turns = [Vec::new(), Vec::new()];
    let mut turns_ns = [0_u64; 2];
    let before = Reading::now(cpus, processes);
    for pair in 0..pairs {
        let order = if pair % 2 == 0 { order } else { [order[1], order[0]] };
        for side in order {
            let Length { samples, dropped, .. } = lengths[side];
            let taken = one_turn(&mut sides[side].worker, arms[side], samples).map_err(|failure| (side, failure))?;
            let sum = taken.iter().fold(0_u64, |sum, &sample| sum.saturating_add(sample));
            turns_ns[side] = turns_ns[side].saturating_add(sum);
            let kept = taken.iter().skip(dropped as usize);
            turns[side].push(kept.map(|&sample| sample as f64).collect());
        }
    }
    let quality = Reading::now(cpus, processes).since(&before, turns_ns);
    Ok((turns, quality))
}

/// Each metric's log ratio and figures.
fn compare(sides: &[Ready<'_>; 2], turns: &Turns) -> (BTreeMap<String, f64>, BTreeMap<String, [f64; 2]>) {
    let mut figures: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    let mut put = |metric: &str, of: &dyn Fn(usize) -> Option<f64>| {
        if let Some((baseline, candidate)) = of(0).zip(of(1)) {
            figures.insert(metric.to_owned(), [baseline, candidate]);
        }
    };
    put("library_open", &|side| {
        Some(sides[side].loaded.library_open_ns.0 as f64)
    });
    put("load", &|side| Some(sides[side].loaded.load_ns.0 as f64));
    put("first", &|side| Some(sides[side].warmed_up.first_ns?.0 as f64));
    put("rss_peak", &|side| peak(&sides[side]).map(|bytes| bytes.0 as f64));
    let medians = |side: usize| turns[side].iter().filter_map(|turn| median(turn)).collect::<Vec<f64>>();
    let medians = [medians(0), medians(1)];
    put("latency_p50", &|side| {
        median(&medians[side]).filter(|&value| value >= SHORTEST)
    });
    put("latency_p90", &|side| {
        let mut all: Vec<f64> = turns[side].concat();
        all.sort_unstable_by(f64::total_cmp);
        let enough = all.len() as u64 >= required_samples(0.9, 1, 0.99);
        quantile(&all, 0.9).filter(|&value| enough && value >= SHORTEST)
    });
    let mut log_ratio: BTreeMap<String, f64> = figures
        .iter()
        .map(|(metric, [baseline, candidate])| (metric.clone(), (candidate / baseline).ln()))
        .filter(|(_, ratio)| ratio.is_finite())
        .collect();
    // Neighbouring turns saw the same machine, so the median's ratio is taken pair by pair.
    if let Some(paired) = log_ratio.get_mut("latency_p50") {
        *paired = turn_log_ratio(&medians[0], &medians[1]).unwrap_or(*paired);
    }
    (log_ratio, figures)
}

/// The largest resident set of all phases, the turns included.
fn peak(side: &Ready<'_>) -> Option<Bytes> {
    let readings = [
        Some(side.loaded.memory_baseline),
        Some(side.loaded.memory_loaded),
        side.warmed_up.memory_first,
    ];
    let phases = readings
        .into_iter()
        .flatten()
        .filter_map(|reading| reading.peak_rss_bytes);
    let now = machine::peak_rss(side.worker.id()).map(Bytes);
    now.into_iter().chain(phases).max()
}
