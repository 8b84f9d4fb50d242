//! `cargo xtask dist`: one archive that runs on a bare board.

use std::path::Path;
use std::process::Command;

use crate::report::Outcome;
use crate::system::{cargo, must, passes, root};

/// Builds the `dist` profile and packs the binary, the starter suite and the licences into
/// `target/dist/edgebench-VERSION-ARCH-linux.tar.gz`, with a fixed order and fixed times.
///
/// # Errors
/// What failed.
pub(crate) fn run() -> Result<bool, String> {
    let root = root()?;
    if passes(cargo(&root).args(["build", "--profile", "dist", "--package", "edgebench"])) != Outcome::Passed {
        return Ok(false);
    }
    let name = format!(
        "edgebench-{}-{}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    let parent = root.join("target/dist");
    let folder = parent.join(&name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let suites = folder.join("suites");
    std::fs::create_dir_all(&suites).map_err(|error| format!("{}: {error}", suites.display()))?;
    copy(&parent.join("edgebench"), &folder)?;
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        copy(&root.join(file), &folder)?;
    }
    copy(&root.join("suites/starter"), &suites)?;
    let archive = parent.join(format!("{name}.tar.gz"));
    must(
        Command::new("tar")
            .current_dir(&parent)
            .args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"])
            .args(["--exclude=__pycache__", "--use-compress-program=gzip -n9", "-cf"])
            .arg(&archive)
            .arg(&name),
    )?;
    println!("{}", archive.display());
    Ok(true)
}

fn copy(from: &Path, into: &Path) -> Result<(), String> {
    must(Command::new("cp").arg("-R").arg(from).arg(into))
}
