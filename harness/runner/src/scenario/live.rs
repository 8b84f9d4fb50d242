//! One worker with a loaded model, asked for loads.

use std::time::Duration;

use edgebench_api::{ErrorKind, Nanos};
use edgebench_protocol::{
    Answer, Arrivals, Loaded, MAX_QUERIES, Measure, Measured, Queried, Queries, Request, Stream, Streamed, WarmUp,
};
use edgebench_record::{Outcome, OutcomeKind};

use super::job::{Job, Stopped};
use crate::invoke::{RING, load, warm_up};
use crate::{Worker, WorkerFailure};

/// How much longer than its minimum a load may become for the sake of its smallest number of queries.
const STRETCH: u64 = 12;

/// A look at how fast queries are served is this part of a load's minimum.
const LOOK: u64 = 20;

/// One worker with a loaded model.
#[derive(Debug)]
pub(super) struct Live<'a> {
    worker: Worker<'a>,
    timeout: Duration,
    pub(super) loaded: Loaded,
}

/// How fast queries are served one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Queries per second, all sessions together.
    pub(super) rate_per_s: f64,
    /// The fastest query.
    pub(super) fastest_ns: u64,
}

impl<'a> Live<'a> {
    /// Starts a worker, loads the cell's model and warms it up.
    pub(super) fn start(job: &Job<'a>) -> Result<Self, Stopped> {
        let failed = |failure, stage, worker: &Worker<'_>| Stopped::of(failure, stage, worker.stderr_tail());
        let mut worker = job
            .start
            .worker()
            .map_err(|failure| Stopped::of(failure, "spawn", String::new()))?;
        if let Err(failure) = worker.hello(job.timeout) {
            return Err(failed(failure, "spawn", &worker));
        }
        let loaded = match load(&mut worker, job.id, job.model, job.inputs, RING, job.timeout) {
            Ok(loaded) => loaded,
            Err(failure) => return Err(failed(failure, "load", &worker)),
        };
        let request = WarmUp {
            min_ns: Nanos(job.warm_up_ns),
            min_runs: 3,
        };
        if let Err(failure) = warm_up(&mut worker, request, job.timeout) {
            return Err(failed(failure, "warm_up", &worker));
        }
        Ok(Self {
            worker,
            timeout: job.timeout,
            loaded,
        })
    }

    /// Ends the worker. All figures are there; how it ends does not change them.
    pub(super) fn end(self) {
        let _ = self.worker.bye(self.timeout);
    }

    /// Puts the model under a load.
    pub(super) fn queries(&mut self, load: Queries) -> Result<Queried, Stopped> {
        let deadline = self.timeout.saturating_add(Duration::from_nanos(load.max_ns.0));
        match self.ask(Request::Queries(load), "queries", deadline)? {
            Answer::Queried(queried) if !queried.latencies_ns.is_empty() => Ok(queried),
            Answer::Queried(_) => Err(self.wrong(WorkerFailure::Protocol("`queried` holds no query".to_owned()))),
            other => Err(self.wrong(WorkerFailure::unexpected("queries", &other))),
        }
    }

    /// Runs frames in order.
    pub(super) fn stream(&mut self, stream: Stream) -> Result<Streamed, Stopped> {
        let deadline = self.timeout.saturating_add(Duration::from_nanos(stream.max_ns.0));
        match self.ask(Request::Stream(stream), "stream", deadline)? {
            Answer::Streamed(streamed)
                if !streamed.compute_ns.is_empty() && streamed.compute_ns.len() == streamed.latencies_ns.len() =>
            {
                Ok(streamed)
            }
            Answer::Streamed(_) => {
                let why = "`streamed` holds no frame, or not as many figures of each kind";
                Err(self.wrong(WorkerFailure::Protocol(why.to_owned())))
            }
            other => Err(self.wrong(WorkerFailure::unexpected("stream", &other))),
        }
    }

    /// Measures as in the steady state.
    pub(super) fn measure(&mut self, measure: Measure) -> Result<Measured, Stopped> {
        let deadline = self.timeout.saturating_add(Duration::from_nanos(measure.max_ns.0));
        match self.ask(Request::Measure(measure), "measure", deadline)? {
            Answer::Measured(measured) if !measured.samples_ns.is_empty() => Ok(measured),
            Answer::Measured(_) => Err(self.wrong(WorkerFailure::Protocol("`measured` holds no samples".to_owned()))),
            other => Err(self.wrong(WorkerFailure::unexpected("measure", &other))),
        }
    }

    /// A short closed load: warms all sessions, and says how fast queries are served.
    pub(super) fn look(&mut self, inferences: u64, sessions: usize, min_ns: u64) -> Result<Pace, Stopped> {
        let look_ns = min_ns / LOOK;
        let queried = self.queries(Queries {
            arrivals: Arrivals::Closed,
            inferences,
            sessions,
            min_ns: Nanos(look_ns),
            min_queries: 4 * sessions as u64,
            max_ns: Nanos(look_ns.saturating_mul(STRETCH).max(1)),
            max_queries: MAX_QUERIES,
        })?;
        let seconds = queried.elapsed_ns.as_secs_f64().max(1e-9);
        Ok(Pace {
            rate_per_s: queried.latencies_ns.len() as f64 / seconds,
            fastest_ns: queried.latencies_ns.iter().copied().min().unwrap_or(0),
        })
    }

    fn ask(&mut self, request: Request, stage: &'static str, deadline: Duration) -> Result<Answer, Stopped> {
        self.worker.request(request, deadline).map_err(|failure| {
            let unknown = matches!(&failure, WorkerFailure::Answered(error) if error.kind == ErrorKind::Protocol);
            let message = failure.to_string();
            match Stopped::of(failure, stage, self.worker.stderr_tail()) {
                Stopped::Failed(mut outcome) if unknown => {
                    outcome.kind = OutcomeKind::Unsupported;
                    outcome.reason = format!("the worker refuses `{stage}`: {message}");
                    Stopped::Failed(outcome)
                }
                stopped => stopped,
            }
        })
    }

    fn wrong(&self, failure: WorkerFailure) -> Stopped {
        Stopped::of(failure, "queries", self.worker.stderr_tail())
    }
}

/// The most that a load lasts whose minimum is given.
pub(super) fn longest(min_ns: u64) -> u64 {
    min_ns.saturating_mul(STRETCH).max(1)
}

/// A scenario that a cell cannot have.
pub(super) fn unsupported(why: &str) -> Stopped {
    Stopped::Failed(Box::new(Outcome::of(OutcomeKind::Unsupported, why)))
}
