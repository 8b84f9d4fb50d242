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
