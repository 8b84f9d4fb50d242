//! A cell's figure for a metric, process by process.

use edgebench_record::{Cell, EnergyWindow, Figure, Invocation, Metric, figure};
use edgebench_stats::{median, quantile};

use super::comparable::Basis;

/// The fewest samples that support p90, p95 and p99: `edgebench_stats::required_samples`, which searches for them.
const NEEDED: [usize; 3] = [64, 130, 662];

/// A cell's figure as it is shown beside others. Nothing measured is below 0: such a figure is damaged, and none.
pub(crate) fn sound(cell: &Cell, metric: &Metric) -> Option<Figure> {
    figure(cell, metric.id).filter(|figure| figure.value >= 0.0)
}

/// A cell's figure as it is judged: of times and memory, which are held against each other by their ratio, above 0.
pub(crate) fn judgeable(cell: &Cell, metric: &Metric) -> Option<f64> {
    let figure = sound(cell, metric)?;
    // Not one query that is late is a figure.
    let by_ratio = Basis::of(metric).is_of_machine() && metric.unit != "fraction";
    (!by_ratio || figure.value > 0.0).then_some(figure.value)
}

/// The figure of each invocation, in the metric's unit, in order; all of them or none, since those that have one would
/// stand silently for those that have none. Energy has one for each window that counts. `None` for a metric that is no figure of a process, too.
pub(crate) fn values(cell: &Cell, metric: &str) -> Option<Vec<f64>> {
    let batch = cell.id.settings.batch;
    let of: &dyn Fn(&Invocation) -> Option<f64> = match metric {
        "library_open" => &|one| Some(one.library_open_ns.0 as f64),
        "load" => &|one| Some(one.load_ns.0 as f64),
        "first" => &|one| Some(one.first_ns?.0 as f64),
        "latency_p50" => &|one| median(&samples(one)),
        "latency_p90" => &|one| percentile(one, 0.9, NEEDED[0]),
        "latency_p95" => &|one| percentile(one, 0.95, NEEDED[1]),
        "latency_p99" => &|one| percentile(one, 0.99, NEEDED[2]),
        "throughput" => &|one| Some(batch as f64 * one.samples_ns.len() as f64 * 1e9 / one.elapsed_ns.0 as f64),
        "cpu_time" => &|one| Some(one.cpu_ns?.0 as f64 / one.samples_ns.len() as f64),
        "rss_peak" => &|one| peak(one).map(|bytes| bytes as f64),
        "energy" => return joules(cell, |window| window.gross_j),
        "energy_net" => return joules(cell, net),
        _ => return None,
    };
    if cell.invocations.is_empty() {
        return None;
    }
    let finite = |value: f64| value.is_finite() && value > 0.0;
    cell.invocations
        .iter()
        .map(|one| of(one).filter(|&value| finite(value)))
        .collect()
}

/// Joules of one inference in each window that counts.
fn joules(cell: &Cell, of: impl Fn(&EnergyWindow) -> Option<f64>) -> Option<Vec<f64>> {
    let windows = &cell.energy.as_ref()?.windows;
    let counting = windows.iter().filter(|window| window.invalid.is_empty());
    let values: Vec<f64> = counting
        .filter_map(|window| Some(of(window)? / window.inferences as f64))
        .filter(|value| value.is_finite() && *value > 0.0)
        .collect();
    (!values.is_empty()).then_some(values)
}

/// Energy of a window less what the machine draws idle.
fn net(window: &EnergyWindow) -> Option<f64> {
    let idle_w = f64::midpoint(window.idle_before_w?, window.idle_after_w?);
    Some(window.gross_j? - idle_w * window.duration_ns.0 as f64 / 1e9)
}

fn samples(invocation: &Invocation) -> Vec<f64> {
    invocation.samples_ns.iter().map(|&ns| ns as f64).collect()
}

/// An invocation's quantile, where its own samples support it.
fn percentile(invocation: &Invocation, p: f64, needed: usize) -> Option<f64> {
    if invocation.samples_ns.len() < needed {
        return None;
    }
    let mut samples = samples(invocation);
    samples.sort_unstable_by(f64::total_cmp);
    quantile(&samples, p)
}

/// The largest resident set of any phase.
fn peak(invocation: &Invocation) -> Option<u64> {
    let memory = &invocation.memory;
    let phases = [
        Some(memory.baseline),
        Some(memory.loaded),
        memory.first,
        Some(memory.steady),
    ];
    let peaks = phases
        .into_iter()
        .flatten()
        .filter_map(|phase| phase.peak_rss_bytes.or(phase.rss_bytes));
    peaks.map(|bytes| bytes.0).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needed_counts_are_those_of_the_rule() {
        let counts = [0.9, 0.95, 0.99].map(|p| edgebench_stats::required_samples(p, 1, 0.99));
        assert_eq!(counts, NEEDED.map(|n| n as u64));
    }
}
