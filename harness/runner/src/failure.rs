//! Why a worker did not do what was asked, and what outcome that is.

use std::time::Duration;

use edgebench_api::ErrorKind;
use edgebench_protocol::{Answer, VERSION, WorkerError};
use edgebench_record::{Outcome, OutcomeKind};

/// Why a worker did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorkerFailure {
    /// It could not be started.
    #[error("the worker `{program}` cannot be started")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A signal ended it.
    #[error("the worker was ended by {}", signal_name(*.0))]
    Crashed(i32),
    /// It ended by itself before it had answered.
    #[error("{}", exited(*.0))]
    Exited(Option<i32>),
    /// It did not answer in time and was killed.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// There was not enough memory for it.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// It speaks another version of the protocol.
    #[error("the worker `{worker}` speaks protocol {found}, and this edgebench speaks {VERSION}")]
    Version {
        /// The worker's name.
        worker: String,
        /// Its version of the protocol.
        found: u32,
    },
    /// What it said is no answer.
    #[error("the worker broke the protocol: {0}")]
    Protocol(String),
    /// It said why not.
    #[error("{}", .0.message)]
    Answered(Box<WorkerError>),
    /// The run was interrupted and the worker killed.
    #[error("interrupted")]
    Interrupted,
}

fn exited(code: Option<i32>) -> String {
    match code {
        Some(code) => format!("the worker ended with status {code} before it had answered"),
        None => "the worker ended before it had answered".to_owned(),
    }
}

/// The signals that end a program that went wrong, by name; the numbers agree on all Linux architectures in use.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    format!("{name} ({signal})")
}

impl WorkerFailure {
    /// An answer to another question.
    pub(crate) fn unexpected(question: &str, answer: &Answer) -> Self {
        let text = format!("{answer:?}");
        let kind = text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        Self::Protocol(format!("`{question}` was answered with `{kind}`"))
    }

    fn kind(&self) -> OutcomeKind {
        match self {
            Self::Spawn { .. } => OutcomeKind::Unavailable,
            Self::Crashed(_) => OutcomeKind::Crashed,
            Self::TimedOut(_) => OutcomeKind::TimedOut,
            Self::OutOfMemory(_) => OutcomeKind::OutOfMemory,
            Self::Interrupted => OutcomeKind::Skipped,
            Self::Exited(_) | Self::Version { .. } | Self::Protocol(_) => OutcomeKind::Failed,
            Self::Answered(error) => match error.kind {
                ErrorKind::Unavailable => OutcomeKind::Unavailable,
                ErrorKind::Unsupported => OutcomeKind::Unsupported,
                ErrorKind::InvalidSetting | ErrorKind::Load | ErrorKind::Run | ErrorKind::Protocol => {
                    OutcomeKind::Failed
                }
            },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Spawn { .. } => Some("check the worker's path and the worker prefix".to_owned()),
            Self::Crashed(9) => {
                Some("nothing here sent that signal: it may have been the kernel, for want of memory".to_owned())
            }
            Self::TimedOut(_) => Some("give it longer with `--timeout`".to_owned()),
            Self::OutOfMemory(_) => Some("try a smaller batch, or a machine with more memory".to_owned()),
            Self::Version { .. } => Some("use a worker and an edgebench of the same release".to_owned()),
            Self::Protocol(_) => Some("a worker writes answers, and nothing else, to its standard output".to_owned()),
            Self::Answered(error) => error.hint.clone(),
            Self::Crashed(_) | Self::Exited(_) | Self::Interrupted => None,
        }
    }

    /// The outcome of a cell whose worker failed so during `stage`.
    pub(crate) fn outcome(self, stage: &str, stderr_tail: String) -> Outcome {
        let mut outcome = Outcome::of(self.kind(), self.to_string());
        outcome.stage = Some(stage.to_owned());
        outcome.hint = self.hint();
        outcome.stderr_tail = stderr_tail;
        match self {
            Self::Spawn { source, .. } => outcome.causes.push(source.to_string()),
            Self::Crashed(signal) => outcome.signal = Some(signal),
            Self::Answered(error) => {
                outcome.causes = error.causes;
                outcome.operator = error.operator;
            }
            _ => {}
        }
        outcome
    }
}
