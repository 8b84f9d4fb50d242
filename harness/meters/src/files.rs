//! Reading the small text files of a kernel.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::ReadError;

/// No attribute of a kernel is longer: they are a page, or a few.
const LONGEST: u64 = 64 * 1024;

/// How much of a text that is not understood is shown.
const SHOWN: usize = 40;

/// Where sensors read from; tests put faults between.
pub trait Files: fmt::Debug + Send + Sync {
    /// The whole text of a file.
    ///
    /// # Errors
    /// Those of opening and reading; [`io::ErrorKind::InvalidData`] where it is not UTF-8 or longer than 64 KiB.
    fn text(&self, path: &Path) -> io::Result<String>;

    /// The names in a folder, sorted; names that are not UTF-8 are left out.
    ///
    /// # Errors
    /// Those of listing it.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostFiles;

impl Files for HostFiles {
    fn text(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 64 KiB"));
        }
        Ok(text)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
        let mut names: Vec<String> = entries?
            .into_iter()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        Ok(names)
    }
}

/// Why a file gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Who runs this may not read it.
    #[error("permission denied: {0}")]
    Denied(String),
    /// There is none.
    #[error("there is no {0}")]
    Missing(String),
    /// It could not be read.
    #[error("{path}: {why}")]
    Failed {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// It has no text.
    #[error("{0} is empty")]
    Empty(String),
    /// It has a text that is not what it should be.
    #[error("{path} says \"{said}\", which is no {expected}")]
    Malformed {
        /// The file.
        path: String,
        /// The begin of its text, escaped.
        said: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl FileError {
    fn new(path: &Path, error: &io::Error) -> Self {
        let path = path.display().to_string();
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied(path),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing(path),
            _ => Self::Failed {
                path,
                why: error.to_string(),
            },
        }
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

impl From<FileError> for ReadError {
    /// A file that went away may come back with another counter behind it; anything else may pass.
    fn from(error: FileError) -> Self {
        Self {
            lasting: error.is_missing(),
            what: error.to_string(),
        }
    }
}

/// A text of a file without the white space around it.
///
/// # Errors
/// [`FileError`], also where it is empty.
pub(crate) fn text(files: &dyn Files, path: &Path) -> Result<String, FileError> {
    let text = files.text(path).map_err(|error| FileError::new(path, &error))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(FileError::Empty(path.display().to_string()));
    }
    Ok(text.to_owned())
}

/// A whole number of 0 or more.
///
/// # Errors
/// [`FileError`].
pub(crate) fn unsigned(files: &dyn Files, path: &Path) -> Result<u64, FileError> {
    number(files, path, "whole number of 0 or more")
}

/// A whole number.
///
/// # Errors
/// [`FileError`].
pub(crate) fn signed(files: &dyn Files, path: &Path) -> Result<i64, FileError> {
    number(files, path, "whole number")
}

fn number<T: std::str::FromStr>(files: &dyn Files, path: &Path, expected: &'static str) -> Result<T, FileError> {
    let text = text(files, path)?;
    text.parse().map_err(|_| FileError::Malformed {
        path: path.display().to_string(),
        said: shown(&text),
        expected,
    })
}

/// What a file says, or nothing where there is none.
///
/// # Errors
/// [`FileError`], but for a file that is missing.
pub(crate) fn optional<T>(value: Result<T, FileError>) -> Result<Option<T>, FileError> {
    match value {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names in a folder, sorted.
///
/// # Errors
/// [`FileError`].
pub(crate) fn names(files: &dyn Files, folder: &Path) -> Result<Vec<String>, FileError> {
    files.names(folder).map_err(|error| FileError::new(folder, &error))
}

/// The begin of a text from elsewhere, without characters that do something to a terminal.
pub(crate) fn shown(text: &str) -> String {
    shown_up_to(text, SHOWN)
}

/// The first `most` characters of a text from elsewhere, without those that do something to a terminal.
pub(crate) fn shown_up_to(text: &str, most: usize) -> String {
    let mut begin: String = text.chars().take(most).flat_map(char::escape_debug).collect();
    if text.chars().nth(most).is_some() {
        begin.push('…');
    }
    begin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        assert_eq!(shown("nan"), "nan");
        assert_eq!(shown("\u{1b}[31m\u{202e}"), "\\u{1b}[31m\\u{202e}");
        assert_eq!(shown(&"x".repeat(50)), format!("{}…", "x".repeat(40)));
    }

    #[test]
    fn a_long_file_and_one_that_is_no_text_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        fs::write(&path, "1".repeat(70_000)).unwrap();
        assert_eq!(HostFiles.text(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(text(&HostFiles, &path), Err(FileError::Failed { .. })));
    }
}
