//! A record file as it goes into the index.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use edgebench_record::{Record, TaskFacts};
use sha2::{Digest as _, Sha256};

use crate::HistoryError;
use crate::figures::{Figure, figures};
use crate::machine::{Machine, hex};
use crate::note::{Note, beside, is_note};

/// A record file with the note beside it.
pub(crate) struct Source {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    pub(crate) record: Record,
    pub(crate) sha256: String,
    pub(crate) note: Note,
    /// The machine's key.
    pub(crate) machine: String,
    /// The machine's facts as JSON.
    pub(crate) facts: String,
    pub(crate) cells: Vec<SourceCell>,
}

/// One cell of a record.
pub(crate) struct SourceCell {
    pub(crate) name: String,
    /// Its id as JSON.
    pub(crate) id: String,
    pub(crate) outcome: &'static str,
    pub(crate) reason: String,
    pub(crate) runtime: Option<String>,
    pub(crate) model_sha256: Option<String>,
    pub(crate) figures: Vec<Figure>,
}

impl Source {
    /// Reads a record from its file, or from the run's folder that holds a `record.json`, and the note beside it.
    pub(crate) fn read(path: &Path) -> Result<Self, HistoryError> {
        let path = if path.is_dir() {
            path.join("record.json")
        } else {
            path.to_owned()
        };
        let record = Record::read(&path)?;
        let path = fs::canonicalize(&path).map_err(HistoryError::io("find", &path))?;
        if path.to_str().is_none() {
            let source = io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
            return Err(HistoryError::io("keep the path", &path)(source));
        }
        let text = fs::read(&path).map_err(HistoryError::io("read", &path))?;
        let note = Note::read(&path, &record.id)?;
        let machine = Machine::of(&record);
        let json = |text: Result<String, serde_json::Error>| {
            text.map_err(|source| HistoryError::Io {
                doing: "put into words",
                path: path.clone(),
                source: source.into(),
            })
        };
        let mut names = BTreeSet::new();
        let mut cells = Vec::with_capacity(record.cells.len());
        for cell in &record.cells {
            let name = cell.id.to_string();
            if !names.insert(name.clone()) {
                let path = path.clone();
                return Err(HistoryError::TwoCells { path, cell: name });
            }
            let task = record.tasks.iter().find(|task| task.id == cell.id.task);
            let runtime = cell.runtime.as_ref();
            cells.push(SourceCell {
                id: json(serde_json::to_string(&cell.id))?,
                outcome: cell.outcome.kind.name(),
                reason: cell.outcome.reason.clone(),
                runtime: runtime.map(|probe| format!("{} {}", probe.runtime, probe.version).trim().to_owned()),
                model_sha256: cell.model.as_ref().map(|model| model.sha256.clone()),
                figures: figures(cell, &task.map(data).unwrap_or_default()),
                name,
            });
        }
        Ok(Self {
            sha256: hex(&Sha256::digest(&text)),
            machine: machine.key(),
            facts: json(machine.to_json())?,
            note,
            cells,
            record,
            path,
        })
    }

    /// Itself, if it is of the run that is expected.
    pub(crate) fn expect(self, run: Option<&str>) -> Result<Self, HistoryError> {
        match run {
            Some(run) if run != self.record.id => Err(HistoryError::OtherRun {
                path: self.path,
                run: run.to_owned(),
                found: self.record.id,
            }),
            _ => Ok(self),
        }
    }
}

/// A task's data in words: its name, and the first digits of its hash where the record has one.
fn data(task: &TaskFacts) -> String {
    let hash = task.data_sha256.as_deref().and_then(|hash| hash.get(..12));
    hash.map_or_else(|| task.inputs.clone(), |hash| format!("{} ({hash})", task.inputs))
}

/// Every record below a folder, in the order of the paths: files named `record.json`, and those with a note beside them.
/// A file is itself.
pub(crate) fn records_below(folder: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| HistoryError::io("read the folder", &folder)(source);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // Links to folders are not followed: they may lead back.
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if entry.file_name() == "record.json"
                || (path.extension().is_some_and(|extension| extension == "json")
                    && !is_note(&path)
                    && beside(&path).is_file())
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A path as the index keeps it: relative to the database's folder, with forward slashes; absolute where the two have
/// nothing in common but the root. Both are absolute.
pub(crate) fn kept_path(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let roots = |component: &&Component<'_>| matches!(component, Component::RootDir | Component::Prefix(_));
    if common <= to.iter().take_while(roots).count() {
        return file.to_string_lossy().into_owned();
    }
    let up = from[common..].iter().map(|_| "..".into());
    let down = to[common..]
        .iter()
        .map(|component| component.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_where_there_is_more_in_common_than_the_root() {
        let kept = |folder: &str, file: &str| kept_path(Path::new(folder), Path::new(file));
        assert_eq!(kept("/p/.edgebench", "/p/runs/1/record.json"), "../runs/1/record.json");
        assert_eq!(kept("/p", "/p/record.json"), "record.json");
        assert_eq!(kept("/p/.edgebench", "/q/record.json"), "/q/record.json");
    }
}
