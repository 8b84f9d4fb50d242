//! A suite's folder as it was at a git revision.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::failure::{Doing as _, Failure};

/// A suite's folder at a revision, unpacked.
pub(crate) struct Revision {
    /// The manifest in it.
    pub(crate) manifest: PathBuf,
    /// The commit that the revision names.
    pub(crate) commit: String,
    /// Keeps the folder.
    _folder: TempDir,
}

/// Takes the folder of a suite's manifest out of git, at a revision. The working tree is not touched.
pub(crate) fn at_revision(manifest: &Path, revision: &str) -> Result<Revision, Failure> {
    let place = manifest.parent().filter(|place| !place.as_os_str().is_empty());
    let place = place.unwrap_or(Path::new("."));
    let name = manifest.file_name().unwrap_or_default();
    // A revision is no flag, whatever it looks like.
    let commit = git(
        place,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{revision}^{{commit}}"),
        ],
    )
    .map_err(|failure| failure.context(format!("`{revision}` names no commit of this repository")))?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let archive = git(place, &["archive", "--format=zip", &commit, "."])
        .map_err(|failure| failure.context(format!("the suite's folder is not in {revision}")))?;
    let folder = tempfile::tempdir().doing("make a temporary folder")?;
    let mut archive = zip::ZipArchive::new(Cursor::new(archive))
        .map_err(|error| Failure::from_error(error).context("git's archive cannot be read"))?;
    archive
        .extract(folder.path())
        .map_err(|error| Failure::from_error(error).context("git's archive cannot be unpacked"))?;
    let manifest = folder.path().join(name);
    if !manifest.is_file() {
        return Err(Failure::new(format!("{revision} has no `{}`", name.to_string_lossy()))
            .hint("name a revision in which the suite is there"));
    }
    Ok(Revision {
        manifest,
        commit,
        _folder: folder,
    })
}

/// What git printed, run in a folder.
fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .doing("start git")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it did not say why");
    Err(Failure::new(format!("git {} failed: {said}", arguments[0])))
}
