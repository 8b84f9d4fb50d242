//! Names of cells: what tells them apart, how long they may be, and how long they take.

use edgebench_reports::{Reason, advise, answers, caveats, fits_table};

use crate::{MS, budget, cell, four, near, record};

#[test]
fn a_batch_that_is_faster_per_sample_is_named_as_such() {
    let mut record = record(vec![
        cell("fp32", &near(4.0 * MS), 400_000),
        cell("fp32", &near(8.0 * MS), 400_000),
    ]);
    // Eight answers in twice the time.
    record.cells[1].id.settings.batch = 8;
    let advice = advise(&record, &record.tasks[0], None);
    assert_eq!(advice.alternatives[0].reasons, [Reason::Faster]);
    assert!(
        advice
            .words()
            .ends_with("; fp32 on ort at batch 8 is faster (4.0× per sample)"),
        "{}",
        advice.words()
    );
    // A slower one is so per sample too.
    record.cells[1] = cell("fp32", &near(64.0 * MS), 100_000);
    record.cells[1].id.settings.batch = 8;
    assert!(
        answers(&record)[0].ends_with("fp32 on ort at batch 8 is smaller (4.0×) but is 2.0× slower per sample"),
        "{}",
        answers(&record)[0]
    );
}

#[test]
fn long_names_are_shortened_in_sentences_and_tables() {
    let mut record = four();
    let long = "x".repeat(200_000);
    record.tasks[0].id.clone_from(&long);
    record.tasks[0].metric = Some(long.clone());
    record.tasks[0].baseline = format!("b{long}");
    for cell in &mut record.cells {
        cell.id.task.clone_from(&long);
        cell.id.backend.clone_from(&long);
        cell.id.variant = format!("{}{long}", cell.id.variant);
        cell.id.settings.options.insert(long.clone(), cell.id.variant.clone());
    }
    for limits in ["latency_p90=1ms", "latency_p90=1s", "latency_p99=1s,model_bytes=1B"] {
        let advice = advise(&record, &record.tasks[0], Some(&budget(limits)));
        assert!(advice.words().len() < 3000, "{}", advice.words().len());
        assert!(fits_table(&advice).len() < 5000, "{}", fits_table(&advice).len());
        assert!(advice.words().contains('…'));
    }
    let answer = answers(&record).remove(0);
    assert!(answer.len() < 3000, "{}", answer.len());
}

#[test]
fn a_caveat_names_a_few_cells_and_shortly() {
    let mut one = cell("v", &near(MS), 1000);
    one.accuracy = None;
    one.id.backend = "x".repeat(10_000);
    let mut record = record(vec![one; 100]);
    record.tasks[0].metric = Some("top1".to_owned());
    let caveats = caveats(&record);
    let slow = caveats.iter().find(|caveat| caveat.starts_with("too slow"));
    let slow = slow.unwrap_or_else(|| panic!("{caveats:?}"));
    assert!(slow.ends_with("… and 88 others") && slow.len() < 2000, "{slow}");
}

#[test]
fn names_of_many_cells_take_little_time() {
    let one = cell("v", &near(MS), 1000);
    let cells = (0..10_000).map(|index| {
        let mut cell = one.clone();
        for run in &mut cell.invocations {
            run.samples_ns.truncate(1);
        }
        cell.id.variant = format!("v{index}");
        cell
    });
    let mut record = record(cells.collect());
    record.tasks[0].metric = None;
    let before = processor_seconds();
    let advice = advise(&record, &record.tasks[0], Some(&budget("model_bytes=1MiB")));
    assert_eq!(advice.cells.len(), 10_000);
    // Each name sought among all takes some ten times that, in a build without optimisation.
    let taken = processor_seconds() - before;
    assert!(taken < 4.0, "{taken} s");
}

/// Processor time of this thread, whatever else the machine does; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|ns| ns.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1e9
}
