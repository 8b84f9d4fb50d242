//! What the checks found.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it must be.
    Passed,
    /// Not as it must be, with the reason.
    Failed(String),
    /// Nothing to look at, with the reason.
    NotApplicable(String),
}

/// One named check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What must be so.
    pub name: &'static str,
    /// Whether it is.
    pub outcome: Outcome,
}

/// All checks of one subject, in the order in which they ran.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
}

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(String),
    NotApplicable(String),
}

/// What a check gives.
pub(crate) type Checked<T = ()> = Result<T, Stop>;

/// For `ok_or_else`, `map_err` and early returns.
pub(crate) fn failed(why: impl Into<String>) -> Stop {
    Stop::Failed(why.into())
}

/// Fails with the reason unless the condition holds.
pub(crate) fn must(condition: bool, why: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(Stop::Failed(why())) }
}

impl Report {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The checks that failed, with the reasons.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.checks.iter().filter_map(|check| match &check.outcome {
            Outcome::Failed(why) => Some((check.name, why.as_str())),
            _ => None,
        })
    }

    /// Runs a check. A panic is a failure.
    pub(crate) fn run(&mut self, name: &'static str, check: impl FnOnce() -> Checked) {
        let outcome = match catch_unwind(AssertUnwindSafe(check)) {
            Ok(Ok(())) => Outcome::Passed,
            Ok(Err(Stop::Failed(why))) => Outcome::Failed(why),
            Ok(Err(Stop::NotApplicable(why))) => Outcome::NotApplicable(why),
            Err(_) => Outcome::Failed("it panicked".to_owned()),
        };
        self.checks.push(Check { name, outcome });
    }
}

/// One line per check and a line with the counts.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut passed, mut failed, mut other) = (0, 0, 0);
        for check in &self.checks {
            match &check.outcome {
                Outcome::Passed => {
                    passed += 1;
                    writeln!(f, "passed          {}", check.name)?;
                }
                Outcome::Failed(why) => {
                    failed += 1;
                    writeln!(f, "FAILED          {}: {why}", check.name)?;
                }
                Outcome::NotApplicable(why) => {
                    other += 1;
                    writeln!(f, "not applicable  {}: {why}", check.name)?;
                }
            }
        }
        write!(f, "{passed} passed, {failed} failed, {other} not applicable")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_and_a_panic_is_a_failure() {
        let mut report = Report::default();
        report.run("one", || Ok(()));
        report.run("two", || Err(Stop::NotApplicable("no such thing".to_owned())));
        assert!(report.passed());
        report.run("three", || panic!("on purpose"));
        report.run("four", || must(false, || "wrong".to_owned()));
        assert_eq!(
            report.failures().collect::<Vec<_>>(),
            [("three", "it panicked"), ("four", "wrong")]
        );
        let text = report.to_string();
        assert!(text.contains("FAILED          four: wrong\n"), "{text}");
        assert!(text.ends_with("1 passed, 2 failed, 1 not applicable"), "{text}");
    }
}
