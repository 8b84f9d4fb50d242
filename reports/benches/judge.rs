//! How long it takes to judge a record by another, and to put two side by side: 1,000 cells with 1,000 samples a side, in
//! five invocations each, and 1,000 answers a cell. Both must take less than two seconds.
//!
//! `cargo bench -p edgebench-reports --bench judge`

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it must be"
)]

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use edgebench_record::{Record, metric};
use edgebench_reports::compare::{CompareOptions, DEFAULT_METRICS, compare};
use edgebench_reports::policy::{Policy, Rule};
use edgebench_reports::records::judge_records;
use synthetic::{Draws, Made, answers, labels, record, top1};

const CELLS: u64 = 1_000;
const SAMPLES: usize = 1_000;
const INVOCATIONS: usize = 5;
const BOUND: Duration = Duration::from_secs(2);

/// Records whose metric is `top1`, `f1` or `auc`; the two sides' answers differ in some of the samples.
fn sides(metric: &'static str) -> [Record; 2] {
    [1, 2].map(|seed| {
        let mut draws = Draws::seeded(seed);
        let classes = if metric == "auc" { 2 } else { 10 };
        let labels = labels(SAMPLES, classes);
        let cell = |number: u64| {
            let answers = answers(&labels, classes, 0.08, &mut draws);
            let scores: Vec<f64> = labels.iter().map(|&label| label as f64 + draws.normal()).collect();
            let positive: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
            let is_area = metric == "auc";
            Made {
                variant: format!("v{number}"),
                invocations: INVOCATIONS,
                samples: SAMPLES / INVOCATIONS,
                value: if is_area {
                    edgebench_stats::roc_auc(&scores, &positive).unwrap()
                } else {
                    top1(&labels, &answers)
                },
                answers: (!is_area).then_some(answers),
                scores: if is_area { scores } else { Vec::new() },
                metric,
                seed: draws.bits(),
                ..Made::default()
            }
            .cell()
        };
        record((0..CELLS).map(cell).collect(), labels.clone())
    })
}

fn policy() -> Policy {
    let mut policy = Policy {
        max_class_drop: Some(0.05),
        trust_recorded_times: true,
        ..Policy::default()
    };
    for rule in [
        "latency_p50:3%",
        "latency_p90:5%",
        "accuracy:0.5pp",
        "rss_peak:1%",
        "model_bytes:0",
        "macs:0",
    ] {
        policy.set(Rule::parse(rule).unwrap());
    }
    policy
}

fn within_the_bound(what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let took = start.elapsed();
    println!("{what}: {took:.2?} (bound {BOUND:?})");
    assert!(took < BOUND, "{what} took {took:?}");
}

fn judge(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000 cells, 1000 samples a side");
    group.sample_size(10);
    for metric in ["top1", "f1", "auc"] {
        let [baseline, candidate] = sides(metric);
        let policy = policy();
        let judge = || black_box(judge_records(&baseline, &candidate, &policy, false));
        assert!(judge().len() >= 5_000);
        within_the_bound(&format!("judge_records, {metric}"), || drop(judge()));
        group.bench_function(format!("judge_records/{metric}"), |bencher| bencher.iter(judge));
    }
    group.finish();
}

fn side_by_side(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000 cells, 1000 samples a side");
    group.sample_size(10);
    let [baseline, candidate] = sides("top1");
    let options = CompareOptions {
        metrics: DEFAULT_METRICS.iter().filter_map(|id| metric(id)).collect(),
        allow_mismatch: false,
    };
    let records = [("a", &baseline), ("b", &candidate)];
    let work = || black_box(compare(&records, &options));
    assert_eq!(work().tables.len(), 4);
    within_the_bound("compare", || drop(work()));
    group.bench_function("compare", |bencher| bencher.iter(work));
    group.finish();
}

criterion_group!(benches, judge, side_by_side);
criterion_main!(benches);
