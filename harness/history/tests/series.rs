//! What is compared with what, and what trends say of it.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::path::PathBuf;

use common::Place;
use edgebench_history::{Branch, Filter, History, Marks, Note, Series, TrendPolicy, trends};
use edgebench_record::VerdictKind;
use serde_json::{Value, json};

fn filter(metric: &str) -> Filter {
    Filter {
        metrics: vec![metric.to_owned()],
        cells: Vec::new(),
        since: None,
        branch: Branch::Latest,
        across_runtimes: false,
    }
}

fn add(place: &Place, record: PathBuf, branch: Option<&str>, release: Option<&str>) {
    let marks = Marks {
        said: Note {
            commit: None,
            branch: branch.map(str::to_owned),
            release: release.map(str::to_owned),
        },
        checkout: None,
    };
    let mut history = History::open_or_create(&place.database()).unwrap();
    history.add(&[record], &marks).unwrap().remove(0).unwrap();
}

fn series(place: &Place, filter: &Filter) -> Vec<Series> {
    History::open(&place.database()).unwrap().series(filter).unwrap()
}

fn machine(cpus: usize) -> impl Fn(&mut Value) {
    move |record| record["host"]["cpus"] = json!(cpus)
}

#[test]
fn machines_and_runtimes_and_branches_are_not_mixed() {
    let place = Place::new();
    for day in 0..12 {
        let record = place.run(day, 100.0, |record| {
            machine(2 + day % 2)(record);
            let version = if day < 6 { "1.0" } else { "2.0" };
            record["cells"][0]["runtime"]["version"] = json!(version);
        });
        add(&place, record, Some(if day == 0 { "feature" } else { "main" }), None);
    }
    let all = series(&place, &filter("latency_p50"));
    let counts: Vec<(usize, &str)> = all
        .iter()
        .map(|series| (series.points.len(), series.runtime.as_deref().unwrap()))
        .collect();
    assert_eq!(all.len(), 4);
    assert_eq!(counts.iter().map(|(n, _)| n).sum::<usize>(), 11);
    let across = Filter {
        across_runtimes: true,
        branch: Branch::Each,
        ..filter("latency_p50")
    };
    let lengths: Vec<usize> = series(&place, &across)
        .iter()
        .map(|series| series.points.len())
        .collect();
    assert_eq!(lengths.iter().sum::<usize>(), 12);
    assert_eq!(lengths.len(), 3);
    let named = Filter {
        branch: Branch::Named(Some("feature".to_owned())),
        ..filter("latency_p50")
    };
    assert_eq!(series(&place, &named).len(), 1);
}

#[test]
fn filters_leave_what_they_name() {
    let place = Place::new();
    for day in 0..3 {
        add(&place, place.run(day, 100.0, |_| {}), None, None);
    }
    let of = |cells: &[&str], since: Option<&str>| {
        let filter = Filter {
            cells: cells.iter().map(|&cell| cell.to_owned()).collect(),
            since: since.map(str::to_owned),
            ..filter("latency_p50")
        };
        series(&place, &filter)
            .iter()
            .map(|series| series.points.len())
            .sum::<usize>()
    };
    assert_eq!(of(&[], None), 3);
    assert_eq!(of(&["digits/fp32/*", "digits/*"], None), 3);
    assert_eq!(of(&["*/int8/*"], None), 0);
    assert_eq!(of(&[], Some("2026-01-02")), 2);
    assert_eq!(
        series(&place, &filter("accuracy"))[0].conditions,
        "top1 over 100 of 100 samples of digits.safetensors (333333333333)"
    );
    assert!(series(&place, &filter("nonsense")).is_empty());
}

#[test]
fn a_creeping_loss_meets_the_ratchet() {
    let place = Place::new();
    let wobble = |day: usize| 1.0 + 0.004 * ((day * 7 + day * day) % 5) as f64;
    for day in 0..4 {
        add(
            &place,
            place.run(day, 100.0 * wobble(day), |_| {}),
            Some("main"),
            Some("v1"),
        );
    }
    for day in 4..24 {
        let creep = 1.009_f64.powi(day as i32 - 3);
        add(
            &place,
            place.run(day, 100.0 * creep * wobble(day), |_| {}),
            Some("main"),
            None,
        );
    }
    let found = trends(&series(&place, &filter("latency_p50")), &TrendPolicy::default()).remove(0);
    let ratchet = found.ratchet.unwrap();
    assert_eq!((ratchet.release.as_str(), ratchet.runs), ("v1", 4));
    assert_eq!(ratchet.verdict.kind, VerdictKind::Regressed);
    assert!(found.alarm);
    assert!(found.drift.unwrap().worse);
    // A level that was agreed to is the next release's.
    for day in 24..28 {
        let creep = 1.009_f64.powi(20);
        add(
            &place,
            place.run(day, 100.0 * creep * wobble(day), |_| {}),
            Some("main"),
            Some("v2"),
        );
    }
    let found = trends(&series(&place, &filter("latency_p50")), &TrendPolicy::default()).remove(0);
    assert_eq!(found.ratchet.unwrap().release, "v2");
}

#[test]
fn a_release_of_another_machine_is_incomparable_and_says_why() {
    let place = Place::new();
    add(&place, place.run(0, 100.0, machine(64)), None, Some("v1"));
    for day in 1..10 {
        add(&place, place.run(day, 100.0, |_| {}), None, None);
    }
    let all = series(&place, &filter("latency_p50"));
    let verdict = |against: Option<&str>| {
        let policy = TrendPolicy {
            against: against.map(str::to_owned),
            ..TrendPolicy::default()
        };
        trends(&all, &policy).remove(0).ratchet.map(|ratchet| ratchet.verdict)
    };
    let unasked = verdict(None).unwrap();
    assert_eq!((unasked.kind, unasked.gating), (VerdictKind::Incomparable, true));
    assert_eq!(unasked.reason, "the release's runs differ in cpus");
    assert!(verdict(Some("v1")).unwrap().gating);
    assert!(verdict(Some("v2")).is_none());
}

#[test]
fn a_series_that_ended_before_the_release_misses_nothing() {
    let place = Place::new();
    for day in 0..10 {
        add(&place, place.run(day, 100.0, |_| {}), None, None);
    }
    // A new machine, on which all starts again, and a runtime that the old series never had.
    add(&place, place.run(10, 100.0, machine(64)), None, Some("v1"));
    let verdict = |against: Option<&str>| {
        let policy = TrendPolicy {
            against: against.map(str::to_owned),
            ..TrendPolicy::default()
        };
        let found = trends(&series(&place, &filter("latency_p50")), &policy).remove(0);
        found.ratchet.map(|ratchet| ratchet.verdict).unwrap()
    };
    assert_eq!(
        (verdict(None).kind, verdict(None).gating),
        (VerdictKind::Incomparable, false)
    );
    assert!(verdict(Some("v1")).gating);
    add(&place, place.run(11, 50.0, runtime("2.0")), None, Some("v2"));
    assert_eq!(
        (verdict(None).kind, verdict(None).gating),
        (VerdictKind::Incomparable, false)
    );
    assert_eq!(verdict(None).reason, "the release's runs differ in runtime");
}

fn runtime(version: &str) -> impl Fn(&mut Value) {
    move |record| record["cells"][0]["runtime"]["version"] = json!(version)
}

#[test]
fn a_runtime_that_makes_it_slower_is_a_loss_against_the_release() {
    let place = Place::new();
    let wobble = |day: usize| 1.0 + 0.004 * ((day * 7 + day * day) % 5) as f64;
    for day in 0..5 {
        let record = place.run(day, 24.0 * wobble(day), runtime("1.31.0"));
        add(&place, record, None, Some("v1"));
    }
    for day in 5..15 {
        add(
            &place,
            place.run(day, 35.7 * wobble(day), runtime("1.32.0")),
            None,
            None,
        );
    }
    let judge = || trends(&series(&place, &filter("latency_p50")), &TrendPolicy::default()).remove(0);
    let found = judge();
    let name = found.runtime.clone().unwrap();
    let before = name.replace("1.32.0", "1.31.0");
    assert!(found.alarm);
    let ratchet = found.ratchet.unwrap();
    assert_eq!((ratchet.verdict.kind, ratchet.runs), (VerdictKind::Regressed, 5));
    assert!(ratchet.verdict.gating);
    assert_eq!(ratchet.runtime.as_ref(), Some(&before));
    assert_eq!(
        ratchet.verdict.reason,
        format!("the runtime changed from {before} to {name}")
    );
    let estimate = ratchet.verdict.change.unwrap().estimate;
    assert!((estimate - (35.7 / 24.0 - 1.0)).abs() < 0.01, "{estimate}");
    // Measured again with the new runtime, the release is held against as it is now.
    for day in 15..20 {
        let record = place.run(day, 35.7 * wobble(day), runtime("1.32.0"));
        add(&place, record, None, Some("v1"));
    }
    let found = judge();
    assert!(!found.alarm);
    let ratchet = found.ratchet.unwrap();
    assert_eq!((ratchet.runtime, ratchet.verdict.reason.as_str()), (None, ""));
}

#[test]
fn a_cell_that_goes_on_failing_is_no_thing_of_the_past() {
    let place = Place::new();
    for day in 0..10 {
        add(&place, place.run(day, 100.0, |_| {}), None, None);
    }
    let outcome = |kind: &'static str| {
        move |record: &mut Value| record["cells"][0]["outcome"] = json!({ "kind": kind, "reason": "why" })
    };
    for day in 10..45 {
        add(&place, place.run(day, 100.0, outcome("timed-out")), None, None);
    }
    let judge = || trends(&series(&place, &filter("latency_p50")), &TrendPolicy::default()).remove(0);
    let found = judge();
    assert!(!found.past && found.ratchet.is_none());
    assert!(found.ended_with.unwrap().is_failure());
    // It was given up.
    add(&place, place.run(45, 100.0, outcome("skipped")), None, None);
    let found = judge();
    assert!(found.past && !found.ended_with.unwrap().is_failure());
}

#[test]
fn a_cell_that_fails_now_is_no_gap() {
    let place = Place::new();
    add(&place, place.run(0, 100.0, |_| {}), None, Some("v1"));
    for day in 1..10 {
        add(&place, place.run(day, 100.0, |_| {}), None, None);
    }
    let crash = |record: &mut Value| {
        record["cells"][0]["outcome"] = json!({ "kind": "crashed", "reason": "the worker was ended by SIGSEGV (11)" });
    };
    add(&place, place.run(10, 100.0, crash), None, None);
    let found = trends(&series(&place, &filter("latency_p50")), &TrendPolicy::default()).remove(0);
    let verdict = found.ratchet.unwrap().verdict;
    assert_eq!(verdict.kind, VerdictKind::Failed);
    assert!(verdict.reason.contains("SIGSEGV"), "{}", verdict.reason);
}

#[test]
fn a_size_has_no_noise() {
    let place = Place::new();
    let size = |bytes: u64| move |record: &mut Value| record["cells"][0]["model"]["bytes"] = json!(bytes);
    add(&place, place.run(0, 100.0, size(4096)), None, Some("v1"));
    for day in 1..4 {
        add(&place, place.run(day, 100.0, size(4096)), None, None);
    }
    add(&place, place.run(4, 100.0, size(5000)), None, None);
    let found = trends(&series(&place, &filter("model_bytes")), &TrendPolicy::default()).remove(0);
    assert_eq!(found.changes.len(), 1);
    assert_eq!((found.changes[0].position, found.changes[0].p), (3, None));
    assert!(found.alarm);
    assert_eq!(found.ratchet.unwrap().verdict.kind, VerdictKind::Regressed);
}

#[test]
fn a_machine_that_is_gone_raises_no_alarm() {
    let place = Place::new();
    for day in 0..20 {
        let p50 = if day < 10 { 100.0 } else { 150.0 };
        add(&place, place.run(day, p50 + (day % 3) as f64, machine(64)), None, None);
    }
    let judge = || trends(&series(&place, &filter("latency_p50")), &TrendPolicy::default());
    assert!(judge()[0].alarm);
    for day in 20..50 {
        add(&place, place.run(day, 100.0 + (day % 3) as f64, |_| {}), None, None);
    }
    let found = judge();
    let gone = found.iter().find(|trend| trend.points.len() == 20).unwrap();
    assert!(gone.past && !gone.alarm && gone.changes.len() == 1);
    assert!(found.iter().all(|trend| !trend.alarm));
}
