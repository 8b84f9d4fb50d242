//! How far a cell's peak memory repeats: the coefficient of variation over fresh processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::system::must;

/// Fresh processes of a cell.
const INVOCATIONS: &str = "10";

/// The coefficient of variation that a cell's peak must stay within.
const MOST: f64 = 0.01;

/// The phases of an invocation, as the record names them.
const PHASES: [&str; 4] = ["baseline", "loaded", "first", "steady"];

/// Runs the starter suite with ten invocations for each cell and prints each cell's coefficient of variation. The binary is
/// the release build's, or the one that `EDGEBENCH_BIN` names; with a record's folder as argument nothing is run. Returns
/// whether every cell stays within 1 %.
///
/// # Errors
/// When the run fails, or its record cannot be read.
pub(crate) fn run(folder: Option<&str>) -> Result<bool, String> {
    let folder = match folder {
        Some(folder) => PathBuf::from(folder),
        None => measure()?,
    };
    let path = folder.join("record.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let record: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut within = true;
    let mut cells = 0;
    println!("| cell | invocations | peak | coefficient of variation |\n|---|--:|--:|--:|");
    for cell in record["cells"].as_array().into_iter().flatten() {
        let invocations = cell["invocations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let peaks: Vec<f64> = invocations.iter().filter_map(peak).collect();
        let Some((mean, variation)) = variation(&peaks) else {
            continue;
        };
        let id = ["task", "variant", "backend"].map(|name| cell["id"][name].as_str().unwrap_or("?"));
        let above = if variation > MOST { " above" } else { "" };
        println!(
            "| {} | {} | {:.1} MiB | {:.2} %{above} |",
            id.join("/"),
            peaks.len(),
            mean / 1_048_576.0,
            variation * 100.0
        );
        within &= variation <= MOST;
        cells += 1;
    }
    if cells == 0 {
        return Err(format!("{} has no cell with two invocations", path.display()));
    }
    Ok(within)
}

fn measure() -> Result<PathBuf, String> {
    let binary = if let Some(binary) = std::env::var_os("EDGEBENCH_BIN") {
        PathBuf::from(binary)
    } else {
        must(Command::new("cargo").args(["build", "--release", "-p", "edgebench"]))?;
        Path::new("target").join("release").join("edgebench")
    };
    let folder = Path::new("target").join("figures").join("memory");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    must(
        Command::new(binary)
            .args(["run", "starter", "--invocations", INVOCATIONS, "--samples", "100"])
            .args(["--warmup-secs", "0.1", "--min-secs", "0.2", "--output"])
            .arg(&folder),
    )?;
    Ok(folder)
}

/// The largest resident set of an invocation, in bytes.
fn peak(invocation: &Value) -> Option<f64> {
    let phases = PHASES
        .iter()
        .filter_map(|phase| invocation["memory"][phase]["peak_rss_bytes"].as_f64());
    phases.reduce(f64::max)
}

/// The mean, and the sample standard deviation over it; `None` for fewer than two values.
fn variation(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (squares / (values.len() - 1) as f64).sqrt() / mean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variation_is_that_of_a_sample() {
        let (mean, found) = variation(&[9.0, 10.0, 11.0]).unwrap();
        assert!((mean - 10.0).abs() < 1e-12 && (found - 0.1).abs() < 1e-12);
        assert_eq!(variation(&[1.0]), None);
    }

    #[test]
    fn the_peak_is_the_largest_of_the_phases() {
        let invocation = serde_json::json!({ "memory": {
            "baseline": { "peak_rss_bytes": 3 }, "loaded": { "peak_rss_bytes": 9 }, "first": null, "steady": {},
        }});
        assert_eq!(peak(&invocation), Some(9.0));
        assert_eq!(peak(&serde_json::json!({})), None);
    }
}
