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
        .filter(|value| !value.is_empty())
        .map(|home| Path::new(&home).join(".cache").join("edgebench"))
        .ok_or_else(|| "no cache folder: set EDGEBENCH_CACHE or HOME".to_owned())
}

/// Where cargo builds to. A relative `CARGO_TARGET_DIR` counts from the root, since that is where the chores run cargo.
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
        Some(folder) => root.join(folder),
        None => root.join("target"),
    }
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

/// Gets Debian packages with apt, after letting dpkg take those of `foreign` too. A user who is not root gets them
/// through sudo, which must not ask for a password.
///
/// # Errors
/// Which command failed.
pub(crate) fn apt(foreign: Option<&str>, packages: &[&str]) -> Result<(), String> {
    let root = is_root();
    if let Some(architecture) = foreign {
        must(as_root(root, "dpkg").args(["--add-architecture", architecture]))?;
    }
    must(as_root(root, "apt-get").args(["update", "-qq"]))?;
    must(
        as_root(root, "apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
}

fn as_root(already: bool, program: &str) -> Command {
    let mut command = Command::new(if already { "env" } else { "sudo" });
    if !already {
        command.args(["-n", "env"]);
    }
    // As an argument, since sudo does not pass the environment on.
    command.args(["DEBIAN_FRONTEND=noninteractive", program]);
    command
}

/// The tests' Python environment: a venv in the cache folder with the packages that `tools/python.txt` pins. It is
/// made anew whenever that file changes, and when the Python that it was made with is gone.
///
/// The venv is made without pip, because Debian splits off what puts pip into one; the machine's own pip fills it.
///
/// # Errors
/// What failed.
pub(crate) fn python(root: &Path) -> Result<PathBuf, String> {
    let pins = root.join("tools/python.txt");
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let venv = cache()?.join("test-python");
    let mark = venv.join("edgebench-pins.txt");
    let interpreter = venv.join("bin/python");
    if interpreter.exists() && std::fs::read_to_string(&mark).is_ok_and(|had| had == wanted) {
        return Ok(interpreter);
    }
    if offline() {
        return Err(
            "the tests' Python packages are not in the cache and EDGEBENCH_OFFLINE=1 forbids getting them".into(),
        );
    }
    has_pip()?;
    println!(
        "making the tests' Python environment in {} (about 105 MB to get)",
        venv.display()
    );
    must(
        Command::new("python3")
            .args(["-m", "venv", "--clear", "--without-pip"])
            .arg(&venv),
    )?;
    must(
        Command::new("python3")
            .args(["-m", "pip", "--python"])
            .arg(&interpreter)
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
            .arg(&pins),
    )?;
    std::fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))?;
    Ok(interpreter)
}

/// Where a venv's packages lie: `lib/python3.*/site-packages`.
pub(crate) fn site_packages(interpreter: &Path) -> Option<PathBuf> {
    std::fs::read_dir(interpreter.parent()?.parent()?.join("lib"))
        .ok()?
        .filter_map(Result::ok)
        .map(|python| python.path().join("site-packages"))
        .find(|folder| folder.is_dir())
}

/// Whether `python3` is there with a pip that can install into another Python's folders.
fn has_pip() -> Result<(), String> {
    let output = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .output()
        .map_err(|error| format!("python3 cannot be started: {error}"))?;
    if !output.status.success() {
        return Err("python3 has no pip (Debian: python3-pip)".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    match pip_version(&said) {
        Some(version) if version >= PIP => Ok(()),
        Some((major, minor)) => Err(format!(
            "pip {major}.{minor} cannot install into a venv from outside; {}.{} and later can",
            PIP.0, PIP.1
        )),
        None => Err(format!("pip does not say its version: {}", said.trim())),
    }
}

/// The first pip that has `--python`.
const PIP: (u32, u32) = (22, 3);

/// Major and minor of `pip 23.2.1 from …`.
fn pip_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix("pip ")?.split([' ', '.']);
    // A release candidate's minor is `3b1`.
    let digits = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok()
    };
    Some((digits(numbers.next()?)?, numbers.next().map_or(Some(0), digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_says_its_version() {
        let from = "from /usr/lib/python3/dist-packages/pip (python 3.13)";
        assert_eq!(pip_version(&format!("pip 23.2.1 {from}")), Some((23, 2)));
        assert_eq!(pip_version(&format!("pip 22.3 {from}")), Some(PIP));
        assert_eq!(pip_version(&format!("pip 26.0b1 {from}")), Some((26, 0)));
        assert_eq!(pip_version("No module named pip"), None);
        assert!(Some((9, 10)) < Some(PIP));
    }

    #[test]
    fn sudo_never_asks() {
        let words = |command: Command| -> Vec<String> {
            std::iter::once(command.get_program())
                .chain(command.get_args())
                .map(|word| word.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(
            words(as_root(false, "dpkg")).join(" "),
            "sudo -n env DEBIAN_FRONTEND=noninteractive dpkg"
        );
        assert_eq!(
            words(as_root(true, "dpkg")).join(" "),
            "env DEBIAN_FRONTEND=noninteractive dpkg"
        );
    }
}
