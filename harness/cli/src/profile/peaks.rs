//! What this machine can do at most, kept from one profile to the next.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use edgebench_api::{Bandwidth, ComputeRate, Peaks};
use edgebench_runner::host::HostWatch;
use serde::{Deserialize, Serialize};

use crate::get::cache_folder;
use crate::output::tell;

/// The version of the file that this code writes.
const SCHEMA: u32 = 2;

/// Peaks that are older are measured anew: a machine may have been given other memory, or another host.
const OLDEST_S: u64 = 30 * DAY_S;
const DAY_S: u64 = 24 * 60 * 60;

/// Peaks that were measured, with the machine that they are of.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct KeptPeaks {
    schema: u32,
    /// They are another machine's where one of these differs.
    machine: Machine,
    peaks: Vec<Kept>,
}

/// Peaks at one number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// When the oldest of their figures was measured, in seconds since 1970.
    measured_s: u64,
    pub(super) peaks: Peaks,
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

/// Seconds since 1970.
fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// The peaks of this machine that are kept and not too old.
pub(super) fn kept() -> Vec<Kept> {
    place()
        .map(|place| read(&place, &Machine::this(), now_s()))
        .unwrap_or_default()
}

fn read(place: &Path, machine: &Machine, now_s: u64) -> Vec<Kept> {
    let text = fs::read(place).unwrap_or_default();
    match serde_json::from_slice::<KeptPeaks>(&text) {
        Ok(mut kept) if kept.schema == SCHEMA && kept.machine == *machine => {
            // What is of the future is of a clock that was wrong.
            let is_fresh = |kept: &Kept| {
                let age_s = now_s.checked_sub(kept.measured_s);
                age_s.is_some_and(|age_s| age_s <= OLDEST_S)
            };
            kept.peaks.retain(is_fresh);
            kept.peaks
        }
        // A file of another machine or version, or a damaged one, is written anew.
        _ => Vec::new(),
    }
}

/// Keeps those of the found peaks that were measured now, beside those for other numbers of threads. Where some are kept for
/// the same number, the better figures of both are taken, for the record too: whatever else a machine does can only make it
/// seem slower. Says how old the known ones are. What cannot be kept is measured again the next time.
pub(super) fn keep(kept: Vec<Kept>, known: &[Peaks], found: &mut [Peaks]) {
    let now_s = now_s();
    for kept in kept
        .iter()
        .filter(|kept| known.contains(&kept.peaks) && found.contains(&kept.peaks))
    {
        tell(told(kept, now_s));
    }
    let Some(peaks) = merged(kept, known, found, now_s) else {
        return;
    };
    let Some(place) = place() else { return };
    let kept = KeptPeaks {
        schema: SCHEMA,
        machine: Machine::this(),
        peaks,
    };
    let Ok(text) = serde_json::to_vec_pretty(&kept) else {
        return;
    };
    if let Some(folder) = place.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let _ = fs::write(&place, text);
}

fn told(kept: &Kept, now_s: u64) -> String {
    let when = match now_s.saturating_sub(kept.measured_s) / DAY_S {
        0 => "less than a day ago".to_owned(),
        1 => "a day ago".to_owned(),
        days => format!("{days} days ago"),
    };
    let threads = match kept.peaks.threads {
        1 => "1 thread".to_owned(),
        n => format!("{n} threads"),
    };
    format!("the machine's peaks with {threads} are those measured here {when}; --peaks measure measures them anew")
}

/// What is to be kept; `None` where nothing was measured now.
fn merged(mut kept: Vec<Kept>, known: &[Peaks], found: &mut [Peaks], now_s: u64) -> Option<Vec<Kept>> {
    let mut measured = found.iter_mut().filter(|found| !known.contains(found)).peekable();
    measured.peek()?;
    for peaks in measured {
        match kept.iter_mut().find(|kept| kept.peaks.threads == peaks.threads) {
            Some(kept) => {
                raise(peaks, &kept.peaks);
                kept.peaks.clone_from(peaks);
            }
            None => kept.push(Kept {
                measured_s: now_s,
                peaks: peaks.clone(),
            }),
        }
    }
    Some(kept)
}

/// Raises each figure to the other's of the same instructions or the same level, where that is higher.
fn raise(peaks: &mut Peaks, other: &Peaks) {
    let same = |a: &ComputeRate, b: &ComputeRate| (a.kind, &a.instructions) == (b.kind, &b.instructions);
    for rate in &mut peaks.compute {
        if let Some(other) = other.compute.iter().find(|other| same(rate, other)) {
            rate.macs_per_s = rate.macs_per_s.max(other.macs_per_s);
        }
    }
    let same = |a: &Bandwidth, b: &Bandwidth| (a.level, a.working_set_bytes) == (b.level, b.working_set_bytes);
    for level in &mut peaks.bandwidth {
        if let Some(other) = other.bandwidth.iter().find(|other| same(level, other)) {
            level.read_bytes_per_s = level.read_bytes_per_s.max(other.read_bytes_per_s);
            level.triad_bytes_per_s = level.triad_bytes_per_s.max(other.triad_bytes_per_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use edgebench_api::{Bytes, ComputeKind, MemoryLevel};

    use super::*;

    fn peaks(threads: usize, [compute, read]: [f64; 2]) -> Peaks {
        Peaks {
            threads,
            compute: vec![ComputeRate {
                kind: ComputeKind::F32,
                instructions: "AVX2".to_owned(),
                macs_per_s: compute,
            }],
            bandwidth: vec![Bandwidth {
                level: MemoryLevel::L1,
                working_set_bytes: Bytes(1),
                capacity_bytes: Some(Bytes(2)),
                read_bytes_per_s: read,
                triad_bytes_per_s: 1.0,
            }],
            absent: Vec::new(),
        }
    }

    fn kept(measured_s: u64, threads: usize, figures: [f64; 2]) -> Kept {
        Kept {
            measured_s,
            peaks: peaks(threads, figures),
        }
    }

    #[test]
    fn peaks_of_another_machine_and_of_long_ago_are_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("peaks.json");
        let machine = Machine {
            cpu_model: Some("a".to_owned()),
            logical_cpus: Some(2),
            version: "1".to_owned(),
        };
        let all = KeptPeaks {
            schema: SCHEMA,
            machine: machine.clone(),
            peaks: vec![kept(40 * DAY_S, 1, [1.0; 2]), kept(60 * DAY_S, 2, [1.0; 2])],
        };
        fs::write(&place, serde_json::to_vec(&all).unwrap()).unwrap();
        assert_eq!(read(&place, &machine, 60 * DAY_S), all.peaks);
        assert_eq!(
            read(&place, &machine, 80 * DAY_S),
            all.peaks[1..],
            "the first are too old"
        );
        assert_eq!(
            read(&place, &machine, 50 * DAY_S),
            all.peaks[..1],
            "the second are of the future"
        );
        let other = Machine {
            logical_cpus: Some(4),
            ..machine.clone()
        };
        assert_eq!(read(&place, &other, 60 * DAY_S), []);
        fs::write(&place, "{").unwrap();
        assert_eq!(read(&place, &machine, 60 * DAY_S), []);
        assert_eq!(read(&folder.path().join("none"), &machine, 60 * DAY_S), []);
    }

    #[test]
    fn what_is_measured_anew_raises_what_is_kept_and_leaves_the_rest() {
        let before = vec![kept(5, 1, [10.0, 3.0]), kept(5, 2, [20.0, 6.0])];
        let mut measured = [peaks(1, [8.0, 4.0]), peaks(4, [40.0, 8.0])];
        let all = merged(before.clone(), &[], &mut measured, 7).unwrap();
        // As old as the oldest figure in it.
        assert_eq!(all[0], kept(5, 1, [10.0, 4.0]));
        assert_eq!(all[1..], [kept(5, 2, [20.0, 6.0]), kept(7, 4, [40.0, 8.0])]);
        assert_eq!(measured[0], peaks(1, [10.0, 4.0]), "the record has the same roofs");
        let known = [peaks(1, [10.0, 3.0])];
        assert_eq!(merged(before, &known, &mut known.clone(), 7), None);
    }

    #[test]
    fn how_old_peaks_are_is_told() {
        let told = |now_s| told(&kept(0, 2, [1.0; 2]), now_s);
        assert!(told(DAY_S - 1).contains("2 threads are those measured here less than a day ago"));
        assert!(told(12 * DAY_S).contains("12 days ago"));
    }
}
