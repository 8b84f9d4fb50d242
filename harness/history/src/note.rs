//! What a history knows of a run that its record does not say: the commit, the branch, the release.
//!
//! It stands in a file beside the record (`record.json` has `record.history.json`), so that the database holds nothing
//! that cannot be read again.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::HistoryError;

/// The version of the note's schema that this code writes.
pub const NOTE_SCHEMA: u32 = 1;

/// What ends a note's file name.
const SUFFIX: &str = ".history.json";

/// What is known of a run beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The commit of the project that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch that it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The release that the run is a measurement of: what later runs are held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NoteFile {
    schema: u32,
    run: String,
    #[serde(flatten)]
    note: Note,
}

#[derive(Deserialize)]
struct Versioned {
    schema: u64,
}

impl Note {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The note beside a run's record; an empty one where there is none.
    pub(crate) fn read(record: &Path, run: &str) -> Result<Self, HistoryError> {
        let path = beside(record);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(HistoryError::io("read the note", &path))?,
        };
        let damaged = |source| HistoryError::Note {
            path: path.clone(),
            source,
        };
        let Versioned { schema } = serde_json::from_slice(&text).map_err(damaged)?;
        if schema > u64::from(NOTE_SCHEMA) {
            return Err(HistoryError::NewerNote { path, found: schema });
        }
        let file: NoteFile = serde_json::from_slice(&text).map_err(damaged)?;
        if file.run != run {
            let run = run.to_owned();
            return Err(HistoryError::OtherNote {
                path,
                run,
                found: file.run,
            });
        }
        Ok(file.note)
    }

    /// Writes the note beside a run's record: to a temporary file that is synced and renamed, so that there is never a
    /// half of one.
    pub(crate) fn write(&self, record: &Path, run: &str) -> Result<(), HistoryError> {
        let path = beside(record);
        let file = NoteFile {
            schema: NOTE_SCHEMA,
            run: run.to_owned(),
            note: self.clone(),
        };
        let failed = HistoryError::io("write the note", &path);
        let write = || -> io::Result<()> {
            let mut text = serde_json::to_vec_pretty(&file)?;
            text.push(b'\n');
            let unfinished = path.with_extension(format!("json.{}", std::process::id()));
            let mut out = fs::File::create(&unfinished)?;
            out.write_all(&text)?;
            out.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(failed)
    }
}

/// Where the note of a record is.
pub(crate) fn beside(record: &Path) -> PathBuf {
    let mut name = record.file_stem().unwrap_or_default().to_owned();
    name.push(SUFFIX);
    record.with_file_name(name)
}

/// Whether a file is a note by its name.
pub(crate) fn is_note(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX))
}
