//! Budgets and advice on records made by hand, whose right reading is known.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use edgebench_record::{Cell, Delta, PercentileFigure, Record};
use edgebench_reports::{Budget, Fit, Limit, advise, fit};
use edgebench_stats::{Interval, t_interval_of_log};
use synthetic::Made;

#[expect(dead_code, reason = "what is shared is not used by every test")]
#[path = "../synthetic/mod.rs"]
mod synthetic;

mod advised;
mod budgets;
mod damaged;
mod emulated;
mod names;
mod nearest;

const MS: f64 = 1e6;

/// A cell whose processes took these times for every one of 100 samples, so that each percentile of a process is that.
fn cell(variant: &str, times_ns: &[u64], bytes: u64) -> Cell {
    let mut cell = Made {
        task: "digits",
        variant: variant.to_owned(),
        invocations: times_ns.len(),
        bytes,
        rss_spread: 0.0,
        ..Made::default()
    }
    .cell();
    for (run, &ns) in cell.invocations.iter_mut().zip(times_ns) {
        run.samples_ns = vec![ns; 100];
    }
    let medians: Vec<f64> = times_ns.iter().map(|&ns| ns as f64).collect();
    let middle = edgebench_stats::median(&medians).unwrap();
    let latency = &mut cell.summary.as_mut().unwrap().latency;
    latency.p50_ns = middle;
    latency.mean_ns = middle;
    latency.p50_interval_ns = t_interval_of_log(&medians, 0.95).map(|(_, interval)| interval);
    latency.percentiles = [0.5, 0.9, 0.99]
        .map(|p| PercentileFigure {
            p,
            needed: 1,
            empirical_ns: Some(middle),
            conservative_ns: None,
        })
        .to_vec();
    cell
}

/// About a time, as five processes differ: by 1 % at most.
fn near(ns: f64) -> Vec<u64> {
    [0.99, 1.0, 1.01, 1.0, 1.0]
        .iter()
        .map(|part| (ns * part) as u64)
        .collect()
}

/// Gives a cell a difference to the baseline, whose interval reaches as far to both sides.
fn with_delta(mut cell: Cell, value: f64, half: f64, p: f64) -> Cell {
    let accuracy = cell.accuracy.as_mut().unwrap();
    accuracy.value = 0.9 + value;
    accuracy.delta = Some(Delta {
        baseline: "fp32".to_owned(),
        value,
        interval: Some(interval(value - half, value + half)),
        flips: None,
        answer_changes: None,
        mcnemar_p: Some(p),
    });
    cell
}

fn interval(low: f64, high: f64) -> Interval {
    Interval {
        low,
        high,
        confidence: 0.95,
    }
}

fn record(cells: Vec<Cell>) -> Record {
    synthetic::record(cells, vec![0, 1])
}

fn budget(text: &str) -> Budget {
    Budget::parse(text).unwrap()
}

fn held(record: &Record, variant: &str, limit: &str) -> Fit {
    let cell = record.cells.iter().find(|cell| cell.id.variant == variant).unwrap();
    fit(record, &record.tasks[0], cell, &Limit::parse(limit).unwrap())
}

fn words(record: &Record, limits: &str) -> String {
    advise(record, &record.tasks[0], Some(&budget(limits))).words()
}

/// The baseline; half its time and a quarter of its size; less accurate, but faster and smaller; slower and smaller.
fn four() -> Record {
    record(vec![
        cell("fp32", &near(8.0 * MS), 400_000),
        with_delta(cell("int8", &near(4.0 * MS), 100_000), -0.002, 0.003, 0.3),
        with_delta(cell("pruned", &near(2.0 * MS), 50_000), -0.031, 0.004, 0.0001),
        with_delta(cell("int4", &near(16.0 * MS), 40_000), 0.001, 0.003, 0.6),
    ])
}
