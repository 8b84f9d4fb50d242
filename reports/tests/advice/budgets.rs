//! Limits, profiles, and figures held against them.

use edgebench_api::{Bytes, Nanos};
use edgebench_record::{Outcome, OutcomeKind};
use edgebench_reports::{Bound, Budget, Limit, PROFILES, Standing, profile};

use crate::{MS, budget, cell, four, held, interval, near, record};

#[test]
fn limits_are_read_as_people_write_them() {
    for (text, bound, shown) in [
        ("latency_p90=20ms", Bound::AtMost(20.0 * MS), "latency_p90 ≤ 20 ms"),
        (" rss_peak = 64 MiB ", Bound::AtMost(67_108_864.0), "rss_peak ≤ 64 MiB"),
        ("model_bytes=2MiB", Bound::AtMost(2_097_152.0), "model_bytes ≤ 2 MiB"),
        ("model_bytes=45kB", Bound::AtMost(45_000.0), "model_bytes ≤ 45 kB"),
        ("model_bytes=0B", Bound::AtMost(0.0), "model_bytes ≤ 0 B"),
        (
            "latency_p99=33.5ms",
            Bound::AtMost(33_500_000.0),
            "latency_p99 ≤ 33.5 ms",
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
        "2.1 pp too little"
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
        ("fp32", "latency_p99=1s", "there are too few samples for latency_p99"),
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
    assert_eq!(
        fit.why,
        "there are too few samples for latency_p99, but not one sample is within"
    );
    // Five processes beyond a median happen by chance in 1 of 32 runs, which is more than 2.5 %.
    let fit = held(&record, "fp32", "latency_p50=2ms");
    assert_eq!((fit.standing, fit.sure), (Standing::Beyond, false));
    assert_eq!(held(&record, "fp32", "latency_p99=4ms").standing, Standing::Unknown);
    record.cells[0].invocations[2].samples_ns.push(1_999_999);
    assert_eq!(held(&record, "fp32", "latency_p99=2ms").standing, Standing::Unknown);
}
