//! Gates on this machine whose truth is known: real processes, ONNX Runtime, the bundled fp32 model.
//!
//! The slower side is the same session plus fixed work (`harness/cli/examples/slower_worker.rs`), calibrated here to 3 %
//! of the median. Every gate is a line in `target/noise/real.jsonl`, so that the run goes on where it ended.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Load;
use super::machine::machine;
use super::tally::{Tally, Trial, demonstrated, table};

/// Of six gates five are A/A and one has the slowdown: about 299 to 59.
const CYCLE: usize = 6;

pub(super) const SLOWDOWN: f64 = 0.03;

/// Gates whose median estimate is one step of the calibration.
const CALIBRATING: u64 = 10;

/// The steps of work that the first calibrating gates are made with.
const FIRST_GUESS: f64 = 4_000.0;

/// Where the counts are kept.
pub(super) fn folder() -> PathBuf {
    std::env::var_os("EDGEBENCH_NOISE").map_or_else(|| Path::new("target").join("noise"), PathBuf::from)
}

/// The binaries that are tried: built here, or those in `EDGEBENCH_NOISE_BIN`, so that a long run outlives a build.
pub(super) fn binaries() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("EDGEBENCH_NOISE_BIN") {
        return Ok(folder.into());
    }
    let status = Command::new("cargo")
        .args(["build", "--release", "--bins", "--examples"])
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !status.success() {
        return Err("the release build failed".to_owned());
    }
    let bin = folder().join("bin");
    fs::create_dir_all(&bin).map_err(|error| format!("{}: {error}", bin.display()))?;
    for (from, name) in [
        ("target/release", "edgebench"),
        ("target/release/examples", "slower_worker"),
        ("target/release/examples", "slower_peers"),
    ] {
        let from = Path::new(from).join(name);
        let to = bin.join(name);
        // A running binary cannot be written to, but it can be replaced.
        let _ = fs::remove_file(&to);
        fs::copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    Ok(bin)
}

/// Runs gates for so long, calibrating first where nobody has.
pub(super) fn run(length: Duration) -> Result<bool, String> {
    let bin = binaries()?;
    let folder = folder();
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let begin = Instant::now();
    let work = calibrated(&bin, &folder)?;
    let path = folder.join("real.jsonl");
    while begin.elapsed() < length {
        let number = lines::<Trial>(&path)?.len();
        let slow = number % CYCLE == CYCLE - 1;
        // Half of either kind with the other core loaded.
        let of_its_kind = if slow { number / CYCLE } else { number - number / CYCLE };
        let loaded = of_its_kind % 2 == 1;
        let load = if loaded { Some(Load::start()?) } else { None };
        let trial = gate(&bin, &folder, if slow { work } else { 0 }, number as u64);
        drop(load);
        let trial = Trial {
            truth: if slow { SLOWDOWN } else { 0.0 },
            loaded,
            ..trial?
        };
        println!(
            "{number}: {}{}: {} ({} restarts, {:.1} s)",
            if slow { "+3 %" } else { "A/A" },
            if loaded { ", loaded" } else { "" },
            trial.verdict,
            trial.restarts[0],
            trial.seconds
        );
        let line = serde_json::to_string(&trial).map_err(|error| error.to_string())?;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| writeln!(file, "{line}"))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    report()
}

/// Prints what was counted so far. False where an alarm or a miss is too many for what is claimed.
pub(super) fn report() -> Result<bool, String> {
    let trials: Vec<Trial> = lines(&folder().join("real.jsonl"))?;
    println!("{}\n", machine());
    println!("{}", table(&trials));
    let (alarms, power) = demonstrated(&trials);
    println!(
        "demonstrated with 95 % confidence: {}; {}",
        alarms.unwrap_or("nothing yet on false alarms"),
        power.unwrap_or("nothing yet on power")
    );
    let quiet = Tally::of(trials.iter().filter(|trial| trial.truth == 0.0));
    let slow = Tally::of(trials.iter().filter(|trial| trial.truth > 0.0));
    estimates(&trials);
    spreads(&trials);
    Ok(quiet.regressed <= 1 && slow.gates - slow.regressed <= 1 && quiet.longest_s.max(slow.longest_s) <= 62.0)
}

/// What the injected slowdown was estimated at: the work is fixed, and the model's own time is not.
fn estimates(trials: &[Trial]) {
    for (name, loaded) in [("idle", false), ("one core loaded", true)] {
        let of = |trial: &&Trial| trial.truth > 0.0 && trial.loaded == loaded;
        let estimates: Vec<f64> = trials.iter().filter(of).filter_map(|trial| trial.estimate).collect();
        if let Some(summary) = edgebench_stats::summarise(&estimates) {
            println!(
                "injected, {name}: estimated at {:.2} % in the median, {:.2} to {:.2} %",
                summary.median * 100.0,
                summary.min * 100.0,
                summary.max * 100.0
            );
        }
    }
}

/// How far single restarts scatter, by how busy the machine was.
fn spreads(trials: &[Trial]) {
    println!("\n| tasks waited for a processor | restarts | spread of a restart's log ratio |\n|---|---:|---:|");
    for (low, high) in [(0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.01)] {
        let within: Vec<f64> = trials
            .iter()
            .filter(|trial| trial.truth == 0.0)
            .flat_map(|trial| &trial.samples)
            .filter(|[_, pressure]| (low..high).contains(pressure))
            .map(|&[ratio, _]| ratio)
            .collect();
        if let Some(spread) = edgebench_stats::sequential::spread(&within) {
            println!(
                "| {:.0}–{:.0} % of the time | {} | {:.2} % |",
                low * 100.0,
                f64::min(high, 1.0) * 100.0,
                within.len(),
                spread * 100.0
            );
        }
    }
}

/// The lines of a file of results; none where it is not there.
pub(super) fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, String> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(Vec::new());
    };
    // A last line that was cut off is done again.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    whole
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display())))
        .collect()
}

/// The steps of work that make the fp32 model 3 % slower: measured by gates, kept in a file, and shown.
pub(super) fn calibrated(bin: &Path, folder: &Path) -> Result<u64, String> {
    let path = folder.join("extra_work");
    if let Ok(text) = fs::read_to_string(&path) {
        return text
            .trim()
            .parse()
            .map_err(|_| format!("{} holds no number", path.display()));
    }
    let mut work = FIRST_GUESS;
    for round in 0..3_u64 {
        let mut ratios = Vec::new();
        for number in 0..CALIBRATING {
            // As in the gates that follow, half of them loaded.
            let load = if number % 2 == 1 { Some(Load::start()?) } else { None };
            ratios.extend(gate(bin, folder, work as u64, 1_000 * round + number)?.estimate);
            drop(load);
        }
        let ratio = edgebench_stats::median(&ratios).ok_or("the calibrating gates have no estimates")?;
        println!(
            "calibrating: {work:.0} steps make it {:.2} % slower (median of {CALIBRATING})",
            ratio * 100.0
        );
        if (ratio - SLOWDOWN).abs() < 0.001 {
            break;
        }
        work = (work * SLOWDOWN / ratio).round();
    }
    fs::write(&path, format!("{work:.0}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(work as u64)
}

/// One gate between no extra work and so much.
pub(super) fn gate(bin: &Path, folder: &Path, work: u64, seed: u64) -> Result<Trial, String> {
    let output = folder.join("gate");
    let begin = Instant::now();
    let status = Command::new(bin.join("edgebench"))
        .args([
            "gate",
            "live",
            "suites/starter",
            "--task",
            "fashion",
            "--variant",
            "fp32",
            "--backend",
            "ort",
        ])
        .arg("--worker")
        .arg(bin.join("slower_worker"))
        .args(["--baseline", "ort.extra_work=0"])
        .args(["--candidate".to_owned(), format!("ort.extra_work={work}")])
        .args(["--seed".to_owned(), seed.to_string()])
        .arg("--output")
        .arg(&output)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("the gate cannot be started: {error}"))?;
    let seconds = begin.elapsed().as_secs_f64();
    let text = fs::read_to_string(output.join("gate.json"))
        .map_err(|error| format!("the gate ended with {status} and left no record: {error}"))?;
    let record: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let _ = fs::remove_dir_all(&output);
    let verdict = &record["verdicts"][0];
    let restarts = record["cells"][0]["restarts"].as_array().cloned().unwrap_or_default();
    let rejected = restarts
        .iter()
        .filter(|restart| restart.get("rejected").is_some())
        .count();
    Ok(Trial {
        truth: 0.0,
        loaded: false,
        verdict: verdict["kind"].as_str().unwrap_or("none").to_owned(),
        estimate: verdict["change"]["estimate"].as_f64(),
        restarts: [restarts.len() - rejected, rejected],
        seconds,
        at: record["finished_at"].as_str().unwrap_or_default().to_owned(),
        samples: restarts
            .iter()
            .filter_map(|restart| {
                let ratio = restart["log_ratio"]["latency_p50"].as_f64()?;
                Some([ratio, restart["quality"]["pressure"].as_f64().unwrap_or(0.0)])
            })
            .collect(),
    })
}
