//! When a result is valid, and how a load's figures become a result's.

use edgebench_api::Nanos;
use edgebench_protocol::Queried;
use edgebench_record::{PercentileFigure, QueryLatency, ScenarioKind, ScenarioResult, ScenarioVerdict};
use edgebench_stats::{early_stopping_percentile, required_samples};

use super::job::Job;

/// `LoadGen`'s default for the fewest queries of a run.
pub(super) const MIN_QUERIES: u64 = 100;

/// The percentiles that `LoadGen` prints.
const PERCENTILES: [f64; 6] = [0.5, 0.9, 0.95, 0.97, 0.99, 0.999];

/// The fewest queries of which one may be above a percentile's estimate: 64 for p90, 662 for p99.
pub(super) fn reportable(p: f64) -> u64 {
    required_samples(p, 1, 0.99)
}

/// A result of queries, without its own figures and without a verdict. Sorts the latencies: a load may have too many for
/// a second copy.
pub(super) fn result_of(
    kind: ScenarioKind,
    job: &Job<'_>,
    inferences: u64,
    sessions: usize,
    load: &mut Queried,
) -> ScenarioResult {
    let mut result = ScenarioResult::new(kind);
    let queries = load.latencies_ns.len() as u64;
    let samples = inferences.saturating_mul(job.batch());
    result.elapsed_ns = load.elapsed_ns;
    result.queries = Some(queries);
    result.samples_per_query = Some(samples);
    result.sessions = Some(sessions);
    result.latency = latency(load);
    let seconds = load.elapsed_ns.as_secs_f64();
    result.throughput_per_s = (seconds > 0.0).then(|| queries as f64 * samples as f64 / seconds);
    let threads = sessions.saturating_mul(job.id.settings.threads);
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if threads > cpus {
        result.notes.push(format!(
            "{sessions} sessions of {} threads share {cpus} processors",
            job.id.settings.threads
        ));
    }
    result
}

fn latency(load: &mut Queried) -> Option<QueryLatency> {
    load.latencies_ns.sort_unstable();
    let sorted = &load.latencies_ns;
    let n = sorted.len() as f64;
    Some(QueryLatency {
        min_ns: Nanos(*sorted.first()?),
        mean_ns: sorted.iter().map(|&ns| ns as f64).sum::<f64>() / n,
        max_ns: Nanos(*sorted.last()?),
        percentiles: PERCENTILES.iter().map(|&p| percentile(sorted, p)).collect(),
        lateness_p99_ns: load.lateness.map(|lateness| lateness.p99_ns),
        service_mean_ns: Some(load.busy_ns.0 as f64 / n),
    })
}

fn percentile(sorted: &[u64], p: f64) -> PercentileFigure {
    let figure = early_stopping_percentile(sorted, p);
    PercentileFigure {
        p,
        needed: figure.needed,
        empirical_ns: figure.empirical,
        conservative_ns: figure.conservative,
    }
}

/// A query of the rules has one sample.
pub(super) fn one_sample(job: &Job<'_>, result: &mut ScenarioResult) {
    if job.batch() != 1 {
        let batch = job.batch();
        result
            .reasons
            .push(format!("a query has {batch} samples, the batch, and the rule is 1"));
    }
}

/// A load lasts as long as the rules want.
pub(super) fn long_enough(elapsed_ns: u64, valid_ns: u64, result: &mut ScenarioResult) {
    if elapsed_ns < valid_ns {
        let seconds = |ns: u64| ns as f64 / 1e9;
        result.reasons.push(format!(
            "too short: {:.1} s, and the rule is {} s",
            // Never rounded up to what the rule asks for.
            (seconds(elapsed_ns) * 10.0).floor() / 10.0,
            seconds(valid_ns)
        ));
    }
}

/// The count of queries that a load can keep did not end it before its time.
pub(super) fn not_capped(load: &Queried, min_ns: u64, most: u64, result: &mut ScenarioResult) {
    let queries = load.latencies_ns.len() as u64 + load.not_served;
    if queries >= most && load.elapsed_ns.0 < min_ns {
        result.reasons.push(format!(
            "the load ended after {queries} queries, the most that are kept, before its {} were over",
            Nanos(min_ns)
        ));
    }
}

/// The arrivals come at least once in the scenario's length: otherwise a load lasts as long as the period likes.
pub(super) fn period_fits(period_ns: u64, min_ns: u64) -> Result<(), String> {
    if period_ns > min_ns {
        return Err(format!(
            "the period of {} is longer than the scenario's length of {}",
            Nanos(period_ns),
            Nanos(min_ns)
        ));
    }
    Ok(())
}

/// A result that was not begun.
pub(super) fn refused(kind: ScenarioKind, why: String) -> ScenarioResult {
    let mut result = ScenarioResult::new(kind);
    result.reasons.push(why);
    decide(result)
}

/// There are as many as the rules want.
pub(super) fn many_enough(what: &str, found: u64, needed: u64, result: &mut ScenarioResult) {
    if found < needed {
        result
            .reasons
            .push(format!("too few {what}: {found}, and the rule is {needed}"));
    }
}

/// All that arrived were served.
pub(super) fn all_served(load: &Queried, result: &mut ScenarioResult) {
    if load.not_served > 0 {
        result.reasons.push(format!(
            "rate not reached: {} of {} queries were not served in time to count",
            load.not_served,
            load.not_served + load.latencies_ns.len() as u64
        ));
    }
}

/// A result without a reason against it is valid.
pub(super) fn decide(mut result: ScenarioResult) -> ScenarioResult {
    result.verdict = if result.reasons.is_empty() {
        ScenarioVerdict::Valid
    } else {
        ScenarioVerdict::Invalid
    };
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_counts_are_loadgens() {
        assert_eq!((reportable(0.9), reportable(0.99)), (64, 662));
    }

    #[test]
    fn reasons_decide() {
        let fresh = || ScenarioResult::new(ScenarioKind::SingleStream);
        assert!(decide(fresh()).is_valid());
        let mut result = fresh();
        long_enough(9_999_999_999, 10_000_000_000, &mut result);
        assert_eq!(result.reasons, ["too short: 9.9 s, and the rule is 10 s"]);
        many_enough("queries", 661, 662, &mut result);
        many_enough("queries", 662, 662, &mut result);
        long_enough(10_000_000_000, 10_000_000_000, &mut result);
        assert_eq!(result.reasons.len(), 2);
        assert!(!decide(result).is_valid());
    }

    #[test]
    fn a_cap_that_ends_a_load_is_named() {
        let load = |elapsed| Queried {
            latencies_ns: vec![1; 7],
            not_served: 1,
            elapsed_ns: Nanos(elapsed),
            busy_ns: Nanos(7),
            lateness: None,
            cpu_ns: None,
        };
        let reasons = |elapsed, most| {
            let mut result = ScenarioResult::new(ScenarioKind::Paced);
            not_capped(&load(elapsed), 100, most, &mut result);
            result.reasons
        };
        assert!(reasons(99, 8)[0].starts_with("the load ended after 8 queries, the most"));
        assert!(reasons(100, 8).is_empty() && reasons(99, 9).is_empty());
    }

    #[test]
    fn a_period_longer_than_the_load_is_refused() {
        assert_eq!(period_fits(10, 10), Ok(()));
        let result = refused(ScenarioKind::Paced, period_fits(2_000_000, 1_000_000).unwrap_err());
        assert!(!result.is_valid());
        assert_eq!(
            result.reasons,
            ["the period of 2.00 ms is longer than the scenario's length of 1.00 ms"]
        );
    }

    #[test]
    fn percentiles_need_their_count() {
        let load = |n: u64| Queried {
            latencies_ns: (1..=n).rev().collect(),
            not_served: 0,
            elapsed_ns: Nanos(1),
            busy_ns: Nanos(n * 5),
            lateness: None,
            cpu_ns: None,
        };
        let figures = latency(&mut load(662)).unwrap();
        assert_eq!(figures.estimate(0.99), Some(662));
        assert_eq!(figures.estimate(0.999), None);
        assert_eq!((figures.min_ns.0, figures.max_ns.0), (1, 662));
        assert_eq!(figures.service_mean_ns, Some(5.0));
        assert_eq!(latency(&mut load(661)).unwrap().estimate(0.99), None);
        assert_eq!(latency(&mut load(0)), None);
    }
}
