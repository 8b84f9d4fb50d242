//! The database: opening it, its version, and what is written to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::HistoryError;
use crate::note::Note;
use crate::source::Source;

/// The version of the tables that this code writes.
pub const VERSION: i64 = 1;

/// What takes the tables from each version to the next.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Marks a database as a history: `edgb`.
const APPLICATION: i64 = 0x6564_6762;

/// How long to wait for another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open database.
pub(crate) struct Database {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
}

impl Database {
    /// Opens a database that exists, or makes a new one.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self, HistoryError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            let folder = folder_of(path);
            fs::create_dir_all(folder).map_err(HistoryError::io("create the folder", folder))?;
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        } else if !path.exists() {
            return Err(HistoryError::Absent(path.to_owned()));
        }
        let failed = |source| HistoryError::database(path, source);
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let mut database = Self {
            path: path.to_owned(),
            connection,
        };
        database.prepare()?;
        Ok(database)
    }

    /// Checks what the file is, and brings its tables to [`VERSION`].
    fn prepare(&mut self) -> Result<(), HistoryError> {
        let path = self.path.clone();
        let failed = |source| HistoryError::database(&path, source);
        self.connection.busy_timeout(PATIENCE).map_err(failed)?;
        self.connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(failed)?;
        if self.version()? == VERSION {
            return Ok(());
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        // Another process may have been faster.
        let from = pragma(&transaction, "user_version").map_err(failed)?;
        let steps = usize::try_from(from).ok().and_then(|from| MIGRATIONS.get(from..));
        for step in steps.unwrap_or_default() {
            transaction.execute_batch(step).map_err(failed)?;
        }
        transaction
            .pragma_update(None, "application_id", APPLICATION)
            .map_err(failed)?;
        transaction
            .pragma_update(None, "user_version", VERSION)
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// The version of the tables, of a history that this code can read; 0 for an empty file.
    fn version(&self) -> Result<i64, HistoryError> {
        let read = |name| pragma(&self.connection, name).map_err(|source| self.failed(source));
        let (application, version) = (read("application_id")?, read("user_version")?);
        if application != APPLICATION {
            let tables: i64 = self
                .connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
                .map_err(|source| self.failed(source))?;
            if application != 0 || version != 0 || tables != 0 {
                return Err(HistoryError::Foreign(self.path.clone()));
            }
        }
        if version > VERSION {
            let path = self.path.clone();
            return Err(HistoryError::Newer { path, found: version });
        }
        Ok(version)
    }

    /// The folder of the database, to which paths are relative.
    pub(crate) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    pub(crate) fn failed(&self, source: rusqlite::Error) -> HistoryError {
        HistoryError::database(&self.path, source)
    }

    /// Runs `work` in one transaction: all of it is kept, or nothing.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let path = self.path.clone();
        let failed = |source| HistoryError::database(&path, source);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let done = work(&transaction)?;
        // A machine whose last run was replaced would not be there after a rebuild.
        transaction
            .execute("DELETE FROM machines WHERE key NOT IN (SELECT machine FROM runs)", [])
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What is stored of a run that is known already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) path: String,
    pub(crate) sha256: String,
    pub(crate) finished_at: String,
    pub(crate) interrupted: bool,
    pub(crate) note: Note,
}

/// What is stored of a run, if it is known.
pub(crate) fn stored(transaction: &Transaction<'_>, run: &str) -> rusqlite::Result<Option<Stored>> {
    transaction
        .prepare("SELECT path, sha256, finished_at, interrupted, commit_id, branch, release FROM runs WHERE id = ?1")?
        .query_row([run], |row| {
            Ok(Stored {
                path: row.get(0)?,
                sha256: row.get(1)?,
                finished_at: row.get(2)?,
                interrupted: row.get(3)?,
                note: Note {
                    commit: row.get(4)?,
                    branch: row.get(5)?,
                    release: row.get(6)?,
                },
            })
        })
        .optional()
}

/// Writes a run with its cells and figures in place of what was known of it.
pub(crate) fn write(transaction: &Transaction<'_>, source: &Source, path: &str) -> Result<(), rusqlite::Error> {
    let record = &source.record;
    transaction.execute("DELETE FROM runs WHERE id = ?1", [&record.id])?;
    transaction.execute(
        "INSERT INTO machines (key, facts) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        [&source.machine, &source.facts],
    )?;
    transaction.execute(
        "INSERT INTO runs (id, path, sha256, started_at, finished_at, interrupted, suite, tool, machine, commit_id, \
         branch, release) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            record.id,
            path,
            source.sha256,
            record.started_at,
            record.finished_at,
            record.interrupted,
            record.plan.suite,
            format!("{} {}", record.tool.name, record.tool.version),
            source.machine,
            source.note.commit,
            source.note.branch,
            source.note.release,
        ],
    )?;
    let mut cells = transaction.prepare(
        "INSERT INTO cells (run, cell, id, outcome, reason, runtime, model_sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut figures = transaction.prepare(
        "INSERT INTO figures (run, cell, metric, value, low, high, confidence, conditions) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for cell in &source.cells {
        cells.execute(params![
            record.id,
            cell.name,
            cell.id,
            cell.outcome,
            cell.reason,
            cell.runtime,
            cell.model_sha256,
        ])?;
        for figure in &cell.figures {
            let interval = figure.interval.as_ref();
            figures.execute(params![
                record.id,
                cell.name,
                figure.metric,
                figure.value,
                interval.map(|interval| interval.low),
                interval.map(|interval| interval.high),
                interval.map(|interval| interval.confidence),
                figure.conditions,
            ])?;
        }
    }
    Ok(())
}
