//! Which cells come first, and why.

use edgebench_record::{Accuracy, Cell, Delta, OutputsVerdict, Record, TaskFacts};

/// Below this probability a difference counts as significant.
pub(crate) const SIGNIFICANCE: f64 = 0.05;

/// Where a cell stands within its task. The order of the variants is the order of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Measured, and its accuracy is not significantly worse than the baseline's (or the task measures none).
    Candidate,
    /// Measured, but its accuracy is significantly worse, or could not be held against the baseline's.
    Doubtful,
    /// Not measured, or its outputs are wrong. It takes no part in any ranking.
    Out,
}

/// Where a cell stands.
pub fn rank(task: Option<&TaskFacts>, cell: &Cell) -> Rank {
    if !cell.outcome.is_measured() || cell.summary.is_none() || cell.outputs.verdict == OutputsVerdict::Differ {
        return Rank::Out;
    }
    let Some(task) = task.filter(|task| task.metric.is_some()) else {
        return Rank::Candidate;
    };
    if cell.id.variant == task.baseline && cell.accuracy.is_some() {
        return Rank::Candidate;
    }
    match cell
        .accuracy
        .as_ref()
        .and_then(|accuracy| Some((accuracy, accuracy.delta.as_ref()?)))
    {
        Some((accuracy, delta)) if delta.value >= 0.0 || significant(accuracy, delta) == Some(false) => Rank::Candidate,
        _ => Rank::Doubtful,
    }
}

/// Whether a difference in accuracy is significant: for top-1 by `McNemar`'s test of the flips, which is a test of that
/// very difference; for other metrics by whether its paired interval leaves out 0. `None` where neither is there.
pub(crate) fn significant(accuracy: &Accuracy, delta: &Delta) -> Option<bool> {
    let by_test = delta.mcnemar_p.map(|p| p < SIGNIFICANCE);
    let by_interval = delta.interval.map(|interval| !interval.contains(0.0));
    if accuracy.metric == "top1" {
        by_test.or(by_interval)
    } else {
        by_interval.or(by_test)
    }
}

/// A task's cells, the answer first: candidates, doubtful ones, then those that were not measured. Measured cells are
/// in the order of their median latency, the others in the order of the plan.
pub fn ranked<'a>(record: &'a Record, task: &str) -> Vec<(Rank, &'a Cell)> {
    let facts = record.tasks.iter().find(|facts| facts.id == task);
    let mut cells: Vec<(Rank, &Cell)> = record
        .cells
        .iter()
        .filter(|cell| cell.id.task == task)
        .map(|cell| (rank(facts, cell), cell))
        .collect();
    cells.sort_by(|(left, a), (right, b)| {
        left.cmp(right).then_with(|| match left {
            Rank::Out => std::cmp::Ordering::Equal,
            _ => p50(a).total_cmp(&p50(b)),
        })
    });
    cells
}

/// The median latency in nanoseconds; infinite where there is none, so that such a cell sorts last.
pub(crate) fn p50(cell: &Cell) -> f64 {
    cell.summary
        .as_ref()
        .map_or(f64::INFINITY, |summary| summary.latency.p50_ns)
}
