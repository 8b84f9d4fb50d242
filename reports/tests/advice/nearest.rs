//! By how much everything misses, and why there is no answer.

use edgebench_record::{Outcome, OutcomeKind, OutputsVerdict};
use edgebench_reports::{Fitness, Standing, advise, answers};

use crate::{MS, budget, cell, four, held, near, record, with_delta, words};

#[test]
fn why_no_cell_can_be_shipped_is_counted() {
    let mut record = four();
    for cell in &mut record.cells {
        cell.outputs.verdict = OutputsVerdict::Differ;
    }
    record.cells[0].outputs.verdict = OutputsVerdict::Unchecked;
    record.cells[0].outcome = Outcome::of(OutcomeKind::Unsupported, "a kind of layer");
    assert_eq!(
        answers(&record),
        ["digits: none of 4 cells can be shipped: the outputs of 3 differ, 1 is unsupported"]
    );
    record.cells.truncate(1);
    assert_eq!(answers(&record), ["digits: no cell was measured: 1 is unsupported"]);
    record.cells.clear();
    assert_eq!(answers(&record), ["digits: no cell was run"]);
}

#[test]
fn doubt_about_accuracy_and_damage_are_told_apart() {
    let mut record = four();
    record.cells.drain(..2);
    record.cells[0].summary.as_mut().unwrap().latency.p50_ns = f64::NAN;
    record.cells[1].accuracy = None;
    assert_eq!(
        answers(&record),
        ["digits: none of 2 cells can be shipped: the accuracy of 1 was not measured, the latency of 1 is damaged"]
    );
}

#[test]
fn the_nearest_breaks_nothing_surely() {
    // int8 is 1.3 times over, but its interval reaches below; fp32 is over by 1 % and surely.
    let record = record(vec![
        cell("fp32", &[5_050_000; 5], 400_000),
        with_delta(
            cell("int8", &[3_000_000, 6_500_000, 14_000_000], 100_000),
            0.0,
            0.001,
            1.0,
        ),
    ]);
    let advice = advise(&record, &record.tasks[0], Some(&budget("latency_p50=5ms")));
    let fitness: Vec<Option<Fitness>> = advice.cells.iter().map(|cell| cell.fitness).collect();
    assert_eq!(fitness, [Some(Fitness::Broken), Some(Fitness::BrokenUnsurely)]);
    assert_eq!(advice.miss.unwrap().nearest.title, "int8 on ort");
}

#[test]
fn an_accuracy_is_missed_by_a_share_as_a_time_is() {
    // int8 loses eleven times what is allowed, and fp32 takes 1.2 times what is allowed.
    let record = record(vec![
        cell("fp32", &near(6.0 * MS), 400_000),
        with_delta(cell("int8", &near(4.0 * MS), 100_000), -0.011, 0.001, 0.0001),
    ]);
    let told = words(&record, "latency_p50=5ms,accuracy=-0.1pp");
    assert!(
        told.contains(": fp32 on ort comes nearest, with 6.00 ms where"),
        "{told}"
    );
    let share = |limit: &str| held(&record, "int8", limit).excess.unwrap();
    assert!((share("accuracy=-0.1pp") - 10.0).abs() < 1e-9);
    assert!((share("accuracy=0pp") - 0.011 / 0.889).abs() < 1e-9);
    // 88.9 % of 95 %.
    assert!((share("accuracy=95%") - 0.061 / 0.95).abs() < 1e-9);
    assert!((share("latency_p50=1ms") - 3.0).abs() < 1e-9 && share("latency_p50=4ms").abs() < 1e-9);
}

#[test]
fn a_cell_of_which_nothing_is_known_hides_no_miss() {
    let mut record = four();
    record.cells.truncate(2);
    record.cells[1]
        .summary
        .as_mut()
        .unwrap()
        .latency
        .percentiles
        .truncate(2);
    assert_eq!(
        words(&record, "latency_p99=6ms"),
        "digits: nothing is shown to fit latency_p99 ≤ 6 ms, but not everything is known: int8 on ort breaks no limit, \
         but there are too few samples for latency_p99; of the cells that break a limit, fp32 on ort comes nearest, \
         with 8.00 ms where latency_p99 ≤ 6 ms is asked (1.33× the limit, 2.00 ms too much, not surely)"
    );
    // Another cell may keep it, so that nothing is said of all.
    record
        .cells
        .push(with_delta(cell("fp16", &near(7.0 * MS), 900_000), 0.0, 0.001, 1.0));
    let told = words(&record, "latency_p99=6ms,model_bytes=500kB");
    assert!(
        told.ends_with("none of these is shown to keep latency_p99 ≤ 6 ms, to which fp16 on ort is closest (7.00 ms, 1.17× the limit, 1.00 ms too much)"),
        "{told}"
    );
}

#[test]
fn a_figure_and_its_margin_have_the_same_digits() {
    let mut record = four();
    record.cells[1] = with_delta(cell("int8", &near(4.0 * MS), 100_000), -0.0095, 0.003, 0.001);
    let fit = held(&record, "int8", "accuracy=-1pp");
    assert_eq!(
        (fit.figure().unwrap(), fit.margin().unwrap()),
        ("−0.95 pp".to_owned(), "0.05 pp left".to_owned())
    );
    let fit = held(&record, "int8", "accuracy=-0.952pp");
    assert_eq!(fit.margin().unwrap(), "under 0.01 pp left");
    let fit = held(&record, "int8", "accuracy=89%");
    assert_eq!(
        (fit.standing, fit.figure().unwrap(), fit.margin().unwrap()),
        (Standing::Within, "89.05 %".to_owned(), "0.05 pp left".to_owned())
    );
    let less = words(&record, "latency_p90=5ms,model_bytes=60kB,accuracy=-4pp");
    assert!(less.contains("−3.1 pp top1 (significant)"), "{less}");
    let answer = answers(&record).remove(0);
    assert!(
        answer.contains("int8 on ort is faster (2.0×) but loses 0.95 pp"),
        "{answer}"
    );
}
