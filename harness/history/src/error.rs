//! What can go wrong with a history.

use std::io;
use std::path::{Path, PathBuf};

use edgebench_record::ReadError;
use rusqlite::ErrorCode;

use crate::database::VERSION;
use crate::note::NOTE_SCHEMA;

/// Why a history could not be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A record could not be read.
    #[error(transparent)]
    Record(#[from] ReadError),
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Two cells of one record have one name.
    #[error("the record {} has two cells `{cell}`", path.display())]
    TwoCells {
        /// The record.
        path: PathBuf,
        /// Their name.
        cell: String,
    },
    /// The note beside a record is damaged.
    #[error("the note {} beside a record is damaged", path.display())]
    Note {
        /// The note.
        path: PathBuf,
        /// Where, and what is wrong there.
        #[source]
        source: serde_json::Error,
    },
    /// The note beside a record was written by a newer edgebench.
    #[error("the note {} has schema {found}, and this edgebench reads schema {NOTE_SCHEMA}", path.display())]
    NewerNote {
        /// The note.
        path: PathBuf,
        /// The schema it names.
        found: u64,
    },
    /// The note beside a record is about another run.
    #[error("the note {} is about the run {found}, and the record beside it is of the run {run}", path.display())]
    OtherNote {
        /// The note.
        path: PathBuf,
        /// The record's run.
        run: String,
        /// The note's run.
        found: String,
    },
    /// The record of a known run was replaced by another run's.
    #[error("{} held the run {run}, and now holds {found}", path.display())]
    OtherRun {
        /// The record.
        path: PathBuf,
        /// The run that the index knows.
        run: String,
        /// The run that the record is of.
        found: String,
    },
    /// There is no database.
    #[error("there is no history at {}", .0.display())]
    Absent(PathBuf),
    /// The database was written by a newer edgebench.
    #[error("the history {} has version {found}, and this edgebench reads version {VERSION} and older", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version it names.
        found: i64,
    },
    /// The file is a database of something else.
    #[error("{} is a database, and no history of edgebench", .0.display())]
    Foreign(PathBuf),
    /// The database is damaged, or no database.
    #[error("the history {} is damaged, or no database", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
    /// Another process holds the database.
    #[error("the history {} is in use", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
    /// The database refused for another reason.
    #[error("the history {} cannot be used", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
    /// A known record could not be read, so that the index would lose it.
    #[error("{} of {known} records cannot be read, and the history is left as it was", lost.len())]
    WouldLose {
        /// Each with why.
        lost: Vec<(PathBuf, HistoryError)>,
        /// How many the index knows.
        known: usize,
    },
    /// There is no such release.
    #[error("no run is marked as the release `{name}`")]
    NoRelease {
        /// What was asked for.
        name: String,
        /// The releases that there are.
        known: Vec<String>,
    },
}

impl HistoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Record(error) => error.hint(),
            Self::Io { .. } => return None,
            Self::TwoCells { .. } => "the record was not written by edgebench; leave it out",
            Self::Note { .. } => "delete it, and give commit, branch and release to `history add` again",
            Self::NewerNote { .. } | Self::Newer { .. } => "use the edgebench that wrote it, or a newer one",
            Self::OtherNote { .. } => "delete the note if the record took another's place",
            Self::OtherRun { .. } => "put the record back, or leave the run out with --forget",
            Self::Absent(_) => "begin one with `edgebench history add RECORD`, or name it with --database",
            Self::Foreign(_) => "name another file with --database",
            Self::Damaged { .. } => {
                "the records hold everything: `edgebench history rebuild FOLDER` makes the index anew from those below it"
            }
            Self::Busy { .. } => "try again when the other command has ended",
            Self::Database { .. } => "check that the file and its folder can be written",
            Self::WouldLose { .. } => "put them back, or leave them out with --forget",
            Self::NoRelease { known, .. } => {
                return Some(if known.is_empty() {
                    "mark runs with `edgebench history add --release NAME RECORD`".to_owned()
                } else {
                    format!("known releases: {}", known.join(", "))
                });
            }
        };
        Some(hint.to_owned())
    }

    /// An error of `SQLite` on a database, by what can be done about it.
    pub(crate) fn database(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path, source },
            _ => Self::Database { path, source },
        }
    }

    /// An error of the system.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
