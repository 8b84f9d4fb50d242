//! Under emulation times and memory say nothing, and no choice rests on them.

use edgebench_reports::{Advised, advise, answers, caveats};

use crate::{budget, four, words};

const LEAD: &str = "digits: under emulation times and memory say nothing of the device; ";

#[test]
fn the_smallest_is_named_and_no_speed() {
    let mut record = four();
    record.host.emulated = true;
    let answer = answers(&record).remove(0);
    assert_eq!(
        answer,
        format!(
            "{LEAD}by size alone, ship int4 on ort, the smallest cell that is as accurate as the baseline: \
             10× smaller than fp32 on ort, +0.1 pp top1 (not significant)"
        )
    );
    // Whatever the times are, the advice is the same.
    let advice = advise(&record, &record.tasks[0], None);
    for (cell, ns) in record.cells.iter_mut().zip([1.0, 9e9, 2.0, f64::NAN]) {
        let latency = &mut cell.summary.as_mut().unwrap().latency;
        (latency.p50_ns, latency.mean_ns) = (ns, ns);
    }
    let other = advise(&record, &record.tasks[0], None);
    assert_eq!((&other.best, &other.alternatives), (&advice.best, &advice.alternatives));
    assert_eq!(other.words(), answer);
    let best = other.best.unwrap();
    assert_eq!(
        (best.latency_ns, best.next, best.against.unwrap().speed),
        (None, None, None)
    );
}

#[test]
fn cells_of_one_size_are_told_in_the_order_of_their_names() {
    let mut record = four();
    record.host.emulated = true;
    let mut twin = record.cells[3].clone();
    twin.id.backend = "candle".to_owned();
    twin.summary.as_mut().unwrap().latency.p50_ns *= 2.0;
    record.cells.push(twin);
    let answer = answers(&record).remove(0);
    assert!(answer.contains("ship int4 on candle, the smallest"), "{answer}");
    assert!(answer.contains("; int4 on ort is of the same size"), "{answer}");
}

#[test]
fn a_budget_on_times_is_unknown_and_one_on_sizes_holds() {
    let mut record = four();
    record.host.emulated = true;
    let fits = words(&record, "model_bytes=200kB");
    assert!(
        fits.starts_with(&format!(
            "{LEAD}by size alone, ship int4 on ort, the smallest cell that fits and is as accurate"
        )),
        "{fits}"
    );
    assert_eq!(
        words(&record, "latency_p90=9ms,rss_peak=1GiB"),
        format!(
            "{LEAD}nothing is shown to fit latency_p90 ≤ 9 ms, rss_peak ≤ 1 GiB, but not everything is known: \
             int4 on ort breaks no limit, but times and memory under emulation are not the device's"
        )
    );
}

#[test]
fn what_breaks_a_limit_is_told_once_with_what_is_unknown() {
    let mut record = four();
    record.host.emulated = true;
    let told = words(&record, "latency_p90=9ms,rss_peak=1GiB,model_bytes=200kB");
    assert!(
        told.ends_with(
            "; of the cells that break a limit, fp32 on ort comes nearest, with 390.6 KiB where model_bytes ≤ 200 kB is \
             asked (2.00× the limit, 195.3 KiB too much, surely), its latency_p90 and rss_peak being unknown (times and \
             memory under emulation are not the device's)"
        ),
        "{told}"
    );
}

#[test]
fn without_sizes_there_is_no_answer() {
    let mut record = four();
    record.host.emulated = true;
    for cell in &mut record.cells {
        cell.model = None;
    }
    for budget in [None, Some(budget("accuracy=-1pp"))] {
        let advice = advise(&record, &record.tasks[0], budget.as_ref());
        assert_eq!(advice.advised, Advised::NoAnswer);
        assert_eq!(
            advice.words(),
            format!("{LEAD}no answer, for of int8 on ort no size is known")
        );
    }
}

#[test]
fn it_is_the_first_caveat() {
    let mut record = four();
    record.host.emulated = true;
    assert!(caveats(&record)[0].starts_with("under emulation: times and memory say nothing"));
    record.host.emulated = false;
    assert!(!caveats(&record).join(" ").contains("emulation"));
}
