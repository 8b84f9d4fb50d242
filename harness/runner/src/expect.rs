//! What the manifest expects of a cell, held against what became of it.

use edgebench_record::{Outcome, OutcomeKind};
use edgebench_suites::ExpectTable;

/// How the reason of a cell begins whose outputs are wrong.
pub(crate) const OUTPUTS_DIFFER: &str = "outputs differ";

/// Marks an outcome as expected, or as a broken expectation. A cell that was not tried, or whose runtime is not here,
/// says nothing about an expectation.
pub(crate) fn expect(outcome: &mut Outcome, expectation: Option<&ExpectTable>) {
    let Some(expectation) = expectation else { return };
    if matches!(outcome.kind, OutcomeKind::Skipped | OutcomeKind::Unavailable) {
        return;
    }
    let differs = outcome.kind == OutcomeKind::Failed && outcome.reason.starts_with(OUTPUTS_DIFFER);
    if outcome.kind.name() == expectation.outcome || (differs && expectation.outcome == "outputs-differ") {
        outcome.expected = Some(expectation.reason.clone());
    } else {
        outcome.broken_expectation = Some(expectation.outcome.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation() -> ExpectTable {
        ExpectTable {
            backend: "b".to_owned(),
            variants: vec!["v".to_owned()],
            outcome: "failed".to_owned(),
            reason: "known".to_owned(),
        }
    }

    #[test]
    fn an_expected_failure_does_not_fail_the_run_and_its_absence_does() {
        let mut failed = Outcome::of(OutcomeKind::Failed, "outputs differ");
        assert!(failed.fails_run());
        expect(&mut failed, Some(&expectation()));
        assert_eq!(failed.expected.as_deref(), Some("known"));
        assert!(!failed.fails_run());

        let mut measured = Outcome::measured();
        expect(&mut measured, Some(&expectation()));
        assert_eq!(measured.broken_expectation.as_deref(), Some("failed"));
        assert!(measured.fails_run());
    }

    #[test]
    fn outputs_that_differ_are_one_way_to_fail() {
        let known = ExpectTable {
            outcome: "outputs-differ".to_owned(),
            ..expectation()
        };
        let mut differs = Outcome::of(OutcomeKind::Failed, "outputs differ: SQNR 3.0 dB");
        expect(&mut differs, Some(&known));
        assert!(!differs.fails_run());
        let mut otherwise = Outcome::of(OutcomeKind::Failed, "the model did not load");
        expect(&mut otherwise, Some(&known));
        assert_eq!(otherwise.broken_expectation.as_deref(), Some("outputs-differ"));
    }

    #[test]
    fn a_cell_that_was_not_tried_breaks_nothing() {
        for kind in [OutcomeKind::Skipped, OutcomeKind::Unavailable] {
            let mut outcome = Outcome::of(kind, "");
            expect(&mut outcome, Some(&expectation()));
            assert!(!outcome.fails_run());
        }
    }
}
