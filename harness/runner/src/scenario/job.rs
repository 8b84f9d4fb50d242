//! What a scenario needs, and what it gives when it cannot be carried out.

use std::path::Path;
use std::time::{Duration, Instant};

use edgebench_record::{CellId, Outcome, ScenarioKind, ScenarioPlan, ScenarioResult};
use edgebench_suites::Stream;

use super::{closed, cold_start, paced, server, soak, streaming};
use crate::WorkerFailure;
use crate::prepare::PreparedTask;
use crate::worker::Start;

/// What a scenario needs: the cell, how to start its worker, and how scenarios are to be run.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) id: &'a CellId,
    pub(crate) model: &'a Path,
    pub(crate) inputs: &'a PreparedTask,
    pub(crate) stream: Option<&'a Stream>,
    pub(crate) plan: &'a ScenarioPlan,
    pub(crate) warm_up_ns: u64,
    pub(crate) timeout: Duration,
    pub(crate) seed: u64,
    pub(crate) start: Start<'a>,
}

impl Job<'_> {
    /// Samples of one inference.
    pub(super) fn batch(&self) -> u64 {
        self.id.settings.batch.max(1) as u64
    }
}

/// Why a scenario has no figures.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It could not be carried out.
    Failed(Box<Outcome>),
    /// The run was interrupted.
    Interrupted,
}

impl Stopped {
    /// A worker that failed during `stage`.
    pub(super) fn of(failure: WorkerFailure, stage: &str, stderr_tail: String) -> Self {
        match failure {
            WorkerFailure::Interrupted => Self::Interrupted,
            failure => Self::Failed(Box::new(failure.outcome(stage, stderr_tail))),
        }
    }
}

/// Carries out one scenario; `None` where the run was interrupted.
pub(crate) fn carry_out(kind: ScenarioKind, job: &Job<'_>) -> Option<ScenarioResult> {
    let begin = Instant::now();
    let result = match kind {
        ScenarioKind::SingleStream => closed::single_stream(job),
        ScenarioKind::MultiStream => closed::multi_stream(job),
        ScenarioKind::Server => server::server(job),
        ScenarioKind::Offline => closed::offline(job),
        ScenarioKind::Paced => paced::paced(job),
        ScenarioKind::Streaming => streaming::streaming(job),
        ScenarioKind::ColdStart => cold_start::cold_start(job),
        ScenarioKind::Soak => soak::soak(job),
    };
    match result {
        Ok(result) => Some(result),
        Err(Stopped::Interrupted) => None,
        Err(Stopped::Failed(outcome)) => {
            let mut result = ScenarioResult::new(kind);
            result.elapsed_ns = begin.elapsed().into();
            result.reasons.push(outcome.reason.clone());
            result.failure = Some(*outcome);
            Some(result)
        }
    }
}
