//! Files for others: CSV, folded stacks, traces.

use edgebench_record::{Outcome, OutcomeKind, ProfileRecord};
use edgebench_reports::profile::{OPERATOR_COLUMNS, chrome_trace, chrome_trace_within, folded, operators_csv};
use serde_json::Value;

use crate::made::{cell, fp32, int8, other, record};

fn made() -> ProfileRecord {
    let mut failed = int8();
    "tract".clone_into(&mut failed.id.backend);
    failed.profile = None;
    failed.outcome = Outcome::of(OutcomeKind::Failed, "its outputs are wrong");
    record(vec![fp32(), int8(), failed])
}

#[test]
fn the_rows_of_a_cell_sum_up_to_its_inference() {
    let text = operators_csv(&made()).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), &OPERATOR_COLUMNS[..]);
    let at = |name: &str| OPERATOR_COLUMNS.iter().position(|column| *column == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 6 + 11 + 1);
    let sum = |column: &str, variant: &str| -> f64 {
        let of_cell = rows
            .iter()
            .filter(|row| &row[at("variant")] == variant && &row[at("backend")] == "ort");
        of_cell.map(|row| row[at(column)].parse::<f64>().unwrap()).sum()
    };
    assert!((sum("mean_ns", "fp32") - 1_000_000.0).abs() < 1e-6);
    assert!((sum("mean_ns", "int8-static") - 2_350_000.0).abs() < 1e-6);
    assert!((sum("share", "int8-static") - 1.0).abs() < 1e-9);
    assert_eq!(&rows[17][at("outcome")], "failed");
    assert_eq!(
        (&rows[4][at("role")], &rows[5][at("role")]),
        ("between", "unattributed")
    );
    assert_eq!(&rows[0][at("bound")], "compute");
    assert_eq!(&rows[2][at("no_roof")], "what it reads and writes is not known");
    insta::assert_snapshot!("operators.csv", text);
}

#[test]
fn folded_stacks_have_frames_and_a_count() {
    let mut record = made();
    let operators = &mut record.cells[0].profile.as_mut().unwrap().operators;
    operators[0].name = "a;b c\nd\u{1b}[31m 7".to_owned();
    operators[2].name = String::new();
    let text = folded(&record);
    let mut sum = 0;
    for line in text.lines() {
        let (stack, count) = line.rsplit_once(' ').unwrap();
        sum += count.parse::<u64>().unwrap();
        let frames: Vec<&str> = stack.split(';').collect();
        assert!(matches!(frames.len(), 2 | 4), "{line}");
        assert!(
            frames.iter().all(|frame| !frame.is_empty() && !frame.contains(' ')),
            "{line}"
        );
    }
    assert_eq!(sum, 1_000_000 + 2_350_000);
    insta::assert_snapshot!("folded", text);
}

/// What Perfetto needs of an event, and what makes its slices nest.
fn check(trace: &str) -> Vec<Value> {
    let trace: Value = serde_json::from_str(trace).unwrap();
    let events = trace["traceEvents"].as_array().unwrap().clone();
    let mut parent = (0.0, 0.0);
    let mut after = 0.0;
    for event in &events {
        assert!(event["pid"].as_u64().unwrap() > 0 && event["tid"].is_u64());
        assert!(event["name"].is_string());
        match event["ph"].as_str().unwrap() {
            "M" => assert!(event["args"]["name"].is_string()),
            "X" => {
                let (ts, dur) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
                assert!(ts >= 0.0 && dur >= 0.0, "{event}");
                if event["name"] == "inference" && event["cat"] == "inference" {
                    parent = (ts, ts + dur);
                    after = ts;
                } else {
                    // In whole nanoseconds, as Perfetto reads them.
                    let ns = |us: f64| (us * 1e3).round();
                    assert!(ns(ts) >= ns(after), "{event} begins before {after}");
                    assert!(ns(ts + dur) <= ns(parent.1), "{event} ends after {parent:?}");
                    after = ts + dur;
                }
            }
            other => panic!("an event of the phase {other}"),
        }
    }
    events
}

#[test]
fn a_trace_nests() {
    let trace = chrome_trace(&made());
    let events = check(&trace);
    let of_phase = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert_eq!((of_phase("M"), of_phase("X")), (4, 1 + 4 + 1 + 9));
    let conv = events.iter().find(|event| event["name"] == "conv2").unwrap();
    assert_eq!((conv["ts"].as_f64(), conv["dur"].as_f64()), (Some(405.0), Some(500.0)));
    insta::assert_snapshot!("trace.json", trace);
}

#[test]
fn a_trace_of_overlapping_or_absurd_times_nests_all_the_same() {
    let mut record = made();
    let profile = record.cells[0].profile.as_mut().unwrap();
    profile.operators[0].begin_ns = f64::NAN;
    profile.operators[1].begin_ns = 1e16;
    profile.operators[2].begin_ns = 5.0;
    profile.operators[3].mean_ns = f64::INFINITY;
    profile.wall_ns = 10.0;
    let events = check(&chrome_trace(&record));
    let gemms = events
        .iter()
        .filter(|event| event["name"] == "gemm" && event["pid"] == 1);
    assert_eq!(gemms.count(), 0);
}

#[test]
fn a_trace_that_is_too_large_says_what_it_leaves_out() {
    let limit = 20_000;
    let operators: Vec<_> = (0..1_000).map(|_| other("add", "Add", 10.0)).collect();
    let trace = chrome_trace_within(&record(vec![cell("fp32", "ort", operators, 0.0)]), limit);
    assert!((limit / 2..=limit).contains(&trace.len()), "{}", trace.len());
    let events = check(&trace).len() as u64;
    let trace: Value = serde_json::from_str(&trace).unwrap();
    let left_out = trace["otherData"]["events_left_out"].as_u64().unwrap();
    assert!(left_out > 0);
    assert_eq!(events + left_out, 1_000 + 3);
}
