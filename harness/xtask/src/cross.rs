//! Building for 64-bit Arm, with Debian's compiler where rustup has no standard library for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::Outcome;
use crate::system::{apt, cargo, is_root, must, passes, root, target_folder};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const SYSROOT: &str = "/usr/aarch64-linux-gnu";
const PACKAGES: &[&str] = &[
    "rustc-web",
    "libstd-rust-web-dev:arm64",
    "gcc-aarch64-linux-gnu",
    "g++-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "qemu-user",
];

/// Which compiler builds for the target.
enum Compiler {
    /// The toolchain in use has the target's standard library.
    Rustup,
    /// Debian's `rustc-web` has it.
    Debian(PathBuf),
}

/// Builds edgebench for the target and runs the starter suite under emulation. Times of such a run mean nothing; its
/// accuracies do.
///
/// # Errors
/// What failed.
pub(crate) fn run() -> Result<bool, String> {
    let root = root()?;
    let compiler = tools(is_root())?;
    let built = passes(command(&root, &compiler).args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--package",
        "edgebench",
        "--no-default-features",
        "--features",
        "tract",
    ]));
    if built != Outcome::Passed {
        return Ok(false);
    }
    let binary = cross_folder(&root).join(TARGET).join("release/edgebench");
    // Debian's own libraries for the target lie on the search path as well, and do not go with this loader.
    let emulator = format!("qemu-aarch64 -L {SYSROOT} -E LD_LIBRARY_PATH={SYSROOT}/lib");
    let emulated = |arguments: &[&str]| {
        let mut words = emulator.split(' ');
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .current_dir(&root)
            .env("EDGEBENCH_EMULATED", "1")
            .args(words)
            .arg(&binary)
            .args(arguments)
            .args(["--worker-prefix", &emulator]);
        passes(&mut command)
    };
    // As many samples as let an accuracy be shown; an emulated inference takes up to a second.
    let quick = ["run", "starter", "--quick", "--samples", "100", "--timeout", "600s"];
    let tract = emulated(&[&quick[..], &["--backend", "tract"]].concat());
    // `null` computes nothing, so it has no outputs to be right: it shows that worker and runner work there.
    let model = "suites/starter/fashion/models/fp32.onnx";
    let null = emulated(&["run", "--model", model, "--quick", "--backend", "null"]);
    Ok(tract == Outcome::Passed && null == Outcome::Passed)
}

/// Checks that the whole workspace compiles for the target.
pub(crate) fn check(root: &Path, install: bool) -> Outcome {
    match tools(install) {
        Ok(compiler) => passes(command(root, &compiler).args(["check", "--quiet", "--workspace", "--target", TARGET])),
        Err(why) => Outcome::NotRun(why),
    }
}

fn cross_folder(root: &Path) -> PathBuf {
    target_folder(root).join("cross")
}

/// `cargo` with the target's compiler and linker. It has a target folder of its own, since another compiler makes it.
fn command(root: &Path, compiler: &Compiler) -> Command {
    let mut command = cargo(root);
    command
        .env("CARGO_TARGET_DIR", cross_folder(root))
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER)
        .env("CC_aarch64_unknown_linux_gnu", LINKER);
    if let Compiler::Debian(rustc) = compiler {
        command.env("RUSTC", rustc);
    }
    command
}

/// Finds the compiler and the linker, or gets them with apt where it may.
fn tools(install: bool) -> Result<Compiler, String> {
    if let Some(found) = found() {
        return Ok(found);
    }
    if !install {
        return Err(format!(
            "no Rust standard library or linker for {TARGET}; `rustup target add {TARGET}` and Debian's \
             gcc-aarch64-linux-gnu, or `cargo xtask test --install`"
        ));
    }
    apt(Some("arm64"), PACKAGES)?;
    found().ok_or_else(|| format!("apt installed {PACKAGES:?}, but no compiler for {TARGET} was found"))
}

fn found() -> Option<Compiler> {
    must(
        Command::new(LINKER)
            .arg("--version")
            .stdout(std::process::Stdio::null()),
    )
    .ok()?;
    if has_standard_library(Path::new("rustc")) {
        return Some(Compiler::Rustup);
    }
    let debian = Path::new("/usr/bin/rustc");
    has_standard_library(debian).then(|| Compiler::Debian(debian.to_path_buf()))
}

/// Whether a compiler has the target's standard library.
fn has_standard_library(rustc: &Path) -> bool {
    let Ok(output) = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
    else {
        return false;
    };
    let folder = String::from_utf8_lossy(&output.stdout);
    std::fs::read_dir(folder.trim()).is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
    })
}
