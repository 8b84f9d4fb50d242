//! The history: adding records, making the index anew, and reading what it holds.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::database::Database;
use crate::keep::{Stop, add, put_aside};
use crate::note::Note;
use crate::source::{Source, records_below};
use crate::{HistoryError, Machine};

/// An index over record files.
///
/// The records and the notes beside them are the truth, and the database can be made from them again at any time.
pub struct History {
    pub(crate) database: Database,
}

/// What is said of runs when their records are added.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// What was said outright. It replaces what an earlier note says, and an empty text takes it away.
    pub said: Note,
    /// Where the command was given. It fills what nothing else says.
    pub checkout: Option<Checkout>,
}

/// A repository's checked-out commit.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The commit.
    pub commit: String,
    /// When it was made: RFC 3339, UTC.
    pub committed_at: String,
    /// The branch, where one is checked out.
    pub branch: Option<String>,
}

/// What became of a record that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The run.
    pub run: String,
    /// What the index did with it.
    pub how: How,
    /// The run whose record was in this file before.
    pub replaced: Option<String>,
    /// The run was measured before the checked-out commit was made, so that this cannot be what was measured; no commit
    /// was stored.
    pub before_commit: bool,
}

/// What the index did with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It was new.
    New,
    /// It was known, and something of it changed.
    Changed,
    /// It was known.
    Known,
    /// It was known from another file, which is kept: it is complete or newer, or its path comes first.
    KnownAs(PathBuf),
}

/// What a rebuilt index holds.
#[derive(Debug)]
pub struct Rebuilt {
    /// Runs.
    pub runs: usize,
    /// Records that are not in it, each with why.
    pub left_out: Vec<(PathBuf, HistoryError)>,
    /// Where the damaged database was put.
    pub aside: Option<PathBuf>,
}

/// One run as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The run.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// What was measured.
    pub suite: String,
    /// What measured.
    pub tool: String,
    /// [`Machine::key`].
    pub machine: String,
    /// [`Machine::label`].
    pub machine_label: String,
    /// What is known beside the record.
    #[serde(flatten)]
    pub note: Note,
    /// Cells.
    pub cells: usize,
    /// Those that were measured.
    pub measured: usize,
    /// The record, relative to the database's folder where the two have something in common.
    pub path: String,
    /// SHA-256 of the record.
    pub sha256: String,
}

impl History {
    /// Opens a history, or begins one.
    ///
    /// # Errors
    /// [`HistoryError`]: the file is no history, a newer one, damaged, or cannot be written.
    pub fn open_or_create(path: &Path) -> Result<Self, HistoryError> {
        let database = Database::open(path, true)?;
        Ok(Self { database })
    }

    /// Opens a history that exists.
    ///
    /// # Errors
    /// [`HistoryError`]: there is none, or the file is no history, a newer one or damaged.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let database = Database::open(path, false)?;
        Ok(Self { database })
    }

    /// Adds records, each from its file or from the run's folder. What is said of a run is written into the note beside
    /// its record. A record that cannot be read costs itself and no other.
    ///
    /// # Errors
    /// [`HistoryError`] of the database; nothing was added then.
    pub fn add(
        &mut self,
        records: &[PathBuf],
        marks: &Marks,
    ) -> Result<Vec<Result<Added, HistoryError>>, HistoryError> {
        let folder = self.folder()?;
        let path = self.database.path.clone();
        self.database.transact(|transaction| {
            let mut outcomes = Vec::with_capacity(records.len());
            for record in records {
                let outcome = match Source::read(record) {
                    Ok(source) => match add(transaction, &folder, source, marks) {
                        Err(Stop::Database(error)) => return Err(HistoryError::database(&path, error)),
                        Err(Stop::Record(error)) => Err(error),
                        Ok(added) => Ok(added),
                    },
                    Err(error) => Err(error),
                };
                outcomes.push(outcome);
            }
            Ok(outcomes)
        })
    }

    /// Makes the index anew from every record below `folders`. A damaged database is put aside.
    ///
    /// # Errors
    /// [`HistoryError`]: a folder cannot be read, or the database is of something else, newer, or cannot be written.
    pub fn rebuild(path: &Path, folders: &[PathBuf]) -> Result<Rebuilt, HistoryError> {
        let mut files = Vec::new();
        for folder in folders {
            files.extend(records_below(folder)?.into_iter().map(|file| (file, None)));
        }
        match Self::open_or_create(path).and_then(|mut history| history.fill(&files, true)) {
            Err(HistoryError::Damaged { .. }) => {
                let aside = put_aside(path)?;
                let rebuilt = Self::open_or_create(path)?.fill(&files, true)?;
                Ok(Rebuilt {
                    aside: Some(aside),
                    ..rebuilt
                })
            }
            rebuilt => rebuilt,
        }
    }

    /// Makes the index anew from the records that it knows. One that is gone or damaged leaves everything as it was,
    /// unless it is to be forgotten.
    ///
    /// # Errors
    /// [`HistoryError::WouldLose`] names them; others are of the database.
    pub fn refresh(path: &Path, forget: bool) -> Result<Rebuilt, HistoryError> {
        let mut history = Self::open(path)?;
        let folder = history.folder()?;
        let runs = history.runs()?;
        let files: Vec<(PathBuf, Option<String>)> = runs
            .into_iter()
            .map(|run| (folder.join(&run.path), Some(run.id)))
            .collect();
        history.fill(&files, forget)
    }

    /// Puts records in place of everything that there is; of some it is known which run they are of.
    fn fill(&mut self, files: &[(PathBuf, Option<String>)], may_lose: bool) -> Result<Rebuilt, HistoryError> {
        let folder = self.folder()?;
        let path = self.database.path.clone();
        let failed = |source| HistoryError::database(&path, source);
        let marks = Marks::default();
        self.database.transact(|transaction| {
            transaction.execute("DELETE FROM runs", []).map_err(failed)?;
            let mut left_out = Vec::new();
            for (file, run) in files {
                let added = Source::read(file)
                    .and_then(|source| source.expect(run.as_deref()))
                    .map_err(Stop::Record)
                    .and_then(|source| add(transaction, &folder, source, &marks));
                match added {
                    Ok(_) => {}
                    Err(Stop::Record(error)) => left_out.push((file.clone(), error)),
                    Err(Stop::Database(error)) => return Err(failed(error)),
                }
            }
            if !may_lose && !left_out.is_empty() {
                let known = files.len();
                return Err(HistoryError::WouldLose { lost: left_out, known });
            }
            let runs: i64 = transaction
                .query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
                .map_err(failed)?;
            Ok(Rebuilt {
                runs: runs as usize,
                left_out,
                aside: None,
            })
        })
    }

    /// Every run, oldest first.
    ///
    /// # Errors
    /// [`HistoryError`] of the database.
    pub fn runs(&self) -> Result<Vec<Run>, HistoryError> {
        let read = || -> rusqlite::Result<Vec<Run>> {
            self.database
                .connection
                .prepare(
                    "SELECT id, started_at, suite, tool, machine, facts, commit_id, branch, release, path, sha256, \
                     (SELECT count(*) FROM cells WHERE run = runs.id), \
                     (SELECT count(*) FROM cells WHERE run = runs.id AND outcome = 'measured') \
                     FROM runs JOIN machines ON key = machine ORDER BY started_at, id",
                )?
                .query_map([], |row| {
                    Ok(Run {
                        id: row.get(0)?,
                        started_at: row.get(1)?,
                        suite: row.get(2)?,
                        tool: row.get(3)?,
                        machine: row.get(4)?,
                        machine_label: machine(row, 5)?.label(),
                        note: Note {
                            commit: row.get(6)?,
                            branch: row.get(7)?,
                            release: row.get(8)?,
                        },
                        path: row.get(9)?,
                        sha256: row.get(10)?,
                        cells: row.get::<_, i64>(11)? as usize,
                        measured: row.get::<_, i64>(12)? as usize,
                    })
                })?
                .collect()
        };
        read().map_err(|source| self.database.failed(source))
    }

    /// Checks that there is a release of this name.
    ///
    /// # Errors
    /// [`HistoryError::NoRelease`] with the names that there are; others are of the database.
    pub fn check_release(&self, name: &str) -> Result<(), HistoryError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            self.database
                .connection
                .prepare("SELECT DISTINCT release FROM runs WHERE release IS NOT NULL ORDER BY release")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        let known = read().map_err(|source| self.database.failed(source))?;
        if known.iter().any(|known| known == name) {
            return Ok(());
        }
        let name = name.to_owned();
        Err(HistoryError::NoRelease { name, known })
    }

    fn folder(&self) -> Result<PathBuf, HistoryError> {
        let folder = self.database.folder();
        fs::canonicalize(folder).map_err(HistoryError::io("find the folder", folder))
    }
}

/// A machine from its facts in a row.
pub(crate) fn machine(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Machine> {
    let facts: String = row.get(column)?;
    Machine::from_json(&facts).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
