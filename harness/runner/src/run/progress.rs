//! How far a run is, and how long it will take.

use std::time::Duration;

use edgebench_record::Evaluation;

use crate::Plan;

use super::CellState;

/// Starting a process, loading a small model and ending: a first guess that measured times replace.
const OVERHEAD: Duration = Duration::from_millis(300);

/// How long invocations took, by cell.
#[derive(Debug)]
pub(super) struct Progress {
    rounds: usize,
    guess: Duration,
    took: Vec<Option<Duration>>,
    evaluations: (Duration, u32),
}

impl Progress {
    pub(super) fn new(plan: &Plan, cells: &[CellState]) -> Self {
        let mut progress = Self {
            rounds: plan.order.len(),
            guess: Duration::from_nanos(plan.measure.warm_up_ns + plan.measure.measure_ns) + OVERHEAD,
            took: vec![None; cells.len()],
            evaluations: (Duration::ZERO, 0),
        };
        for cell in cells {
            if let Some((_, evaluation)) = &cell.evaluation {
                progress.evaluated(evaluation);
            }
        }
        progress
    }

    fn evaluated(&mut self, evaluation: &Evaluation) -> Duration {
        let elapsed = Duration::from_nanos(evaluation.elapsed_ns.0);
        self.evaluations.0 += elapsed;
        self.evaluations.1 += 1;
        elapsed
    }

    /// Learns how long an invocation took.
    pub(super) fn took(&mut self, cell: usize, wall: Duration, evaluation: Option<&Evaluation>) {
        let evaluating = evaluation.map_or(Duration::ZERO, |evaluation| self.evaluated(evaluation));
        self.took[cell] = Some(wall.saturating_sub(evaluating));
    }

    /// Invocations done, invocations in all (without those that an early end saved), and the time that is left.
    pub(super) fn figures(&self, cells: &[CellState]) -> (usize, usize, Duration) {
        let known: Vec<Duration> = self.took.iter().flatten().copied().collect();
        let typical = match u32::try_from(known.len()) {
            Ok(count @ 1..) => known.iter().sum::<Duration>() / count,
            _ => self.guess,
        };
        let evaluation = self.evaluations.0.checked_div(self.evaluations.1).unwrap_or_default();
        let (mut done, mut total, mut remaining) = (0, 0, Duration::ZERO);
        for (cell, took) in cells.iter().zip(&self.took) {
            let behind = cell.invocations.len();
            done += behind;
            total += behind;
            if cell.ended.is_some() {
                continue;
            }
            let left = self.rounds.saturating_sub(behind);
            total += left;
            remaining += took.unwrap_or(typical) * u32::try_from(left).unwrap_or(u32::MAX);
            if cell.evaluation.is_none() && left > 0 {
                remaining += evaluation;
            }
        }
        (done, total, remaining)
    }
}
