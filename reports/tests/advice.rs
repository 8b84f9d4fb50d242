//! Budgets and advice on records made by hand, whose right reading is known.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use edgebench_api::{Bytes, Nanos};
use edgebench_record::{Cell, Delta, Outcome, OutcomeKind, PercentileFigure, Record};
use edgebench_reports::{
    Advised, Bound, Budget, Fit, Fitness, Limit, PROFILES, Reason, Standing, advise, answers, fit, fits_table, profile,
    recommend,
};
use edgebench_stats::{Interval, t_interval_of_log};
use synthetic::Made;

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

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

#[test]
fn limits_are_read_as_people_write_them() {
    for (text, bound, shown) in [
        ("latency_p90=20ms", Bound::AtMost(20.0 * MS), "latency_p90 ≤ 20 ms"),
        (" rss_peak = 64 MiB ", Bound::AtMost(67_108_864.0), "rss_peak ≤ 64 MiB"),
        ("model_bytes=2MiB", Bound::AtMost(2_097_152.0), "model_bytes ≤ 2 MiB"),
        ("model_bytes=45kB", Bound::AtMost(45_000.0), "model_bytes ≤ 45 kB"),
        ("model_bytes=0B", Bound::AtMost(0.0), "model_bytes ≤ 0 B"),
        (
            "latency_p99=33.3ms",
            Bound::AtMost(33_300_000.0),
            "latency_p99 ≤ 33.3 ms",
        ),
        (
            "latency_p99=4.0125us",
            Bound::AtMost(4_012.5),
            "latency_p99 ≤ 4.0125 µs",
        ),
        ("load=1.5s", Bound::AtMost(1.5e9), "load ≤ 1.5 s"),
        ("latency_p50=100µs", Bound::AtMost(100_000.0), "latency_p50 ≤ 100 µs"),
        ("parameters=100000", Bound::AtMost(100_000.0), "parameters ≤ 100000"),
        ("throughput=50/s", Bound::AtLeast(50.0), "throughput ≥ 50/s"),
        ("accuracy=90%", Bound::AtLeast(0.9), "accuracy ≥ 90 %"),
        ("f1=87.25%", Bound::AtLeast(0.8725), "f1 ≥ 87.25 %"),
        (
            "accuracy=-1pp",
            Bound::AtMostBelowBaseline(0.01),
            "accuracy ≥ baseline − 1 pp",
        ),
        (
            "accuracy=−0.5pp",
            Bound::AtMostBelowBaseline(0.005),
            "accuracy ≥ baseline − 0.5 pp",
        ),
        ("accuracy=0pp", Bound::AtMostBelowBaseline(0.0), "accuracy ≥ baseline"),
    ] {
        let limit = Limit::parse(text).unwrap();
        assert_eq!((limit.bound, limit.to_string().as_str()), (bound, shown), "{text}");
    }
    let all = budget("latency_p90=20ms,rss_peak=64MiB,model_bytes=2MiB,accuracy=-1pp");
    let ids: Vec<&str> = all.limits.iter().map(|limit| limit.metric.id).collect();
    assert_eq!(ids, ["latency_p90", "rss_peak", "model_bytes", "accuracy"]);
    assert_eq!(
        serde_json::to_value(budget("load=1ms,accuracy=-1pp")).unwrap(),
        serde_json::json!({ "profile": null, "limits": [
            { "metric": "load", "bound": { "kind": "at-most", "value": 1e6 } },
            { "metric": "accuracy", "bound": { "kind": "at-most-below-baseline", "value": 0.01 } },
        ]})
    );
}

#[test]
fn a_budget_that_cannot_be_is_told_with_what_is_meant() {
    let said = |text: &str| {
        let error = Budget::parse(text).unwrap_err();
        (error.to_string(), error.hint().unwrap())
    };
    assert_eq!(said("latency_p9=20ms").0, "there is no metric `latency_p9`");
    assert_eq!(said("rsspeak=20MiB").1, "did you mean `rss_peak`?");
    assert_eq!(said("load=1ms,load=2ms").0, "`load` has two limits");
    assert_eq!(said("load").0, "`load` is no limit");
    assert_eq!(
        said("load=20"),
        (
            "`20` is no limit of load: its unit is missing".to_owned(),
            "write the most that it may be, such as 20ms".to_owned()
        )
    );
    for wrong in [
        "",
        " ",
        ",",
        "load=1ms,",
        "load=",
        "load=ms",
        "load=-1ms",
        "load=+1ms",
        "load=1pp",
        "load=5%",
        "load=1.2.3ms",
        "load=nan",
        "load=infms",
        "=1ms",
        "throughput=-1/s",
        "accuracy=1",
        "accuracy=101%",
        "accuracy=-5%",
        "accuracy=+1pp",
        "accuracy=-100pp",
        "model_bytes=\u{1b}[31m2MiB",
    ] {
        assert!(Budget::parse(wrong).is_err(), "{wrong}");
    }
    assert!(Budget::parse(&format!("parameters={}", "9".repeat(400))).is_err());
}

#[test]
fn a_profile_is_a_budget_that_flags_may_change() {
    assert_eq!(
        profile("hearing-ait").unwrap_err().hint().unwrap(),
        "did you mean `hearing-aid`?"
    );
    let own = budget("rss_peak=32MiB,load=1s").within(profile("wearable").unwrap());
    assert_eq!(own.to_string(), "latency_p90 ≤ 100 ms, rss_peak ≤ 32 MiB, load ≤ 1 s");
    assert_eq!(serde_json::to_value(&own).unwrap()["profile"], "wearable");
    for profile in PROFILES {
        assert!(!Budget::default().within(profile).limits.is_empty(), "{}", profile.id);
    }
}

// python3: from scipy import stats; import numpy as np; x=np.log([9.9e6,10e6,10.1e6,10e6,10e6])
//   print(np.exp(x.mean()+np.array([-1,1])*stats.t.ppf(.975,4)*x.std(ddof=1)/5**.5))  # [9912383.59, 10087987.31]
#[test]
fn a_limit_is_surely_kept_or_broken_where_the_whole_interval_is() {
    let record = record(vec![cell("fp32", &near(10.0 * MS), 1)]);
    for (limit, standing, sure) in [
        ("latency_p90=10.088ms", Standing::Within, true),
        ("latency_p90=10.087ms", Standing::Within, false),
        ("latency_p90=10ms", Standing::Within, false),
        ("latency_p90=9.999ms", Standing::Beyond, false),
        ("latency_p90=9.913ms", Standing::Beyond, false),
        ("latency_p90=9.912ms", Standing::Beyond, true),
    ] {
        let fit = held(&record, "fp32", limit);
        assert_eq!((fit.standing, fit.sure), (standing, sure), "{limit} {fit:?}");
    }
    let fit = held(&record, "fp32", "latency_p90=8ms");
    let found = fit.interval.unwrap();
    assert!(
        (found.low - 9_912_383.59).abs() < 1.0 && (found.high - 10_087_987.31).abs() < 1.0,
        "{found:?}"
    );
    assert!((fit.factor.unwrap() - 1.25).abs() < 1e-12 && (fit.headroom.unwrap() + 2.0 * MS).abs() < 1e-6);
    assert_eq!(
        (fit.figure().unwrap(), fit.margin().unwrap()),
        ("10.0 ms".to_owned(), "1.25× the limit, 2.00 ms too much".to_owned())
    );
    let fit = held(&record, "fp32", "latency_p90=40ms");
    assert_eq!(fit.margin().unwrap(), "0.250× the limit, 30.0 ms left");
}

#[test]
fn sizes_are_exact_and_too_few_processes_are_not() {
    let mut record = record(vec![cell("fp32", &[1_000_000, 1_000_000], 2048)]);
    let at = |limit: &str| {
        let fit = held(&record, "fp32", limit);
        (fit.standing, fit.sure)
    };
    assert_eq!(at("model_bytes=2KiB"), (Standing::Within, true));
    assert_eq!(at("model_bytes=2047B"), (Standing::Beyond, true));
    assert_eq!(at("parameters=80000"), (Standing::Within, true));
    assert_eq!(at("latency_p50=1s"), (Standing::Within, false));
    assert_eq!(at("latency_p50=1us"), (Standing::Beyond, false));
    record.host.emulated = true;
    for limit in ["latency_p50=1s", "rss_peak=1GiB"] {
        let fit = held(&record, "fp32", limit);
        assert_eq!((fit.standing, fit.value), (Standing::Unknown, None), "{limit}");
    }
    assert!(held(&record, "fp32", "model_bytes=2KiB").sure);
}

#[test]
fn throughput_is_a_least() {
    let mut record = record(vec![cell("fp32", &near(MS), 1)]);
    for run in &mut record.cells[0].invocations {
        run.elapsed_ns = Nanos(100_000_000);
    }
    record.cells[0].summary.as_mut().unwrap().throughput_per_s = 1000.0;
    let kept = held(&record, "fp32", "throughput=800/s");
    assert_eq!((kept.standing, kept.sure), (Standing::Within, true));
    assert_eq!(kept.margin().unwrap(), "1.25× the limit, 200/s left");
    let broken = held(&record, "fp32", "throughput=1250/s");
    assert_eq!((broken.standing, broken.sure), (Standing::Beyond, true));
    assert_eq!(broken.margin().unwrap(), "0.800× the limit, 250/s too little");
    assert!((broken.factor.unwrap() - 1.25).abs() < 1e-12);
}

#[test]
fn an_accuracy_is_held_by_its_own_interval_and_a_difference_by_that_of_the_pairs() {
    let mut record = four();
    record.cells[1].accuracy.as_mut().unwrap().interval = Some(interval(0.89, 0.91));
    let at = |variant: &str, limit: &str| {
        let fit = held(&record, variant, limit);
        (fit.standing, fit.sure)
    };
    // −0.2 pp ± 0.3 pp.
    assert_eq!(at("int8", "accuracy=-0.5pp"), (Standing::Within, true));
    assert_eq!(at("int8", "accuracy=-0.4pp"), (Standing::Within, false));
    assert_eq!(at("int8", "accuracy=-0.1pp"), (Standing::Beyond, false));
    // −3.1 pp ± 0.4 pp.
    assert_eq!(at("pruned", "accuracy=-3.1pp"), (Standing::Within, false));
    assert_eq!(at("pruned", "top1=-1pp"), (Standing::Beyond, true));
    assert_eq!(
        held(&record, "pruned", "top1=-1pp").margin().unwrap(),
        "2.10 pp too little"
    );
    assert_eq!(at("fp32", "accuracy=0pp"), (Standing::Within, true));
    assert_eq!(at("int8", "accuracy=89%"), (Standing::Within, true));
    assert_eq!(at("int8", "accuracy=89.5%"), (Standing::Within, false));
    assert_eq!(at("int8", "accuracy=92%"), (Standing::Beyond, true));
    // 0.9 has no interval here.
    assert_eq!(at("fp32", "accuracy=50%"), (Standing::Within, false));
}

#[test]
fn a_figure_that_is_lacking_is_unknown_and_not_within() {
    let mut record = four();
    record.cells[1].accuracy.as_mut().unwrap().delta = None;
    record.cells[2].accuracy = None;
    record.cells[3].accuracy.as_mut().unwrap().delta.as_mut().unwrap().value = f64::NAN;
    for cell in &mut record.cells {
        cell.summary.as_mut().unwrap().latency.percentiles.truncate(2);
        cell.summary.as_mut().unwrap().rss_peak_bytes = None;
    }
    record.cells[0].model = None;
    record.cells[1].model.as_mut().unwrap().bytes = Bytes(0);
    for (variant, limit, why) in [
        ("int8", "accuracy=-5pp", "it was not held against the baseline"),
        ("pruned", "accuracy=-5pp", "its accuracy was not measured"),
        ("int4", "accuracy=-5pp", "its difference to the baseline is damaged"),
        ("fp32", "f1=50%", "the task's metric is not f1"),
        ("fp32", "latency_p99=1s", "too few samples for latency_p99"),
        ("fp32", "rss_peak=1GiB", "the record has no rss_peak of it"),
        ("fp32", "model_bytes=1GiB", "the record has no model_bytes of it"),
        ("int8", "model_bytes=1GiB", "the record has no model_bytes of it"),
    ] {
        let fit = held(&record, variant, limit);
        assert_eq!(
            (fit.standing, fit.why.as_str()),
            (Standing::Unknown, why),
            "{variant} {limit}"
        );
        assert_eq!(
            (fit.sure, fit.value, fit.figure(), fit.margin()),
            (false, None, None, None)
        );
    }
    record.tasks[0].metric = None;
    assert_eq!(held(&record, "fp32", "accuracy=0pp").standing, Standing::Unknown);
    record.cells[0].outcome = Outcome::of(OutcomeKind::Crashed, "signal 11");
    assert_eq!(held(&record, "fp32", "latency_p50=1s").standing, Standing::Unknown);
}

#[test]
fn samples_too_few_for_a_percentile_may_all_be_beyond() {
    let mut record = record(vec![cell("fp32", &[3_000_000; 5], 1)]);
    let latency = &mut record.cells[0].summary.as_mut().unwrap().latency;
    for figure in &mut latency.percentiles {
        figure.empirical_ns = None;
    }
    let fit = held(&record, "fp32", "latency_p99=2ms");
    assert_eq!((fit.standing, fit.sure, fit.is_least), (Standing::Beyond, true, true));
    assert_eq!(fit.figure().unwrap(), "over 3.00 ms");
    assert_eq!(fit.why, "too few samples for latency_p99, but not one sample is within");
    // Five processes beyond a median happen by chance in 1 of 32 runs, which is more than 2.5 %.
    let fit = held(&record, "fp32", "latency_p50=2ms");
    assert_eq!((fit.standing, fit.sure), (Standing::Beyond, false));
    assert_eq!(held(&record, "fp32", "latency_p99=4ms").standing, Standing::Unknown);
    record.cells[0].invocations[2].samples_ns.push(1_999_999);
    assert_eq!(held(&record, "fp32", "latency_p99=2ms").standing, Standing::Unknown);
}

// The ratio of times is 2 by the medians, and by Welch's t over the logarithms [1.980, 2.020]:
// python3: from scipy import stats; import numpy as np; x=np.log([.99,1,1.01,1,1]); s=2*x.var(ddof=1)/5
//   print(2*np.exp(np.array([-1,1])*stats.t.ppf(.975,8)*s**.5))  # [1.97948, 2.02073]
#[test]
fn the_answer_is_a_sentence_of_computed_clauses() {
    assert_eq!(
        answers(&four()),
        [
            "digits: ship int8 on ort, which answers in 4.00 ms: 2.0× faster than fp32 on ort [2.0, 2.0], 4.0× smaller, \
          −0.2 pp top1 (not significant); int4 on ort is smaller still (2.5×) but is 4.0× slower; \
          pruned on ort is faster still (2.0×) but loses 3.1 pp"
        ]
    );
    // The example of one that is smaller still, but loses.
    let mut record = four();
    record.cells.truncate(3);
    let answer = answers(&record).remove(0);
    assert!(
        answer.ends_with("; pruned on ort is smaller still (2.0×) and faster still (2.0×) but loses 3.1 pp"),
        "{answer}"
    );
}

#[test]
fn a_baseline_that_nothing_beats_is_shipped() {
    let record = record(vec![
        cell("fp32", &near(4.0 * MS), 400_000),
        with_delta(cell("int8", &near(8.0 * MS), 500_000), 0.0, 0.003, 1.0),
    ]);
    assert_eq!(
        answers(&record),
        [
            "digits: ship fp32 on ort, which answers in 4.00 ms: the baseline itself, top1 90.0 %; next int8 on ort in 8.00 ms"
        ]
    );
}

#[test]
fn what_the_intervals_do_not_show_is_not_said() {
    let record = record(vec![
        cell("fp32", &near(4.01 * MS), 400_000),
        with_delta(cell("fp16", &near(4.0 * MS), 200_000), 0.001, 0.003, 0.5),
        with_delta(cell("int8", &near(4.02 * MS), 100_000), -0.03, 0.04, 0.2),
    ]);
    let advice = advise(&record, &record.tasks[0], None);
    assert_eq!(
        advice.words(),
        "digits: ship fp16 on ort, which answers in 4.00 ms: as fast as fp32 on ort within the noise, 2.0× smaller, \
         +0.1 pp top1 (not significant); fp32 on ort and int8 on ort are as fast within the noise; \
         int8 on ort is smaller still (2.0×) and as fast within the noise"
    );
    assert_eq!(advice.tied.len(), 2);
}

#[test]
fn two_processes_give_no_interval_and_no_tie() {
    let mut record = four();
    record.cells.truncate(2);
    for cell in &mut record.cells {
        cell.invocations.truncate(2);
    }
    let answer = answers(&record).remove(0);
    assert!(
        answer.contains("2.0× faster than fp32 on ort (no interval: too few invocations), 4.0× smaller"),
        "{answer}"
    );
    assert!(!answer.contains("noise"), "{answer}");
    let limits = words(&record, "latency_p50=1s");
    assert!(
        limits.contains("; it keeps, but not surely, latency_p50 ≤ 1 s (4.00 ms)"),
        "{limits}"
    );
}

#[test]
fn peak_memory_is_told_where_it_is_shown() {
    let mut record = four();
    record.cells.truncate(2);
    let set = |cell: &mut Cell, peaks: [u64; 5]| {
        for (run, peak) in cell.invocations.iter_mut().zip(peaks) {
            run.memory.steady.peak_rss_bytes = Some(Bytes(peak << 20));
        }
        cell.summary.as_mut().unwrap().rss_peak_bytes = Some(Bytes(peaks[0] << 20));
    };
    set(&mut record.cells[0], [60, 60, 61, 60, 59]);
    set(&mut record.cells[1], [40, 40, 41, 40, 39]);
    assert!(
        answers(&record)[0].contains("4.0× smaller, 1.50× less peak memory, −0.2 pp"),
        "{}",
        answers(&record)[0]
    );
    set(&mut record.cells[1], [40, 80, 20, 90, 40]);
    assert!(!answers(&record)[0].contains("memory"), "{}", answers(&record)[0]);
}

#[test]
fn settings_are_named_where_they_tell_cells_apart_and_batches_are_compared_by_the_sample() {
    let mut record = four();
    record.cells.truncate(2);
    let mut threads = record.cells[1].clone();
    threads.id.settings.threads = 2;
    record.cells.push(threads);
    record.cells[1].id.settings.batch = 4;
    record.cells[1]
        .id
        .settings
        .options
        .insert("spinning".to_owned(), "off".to_owned());
    record.cells.truncate(3);
    let advice = advise(&record, &record.tasks[0], None);
    let titles: Vec<&str> = advice.cells.iter().map(|cell| cell.named.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "int8 on ort with 1 thread at batch 4 with spinning=off",
            "int8 on ort with 2 threads at batch 1 with no options",
            "fp32 on ort",
        ]
    );
    // Four answers in half the time.
    assert!(
        advice
            .words()
            .contains("answers a batch of 4 in 4.00 ms: 8.0× faster a sample than fp32 on ort [7.9, 8.1]"),
        "{}",
        advice.words()
    );
}

#[test]
fn a_mean_an_emulation_and_a_missing_baseline_are_said() {
    let mut record = four();
    record.host.emulated = true;
    let answer = answers(&record).remove(0);
    assert!(
        answer.contains("under emulation, so that its times mean nothing"),
        "{answer}"
    );
    assert!(
        !answer.contains("noise") && !answer.contains("faster still"),
        "{answer}"
    );
    record.host.emulated = false;
    for figure in &mut record.cells[1].summary.as_mut().unwrap().latency.percentiles {
        figure.empirical_ns = None;
    }
    assert!(answers(&record)[0].contains("answers in a mean of 4.00 ms"));
    record.cells.remove(0);
    assert!(
        answers(&record)[0].contains("the baseline fp32 was not measured"),
        "{}",
        answers(&record)[0]
    );
    record.tasks[0].metric = None;
    assert!(answers(&record)[0].contains("accuracy not measured"));
}

#[test]
fn the_fastest_that_surely_fits_goes_before_a_faster_one_that_may() {
    let mut record = four();
    // 4 ms, with an interval up to 13 ms, so that it is not shown to be faster than 8 ms either.
    record.cells[1] = with_delta(
        cell("int8", &[2_500_000, 4_000_000, 6_500_000], 100_000),
        0.0,
        0.001,
        1.0,
    );
    let of = |limits: &str| {
        let advice = advise(&record, &record.tasks[0], Some(&budget(limits)));
        (advice.advised, advice.best.map(|best| best.named.cell.variant))
    };
    assert_eq!(of("latency_p90=9ms"), (Advised::Ship, Some("fp32".to_owned())));
    assert_eq!(of("latency_p90=5ms"), (Advised::ShipUnsurely, Some("int8".to_owned())));
    assert_eq!(of("latency_p90=3.9ms"), (Advised::NothingFits, None));
    // Once the budget speaks of accuracy, what it allows is no objection.
    assert_eq!(
        of("latency_p90=3ms,accuracy=-5pp"),
        (Advised::Ship, Some("pruned".to_owned()))
    );
    assert_eq!(
        of("latency_p90=3ms,accuracy=-3.2pp"),
        (Advised::ShipUnsurely, Some("pruned".to_owned()))
    );
    let unsure = words(&record, "latency_p90=9ms");
    assert!(
        unsure.contains("; it surely keeps latency_p90 ≤ 9 ms (8.00 ms)"),
        "{unsure}"
    );
    assert!(
        unsure.contains("int8 on ort is smaller (4.0×) but does not surely fit"),
        "{unsure}"
    );
}

#[test]
fn a_loss_that_the_budget_allows_is_named_with_what_is_more_accurate() {
    let words = words(&four(), "latency_p90=10ms,model_bytes=400kB,accuracy=-5pp");
    assert!(
        words.starts_with("digits: ship pruned on ort, which answers in 2.00 ms: 4.0× faster than fp32 on ort [4.0, 4.0], 8.0× smaller, −3.1 pp top1 (significant); it surely keeps"),
        "{words}"
    );
    assert!(
        words.ends_with("; int8 on ort is more accurate (−0.2 pp against the baseline) but is 2.0× slower"),
        "{words}"
    );
}

#[test]
fn where_nothing_fits_the_nearest_miss_is_told() {
    assert_eq!(
        words(&four(), "latency_p90=3.2ms,model_bytes=45kB"),
        "digits: nothing fits latency_p90 ≤ 3.2 ms, model_bytes ≤ 45 kB: int4 on ort comes nearest, \
         with 16.0 ms where latency_p90 ≤ 3.2 ms is asked (5.00× the limit, 12.8 ms too much, surely); \
         no cell keeps latency_p90 ≤ 3.2 ms, to which int8 on ort is closest (4.00 ms, 1.25× the limit, 800 µs too much)"
    );
    let all = words(&four(), "latency_p90=2.5ms");
    assert!(
        all.contains("int8 on ort comes nearest, with 4.00 ms where latency_p90 ≤ 2.5 ms is asked (1.60× the limit"),
        "{all}"
    );
    assert!(all.ends_with("; pruned on ort would fit but loses 3.1 pp"), "{all}");
}

#[test]
fn what_is_unknown_is_no_miss() {
    let mut record = four();
    for cell in &mut record.cells {
        cell.summary.as_mut().unwrap().latency.percentiles.truncate(2);
    }
    let limits = budget("latency_p99=20ms");
    let advice = advise(&record, &record.tasks[0], Some(&limits));
    assert_eq!(advice.advised, Advised::Unknown);
    assert!(advice.cells.iter().all(|cell| cell.fitness == Some(Fitness::Unknown)));
    assert_eq!(
        advice.words(),
        "digits: nothing is shown to fit latency_p99 ≤ 20 ms, but not everything is known: int8 on ort breaks no limit, \
         but too few samples for latency_p99"
    );
    record.cells.clear();
    assert_eq!(words(&record, "load=1s"), "digits: none of 0 cells was measured");
}

#[test]
fn the_exit_code_is_that_of_the_worst_task() {
    let record = four();
    let code = |limits: &str| recommend(&[("a", &record)], &[], Some(&budget(limits))).exit_code;
    assert_eq!(code("latency_p90=9ms"), 0);
    assert_eq!(code("latency_p90=4.01ms"), 4);
    assert_eq!(code("latency_p90=1ms"), 1);
    assert_eq!(code("f1=10%"), 4);
    assert_eq!(recommend(&[("a", &record)], &[], None).exit_code, 0);
    assert_eq!(recommend(&[], &[], Some(&budget("load=1s"))).exit_code, 4);
    let mut two = record.clone();
    two.tasks.push(two.tasks[0].clone());
    two.tasks[1].id = "other".to_owned();
    let mut slow = two.cells[0].clone();
    slow.id.task = "other".to_owned();
    two.cells.push(slow);
    let limits = budget("latency_p90=5ms");
    let both = recommend(&[("a", &two)], &[], Some(&limits));
    assert_eq!((both.exit_code, both.records[0].tasks.len()), (1, 2));
    let one = recommend(&[("a", &two)], &["digits".to_owned()], Some(&limits));
    assert_eq!((one.exit_code, one.records[0].tasks.len()), (0, 1));
    let json = serde_json::to_value(&one).unwrap();
    assert_eq!((&json["schema"], &json["exit_code"]), (&1.into(), &0.into()));
    let task = &json["records"][0]["tasks"][0];
    assert_eq!(task["advised"], "ship");
    assert_eq!(task["best"]["cell"]["variant"], "int8");
    assert_eq!(task["cells"][0]["limits"][0]["standing"], "within");
    assert_eq!(task["alternatives"][0]["title"], "pruned on ort");
}

#[test]
fn the_table_has_marks_with_words() {
    let mut record = four();
    record.cells[3].outcome = Outcome::of(OutcomeKind::Crashed, "signal 11");
    let table = fits_table(&advise(&record, &record.tasks[0], Some(&budget("latency_p90=4.01ms"))));
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert!(rows[0].contains("| int8 on ort   | ✓ not surely"), "{table}");
    assert!(
        rows[1].contains("✗ surely 8.00 ms, 2.00× the limit, 3.99 ms too much"),
        "{table}"
    );
    assert!(
        rows[2].contains("✓ surely, significantly less accurate than the baseline"),
        "{table}"
    );
    assert!(rows[3].contains("crashed: signal 11"), "{table}");
    assert!(fits_table(&advise(&record, &record.tasks[0], None)).is_empty());
}

#[test]
fn alternatives_are_named_for_what_they_are_better_in() {
    let record = four();
    let advice = advise(&record, &record.tasks[0], None);
    let found: Vec<(&str, &[Reason])> = advice
        .alternatives
        .iter()
        .map(|other| (other.named.cell.variant.as_str(), other.reasons.as_slice()))
        .collect();
    assert_eq!(
        found,
        [
            ("int4", [Reason::Smaller].as_slice()),
            ("pruned", [Reason::Faster].as_slice())
        ]
    );
}

#[test]
fn damaged_figures_are_never_told() {
    let limits = budget("latency_p50=1ms,latency_p99=1ms,rss_peak=1MiB,throughput=1/s,accuracy=-1pp,top1=90%,load=1ms");
    for figure in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e300, 1e-300] {
        for samples in [0, 1, u64::MAX] {
            let mut record = four();
            for cell in record.cells.iter_mut().skip(1) {
                let summary = cell.summary.as_mut().unwrap();
                summary.latency.p50_ns = figure;
                summary.latency.mean_ns = figure;
                summary.throughput_per_s = figure;
                summary.latency.percentiles[2].empirical_ns = Some(figure);
                let accuracy = cell.accuracy.as_mut().unwrap();
                accuracy.value = figure;
                accuracy.interval = Some(interval(figure, -figure));
                let delta = accuracy.delta.as_mut().unwrap();
                delta.value = figure;
                delta.interval = Some(interval(figure, -figure));
                for run in &mut cell.invocations {
                    run.samples_ns = vec![samples; 3];
                    run.elapsed_ns = Nanos(0);
                }
                cell.id.settings.batch = 0;
            }
            for budget in [None, Some(&limits)] {
                let advice = advise(&record, &record.tasks[0], budget);
                let text = advice.words() + &fits_table(&advice);
                assert!(
                    !text.contains("NaN") && !text.contains("inf") && text.len() < 4000,
                    "{text}"
                );
                assert!(serde_json::to_string(&advice).is_ok());
            }
        }
    }
}

#[test]
fn strings_from_strangers_stay_on_their_line() {
    let hostile = "a\n\u{1b}[31m|b\u{202e}`<script>";
    let mut record = four();
    record.tasks[0].id = hostile.to_owned();
    record.tasks[0].metric = Some(hostile.to_owned());
    record.tasks[0].baseline = hostile.to_owned();
    for cell in &mut record.cells {
        cell.id.task = hostile.to_owned();
        cell.id.backend = hostile.to_owned();
        cell.id.settings.device = cell.id.variant.clone() + hostile;
        cell.id.settings.options.insert(hostile.to_owned(), hostile.to_owned());
        cell.id.variant = hostile.to_owned();
    }
    record.cells[3].outcome = Outcome::of(OutcomeKind::Failed, hostile);
    for limits in ["latency_p90=1ms", "latency_p90=1s", "accuracy=-1pp"] {
        let advice = advise(&record, &record.tasks[0], Some(&budget(limits)));
        assert!(
            !advice.words().contains(['\n', '\u{1b}', '\u{202e}']),
            "{}",
            advice.words()
        );
        let table = fits_table(&advice);
        assert!(
            !table.contains(['\u{1b}', '\u{202e}']) && !table.contains("<script>"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 2 + record.cells.len(), "{table}");
    }
}
