//! The same A/A and +3 % pairs, judged the ways people judge them: two criterion runs after each other, hyperfine, a mean
//! with a threshold, and edgebench.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::machine::machine;
use super::real::{SLOWDOWN, binaries, calibrated, folder, gate, lines};

/// Inferences that hyperfine times as one run of the program, some 0.4 s; loading the model is 7 % of it.
const REPEAT: &str = "3000";

/// The mean that many CI scripts take.
const MEAN_SECONDS: &str = "1";

/// The threshold that many CI scripts hold it against.
const MEAN_THRESHOLD: f64 = 1.05;

const HYPERFINE: &str = "1.20.0";

/// Who judges.
const JUDGES: [&str; 4] = [
    "criterion 0.8, defaults, one run after the other",
    "hyperfine 1.20, defaults, slower by more than its ±",
    "mean of 1 s each, alarm above +5 %",
    "edgebench gate live, defaults",
];

/// One pair and who raised an alarm.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pair {
    /// The injected slowdown.
    truth: f64,
    /// By each of [`JUDGES`].
    alarms: [bool; 4],
    /// How long each took.
    seconds: [f64; 4],
}

/// Runs pairs for so long, A/A and +3 % in turns.
pub(super) fn run(length: Duration) -> Result<bool, String> {
    let bin = binaries()?;
    let folder = folder();
    let hyperfine = hyperfine(&folder)?;
    let work = calibrated(&bin, &folder)?;
    let path = folder.join("peers.jsonl");
    let begin = Instant::now();
    while begin.elapsed() < length {
        let number = lines::<Pair>(&path)?.len();
        let slow = number % 2 == 1;
        let candidate = if slow { work } else { 0 };
        let mut seconds = [0.0; 4];
        let mut timed = |index: usize, judge: &mut dyn FnMut() -> Result<bool, String>| {
            let begin = Instant::now();
            let alarm = judge();
            seconds[index] = begin.elapsed().as_secs_f64();
            alarm
        };
        let alarms = [
            timed(0, &mut || criterion(&bin, &folder, candidate))?,
            timed(1, &mut || by_hyperfine(&hyperfine, &bin, &folder, candidate))?,
            timed(2, &mut || Ok(mean(&bin, candidate)? / mean(&bin, 0)? > MEAN_THRESHOLD))?,
            timed(3, &mut || {
                Ok(gate(&bin, &folder, candidate, number as u64)?.verdict == "regressed")
            })?,
        ];
        let pair = Pair {
            truth: if slow { SLOWDOWN } else { 0.0 },
            alarms,
            seconds,
        };
        println!("{number}: {pair:?}");
        let line = serde_json::to_string(&pair).map_err(|error| error.to_string())?;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| writeln!(file, "{line}"))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    report()
}

/// Prints who was wrong how often.
fn report() -> Result<bool, String> {
    let pairs: Vec<Pair> = lines(&folder().join("peers.jsonl"))?;
    let mut text = format!(
        "{}\n\n| judge | false alarms of A/A | +3 % missed | mean s a pair |\n|---|---:|---:|---:|\n",
        machine()
    );
    for (index, name) in JUDGES.into_iter().enumerate() {
        let quiet: Vec<&Pair> = pairs.iter().filter(|pair| pair.truth == 0.0).collect();
        let slow: Vec<&Pair> = pairs.iter().filter(|pair| pair.truth > 0.0).collect();
        let alarms = quiet.iter().filter(|pair| pair.alarms[index]).count();
        let missed = slow.iter().filter(|pair| !pair.alarms[index]).count();
        let seconds: f64 = pairs.iter().map(|pair| pair.seconds[index]).sum();
        let _ = writeln!(
            text,
            "| {name} | {alarms} of {} | {missed} of {} | {:.1} |",
            quiet.len(),
            slow.len(),
            seconds / pairs.len().max(1) as f64
        );
    }
    println!("{text}");
    Ok(!pairs.is_empty())
}

/// Hyperfine at a pinned version, built once.
fn hyperfine(folder: &Path) -> Result<std::path::PathBuf, String> {
    let root = std::path::absolute(folder)
        .map_err(|error| error.to_string())?
        .join("hyperfine");
    let program = root.join("bin").join("hyperfine");
    if !program.is_file() {
        let status = Command::new("cargo")
            .args([
                "install",
                "--locked",
                "--quiet",
                "hyperfine",
                "--version",
                HYPERFINE,
                "--root",
            ])
            .arg(&root)
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return Err("hyperfine could not be installed with cargo".to_owned());
        }
    }
    Ok(program)
}

/// The command that does the inference with so much extra work.
fn peer(bin: &Path, work: u64) -> Command {
    let mut command = Command::new(bin.join("slower_peers"));
    command
        .env("MODEL", "suites/starter/fashion/models/fp32.onnx")
        .env("EXTRA_WORK", work.to_string())
        .stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Criterion's own word after a baseline and a candidate run.
fn criterion(bin: &Path, folder: &Path, work: u64) -> Result<bool, String> {
    let home = folder.join("criterion");
    let _ = fs::remove_dir_all(&home);
    let run = |work: u64, which: &str| {
        output(
            peer(bin, work)
                .env("CRITERION_HOME", &home)
                .args(["criterion", "--bench", "--noplot", which, "base"]),
        )
    };
    run(0, "--save-baseline")?;
    Ok(run(work, "--baseline")?.contains("Performance has regressed"))
}

/// Whether the candidate's mean is above the baseline's by more than the error that hyperfine prints of the ratio.
fn by_hyperfine(program: &Path, bin: &Path, folder: &Path, work: u64) -> Result<bool, String> {
    let export = folder.join("hyperfine.json");
    let inference = |work: u64| {
        format!(
            "env MODEL=suites/starter/fashion/models/fp32.onnx EXTRA_WORK={work} {} repeat {REPEAT}",
            bin.join("slower_peers").display()
        )
    };
    let mut command = Command::new(program);
    command.args(["--shell=none", "--export-json"]).arg(&export);
    output(command.args([inference(0), inference(work)]).stdin(Stdio::null()))?;
    let text = fs::read_to_string(&export).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let figure = |index: usize, name: &str| value["results"][index][name].as_f64().ok_or("hyperfine gave no figure");
    let (before, after) = (figure(0, "mean")?, figure(1, "mean")?);
    let relative = |index: usize, mean: f64| Ok::<f64, &str>(figure(index, "stddev")? / mean);
    let ratio = after / before;
    let error = ratio * relative(0, before)?.hypot(relative(1, after)?);
    Ok(ratio - error > 1.0)
}

fn mean(bin: &Path, work: u64) -> Result<f64, String> {
    let printed = output(peer(bin, work).args(["mean", MEAN_SECONDS]))?;
    printed
        .trim()
        .parse()
        .map_err(|_| format!("`{}` is no mean", printed.trim()))
}
