//! Records to put into histories: the golden one with some of it changed.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

const GOLDEN: &str = include_str!("../../../record/tests/golden/record-v1.json");

/// A folder with a history at `.edgebench/history.db` and runs in `runs`.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path(".edgebench/history.db")
    }

    /// Writes the record of the run of a day, with a median latency in microseconds and `edit`.
    pub(crate) fn run(&self, day: usize, p50_us: f64, edit: impl FnOnce(&mut Value)) -> PathBuf {
        self.write(&format!("runs/{day:03}"), day, p50_us, edit)
    }

    pub(crate) fn write(&self, folder: &str, day: usize, p50_us: f64, edit: impl FnOnce(&mut Value)) -> PathBuf {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("record.json");
        fs::write(&path, serde_json::to_vec(&record(day, p50_us, edit)).unwrap()).unwrap();
        path
    }
}

pub(crate) fn record(day: usize, p50_us: f64, edit: impl FnOnce(&mut Value)) -> Value {
    let mut record: Value = serde_json::from_str(GOLDEN).unwrap();
    record["id"] = json!(format!("2026{day:04}-run"));
    let (month, date) = (day / 28 + 1, day % 28 + 1);
    record["started_at"] = json!(format!("2026-{month:02}-{date:02}T12:00:00Z"));
    record["finished_at"] = json!(format!("2026-{month:02}-{date:02}T12:01:00Z"));
    let latency = &mut record["cells"][0]["summary"]["latency"];
    latency["p50_ns"] = json!(1e3 * p50_us);
    latency["percentiles"][0]["empirical_ns"] = json!(1e3 * p50_us);
    record["tasks"][0]["inputs"] = json!("digits.safetensors");
    record["tasks"][0]["data_sha256"] = json!("3".repeat(64));
    edit(&mut record);
    record
}
