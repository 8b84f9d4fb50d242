//! What became of each step, and the summary at the end.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
}

/// All steps so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<(String, Outcome, Duration)>,
}

impl Report {
    /// Runs a step under a heading and keeps what became of it. A failed step does not keep the next ones from
    /// running.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> Outcome) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = run();
        let took = start.elapsed();
        match &outcome {
            Outcome::Passed => println!("== {name}: passed in {} s", took.as_secs()),
            Outcome::Failed(why) => println!("== {name}: FAILED after {} s: {why}", took.as_secs()),
            Outcome::NotRun(why) => println!("== {name}: NOT RUN: {why}"),
        }
        self.steps.push((name.to_owned(), outcome, took));
    }

    /// Whether everything passed. With `strict`, what did not run counts as failed.
    pub(crate) fn passed(&self, strict: bool) -> bool {
        self.steps.iter().all(|(_, outcome, _)| match outcome {
            Outcome::Passed => true,
            Outcome::Failed(_) => false,
            Outcome::NotRun(_) => !strict,
        })
    }

    /// The summary: a line a step, and a count at the end.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::from("\n");
        let (mut passed, mut failed, mut not_run) = (0, 0, 0);
        for (name, outcome, took) in &self.steps {
            let word = match outcome {
                Outcome::Passed => {
                    passed += 1;
                    "passed".to_owned()
                }
                Outcome::Failed(why) => {
                    failed += 1;
                    format!("FAILED: {why}")
                }
                Outcome::NotRun(why) => {
                    not_run += 1;
                    format!("NOT RUN: {why}")
                }
            };
            let _ = writeln!(text, "{:>5} s  {name}: {word}", took.as_secs());
        }
        let _ = write!(text, "\n{passed} passed, {failed} failed, {not_run} skipped");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_fails_and_a_gap_fails_only_when_strict() {
        let mut report = Report::default();
        report.step("one", || Outcome::Passed);
        assert!(report.passed(true));
        report.step("two", || Outcome::NotRun("no browser".into()));
        assert!(report.passed(false));
        assert!(!report.passed(true));
        report.step("three", || Outcome::Failed("exit status 1".into()));
        assert!(!report.passed(false));
        assert!(report.summary().ends_with("1 passed, 1 failed, 1 skipped"));
        assert!(report.summary().contains("two: NOT RUN: no browser"));
    }
}
