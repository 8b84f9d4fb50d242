//! Times of a cell's inferences, over the fresh processes that it was profiled in.

use std::collections::HashMap;
use std::ops::Range;

use edgebench_api::{OperatorCall, ProfiledOperator};
use edgebench_protocol::Profiled;
use edgebench_record::ProfiledInvocation;
use edgebench_stats::{Interval, hodges_lehmann, median, signed_rank_interval, t_interval_of_log};

/// Fewer inferences than this do not tell what the profiler costs.
pub(super) const FEW: usize = 12;

/// So many processes tell by how much processes differ.
const SEVERAL: usize = 3;

/// When the inferences of all processes were, one process behind the other.
pub(super) struct Inferences {
    /// Times of profiled inferences, in nanoseconds.
    pub(super) walls: Vec<f64>,
    /// Each process by itself.
    pub(super) invocations: Vec<ProfiledInvocation>,
    /// The places in `walls` of each process's typical inferences; ascending.
    typical: Vec<Vec<usize>>,
}

impl Inferences {
    /// Those of the processes, in their order.
    pub(super) fn of(processes: &[Profiled]) -> Self {
        let mut found = Self {
            walls: Vec::new(),
            invocations: Vec::new(),
            typical: Vec::new(),
        };
        for process in processes {
            let begin = found.walls.len();
            found.walls.extend(process.profiled_ns.iter().map(|&ns| ns as f64));
            let typical = typical(&found.walls, begin..found.walls.len());
            found.invocations.push(ProfiledInvocation {
                runs: process.profiled_ns.len(),
                wall_ns: mean(&found.walls, &typical),
                profiled_p50_ns: p50(&process.profiled_ns),
                unprofiled_p50_ns: p50(&process.unprofiled_ns),
            });
            found.typical.push(typical);
        }
        found
    }

    /// The mean of a figure of each inference over typical ones, process by process.
    pub(super) fn means(&self, of_runs: &[f64]) -> Vec<f64> {
        self.typical.iter().map(|places| mean(of_runs, places)).collect()
    }

    /// The mean of these.
    pub(super) fn mean(&self, of_runs: &[f64]) -> f64 {
        average(&self.means(of_runs))
    }

    /// The mean of a figure of some inferences over typical ones that have it; `None` where none has.
    pub(super) fn mean_of_some(&self, of_runs: &[Option<f64>]) -> Option<f64> {
        let known: Vec<f64> = self
            .typical
            .iter()
            .flatten()
            .filter_map(|&place| of_runs[place])
            .collect();
        (!known.is_empty()).then(|| average(&known))
    }
}

pub(super) fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn p50(samples: &[u64]) -> f64 {
    median(&samples.iter().map(|&ns| ns as f64).collect::<Vec<_>>()).unwrap_or(0.0)
}

/// The places of the half of some inferences whose times are in the middle; all of them where there are few.
fn typical(walls: &[f64], range: Range<usize>) -> Vec<usize> {
    let mut places: Vec<usize> = range.collect();
    places.sort_by(|&a, &b| walls[a].total_cmp(&walls[b]).then(a.cmp(&b)));
    let cut = if places.len() < 4 { 0 } else { places.len() / 4 };
    let mut middle = places[cut..places.len() - cut].to_vec();
    middle.sort_unstable();
    middle
}

fn mean(of_runs: &[f64], places: &[usize]) -> f64 {
    places.iter().map(|&place| of_runs[place]).sum::<f64>() / places.len().max(1) as f64
}

/// What the profiler adds and its 95 % interval, from inferences paired in their order ([`CellProfile::overhead`]).
///
/// [`CellProfile::overhead`]: edgebench_record::CellProfile::overhead
pub(super) fn overhead(processes: &[Profiled]) -> Option<(f64, Interval)> {
    let log_ratios = |process: &Profiled| -> Vec<f64> {
        let pairs = process.profiled_ns.iter().zip(&process.unprofiled_ns);
        pairs
            .filter(|&(&with, &without)| with > 0 && without > 0)
            .map(|(&with, &without)| (with as f64 / without as f64).ln())
            .collect()
    };
    let of_processes: Vec<Vec<f64>> = processes.iter().map(log_ratios).collect();
    let all = of_processes.concat();
    if all.len() < FEW {
        return None;
    }
    let estimates: Vec<f64> = of_processes
        .iter()
        .filter_map(|ratios| hodges_lehmann(ratios))
        .map(f64::exp)
        .collect();
    let (ratio, interval) = if estimates.len() < SEVERAL {
        let mut interval = signed_rank_interval(&all, 0.95)?;
        (interval.low, interval.high) = (interval.low.exp(), interval.high.exp());
        (hodges_lehmann(&all)?.exp(), interval)
    } else {
        t_interval_of_log(&estimates, 0.95)?
    };
    let interval = Interval {
        low: interval.low - 1.0,
        high: interval.high - 1.0,
        ..interval
    };
    Some((ratio - 1.0, interval))
}

/// The operators of all processes, those of one name and kind as one: their calls stand behind one another, as the
/// inferences do. A call of an inference that there is not, which only a broken worker tells of, is left out.
pub(super) fn merged(processes: &mut [Profiled]) -> Vec<ProfiledOperator> {
    let mut merged: Vec<ProfiledOperator> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut before = 0;
    for process in processes {
        let runs = process.profiled_ns.len();
        for mut operator in std::mem::take(&mut process.profile.operators) {
            let calls = std::mem::take(&mut operator.calls).into_iter();
            let calls = calls.filter(|call| call.run < runs).map(|call| OperatorCall {
                run: call.run + before,
                ..call
            });
            let place = *places
                .entry((operator.name.clone(), operator.op.clone()))
                .or_insert_with(|| {
                    merged.push(operator);
                    merged.len() - 1
                });
            merged[place].calls.extend(calls);
        }
        before += runs;
    }
    merged
}

/// An operator's time in each inference, all calls together.
pub(super) fn in_runs(operator: &ProfiledOperator, runs: usize) -> Vec<f64> {
    let mut sums = vec![0.0; runs];
    for call in &operator.calls {
        sums[call.run] += call.duration_ns.0 as f64;
    }
    sums
}

/// When an operator is first called in each inference.
pub(super) fn first_begins(operator: &ProfiledOperator, runs: usize) -> Vec<Option<f64>> {
    let mut begins: Vec<Option<f64>> = vec![None; runs];
    for call in &operator.calls {
        let (begin, this) = (&mut begins[call.run], call.begin_ns.0 as f64);
        *begin = Some(begin.map_or(this, |known| known.min(this)));
    }
    begins
}

/// What passes between the end of one operator and the beginning of the next one in each inference.
pub(super) fn between(operators: &[ProfiledOperator], runs: usize) -> Vec<f64> {
    let mut calls: Vec<Vec<(u64, u64)>> = vec![Vec::new(); runs];
    for call in operators.iter().flat_map(|operator| &operator.calls) {
        // What passes between the calls within another is in that one's own time.
        let span_ns = call.span_ns.unwrap_or(call.duration_ns).0;
        calls[call.run].push((call.begin_ns.0, call.begin_ns.0.saturating_add(span_ns)));
    }
    let gaps = |mut calls: Vec<(u64, u64)>| {
        calls.sort_unstable();
        let mut gaps = 0_u64;
        let mut latest = calls.first().map_or(0, |&(begin, _)| begin);
        for (begin, end) in calls {
            gaps = gaps.saturating_add(begin.saturating_sub(latest));
            latest = latest.max(end);
        }
        gaps as f64
    };
    calls.into_iter().map(gaps).collect()
}

#[cfg(test)]
mod tests {
    use edgebench_api::{Nanos, Profile};

    use super::*;

    fn call(run: usize, begin: u64, duration: u64, span: Option<u64>) -> OperatorCall {
        OperatorCall {
            run,
            begin_ns: Nanos(begin),
            duration_ns: Nanos(duration),
            span_ns: span.map(Nanos),
        }
    }

    fn operator(name: &str, calls: Vec<OperatorCall>) -> ProfiledOperator {
        ProfiledOperator {
            name: name.to_owned(),
            calls,
            ..ProfiledOperator::default()
        }
    }

    fn process(walls: &[u64], operators: Vec<ProfiledOperator>) -> Profiled {
        Profiled {
            profiled_ns: walls.to_vec(),
            unprofiled_ns: walls.iter().map(|wall| wall - 10).collect(),
            profile: Profile {
                resolution_ns: Nanos(1),
                operators,
                executed_model: None,
            },
        }
    }

    #[test]
    fn gaps_within_a_loop_are_in_its_own_time() {
        // From 10 to 110, with two calls of 20 in it and gaps around these.
        let within = [
            operator("loop", vec![call(0, 10, 60, Some(100))]),
            operator("body", vec![call(0, 20, 20, None), call(0, 70, 20, None)]),
            operator("after", vec![call(0, 115, 5, None)]),
        ];
        assert_eq!(between(&within, 1), [5.0]);
    }

    #[test]
    fn processes_stand_behind_one_another() {
        let first = process(
            &[100, 120],
            vec![operator("a", vec![call(0, 0, 50, None), call(1, 0, 70, None)])],
        );
        // A call of an inference that there is not; an operator that the other process does not run.
        let second = process(
            &[200],
            vec![
                operator("b", vec![call(0, 90, 60, None)]),
                operator("a", vec![call(0, 0, 90, None), call(7, 0, 1, None)]),
            ],
        );
        let mut processes = [first, second];
        let operators = merged(&mut processes);
        let names: Vec<&str> = operators.iter().map(|operator| operator.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(in_runs(&operators[0], 3), [50.0, 70.0, 90.0]);
        assert_eq!(first_begins(&operators[1], 3), [None, None, Some(90.0)]);
        let inferences = Inferences::of(&processes);
        assert_eq!(inferences.means(&in_runs(&operators[0], 3)), [60.0, 90.0]);
        assert!((inferences.mean(&in_runs(&operators[0], 3)) - 75.0).abs() < 1e-9);
        let walls: Vec<(usize, f64, f64)> = inferences
            .invocations
            .iter()
            .map(|one| (one.runs, one.wall_ns, one.unprofiled_p50_ns))
            .collect();
        assert_eq!(walls, [(2, 110.0, 100.0), (1, 200.0, 190.0)]);
    }

    #[test]
    fn what_the_profiler_costs_is_as_uncertain_as_processes_differ() {
        let of = |ratio: f64| Profiled {
            profiled_ns: vec![(1000.0 * ratio) as u64; 12],
            unprofiled_ns: vec![1000; 12],
            ..process(&[], Vec::new())
        };
        let (one, narrow) = overhead(&[of(1.2)]).unwrap();
        assert!(
            (one - 0.2).abs() < 1e-9 && narrow.high - narrow.low < 1e-9,
            "{narrow:?}"
        );
        let (median, wide) = overhead(&[of(1.1), of(1.2), of(1.3)]).unwrap();
        // scipy: exp(t.interval(0.95, 2, mean(log), sem(log))) - 1
        assert!((median - 0.2).abs() < 1e-9, "{median}");
        assert!(
            (wide.low + 0.027_178).abs() < 1e-6 && (wide.high - 0.473_369).abs() < 1e-6,
            "{wide:?}"
        );
        assert_eq!(overhead(&[process(&[100; 11], Vec::new())]), None);
    }

    #[test]
    fn a_stall_is_in_no_typical_inference() {
        let stalled = process(&[100, 110, 5_000, 120, 90, 105, 115, 95], Vec::new());
        let inferences = Inferences::of(&[stalled]);
        assert!(inferences.invocations[0].wall_ns < 120.0);
    }
}
