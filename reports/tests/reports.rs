//! Every format on a record made by hand, whose right reading is known.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use edgebench_record::Record;
use edgebench_reports::format::format;
use edgebench_reports::{
    Budget, CELL_COLUMNS, FormatOptions, Limit, Rank, answers, caveats, cells_csv, json, jsonl, markdown, ranked,
    samples_csv, table,
};
use serde_json::{Value, json};

/// A measured cell: five invocations around `p50_ns`, and an accuracy whose difference is `delta` with `mcnemar_p`.
fn cell(variant: &str, backend: &str, p50_ns: f64, bytes: u64, delta: Option<(f64, f64)>) -> Value {
    let near = |part: f64| (p50_ns * part) as u64;
    let invocations: Vec<Value> = [0.99, 1.0, 1.01, 1.0, 0.995]
        .iter()
        .enumerate()
        .map(|(round, part)| {
            json!({
                "round": round, "position": 0, "library_open_ns": 1000, "load_ns": 2_000_000, "first_ns": 900_000,
                "warm_up_runs": 3, "warm_up_ns": 10, "samples_ns": [near(*part), near(*part), near(*part)],
                "elapsed_ns": 10, "cpu_ns": 10, "copy_in_ns": 1, "copy_out_ns": 1, "involuntary_switches": 0, "ring": 1,
                "memory": { "baseline": memory(), "loaded": memory(), "first": memory(), "steady": memory() },
            })
        })
        .collect();
    json!({
        "id": { "task": "fashion", "variant": variant, "backend": backend, "settings": { "threads": 1, "batch": 1 } },
        "model": { "file": format!("{variant}.onnx"), "sha256": "00", "bytes": bytes, "parameters": 1000 },
        "outcome": { "kind": "measured" },
        "runtime": { "runtime": "Runtime", "version": "1.2.3", "devices": [] },
        "effective": { "threads": "1" },
        "invocations": invocations,
        "summary": {
            "invocations": 5, "library_open_ns": 1000, "load_ns": 2_000_000, "first_ns": 900_000,
            "latency": {
                "n": 900, "min_ns": p50_ns * 0.9, "mean_ns": p50_ns, "mad_ns": 100.0, "max_ns": p50_ns * 3.0, "p50_ns": p50_ns,
                "p50_interval_ns": { "low": p50_ns * 0.99, "high": p50_ns * 1.01, "confidence": 0.95 },
                "percentiles": [
                    { "p": 0.5, "needed": 11, "empirical_ns": p50_ns, "conservative_ns": 1 },
                    { "p": 0.9, "needed": 64, "empirical_ns": p50_ns * 1.2, "conservative_ns": 1 },
                    { "p": 0.99, "needed": 662 },
                ],
            },
            "throughput_per_s": 1e9 / p50_ns, "cpu_per_inference_ns": near(1.0),
            "rss_peak_bytes": 50 << 20, "rss_above_baseline_bytes": 1 << 20,
        },
        "accuracy": {
            "metric": "top1", "value": short(0.914 + delta.map_or(0.0, |(value, _)| value)),
            "interval": { "low": 0.908, "high": 0.919, "confidence": 0.95 },
            "samples": 10_000, "of_samples": 10_000, "deterministic": true, "elapsed_ns": 1,
            "delta": delta.map(|(value, p)| json!({
                "baseline": "fp32", "value": value, "interval": { "low": short(value - 0.002), "high": short(value + 0.002), "confidence": 0.95 },
                "flips": 40, "answer_changes": 50, "mcnemar_p": p,
            })),
        },
        "outputs": { "verdict": "agree" },
    })
}

/// Few digits, so that reading them back gives the same bits.
fn short(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn memory() -> Value {
    json!({ "peak_rss_bytes": 1, "peak_was_reset": true, "rss_bytes": 1, "anonymous_bytes": 1, "file_bytes": 1,
            "shared_bytes": 1, "pss_bytes": 1, "swap_bytes": 0 })
}

/// Takes a cell's figures for wrong outputs.
fn with_wrong_outputs(mut cell: Value) -> Value {
    cell["outcome"] = json!({ "kind": "failed", "reason": "outputs differ", "expected": "known to be wrong" });
    cell["outputs"] = json!({ "verdict": "differ", "why": "outputs differ: SQNR 3.1 dB, at least 10 dB needed" });
    cell
}

fn not_run(variant: &str, outcome: &Value) -> Value {
    json!({
        "id": { "task": "fashion", "variant": variant, "backend": "candle", "settings": { "threads": 1, "batch": 1 } },
        "outcome": outcome, "invocations": [], "outputs": { "verdict": "unchecked" },
    })
}

fn record_of(cells: &[Value]) -> Record {
    serde_json::from_value(json!({
        "schema": 1, "id": "20260102T030405Z-abcdef", "started_at": "2026-01-02T03:04:05Z",
        "finished_at": "2026-01-02T03:05:05Z", "interrupted": false,
        "tool": { "name": "edgebench", "version": "0.1.0", "optimised": true, "target": "x86_64-linux",
                  "arguments": ["run", "starter", "--device-name", "a board"] },
        "host": { "name": "a board", "architecture": "x86_64", "system": "linux", "cpus": 2, "isa": ["avx2"],
                  "memory_bytes": 8u64 << 30, "emulated": false,
                  "warnings": [{ "fact": "the load was 5", "hint": "end what else is running" }] },
        "plan": { "suite": "starter", "suite_sha256": "ab", "seed": 0, "mode": "standard", "invocations": 5,
                  "warm_up_ns": 300_000_000, "measure_ns": 500_000_000, "timeout_ns": 60_000_000_000u64,
                  "reference_backend": "ort" },
        "tasks": [{ "id": "fashion", "description": "Clothes", "metric": "top1", "samples": 10000, "baseline": "fp32",
                    "inputs": "test.safetensors" }],
        "cells": cells,
    }))
    .unwrap()
}

fn record() -> Record {
    record_of(&[
        cell("fp32", "ort", 400_000.0, 320_000, None),
        cell("int8-static", "ort", 210_000.0, 88_900, Some((-0.002, 0.3))),
        cell("int4-weight", "ort", 150_000.0, 60_000, Some((-0.021, 0.001))),
        with_wrong_outputs(cell("int8-static", "tract", 100_000.0, 88_900, Some((-0.5, 0.0)))),
        cell("fp32", "tract", 500_000.0, 320_000, None),
        not_run(
            "int8-static",
            &json!({ "kind": "unsupported", "reason": "operator QLinearConv is not supported", "operator": "QLinearConv" }),
        ),
    ])
}

#[test]
fn the_answer_is_the_fastest_that_is_right_and_as_accurate() {
    assert_eq!(
        answers(&record()),
        [
            "fashion: ship int8-static on ort, which answers in 210 µs: 1.90× faster than fp32 on ort [1.88, 1.93], \
             3.6× smaller, −0.2 pp top1 (not significant); int4-weight on ort is smaller still (1.48×) and \
             faster still (1.40×) but loses 2.1 pp"
        ]
    );
}

#[test]
fn the_order_is_candidates_then_the_less_accurate_then_the_rest() {
    let record = record();
    let order: Vec<(Rank, String)> = ranked(&record, "fashion")
        .iter()
        .map(|(rank, cell)| (*rank, cell.id.to_string()))
        .collect();
    assert_eq!(
        order,
        [
            (Rank::Candidate, "fashion/int8-static/ort/t1/b1".to_owned()),
            (Rank::Candidate, "fashion/fp32/ort/t1/b1".to_owned()),
            (Rank::Candidate, "fashion/fp32/tract/t1/b1".to_owned()),
            (Rank::Doubtful, "fashion/int4-weight/ort/t1/b1".to_owned()),
            (Rank::Out, "fashion/int8-static/tract/t1/b1".to_owned()),
            (Rank::Out, "fashion/int8-static/candle/t1/b1".to_owned()),
        ]
    );
}

#[test]
fn a_baseline_that_nothing_beats_is_the_answer() {
    let mut record = record();
    record.cells.truncate(1);
    assert_eq!(
        answers(&record),
        ["fashion: ship fp32 on ort, which answers in 400 µs: the baseline itself, top1 91.4 %"]
    );
    record.cells.clear();
    assert_eq!(answers(&record), ["fashion: no cell was run"]);
}

#[test]
fn a_difference_within_the_noise_is_no_speed_up() {
    let record = record_of(&[
        cell("fp32", "ort", 400_000.0, 320_000, None),
        cell("fp16", "ort", 399_000.0, 160_000, Some((0.001, 0.5))),
    ]);
    let answer = &answers(&record)[0];
    assert!(
        answer.contains("as fast as fp32 on ort within the noise, 2.0× smaller"),
        "{answer}"
    );
}

#[test]
fn without_intervals_that_is_said() {
    let mut record = record();
    for cell in &mut record.cells {
        cell.invocations.truncate(2);
    }
    assert!(answers(&record)[0].contains("1.90× faster than fp32 on ort (no interval: too few invocations)"));
}

#[test]
fn an_f1_is_judged_by_its_interval() {
    let mut record = record();
    for cell in &mut record.cells {
        if let Some(accuracy) = &mut cell.accuracy {
            accuracy.metric = "f1".to_owned();
        }
    }
    record.tasks[0].metric = Some("f1".to_owned());
    let worse = record.cells[1].accuracy.as_mut().unwrap().delta.as_mut().unwrap();
    worse.value = -0.01;
    worse.interval.as_mut().unwrap().high = -0.001;
    assert_eq!(ranked(&record, "fashion")[0].1.id.variant, "fp32");
}

#[test]
fn the_table_reads_in_a_terminal() {
    insta::assert_snapshot!(table(&record()));
}

#[test]
fn every_line_of_a_table_has_the_same_width() {
    let text = table(&record());
    let widths: Vec<usize> = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.chars().count())
        .collect();
    assert!(
        widths.len() == 8 && widths.windows(2).all(|pair| pair[0] == pair[1]),
        "{widths:?}"
    );
}

#[test]
fn the_report_is_complete() {
    insta::assert_snapshot!(markdown(&record()));
}

#[test]
fn a_cell_with_wrong_outputs_shows_no_latency() {
    let text = table(&record());
    let line = text.lines().find(|line| line.contains("SQNR 3.1 dB")).unwrap();
    assert!(line.contains("outputs differ"), "{line}");
    // 100 µs would be the fastest of all.
    assert!(!line.contains("0.100") && !line.contains("100.0"), "{line}");
}

#[test]
fn the_cells_have_the_promised_columns_and_empty_fields_for_what_is_absent() {
    let text = cells_csv(&record()).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn every_sample_is_a_row() {
    let text = samples_csv(&record()).unwrap();
    assert_eq!(text.lines().count(), 1 + 5 * 5 * 3);
    assert_eq!(text.lines().nth(1), Some("fashion,fp32,ort,1,1,0,0,396000,cpu,"));
}

#[test]
fn too_few_samples_give_no_median_and_no_accuracy_to_go_by() {
    let mut record = record();
    let cell = &mut record.cells[0];
    let id = cell.id.clone();
    for figure in &mut cell.summary.as_mut().unwrap().latency.percentiles {
        figure.empirical_ns = None;
    }
    cell.accuracy = None;
    let line = table(&record);
    let line = line
        .lines()
        .find(|line| line.contains("| fp32") && line.contains("mean 0.400"));
    assert!(line.is_some(), "{}", table(&record));
    let row = cells_csv(&record).unwrap();
    for column in ["p50_ns", "p50_low_ns", "p50_high_ns"] {
        assert_eq!(field(&row, 0, column), "", "{row}");
        assert!(!field(&row, 1, column).is_empty(), "{row}");
    }
    let rank = ranked(&record, &id.task)
        .into_iter()
        .find(|(_, cell)| cell.id == id)
        .unwrap()
        .0;
    assert_eq!(rank, Rank::Doubtful);
}

/// The field of a cell's row.
fn field<'a>(csv: &'a str, cell: usize, column: &str) -> &'a str {
    let place = CELL_COLUMNS.iter().position(|name| *name == column).unwrap();
    csv.lines().nth(1 + cell).unwrap().split(',').nth(place).unwrap()
}

#[test]
fn figures_that_cannot_be_are_absent() {
    let mut record = record();
    let [first, second, third, ..] = record.cells.as_mut_slice() else {
        panic!("three cells");
    };
    first.accuracy.as_mut().unwrap().value = 1e308;
    let latency = &mut first.summary.as_mut().unwrap().latency;
    (latency.p50_ns, latency.min_ns, latency.mean_ns) = (-400_000.0, 0.0, -1.0);
    let accuracy = second.accuracy.as_mut().unwrap();
    accuracy.interval.as_mut().unwrap().low = 0.95;
    let delta = accuracy.delta.as_mut().unwrap();
    (delta.value, delta.mcnemar_p) = (-1e300, Some(7.0));
    let interval = second
        .summary
        .as_mut()
        .unwrap()
        .latency
        .p50_interval_ns
        .as_mut()
        .unwrap();
    std::mem::swap(&mut interval.low, &mut interval.high);
    third.accuracy.as_mut().unwrap().interval.as_mut().unwrap().high = 1e308;

    let csv = cells_csv(&record).unwrap();
    let empty: [&[&str]; 3] = [
        &[
            "p50_ns",
            "p50_low_ns",
            "p50_high_ns",
            "min_ns",
            "mean_ns",
            "metric_value",
            "metric_low",
            "metric_high",
        ],
        &[
            "p50_low_ns",
            "p50_high_ns",
            "metric_low",
            "metric_high",
            "metric_delta",
            "delta_low",
            "mcnemar_p",
        ],
        &["metric_low", "metric_high"],
    ];
    for (cell, columns) in empty.iter().enumerate() {
        for column in *columns {
            assert_eq!(field(&csv, cell, column), "", "{cell}: {column}");
        }
    }
    assert_eq!(
        (field(&csv, 1, "p50_ns"), field(&csv, 2, "metric_value")),
        ("210000", "0.893")
    );
    let text = table(&record);
    let row = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split('|').map(|field| field.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(row("| fp32        | ort")[3], "–", "{text}");
    assert_eq!(row("| fp32        | ort")[10], "–", "{text}");
    let second = row("| int8-static | ort");
    assert_eq!(
        (&*second[3], &*second[10], &*second[11]),
        ("0.210", "91.2", "–"),
        "{text}"
    );
    assert_eq!(row("| int4-weight | ort")[10], "89.3", "{text}");
}

#[test]
fn absurd_numbers_widen_no_table() {
    let mut record = record();
    let latency = &mut record.cells[0].summary.as_mut().unwrap().latency;
    latency.p50_ns = 1e308;
    latency.p50_interval_ns.as_mut().unwrap().low = 1e-300;
    record.cells[1].model.as_mut().unwrap().bytes.0 = u64::MAX;
    let text = table(&record);
    let widest = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.chars().count());
    assert!(widest.max().unwrap() < 260, "{text}");
    assert!(text.contains("1.00e302"), "{text}");
}

fn brief(record: &Record, budget: Option<&Budget>) -> String {
    let options = FormatOptions {
        budget,
        ..FormatOptions::default()
    };
    format("brief").unwrap().write(&[record], &options).unwrap()
}

#[test]
fn a_comment_shows_the_best_and_the_baseline_and_folds_the_rest() {
    let mut cells = vec![cell("fp32", "ort", 900_000.0, 320_000, None)];
    for number in 0..12 {
        let p50_ns = 100_000.0 + 1000.0 * f64::from(number);
        cells.push(cell(
            &format!("v{number:02}"),
            "ort",
            p50_ns,
            90_000,
            Some((-0.001, 0.3)),
        ));
    }
    let unsupported = json!({ "kind": "unsupported", "reason": "operator A is not supported" });
    cells.extend((0..10).map(|number| not_run(&format!("u{number}"), &unsupported)));
    cells.push(not_run(
        "broken",
        &json!({ "kind": "failed", "reason": "it broke at #1" }),
    ));
    let text = brief(&record_of(&cells), None);
    let (shown, folded) = text.split_once("<details><summary>4 more cells</summary>\n\n").unwrap();
    let rows = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("| v0") || line.starts_with("| v1") || line.starts_with("| fp32"))
            .count()
    };
    assert_eq!((rows(shown), rows(folded)), (9, 4), "{text}");
    assert!(shown.contains("| v07 ") && shown.contains("| fp32 "), "{shown}");
    assert!(folded.contains("| v08 "), "{folded}");
    assert!(
        text.contains(
            "10 unsupported: u0 on candle, u1 on candle, u2 on candle, u3 on candle, u4 on candle, u5 on candle, \
             u6 on candle, u7 on candle and 2 more\n"
        ),
        "{text}"
    );
    assert!(!text.contains("operator A"), "{text}");
    assert!(
        text.contains("- **fashion/broken/candle/t1/b1**: failed: it broke at <span>\\#</span>1\n"),
        "{text}"
    );
    // The answer is prose, though it has two colons.
    assert!(
        text.contains("- fashion: ship v00 on ort, which answers in 100 µs: "),
        "{text}"
    );
    assert!(!text.contains(" fits "), "{text}");
}

#[test]
fn a_comment_with_a_budget_marks_what_fits() {
    let budget = Budget {
        limits: vec![Limit::parse("latency_p50=300us").unwrap()],
        profile: None,
    };
    let text = brief(&record(), Some(&budget));
    let fits = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(" | ").nth(2).unwrap().to_owned()
    };
    assert_eq!(fits("| variant"), "fits");
    assert_eq!(fits("| int8-static | ort"), "✓ surely", "{text}");
    assert_eq!(fits("| fp32 | ort"), "✗ surely", "{text}");
    assert!(text.contains("\nBudget: latency_p50 ≤ 300 µs\n"), "{text}");
}

#[test]
fn json_reads_back_and_jsonl_is_one_cell_a_line() {
    let record = record();
    assert!(serde_json::from_str::<Record>(&json(&record).unwrap()).unwrap() == record);
    let lines = jsonl(&record).unwrap();
    assert_eq!(lines.lines().count(), record.cells.len());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["run"], "20260102T030405Z-abcdef");
    }
}

#[test]
fn strings_from_strangers_do_no_harm() {
    let hostile = "=1+1|`<script>\u{1b}[2J\u{202e}";
    let mut bad = cell("fp32", "ort", 400_000.0, 320_000, None);
    bad["outcome"] = json!({ "kind": "failed", "reason": hostile });
    let mut record = record_of(&[bad]);
    record.cells[0].id.variant = hostile.to_owned();
    record.tasks[0].description = hostile.to_owned();
    record.host.name = Some(hostile.to_owned());
    for text in [table(&record), markdown(&record)] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!text.contains("<script>"), "{text}");
        assert!(text.contains("=1+1\\|\\`&lt;script"), "{text}");
    }
    let csv = cells_csv(&record).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with("fashion,'=1+1"), "{csv}");
}

#[test]
fn caveats_come_from_the_record() {
    let mut record = record();
    assert_eq!(caveats(&record), ["the load was 5 (end what else is running)"]);
    record.interrupted = true;
    record.cells[0].accuracy.as_mut().unwrap().samples = 1000;
    record.cells[1].accuracy.as_mut().unwrap().deterministic = false;
    let text = caveats(&record).join("\n");
    assert!(text.contains("5 of 6 cells were measured at least in part"), "{text}");
    assert!(text.contains("fashion/fp32/ort/t1/b1 (1000 of 10000)"), "{text}");
    assert!(
        text.contains("other bits the second time: fashion/int8-static/ort/t1/b1"),
        "{text}"
    );
}

#[test]
fn a_site_tells_why_a_cell_failed_and_not_what_its_outputs_were() {
    let mut crashed = cell("fp32", "candle", 400_000.0, 320_000, None);
    crashed["outcome"] = json!({ "kind": "crashed", "reason": "the worker was ended by signal 11", "signal": 11 });
    crashed["outputs"] = json!({ "verdict": "agree", "why": "SQNR 130 dB against ort" });
    let wrong = with_wrong_outputs(cell("int8", "ort", 400_000.0, 320_000, None));
    let record = record_of(&[crashed, wrong]);
    let entry = edgebench_reports::site::RunEntry::of(&record, String::new(), None);
    assert_eq!(entry.cells[0].reason, "the worker was ended by signal 11");
    assert!(entry.cells[1].reason.starts_with("outputs differ: SQNR 3.1 dB"));
}
