//! The figures of a measured cell, by the ids of the metrics.

use edgebench_stats::Interval;

use crate::{Cell, EnergyEstimate, METRICS, Metric, ScenarioKind, Summary};

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
/// percentile, the scenario is not valid, the task's metric is another one, the id is unknown, or the figure is not a
/// finite number. `accuracy` is the task's own metric; `top1`, `f1` and `auc` are there only where the task's metric is
/// that one.
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
        "bytes_moved" => (model?.bytes_moved? as f64, None),
        "energy" => joules(cell.energy.as_ref()?.gross_j?),
        "energy_net" => joules(cell.energy.as_ref()?.net_j?),
        "processor_proxy" => (cell.proxies.as_ref()?.processor.as_ref()?.per_inference_proxy_j, None),
        "operations_proxy" => (cell.proxies.as_ref()?.operations.as_ref()?.per_inference_proxy_j, None),
        "multi_stream_p99"
        | "server_rate"
        | "offline_throughput"
        | "paced_misses"
        | "stream_real_time_factor"
        | "cold_start"
        | "sustained_throughput" => scenario_figure(cell, metric)?,
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

/// A figure of a valid scenario.
fn scenario_figure(cell: &Cell, metric: &str) -> Option<(f64, Option<Interval>)> {
    let of = |kind: ScenarioKind| {
        let mut results = cell.scenarios.iter();
        results.find(|result| result.kind == kind && result.is_valid())
    };
    Some(match metric {
        "multi_stream_p99" => {
            let latency = of(ScenarioKind::MultiStream)?.latency.as_ref()?;
            (latency.estimate(0.99)? as f64, None)
        }
        "server_rate" => (of(ScenarioKind::Server)?.server.as_ref()?.rate_per_s?, None),
        "offline_throughput" => (of(ScenarioKind::Offline)?.throughput_per_s?, None),
        "paced_misses" => {
            let paced = of(ScenarioKind::Paced)?.paced.as_ref()?;
            (paced.miss_rate, paced.miss_interval)
        }
        "stream_real_time_factor" => (of(ScenarioKind::Streaming)?.streaming.as_ref()?.real_time_factor, None),
        "cold_start" => {
            let cold = of(ScenarioKind::ColdStart)?.cold_start.as_ref()?;
            (cold.warm.median?.total_ns.0 as f64, None)
        }
        "sustained_throughput" => (of(ScenarioKind::Soak)?.soak.as_ref()?.sustained_per_s, None),
        _ => return None,
    })
}

fn joules(estimate: EnergyEstimate) -> (f64, Option<Interval>) {
    (estimate.value_j, estimate.interval_j)
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
