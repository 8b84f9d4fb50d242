//! The null backend through both suites.

mod common;

use edgebench_conformance::{Fixture, Outcome, WorkerCheck, check_backend, check_worker};

#[test]
fn the_null_backend_passes_in_process() {
    let report = check_backend(&edgebench_null::BACKEND, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{report}");
}

#[test]
fn the_null_worker_passes() {
    let report = check_worker(&mut common::null_worker, &WorkerCheck::default());
    assert!(report.passed(), "{report}");
    // Every fault can be asked of it, so that only what a model shows is excused.
    for check in report.checks {
        if let Outcome::NotApplicable(why) = check.outcome {
            assert_eq!(why, "the backend reads no model", "{}", check.name);
        }
    }
}

#[test]
fn a_command_that_is_no_worker_fails() {
    let report = check_worker(&mut || std::process::Command::new("true"), &WorkerCheck::default());
    assert!(!report.passed());
    let report = check_worker(
        &mut || std::process::Command::new("no-such-command"),
        &WorkerCheck::default(),
    );
    assert!(!report.passed());
}
