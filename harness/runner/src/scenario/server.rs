//! The search for the highest rate of Poisson arrivals whose latency bound holds.

use std::collections::BTreeMap;

use edgebench_api::Nanos;
use edgebench_protocol::{Arrivals, MAX_QUERIES, Queried, Queries};
use edgebench_record::{RateProbe, ScenarioKind, ScenarioResult, ServerFigures};
use edgebench_stats::{RateSearch, Step, bound_holds, required_samples};

use super::job::{Job, Stopped};
use super::live::{Live, longest};
use super::rules::{
    MIN_QUERIES, decide, long_enough, many_enough, not_capped, one_sample, refused, reportable, result_of,
};

/// The percentile that keeps the bound.
const PERCENTILE: f64 = 0.99;

/// The bracket at which the search ends.
const TOLERANCE: f64 = 0.02;

/// The most rates that are probed before the confirmation, each up to three times.
const RATES: usize = 20;

/// The most confirmations.
const CONFIRMATIONS: usize = 8;

/// The first rate that is tried, as a share of what sessions serve one query after another.
const FIRST: f64 = 0.7;

/// A probe lasts this part of a full run's minimum.
const PROBE: u64 = 5;

/// A probe lasts so many bounds at least: a queue that is overloaded by a twentieth has then grown as long as the bound.
const PROBE_BOUNDS: u64 = 20;

/// Queries of a probe, at least: two of them above the bound are one in a hundred.
const PROBE_QUERIES: u64 = 200;

/// The highest rate whose 99th percentile keeps the bound.
pub(super) fn server(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let plan = job.plan;
    if plan.target_latency_ns > plan.min_ns / PROBE {
        let why = format!(
            "the bound of {} is more than a fifth of the scenario's length of {}: no load is long enough to show a queue \
             that grows",
            Nanos(plan.target_latency_ns),
            Nanos(plan.min_ns)
        );
        return Ok(refused(ScenarioKind::Server, why));
    }
    let mut live = Live::start(job)?;
    let pace = live.look(1, plan.sessions, plan.min_ns)?;
    let mut figures = ServerFigures {
        bound_ns: Nanos(plan.target_latency_ns),
        percentile: PERCENTILE,
        rate_per_s: None,
        lowest_failed_per_s: None,
        probes: Vec::new(),
    };
    if pace.fastest_ns > plan.target_latency_ns {
        live.end();
        let mut result = ScenarioResult::new(ScenarioKind::Server);
        result.reasons.push(format!(
            "no rate can hold: the fastest query takes {}, and the bound is {}",
            Nanos(pace.fastest_ns),
            figures.bound_ns
        ));
        result.server = Some(figures);
        return Ok(decide(result));
    }
    let search = RateSearch::new(pace.rate_per_s * FIRST, TOLERANCE, RATES, CONFIRMATIONS);
    let mut last = None;
    let mut undecided = false;
    if let Some(mut search) = search {
        loop {
            let (rate, full) = match search.step() {
                Step::Probe(rate) => (rate, false),
                Step::Confirm(rate) => (rate, true),
                Step::Done => break,
            };
            // Every try has arrivals of its own, so that none is tuned to a schedule.
            let seed = job.seed.wrapping_add(1 + figures.probes.len() as u64);
            let load = live.queries(request(
                plan.sessions,
                plan.min_ns,
                plan.target_latency_ns,
                rate,
                seed,
                full,
            ))?;
            let (probe, enough) = judged(&load, plan.target_latency_ns, rate, seed, full);
            let held = probe.held;
            figures.probes.push(probe);
            // The figures are those of the highest rate that held at full length.
            if full && (held || search.highest().is_none()) {
                last = Some((load, seed));
            }
            if !enough {
                // A lower rate would have fewer queries still.
                undecided = true;
                break;
            }
            search.tried(held);
        }
        figures.rate_per_s = search.highest();
        figures.lowest_failed_per_s = search.lowest_failed();
    }
    live.end();
    let mut result = match last {
        Some((mut load, seed)) => {
            let mut result = result_of(ScenarioKind::Server, job, 1, plan.sessions, &mut load);
            result.seed = Some(seed);
            long_enough(load.elapsed_ns.0, plan.valid_ns, &mut result);
            not_capped(&load, plan.min_ns, MAX_QUERIES, &mut result);
            many_enough("queries", load.latencies_ns.len() as u64, MIN_QUERIES, &mut result);
            if undecided {
                let over = figures.probes.last().map_or(0, |probe| probe.over);
                let needed = required_samples(PERCENTILE, over, 0.99);
                many_enough("queries for p99", load.latencies_ns.len() as u64, needed, &mut result);
            }
            result
        }
        None => ScenarioResult::new(ScenarioKind::Server),
    };
    if figures.rate_per_s.is_none() && !undecided {
        result.reasons.push(not_reached(&figures.probes));
    }
    result.notes.extend(tried_again(&figures.probes));
    one_sample(job, &mut result);
    result.server = Some(figures);
    Ok(decide(result))
}

/// Why there is no rate.
fn not_reached(probes: &[RateProbe]) -> String {
    let held = probes.iter().filter(|probe| probe.held).map(|probe| probe.rate_per_s);
    match held.reduce(f64::max) {
        Some(rate) => format!(
            "rate not reached: no rate held at full length; the highest that held a probe is {rate:.3} queries/s"
        ),
        None => format!("rate not reached: none of {} probes held the bound", probes.len()),
    }
}

/// How many rates failed a probe and were tried again, and what came of it.
fn tried_again(probes: &[RateProbe]) -> Option<String> {
    let mut rates = BTreeMap::new();
    for probe in probes.iter().filter(|probe| !probe.full) {
        // Rates are above 0, and those of one rate are the same number.
        let (tries, held): &mut (u64, u64) = rates.entry(probe.rate_per_s.to_bits()).or_default();
        *tries += 1;
        *held += u64::from(probe.held);
    }
    let again = rates.values().filter(|(tries, _)| *tries > 1).count();
    let mixed = rates.values().filter(|(tries, held)| *held > 0 && held < tries).count();
    (again > 0).then(|| {
        format!(
            "of {} rates probed, {again} failed a probe and were tried again; {mixed} of these held in some probes and \
             failed in others",
            rates.len()
        )
    })
}

/// A load at a rate: a full run, or a probe that guides the search.
fn request(sessions: usize, min_ns: u64, bound_ns: u64, rate_per_s: f64, seed: u64, full: bool) -> Queries {
    let (min_ns, queries) = if full {
        (min_ns, reportable(PERCENTILE))
    } else {
        // Never longer than the full run that it stands for.
        let probe_ns = (min_ns / PROBE).max(bound_ns.saturating_mul(PROBE_BOUNDS));
        (probe_ns.min(min_ns), PROBE_QUERIES)
    };
    let most_ns = longest(min_ns);
    // What slow models cannot serve within the longest load is left out, and the count then says so.
    let fitting = (rate_per_s * most_ns as f64 / 1e9) as u64;
    let min_queries = queries.min(fitting).max(1);
    let arriving_ns = min_ns.max((min_queries as f64 / rate_per_s * 1e9) as u64);
    Queries {
        arrivals: Arrivals::Poisson { rate_per_s, seed },
        inferences: 1,
        sessions,
        min_ns: Nanos(min_ns),
        min_queries,
        // A queue that grows is not waited for: half as long again, and the bound.
        max_ns: Nanos(arriving_ns.saturating_add(arriving_ns / 2).saturating_add(bound_ns)),
        max_queries: MAX_QUERIES,
    }
}

/// What a load says of its rate, and whether it had queries enough to say it.
fn judged(load: &Queried, bound_ns: u64, rate_per_s: f64, seed: u64, full: bool) -> (RateProbe, bool) {
    let late = load.latencies_ns.iter().filter(|&&latency| latency > bound_ns).count() as u64;
    let over = late + load.not_served;
    let queries = load.latencies_ns.len() as u64 + load.not_served;
    let by_share = over as f64 <= (1.0 - PERCENTILE) * queries as f64;
    let by_rule = bound_holds(queries, over, PERCENTILE);
    let probe = RateProbe {
        rate_per_s,
        seed,
        queries,
        over,
        elapsed_ns: load.elapsed_ns,
        full,
        held: if full { by_rule } else { by_share },
    };
    // The fewest queries that can show anything are those of which none is above the bound.
    let enough = !full || queries >= required_samples(PERCENTILE, 0, 0.99);
    (probe, enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(within: u64, late: u64, not_served: u64) -> Queried {
        let figures = std::iter::repeat_n(5, within as usize).chain(std::iter::repeat_n(20, late as usize));
        Queried {
            latencies_ns: figures.collect(),
            not_served,
            elapsed_ns: Nanos(1),
            busy_ns: Nanos(1),
            lateness: None,
            cpu_ns: None,
        }
    }

    #[test]
    fn what_was_not_served_is_over_the_bound() {
        let held = |within, late, not_served, full| judged(&load(within, late, not_served), 10, 1.0, 0, full).0.held;
        assert!(held(661, 1, 0, true));
        assert!(!held(660, 1, 0, true));
        assert!(!held(661, 0, 2, true));
        assert!(held(198, 2, 0, false));
        assert!(!held(197, 2, 1, false));
    }

    #[test]
    fn what_held_a_probe_is_said() {
        let probe = |rate_per_s, held, full| RateProbe {
            rate_per_s,
            seed: 0,
            queries: 1,
            over: 0,
            elapsed_ns: Nanos(1),
            full,
            held,
        };
        let mut probes = vec![probe(100.0, false, false), probe(100.0, false, false)];
        assert_eq!(
            not_reached(&probes),
            "rate not reached: none of 2 probes held the bound"
        );
        assert!(
            tried_again(&probes)
                .unwrap()
                .starts_with("of 1 rates probed, 1 failed a probe and were tried again; 0")
        );
        probes.extend([
            probe(50.0, true, false),
            probe(70.0, false, false),
            probe(70.0, true, false),
        ]);
        probes.push(probe(50.0, false, true));
        assert!(not_reached(&probes).ends_with("the highest that held a probe is 70.000 queries/s"));
        assert!(
            tried_again(&probes)
                .unwrap()
                .starts_with("of 3 rates probed, 2 failed a probe and were tried again; 1")
        );
        assert_eq!(tried_again(&probes[2..4]), None);
    }

    #[test]
    fn too_few_queries_decide_nothing() {
        assert!(!judged(&load(458, 0, 0), 10, 1.0, 0, true).1);
        assert!(judged(&load(459, 0, 0), 10, 1.0, 0, true).1);
        assert!(judged(&load(10, 0, 0), 10, 1.0, 0, false).1);
    }

    #[test]
    fn a_full_run_has_the_queries_that_p99_needs_and_an_end() {
        let slow = request(1, 10_000_000_000, 1_000_000, 10.0, 0, true);
        assert_eq!(slow.min_queries, 662);
        assert!(slow.max_ns.0 > 66_000_000_000 && slow.max_ns.0 < 120_000_000_000);
        let probe = |bound_ns| request(1, 10_000_000_000, bound_ns, 1000.0, 0, false).min_ns.0;
        assert_eq!(probe(1_000_000), 2_000_000_000);
        assert_eq!(probe(300_000_000), 6_000_000_000);
        assert_eq!(probe(u64::MAX), 10_000_000_000);
        let slower = request(1, 10_000_000_000, 1_000_000, 1.0, 0, true);
        assert_eq!(slower.min_queries, 120);
        let hopeless = request(1, 10_000_000_000, 1_000_000, 1e-9, 0, true);
        assert_eq!(hopeless.min_queries, 1);
        assert!(hopeless.max_ns.0 > 0);
    }
}
