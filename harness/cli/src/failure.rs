//! An error as the user sees it: one line of fact, its causes, a hint.

use std::error::Error;
use std::fmt;

use crate::parse::one_line;

/// The exit codes.
pub(crate) mod exit {
    /// Usage, manifest, or bad input.
    pub(crate) const USAGE: u8 = 2;
    /// Some cells failed, crashed, timed out or broke an expectation.
    pub(crate) const CELLS: u8 = 3;
    /// Nothing can be said for sure.
    pub(crate) const INCONCLUSIVE: u8 = 4;
    /// A bug in edgebench.
    pub(crate) const BUG: u8 = 70;
    /// Interrupted, as a shell reports SIGINT.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// A fact without a cause.
    pub(crate) fn new(fact: impl Into<String>) -> Self {
        Self {
            error: anyhow::Error::msg(fact.into()),
            hint: None,
        }
    }

    /// An error with its causes.
    pub(crate) fn from_error(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            error: error.into(),
            hint: None,
        }
    }

    /// With what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As the cause of a fact.
    pub(crate) fn context(mut self, fact: impl Into<String>) -> Self {
        self.error = self.error.context(fact.into());
        self
    }

    /// The exit code.
    #[expect(clippy::unused_self, reason = "every failure that is no bug is the user's to mend")]
    pub(crate) fn code(&self) -> u8 {
        exit::USAGE
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.error.to_string();
        writeln!(f, "error: {}", one_line(&said))?;
        for cause in self.error.chain().skip(1) {
            let cause = cause.to_string();
            // Some errors repeat their source in their own words.
            if !said.contains(&cause) {
                writeln!(f, "caused by: {}", one_line(&cause))?;
            }
            said = cause;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {}", one_line(hint)),
            None => Ok(()),
        }
    }
}

macro_rules! with_hint {
    ($($error:ty => $hint:expr),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let hint: fn(&$error) -> Option<String> = $hint;
                let hint = hint(&error);
                Self { error: error.into(), hint }
            }
        }
    )+};
}

with_hint! {
    edgebench_suites::SuiteError => edgebench_suites::SuiteError::hint,
    edgebench_runner::PlanError => |error| Some(error.hint()),
    edgebench_record::StoreError => |error| Some(error.hint().to_owned()),
    edgebench_record::ReadError => |error| Some(error.hint().to_owned()),
    edgebench_graph::GraphError => |error| Some(error.hint().to_owned()),
    edgebench_reports::ReportError => |error| error.hint().map(str::to_owned),
    edgebench_reports::BudgetError => edgebench_reports::BudgetError::hint,
    edgebench_reports::policy::PolicyError => edgebench_reports::policy::PolicyError::hint,
    edgebench_runner::WorkerFailure => edgebench_runner::WorkerFailure::hint,
    serde_json::Error => |_| None,
}

/// Turns an error of the system into a failure that says what was tried.
pub(crate) trait Doing<T> {
    /// `cannot DOING`, with the error as its cause.
    fn doing(self, doing: impl fmt::Display) -> Result<T, Failure>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::from_error(error).context(format!("cannot {doing}")))
    }
}
