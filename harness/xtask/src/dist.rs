//! `cargo xtask dist`: one archive that runs on a bare board.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::Outcome;
use crate::system::{cargo, must, passes, root, target_folder};

/// The backends that a run of the packed binary must have measured, in order.
const BACKENDS: [&str; 3] = ["candle", "ort", "tract"];

/// What goes with ONNX Runtime's library wherever it goes.
const NOTICES: [&str; 2] = ["LICENSE", "ThirdPartyNotices.txt"];

/// The bundled suites.
const SUITES: [&str; 2] = ["starter", "voice"];

/// Builds the `dist` profile and packs the binary, ONNX Runtime, the bundled suites and the licences into
/// `dist/edgebench-VERSION-ARCH-linux.tar.gz` in cargo's target folder, with a fixed order and fixed times.
///
/// # Errors
/// What failed.
pub(crate) fn run() -> Result<bool, String> {
    let root = root()?;
    if passes(cargo(&root).args(["build", "--profile", "dist", "--package", "edgebench"])) != Outcome::Passed {
        return Ok(false);
    }
    let folder = target_folder(&root).join("dist");
    let archive = pack(&root, &folder.join("edgebench"), &folder)?;
    println!("{}", archive.display());
    Ok(true)
}

/// Packs a binary with all that it needs into an archive in `folder`, after running it from where it is packed.
fn pack(root: &Path, binary: &Path, folder: &Path) -> Result<PathBuf, String> {
    let name = format!(
        "edgebench-{}-{}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    let packed = folder.join(&name);
    let suites = packed.join("suites");
    anew(&packed)?;
    anew(&suites)?;
    copy(binary, &packed)?;
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        copy(&root.join(file), &packed)?;
    }
    for suite in SUITES {
        copy(&root.join("suites").join(suite), &suites)?;
    }

    // A cache of its own, so that what is packed is the pinned library and its notices, whatever this machine has.
    let cache = folder.join("cache");
    anew(&cache)?;
    let smoke = folder.join("smoke");
    try_out(&packed, &smoke, &cache, None)?;
    copy_runtime(&cache, &packed.join("lib"))?;
    // Again as on a board that has nothing.
    anew(&cache)?;
    try_out(&packed, &smoke, &cache, Some("--offline"))?;

    let archive = folder.join(format!("{name}.tar.gz"));
    must(
        Command::new("tar")
            .current_dir(folder)
            .args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"])
            .args(["--exclude=__pycache__", "--use-compress-program=gzip -n9", "-cf"])
            .arg(&archive)
            .arg(&name),
    )?;
    Ok(archive)
}

/// Runs a small part of the packed suite with the packed binary. Each backend must have measured: one that is
/// unavailable does not make a run fail.
fn try_out(packed: &Path, output: &Path, cache: &Path, flag: Option<&str>) -> Result<(), String> {
    anew(output)?;
    must(
        Command::new(packed.join("edgebench"))
            .current_dir(packed)
            .args([
                "run",
                "starter",
                "--task",
                "watch",
                "--variant",
                "fp32",
                "--quick",
                "-o",
            ])
            .arg(output)
            .args(flag)
            .env("EDGEBENCH_CACHE", cache)
            .env_remove("EDGEBENCH_OFFLINE")
            .env_remove("EDGEBENCH_ORT_DYLIB")
            .env_remove("ORT_DYLIB_PATH")
            .env_remove("VIRTUAL_ENV")
            .env_remove("CONDA_PREFIX"),
    )?;
    let cells = output.join("cells.csv");
    let text = fs::read_to_string(&cells).map_err(|error| format!("{}: {error}", cells.display()))?;
    let measured = measured(&text);
    if measured.iter().copied().eq(BACKENDS) {
        return Ok(());
    }
    Err(format!(
        "the packed binary has measured {measured:?}, and it must be {BACKENDS:?}: {}",
        cells.display()
    ))
}

/// The backends that have a measured cell. `cells.csv` begins with task, variant, backend, threads and outcome, none of
/// which holds a comma here.
fn measured(cells: &str) -> BTreeSet<&str> {
    cells
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|fields| fields.get(4) == Some(&"measured"))
        .map(|fields| fields[2])
        .collect()
}

/// Copies the library that the run has fetched, and its notices, to where the binary looks first.
fn copy_runtime(cache: &Path, library: &Path) -> Result<(), String> {
    let error = |error| format!("{}: {error}", cache.display());
    let mut fetched = Vec::new();
    for entry in fs::read_dir(cache).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_name().to_string_lossy().starts_with("onnxruntime-") {
            fetched.push(entry.path());
        }
    }
    let [fetched] = fetched.as_slice() else {
        return Err(format!(
            "the run has fetched no ONNX Runtime into {}, but found one: pack where no Python on the PATH has the \
             package `onnxruntime`",
            cache.display()
        ));
    };
    for notice in NOTICES {
        if !fetched.join(notice).is_file() {
            return Err(format!("{} lacks {notice}", fetched.display()));
        }
    }
    copy(fetched, library)
}

/// An empty folder.
fn anew(folder: &Path) -> Result<(), String> {
    let error = |error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(error)?;
    }
    fs::create_dir_all(folder).map_err(error)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    must(Command::new("cp").arg("-R").arg(from).arg(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_backend_is_not_measured() {
        let cells = "task,variant,backend,threads,outcome,load_ns\n\
                     watch,fp32,ort,1,unavailable,\n\
                     watch,fp32,tract,1,measured,7\n\
                     watch,fp32,candle,1,measured,7\n";
        assert_eq!(measured(cells).into_iter().collect::<Vec<_>>(), ["candle", "tract"]);
    }

    #[test]
    fn a_library_without_its_notices_is_not_packed() {
        let folder = std::env::temp_dir().join(format!("edgebench-xtask-{}", std::process::id()));
        let cache = folder.join("cache");
        anew(&cache).unwrap();
        assert!(
            copy_runtime(&cache, &folder.join("lib"))
                .unwrap_err()
                .contains("fetched no ONNX Runtime")
        );
        let fetched = cache.join("onnxruntime-1.2.3");
        anew(&fetched).unwrap();
        fs::write(fetched.join("libonnxruntime.so.1.2.3"), "").unwrap();
        fs::write(fetched.join("LICENSE"), "").unwrap();
        let why = copy_runtime(&cache, &folder.join("lib")).unwrap_err();
        assert!(why.ends_with("lacks ThirdPartyNotices.txt"), "{why}");
        fs::write(fetched.join("ThirdPartyNotices.txt"), "").unwrap();
        copy_runtime(&cache, &folder.join("lib")).unwrap();
        assert!(folder.join("lib/libonnxruntime.so.1.2.3").is_file());
        fs::remove_dir_all(folder).unwrap();
    }
}
