//! Which cell of a profile is meant.

use std::fs;
use std::path::{Path, PathBuf};

use edgebench_record::{CellId, ProfileRecord};

use crate::failure::Failure;
use crate::parse::one_line;

/// Where profiles go unless `--output` says otherwise.
pub(super) const PROFILES: &str = "profiles";

/// The newest profile under `profiles`: their names sort by time.
pub(super) fn newest() -> Result<PathBuf, Failure> {
    let folders = fs::read_dir(PROFILES).into_iter().flatten().flatten();
    let profiles = folders
        .map(|entry| entry.path())
        .filter(|path| path.join("profile.json").is_file());
    profiles.max().ok_or_else(|| {
        Failure::new("there is no profile here").hint("make one first: edgebench profile; or name one with --in")
    })
}

/// The one cell that the words mean: each of them, divided by `/`, is its task, its variant, its backend, its threads as
/// `t1`, its batch as `b1`, or its device.
pub(super) fn one_cell(record: &ProfileRecord, words: &str) -> Result<usize, Failure> {
    let fits = |id: &CellId| {
        words
            .split('/')
            .filter(|word| !word.is_empty())
            .all(|word| is(id, word))
    };
    let found: Vec<usize> = (0..record.cells.len())
        .filter(|&place| fits(&record.cells[place].id))
        .collect();
    match found[..] {
        [place] => Ok(place),
        [] => Err(Failure::new(format!("no cell of the profile is `{}`", one_line(words)))
            .hint(list(record, 0..record.cells.len()))),
        _ => Err(Failure::new(format!(
            "{} cells of the profile are `{}`",
            found.len(),
            one_line(words)
        ))
        .hint(list(record, found.into_iter()))),
    }
}

/// Whether a word names a part of a cell's id.
pub(super) fn is(id: &CellId, word: &str) -> bool {
    let settings = &id.settings;
    [&id.task, &id.variant, &id.backend, &settings.device]
        .into_iter()
        .any(|part| part == word)
        || word == format!("t{}", settings.threads)
        || word == format!("b{}", settings.batch)
        || word
            .split_once('=')
            .is_some_and(|(name, value)| settings.options.get(name).is_some_and(|is| is == value))
}

fn list(record: &ProfileRecord, places: impl Iterator<Item = usize>) -> String {
    /// More than these are not read.
    const MOST: usize = 12;

    let names: Vec<String> = places
        .map(|place| one_line(&record.cells[place].id.to_string()))
        .collect();
    let more = names.len().saturating_sub(MOST);
    let listed = names[..names.len() - more].join(", ");
    if more > 0 {
        format!("its cells: {listed} and {more} more")
    } else {
        format!("its cells: {listed}")
    }
}

/// A profile that a person names: its file or its folder.
pub(super) fn read(path: &Path) -> Result<ProfileRecord, Failure> {
    ProfileRecord::read(path).map_err(Failure::from_error)
}
