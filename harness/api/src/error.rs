//! Why a runtime could not do what was asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cause as the runtime gave it.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a runtime could not do what was asked. Each kind becomes one outcome of a cell.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The runtime's library, driver or device is not on this machine.
    #[error("{what} is not available")]
    Unavailable {
        /// What is missing.
        what: String,
        /// What to do about it.
        hint: String,
        /// The runtime's own error.
        #[source]
        source: Option<Source>,
    },
    /// The runtime cannot honour the request.
    #[error("{}", unsupported(operator.as_deref(), what))]
    Unsupported {
        /// What it cannot do.
        what: String,
        /// The operator that it lacks, by its ONNX name.
        operator: Option<String>,
        /// The runtime's own error.
        #[source]
        source: Option<Source>,
    },
    /// A setting that the runtime does not know or cannot take.
    #[error("setting `{name}` = `{value}`: {why}")]
    InvalidSetting {
        /// The setting's name.
        name: String,
        /// What was asked.
        value: String,
        /// Why it cannot be.
        why: String,
    },
    /// The model could not be loaded, and the runtime did not say that it lacks something.
    #[error("the model did not load: {what}")]
    Load {
        /// In one line.
        what: String,
        /// The runtime's own error.
        #[source]
        source: Option<Source>,
    },
    /// An inference failed, or was asked for with inputs that do not fit.
    #[error("the inference failed: {what}")]
    Run {
        /// In one line.
        what: String,
        /// The runtime's own error.
        #[source]
        source: Option<Source>,
    },
}

fn unsupported(operator: Option<&str>, what: &str) -> String {
    match operator {
        Some(operator) => format!("operator {operator} is not supported: {what}"),
        None => format!("not supported: {what}"),
    }
}

/// The kind of a [`BackendError`], as it crosses the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// See [`BackendError::Unavailable`].
    Unavailable,
    /// See [`BackendError::Unsupported`].
    Unsupported,
    /// See [`BackendError::InvalidSetting`].
    InvalidSetting,
    /// See [`BackendError::Load`].
    Load,
    /// See [`BackendError::Run`].
    Run,
    /// The request broke the protocol, or named what the worker does not have.
    Protocol,
}

impl BackendError {
    /// The kind alone.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::InvalidSetting { .. } => ErrorKind::InvalidSetting,
            Self::Load { .. } => ErrorKind::Load,
            Self::Run { .. } => ErrorKind::Run,
        }
    }

    /// The operator that is lacking, where that is the reason.
    pub fn operator(&self) -> Option<&str> {
        match self {
            Self::Unsupported { operator, .. } => operator.as_deref(),
            _ => None,
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unavailable { hint, .. } => Some(hint),
            _ => None,
        }
    }

    /// A setting that is refused.
    pub fn invalid_setting(name: impl Into<String>, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self::InvalidSetting {
            name: name.into(),
            value: value.into(),
            why: why.into(),
        }
    }

    /// A load error without a further cause.
    pub fn load(what: impl Into<String>) -> Self {
        Self::Load {
            what: what.into(),
            source: None,
        }
    }

    /// A run error without a further cause.
    pub fn run(what: impl Into<String>) -> Self {
        Self::Run {
            what: what.into(),
            source: None,
        }
    }
}
