//! What the index keeps of a cell's figures.

use edgebench_record::{Cell, METRICS};
use edgebench_stats::Interval;

/// One figure of one cell, in its metric's unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// The metric's id. A task's own metric is `accuracy`.
    pub(crate) metric: &'static str,
    pub(crate) value: f64,
    pub(crate) interval: Option<Interval>,
    /// What it was measured on, where that decides whether two figures can be compared; empty otherwise.
    pub(crate) conditions: String,
}

/// The figures of a cell in the order of [`METRICS`]. None of a cell that is not `measured`: its figures are no results.
pub(crate) fn figures(cell: &Cell, inputs: &str) -> Vec<Figure> {
    if !cell.outcome.is_measured() {
        return Vec::new();
    }
    METRICS
        .iter()
        .filter_map(|metric| {
            let (value, interval) = figure(cell, metric.id)?;
            let conditions = match (&cell.accuracy, metric.id) {
                (Some(accuracy), "accuracy") => format!(
                    "{} over {} of {} samples of {inputs}",
                    accuracy.metric, accuracy.samples, accuracy.of_samples
                ),
                _ => String::new(),
            };
            value.is_finite().then_some(Figure {
                metric: metric.id,
                value,
                interval,
                conditions,
            })
        })
        .collect()
}

fn figure(cell: &Cell, metric: &str) -> Option<(f64, Option<Interval>)> {
    let summary = cell.summary.as_ref();
    let model = cell.model.as_ref();
    let value = match metric {
        "library_open" => summary?.library_open_ns.0 as f64,
        "load" => summary?.load_ns.0 as f64,
        "first" => summary?.first_ns?.0 as f64,
        "latency_p50" => {
            let latency = &summary?.latency;
            // Where the count does not support a median there is none.
            latency.percentile(0.5)?;
            return Some((latency.p50_ns, latency.p50_interval_ns));
        }
        "latency_p90" => summary?.latency.percentile(0.9)?,
        "latency_p95" => summary?.latency.percentile(0.95)?,
        "latency_p99" => summary?.latency.percentile(0.99)?,
        "throughput" => summary?.throughput_per_s,
        "cpu_time" => summary?.cpu_per_inference_ns?.0 as f64,
        "rss_peak" => summary?.rss_peak_bytes?.0 as f64,
        "model_bytes" => model?.bytes.0 as f64,
        "parameters" => model?.parameters? as f64,
        "macs" => model?.macs? as f64,
        "accuracy" => {
            let accuracy = cell.accuracy.as_ref()?;
            return Some((accuracy.value, accuracy.interval));
        }
        _ => return None,
    };
    Some((value, None))
}
