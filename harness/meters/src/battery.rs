//! The gauge of a battery, through Linux's `power_supply`.
//!
//! Power is `power_now` in microwatts, or `current_now` in microamperes × `voltage_now` in microvolts. Drivers differ in the
//! sign, so the magnitude counts, and only while the battery discharges with nothing plugged in: otherwise the gauge
//! tells what goes into the battery, or what is left of it, and not what the machine draws.
//!
//! Source: Linux, Documentation/ABI/testing/sysfs-class-power.

use std::path::PathBuf;
use std::sync::Arc;

use edgebench_api::Nanos;
use edgebench_record::{AbsentSource, EnergySource, Tier};

use crate::files::{self, FileError, Files};
use crate::places::{Places, absent, refused};
use crate::{ReadError, Reading, Source};

/// Its name.
pub const NAME: &str = "battery";

const CLASS: &str = "sys/class/power_supply";
const REMEDY: &str = "let a group that you are in read the battery's files, by a udev rule";

/// A running machine draws more; less is a driver that counts in milliamperes or does not know.
const LEAST_WATTS: f64 = 0.01;

/// No battery of a laptop, a phone or a board gives more; more is a driver that counts in other units.
const MOST_WATTS: f64 = 500.0;

/// Of one cell at its emptiest to the largest packs.
const VOLTAGE_UV: std::ops::RangeInclusive<i64> = 1_000_000..=100_000_000;

/// The battery of a machine.
#[derive(Debug)]
pub struct Battery {
    facts: EnergySource,
    files: Arc<dyn Files>,
    folder: PathBuf,
    /// What could charge it.
    chargers: Vec<PathBuf>,
}

impl Source for Battery {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let files = &*self.files;
        for charger in &self.chargers {
            // 1 is plugged in, 2 programmable and plugged in.
            let online = charger.join("online");
            if files::optional(files::unsigned(files, &online))?.is_some_and(|online| online != 0) {
                return Err(ReadError::passing(format!(
                    "{} is 1: the machine is plugged in, so the battery does not tell what it draws",
                    online.display()
                )));
            }
        }
        let status = files::text(files, &self.folder.join("status"))?;
        if status != "Discharging" {
            return Err(ReadError::passing(format!(
                "the battery says \"{}\": only while it discharges does it tell what the machine draws",
                files::shown(&status)
            )));
        }
        let watts = self.watts()?;
        if (LEAST_WATTS..=MOST_WATTS).contains(&watts) {
            return Ok(Reading::Watts(watts));
        }
        Err(ReadError::passing(format!(
            "the battery says {watts} W while it discharges, outside of what can be ({LEAST_WATTS} to {MOST_WATTS} W)"
        )))
    }
}

impl Battery {
    fn watts(&self) -> Result<f64, ReadError> {
        let files = &*self.files;
        if let Some(microwatts) = files::optional(files::signed(files, &self.folder.join("power_now")))? {
            return Ok((microwatts as f64 * 1e-6).abs());
        }
        let path = self.folder.join("voltage_now");
        let microvolts = files::signed(files, &path)?;
        if !VOLTAGE_UV.contains(&microvolts) {
            return Err(ReadError::passing(format!(
                "{} says {microvolts} µV, which cannot be",
                path.display()
            )));
        }
        let microamperes = files::signed(files, &self.folder.join("current_now"))?;
        Ok((microamperes as f64 * microvolts as f64 * 1e-12).abs())
    }
}

/// Opens the battery.
///
/// # Errors
/// [`AbsentSource`]: no battery or several, plugged in or charging, no permission, nothing that could be.
pub fn open(places: &Places) -> Result<Battery, AbsentSource> {
    let told = |error: FileError| refused(NAME, &error, REMEDY);
    let supplies = supplies(places).map_err(told)?;
    let mut batteries = supplies.batteries;
    if batteries.len() > 1 {
        let reason = format!("{} batteries share the load", batteries.len());
        return Err(absent(NAME, reason, Some("use an external meter")));
    }
    let Some((id, folder)) = batteries.pop() else {
        return Err(absent(NAME, format!("/{CLASS} has no battery"), None));
    };
    for file in ["status", "power_now", "current_now", "voltage_now"] {
        files::optional(files::text(&*places.files, &folder.join(file))).map_err(told)?;
    }
    let mut source = Battery {
        facts: facts(&id),
        files: Arc::clone(&places.files),
        folder,
        chargers: supplies.chargers,
    };
    let hint = "unplug the machine, or use an external meter";
    source.read().map_err(|error| absent(NAME, error.what, Some(hint)))?;
    Ok(source)
}

fn facts(id: &str) -> EnergySource {
    EnergySource {
        name: NAME.to_owned(),
        tier: Tier::E2,
        scope: "system".to_owned(),
        domains: vec![files::shown(id)],
        uncertainty: 0.10,
        // Gauges are refreshed every second at best, and some take a slow bus to be asked.
        sampling_hz: 1.0,
        min_window_ns: Nanos(60_000_000_000),
        notes: vec![
            "it counts what the whole machine draws, the display included, and only while the battery discharges"
                .to_owned(),
            "±10 % is a default: gauges state no accuracy".to_owned(),
        ],
    }
}

struct Supplies {
    batteries: Vec<(String, PathBuf)>,
    chargers: Vec<PathBuf>,
}

fn supplies(places: &Places) -> Result<Supplies, FileError> {
    let files = &*places.files;
    let class = places.below(CLASS);
    let mut supplies = Supplies {
        batteries: Vec::new(),
        chargers: Vec::new(),
    };
    for id in files::names(files, &class)? {
        let folder = class.join(&id);
        // A supply may go while the folder is read, and a mouse's battery is not the machine's.
        let Some(kind) = files::optional(files::text(files, &folder.join("type")))? else {
            continue;
        };
        let scope = files::optional(files::text(files, &folder.join("scope")))?;
        if scope.as_deref() == Some("Device") {
            continue;
        }
        if kind != "Battery" {
            supplies.chargers.push(folder);
            continue;
        }
        if files::optional(files::unsigned(files, &folder.join("present")))? != Some(0) {
            supplies.batteries.push((id, folder));
        }
    }
    Ok(supplies)
}
