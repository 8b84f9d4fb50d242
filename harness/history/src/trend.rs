//! What each series of a history does, and whether anybody should be told.

use std::collections::BTreeMap;

use edgebench_record::{Change, Direction, Scale, Tolerance, Verdict, VerdictKind};
use edgebench_stats::Interval;
use serde::Serialize;

use crate::changes::{Bar, Course, Drift, FEWEST, Step, course};
use crate::ratchet::ratchet;
use crate::series::{Ending, Point, Series};

/// What counts in a trend.
#[derive(Debug, Clone)]
pub struct TrendPolicy {
    /// The chance of any finding in one quiet series, at most.
    pub level: f64,
    /// The chance of any finding in all series together, at most: each series gets its part of it where that is less than
    /// `level`.
    pub family: f64,
    /// How much worse a metric may be than the release, by its id; those without one have [`default_tolerance`]. A third
    /// of it is the smallest change that is found.
    pub tolerances: BTreeMap<String, Tolerance>,
    /// A change for the worse raises an alarm while it is among the latest runs of its series, this many.
    pub recent: usize,
    /// The latest runs that are held against the release, at most.
    pub window: usize,
    /// The release to hold against; the newest that can be compared where none is named.
    pub against: Option<String>,
}

impl Default for TrendPolicy {
    fn default() -> Self {
        Self {
            level: 0.001,
            family: 0.01,
            tolerances: BTreeMap::new(),
            recent: 30,
            window: 10,
            against: None,
        }
    }
}

impl TrendPolicy {
    /// How much worse a metric may be than the release.
    pub fn tolerance(&self, metric: &str) -> Tolerance {
        self.tolerances
            .get(metric)
            .copied()
            .unwrap_or_else(|| default_tolerance(metric))
    }
}

/// Half a percentage point of an accuracy, 1 % of memory and of the model's size, 3 % of everything else.
pub fn default_tolerance(metric: &str) -> Tolerance {
    let (scale, amount) = match metric {
        "accuracy" | "top1" | "f1" | "auc" => (Scale::Absolute, 0.005),
        "rss_peak" | "model_bytes" => (Scale::Relative, 0.01),
        _ => (Scale::Relative, 0.03),
    };
    Tolerance { scale, amount }
}

/// What a series does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The suite.
    pub suite: String,
    /// The cell.
    pub cell: String,
    /// The metric's id.
    pub metric: &'static str,
    /// The metric's unit.
    pub unit: &'static str,
    /// [`crate::Machine::key`].
    pub machine: String,
    /// [`crate::Machine::label`].
    pub machine_label: String,
    /// The runtime's name and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The data, of an accuracy.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub conditions: String,
    /// The runs' figures, oldest first.
    pub points: Vec<Point>,
    /// Whether there are enough of them to judge.
    pub judged: bool,
    /// Standard deviation of one run, relative or in the metric's unit as the tolerance is; absent of what is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Correlation of a run with the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// Changes of level, oldest first; none of a series that drifts.
    pub changes: Vec<ChangePoint>,
    /// The drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftFacts>,
    /// Against the fixed release; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratchet: Option<Ratchet>,
    /// How the cell ended in a later run that has no figure. Unless all of this is past, that is news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_with: Option<Ending>,
    /// Whether so many later runs neither have a figure nor tried to get one that this is history: it raises no alarm.
    pub past: bool,
    /// Whether it changed for the worse lately.
    pub alarm: bool,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangePoint {
    /// The first run of the new level, counted from 0.
    pub position: usize,
    /// That run.
    pub run: String,
    /// When it was.
    pub started_at: String,
    /// Its commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The commit of the run before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_before: Option<String>,
    /// The level before, in the metric's unit.
    pub before: f64,
    /// The level after, in the metric's unit.
    pub after: f64,
    /// From one to the other.
    pub change: Change,
    /// The chance of such a change at any place in a series that has none, at most; absent of what is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Whether it is for the worse.
    pub worse: bool,
}

/// A drift.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftFacts {
    /// Change from one run to the next.
    pub per_run: Change,
    /// Change from the first run to the last.
    pub total: f64,
    /// The chance of such a drift in a series that has none, at most.
    pub p: f64,
    /// Whether it is for the worse.
    pub worse: bool,
}

/// A series against a fixed release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ratchet {
    /// The release.
    pub release: String,
    /// The runtime that the release was measured with, where it is not the series'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Its runs.
    pub runs: usize,
    /// The latest runs that are held against it.
    pub window: usize,
    /// What was found.
    pub verdict: Verdict,
}

/// The scale on which a metric's figures are noise about levels: logarithms where changes count as ratios.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) scale: Scale,
    pub(crate) direction: Direction,
}

impl Axis {
    pub(crate) fn of(tolerance: Tolerance, direction: Direction) -> Self {
        Self {
            scale: tolerance.scale,
            direction,
        }
    }

    /// A figure on the axis; NaN where it has no place there.
    pub(crate) fn place(self, value: f64) -> f64 {
        match self.scale {
            Scale::Relative if value > 0.0 => value.ln(),
            Scale::Relative => f64::NAN,
            Scale::Absolute => value,
        }
    }

    /// The figure at a place.
    pub(crate) fn figure(self, place: f64) -> f64 {
        match self.scale {
            Scale::Relative => place.exp(),
            Scale::Absolute => place,
        }
    }

    /// A distance on the axis as a change.
    pub(crate) fn amount(self, distance: f64) -> f64 {
        match self.scale {
            Scale::Relative => distance.exp_m1(),
            Scale::Absolute => distance,
        }
    }

    /// An amount as a distance on the axis.
    pub(crate) fn distance(self, amount: f64) -> f64 {
        match self.scale {
            Scale::Relative => amount.ln_1p(),
            Scale::Absolute => amount,
        }
    }

    /// A change with its 95 % interval.
    pub(crate) fn change(self, distance: f64, half: f64) -> Change {
        let interval = half.is_finite().then(|| Interval {
            low: self.amount(distance - half),
            high: self.amount(distance + half),
            confidence: 0.95,
        });
        Change {
            scale: self.scale,
            estimate: self.amount(distance),
            interval,
            minimum_detectable: None,
            significant: interval.is_some_and(|interval| !interval.contains(0.0)),
        }
    }

    /// A change as a worsening: positive is worse.
    pub(crate) fn worsening(self, change: f64) -> f64 {
        match self.direction {
            Direction::Lower => change,
            Direction::Higher => -change,
        }
    }
}

/// Metrics without noise: every change is one, and two runs show it.
pub(crate) fn is_exact(metric: &str) -> bool {
    matches!(metric, "model_bytes" | "parameters" | "macs")
}

/// What each of some series does.
pub fn trends(series: &[Series], policy: &TrendPolicy) -> Vec<Trend> {
    let judged = series
        .iter()
        .filter(|series| series.points.len() >= FEWEST && !is_exact(series.metric.id));
    let level = policy.level.min(policy.family / judged.count().max(1) as f64);
    series.iter().map(|series| trend(series, policy, level)).collect()
}

fn trend(series: &Series, policy: &TrendPolicy, level: f64) -> Trend {
    let tolerance = policy.tolerance(series.metric.id);
    let axis = Axis::of(tolerance, series.metric.direction);
    let values: Vec<f64> = series.points.iter().map(|point| axis.place(point.value)).collect();
    let exact = is_exact(series.metric.id);
    let magnitude = axis.distance(tolerance.amount / 3.0);
    let found = if exact {
        exact_course(&values, magnitude)
    } else {
        course(&values, Bar { level, magnitude })
    };
    let changes: Vec<ChangePoint> = found
        .steps
        .iter()
        .map(|step| change_point(series, axis, step, exact))
        .collect();
    let drift = found.drift.map(|drift| drift_facts(axis, &drift, values.len()));
    let past = series.later_runs >= policy.recent;
    let ratchet = ratchet(series, policy, axis, &found);
    let lately = |change: &ChangePoint| {
        // Who marks a release takes what came before it for granted.
        let accepted = ratchet
            .as_ref()
            .and_then(|ratchet| series.released_at(&ratchet.release));
        change.position + policy.recent >= series.points.len() && accepted.is_none_or(|at| *change.started_at > *at)
    };
    let alarm = !past
        && (changes.iter().any(|change| change.worse && lately(change))
            || drift.as_ref().is_some_and(|drift| drift.worse)
            || ratchet
                .as_ref()
                .is_some_and(|ratchet| ratchet.verdict.kind == VerdictKind::Regressed));
    Trend {
        branch: series.branch.clone(),
        suite: series.suite.clone(),
        cell: series.cell.to_string(),
        metric: series.metric.id,
        unit: series.metric.unit,
        machine: series.machine.key(),
        machine_label: series.machine.label(),
        runtime: series.runtime.clone(),
        conditions: series.conditions.clone(),
        points: series.points.clone(),
        judged: exact || series.points.len() >= FEWEST,
        noise: found.noise.map(|noise| axis.amount(noise.deviation)),
        correlation: found.noise.map(|noise| noise.correlation),
        changes,
        drift,
        ratchet,
        ended_with: series.ended_with.clone(),
        past,
        alarm,
    }
}

/// Every change of a figure that has no noise, if it matters.
fn exact_course(values: &[f64], magnitude: f64) -> Course {
    let steps = values.windows(2).enumerate().filter_map(|(i, pair)| {
        let change = (pair[1] - pair[0]).abs();
        (change > 0.0 && change >= magnitude).then_some(Step {
            at: i + 1,
            levels: (pair[0], pair[1]),
            half: 0.0,
            p: 0.0,
        })
    });
    Course {
        steps: steps.collect(),
        drift: None,
        noise: None,
    }
}

fn change_point(series: &Series, axis: Axis, step: &Step, exact: bool) -> ChangePoint {
    let (point, before) = (&series.points[step.at], &series.points[step.at - 1]);
    let change = axis.change(step.levels.1 - step.levels.0, step.half);
    ChangePoint {
        position: step.at,
        run: point.run.clone(),
        started_at: point.started_at.clone(),
        commit: point.commit.clone(),
        commit_before: before.commit.clone(),
        before: axis.figure(step.levels.0),
        after: axis.figure(step.levels.1),
        worse: axis.worsening(change.estimate) > 0.0,
        change: if exact {
            Change {
                interval: None,
                ..change
            }
        } else {
            change
        },
        p: (!exact).then_some(step.p),
    }
}

fn drift_facts(axis: Axis, drift: &Drift, runs: usize) -> DriftFacts {
    let per_run = axis.change(drift.slope, drift.half);
    DriftFacts {
        worse: axis.worsening(per_run.estimate) > 0.0,
        total: axis.amount(drift.slope * (runs as f64 - 1.0)),
        per_run,
        p: drift.p,
    }
}
