//! RAPL, the energy counters of Intel's and AMD's processors, through Linux's powercap.
//!
//! Domains overlap: `psys` holds the packages, a package holds its cores and its graphics; a package's memory is apart
//! from it. So packages and memory are added, `psys` stands alone where there is no package, and nothing else counts.
//! Since CVE-2020-8694 Linux lets root alone read the counters.
//!
//! Sources: Linux, Documentation/power/powercap/powercap.rst; Intel, Software Developer's Manual, volume 3B, §15.10;
//! Raffin & Trystram, "Dissecting the software-based measurement of CPU energy consumption", arXiv 2401.15985.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use edgebench_api::Nanos;
use edgebench_record::{AbsentSource, EnergySource, Tier};

use crate::counters::{Counter, Counters};
use crate::files::{self, FileError, Files};
use crate::places::{Places, absent, refused};
use crate::{ReadError, Reading, Source};

/// Its name.
pub const NAME: &str = "rapl";

const CLASS: &str = "sys/class/powercap";

const REMEDY: &str = "let a group that you are in read energy_uj, by a udev rule (docs/energy.md has one): since \
                      CVE-2020-8694 Linux lets root alone read it";

/// The counters of two dies that are one counter are read within this many microjoules of each other.
const SAME_COUNTER_UJ: u64 = 1_000_000;

/// The processors' energy counters.
#[derive(Debug)]
pub struct Powercap {
    facts: EnergySource,
    files: Arc<dyn Files>,
    paths: Vec<PathBuf>,
    counters: Counters,
}

impl Source for Powercap {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let values: Result<Vec<u64>, FileError> = self
            .paths
            .iter()
            .map(|path| files::unsigned(&*self.files, path))
            .collect();
        Ok(Reading::Joules(self.counters.advance(&values?, Instant::now())?))
    }
}

/// Opens the counters of all packages and of their memory.
///
/// # Errors
/// [`AbsentSource`]: in a virtual machine, no counters, no permission, a counter that is no number.
pub fn open(places: &Places) -> Result<Powercap, AbsentSource> {
    if let Some(kind) = &places.virtual_machine {
        let reason = format!("in a virtual machine ({kind}) RAPL is absent or tells of the whole host");
        return Err(absent(
            NAME,
            reason,
            Some("run on the host itself, or use an external meter"),
        ));
    }
    let told = |error: FileError| refused(NAME, &error, REMEDY);
    let zones = zones(places).map_err(told)?;
    let chosen = choose(zones).map_err(|reason| absent(NAME, reason, None))?;
    let facts = facts(&chosen);
    let (paths, counters) = chosen
        .zones
        .into_iter()
        .map(|zone| {
            let counter = Counter {
                name: zone.label(),
                range: zone.range_uj,
                last: zone.energy_uj,
            };
            (zone.energy, counter)
        })
        .unzip();
    Ok(Powercap {
        facts,
        files: Arc::clone(&places.files),
        paths,
        counters: Counters::new(counters, 1e-6, Instant::now()),
    })
}

fn facts(chosen: &Chosen) -> EnergySource {
    let mut notes = vec![
        "it counts what every process on the machine draws".to_owned(),
        "±10 % is a default: the vendors state no accuracy".to_owned(),
    ];
    notes.extend(chosen.notes.iter().cloned());
    if chosen.zones.iter().any(|zone| zone.range_uj.is_none()) {
        notes.push("where a counter wraps around is not known, so a wrap breaks a window".to_owned());
    }
    EnergySource {
        name: NAME.to_owned(),
        tier: Tier::E1,
        scope: chosen.scope.to_owned(),
        domains: chosen.zones.iter().map(Zone::label).collect(),
        uncertainty: 0.10,
        sampling_hz: 10.0,
        min_window_ns: Nanos(10_000_000_000),
        notes,
    }
}

/// A domain of powercap.
#[derive(Debug, Clone)]
struct Zone {
    /// `intel-rapl:0`, the folder.
    id: String,
    /// Whether it is read through memory rather than through registers.
    mmio: bool,
    /// `[0]` for a package, `[0, 1]` for what is below it.
    index: Vec<u32>,
    /// `package-0`, `dram`.
    name: String,
    energy: PathBuf,
    energy_uj: u64,
    range_uj: Option<u64>,
}

impl Zone {
    fn label(&self) -> String {
        format!("{} {}", self.id, self.name)
    }

    fn is_package(&self) -> bool {
        self.index.len() == 1 && self.name.starts_with("package")
    }
}

/// Every domain that could count, those that are never used left out without being read.
fn zones(places: &Places) -> Result<Vec<Zone>, FileError> {
    let files = &*places.files;
    let class = places.below(CLASS);
    let mut zones = Vec::new();
    for id in files::names(files, &class)? {
        let Some((mmio, index)) = parse_id(&id) else { continue };
        let folder = class.join(&id);
        let name = files::text(files, &folder.join("name"))?;
        let wanted = name == "dram" || index.len() == 1 && (name == "psys" || name.starts_with("package"));
        if !wanted {
            continue;
        }
        let energy = folder.join("energy_uj");
        let range = files::optional(files::unsigned(files, &folder.join("max_energy_range_uj")))?;
        zones.push(Zone {
            energy_uj: files::unsigned(files, &energy)?,
            range_uj: range.filter(|&range| range > 0),
            id,
            mmio,
            index,
            name: files::shown(&name),
            energy,
        });
    }
    // By number, registers before memory: `names` are sorted as texts, where 10 comes before 2.
    zones.sort_by_key(|zone| (zone.mmio, zone.index.clone()));
    Ok(zones)
}

/// `intel-rapl:0:1` and `intel-rapl-mmio:0`; AMD's processors are listed under Intel's name too.
fn parse_id(id: &str) -> Option<(bool, Vec<u32>)> {
    let (kind, index) = id.split_once(':')?;
    let mmio = match kind {
        "intel-rapl" => false,
        "intel-rapl-mmio" => true,
        _ => return None,
    };
    let index: Result<Vec<u32>, _> = index.split(':').map(str::parse).collect();
    Some((mmio, index.ok()?))
}

struct Chosen {
    scope: &'static str,
    zones: Vec<Zone>,
    notes: Vec<String>,
}

fn choose(zones: Vec<Zone>) -> Result<Chosen, String> {
    let mut notes = Vec::new();
    let mut packages: Vec<Zone> = Vec::new();
    for zone in zones.iter().filter(|zone| zone.is_package()) {
        match packages.iter().find(|kept| is_same(kept, zone)) {
            Some(kept) => notes.push(format!(
                "{} is {} once more and is left out",
                zone.label(),
                kept.label()
            )),
            None => packages.push(zone.clone()),
        }
    }
    if packages.is_empty() {
        let psys: Vec<Zone> = zones.into_iter().filter(|zone| zone.name == "psys").take(1).collect();
        if psys.is_empty() {
            return Err(format!("/{CLASS} has neither a package nor psys"));
        }
        return Ok(Chosen {
            scope: "system",
            zones: psys,
            notes,
        });
    }
    let with_memory = |package: &Zone| {
        zones
            .iter()
            .find(|zone| {
                zone.name == "dram"
                    && zone.mmio == package.mmio
                    && zone.index.len() == 2
                    && zone.index.first() == package.index.first()
            })
            .cloned()
    };
    let memory: Vec<Zone> = packages.iter().filter_map(with_memory).collect();
    let scope = if memory.is_empty() {
        "package"
    } else {
        if memory.len() < packages.len() {
            notes.push(format!(
                "memory is counted for {} of {} packages",
                memory.len(),
                packages.len()
            ));
        }
        "package and dram"
    };
    Ok(Chosen {
        scope,
        zones: packages.into_iter().chain(memory).collect(),
        notes,
    })
}

/// Whether two packages are one: of one name, or two dies of one package behind which there is one counter, which is
/// how some of AMD's parts show themselves.
fn is_same(kept: &Zone, zone: &Zone) -> bool {
    let dies = |zone: &Zone| zone.name.split_once("-die-").map(|(package, _)| package.to_owned());
    kept.name == zone.name
        || (dies(kept).is_some()
            && dies(kept) == dies(zone)
            && kept.range_uj == zone.range_uj
            && kept.energy_uj.abs_diff(zone.energy_uj) <= SAME_COUNTER_UJ)
}
