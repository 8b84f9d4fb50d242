//! The on-device power monitor of Google's phones (Pixel 6 and later), through Linux's industrial I/O.
//!
//! A device's `energy_value` says, after a line `t=<ms>`, one line `CH<n>(T=<ms>)[<rail>], <µW·s>` for each rail that
//! `enabled_rails` selects. Rails whose names begin with `S<n>M_VDD_` or `S<n>S_VDD_` are switching regulators that hang
//! side by side on the battery, and are added. Linear regulators (`L…`) may hang behind one of those, and other
//! channels measure radios and displays: both are left out.
//!
//! Source: the driver of Pixel kernels, google/power/odpm (format), and the Pixel power statistics service of Android.

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
pub const NAME: &str = "odpm";

const CLASS: &str = "sys/bus/iio/devices";
const REMEDY: &str = "a build of Android that lets the shell read it (userdebug), or an external meter";

/// The switching regulators that a phone's power monitor measures.
#[derive(Debug)]
pub struct Odpm {
    facts: EnergySource,
    files: Arc<dyn Files>,
    devices: Vec<Device>,
    counters: Counters,
}

#[derive(Debug)]
struct Device {
    folder: PathBuf,
    /// What `enabled_rails` said when it was opened.
    selected: String,
    rails: Vec<Rail>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rail {
    name: String,
    /// For how long it has been measured, in milliseconds.
    since_ms: u64,
    microjoules: u64,
}

impl Source for Odpm {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let files = &*self.files;
        // All of them before any is taken over, so that a device that fails does not hide that another began anew.
        let now: Result<Vec<Vec<Rail>>, ReadError> = self.devices.iter().map(|device| device.read(files)).collect();
        let mut values = Vec::new();
        let mut began_anew = None;
        for (device, now) in self.devices.iter_mut().zip(now?) {
            for (rail, before) in now.iter().zip(&device.rails) {
                if rail.since_ms < before.since_ms {
                    began_anew = Some(format!(
                        "{} has been measured for a shorter time than before",
                        rail.name
                    ));
                }
                values.push(rail.microjoules);
            }
            device.rails = now;
        }
        let counted = self.counters.advance(&values, Instant::now());
        match began_anew {
            Some(what) => Err(ReadError::lasting(what)),
            None => Ok(Reading::Joules(counted?)),
        }
    }
}

impl Device {
    /// Its rails now, in the order of `self.rails`.
    fn read(&self, files: &dyn Files) -> Result<Vec<Rail>, ReadError> {
        let path = self.folder.join("enabled_rails");
        if files::text(files, &path)? != self.selected {
            return Err(ReadError::lasting(format!(
                "{} selects other rails than before",
                path.display()
            )));
        }
        let path = self.folder.join("energy_value");
        let all = parse(&files::text(files, &path)?)
            .map_err(|line| ReadError::passing(format!("{} says \"{}\"", path.display(), files::shown(&line))))?;
        self.rails
            .iter()
            .map(|rail| {
                let mut named = all.iter().filter(|other| other.name == rail.name);
                match (named.next(), named.next()) {
                    (Some(found), None) => Ok(found.clone()),
                    (None, _) => Err(ReadError::lasting(format!("{} lost {}", path.display(), rail.name))),
                    (Some(_), Some(_)) => Err(ReadError::passing(format!(
                        "{} says {} twice",
                        path.display(),
                        rail.name
                    ))),
                }
            })
            .collect()
    }
}

/// Opens the power monitor.
///
/// # Errors
/// [`AbsentSource`]: no such monitor, no switching regulator among the selected rails, no permission, another format.
pub fn open(places: &Places) -> Result<Odpm, AbsentSource> {
    let told = |error: FileError| refused(NAME, &error, REMEDY);
    let files = &*places.files;
    let class = places.below(CLASS);
    let mut devices: Vec<Device> = Vec::new();
    let mut notes = Vec::new();
    let mut found = false;
    for id in files::names(files, &class).map_err(told)? {
        let folder = class.join(&id);
        let Some(text) = files::optional(files::text(files, &folder.join("energy_value"))).map_err(told)? else {
            continue;
        };
        found = true;
        let rails = parse(&text).map_err(|line| {
            absent(
                NAME,
                format!(
                    "/{CLASS}/{}/energy_value says \"{}\"",
                    files::shown(&id),
                    files::shown(&line)
                ),
                None,
            )
        })?;
        let selected = files::text(files, &folder.join("enabled_rails")).map_err(told)?;
        let mut kept: Vec<Rail> = Vec::new();
        for rail in rails.into_iter().filter(|rail| is_switching(&rail.name)) {
            let known = kept.iter().chain(devices.iter().flat_map(|device| &device.rails));
            if known.into_iter().any(|other| other.name == rail.name) {
                notes.push(format!("{} is there twice and counted once", rail.name));
            } else {
                kept.push(rail);
            }
        }
        devices.push(Device {
            folder,
            selected,
            rails: kept,
        });
    }
    if !found {
        return Err(absent(NAME, format!("/{CLASS} has no power monitor"), None));
    }
    devices.retain(|device| !device.rails.is_empty());
    if devices.is_empty() {
        return Err(absent(
            NAME,
            "none of the selected rails is a switching regulator (S…_VDD_…)",
            None,
        ));
    }
    let rails: Vec<&Rail> = devices.iter().flat_map(|device| &device.rails).collect();
    let counters = rails
        .iter()
        .map(|rail| Counter {
            name: rail.name.clone(),
            range: None,
            last: rail.microjoules,
        })
        .collect();
    let facts = facts(rails.iter().map(|rail| rail.name.clone()).collect(), notes);
    Ok(Odpm {
        facts,
        files: Arc::clone(&places.files),
        devices,
        counters: Counters::new(counters, 1e-6, Instant::now()),
    })
}

fn facts(domains: Vec<String>, more: Vec<String>) -> EnergySource {
    let mut notes = vec![
        "it adds the switching regulators that are selected and is not all that the phone draws".to_owned(),
        "±10 % is a default: no accuracy is published".to_owned(),
    ];
    notes.extend(more);
    EnergySource {
        name: NAME.to_owned(),
        tier: Tier::E1,
        scope: "rails".to_owned(),
        domains,
        uncertainty: 0.10,
        sampling_hz: 10.0,
        min_window_ns: Nanos(10_000_000_000),
        notes,
    }
}

/// `S4M_VDD_CPUCL0` is one, `L2S_VDD_…` and `VSYS_PWR_MODEM` are not.
fn is_switching(rail: &str) -> bool {
    let Some(rest) = rail.strip_prefix('S') else {
        return false;
    };
    let rest_after_number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    rest_after_number.len() < rest.len()
        && (rest_after_number.starts_with("M_VDD_") || rest_after_number.starts_with("S_VDD_"))
}

/// The rails of an `energy_value`, or the line that is none.
fn parse(text: &str) -> Result<Vec<Rail>, String> {
    let mut lines = text.lines();
    let stamp = lines.next().unwrap_or_default();
    if stamp
        .strip_prefix("t=")
        .and_then(|t| t.trim().parse::<u64>().ok())
        .is_none()
    {
        return Err(stamp.to_owned());
    }
    lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| rail(line.trim()).ok_or_else(|| line.to_owned()))
        .collect()
}

fn rail(line: &str) -> Option<Rail> {
    let (channel, rest) = line.strip_prefix("CH")?.split_once("(T=")?;
    channel.parse::<u32>().ok()?;
    let (since_ms, rest) = rest.split_once(")[")?;
    let (name, microjoules) = rest.split_once("],")?;
    Some(Rail {
        name: files::shown(name),
        since_ms: since_ms.parse().ok()?,
        microjoules: microjoules.trim().parse().ok()?,
    })
}
