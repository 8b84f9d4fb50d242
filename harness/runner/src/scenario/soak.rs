//! Minutes to hours.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use edgebench_api::Nanos;
use edgebench_protocol::{Measure, Measured};
use edgebench_record::{HealthReading, ScenarioKind, ScenarioResult, SoakFigures, SoakInterval};
use edgebench_stats::median;

use super::job::{Job, Stopped};
use super::live::Live;
use super::rules::{decide, long_enough, many_enough};
use crate::host::read_health;

/// What a soak lasts at least to be valid, as long as the rules want a performance run: heat takes minutes.
const VALID_NS: u64 = 600_000_000_000;

/// A last third needs three intervals.
const MIN_INTERVALS: u64 = 3;

/// The most samples that the worker keeps for one answer; an interval of more takes several.
const MAX_SAMPLES: u64 = 1_000_000;

/// How often an interrupt is looked for while the machine cools down.
const POLL: Duration = Duration::from_millis(200);

/// Measures interval after interval, and reads the machine's health between them.
pub(super) fn soak(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let plan = job.plan;
    cool_down(job)?;
    let mut live = Live::start(job)?;
    let begin = Instant::now();
    let interval_ns = plan.soak_interval_ns.max(1);
    let mut intervals = Vec::new();
    while Nanos::from(begin.elapsed()).0 < plan.soak_ns {
        let at_ns = Nanos::from(begin.elapsed());
        let end_ns = at_ns.0.saturating_add(interval_ns);
        let mut done: Option<Part> = None;
        loop {
            let left_ns = end_ns.saturating_sub(Nanos::from(begin.elapsed()).0);
            if done.is_some() && left_ns == 0 {
                break;
            }
            let measured = live.measure(Measure {
                min_ns: Nanos(left_ns),
                min_samples: 1,
                max_ns: Nanos(left_ns.max(1)),
                max_samples: MAX_SAMPLES,
            })?;
            done = Some(Part::of(&measured).after(done));
        }
        if let Some(done) = done {
            intervals.push(interval(at_ns, job.batch(), done, &read_health(Path::new("/"))));
        }
    }
    let elapsed_ns = Nanos::from(begin.elapsed());
    live.end();
    let mut result = ScenarioResult::new(ScenarioKind::Soak);
    result.elapsed_ns = elapsed_ns;
    result.samples_per_query = Some(job.batch());
    long_enough(elapsed_ns.0, VALID_NS, &mut result);
    many_enough("intervals", intervals.len() as u64, MIN_INTERVALS, &mut result);
    if intervals.iter().all(|interval| interval.temperature_c.is_none()) {
        result.notes.push("the machine tells no temperature".to_owned());
    }
    result.soak = figures(plan.cool_down_ns, intervals);
    Ok(decide(result))
}

fn cool_down(job: &Job<'_>) -> Result<(), Stopped> {
    let begin = Instant::now();
    let length = Duration::from_nanos(job.plan.cool_down_ns);
    loop {
        if job.start.interrupt.load(Ordering::Relaxed) {
            return Err(Stopped::Interrupted);
        }
        let left = length.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(POLL));
    }
}

/// What was measured of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    samples: usize,
    /// In inferences themselves: the copies of outputs between them belong to the harness.
    seconds: f64,
    /// Of the first answer.
    p50_ns: f64,
}

impl Part {
    fn of(measured: &Measured) -> Self {
        let samples: Vec<f64> = measured.samples_ns.iter().map(|&ns| ns as f64).collect();
        Self {
            samples: samples.len(),
            seconds: samples.iter().sum::<f64>() / 1e9,
            p50_ns: median(&samples).unwrap_or_default(),
        }
    }

    /// Together with what was measured before it.
    fn after(self, before: Option<Self>) -> Self {
        before.map_or(self, |before| Self {
            samples: before.samples + self.samples,
            seconds: before.seconds + self.seconds,
            p50_ns: before.p50_ns,
        })
    }
}

fn interval(at_ns: Nanos, batch: u64, done: Part, health: &HealthReading) -> SoakInterval {
    let hottest = health.temperatures.iter().map(|sensor| sensor.celsius);
    SoakInterval {
        at_ns,
        samples: done.samples,
        p50_ns: done.p50_ns,
        throughput_per_s: done.samples as f64 * batch as f64 / done.seconds.max(1e-9),
        temperature_c: hottest.reduce(f64::max),
        frequency_hz: health.frequency.map(|span| span.max_khz as f64 * 1e3),
    }
}

/// Burst and sustained; absent without an interval.
fn figures(cool_down_ns: u64, intervals: Vec<SoakInterval>) -> Option<SoakFigures> {
    let burst_per_s = intervals.first()?.throughput_per_s;
    let last_third = &intervals[intervals.len() - intervals.len().div_ceil(3)..];
    let sustained: Vec<f64> = last_third.iter().map(|interval| interval.throughput_per_s).collect();
    Some(SoakFigures {
        cool_down_ns: Nanos(cool_down_ns),
        burst_per_s,
        sustained_per_s: median(&sustained)?,
        intervals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(throughput_per_s: f64) -> SoakInterval {
        SoakInterval {
            at_ns: Nanos(0),
            samples: 1,
            p50_ns: 1.0,
            throughput_per_s,
            temperature_c: None,
            frequency_hz: None,
        }
    }

    #[test]
    fn an_interval_is_all_that_was_measured_in_it() {
        let part = |samples, seconds, p50_ns| Part {
            samples,
            seconds,
            p50_ns,
        };
        let whole = part(50, 1.0, 7.0).after(Some(part(100, 1.0, 5.0)));
        assert_eq!(whole, part(150, 2.0, 5.0));
        let found = interval(Nanos(9), 4, whole, &HealthReading::default());
        assert!((found.throughput_per_s - 300.0).abs() < 1e-9);
        assert_eq!((found.at_ns.0, found.samples), (9, 150));
    }

    #[test]
    fn burst_is_the_first_interval_and_sustained_the_last_third() {
        let intervals = [100.0, 90.0, 80.0, 70.0, 60.0, 62.0, 64.0].map(at).to_vec();
        let figures = figures(5, intervals).unwrap();
        let is = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-12, "{found}");
        is(figures.burst_per_s, 100.0);
        is(figures.sustained_per_s, 62.0);
        is(super::figures(5, vec![at(3.0)]).unwrap().sustained_per_s, 3.0);
        assert_eq!(super::figures(5, Vec::new()), None);
    }
}
