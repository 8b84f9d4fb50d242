//! How a record comes into the index, and how it does not matter in which order.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use crate::HistoryError;
use crate::database::{Stored, folder_of, stored, write};
use crate::history::{Added, How, Marks};
use crate::source::{Source, kept_path};

/// Why a record was not added.
pub(crate) enum Stop {
    /// It costs this record.
    Record(HistoryError),
    /// It costs everything.
    Database(rusqlite::Error),
}

/// Puts a record into the index, and what is said of its run into the note beside it.
pub(crate) fn add(transaction: &Transaction<'_>, folder: &Path, source: Source, marks: &Marks) -> Result<Added, Stop> {
    let known = stored(transaction, &source.record.id).map_err(Stop::Database)?;
    let mut path = kept_path(folder, &source.path);
    let mut source = source;
    let mut how = if known.is_some() { How::Known } else { How::New };
    if let Some(known) = &known
        && known.path != path
        && precedence(known) < precedence(&of(&source, &path))
    {
        // The other file may be gone, damaged or of another run by now; then this one takes its place.
        let other = folder.join(&known.path);
        if let Ok(kept) = Source::read(&other)
            && kept.record.id == source.record.id
            && precedence(&of(&kept, &known.path)) <= precedence(known)
        {
            how = How::KnownAs(other);
            path.clone_from(&known.path);
            source = kept;
        }
    }
    let before_commit = annotate(&mut source, marks).map_err(Stop::Record)?;
    if known.as_ref() != Some(&of(&source, &path)) {
        write(transaction, &source, &path).map_err(Stop::Database)?;
        if how == How::Known {
            how = How::Changed;
        }
    }
    Ok(Added {
        replaced: evict(transaction, &source.record.id, &path).map_err(Stop::Database)?,
        run: source.record.id,
        how,
        before_commit,
    })
}

/// Takes out a run whose record's file now holds another run.
fn evict(transaction: &Transaction<'_>, run: &str, path: &str) -> rusqlite::Result<Option<String>> {
    transaction
        .prepare("DELETE FROM runs WHERE path = ?1 AND id <> ?2 RETURNING id")?
        .query_map([path, run], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()
        .map(|evicted| evicted.into_iter().next())
}

/// Puts what is said of a run into its note, and that beside its record. Gives whether the checked-out commit was made
/// after the run was.
fn annotate(source: &mut Source, marks: &Marks) -> Result<bool, HistoryError> {
    let said = &marks.said;
    let mut note = source.note.clone();
    let over = |value: &mut Option<String>, said: &Option<String>| {
        if let Some(said) = said {
            *value = Some(said.clone()).filter(|said| !said.is_empty());
        }
    };
    over(&mut note.commit, &said.commit);
    over(&mut note.branch, &said.branch);
    over(&mut note.release, &said.release);
    let mut before_commit = false;
    if let Some(checkout) = marks.checkout.as_ref().filter(|_| note.commit.is_none()) {
        before_commit = second(&source.record.started_at) < second(&checkout.committed_at);
        if !before_commit {
            note.commit = Some(checkout.commit.clone());
            note.branch = note.branch.or_else(|| checkout.branch.clone());
        }
    }
    if note != source.note {
        note.write(&source.path, &source.record.id)?;
        source.note = note;
    }
    Ok(before_commit)
}

/// A time without fractions of a second.
fn second(time: &str) -> &str {
    time.get(..19).unwrap_or(time)
}

fn of(source: &Source, path: &str) -> Stored {
    Stored {
        path: path.to_owned(),
        sha256: source.sha256.clone(),
        finished_at: source.record.finished_at.clone(),
        interrupted: source.record.interrupted,
        note: source.note.clone(),
    }
}

/// Of two files of one run the one with less is kept: the complete one, the one that ended later (a run can be resumed),
/// the one whose path comes first. So it does not matter in which order they are added.
fn precedence(stored: &Stored) -> (bool, Reverse<&str>, &str) {
    (stored.interrupted, Reverse(&stored.finished_at), &stored.path)
}

/// Renames a damaged database, with its journal, which must not meet another one.
pub(crate) fn put_aside(path: &Path) -> Result<PathBuf, HistoryError> {
    let named = |extra: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(extra);
        folder_of(path).join(name)
    };
    let mut aside = named(".damaged");
    let mut n = 2;
    while aside.exists() {
        aside = named(&format!(".damaged-{n}"));
        n += 1;
    }
    fs::rename(path, &aside).map_err(HistoryError::io("put aside", path))?;
    let journal = named("-journal");
    if journal.exists() {
        let mut name = aside.clone().into_os_string();
        name.push("-journal");
        fs::rename(&journal, PathBuf::from(name)).map_err(HistoryError::io("put aside", &journal))?;
    }
    Ok(aside)
}
