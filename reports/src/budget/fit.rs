//! A cell's figure held against a limit, and how sure that is.
//!
//! A limit is surely kept where the whole 95 % interval of the figure is within it, and surely broken where all of it is
//! beyond. In between, and without an interval, the figure alone says on which side it is. Times and memory have an
//! interval over the figures of the processes, Student's t over their logarithms, from three processes on; an accuracy
//! has its own, a difference of accuracies that of the paired samples. Sizes and counts are exact.
//!
//! Where there are too few samples for a percentile, they still show that it is beyond a limit that none of them keeps.

use edgebench_record::{Accuracy, Cell, Metric, Record, TaskFacts};
use edgebench_stats::{Interval, t_interval_of_log};
use serde::Serialize;

use super::{Bound, Limit};
use crate::amount::{is_time, points, shown};
use crate::ranking::{Rank, rank};
use crate::records::comparable::Basis;
use crate::records::values::{judgeable, sound, values};
use crate::text::significant;

/// A difference of fractions is off by this much from rounding alone.
const ROUNDING: f64 = 1e-12;

/// The least fraction that is not 0 in the digits that are shown.
const LEAST_SHOWN: f64 = 0.000_05;

/// On which side of a limit a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It keeps the limit.
    Within,
    /// It breaks the limit.
    Beyond,
    /// There is no figure to hold against it.
    Unknown,
}

/// How a cell stands to all limits of a budget. The order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fitness {
    /// Every limit is surely kept.
    Surely,
    /// Every limit is kept, but not every one surely.
    Unsurely,
    /// No limit is broken, but a figure is lacking.
    Unknown,
    /// A limit is broken, but none surely.
    BrokenUnsurely,
    /// A limit is surely broken.
    Broken,
}

impl Fitness {
    /// Whether every limit is kept, surely or not.
    pub fn fits(self) -> bool {
        matches!(self, Self::Surely | Self::Unsurely)
    }
}

/// A cell's figure held against a limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// The limit.
    pub limit: Limit,
    /// On which side of it the figure is.
    pub standing: Standing,
    /// Whether all of the figure's interval is on that side; an exact figure is its own interval.
    pub sure: bool,
    /// The figure in the metric's unit; its difference to the baseline's where that is what is limited.
    pub value: Option<f64>,
    /// Whether the figure is the fastest sample, there being too few for a percentile: it is this much at least.
    pub is_least: bool,
    /// The 95 % interval of the figure; absent where the figure is exact or there are too few processes.
    pub interval: Option<Interval>,
    /// What is left up to the limit, in the metric's unit; negative beyond it.
    pub headroom: Option<f64>,
    /// The figure as a multiple of the limit, or the reverse where more is better: above 1 beyond the limit. Absent where
    /// one of them is 0, and for a difference.
    pub factor: Option<f64>,
    /// By which share the limit is missed, so that limits in different units can be held against each other: of a limit
    /// that is a figure, of the loss that is allowed, or where none is, of the accuracy. 0 within; absent where it is
    /// beyond all bounds.
    pub excess: Option<f64>,
    /// Why the figure is lacking, is not sure, or is the fastest sample; empty otherwise.
    pub why: String,
}

/// A figure, with its interval or exact.
struct Figure {
    value: f64,
    interval: Option<Interval>,
    exact: bool,
    /// The accuracy of which the figure is a difference.
    accuracy: Option<f64>,
}

/// Holds a cell's figure against a limit. Under emulation neither times nor memory are the device's, and are unknown.
pub fn fit(record: &Record, task: &TaskFacts, cell: &Cell, limit: &Limit) -> Fit {
    let unknown = |why: String| Fit {
        limit: *limit,
        standing: Standing::Unknown,
        sure: false,
        value: None,
        is_least: false,
        interval: None,
        headroom: None,
        factor: None,
        excess: None,
        why,
    };
    if rank(Some(task), cell) == Rank::Out {
        return unknown("the cell has no figures that stand".to_owned());
    }
    if record.host.emulated && Basis::of(limit.metric).is_of_machine() {
        return unknown("times and memory under emulation are not the device's".to_owned());
    }
    match figure(task, cell, limit) {
        Ok(figure) => held(limit, &figure),
        Err(why) => beyond_by_all(cell, limit, &why).unwrap_or_else(|| unknown(why)),
    }
}

/// A percentile that has too few samples, but none that keeps the limit. Were the percentile p within, a sample would be
/// beyond with a chance of at most 1 − p, and one of every process with (1 − p) to the power of their number: it is sure
/// where that is no more than the 2.5 % which the 95 % interval leaves on that side.
fn beyond_by_all(cell: &Cell, limit: &Limit, why: &str) -> Option<Fit> {
    let p = percentile(limit.metric)?;
    let all = cell.invocations.iter();
    let counted = all.clone().filter(|one| !one.samples_ns.is_empty()).count();
    let least = all.flat_map(|one| &one.samples_ns).min().map(|&ns| ns as f64)?;
    let held = held(
        limit,
        &Figure {
            value: least,
            interval: None,
            exact: (1.0 - p).powf(counted as f64) <= 0.025,
            accuracy: None,
        },
    );
    (held.standing == Standing::Beyond).then(|| Fit {
        is_least: true,
        why: format!("{why}, but not one sample is within"),
        ..held
    })
}

fn percentile(metric: &Metric) -> Option<f64> {
    match metric.id {
        "latency_p50" => Some(0.5),
        "latency_p90" => Some(0.9),
        "latency_p95" => Some(0.95),
        "latency_p99" => Some(0.99),
        _ => None,
    }
}

/// How a cell stands to all limits.
pub fn fitness(fits: &[Fit]) -> Fitness {
    let any = |standing: Standing, sure: Option<bool>| {
        fits.iter()
            .any(|fit| fit.standing == standing && sure.is_none_or(|sure| fit.sure == sure))
    };
    if any(Standing::Beyond, Some(true)) {
        Fitness::Broken
    } else if any(Standing::Beyond, None) {
        Fitness::BrokenUnsurely
    } else if any(Standing::Unknown, None) {
        Fitness::Unknown
    } else if any(Standing::Within, Some(false)) {
        Fitness::Unsurely
    } else {
        Fitness::Surely
    }
}

fn held(limit: &Limit, figure: &Figure) -> Fit {
    let headroom = |value: f64| match limit.bound {
        Bound::AtMost(most) => most - value,
        Bound::AtLeast(least) => value - least,
        Bound::AtMostBelowBaseline(drop) => value + drop,
    };
    let slack = if limit.metric.unit == "fraction" { ROUNDING } else { 0.0 };
    let keeps = |value: f64| headroom(value) >= -slack;
    let within = keeps(figure.value);
    let sure = figure.exact
        || figure
            .interval
            .is_some_and(|interval| keeps(interval.low) == within && keeps(interval.high) == within);
    let factor = match limit.bound {
        Bound::AtMost(most) => figure.value / most,
        Bound::AtLeast(least) => least / figure.value,
        Bound::AtMostBelowBaseline(_) => f64::NAN,
    };
    let share = match limit.bound {
        _ if within => 0.0,
        Bound::AtMostBelowBaseline(drop) if drop > 0.0 => -headroom(figure.value) / drop,
        Bound::AtMostBelowBaseline(_) => -headroom(figure.value) / figure.accuracy.unwrap_or(f64::NAN),
        Bound::AtLeast(least) if limit.metric.unit == "fraction" => -headroom(figure.value) / least,
        Bound::AtMost(_) | Bound::AtLeast(_) => factor - 1.0,
    };
    let why = match figure.interval {
        _ if sure => "",
        None => match Basis::of(limit.metric) {
            Basis::Energy => "no interval: too few windows that count",
            Basis::Scenario(_) | Basis::Proxy => "no interval: a run gives one figure of it",
            _ => "no interval: too few invocations, or too few samples in them",
        },
        Some(_) => "the 95 % interval holds the limit",
    };
    Fit {
        limit: *limit,
        standing: if within { Standing::Within } else { Standing::Beyond },
        sure,
        value: Some(figure.value),
        is_least: false,
        interval: figure.interval,
        headroom: Some(headroom(figure.value)),
        factor: Some(factor).filter(|factor| factor.is_finite() && *factor > 0.0),
        excess: Some(share).filter(|share| share.is_finite()),
        why: why.to_owned(),
    }
}

/// The figure that a limit is on, or why there is none.
fn figure(task: &TaskFacts, cell: &Cell, limit: &Limit) -> Result<Figure, String> {
    let metric = limit.metric;
    let id = metric.id;
    let basis = Basis::of(metric);
    if basis == Basis::Samples {
        return accuracy(task, cell, limit);
    }
    let value = match id {
        "library_open" | "parameters" | "macs" | "bytes_moved" | "paced_misses" => {
            sound(cell, metric).map(|figure| figure.value)
        }
        _ => judgeable(cell, metric).filter(|&value| value > 0.0),
    };
    let value = value.ok_or_else(|| match percentile(metric) {
        Some(_) => format!("there are too few samples for {id}"),
        None => format!("the record has no {id} of it"),
    })?;
    // A library that is linked in opens in no time.
    if metric.unit == "ns" && !is_time(value) && !(id == "library_open" && value == 0.0) {
        return Err(format!("its {id} is damaged"));
    }
    let interval = match basis {
        // The record's own: over the windows, or of a share.
        Basis::Energy | Basis::Scenario(_) => sound(cell, metric).and_then(|figure| figure.interval),
        _ => values(cell, id)
            .and_then(|values| t_interval_of_log(&values, 0.95))
            .map(|(_, interval)| interval),
    };
    Ok(Figure {
        value,
        interval: interval.filter(whole),
        exact: basis == Basis::File,
        accuracy: None,
    })
}

/// An accuracy, or its difference to the baseline's.
fn accuracy(task: &TaskFacts, cell: &Cell, limit: &Limit) -> Result<Figure, String> {
    let id = limit.metric.id;
    if task.metric.is_none() {
        return Err("the task measures no accuracy".to_owned());
    }
    let accuracy = cell.accuracy.as_ref().ok_or("its accuracy was not measured")?;
    if id != "accuracy" && accuracy.metric != id {
        return Err(format!("the task's metric is not {id}"));
    }
    match limit.bound {
        Bound::AtMostBelowBaseline(_) => difference(task, cell, accuracy),
        Bound::AtMost(_) | Bound::AtLeast(_) => Ok(Figure {
            value: Some(accuracy.value)
                .filter(|value| (0.0..=1.0).contains(value))
                .ok_or("its accuracy is damaged")?,
            interval: accuracy.interval.filter(whole),
            exact: false,
            accuracy: None,
        }),
    }
}

fn difference(task: &TaskFacts, cell: &Cell, accuracy: &Accuracy) -> Result<Figure, String> {
    if cell.id.variant == task.baseline {
        return Ok(Figure {
            value: 0.0,
            interval: None,
            exact: true,
            accuracy: None,
        });
    }
    let delta = accuracy
        .delta
        .as_ref()
        .filter(|delta| delta.baseline == task.baseline)
        .ok_or("it was not held against the baseline")?;
    Ok(Figure {
        value: Some(delta.value)
            .filter(|value| (-1.0..=1.0).contains(value))
            .ok_or("its difference to the baseline is damaged")?,
        interval: delta.interval.filter(whole),
        exact: false,
        accuracy: Some(accuracy.value).filter(|value| *value > 0.0 && *value <= 1.0),
    })
}

/// Whether an interval of a record, which may be a stranger's, is one.
fn whole(interval: &Interval) -> bool {
    interval.low.is_finite() && interval.high.is_finite() && interval.low <= interval.high
}

impl Fit {
    /// The figure in words: `6.20 ms`, `−0.4 pp`.
    pub fn figure(&self) -> Option<String> {
        let value = self.value?;
        Some(match self.limit.bound {
            Bound::AtMostBelowBaseline(_) => format!("{} pp", points(value)),
            _ if self.is_least => format!("over {}", shown(self.limit.metric, value)),
            _ => shown(self.limit.metric, value),
        })
    }

    /// By how much it breaks the limit, as a share and an amount: `1.24× the limit, 1.20 ms too much`; or what is left.
    pub fn margin(&self) -> Option<String> {
        let headroom = self.headroom?;
        let amount = match self.limit.metric.unit {
            "fraction" if headroom.abs() > ROUNDING && headroom.abs() < LEAST_SHOWN => "under 0.01 pp".to_owned(),
            "fraction" => format!("{} pp", points(headroom.abs()).trim_start_matches('+')),
            _ => shown(self.limit.metric, headroom.abs()),
        };
        let words = match (self.standing, self.limit.bound) {
            (Standing::Within, _) => "left",
            (_, Bound::AtMost(_)) => "too much",
            _ => "too little",
        };
        let share = match (self.limit.metric.unit, self.limit.bound, self.factor) {
            ("fraction", _, _) | (_, _, None) => None,
            (_, Bound::AtMost(_), Some(factor)) => Some(factor),
            (_, _, Some(factor)) => Some(1.0 / factor),
        };
        let share = match share {
            // Beyond that the amount says more.
            Some(share) if (0.001..1e6).contains(&share) => format!("{}× the limit, ", significant(share)),
            _ => String::new(),
        };
        Some(format!("{share}{amount} {words}"))
    }

    /// The standing in a mark and words: `✓ surely`, `✗ not surely`, `? there are too few samples for latency_p99`.
    pub fn verdict(&self) -> String {
        let sure = if self.sure { "surely" } else { "not surely" };
        match self.standing {
            Standing::Within => format!("✓ {sure}"),
            Standing::Beyond => format!("✗ {sure}"),
            Standing::Unknown => format!("? {}", self.why),
        }
    }
}
