//! A record as a file: its text, its schema, and reading it back.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::layout::Layout;
use crate::{Record, SCHEMA};

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the record {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It was written by a newer edgebench.
    #[error("the record {} has schema {found}, and this edgebench reads schema {newest} and older", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema it names.
        found: u64,
        /// The newest schema of its kind that is read.
        newest: u32,
    },
    /// It is no record, or a damaged one.
    #[error("{} is no record, or a damaged one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, and what is wrong there.
        #[source]
        source: serde_json::Error,
    },
}

impl ReadError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "give the path of a record.json, or of the folder of a run",
            Self::Newer { .. } => "read it with the edgebench that wrote it, or a newer one",
            Self::Damaged { .. } => "if the run's journal.jsonl is still there, `--resume` writes the record anew",
        }
    }
}

/// What is read before anything else, whatever the schema.
#[derive(Deserialize)]
pub(crate) struct Versioned {
    pub(crate) schema: u64,
}

impl Record {
    /// Reads a record from its file, or from the run's folder that holds a `record.json`.
    ///
    /// # Errors
    /// [`ReadError`]: the file cannot be read, its schema is newer, or it is damaged.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Self::sound(read(path, "record.json", SCHEMA)?, path)
    }

    /// Reads a record from the text of its file; the path is for what is said of it.
    ///
    /// # Errors
    /// [`ReadError`]: its schema is newer, or it is damaged.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, ReadError> {
        Self::sound(parse(text, path, SCHEMA)?, path)
    }

    /// What no run writes and no reader expects: a task that is listed twice.
    fn sound(self, path: &Path) -> Result<Self, ReadError> {
        let mut ids = BTreeSet::new();
        let twice = self.tasks.iter().find(|task| !ids.insert(&task.id));
        match twice {
            None => Ok(self),
            Some(task) => Err(ReadError::Damaged {
                path: path.to_owned(),
                source: serde::de::Error::custom(format!("the task {:?} is listed twice", shortened(&task.id))),
            }),
        }
    }
}

/// As much of a name as a message needs.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

/// Reads what has a schema number, from its file or from the folder that holds a file of this name.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, name: &str, newest: u32) -> Result<T, ReadError> {
    let path = if path.is_dir() {
        path.join(name)
    } else {
        path.to_owned()
    };
    let text = fs::read(&path).map_err(|source| ReadError::Io {
        path: path.clone(),
        source,
    })?;
    parse(&text, &path, newest)
}

fn parse<T: DeserializeOwned>(text: &[u8], path: &Path, newest: u32) -> Result<T, ReadError> {
    let damaged = |source| ReadError::Damaged {
        path: path.to_owned(),
        source,
    };
    let Versioned { schema } = serde_json::from_slice(text).map_err(damaged)?;
    if schema > u64::from(newest) {
        return Err(ReadError::Newer {
            path: path.to_owned(),
            found: schema,
            newest,
        });
    }
    serde_json::from_slice(text).map_err(damaged)
}

/// The text of a record's file: JSON with one member a line, arrays of numbers on one line, and a newline at the end.
///
/// # Errors
/// None that a [`Record`] can cause; the serialiser's type asks for it.
pub fn to_json(record: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::new();
    record.serialize(&mut serde_json::Serializer::with_formatter(
        &mut text,
        Layout::default(),
    ))?;
    text.push(b'\n');
    Ok(text)
}

/// The JSON Schema of `record.json`.
pub fn record_schema() -> serde_json::Value {
    schemars::schema_for!(Record).to_value()
}
