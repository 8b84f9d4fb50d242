//! Figures that cannot be, or that contradict each other, are not told.

use edgebench_reports::{advise, answers};

use crate::{MS, cell, four, held, near, record, with_delta};

#[test]
fn a_latency_is_at_least_a_nanosecond_and_fits_64_bits() {
    for ns in [1e308, 1.9e19, 0.4, 5e-324] {
        let mut record = four();
        record.cells.truncate(2);
        for cell in &mut record.cells {
            let latency = &mut cell.summary.as_mut().unwrap().latency;
            (latency.p50_ns, latency.mean_ns) = (ns, ns);
            latency.percentiles[0].empirical_ns = Some(ns);
        }
        assert_eq!(
            answers(&record),
            ["digits: none of 2 cells can be shipped: the latency of 2 is damaged"]
        );
        let fit = held(&record, "int8", "latency_p50=1s");
        assert_eq!((fit.value, fit.why.as_str()), (None, "its latency_p50 is damaged"));
    }
}

#[test]
fn a_ratio_outside_its_own_interval_is_left_out_with_its_reason() {
    let mut record = four();
    record.cells.truncate(2);
    // The processes say 8 ms to 4 ms.
    record.cells[1].summary.as_mut().unwrap().latency.p50_ns = 1e6;
    let advice = advise(&record, &record.tasks[0], None);
    assert!(
        advice.words().contains(
            ": 4.0× smaller than fp32 on ort, its speed against fp32 on ort is left out, \
             for the ratio of the medians lies outside its own interval, "
        ),
        "{}",
        advice.words()
    );
    let against = advice.best.unwrap().against.unwrap();
    assert_eq!(against.speed, None);
    assert!(!against.speed_why.is_empty());
}

#[test]
fn a_gain_in_accuracy_that_no_digit_shows_is_none() {
    let of = |gain: f64| {
        let record = record(vec![
            cell("fp32", &near(4.0 * MS), 400_000),
            with_delta(cell("int8", &near(8.0 * MS), 400_000), gain, gain / 2.0, 0.01),
        ]);
        answers(&record).remove(0)
    };
    assert!(
        of(0.001).contains("int8 on ort is more accurate (+0.1 pp)"),
        "{}",
        of(0.001)
    );
    assert!(!of(0.000_04).contains("more accurate"), "{}", of(0.000_04));
}
