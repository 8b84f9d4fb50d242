//! What a million latencies cost: the most that one cell of a run holds.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use edgebench_stats::{bootstrap_interval, early_stopping_percentile, macro_f1_at, summarise};

const SAMPLES: u64 = 1_000_000;

fn summaries(criterion: &mut Criterion) {
    // A multiplicative sequence visits the range without order.
    let nanoseconds: Vec<u64> = (0..SAMPLES).map(|i| 1_000_000 + i * 48_271 % 999_983).collect();
    let samples: Vec<f64> = nanoseconds.iter().map(|&x| x as f64).collect();
    let mut sorted = nanoseconds;
    sorted.sort_unstable();
    criterion.bench_function("summarise 1e6", |b| b.iter(|| summarise(black_box(&samples))));
    criterion.bench_function("p99 of 1e6", |b| {
        b.iter(|| early_stopping_percentile(black_box(&sorted), 0.99));
    });
    criterion.bench_function("p50 of 1e6", |b| {
        b.iter(|| early_stopping_percentile(black_box(&sorted), 0.5));
    });
}

fn resampling(criterion: &mut Criterion) {
    let labels: Vec<usize> = (0..1000).map(|i| i % 10).collect();
    let predictions: Vec<usize> = (0..1000)
        .map(|i| if i % 7 == 0 { (i + 1) % 10 } else { i % 10 })
        .collect();
    criterion.bench_function("macro F1 of 1000, 1000 resamples", |b| {
        b.iter(|| {
            bootstrap_interval(1000, 1000, 1, 0.95, |at| {
                macro_f1_at(at, black_box(&predictions), &labels, 10).unwrap_or(f64::NAN)
            })
        });
    });
}

criterion_group! {
    name = million;
    config = Criterion::default().sample_size(20);
    targets = summaries, resampling
}
criterion_main!(million);
