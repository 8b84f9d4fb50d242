//! What a terminal shows.

use edgebench_record::{Outcome, OutcomeKind};
use edgebench_reports::profile::{Profiled, diff, diff_table, explain, profile_table};

use crate::made::{fp32, int8, peaks, record};

#[test]
fn the_table_reads_in_a_terminal() {
    let mut failed = int8();
    "tract".clone_into(&mut failed.id.backend);
    failed.profile = None;
    failed.outcome = Outcome::of(OutcomeKind::Failed, "its outputs are wrong");
    let mut two = fp32();
    two.id.settings.threads = 2;
    let operators = &mut two.profile.as_mut().unwrap().operators;
    operators[0].mean_ns = 250_000.0;
    operators[3].fallback = true;
    let mut record = record(vec![fp32(), int8(), failed, two]);
    record.peaks.push(peaks(2));
    insta::assert_snapshot!("table", profile_table(&record, 8));
}

#[test]
fn names_stay_as_they_are() {
    let mut cell = fp32();
    let operators = &mut cell.profile.as_mut().unwrap().operators;
    "Reduce<Sum>".clone_into(&mut operators[0].op);
    "/net[0]/*/a|b".clone_into(&mut operators[1].name);
    let table = profile_table(&record(vec![cell]), 8);
    assert!(table.contains("| `Reduce<Sum>` "), "{table}");
    assert!(table.contains("| /net[0]/\\*/a\\|b "), "{table}");
}

#[test]
fn operators_side_by_side_are_no_longer_than_the_inference_without_a_word() {
    let mut cell = fp32();
    cell.profile.as_mut().unwrap().wall_ns = 600_000.0;
    let table = profile_table(&record(vec![cell]), 8);
    assert!(
        table.contains("- 990 µs of operators, some side by side, in a profiled inference,"),
        "{table}"
    );
    assert!(table.contains("; 100.0 % of it in operators;"), "{table}");
}

#[test]
fn no_bound_is_told_that_the_model_beats() {
    let mut cell = fp32();
    // Three times a million multiply-accumulates at 20 G/s.
    let profile = cell.profile.as_mut().unwrap();
    profile.unprofiled_p50_ns = 140_000.0;
    let table = profile_table(&record(vec![cell.clone()]), 8);
    assert!(!table.contains("allows no less than"), "{table}");
    assert!(
        table.contains("no lower bound: at the machine's peaks the model would take 150 µs, more than the median"),
        "{table}"
    );
    cell.profile.as_mut().unwrap().unprofiled_p50_ns = 160_000.0;
    assert!(profile_table(&record(vec![cell]), 8).contains("allows no less than 150 µs"));
}

#[test]
fn the_difference_reads_in_a_terminal() {
    let record = record(vec![fp32(), int8()]);
    let (a, b) = (
        Profiled {
            record: &record,
            cell: &record.cells[0],
        },
        Profiled {
            record: &record,
            cell: &record.cells[1],
        },
    );
    let difference = diff(&a, &b).unwrap();
    let explanation = explain(&a, &b, &difference);
    insta::assert_snapshot!("difference", diff_table(&a, &b, &difference, &explanation, 3));
}
