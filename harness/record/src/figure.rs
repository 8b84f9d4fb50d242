//! The figures of a measured cell, by the ids of the metrics.

use edgebench_stats::Interval;

use crate::{Cell, METRICS, Metric, Summary};

/// One figure of one cell, in its metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Its 95 % interval, where the record holds one.
    pub interval: Option<Interval>,
}

/// A cell's figure for a metric, in the unit that [`METRICS`] gives it.
///
/// `None` where the record has no such figure: the cell is not `measured`, the count of samples does not support the
/// percentile, the task's metric is another one, the id is unknown, or the figure is not a finite number. `accuracy` is
/// the task's own metric; `top1`, `f1` and `auc` are there only where the task's metric is that one.
pub fn figure(cell: &Cell, metric: &str) -> Option<Figure> {
    if !cell.outcome.is_measured() {
        return None;
    }
    let summary = cell.summary.as_ref();
    let model = cell.model.as_ref();
    let (value, interval) = match metric {
        "library_open" => (summary?.library_open_ns.0 as f64, None),
        "load" => (summary?.load_ns.0 as f64, None),
        "first" => (summary?.first_ns?.0 as f64, None),
        "latency_p50" => median(summary?)?,
        "latency_p90" => (summary?.latency.percentile(0.9)?, None),
        "latency_p95" => (summary?.latency.percentile(0.95)?, None),
        "latency_p99" => (summary?.latency.percentile(0.99)?, None),
        "throughput" => (summary?.throughput_per_s, None),
        "cpu_time" => (summary?.cpu_per_inference_ns?.0 as f64, None),
        "rss_peak" => (summary?.rss_peak_bytes?.0 as f64, None),
        "model_bytes" => (model?.bytes.0 as f64, None),
        "parameters" => (model?.parameters? as f64, None),
        "macs" => (model?.macs? as f64, None),
        "accuracy" | "top1" | "f1" | "auc" => {
            let accuracy = cell.accuracy.as_ref()?;
            if metric != "accuracy" && accuracy.metric != metric {
                return None;
            }
            (accuracy.value, accuracy.interval)
        }
        _ => return None,
    };
    value.is_finite().then_some(Figure { value, interval })
}

/// The median latency with its interval, where there are samples enough for a median.
fn median(summary: &Summary) -> Option<(f64, Option<Interval>)> {
    let latency = &summary.latency;
    latency.percentile(0.5)?;
    Some((latency.p50_ns, latency.p50_interval_ns))
}

/// All figures of a cell in the order of [`METRICS`]. A task's accuracy comes once, under its own name.
pub fn figures(cell: &Cell) -> impl Iterator<Item = (&'static Metric, Figure)> {
    METRICS
        .iter()
        .filter(|metric| metric.id != "accuracy")
        .filter_map(|metric| Some((metric, figure(cell, metric.id)?)))
}
