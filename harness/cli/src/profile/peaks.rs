//! What this machine can do at most, kept from one profile to the next.

use std::fs;
use std::path::{Path, PathBuf};

use edgebench_api::Peaks;
use edgebench_runner::host::HostWatch;
use serde::{Deserialize, Serialize};

use crate::get::cache_folder;

/// The version of the file that this code writes.
const SCHEMA: u32 = 1;

/// Peaks that were measured, with the machine that they are of.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptPeaks {
    schema: u32,
    /// They are another machine's where one of these differs.
    machine: Machine,
    pub(super) peaks: Vec<Peaks>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Machine {
    cpu_model: Option<String>,
    logical_cpus: Option<usize>,
    /// Of the edgebench whose kernels measured.
    version: String,
}

impl Machine {
    fn this() -> Self {
        let host = HostWatch::start(Path::new("/"));
        Self {
            cpu_model: host.facts().cpu_model.clone(),
            logical_cpus: host.facts().logical_cpus,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Where peaks are kept.
fn place() -> Option<PathBuf> {
    Some(cache_folder()?.join("peaks.json"))
}

/// The peaks of this machine that are kept; none where there is no file of this machine.
pub(super) fn kept() -> Vec<Peaks> {
    place().map(|place| read(&place, &Machine::this())).unwrap_or_default()
}

fn read(place: &Path, machine: &Machine) -> Vec<Peaks> {
    let text = fs::read(place).unwrap_or_default();
    match serde_json::from_slice::<KeptPeaks>(&text) {
        Ok(kept) if kept.schema == SCHEMA && kept.machine == *machine => kept.peaks,
        // A file of another machine or version, or a damaged one, is written anew.
        _ => Vec::new(),
    }
}

/// Keeps peaks. What cannot be kept is measured again the next time.
pub(super) fn keep(peaks: &[Peaks]) {
    let Some(place) = place() else { return };
    let kept = KeptPeaks {
        schema: SCHEMA,
        machine: Machine::this(),
        peaks: peaks.to_vec(),
    };
    let Ok(text) = serde_json::to_vec_pretty(&kept) else {
        return;
    };
    if let Some(folder) = place.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let _ = fs::write(&place, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_of_another_machine_are_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("peaks.json");
        let machine = Machine {
            cpu_model: Some("a".to_owned()),
            logical_cpus: Some(2),
            version: "1".to_owned(),
        };
        let peaks = vec![Peaks {
            threads: 1,
            ..Peaks::default()
        }];
        let kept = KeptPeaks {
            schema: SCHEMA,
            machine: machine.clone(),
            peaks: peaks.clone(),
        };
        fs::write(&place, serde_json::to_vec(&kept).unwrap()).unwrap();
        assert_eq!(read(&place, &machine), peaks);
        let other = Machine {
            logical_cpus: Some(4),
            ..machine.clone()
        };
        assert_eq!(read(&place, &other), []);
        fs::write(&place, "{").unwrap();
        assert_eq!(read(&place, &machine), []);
        assert_eq!(read(&folder.path().join("none"), &machine), []);
    }
}
