//! Commands, folders and packages of the machine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::Outcome;

/// The workspace's root: the chores run from there.
///
/// # Errors
/// When cargo does not say where the workspace is.
pub(crate) fn root() -> Result<PathBuf, String> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or("run this as `cargo xtask`")?;
    Path::new(&manifest)
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .ok_or_else(|| "xtask is not two folders below the workspace's root".to_owned())
}

/// Where downloads are kept: `EDGEBENCH_CACHE`, or `edgebench` in the XDG cache folder.
///
/// # Errors
/// When neither that nor a home folder is known.
pub(crate) fn cache() -> Result<PathBuf, String> {
    if let Some(cache) = env::var_os("EDGEBENCH_CACHE").filter(|value| !value.is_empty()) {
        return Ok(cache.into());
    }
    if let Some(cache) = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        return Ok(Path::new(&cache).join("edgebench"));
    }
    env::var_os("HOME")
        .map(|home| Path::new(&home).join(".cache").join("edgebench"))
        .ok_or_else(|| "no cache folder: set EDGEBENCH_CACHE or HOME".to_owned())
}

/// Whether getting anything from the network is forbidden.
pub(crate) fn offline() -> bool {
    env::var_os("EDGEBENCH_OFFLINE").is_some_and(|value| value == "1")
}

/// Runs a command, its output passing through.
pub(crate) fn passes(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("{status}: {}", shown(command))),
        Err(error) => Outcome::Failed(format!("{}: {error}", shown(command))),
    }
}

/// Like [`passes`], for a step that a chore cannot go on without.
///
/// # Errors
/// What failed.
pub(crate) fn must(command: &mut Command) -> Result<(), String> {
    match passes(command) {
        Outcome::Passed => Ok(()),
        Outcome::Failed(why) | Outcome::NotRun(why) => Err(why),
    }
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// `cargo` as it was called, so that the toolchain stays the same.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Whether this user is root, so that apt can be used unasked.
pub(crate) fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Gets Debian packages with apt, after letting dpkg take those of `foreign` too.
///
/// # Errors
/// Which command failed.
pub(crate) fn apt(foreign: Option<&str>, packages: &[&str]) -> Result<(), String> {
    if let Some(architecture) = foreign {
        must(Command::new("dpkg").args(["--add-architecture", architecture]))?;
    }
    must(Command::new("apt-get").args(["update", "-qq"]))?;
    must(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
}

/// The tests' Python environment: a venv in the cache folder with the packages that `tools/python.txt` pins. It is
/// made anew whenever that file changes.
///
/// # Errors
/// What failed.
pub(crate) fn python(root: &Path) -> Result<PathBuf, String> {
    let pins = root.join("tools/python.txt");
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let venv = cache()?.join("test-python");
    let mark = venv.join("edgebench-pins.txt");
    let interpreter = venv.join("bin/python");
    if std::fs::read_to_string(&mark).is_ok_and(|had| had == wanted) {
        return Ok(interpreter);
    }
    if offline() {
        return Err(
            "the tests' Python packages are not in the cache and EDGEBENCH_OFFLINE=1 forbids getting them".into(),
        );
    }
    println!(
        "making the tests' Python environment in {} (about 45 MB to get)",
        venv.display()
    );
    must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    must(
        Command::new(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary=:all:",
            ])
            .args(["--require-hashes", "--requirement"])
            .arg(&pins),
    )?;
    std::fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))?;
    Ok(interpreter)
}
