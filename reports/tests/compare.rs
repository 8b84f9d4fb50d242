//! Records side by side: what is shown, and what must not change it.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod synthetic;

use edgebench_record::{Cell, Outcome, OutcomeKind, Record, Scale, metric};
use edgebench_reports::compare::{
    COMPARISON_COLUMNS, CompareOptions, Comparison, DEFAULT_METRICS, Entry, compare, comparison_csv,
    comparison_markdown, comparison_table,
};
use synthetic::{Draws, Made, answers, labels, record, top1};

fn options(metrics: &[&str]) -> CompareOptions {
    CompareOptions {
        metrics: metrics.iter().map(|id| metric(id).unwrap()).collect(),
        allow_mismatch: false,
    }
}

fn cell(variant: &str, p50_ns: f64, seed: u64) -> Cell {
    let labels = labels(500, 4);
    let answers = answers(&labels, 4, 0.1, &mut Draws::seeded(3));
    Made {
        variant: variant.to_owned(),
        p50_ns,
        value: top1(&labels, &answers),
        answers: Some(answers),
        seed,
        ..Made::default()
    }
    .cell()
}

fn of(cells: Vec<Cell>, run: &str) -> Record {
    Record {
        id: run.to_owned(),
        ..record(cells, labels(500, 4))
    }
}

/// Two cells that differ, one that does not, one that fails in the second record, one that only each has.
fn two() -> (Record, Record) {
    let mut broken = cell("broken", 100_000.0, 9);
    broken.outcome = Outcome::of(OutcomeKind::Crashed, "signal 11");
    let before = of(
        vec![
            cell("fp32", 400_000.0, 1),
            cell("int8", 200_000.0, 2),
            cell("broken", 100_000.0, 3),
            cell("gone", 100_000.0, 4),
        ],
        "run-a",
    );
    let mut smaller = cell("int8", 300_000.0, 6);
    smaller.model.as_mut().unwrap().bytes.0 = 80_000;
    let after = of(
        vec![cell("fp32", 400_000.0, 5), smaller, broken, cell("new", 100_000.0, 7)],
        "run-b",
    );
    (before, after)
}

fn compared(before: &Record, after: &Record, metrics: &[&str]) -> Comparison {
    compare(&[("x/a", before), ("x/b/record.json", after)], &options(metrics))
}

fn entry<'a>(comparison: &'a Comparison, metric: &str, variant: &str, place: usize) -> &'a Entry {
    let table = comparison.tables.iter().find(|table| table.metric == metric).unwrap();
    let row = table.rows.iter().find(|row| row.cell.variant == variant).unwrap();
    &row.entries[place]
}

#[test]
fn a_ratio_has_its_interval_and_says_whether_it_is_noise() {
    let (before, after) = two();
    let comparison = compared(&before, &after, &DEFAULT_METRICS);
    assert_eq!(comparison.tables.len(), 4);
    let slower = entry(&comparison, "latency_p50", "int8", 1).change.unwrap();
    assert_eq!((slower.scale, slower.significant), (Scale::Relative, Some(true)));
    assert!((slower.estimate - 1.5).abs() < 0.05 && slower.interval.unwrap().contains(1.5));
    let noise = entry(&comparison, "latency_p50", "fp32", 1).change.unwrap();
    assert!(noise.significant == Some(false) && noise.interval.unwrap().contains(1.0));
    assert!((entry(&comparison, "model_bytes", "int8", 1).change.unwrap().estimate - 0.25).abs() < 1e-12);
    assert_eq!(
        entry(&comparison, "model_bytes", "fp32", 1).change.unwrap().significant,
        Some(false)
    );
    assert!(
        entry(&comparison, "latency_p50", "fp32", 0).change.is_none(),
        "nothing is held against itself"
    );
}

#[test]
fn failures_and_what_only_one_has_are_shown() {
    let (before, after) = two();
    let comparison = compared(&before, &after, &["latency_p50"]);
    let broken = entry(&comparison, "latency_p50", "broken", 1);
    assert_eq!((broken.state, broken.value), ("crashed", None));
    assert_eq!(comparison.notes[broken.note.unwrap() - 1], "crashed: signal 11");
    assert_eq!(entry(&comparison, "latency_p50", "gone", 1).state, "missing");
    assert_eq!(entry(&comparison, "latency_p50", "new", 0).state, "missing");
    let new = entry(&comparison, "latency_p50", "new", 1);
    assert!(new.value.is_some() && new.change.is_none());
    let mean = comparison.tables[0].means[1].unwrap();
    assert_eq!(mean.cells, 2);
    assert!((mean.ratio - 1.5_f64.sqrt()).abs() < 0.03 && mean.interval.unwrap().contains(mean.ratio));
}

#[test]
fn the_mean_leaves_out_what_is_not_comparable() {
    let (before, mut after) = two();
    after.cells[1].effective.insert("spinning".to_owned(), "off".to_owned());
    let comparison = compared(&before, &after, &["latency_p50", "model_bytes"]);
    let entry_of = entry(&comparison, "latency_p50", "int8", 1);
    assert!(entry_of.incomparable && entry_of.change.is_none());
    assert_eq!(
        comparison.notes[entry_of.note.unwrap() - 1],
        "not comparable: differs in cells.effective.spinning (absent → off)"
    );
    assert_eq!(comparison.tables[0].means[1].unwrap().cells, 1);
    assert!(
        !entry(&comparison, "model_bytes", "int8", 1).incomparable,
        "a file's size depends on no setting"
    );
    let mut allowed = options(&["latency_p50"]);
    allowed.allow_mismatch = true;
    let comparison = compare(&[("a", &before), ("b", &after)], &allowed);
    let entry_of = entry(&comparison, "latency_p50", "int8", 1);
    assert!(entry_of.incomparable && entry_of.change.is_some() && entry_of.note.is_some());
    assert_eq!(comparison.tables[0].means[1].unwrap().cells, 1);
}

#[test]
fn an_accuracy_is_a_difference_over_paired_samples() {
    let (before, mut after) = two();
    let classes = &mut after.cells[1]
        .accuracy
        .as_mut()
        .unwrap()
        .answers
        .as_mut()
        .unwrap()
        .classes;
    classes[..60].fill(None);
    let comparison = compared(&before, &after, &["accuracy"]);
    let worse = entry(&comparison, "accuracy", "int8", 1).change.unwrap();
    assert_eq!((worse.scale, worse.significant), (Scale::Absolute, Some(true)));
    assert!(worse.interval.unwrap().high < 0.0 && worse.estimate < -0.08);
    let same = entry(&comparison, "accuracy", "fp32", 1).change.unwrap();
    assert_eq!((same.interval, same.significant), (None, Some(false)));
    assert!(comparison.tables[0].means.iter().all(Option::is_none));
    let accuracy = after.cells[0].accuracy.as_mut().unwrap();
    let answers = accuracy.answers.as_mut().unwrap();
    answers.classes.truncate(100);
    answers.indices = Some((0..100).collect());
    accuracy.samples = 100;
    accuracy.value = 0.5;
    let partly = compared(&before, &after, &["accuracy"]);
    let fp32 = entry(&partly, "accuracy", "fp32", 1);
    assert_eq!(
        fp32.change.unwrap().significant,
        Some(false),
        "the same answers to the same samples"
    );
    assert_eq!(
        partly.notes[fp32.note.unwrap() - 1],
        "the difference is over the 100 samples that both evaluated"
    );
    after.cells[1].accuracy.as_mut().unwrap().answers = None;
    let unpaired = compared(&before, &after, &["accuracy"]);
    assert_eq!(
        entry(&unpaired, "accuracy", "int8", 1).change.unwrap().significant,
        None
    );
}

/// The ratio of two medians may lie outside the interval of the ratio of geometric means.
#[test]
fn a_ratio_is_the_centre_of_its_interval() {
    let of_times = |times: [u64; 5], run: &str| {
        let mut cells = vec![cell("fp32", 100_000.0, 1), cell("int8", 100_000.0, 2)];
        for cell in &mut cells {
            for (run, ns) in cell.invocations.iter_mut().zip(times) {
                run.samples_ns.fill(ns);
            }
            cell.summary.as_mut().unwrap().latency.p50_ns = times[2] as f64;
        }
        of(cells, run)
    };
    let before = of_times([100_000, 100_001, 100_002, 100_003, 100_004], "run-a");
    let after = of_times([100_000, 100_001, 103_000, 103_001, 103_002], "run-b");
    let comparison = compared(&before, &after, &["latency_p50"]);
    let centre = 1.03_f64.powf(0.6);
    let change = entry(&comparison, "latency_p50", "fp32", 1).change.unwrap();
    assert!((change.estimate - centre).abs() < 1e-4, "{change:?}");
    let interval = change.interval.unwrap();
    assert!((change.estimate.powi(2) - interval.low * interval.high).abs() < 1e-9);
    let mean = comparison.tables[0].means[1].unwrap();
    let interval = mean.interval.unwrap();
    assert!((mean.ratio - centre).abs() < 1e-4, "{mean:?}");
    assert!((mean.ratio.powi(2) - interval.low * interval.high).abs() < 1e-9);
}

#[test]
fn a_time_below_zero_is_no_figure() {
    let (before, mut after) = two();
    after.cells[1].summary.as_mut().unwrap().latency.p50_ns = -5.0;
    let comparison = compared(&before, &after, &["latency_p50"]);
    let entry = entry(&comparison, "latency_p50", "int8", 1);
    assert_eq!((entry.value, entry.change), (None, None));
}

#[test]
fn a_metric_that_no_record_has_gets_no_table() {
    let (before, after) = two();
    assert!(compared(&before, &after, &["latency_p99", "f1"]).tables.is_empty());
    assert!(compare(&[], &options(&DEFAULT_METRICS)).tables.is_empty());
    let alone = compare(&[("a", &before)], &options(&DEFAULT_METRICS));
    assert!(alone.tables.iter().all(|table| table.means.iter().all(Option::is_none)));
}

#[test]
fn records_of_different_times_are_said_to_be() {
    let (before, mut after) = two();
    let comparison = compared(&before, &after, &DEFAULT_METRICS);
    assert!(comparison.caveats[0].contains("gate live"));
    assert!(compared(&before, &after, &["model_bytes"]).caveats.is_empty());
    after.id.clone_from(&before.id);
    after.interrupted = true;
    let caveats = compared(&before, &after, &DEFAULT_METRICS).caveats;
    assert!(caveats.contains(&"B: the run was interrupted".to_owned()));
    assert!(caveats.contains(&"both records are of the same run: that they are alike shows nothing".to_owned()));
}

#[test]
fn the_table_reads_in_a_terminal() {
    let (before, mut after) = two();
    after.cells[0].effective.insert("spinning".to_owned(), "off".to_owned());
    let third = of(vec![cell("fp32", 500_000.0, 11), cell("int8", 100_000.0, 12)], "run-c");
    let sides = [("x/a", &before), ("x/b/record.json", &after), ("c.json", &third)];
    let comparison = compare(&sides, &options(&DEFAULT_METRICS));
    insta::assert_snapshot!("comparison", comparison_table(&comparison));
    assert!(comparison_markdown(&comparison).starts_with("# A and B and C side by side\n\n- **A**: a, run run-a"));
    let csv = comparison_csv(&comparison).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], COMPARISON_COLUMNS.join(","));
    // Four metrics, five cells, three records.
    assert_eq!(lines.len(), 1 + 4 * 5 * 3);
    let json = serde_json::to_value(&comparison).unwrap();
    assert_eq!(
        json["tables"][0]["rows"][1]["entries"][1]["change"]["scale"],
        "relative"
    );
}

#[test]
fn swapping_records_inverts_ratios_and_the_order_of_cells_changes_nothing() {
    let (before, after) = two();
    let there = compared(&before, &after, &DEFAULT_METRICS);
    let back = compared(&after, &before, &DEFAULT_METRICS);
    let mut turned = (before.clone(), after.clone());
    turned.0.cells.reverse();
    turned.1.cells.rotate_left(1);
    let turned = compared(&turned.0, &turned.1, &DEFAULT_METRICS);
    for metric in DEFAULT_METRICS {
        for variant in ["fp32", "int8"] {
            let [there, back, turned] =
                [&there, &back, &turned].map(|comparison| entry(comparison, metric, variant, 1).change.unwrap());
            assert_eq!(there, turned);
            assert_eq!(there.significant, back.significant);
            match there.scale {
                Scale::Relative => assert!((there.estimate * back.estimate - 1.0).abs() < 1e-12),
                Scale::Absolute => assert!((there.estimate + back.estimate).abs() < 1e-12),
            }
            for (one, other) in there.interval.iter().zip(&back.interval) {
                match there.scale {
                    Scale::Relative => assert!((one.low * other.high - 1.0).abs() < 1e-9),
                    Scale::Absolute => assert!((one.low + other.high).abs() < 1e-9),
                }
            }
        }
    }
    let mean = |comparison: &Comparison| comparison.tables[0].means[1].unwrap();
    assert!((mean(&there).ratio * mean(&back).ratio - 1.0).abs() < 1e-12);
    assert!((mean(&there).ratio - mean(&turned).ratio).abs() < 1e-12);
}

#[test]
fn scaling_all_records_changes_no_ratio() {
    let scaled = |record: &Record| {
        let mut record = record.clone();
        for cell in &mut record.cells {
            for run in &mut cell.invocations {
                run.samples_ns.iter_mut().for_each(|ns| *ns *= 16);
            }
            cell.summary.as_mut().unwrap().latency.p50_ns *= 16.0;
        }
        record
    };
    let (before, after) = two();
    let plain = compared(&before, &after, &["latency_p50"]);
    let large = compared(&scaled(&before), &scaled(&after), &["latency_p50"]);
    let (one, other) = (
        entry(&plain, "latency_p50", "int8", 1),
        entry(&large, "latency_p50", "int8", 1),
    );
    assert!((one.change.unwrap().estimate - other.change.unwrap().estimate).abs() < 1e-12);
    assert!((one.change.unwrap().interval.unwrap().low - other.change.unwrap().interval.unwrap().low).abs() < 1e-9);
}

/// Strings from strangers do not get out of their cells.
#[test]
fn hostile_names_stay_text() {
    let evil = "=cmd|`<script>\u{1b}[31m\n| x";
    let (mut before, mut after) = two();
    for record in [&mut before, &mut after] {
        record.id = evil.to_owned();
        record.tool.version = evil.to_owned();
        record.tasks[0].id = evil.to_owned();
        for cell in &mut record.cells {
            cell.id.task = evil.to_owned();
            cell.id.variant = format!("{}{evil}", cell.id.variant);
            cell.outcome.reason = evil.to_owned();
            cell.runtime.as_mut().unwrap().version = evil.to_owned();
        }
    }
    let comparison = compare(&[(evil, &before), (evil, &after)], &options(&DEFAULT_METRICS));
    let table = comparison_table(&comparison);
    assert!(!table.contains('\u{1b}') && !table.contains("<script>"), "{table}");
    let pipes = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    let wide = rows.iter().filter(|line| pipes(line) > 6).count();
    assert!(rows.len() > 20 && wide == 0, "{table}");
    let csv = comparison_csv(&comparison).unwrap();
    assert!(!csv.lines().any(|line| line.starts_with('=')), "{csv}");
}
