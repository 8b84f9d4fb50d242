//! Cells, runs and what pictures say of them. Shared by the tests of pictures.

use edgebench_record::{Cell, Delta, Outcome, OutcomeKind};
use edgebench_reports::picture::Picture;
use edgebench_reports::site::RunEntry;
use edgebench_stats::{Interval, median, t_interval_of_log};

use super::synthetic::{Made, labels, record};

/// A cell whose processes have these medians.
pub(crate) fn cell(variant: &str, backend: &str, medians: &[u64]) -> Cell {
    let mut cell = Made {
        variant: variant.to_owned(),
        invocations: medians.len(),
        ..Made::default()
    }
    .cell();
    backend.clone_into(&mut cell.id.backend);
    for (invocation, &ns) in cell.invocations.iter_mut().zip(medians) {
        invocation.samples_ns = vec![ns; 20];
    }
    let medians: Vec<f64> = medians.iter().map(|&ns| ns as f64).collect();
    let p50 = median(&medians).unwrap();
    let summary = cell.summary.as_mut().unwrap();
    summary.latency.p50_ns = p50;
    summary.latency.p50_interval_ns = t_interval_of_log(&medians, 0.95).map(|(_, interval)| interval);
    summary.throughput_per_s = 1e9 / p50;
    cell
}

/// The same with this accuracy and an interval about it.
pub(crate) fn accurate(mut cell: Cell, value: f64) -> Cell {
    let accuracy = cell.accuracy.as_mut().unwrap();
    accuracy.value = value;
    accuracy.interval = Some(between(value - 0.01, value + 0.01));
    accuracy.delta = Some(Delta {
        baseline: "fp32".to_owned(),
        value: 0.0,
        interval: Some(between(-0.01, 0.01)),
        flips: None,
        answer_changes: None,
        mcnemar_p: Some(1.0),
    });
    cell
}

pub(crate) fn between(low: f64, high: f64) -> Interval {
    Interval {
        low,
        high,
        confidence: 0.95,
    }
}

pub(crate) fn failed(variant: &str, backend: &str, kind: OutcomeKind) -> Cell {
    let mut cell = cell(variant, backend, &[1]);
    cell.outcome = Outcome::of(kind, "for a reason");
    cell.summary = None;
    cell.accuracy = None;
    cell
}

pub(crate) fn run(device: &str, cells: Vec<Cell>) -> RunEntry {
    let mut record = record(cells, labels(10, 2));
    record.host.name = Some(device.to_owned());
    RunEntry::of(&record, device.to_owned(), None)
}

/// A column of the data, by its header.
pub(crate) fn column<'a>(picture: &'a Picture, header: &str) -> Vec<&'a str> {
    let at = picture.data.headers.iter().position(|name| name == header);
    let at = at.unwrap_or_else(|| panic!("no {header} in {:?}", picture.data.headers));
    picture.data.rows.iter().map(|row| row[at].as_str()).collect()
}

/// The words of the drawing.
pub(crate) fn drawn(picture: &Picture) -> Vec<String> {
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    texts
        .map(|node| node.text().unwrap_or_default().trim().to_owned())
        .collect()
}

/// A cell of these samples, invocation by invocation.
pub(crate) fn cell_of(variant: &str, samples: &[&[u64]]) -> Cell {
    let mut cell = Made {
        variant: variant.to_owned(),
        invocations: samples.len(),
        ..Made::default()
    }
    .cell();
    for (invocation, samples) in cell.invocations.iter_mut().zip(samples) {
        invocation.samples_ns = samples.to_vec();
    }
    if let Some(summary) = &mut cell.summary {
        let medians = samples.iter().filter_map(|samples| {
            let samples: Vec<f64> = samples.iter().map(|&ns| ns as f64).collect();
            median(&samples)
        });
        let n: usize = samples.iter().map(|samples| samples.len()).sum();
        let p50 = median(&medians.collect::<Vec<_>>());
        summary.latency.p50_ns = p50.unwrap_or_default();
        // 11 samples support a median.
        summary.latency.percentiles[0].empirical_ns = p50.filter(|_| n >= 11);
    }
    cell
}
