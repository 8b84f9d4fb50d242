//! What can be wrong with a suite.

use std::path::{Path, PathBuf};

use crate::manifest::SCHEMA;

/// Why a suite, or a file of it, cannot be used. The message is one line of fact; [`SuiteError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest is not TOML, or not of the schema.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The manifest's schema is another version.
    #[error("`{}` is of manifest schema {found}, and this edgebench reads {SCHEMA}", path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// The version that it states.
        found: u64,
    },
    /// The manifest says something that cannot be.
    #[error("`{}`: {message}", path.display())]
    Invalid {
        /// The manifest, or the file that the message is about.
        path: PathBuf,
        /// What is wrong, with the task and the key.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file is not what the manifest was written for.
    #[error("`{}` has sha256 {found}, and the manifest says {expected}", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// What the manifest says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A file of tensors is damaged or of a form that is not read.
    #[error("`{}` is no readable {format} file", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// `safetensors`, `npy` or `npz`.
        format: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No suite of that name or path.
    #[error("there is no suite `{name}`")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The folders that were looked through.
        searched: Vec<PathBuf>,
        /// The most similar name that exists.
        nearest: Option<String>,
    },
}

impl SuiteError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { hint, .. } | Self::Invalid { hint, .. } => hint.clone(),
            Self::Io { path, source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some(format!("check that `{}` exists", path.display()))
            }
            Self::Io { .. } => None,
            Self::Version { found, .. } if *found > u64::from(SCHEMA) => {
                Some("use a newer edgebench, or the suite's older version".to_owned())
            }
            Self::Version { .. } => Some(format!(
                "write `schema = {SCHEMA}` and follow `edgebench schema manifest`"
            )),
            Self::Hash { .. } => Some(
                "fetch the file again; if it was changed on purpose, write the new sha256 into the manifest".to_owned(),
            ),
            Self::Format { .. } => Some("check that the file was copied whole".to_owned()),
            Self::NotFound {
                nearest: Some(nearest), ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::NotFound { searched, .. } => {
                let folders: Vec<String> = searched.iter().map(|path| format!("`{}`", path.display())).collect();
                Some(format!("give a path to a suite.toml; looked in {}", folders.join(", ")))
            }
        }
    }

    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action: "read",
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn invalid(path: &Path, message: impl Into<String>) -> Self {
        Self::Invalid {
            path: path.to_owned(),
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn invalid_with(path: &Path, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid {
            path: path.to_owned(),
            message: message.into(),
            hint: Some(hint.into()),
        }
    }
}

/// The candidate that is most similar to a misspelt word, if one is similar enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= candidate.chars().count().max(3) / 2)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
