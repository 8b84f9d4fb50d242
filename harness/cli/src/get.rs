//! Fetches ONNX Runtime's shared library into the cache, through pip, at a pinned hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use edgebench_api::{Bytes, ErrorKind};
use edgebench_runner::{WorkerCommand, WorkerFailure};

use crate::args::RuntimeArgs;
use crate::failure::{Doing as _, Failure};
use crate::output::tell;
use crate::workers::probe;

const VERSION: &str = "1.31.1";

/// The backend that needs it.
const BACKEND: &str = "ort";

/// One pinned wheel of the `onnxruntime` package.
struct Wheel {
    platform: &'static str,
    sha256: &'static str,
    /// What is downloaded, in bytes.
    bytes: u64,
}

/// The wheel for this machine; absent where none is pinned.
fn wheel() -> Option<Wheel> {
    if !cfg!(target_os = "linux") || !cfg!(target_env = "gnu") {
        return None;
    }
    match std::env::consts::ARCH {
        "x86_64" => Some(Wheel {
            platform: "manylinux_2_28_x86_64",
            sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
            bytes: 23_800_000,
        }),
        "aarch64" => Some(Wheel {
            platform: "manylinux_2_28_aarch64",
            sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
            bytes: 21_413_526,
        }),
        _ => None,
    }
}

/// The folder in which fetched files are kept: `$EDGEBENCH_CACHE`, or `edgebench` in the user's cache folder.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("EDGEBENCH_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("edgebench")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache").join("edgebench")))
}

/// Sees to it that ONNX Runtime is there when it is asked for. What cannot be had is told on standard error, and its
/// cells become `unavailable`; nothing else stops for it.
pub(crate) fn ensure(args: &RuntimeArgs, command: &WorkerCommand) {
    // A worker on another machine has its own libraries, and a library that is named is the user's affair.
    let named = std::env::var_os("ORT_DYLIB_PATH").is_some_and(|path| !path.is_empty());
    if args.worker_prefix.is_some() || args.worker.is_some() || args.ort_dylib.is_some() || named {
        return;
    }
    match probe(BACKEND, command) {
        Err(WorkerFailure::Answered(error)) if error.kind == ErrorKind::Unavailable => {}
        _ => return,
    }
    if args.offline {
        tell("note: ONNX Runtime is not on this machine, and --offline forbids fetching it");
        return;
    }
    if let Err(failure) = fetch() {
        tell(format_args!(
            "warning: ONNX Runtime could not be fetched\n{}",
            failure.to_string().trim_end()
        ));
    }
}

/// Downloads the wheel, takes the library and its notices out, and moves them into their place in one step.
fn fetch() -> Result<(), Failure> {
    let wheel = wheel().ok_or_else(|| {
        Failure::new(format!(
            "no ONNX Runtime is pinned for {} {}",
            std::env::consts::ARCH,
            std::env::consts::OS
        ))
    })?;
    let cache = cache_folder().ok_or_else(|| Failure::new("there is no cache folder").hint("set EDGEBENCH_CACHE"))?;
    fs::create_dir_all(&cache).doing(format_args!("create the cache folder `{}`", cache.display()))?;
    let place = cache.join(format!("onnxruntime-{VERSION}"));
    tell(format_args!(
        "fetching ONNX Runtime {VERSION} through pip into {} ({:.1} MB)",
        place.display(),
        wheel.bytes as f64 / 1e6
    ));
    // In the cache itself, so that the last step is a rename within one file system.
    let work = tempfile::tempdir_in(&cache).doing("make a temporary folder in the cache")?;
    let requirements = work.path().join("requirements.txt");
    fs::write(
        &requirements,
        format!("onnxruntime=={VERSION} --hash=sha256:{}\n", wheel.sha256),
    )
    .doing("write pip's list of requirements")?;
    python(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "--no-deps",
            ])
            .args(["--only-binary=:all:", "--platform", wheel.platform])
            .args(["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"])
            .arg("--dest")
            .arg(work.path())
            .arg("--requirement")
            .arg(&requirements),
        "pip download",
    )?;
    let ready = unpack(work.path())?;
    let library = place.join(format!("libonnxruntime.so.{VERSION}"));
    // What lies there is not what can be opened, or nothing would have been fetched.
    let _ = fs::remove_dir_all(&place);
    match fs::rename(&ready, &place) {
        // Another run was faster.
        Err(_) if library.is_file() => {}
        result => result.doing(format_args!("move the library to `{}`", place.display()))?,
    }
    let size = fs::metadata(&library).map_or(0, |file| file.len());
    tell(format_args!("fetched {} ({})", library.display(), Bytes(size)));
    Ok(())
}

/// Takes the library out of the wheel in the folder, and the notices that must go wherever it goes. Returns the folder
/// that holds them.
fn unpack(folder: &Path) -> Result<PathBuf, Failure> {
    let wheel = fs::read_dir(folder)
        .doing("read the temporary folder")?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Failure::new("pip has downloaded no wheel"))?;
    let library = format!("onnxruntime/capi/libonnxruntime.so.{VERSION}");
    let members = [
        library.as_str(),
        "onnxruntime/LICENSE",
        "onnxruntime/ThirdPartyNotices.txt",
    ];
    python(
        Command::new("python3")
            .args([
                "-c",
                "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2], sys.argv[3:])",
            ])
            .arg(&wheel)
            .arg(folder)
            .args(members),
        "unpacking the wheel",
    )?;
    let ready = folder.join("ready");
    fs::create_dir(&ready).doing("make a temporary folder in the cache")?;
    for member in members.map(|member| folder.join(member)) {
        let name = member.file_name().unwrap_or_default();
        fs::rename(&member, ready.join(name)).doing(format_args!("move `{}`", member.display()))?;
    }
    Ok(ready)
}

fn python(command: &mut Command, what: &str) -> Result<(), Failure> {
    let output = command
        .output()
        .doing("start python3")
        .map_err(|failure| failure.hint("install Python 3 with pip"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .to_owned();
    let failure = if last.is_empty() {
        Failure::new(output.status.to_string())
    } else {
        Failure::new(last)
    };
    Err(failure.context(format!("{what} failed")))
}
