//! Single-stream, multi-stream and offline.

use edgebench_api::Nanos;
use edgebench_protocol::{Arrivals, MAX_QUERIES, Queries};
use edgebench_record::{ScenarioKind, ScenarioResult};

use super::job::{Job, Stopped};
use super::live::{Live, longest};
use super::rules::{MIN_QUERIES, all_served, decide, long_enough, many_enough, one_sample, reportable, result_of};

/// Samples of a multi-stream query.
const MULTI: u64 = 8;

/// Samples that the offline scenario asks for, or all of a test set that has fewer.
const OFFLINE_SAMPLES: u64 = 24_576;

/// How much longer than its minimum the offline load is planned: a machine that speeds up must not end it too soon.
const OFFLINE_SLACK: f64 = 1.1;

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
    let load = live.queries(Queries {
        arrivals: Arrivals::Closed,
        inferences,
        sessions: 1,
        min_ns: Nanos(job.plan.min_ns),
        min_queries: needed,
        max_ns: Nanos(longest(job.plan.min_ns)),
        max_queries: MAX_QUERIES,
    })?;
    live.end();
    let mut result = result_of(kind, job, inferences, 1, &load);
    long_enough(load.elapsed_ns.0, job.plan.valid_ns, &mut result);
    many_enough("queries", load.latencies_ns.len() as u64, needed, &mut result);
    Ok(result)
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
    let load = live.queries(Queries {
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
    let mut result = result_of(ScenarioKind::Offline, job, per_part, sessions, &load);
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
