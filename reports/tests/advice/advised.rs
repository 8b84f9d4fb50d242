//! What is advised, and in which words.

use edgebench_api::{Bytes, Nanos};
use edgebench_record::{Cell, Outcome, OutcomeKind};
use edgebench_reports::{Advised, Fitness, Reason, advise, answers, fits_table, recommend};

use crate::{MS, budget, cell, four, interval, near, record, with_delta, words};

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
            "fp32 on ort at batch 1",
        ]
    );
    // Four answers in half the time.
    assert!(
        advice
            .words()
            .contains("answers a batch of 4 in 4.00 ms: 8.0× faster per sample than fp32 on ort at batch 1 [7.9, 8.1]"),
        "{}",
        advice.words()
    );
}

#[test]
fn a_mean_and_a_missing_baseline_are_said() {
    let mut record = four();
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
        words.ends_with("; int8 on ort is more accurate (+2.9 pp) but is 2.0× slower"),
        "{words}"
    );
}

#[test]
fn where_nothing_fits_the_nearest_miss_is_told() {
    assert_eq!(
        words(&four(), "latency_p90=3.2ms,model_bytes=45kB"),
        "digits: nothing fits latency_p90 ≤ 3.2 ms, model_bytes ≤ 45 kB: of the cells as accurate as the baseline, int4 on ort comes nearest, \
         with 16.0 ms where latency_p90 ≤ 3.2 ms is asked (5.00× the limit, 12.8 ms too much, surely); \
         none of these keeps latency_p90 ≤ 3.2 ms, to which int8 on ort is closest (4.00 ms, 1.25× the limit, 800 µs too much)"
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
         but there are too few samples for latency_p99"
    );
    record.cells.clear();
    assert_eq!(words(&record, "load=1s"), "digits: no cell was run");
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
