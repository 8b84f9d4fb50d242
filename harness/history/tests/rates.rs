//! How often trends are found where there are none, and how often where there are.
//!
//! `cargo test --release -p edgebench-history --test rates -- --nocapture` prints the table in `docs/history.md`.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use edgebench_history::{Machine, Point, Release, Series, Trend, TrendPolicy, trends};
use edgebench_record::{CellId, VerdictKind, metric};
use edgebench_stats::{Significance, change_points};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Standard deviation of one run, relative.
const SPREAD: f64 = 0.02;

/// What runs differ by where nothing changes.
#[derive(Debug, Clone, Copy)]
enum Model {
    Normal,
    /// First-order autoregression with this correlation.
    Correlated(f64),
    /// One run in 20 is slower by five standard deviations or so.
    Contaminated,
    /// Three runs in ten are placed worse.
    TwoStates,
    /// Skewed: seldom fast, sometimes slow.
    Skewed,
}

const MODELS: [(&str, Model); 6] = [
    ("normal", Model::Normal),
    ("AR(1) 0.45", Model::Correlated(0.45)),
    ("AR(1) 0.6", Model::Correlated(0.6)),
    ("contaminated", Model::Contaminated),
    ("two states", Model::TwoStates),
    ("skewed", Model::Skewed),
];

struct Seeded(ChaCha8Rng);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn share(&mut self) -> f64 {
        self.0.random()
    }

    /// Box and Muller's transform.
    fn normal(&mut self) -> f64 {
        let (u, v) = (self.share(), self.share());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Noise of standard deviation [`SPREAD`] or a little more, on the log scale.
    fn noise(&mut self, model: Model, runs: usize) -> Vec<f64> {
        let mut last = self.normal();
        let mut one = || match model {
            Model::Normal => self.normal(),
            Model::Correlated(correlation) => {
                let out = last;
                last = correlation * last + (1.0 - correlation * correlation).sqrt() * self.normal();
                out
            }
            Model::Contaminated => {
                let z = self.normal();
                if self.share() < 0.05 { 5.0 * z.abs() } else { z }
            }
            Model::TwoStates => 0.5 * self.normal() + if self.share() < 0.3 { 1.9 } else { 0.0 },
            Model::Skewed => {
                // A log-normal variable less its mean, over its standard deviation.
                let sigma: f64 = 0.7;
                let square = sigma * sigma;
                let deviation = (square.exp_m1() * square.exp()).sqrt();
                ((sigma * self.normal()).exp() - (square / 2.0).exp()) / deviation
            }
        };
        (0..runs).map(|_| SPREAD * one()).collect()
    }
}

/// A millisecond's median latency, times the exponential of each value.
fn series(values: &[f64], release: &[f64]) -> Series {
    let cell: CellId = serde_json::from_value(serde_json::json!({
        "task": "t", "variant": "v", "backend": "b", "settings": { "threads": 1, "batch": 1 },
    }))
    .unwrap();
    let points = |values: &[f64], from: usize| -> Vec<Point> {
        let point = |(i, value): (usize, &f64)| Point {
            run: format!("{:05}", from + i),
            started_at: format!("2026-01-01T00:00:{:05}Z", from + i),
            commit: None,
            value: 1e6 * value.exp(),
            interval: None,
        };
        values.iter().enumerate().map(point).collect()
    };
    let released = Release {
        name: "v1".to_owned(),
        runtime: None,
        points: points(release, 0),
    };
    Series {
        branch: None,
        suite: "s".to_owned(),
        machine: Machine::default(),
        runtime: None,
        cell,
        metric: metric("latency_p50").unwrap(),
        conditions: String::new(),
        points: points(values, release.len()),
        releases: if release.is_empty() { Vec::new() } else { vec![released] },
        incomparable: Vec::new(),
        ended_with: None,
        later_runs: 0,
    }
}

fn judge(values: &[f64], release: &[f64]) -> Trend {
    trends(&[series(values, release)], &TrendPolicy::default()).remove(0)
}

fn finds(trend: &Trend) -> bool {
    !trend.changes.is_empty() || trend.drift.is_some()
}

/// The share of seeded trials, in per cent, in which something holds.
fn rate(trials: u64, mut holds: impl FnMut(&mut Seeded) -> bool) -> f64 {
    let found = (0..trials).filter(|&seed| holds(&mut Seeded::new(seed))).count();
    100.0 * found as f64 / trials as f64
}

fn with(mut values: Vec<f64>, effect: impl Fn(usize) -> f64) -> Vec<f64> {
    for (i, value) in values.iter_mut().enumerate() {
        *value += effect(i);
    }
    values
}

#[test]
fn a_quiet_history_is_left_alone() {
    println!("quiet history, 500 of each: found when judged once after 10, 20, 50, 100 runs; after every run up to 50");
    for (name, model) in MODELS {
        let once = [10, 20, 50, 100].map(|runs| rate(500, |seeded| finds(&judge(&seeded.noise(model, runs), &[]))));
        let ever = rate(500, |seeded| {
            let values = seeded.noise(model, 50);
            (8..=50).any(|runs| finds(&judge(&values[..runs], &[])))
        });
        let hunter = rate(500, |seeded| {
            let latencies: Vec<f64> = seeded.noise(model, 50).iter().map(|value| value.exp()).collect();
            !change_points(&latencies, Significance::Student, 0.001, 0.01)
                .unwrap()
                .is_empty()
        });
        println!("{name:>14}: {once:.1?} %; {ever:.1} %; E-divisive with Student's t at 0.001 after 50: {hunter:.1} %");
        let most = if matches!(model, Model::Correlated(correlation) if correlation > 0.5) {
            2.0
        } else {
            1.0
        };
        assert!(once.iter().all(|&rate| rate <= most), "{name}: {once:?}");
    }
}

#[test]
fn a_step_is_found_where_it_is() {
    println!("step at run 25 of 50, 500 of each: found, and within one run of its place, per cent");
    for (name, model) in MODELS {
        let found = [0.03, 0.05, 0.1].map(|size: f64| {
            let step = |i| if i < 25 { 0.0 } else { size.ln_1p() };
            let mut placed = 0;
            let found = rate(500, |seeded| {
                let trend = judge(&with(seeded.noise(model, 50), step), &[]);
                placed += u64::from(trend.changes.iter().any(|change| change.position.abs_diff(25) <= 1));
                finds(&trend)
            });
            (found, placed as f64 / 5.0)
        });
        println!(
            "{name:>14}: +3 % {:.1?}, +5 % {:.1?}, +10 % {:.1?}",
            found[0], found[1], found[2]
        );
        if matches!(model, Model::Normal | Model::TwoStates) {
            assert!(found[1].0 >= 95.0 && found[1].1 >= 85.0, "{name}: {found:?}");
        }
        assert!(found[2].0 >= 70.0, "{name}: {found:?}");
    }
}

#[test]
fn a_drift_is_found() {
    println!("drift, 500 of each: found, per cent; held against 5 runs of the release: regressed");
    for (name, model) in MODELS {
        let found = [(40, 0.003_f64), (20, 0.009)].map(|(runs, rise)| {
            let mut regressed = 0;
            let found = rate(500, |seeded| {
                let values = seeded.noise(model, runs + 5);
                let (release, values) = values.split_at(5);
                let trend = judge(&with(values.to_vec(), |i| rise.ln_1p() * (i as f64 + 1.0)), release);
                let kind = trend.ratchet.as_ref().map(|ratchet| ratchet.verdict.kind);
                regressed += u64::from(kind == Some(VerdictKind::Regressed));
                finds(&trend)
            });
            (found, regressed as f64 / 5.0)
        });
        println!("{name:>14}: +0.3 % × 40 {:.1?}, +0.9 % × 20 {:.1?}", found[0], found[1]);
        if !matches!(model, Model::Correlated(_)) {
            let surely = |&(found, regressed): &(f64, f64)| found >= 95.0 && regressed >= 95.0;
            assert!(found.iter().all(surely), "{name}: {found:?}");
        }
    }
}

#[test]
fn a_ratchet_holds_and_lets_go() {
    println!("5 runs of the release, 30 later ones, 500 of each: regressed, inconclusive, passed, per cent");
    for (name, model) in MODELS {
        for worse in [0.0_f64, 0.03, 0.05, 0.09, 0.15] {
            let mut counts = [0, 0, 0];
            for seed in 0..500 {
                let values = Seeded::new(seed).noise(model, 35);
                let (release, values) = values.split_at(5);
                let trend = judge(&with(values.to_vec(), |_| worse.ln_1p()), release);
                counts[match trend.ratchet.unwrap().verdict.kind {
                    VerdictKind::Regressed => 0,
                    VerdictKind::Inconclusive => 1,
                    _ => 2,
                }] += 1;
            }
            let most = if worse < 0.03 { 0 } else { 25 };
            assert!(worse > 0.03 || counts[0] <= most, "{name}: {counts:?}");
            println!(
                "{name:>14}: {:>4.0} % worse: {:.1?}",
                100.0 * worse,
                counts.map(|n| f64::from(n) / 5.0)
            );
        }
    }
}
