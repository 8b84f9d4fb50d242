//! One row per cell, and one row per sample. An absent figure is an empty field.

use edgebench_api::Bytes;
use edgebench_record::{
    Cell, EnergyEstimate, EnergyProxy, Figure, Latency, LimitedBy, MemoryPhases, OutputsVerdict, Record,
};
use edgebench_stats::median;

use super::{Format, FormatOptions};
use crate::ReportError;
use crate::columns::figures;
use crate::text::field;

/// One table with one row per cell, whatever the number of records.
pub struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn meaning(&self) -> &'static str {
        "one row per cell"
    }

    fn write(&self, records: &[&Record], _: &FormatOptions<'_>) -> Result<String, ReportError> {
        rows(records)
    }
}

/// The columns of `cells.csv`. The first sixteen are a promise to whoever reads the file; later ones may be added at
/// the end.
pub const CELL_COLUMNS: [&str; 76] = [
    "task",
    "variant",
    "backend",
    "threads",
    "outcome",
    "load_ns",
    "first_ns",
    "p50_ns",
    "p90_ns",
    "p99_ns",
    "rss_peak_bytes",
    "model_bytes",
    "metric",
    "metric_value",
    "metric_delta",
    "flips",
    "batch",
    "device",
    "options",
    "reason",
    "expected",
    "operator",
    "outputs",
    "sqnr_db",
    "max_abs_difference",
    "p50_low_ns",
    "p50_high_ns",
    "n",
    "invocations",
    "min_ns",
    "mean_ns",
    "mad_ns",
    "max_ns",
    "p95_ns",
    "throughput_per_s",
    "cpu_per_inference_ns",
    "library_open_ns",
    "rss_above_baseline_bytes",
    "parameters",
    "zero_parameters",
    "macs",
    "metric_low",
    "metric_high",
    "metric_samples",
    "delta_low",
    "delta_high",
    "mcnemar_p",
    "answer_changes",
    "runtime",
    "runtime_version",
    "effective_threads",
    "model_sha256",
    "run",
    "energy_j",
    "energy_low_j",
    "energy_high_j",
    "energy_uncertainty_j",
    "energy_net_j",
    "energy_net_low_j",
    "energy_net_high_j",
    "energy_net_uncertainty_j",
    "energy_source",
    "energy_tier",
    "energy_scope",
    "processor_proxy_j",
    "processor_proxy_tier",
    "operations_proxy_j",
    "operations_proxy_tier",
    "bytes_moved",
    "memory_bound_bytes",
    "memory_overhead_ratio",
    "uss_steady_bytes",
    "pss_steady_bytes",
    "memory_limit_bytes",
    "memory_limit_fits",
    "memory_limit_by",
];

/// The columns of `samples.csv`.
pub const SAMPLE_COLUMNS: [&str; 10] = [
    "task",
    "variant",
    "backend",
    "threads",
    "batch",
    "invocation",
    "index",
    "ns",
    "device",
    "options",
];

/// `cells.csv`: one row per cell, in the record's order.
///
/// # Errors
/// [`ReportError`]: none that a record can cause.
pub fn cells_csv(record: &Record) -> Result<String, ReportError> {
    rows(&[record])
}

fn rows(records: &[&Record]) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(CELL_COLUMNS)?;
    for record in records {
        for cell in &record.cells {
            writer.write_record(row(record, cell))?;
        }
    }
    finish(writer)
}

/// `samples.csv`: one row per timed inference.
///
/// # Errors
/// [`ReportError`]: none that a record can cause.
pub fn samples_csv(record: &Record) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(SAMPLE_COLUMNS)?;
    for cell in &record.cells {
        let id = &cell.id;
        let (task, variant, backend) = (field(&id.task), field(&id.variant), field(&id.backend));
        let (threads, batch) = (id.settings.threads.to_string(), id.settings.batch.to_string());
        let (device, options) = (field(&id.settings.device), options(&id.settings));
        for run in &cell.invocations {
            let round = run.round.to_string();
            for (index, ns) in run.samples_ns.iter().enumerate() {
                writer.write_record([
                    &*task,
                    &*variant,
                    &*backend,
                    &threads,
                    &batch,
                    &round,
                    &index.to_string(),
                    &ns.to_string(),
                    &*device,
                    &*options,
                ])?;
            }
        }
    }
    finish(writer)
}

pub(crate) fn finish(writer: csv::Writer<Vec<u8>>) -> Result<String, ReportError> {
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes)?)
}

/// `name=value` for every option of the runtime.
pub(crate) fn options(settings: &edgebench_api::Settings) -> String {
    let options: Vec<String> = settings
        .options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    field(&options.join(" "))
}

fn row(record: &Record, cell: &Cell) -> Vec<String> {
    let settings = &cell.id.settings;
    let summary = cell.summary.as_ref();
    let latency = summary.map(|summary| &summary.latency);
    let model = cell.model.as_ref();
    let accuracy = cell.accuracy.as_ref();
    let delta = accuracy.and_then(|accuracy| accuracy.delta.as_ref());
    let (metric_value, metric_delta) = (figures::accuracy(cell), figures::delta(cell));
    let comparison = cell
        .outputs
        .reference
        .as_ref()
        .or_else(|| cell.outputs.golden.as_ref().map(|golden| &golden.comparison));
    let percentile = |p: f64| latency.and_then(|latency| figures::percentile(latency, p)).map(rounded);
    // Empty where there are too few samples for a median, as the other percentiles, and so are the ends of its interval.
    let p50 = latency.and_then(figures::median);
    let time = |of: fn(&Latency) -> f64| latency.map(of).and_then(figures::positive).map(rounded);
    let mut fields = vec![
        field(&cell.id.task),
        field(&cell.id.variant),
        field(&cell.id.backend),
        settings.threads.to_string(),
        cell.outcome.kind.name().to_owned(),
        shown(summary.map(|summary| summary.load_ns.0)),
        shown(summary.and_then(|summary| summary.first_ns).map(|ns| ns.0)),
        shown(p50.map(|p50| rounded(p50.value))),
        shown(percentile(0.9)),
        shown(percentile(0.99)),
        shown(summary.and_then(|summary| summary.rss_peak_bytes).map(|bytes| bytes.0)),
        shown(model.map(|model| model.bytes.0)),
        accuracy.map(|accuracy| field(&accuracy.metric)).unwrap_or_default(),
        shown(metric_value.map(|metric| metric.value)),
        shown(metric_delta.map(|delta| delta.value)),
        shown(delta.and_then(|delta| delta.flips)),
        settings.batch.to_string(),
        field(&settings.device),
        options(settings),
        field(&cell.outcome.reason),
        cell.outcome.expected.as_deref().map(field).unwrap_or_default(),
        cell.outcome.operator.as_deref().map(field).unwrap_or_default(),
        verdict(cell.outputs.verdict).to_owned(),
        shown(comparison.and_then(|comparison| comparison.sqnr_db)),
        shown(comparison.map(|comparison| comparison.max_abs)),
        shown(low(p50).map(rounded)),
        shown(high(p50).map(rounded)),
        shown(latency.map(|latency| latency.n)),
        cell.invocations.len().to_string(),
        shown(time(|latency| latency.min_ns)),
        shown(time(|latency| latency.mean_ns)),
        // Samples that are all alike have none, which is a figure.
        shown(
            latency
                .filter(|latency| latency.mad_ns >= 0.0)
                .map(|latency| rounded(latency.mad_ns)),
        ),
        shown(time(|latency| latency.max_ns)),
        shown(percentile(0.95)),
        shown(summary.and_then(|summary| figures::positive(summary.throughput_per_s))),
        shown(summary.and_then(|summary| summary.cpu_per_inference_ns).map(|ns| ns.0)),
        shown(summary.map(|summary| summary.library_open_ns.0)),
        shown(
            summary
                .and_then(|summary| summary.rss_above_baseline_bytes)
                .map(|bytes| bytes.0),
        ),
        shown(model.and_then(|model| model.parameters)),
        shown(model.and_then(|model| model.zero_parameters)),
        shown(model.and_then(|model| model.macs)),
        shown(low(metric_value)),
        shown(high(metric_value)),
        shown(accuracy.map(|accuracy| accuracy.samples)),
        shown(low(metric_delta)),
        shown(high(metric_delta)),
        shown(delta.and_then(|delta| delta.mcnemar_p).and_then(figures::share)),
        shown(delta.and_then(|delta| delta.answer_changes)),
        cell.runtime
            .as_ref()
            .map(|probe| field(&probe.runtime))
            .unwrap_or_default(),
        cell.runtime
            .as_ref()
            .map(|probe| field(&probe.version))
            .unwrap_or_default(),
        cell.effective
            .get("threads")
            .map(|threads| field(threads))
            .unwrap_or_default(),
        model.map(|model| field(&model.sha256)).unwrap_or_default(),
        field(&record.id),
    ];
    fields.extend(energy(cell));
    fields.extend(memory(cell));
    fields
}

/// Energy, and what stands in for it.
fn energy(cell: &Cell) -> Vec<String> {
    let energy = cell.energy.as_ref();
    let estimate = |estimate: Option<EnergyEstimate>| {
        let of = |value: Option<f64>| shown(value.filter(|value| value.is_finite()));
        let interval = estimate.and_then(|estimate| estimate.interval_j);
        [
            of(estimate.map(|estimate| estimate.value_j)),
            of(interval.map(|interval| interval.low)),
            of(interval.map(|interval| interval.high)),
            of(estimate.map(|estimate| estimate.uncertainty_j)),
        ]
    };
    let source = energy.map(|energy| &energy.source);
    let proxies = cell.proxies.as_ref();
    let proxy = |proxy: Option<&EnergyProxy>| {
        let value = proxy.map(|proxy| proxy.per_inference_proxy_j);
        [
            shown(value.filter(|value| value.is_finite())),
            shown(proxy.map(|proxy| proxy.tier.name())),
        ]
    };
    let mut fields = Vec::from(estimate(energy.and_then(|energy| energy.gross_j)));
    fields.extend(estimate(energy.and_then(|energy| energy.net_j)));
    fields.extend([
        source.map(|source| field(&source.name)).unwrap_or_default(),
        shown(source.map(|source| source.tier.name())),
        source.map(|source| field(&source.scope)).unwrap_or_default(),
    ]);
    fields.extend(proxy(proxies.and_then(|proxies| proxies.processor.as_ref())));
    fields.extend(proxy(proxies.and_then(|proxies| proxies.operations.as_ref())));
    fields
}

/// Memory beside the peak: bytes moved, the lower bound, the steady state's private and proportional parts, the limit.
fn memory(cell: &Cell) -> Vec<String> {
    let summary = cell.summary.as_ref();
    let limit = cell.memory_limit.as_ref();
    let ratio = summary.and_then(|summary| summary.memory_overhead_ratio);
    let steady = |of: fn(&MemoryPhases) -> Option<Bytes>| {
        let readings = cell.invocations.iter();
        let values: Vec<f64> = readings.filter_map(|one| Some(of(&one.memory)?.0 as f64)).collect();
        shown(median(&values).map(|bytes| bytes.round() as u64))
    };
    vec![
        shown(cell.model.as_ref().and_then(|model| model.bytes_moved)),
        shown(
            summary
                .and_then(|summary| summary.memory_bound_bytes)
                .map(|bytes| bytes.0),
        ),
        shown(ratio.filter(|ratio| ratio.is_finite())),
        steady(|memory| memory.steady.uss_bytes),
        steady(|memory| memory.steady.pss_bytes),
        shown(limit.map(|limit| limit.limit_bytes.0)),
        shown(limit.map(|limit| limit.fits)),
        shown(limit.map(|limit| match limit.by {
            LimitedBy::Cgroup => "cgroup",
            LimitedBy::Peak => "peak",
        })),
    ]
}

fn shown(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn low(figure: Option<Figure>) -> Option<f64> {
    figure?.interval.map(|interval| interval.low)
}

fn high(figure: Option<Figure>) -> Option<f64> {
    figure?.interval.map(|interval| interval.high)
}

/// Nanoseconds are whole in a file: the clock gives no more.
fn rounded(ns: f64) -> u64 {
    ns.round() as u64
}

fn verdict(verdict: OutputsVerdict) -> &'static str {
    match verdict {
        OutputsVerdict::Agree => "agree",
        OutputsVerdict::Differ => "differ",
        OutputsVerdict::Reference => "reference",
        OutputsVerdict::Unchecked => "unchecked",
    }
}
