//! A run's folder: a journal while the run goes on, a record at its end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::file::Versioned;
use crate::{Entry, Header, Record, SCHEMA, to_json};

const JOURNAL: &str = "journal.jsonl";
const RECORD: &str = "record.json";

/// Why a run's folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// The folder holds a run already.
    #[error("{} holds a run already", .0.display())]
    Occupied(PathBuf),
    /// Another process is writing to it.
    #[error("{} belongs to a run that is still going on", .0.display())]
    Busy(PathBuf),
    /// The folder holds no journal.
    #[error("{} holds no unfinished run", .0.display())]
    NothingToResume(PathBuf),
    /// A line of the journal other than its torn end is damaged.
    #[error("line {line} of {} is damaged", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The journal was written by another edgebench.
    #[error("the journal {} has schema {found}, and this edgebench goes on from schema {SCHEMA} alone", path.display())]
    Schema {
        /// The journal.
        path: PathBuf,
        /// The schema it names.
        found: u64,
    },
    /// The record could not be put into words.
    #[error("the record cannot be serialised")]
    Serialise(#[from] serde_json::Error),
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that the folder exists, can be written to, and that the disk is not full",
            Self::Occupied(_) => "name another folder, or go on with that run by `--resume`",
            Self::Busy(_) => "wait for that run to end, or name another folder",
            Self::NothingToResume(_) => "leave `--resume` out to start a run",
            Self::Damaged { .. } => "what comes before the damage is kept by cutting the journal off there",
            Self::Schema { .. } => "start a new run",
            Self::Serialise(_) => "this is a bug in edgebench",
        }
    }
}

/// A run's folder, held by one process.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    journal: File,
    header: Header,
    entries: Vec<Entry>,
}

impl Store {
    /// Makes a run's folder, with what lies above it, and begins its journal.
    ///
    /// # Errors
    /// [`StoreError::Occupied`] when the folder holds a run, otherwise what the system said.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(io_error("create the folder", folder))?;
        if folder.join(RECORD).exists() {
            return Err(StoreError::Occupied(folder.to_owned()));
        }
        let path = folder.join(JOURNAL);
        let journal = match OpenOptions::new().append(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Occupied(folder.to_owned()));
            }
            opened => opened.map_err(io_error("create", &path))?,
        };
        lock(&journal, folder)?;
        let mut store = Self {
            folder: folder.to_owned(),
            journal,
            header: header.clone(),
            entries: Vec::new(),
        };
        store.write_line(header)?;
        sync_folder(folder)?;
        Ok(store)
    }

    /// Goes on from a journal. A last line without its end, as a power failure leaves it, is cut off: that invocation
    /// is run again.
    ///
    /// # Errors
    /// [`StoreError::NothingToResume`], [`StoreError::Busy`], [`StoreError::Schema`], or [`StoreError::Damaged`] with
    /// the number of the line.
    pub fn resume(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(JOURNAL);
        let journal = match OpenOptions::new().read(true).append(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NothingToResume(folder.to_owned()));
            }
            opened => opened.map_err(io_error("open", &path))?,
        };
        lock(&journal, folder)?;
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            journal
                .set_len(whole as u64)
                .and_then(|()| journal.sync_data())
                .map_err(io_error("cut the torn end off", &path))?;
        }
        let mut lines = text[..whole].split_inclusive(|&byte| byte == b'\n');
        let Some(first) = lines.next() else {
            return Err(StoreError::NothingToResume(folder.to_owned()));
        };
        // The schema alone first: the rest of another schema's header may look like damage.
        let Versioned { schema } = parse(first, 1, &path)?;
        if schema != u64::from(SCHEMA) {
            return Err(StoreError::Schema { path, found: schema });
        }
        let header: Header = parse(first, 1, &path)?;
        let entries = lines
            .enumerate()
            .map(|(index, line)| parse(line, index + 2, &path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            journal,
            header,
            entries,
        })
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Which run this is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is done, in the order in which it was.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds an entry and waits until it is on the disk.
    ///
    /// # Errors
    /// What the system said.
    pub fn append(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.write_line(&entry)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes `record.json` in one step: a reader sees the whole of it or none. The journal goes when the run is
    /// complete, and stays for `--resume` when it was interrupted.
    ///
    /// # Errors
    /// What the system said.
    pub fn finish(&self, record: &Record) -> Result<PathBuf, StoreError> {
        let path = self.folder.join(RECORD);
        replace(&path, &to_json(record)?)?;
        if !record.interrupted {
            let journal = self.folder.join(JOURNAL);
            fs::remove_file(&journal).map_err(io_error("remove", &journal))?;
        }
        sync_folder(&self.folder)?;
        Ok(path)
    }

    /// One write, so that a crash leaves whole lines and at most one torn end.
    fn write_line(&mut self, value: &impl Serialize) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.journal
            .write_all(&line)
            .and_then(|()| self.journal.sync_data())
            .map_err(io_error("write to", &self.folder.join(JOURNAL)))
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::Io {
        doing,
        path: path.clone(),
        source,
    }
}

/// A runner that was killed may leave a worker behind that is just being started and still holds the lock.
const PATIENCE: Duration = Duration::from_secs(1);

fn lock(journal: &File, folder: &Path) -> Result<(), StoreError> {
    let begin = Instant::now();
    loop {
        match journal.try_lock() {
            Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => thread::sleep(PATIENCE / 20),
            result => return locked(result, folder),
        }
    }
}

fn locked(result: Result<(), TryLockError>, folder: &Path) -> Result<(), StoreError> {
    match result {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy(folder.to_owned())),
        // A file system without locks is no reason not to measure.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(io_error("lock the journal in", folder)(error)),
    }
}

fn parse<T: DeserializeOwned>(line: &[u8], number: usize, path: &Path) -> Result<T, StoreError> {
    serde_json::from_slice(line).map_err(|source| StoreError::Damaged {
        path: path.to_owned(),
        line: number,
        source,
    })
}

/// Writes a file beside its place and renames it into it.
fn replace(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("json.tmp");
    let mut file = File::create(&temporary).map_err(io_error("create", &temporary))?;
    file.write_all(text)
        .and_then(|()| file.sync_all())
        .map_err(io_error("write", &temporary))?;
    fs::rename(&temporary, path).map_err(io_error("rename into place", path))
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error("sync", folder))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other platforms' version can fail")]
fn sync_folder(_: &Path) -> Result<(), StoreError> {
    Ok(())
}
