//! What CI systems read, on a gate and a run made by hand. `tools/ci_files.py` puts the files among the snapshots before
//! the readers' own parsers and schemas.
//!
//! One long file, for its snapshots carry its name, and every format is shown on the same gate and run.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use edgebench_record::{CellId, GateRecord, METRICS, Record, VerdictKind, figure, figures};
use edgebench_reports::export::{
    Source, bencher, bigger_is_better, openmetrics, otava, otava_header, otava_tests, smaller_is_better,
};
use edgebench_reports::gate::{
    ANNOTATIONS_PER_LEVEL, COMMENT_LIMIT, STEP_SUMMARY_LIMIT, annotations, junit, markdown, marker, table,
};
use serde_json::{Value, json};

/// Every trick at once: an escape sequence, a mark that reorders text, the ends of CDATA, comments, table cells, code
/// spans and tags, workflow commands of both kinds, a mention, a link, a formula, an entity, quotes and a line break.
const HOSTILE: &str = "\u{1b}[31m]]>\u{202e}--><script>alert(1)</script>|`~~\n::error::gone\r\n##[add-mask]x \
                       @everyone #1 [a](http://evil) www.evil.org $x$ &amp; \"'\\ \u{0}\u{b}\u{fffe}\u{ffff} % , :";

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn id(task: &str, variant: &str) -> Value {
    json!({ "task": task, "variant": variant, "backend": "ort", "settings": { "threads": 1, "batch": 1 } })
}

/// A verdict on `fashion/<variant>/ort/t1/b1`; `more` replaces and adds fields.
fn verdict(variant: &str, metric: &str, kind: &str, more: Value) -> Value {
    let mut verdict = json!({
        "cell": id("fashion", variant), "metric": metric, "kind": kind, "gating": true, "evidence": {},
    });
    let (Value::Object(verdict_fields), Value::Object(more)) = (&mut verdict, more) else {
        unreachable!("both are objects");
    };
    verdict_fields.extend(more);
    verdict
}

fn measured(baseline: f64, candidate: f64, ends: (f64, f64), significant: bool) -> Value {
    json!({
        "baseline": baseline, "candidate": candidate,
        "tolerance": { "scale": "relative", "amount": 0.03 },
        "change": {
            "scale": "relative", "estimate": candidate / baseline - 1.0,
            "interval": { "low": ends.0, "high": ends.1, "confidence": 0.95 },
            "minimum_detectable": 0.021, "significant": significant,
        },
        "evidence": { "test": "signed-rank", "n": 24, "p_worse": 0.4, "level": 0.005 },
    })
}

fn exact(baseline: f64, candidate: f64) -> Value {
    json!({
        "baseline": baseline, "candidate": candidate, "tolerance": { "scale": "absolute", "amount": 0.0 },
        "change": { "scale": "absolute", "estimate": candidate - baseline, "significant": baseline.total_cmp(&candidate).is_ne() },
    })
}

fn with(mut value: Value, more: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut value, more) else {
        unreachable!("both are objects");
    };
    fields.extend(more);
    value
}

fn verdicts() -> Vec<Value> {
    vec![
        verdict(
            "fp32",
            "latency_p50",
            "passed",
            measured(210_000.0, 210_600.0, (-0.004, 0.009), false),
        ),
        verdict("fp32", "rss_peak", "passed", exact(53_477_376.0, 53_477_376.0)),
        verdict(
            "int8",
            "latency_p50",
            "regressed",
            with(
                measured(150_000.0, 157_650.0, (0.039, 0.064), true),
                json!({ "evidence": {
                    "test": "signed-rank", "n": 12, "p_worse": 0.000_24, "level": 0.005, "planned": 12, "looks": 1,
                    "confirmation": { "n": 12, "p_worse": 0.000_24, "confirmed": true },
                } }),
            ),
        ),
        verdict(
            "int8",
            "throughput",
            "improved",
            measured(4_000.0, 4_400.0, (0.08, 0.12), true),
        ),
        verdict(
            "int8",
            "model_bytes",
            "regressed",
            with(exact(88_900.0, 88_901.0), json!({ "gating": false })),
        ),
        verdict(
            "int8",
            "accuracy",
            "passed",
            json!({
                "baseline": 0.914, "candidate": 0.912, "tolerance": { "scale": "absolute", "amount": 0.005 },
                "change": {
                    "scale": "absolute", "estimate": -0.002, "significant": false, "minimum_detectable": 0.0031,
                    "interval": { "low": -0.0041, "high": 0.0001, "confidence": 0.95 },
                },
                "evidence": { "test": "McNemar", "n": 10_000, "flips": 120 },
            }),
        ),
        verdict(
            "int8",
            "accuracy",
            "inconclusive",
            json!({
                "class": 6, "baseline": 0.74, "candidate": 0.70, "gating": false,
                "tolerance": { "scale": "absolute", "amount": 0.05 },
            }),
        ),
        verdict(
            "fp16",
            "latency_p50",
            "inconclusive",
            with(
                measured(180_000.0, 183_000.0, (-0.012, 0.049), false),
                json!({
                    "reason": "steal took 12.0 % of the processor in 9 restarts, which were rejected",
                    "evidence": { "test": "signed-rank", "n": 48, "p_worse": 0.08, "level": 0.005, "looks": 3, "further": 30 },
                }),
            ),
        ),
        verdict(
            "int4",
            "latency_p50",
            "failed",
            json!({ "reason": "crashed: signal 11 during load", "baseline": 1e6 }),
        ),
        verdict(
            "old",
            "latency_p50",
            "missing",
            json!({ "reason": "only the baseline has this cell", "baseline": 1e6 }),
        ),
        verdict(
            "new",
            "latency_p50",
            "added",
            json!({ "reason": "only the candidate has this cell", "candidate": 2e6 }),
        ),
        with(
            verdict(
                "int8",
                "load",
                "incomparable",
                json!({ "reason": "the runtimes differ: ort 1.30.0 and 1.31.1" }),
            ),
            json!({ "cell": id("speech", "int8"), "baseline_cell": id("speech", "fp32") }),
        ),
    ]
}

/// A gate with every kind of verdict.
fn gate() -> GateRecord {
    serde_json::from_value(json!({
        "schema": 1, "id": "20260102T030405Z-abcdef", "kind": "live", "started_at": "2026-01-02T03:04:05Z",
        "finished_at": "2026-01-02T03:09:05Z", "interrupted": false,
        "tool": { "name": "edgebench", "version": "0.1.0", "optimised": true, "target": "x86_64-linux", "arguments": [] },
        "host": { "architecture": "x86_64", "system": "linux", "cpus": 2, "isa": ["avx2"], "emulated": false,
                  "cpu_model": "A Processor (R) 2 GHz",
                  "warnings": [{ "fact": "the load was 5", "hint": "end what else is running" }] },
        "baseline": { "what": "starter,rev=main", "commit": "0123456789abcdef0123456789abcdef01234567",
                      "runtimes": { "ort": "ONNX Runtime 1.31.1" } },
        "candidate": { "what": "starter", "runtimes": { "ort": "ONNX Runtime 1.31.1" }, "worker": "edgebench 0.2.0" },
        "policy": { "rules": [{ "metric": "latency_p50", "tolerance": { "scale": "relative", "amount": 0.03 } }],
                    "inconclusive": "report" },
        "exit_code": 1, "verdicts": verdicts(),
        "cells": [{ "cell": id("fashion", "fp32"), "elapsed_ns": 41_500_000_000_u64, "restarts": [] }],
    }))
    .unwrap()
}

/// The gate with every string that a stranger may have written replaced.
fn hostile_gate() -> GateRecord {
    let mut gate = gate();
    gate.id = hostile();
    gate.tool.version = hostile();
    gate.started_at = hostile();
    for side in [&mut gate.baseline, &mut gate.candidate] {
        side.what = hostile();
        side.commit = Some(hostile());
        side.run = Some(hostile());
        side.worker = Some(HOSTILE.repeat(20));
        side.runtimes = [(hostile(), hostile())].into();
    }
    for warning in &mut gate.host.as_mut().unwrap().warnings {
        warning.fact = HOSTILE.repeat(100);
        warning.hint = hostile();
    }
    gate.host.as_mut().unwrap().cpu_model = Some(hostile());
    for (index, verdict) in gate.verdicts.iter_mut().enumerate() {
        let worse = |id: &mut CellId| {
            id.task = hostile();
            id.variant = format!("{HOSTILE}{index}");
            id.backend = HOSTILE.repeat(10);
            id.settings.device = hostile();
            id.settings.options = [(hostile(), hostile())].into();
        };
        worse(&mut verdict.cell);
        verdict.baseline_cell = Some(verdict.cell.clone());
        verdict.reason = HOSTILE.repeat(1 + index * 10);
        verdict.evidence.test = hostile();
        if index % 2 == 1 {
            verdict.metric = hostile();
        }
    }
    gate
}

/// A gate whose verdicts are `count` copies of one.
fn many(kind: VerdictKind, count: usize) -> GateRecord {
    let mut gate = gate();
    let one = gate
        .verdicts
        .iter()
        .find(|verdict| verdict.kind == kind && verdict.gating)
        .unwrap()
        .clone();
    gate.verdicts = (0..count)
        .map(|index| {
            let mut verdict = one.clone();
            verdict.cell.variant = format!("variant-{index}");
            verdict
        })
        .collect();
    gate
}

fn run() -> Record {
    let cell = |variant: &str, outcome: &Value, metric: &str| {
        json!({
            "id": id("fashion", variant),
            "model": { "file": "m.onnx", "sha256": "00", "bytes": 88_900, "parameters": 21_000, "macs": 420_000 },
            "outcome": outcome, "runtime": { "runtime": "ONNX Runtime", "version": "1.31.1", "devices": [] },
            "invocations": [],
            "summary": {
                "invocations": 5, "library_open_ns": 1000, "load_ns": 2_000_000, "first_ns": 900_000,
                "latency": {
                    "n": 900, "min_ns": 190_000.0, "mean_ns": 212_000.0, "mad_ns": 100.0, "max_ns": 400_000.0,
                    "p50_ns": 210_000.0, "p50_interval_ns": { "low": 208_000.0, "high": 213_500.0, "confidence": 0.95 },
                    "percentiles": [
                        { "p": 0.5, "needed": 11, "empirical_ns": 209_900.0 }, { "p": 0.9, "needed": 64, "empirical_ns": 250_000.0 },
                        { "p": 0.95, "needed": 130, "empirical_ns": 260_000.0 }, { "p": 0.99, "needed": 662 },
                    ],
                },
                "throughput_per_s": 4761.5, "cpu_per_inference_ns": 208_000, "rss_peak_bytes": 53_477_376,
            },
            "accuracy": {
                "metric": metric, "value": 0.914, "interval": { "low": 0.908, "high": 0.919, "confidence": 0.95 },
                "samples": 10_000, "of_samples": 10_000, "deterministic": true, "elapsed_ns": 1,
            },
            "outputs": { "verdict": "agree" },
        })
    };
    let fine = json!({ "kind": "measured" });
    serde_json::from_value(json!({
        "schema": 1, "id": "20260102T030405Z-abcdef", "started_at": "2026-01-02T03:04:05Z",
        "finished_at": "2026-01-02T03:05:05Z", "interrupted": false,
        "tool": { "name": "edgebench", "version": "0.1.0", "optimised": true, "target": "x86_64-linux", "arguments": [] },
        "host": { "architecture": "x86_64", "system": "linux", "cpus": 2, "isa": ["avx2"], "emulated": false,
                  "cpu_model": "A Processor (R) 2 GHz", "warnings": [] },
        "plan": { "suite": "starter", "seed": 0, "mode": "standard", "invocations": 5, "warm_up_ns": 1, "measure_ns": 1,
                  "timeout_ns": 1 },
        "tasks": [{ "id": "fashion", "description": "Clothes", "metric": "top1", "samples": 10000, "baseline": "fp32",
                    "inputs": "test.safetensors" }],
        "cells": [
            cell("fp32", &fine, "top1"),
            cell("int8", &json!({ "kind": "failed", "reason": "outputs differ" }), "top1"),
            cell("int4", &fine, "f1"),
        ],
    }))
    .unwrap()
}

fn hostile_run() -> Record {
    let mut run = run();
    run.tool.version = hostile();
    run.plan.suite = hostile();
    run.host.cpu_model = Some(hostile());
    for (index, cell) in run.cells.iter_mut().enumerate() {
        cell.id.task = hostile();
        cell.id.variant = format!("{index}{}", HOSTILE.repeat(20));
        cell.id.settings.options = [(hostile(), hostile())].into();
        cell.runtime.as_mut().unwrap().version = hostile();
    }
    run
}

#[test]
fn the_table_reads_in_a_terminal() {
    insta::assert_snapshot!(table(&gate()));
}

#[test]
fn every_line_of_the_table_has_the_same_width() {
    for gate in [gate(), hostile_gate()] {
        let text = table(&gate);
        let widths: Vec<usize> = text
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.chars().count())
            .collect();
        assert_eq!(widths.len(), gate.verdicts.len() + 2);
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{widths:?}");
    }
}

#[test]
fn a_gate_without_verdicts_says_so() {
    let mut gate = gate();
    gate.verdicts.clear();
    gate.exit_code = 4;
    assert!(table(&gate).contains("no verdicts: nothing was compared"));
    assert!(markdown(&gate, "x", COMMENT_LIMIT).contains("no verdicts: nothing was compared"));
    assert_eq!(annotations(&gate).lines().count(), 1);
    assert!(junit(&gate).unwrap().contains("tests=\"0\""));
}

#[test]
fn the_exit_code_is_told_in_words() {
    let mut gate = many(VerdictKind::Inconclusive, 1);
    for (code, policy, words) in [
        (
            0,
            "pass",
            "exit code 0: passed; the policy lets what is inconclusive pass",
        ),
        (
            1,
            "fail",
            "exit code 1: undecided, which the policy takes for regressed",
        ),
        (4, "report", "exit code 4: neither passed nor regressed: inconclusive"),
    ] {
        gate.exit_code = code;
        gate.policy.inconclusive = serde_json::from_value(json!(policy)).unwrap();
        assert!(table(&gate).contains(words), "{}", table(&gate));
    }
}

#[test]
fn the_comment_is_complete() {
    insta::assert_snapshot!(markdown(&gate(), "starter", COMMENT_LIMIT));
}

#[test]
fn a_comment_is_found_again_by_its_first_line() {
    for (gate, name) in [(gate(), "starter"), (hostile_gate(), HOSTILE)] {
        let text = markdown(&gate, name, COMMENT_LIMIT);
        assert_eq!(text.lines().next(), Some(marker(name).as_str()));
        assert_eq!(text.matches("<!--").count(), 1);
        assert_eq!(text.matches("-->").count(), 1);
    }
}

#[test]
fn a_comment_keeps_to_its_limit_and_counts_what_it_leaves_out() {
    for kind in [VerdictKind::Regressed, VerdictKind::Passed] {
        let gate = many(kind, 10_000);
        for limit in [COMMENT_LIMIT, STEP_SUMMARY_LIMIT] {
            let text = markdown(&gate, "starter", limit);
            assert!(text.len() <= limit && text.len() > limit - 1000, "{}", text.len());
            let rows = text.matches("variant-").count();
            assert!(text.contains(&format!("**{} rows ", 10_000 - rows)), "{rows}");
            assert!(text.contains("edgebench 0.1.0."));
        }
    }
    let text = markdown(&hostile_gate(), HOSTILE, COMMENT_LIMIT);
    assert!(text.len() <= COMMENT_LIMIT);
    for limit in [0, 1, 60, 100, 1000, 3000] {
        assert!(markdown(&hostile_gate(), "日本語", limit).len() <= limit);
    }
}

#[test]
fn what_must_be_acted_on_comes_first_in_a_comment() {
    let text = markdown(&gate(), "starter", COMMENT_LIMIT);
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}\n{text}"));
    let order = [
        "| **regressed** |",
        "| **failed** |",
        "| **missing** |",
        "| **incomparable** |",
        "| **inconclusive** |",
        "| regressed (advisory) |",
        "| inconclusive (advisory) |",
        "<details>",
        "| improved |",
        "| added |",
        "| passed |",
        "</details>",
    ];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{text}");
}

#[test]
fn strings_from_strangers_stay_strings_in_a_comment() {
    let text = markdown(&hostile_gate(), "starter", STEP_SUMMARY_LIMIT);
    for forbidden in [
        "<script",
        "@everyone",
        " #1",
        "](",
        "http://",
        "www.",
        "$x",
        "`~~",
        "::error",
        "##[",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    // Every row has as many cells as the header.
    for line in text.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.matches('|').count(), 10, "{line}");
    }
    assert_eq!(text.matches("<code>").count(), text.matches("</code>").count());
}

#[test]
fn strings_from_strangers_do_no_harm_in_a_terminal() {
    let text = table(&hostile_gate());
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r', '\0']));
    assert!(!text.contains("<script"));
    assert!(!text.contains("##["));
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")));
}

#[test]
fn the_annotations_are_workflow_commands() {
    insta::assert_snapshot!(annotations(&gate()));
}

#[test]
fn annotations_keep_to_githubs_limits_and_count_the_rest() {
    let text = annotations(&many(VerdictKind::Regressed, 25));
    assert_eq!(text.matches("::error ").count(), ANNOTATIONS_PER_LEVEL);
    assert!(text.lines().last().unwrap().contains("%0A15 more are not shown here"));
    let mut advice = many(VerdictKind::Regressed, 25);
    for verdict in &mut advice.verdicts {
        verdict.gating = false;
    }
    let text = annotations(&advice);
    assert_eq!(text.matches("::notice ").count(), ANNOTATIONS_PER_LEVEL);
    assert!(text.lines().last().unwrap().contains("%0A16 more are not shown here"));
}

#[test]
fn strings_from_strangers_begin_no_workflow_command() {
    let text = annotations(&hostile_gate());
    let own = [
        "::error title=edgebench",
        "::warning title=edgebench",
        "::notice title=edgebench",
    ];
    for line in text.lines() {
        assert!(own.iter().any(|start| line.starts_with(start)), "{line}");
        let title = line.split("title=").nth(1).unwrap().split("::").next().unwrap();
        assert!(!title.contains([',', ':']), "{title}");
        assert!(!line.chars().any(char::is_control));
    }
}

#[test]
fn levels_follow_the_policy() {
    let mut gate = many(VerdictKind::Inconclusive, 1);
    for (policy, level, element) in [
        ("report", "::warning ", "<skipped "),
        ("pass", "::notice ", "<skipped "),
        ("fail", "::error ", "<failure "),
    ] {
        gate.policy.inconclusive = serde_json::from_value(json!(policy)).unwrap();
        assert!(annotations(&gate).starts_with(level), "{policy}");
        assert!(junit(&gate).unwrap().contains(element), "{policy}");
    }
}

#[test]
fn junit_has_one_case_per_cell_and_metric() {
    let text = junit(&gate()).unwrap();
    assert_eq!(text.matches("<testcase ").count(), gate().verdicts.len());
    assert_eq!(text.matches("<testsuite ").count(), 2);
    assert_eq!(text.matches("<failure ").count(), 1);
    assert_eq!(text.matches("<error ").count(), 2);
    assert_eq!(text.matches("<skipped ").count(), 4);
    insta::assert_binary_snapshot!("junit.xml", text.into_bytes());
}

#[test]
fn junit_has_no_character_that_xml_lacks() {
    let text = junit(&hostile_gate()).unwrap();
    let legal = |c: char| c == '\n' || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    assert!(text.chars().all(legal));
    assert!(!text.contains("<script") && !text.contains("]]>"));
    insta::assert_binary_snapshot!("junit-hostile.xml", text.into_bytes());
}

#[test]
fn a_cell_that_was_not_measured_has_no_figure() {
    let run = run();
    assert_eq!(run.cells[1].id.variant, "int8");
    for metric in METRICS {
        assert_eq!(figure(&run.cells[1], metric.id), None);
    }
    for text in [
        smaller_is_better(&run).unwrap(),
        bigger_is_better(&run).unwrap(),
        bencher(&run).unwrap(),
        openmetrics(&run),
        otava_tests(&run, "x").unwrap(),
    ] {
        assert!(text.contains("int4") && !text.contains("int8"), "{text}");
    }
}

#[test]
fn figures_are_there_by_id_and_absent_ones_are_not_0() {
    let cell = &run().cells[0];
    let value = |metric| figure(cell, metric).map(|figure| figure.value);
    assert_eq!(value("latency_p50"), Some(210_000.0));
    let interval = figure(cell, "latency_p50").unwrap().interval.unwrap();
    assert_eq!(Some(interval.high), Some(213_500.0));
    assert_eq!(value("latency_p99"), None);
    assert_eq!(value("accuracy"), Some(0.914));
    assert_eq!(value("top1"), Some(0.914));
    assert_eq!(value("f1"), None);
    assert_eq!(value("macs"), Some(420_000.0));
    assert_eq!(value("load"), Some(2e6));
    assert_eq!(value("no such"), None);
    let ids: Vec<&str> = figures(cell).map(|(metric, _)| metric.id).collect();
    let known = [
        "library_open",
        "load",
        "first",
        "latency_p50",
        "latency_p90",
        "throughput",
        "cpu_time",
        "rss_peak",
        "model_bytes",
        "parameters",
        "macs",
        "top1",
    ];
    assert!(known.iter().all(|id| ids.contains(id)), "{ids:?}");
    assert!(
        ids.iter().all(|id| METRICS.iter().any(|metric| metric.id == *id)),
        "{ids:?}"
    );
    assert!(!ids.contains(&"accuracy") && !ids.contains(&"latency_p99"), "{ids:?}");
}

#[test]
fn github_action_benchmark_gets_a_file_per_direction() {
    insta::assert_binary_snapshot!(
        "smaller-is-better.json",
        smaller_is_better(&run()).unwrap().into_bytes()
    );
    insta::assert_binary_snapshot!("bigger-is-better.json", bigger_is_better(&run()).unwrap().into_bytes());
}

#[test]
fn bencher_gets_its_format() {
    insta::assert_binary_snapshot!("bencher.json", bencher(&run()).unwrap().into_bytes());
    insta::assert_binary_snapshot!("bencher-hostile.json", bencher(&hostile_run()).unwrap().into_bytes());
}

#[test]
fn openmetrics_are_in_base_units() {
    let text = openmetrics(&run());
    assert!(text.contains("edgebench_latency_p50_seconds{task=\"fashion\",variant=\"fp32\",backend=\"ort\",threads=\"1\",batch=\"1\",device=\"cpu\"} 0.00021\n"));
    insta::assert_binary_snapshot!("metrics.txt", text.into_bytes());
    insta::assert_binary_snapshot!("metrics-hostile.txt", openmetrics(&hostile_run()).into_bytes());
}

#[test]
fn otava_gets_a_row_per_measured_cell() {
    let files = otava(&run(), Some("0123abc")).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["fashion_fp32_ort_t1_b1.csv", "fashion_int4_ort_t1_b1.csv"]);
    let text = otava_header().unwrap() + &files[0].row;
    insta::assert_binary_snapshot!("otava.csv", text.into_bytes());
    insta::assert_binary_snapshot!("otava-tests.yaml", otava_tests(&run(), "history").unwrap().into_bytes());
    // Other settings never share a file.
    let mut run = run();
    run.cells[0].id.variant = "a_b".to_owned();
    run.cells[2].id.variant = "a/b".to_owned();
    let files = otava(&run, None).unwrap();
    assert_ne!(files[0].name, files[1].name);
    for file in otava(&hostile_run(), Some(HOSTILE)).unwrap() {
        assert!(
            file.name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        );
        assert!(file.name.len() < 200 && !file.name.starts_with('.'), "{}", file.name);
        assert_eq!(file.row.lines().count(), 1);
    }
}

#[test]
fn a_gates_candidate_can_be_exported() {
    let gate = gate();
    let source = Source::from(&gate);
    let cells: Vec<String> = source.cells.iter().map(|cell| cell.id.to_string()).collect();
    assert_eq!(
        cells,
        [
            "fashion/fp32/ort/t1/b1",
            "fashion/int8/ort/t1/b1",
            "fashion/fp16/ort/t1/b1",
            "fashion/new/ort/t1/b1"
        ]
    );
    // Of class 6 there is no figure: it is not the cell's accuracy.
    let metrics: Vec<&str> = source.cells[1].figures.iter().map(|(metric, _)| metric.id).collect();
    assert_eq!(metrics, ["latency_p50", "throughput", "model_bytes", "accuracy"]);
    insta::assert_binary_snapshot!("metrics-gate.txt", openmetrics(&gate).into_bytes());
}
