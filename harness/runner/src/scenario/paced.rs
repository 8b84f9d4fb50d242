//! A query each period, with a deadline.

use edgebench_api::Nanos;
use edgebench_protocol::{Arrivals, MAX_QUERIES, Queried, Queries};
use edgebench_record::{PacedFigures, ScenarioKind, ScenarioPlan, ScenarioResult};
use edgebench_stats::wilson;

use super::job::{Job, Stopped};
use super::live::{Live, longest};
use super::rules::{
    MIN_QUERIES, all_served, decide, long_enough, many_enough, not_capped, period_fits, refused, result_of,
};

/// The confidence of the miss rate's interval.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Runs one inference each period.
pub(super) fn paced(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let plan = job.plan;
    let period_ns = plan.period_ns.max(1);
    if let Err(why) = period_fits(period_ns, plan.min_ns) {
        return Ok(refused(ScenarioKind::Paced, why));
    }
    let mut live = Live::start(job)?;
    let fitting = longest(plan.min_ns) / period_ns;
    let queries = MIN_QUERIES.min(fitting).max(1);
    let arriving_ns = plan.min_ns.max(queries.saturating_mul(period_ns));
    let mut load = live.queries(Queries {
        arrivals: Arrivals::Periodic {
            period_ns: Nanos(period_ns),
        },
        inferences: 1,
        sessions: 1,
        min_ns: Nanos(plan.min_ns),
        min_queries: queries,
        max_ns: Nanos(
            arriving_ns
                .saturating_add(arriving_ns / 2)
                .saturating_add(plan.deadline_ns),
        ),
        max_queries: MAX_QUERIES,
    })?;
    live.end();
    let figures = figures(plan, &load);
    let mut result = result_of(ScenarioKind::Paced, job, 1, 1, &mut load);
    long_enough(load.elapsed_ns.0, plan.valid_ns, &mut result);
    not_capped(&load, plan.min_ns, MAX_QUERIES, &mut result);
    many_enough("queries", figures.due, MIN_QUERIES, &mut result);
    all_served(&load, &mut result);
    if job.batch() > 1 {
        let note = format!("each query is a batch of {} samples", job.batch());
        result.notes.push(note);
    }
    result.paced = Some(figures);
    Ok(decide(result))
}

fn figures(plan: &ScenarioPlan, load: &Queried) -> PacedFigures {
    let late = load
        .latencies_ns
        .iter()
        .filter(|&&latency| latency > plan.deadline_ns)
        .count() as u64;
    let missed = late + load.not_served;
    let due = load.latencies_ns.len() as u64 + load.not_served;
    let seconds = load.elapsed_ns.as_secs_f64().max(1e-9);
    PacedFigures {
        period_ns: Nanos(plan.period_ns),
        deadline_ns: Nanos(plan.deadline_ns),
        due,
        missed,
        miss_rate: missed as f64 / due.max(1) as f64,
        miss_interval: wilson(missed, due, CONFIDENCE),
        jitter_ns: jitter(&load.latencies_ns),
        achieved_per_s: load.latencies_ns.len() as f64 / seconds,
        busy: load.busy_ns.as_secs_f64() / seconds,
        energy: None,
    }
}

/// The mean difference between successive latencies: what RFC 3550 smooths as the jitter of a stream.
fn jitter(latencies_ns: &[u64]) -> Option<f64> {
    let differences = latencies_ns.windows(2).map(|pair| pair[0].abs_diff(pair[1]) as f64);
    let count = latencies_ns.len().checked_sub(1).filter(|&count| count > 0)?;
    Some(differences.sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_the_mean_difference() {
        assert_eq!(jitter(&[10, 14, 12]), Some(3.0));
        assert_eq!(jitter(&[10]), None);
        assert_eq!(jitter(&[]), None);
    }
}
