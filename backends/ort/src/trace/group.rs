//! Which inference a call belongs to, and what of its time is its own.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_api::{Nanos, OperatorCall, ProfiledOperator};

use super::event::Interval;

/// A call of an operator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// The operator's place.
    pub(super) operator: usize,
    /// When it was.
    pub(super) interval: Interval,
}

/// The calls that belong to an inference in order of time, each with its operator's place.
///
/// Versions of ONNX Runtime write events in the order of their ends or of their beginnings, so the order of the file
/// tells nothing: a call belongs to the last inference that began no later.
pub(super) fn calls(mut runs: Vec<Interval>, mut calls: Vec<Call>) -> Vec<(usize, OperatorCall)> {
    runs.sort_by_key(|run| run.begin);
    calls.sort_by_key(|call| call.interval.begin);
    let placed: Vec<(usize, Call)> = calls
        .into_iter()
        .filter_map(|call| Some((run_of(&runs, call.interval)?, call)))
        .collect();
    let inner = inner(&placed);
    placed
        .into_iter()
        .zip(inner)
        .filter_map(|((run, Call { operator, interval }), inner)| {
            let begin = interval.begin - runs.get(run)?.begin;
            let call = OperatorCall {
                run,
                begin_ns: nanos(begin),
                duration_ns: nanos(interval.duration.saturating_sub(inner)),
                span_ns: (inner > 0).then(|| nanos(interval.duration)),
            };
            Some((operator, call))
        })
        .collect()
}

fn nanos(micros: u64) -> Nanos {
    Nanos(micros.saturating_mul(1000))
}

/// The inference that a call belongs to.
fn run_of(runs: &[Interval], call: Interval) -> Option<usize> {
    let run = runs.partition_point(|run| run.begin <= call.begin).checked_sub(1)?;
    // An end that is told is the sum of two numbers that were cut: the true one lies up to a microsecond behind it.
    (call.begin <= runs.get(run)?.end() + 1).then_some(run)
}

/// For each call, the time of the calls directly inside it, in microseconds.
///
/// One call that follows another is never taken for one inside it, unless it took no whole microsecond, and then it
/// takes nothing away.
fn inner(placed: &[(usize, Call)]) -> Vec<u64> {
    let mut order: Vec<usize> = (0..placed.len()).collect();
    let interval = |place: usize| placed[place].1.interval;
    order.sort_by_key(|&place| (interval(place).begin, std::cmp::Reverse(interval(place).end())));
    let mut inner = vec![0_u64; placed.len()];
    let mut around: Vec<usize> = Vec::new();
    for place in order {
        while around
            .pop_if(|outer| interval(*outer).end() < interval(place).end())
            .is_some()
        {}
        if let Some(&outer) = around.last() {
            inner[outer] = inner[outer].saturating_add(interval(place).duration);
        }
        around.push(place);
    }
    inner
}

/// Puts the node's index behind each name that several operators have.
pub(super) fn name_apart(operators: &mut [ProfiledOperator], indices: &[Option<u64>]) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for operator in operators.iter() {
        *count.entry(operator.name.clone()).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (place, (operator, index)) in operators.iter_mut().zip(indices).enumerate() {
        if count.get(&operator.name) == Some(&1) {
            continue;
        }
        if let Some(index) = index {
            operator.name = format!("{}#{index}", operator.name);
        }
        // Two nodes of the same index, in two graphs: the operator's place tells them apart.
        while count.contains_key(&operator.name) || !taken.insert(operator.name.clone()) {
            operator.name = format!("{}#{place}", operator.name);
        }
    }
}
