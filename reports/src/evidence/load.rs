//! The key figures of each load pattern, each with its name.

use edgebench_record::{
    ColdCache, ColdStart, PacedFigures, ScenarioKind, ScenarioResult, ServerFigures, SoakFigures, StreamingFigures,
};
use edgebench_stats::Interval;

use crate::columns::ABSENT;
use crate::picture::Unit;
use crate::text::significant;

/// One figure of a scenario.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// `None` where there is none.
    pub(super) words: Option<String>,
    /// What it sorts by.
    pub(super) value: Option<f64>,
}

impl Key {
    fn of(name: &'static str, value: Option<f64>, show: impl Fn(f64) -> String) -> Self {
        let value = value.filter(|value| value.is_finite());
        Self {
            name,
            words: value.map(show),
            value,
        }
    }

    fn time(name: &'static str, ns: Option<f64>) -> Self {
        Self::of(name, ns, |ns| Unit::Time.show(ns))
    }

    /// A fraction, shown in per cent; what these have no number for is none.
    fn share(name: &'static str, share: Option<f64>) -> Self {
        let share = share.filter(|share| (share * 100.0).is_finite());
        Self::of(name, share, |share| Unit::Share.show(share))
    }

    fn count(name: &'static str, count: Option<u64>) -> Self {
        let words = count.map(|count| count.to_string());
        Self {
            name,
            words,
            value: count.map(|count| count as f64),
        }
    }

    fn rate(name: &'static str, per_s: Option<f64>) -> Self {
        Self::of(name, per_s, |rate| format!("{}/s", significant(rate)))
    }

    /// The words, or what stands for a figure that is absent.
    pub(super) fn shown(&self) -> String {
        self.words.clone().unwrap_or_else(|| ABSENT.to_owned())
    }
}

/// The key figures of a scenario's result: the same names, in the same order, for all of one kind.
pub(super) fn keys(result: &ScenarioResult) -> Vec<Key> {
    match result.kind {
        ScenarioKind::SingleStream => vec![
            estimate("p50", result, 0.5),
            estimate("p90", result, 0.9),
            estimate("p99", result, 0.99),
            Key::count("queries", result.queries),
        ],
        ScenarioKind::MultiStream => vec![
            estimate("p50", result, 0.5),
            estimate("p99", result, 0.99),
            Key::count("samples a query", result.samples_per_query),
            Key::count("queries", result.queries),
        ],
        ScenarioKind::Server => server(result, result.server.as_ref()),
        ScenarioKind::Offline => vec![
            Key::rate("samples", result.throughput_per_s),
            Key::count("samples of the query", result.samples_per_query),
            sessions(result),
        ],
        ScenarioKind::Paced => paced(result, result.paced.as_ref()),
        ScenarioKind::Streaming => streaming(result.streaming.as_ref()),
        ScenarioKind::ColdStart => {
            let cold_start = result.cold_start.as_ref();
            let median = |cache: Option<&ColdCache>| cache.and_then(|cache| cache.median);
            let warm = median(cold_start.map(|figures| &figures.warm));
            let cold = median(cold_start.and_then(|figures| figures.cold.as_ref()));
            let rung = |name, start: Option<ColdStart>, of: fn(&ColdStart) -> u64| {
                Key::time(name, start.map(|start| of(&start) as f64))
            };
            vec![
                rung("warm cache", warm, |start| start.total_ns.0),
                rung("to hello", warm, |start| start.hello_ns.0),
                rung("library", warm, |start| start.library_open_ns.0),
                rung("load", warm, |start| start.load_ns.0),
                rung("first inference", warm, |start| start.first_ns.0),
                Key::time("between them", warm.and_then(|start| Some(start.rest_ns?.0 as f64))),
                rung("cold cache", cold, |start| start.total_ns.0),
                rung("load, cold", cold, |start| start.load_ns.0),
            ]
        }
        ScenarioKind::Soak => soak(result.soak.as_ref()),
    }
}

/// The early-stopping estimate of a percentile.
fn estimate(name: &'static str, result: &ScenarioResult, p: f64) -> Key {
    let estimate = result.latency.as_ref().and_then(|latency| latency.estimate(p));
    Key::time(name, estimate.map(|ns| ns as f64))
}

fn sessions(result: &ScenarioResult) -> Key {
    Key::count("sessions", result.sessions.map(|sessions| sessions as u64))
}

fn server(result: &ScenarioResult, figures: Option<&ServerFigures>) -> Vec<Key> {
    let bound = figures.map(|figures| figures.bound_ns.0 as f64);
    let percentile = figures.map(|figures| figures.percentile);
    vec![
        Key::rate("highest rate that held", figures.and_then(|figures| figures.rate_per_s)),
        Key::time("bound", bound),
        Key::share("share within it", percentile),
        Key::rate(
            "lowest that did not",
            figures.and_then(|figures| figures.lowest_failed_per_s),
        ),
        Key::count("rates tried", figures.map(|figures| figures.probes.len() as u64)),
        sessions(result),
    ]
}

fn paced(result: &ScenarioResult, figures: Option<&PacedFigures>) -> Vec<Key> {
    let of = |value: fn(&PacedFigures) -> f64| figures.map(value);
    vec![
        Key::time("period", of(|figures| figures.period_ns.0 as f64)),
        Key::time("deadline", of(|figures| figures.deadline_ns.0 as f64)),
        Key {
            words: figures.map(|figures| {
                let share = misses(figures.miss_rate, figures.miss_interval);
                format!("{} of {}{share}", figures.missed, figures.due)
            }),
            ..Key::of("missed", of(|figures| figures.miss_rate), |_| String::new())
        },
        Key::time("jitter", figures.and_then(|figures| figures.jitter_ns)),
        estimate("p99", result, 0.99),
        Key::share("busy", of(|figures| figures.busy)),
        Key::of(
            "energy of an inference, gross",
            figures.and_then(|figures| Some(figures.energy.as_ref()?.gross_j?.value_j)),
            |joules| Unit::Energy.show(joules),
        ),
    ]
}

fn streaming(figures: Option<&StreamingFigures>) -> Vec<Key> {
    let of = |value: fn(&StreamingFigures) -> f64| figures.map(value);
    vec![
        Key::of("real-time factor", of(|figures| figures.real_time_factor), significant),
        Key::time("frame computed in", of(|figures| figures.compute_p50_ns)),
        Key::time("period", of(|figures| figures.period_ns.0 as f64)),
        Key {
            words: figures.map(|figures| {
                let share = misses(figures.miss_rate, figures.miss_interval);
                format!("{} of {}{share}", figures.missed, figures.frames)
            }),
            ..Key::of("late", of(|figures| figures.miss_rate), |_| String::new())
        },
        Key::count("streams", figures.map(|figures| figures.streams)),
        Key::count("states carried", figures.map(|figures| figures.states as u64)),
    ]
}

fn soak(figures: Option<&SoakFigures>) -> Vec<Key> {
    let temperatures: Vec<f64> = figures
        .iter()
        .flat_map(|figures| &figures.intervals)
        .filter_map(|interval| interval.temperature_c)
        .filter(|celsius| celsius.is_finite())
        .collect();
    let burst = figures.map(|figures| figures.burst_per_s);
    let sustained = figures.map(|figures| figures.sustained_per_s);
    let ratio = burst.zip(sustained).map(|(burst, sustained)| sustained / burst);
    vec![
        Key::rate("burst", burst),
        Key::rate("sustained", sustained),
        Key::share("sustained of burst", ratio),
        Key::count("intervals", figures.map(|figures| figures.intervals.len() as u64)),
        Key {
            words: temperatures
                .first()
                .zip(temperatures.last())
                .map(|(first, last)| format!("{first:.1} → {last:.1} °C")),
            ..Key::of("temperature", temperatures.last().copied(), |_| String::new())
        },
    ]
}

/// ` (1.2 % [0.8, 1.9])`, as far as there are figures.
fn misses(share: f64, interval: Option<Interval>) -> String {
    if !(share * 100.0).is_finite() {
        return String::new();
    }
    let per_cent = |share: f64| significant(share * 100.0);
    let interval = interval.filter(|interval| {
        [interval.low, interval.high]
            .iter()
            .all(|end| (end * 100.0).is_finite())
    });
    let ends = interval.map(|interval| format!(" [{}, {}]", per_cent(interval.low), per_cent(interval.high)));
    format!(" ({} %{})", per_cent(share), ends.unwrap_or_default())
}
