//! One cell held against another: speed, size, memory.

use edgebench_record::Cell;
use edgebench_stats::{Interval, ratio_interval};
use serde::Serialize;

use super::name::Named;
use crate::amount::is_time;
use crate::ranking::p50;
use crate::records::values::values;

/// How a cell stands against another. Ratios are the other's figure over the cell's: above 1, the cell is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The other cell.
    #[serde(flatten)]
    pub other: Named,
    /// Median latency, for one sample where the batches differ; absent where one of the medians cannot be.
    pub speed: Option<Ratio>,
    /// Why there is no speed; empty where there is one.
    pub speed_why: String,
    /// Whether the batches differ, so that the speed is that of one sample.
    pub per_sample: bool,
    /// Size of the model's files, which is exact; absent where one is unknown.
    pub size: Option<f64>,
    /// Peak memory; absent where one is unknown, and under emulation.
    pub memory: Option<Ratio>,
}

/// A ratio of two figures that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// The ratio of the figures.
    pub value: f64,
    /// Its 95 % interval, by Welch's t over the logarithms of the processes' figures; absent below three processes.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// A ratio, or why it cannot be told.
    fn of(value: f64, interval: Option<Interval>) -> Result<Self, &'static str> {
        let whole = |value: f64| value.is_finite() && value > 0.0;
        if !whole(value) {
            return Err("one of the figures is damaged");
        }
        let interval = interval.filter(|interval| whole(interval.low) && whole(interval.high));
        // An interval of no width is off by rounding.
        let holds = |interval: Interval| value >= interval.low * (1.0 - 1e-9) && value <= interval.high * (1.0 + 1e-9);
        if interval.is_some_and(|interval| !holds(interval)) {
            return Err("the ratio of the medians lies outside its own interval");
        }
        Ok(Self { value, interval })
    }

    /// Whether the interval shows a difference, and the figures one in the same direction.
    pub fn is_shown(&self) -> bool {
        self.interval.is_some_and(|interval| {
            (interval.low > 1.0 && self.value > 1.0) || (interval.high < 1.0 && self.value < 1.0)
        })
    }

    /// Whether there is an interval, and it does not show a difference.
    pub fn is_noise(&self) -> bool {
        self.interval.is_some() && !self.is_shown()
    }

    /// The ratio the other way round.
    pub(super) fn inverse(&self) -> Self {
        Self {
            value: 1.0 / self.value,
            interval: self.interval.map(|interval| Interval {
                low: 1.0 / interval.high,
                high: 1.0 / interval.low,
                confidence: interval.confidence,
            }),
        }
    }
}

/// A cell's median latency in nanoseconds, where it can be one: a record may be damaged.
pub(super) fn latency(cell: &Cell) -> Option<f64> {
    Some(p50(cell)).filter(|ns| is_time(*ns))
}

/// A cell's median time for one sample in nanoseconds.
pub(super) fn per_sample(cell: &Cell) -> Option<f64> {
    let batch = cell.id.settings.batch;
    (batch > 0).then_some(latency(cell)? / batch as f64)
}

/// The size of a cell's model in bytes.
pub(super) fn bytes(cell: &Cell) -> Option<f64> {
    let bytes = cell.model.as_ref()?.bytes.0 as f64;
    (bytes > 0.0).then_some(bytes)
}

/// How much faster `cell` is than `other`, or why that cannot be told. A batch holds several answers, so that what is
/// compared is the time per sample.
pub(super) fn speed(cell: &Cell, other: &Cell) -> Result<Ratio, &'static str> {
    let (Some(its), Some(others)) = (latency(cell), latency(other)) else {
        return Err("one of the latencies is damaged");
    };
    let per_sample = other.id.settings.batch as f64 / cell.id.settings.batch as f64;
    let interval = between(cell, other, "latency_p50").map(|(_, interval)| Interval {
        low: interval.low / per_sample,
        high: interval.high / per_sample,
        confidence: interval.confidence,
    });
    Ratio::of(others / its / per_sample, interval)
}

/// How much smaller `cell` is than `other`.
pub(super) fn size(cell: &Cell, other: &Cell) -> Option<f64> {
    Some(bytes(other)? / bytes(cell)?)
}

fn between(cell: &Cell, other: &Cell, metric: &str) -> Option<(f64, Interval)> {
    ratio_interval(&values(other, metric)?, &values(cell, metric)?, 0.95)
}

fn memory(cell: &Cell, other: &Cell) -> Option<Ratio> {
    let peak = |cell: &Cell| Some(cell.summary.as_ref()?.rss_peak_bytes?.0 as f64);
    let interval = between(cell, other, "rss_peak").map(|(_, interval)| interval);
    Ratio::of(peak(other)? / peak(cell)?, interval).ok()
}

impl Against {
    /// Holds `cell` against `other`; under emulation by their sizes alone.
    pub(super) fn of(cell: &Cell, other: &Cell, name: Named, emulated: bool) -> Self {
        let speed = if emulated {
            Err("under emulation times say nothing")
        } else {
            speed(cell, other)
        };
        Self {
            other: name,
            speed: speed.ok(),
            speed_why: speed.err().unwrap_or_default().to_owned(),
            per_sample: cell.id.settings.batch != other.id.settings.batch,
            size: size(cell, other),
            memory: memory(cell, other).filter(|_| !emulated),
        }
    }
}
