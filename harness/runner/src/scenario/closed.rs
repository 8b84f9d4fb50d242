//! Single-stream, multi-stream and offline.

use edgebench_api::Nanos;
use edgebench_protocol::{Arrivals, MAX_QUERIES, Queried, Queries};
use edgebench_record::{ScenarioKind, ScenarioResult};

use super::job::{Job, Stopped};
use super::live::{Live, longest};
use super::rules::{
    MIN_QUERIES, all_served, decide, long_enough, many_enough, not_capped, one_sample, reportable, result_of,
};

/// Samples of a multi-stream query.
const MULTI: u64 = 8;

/// Samples that the offline scenario asks for, or all of a test set that has fewer.
const OFFLINE_SAMPLES: u64 = 24_576;

/// How much longer than its minimum the offline load is planned: a machine that speeds up must not end it too soon.
const OFFLINE_SLACK: f64 = 1.1;

/// Loads of one scenario, one after the other where the models are fast: 32 million queries, 256 MB of figures.
const MOST_LOADS: u64 = 16;

/// Parts of an offline query: few enough for one answer.
const MOST_PARTS: u64 = MAX_QUERIES / 2;

/// The next query of one sample when the last one is complete; the figure is the estimate of the 90th percentile.
pub(super) fn single_stream(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let mut result = one_after_another(ScenarioKind::SingleStream, job, 1, MIN_QUERIES.max(reportable(0.9)))?;
    one_sample(job, &mut result);
    Ok(decide(result))
}

/// The next query of eight samples when the last one is complete; the figure is the estimate of the 99th percentile.
pub(super) fn multi_stream(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let inferences = MULTI.div_ceil(job.batch());
    let mut result = one_after_another(ScenarioKind::MultiStream, job, inferences, reportable(0.99))?;
    if !MULTI.is_multiple_of(job.batch()) {
        let samples = inferences * job.batch();
        let reason = format!("a query has {samples} samples, whole batches, and the rule is {MULTI}");
        result.reasons.push(reason);
    }
    Ok(decide(result))
}

fn one_after_another(
    kind: ScenarioKind,
    job: &Job<'_>,
    inferences: u64,
    needed: u64,
) -> Result<ScenarioResult, Stopped> {
    let mut live = Live::start(job)?;
    let min_ns = job.plan.min_ns;
    let closed = |min_ns, min_queries, max_ns| Queries {
        arrivals: Arrivals::Closed,
        inferences,
        sessions: 1,
        min_ns: Nanos(min_ns),
        min_queries,
        max_ns: Nanos(max_ns),
        max_queries: MAX_QUERIES,
    };
    let mut load = live.queries(closed(min_ns, needed, longest(min_ns)))?;
    let mut loads = 1;
    // Only the count of queries in one answer ends a load before its time.
    while load.elapsed_ns.0 < min_ns && load.latencies_ns.len() as u64 >= needed && loads < MOST_LOADS {
        let left_ns = min_ns - load.elapsed_ns.0;
        append(&mut load, live.queries(closed(left_ns, 1, left_ns))?);
        loads += 1;
    }
    live.end();
    let mut result = result_of(kind, job, inferences, 1, &mut load);
    not_capped(&load, min_ns, MOST_LOADS * MAX_QUERIES, &mut result);
    long_enough(load.elapsed_ns.0, job.plan.valid_ns, &mut result);
    many_enough("queries", load.latencies_ns.len() as u64, needed, &mut result);
    Ok(result)
}

/// Puts a further load behind one: the time between them belongs to neither.
fn append(load: &mut Queried, mut next: Queried) {
    load.latencies_ns.append(&mut next.latencies_ns);
    load.not_served += next.not_served;
    load.elapsed_ns = Nanos(load.elapsed_ns.0.saturating_add(next.elapsed_ns.0));
    load.busy_ns = Nanos(load.busy_ns.0.saturating_add(next.busy_ns.0));
    let both = load.cpu_ns.zip(next.cpu_ns);
    load.cpu_ns = both.map(|(one, other)| Nanos(one.0.saturating_add(other.0)));
}

/// All samples in one query; the figure is samples per second.
pub(super) fn offline(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let mut live = Live::start(job)?;
    let sessions = job.plan.sessions;
    let pace = live.look(1, sessions, job.plan.min_ns)?;
    let needed = OFFLINE_SAMPLES.min(job.inputs.samples as u64).max(1);
    let planned = pace.rate_per_s * job.plan.min_ns as f64 / 1e9 * OFFLINE_SLACK;
    let inferences = (planned.ceil() as u64).max(needed.div_ceil(job.batch()));
    // The sessions share the query part by part.
    let per_part = inferences.div_ceil(MOST_PARTS);
    let parts = inferences.div_ceil(per_part);
    let mut load = live.queries(Queries {
        arrivals: Arrivals::AtOnce,
        inferences: per_part,
        sessions,
        min_ns: Nanos(job.plan.min_ns),
        min_queries: parts,
        max_ns: Nanos(longest(job.plan.min_ns)),
        max_queries: parts,
    })?;
    live.end();
    let done = load.latencies_ns.len() as u64 * per_part * job.batch();
    let mut result = result_of(ScenarioKind::Offline, job, per_part, sessions, &mut load);
    // One query that has all samples: its parts have no latency of their own.
    result.latency = None;
    result.queries = Some(1);
    result.samples_per_query = Some(done);
    if needed < OFFLINE_SAMPLES {
        let note = format!("the test set has {needed} samples, which are run again and again");
        result.notes.push(note);
    }
    long_enough(load.elapsed_ns.0, job.plan.valid_ns, &mut result);
    many_enough("samples", done, needed, &mut result);
    all_served(&load, &mut result);
    Ok(decide(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_in_a_row_are_one() {
        let load = |latencies: &[u64], cpu_ns: Option<u64>| Queried {
            latencies_ns: latencies.to_vec(),
            not_served: 0,
            elapsed_ns: Nanos(100),
            busy_ns: Nanos(60),
            lateness: None,
            cpu_ns: cpu_ns.map(Nanos),
        };
        let mut all = load(&[1, 5], Some(7));
        append(&mut all, load(&[3], Some(8)));
        assert_eq!(all.latencies_ns, [1, 5, 3]);
        assert_eq!(
            (all.elapsed_ns.0, all.busy_ns.0, all.cpu_ns),
            (200, 120, Some(Nanos(15)))
        );
        append(&mut all, load(&[3], None));
        assert_eq!(all.cpu_ns, None);
    }
}
