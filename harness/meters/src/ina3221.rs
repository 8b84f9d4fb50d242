//! The power monitor of NVIDIA's Jetson modules, through Linux's hwmon.
//!
//! Power is `inN_input` in millivolts × `currN_input` in milliamperes of the channel whose label is `VDD_IN`, the input
//! of the module. The other channels are parts of it or of nothing in particular and are never added up.
//!
//! Source: Linux, Documentation/hwmon/ina3221.rst; Texas Instruments, INA3221 data sheet (SBOS576).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgebench_api::Nanos;
use edgebench_record::{AbsentSource, EnergySource, Tier};

use crate::files::{self, FileError, Files};
use crate::places::{Places, absent, refused};
use crate::{ReadError, Reading, Source};

/// Its name.
pub const NAME: &str = "ina3221";

const CLASS: &str = "sys/class/hwmon";
const INPUT_RAIL: &str = "VDD_IN";
const REMEDY: &str = "let a group that you are in read the files of this hwmon folder, by a udev rule";

/// Below, an input rail is not on, or the figure is not in millivolts; above, the chip's register ends.
const VOLTAGE_MV: std::ops::RangeInclusive<i64> = 1_000..=32_760;

/// A running module draws some current; above, the chip's register ends at the smallest shunts in use (1 mΩ).
const CURRENT_MA: std::ops::RangeInclusive<i64> = 1..=163_800;

/// The input rail of a module.
#[derive(Debug)]
pub struct Ina3221 {
    facts: EnergySource,
    files: Arc<dyn Files>,
    channel: Channel,
}

impl Source for Ina3221 {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        Ok(Reading::Watts(self.channel.watts(&*self.files)?))
    }
}

/// Opens the input rail.
///
/// # Errors
/// [`AbsentSource`]: no such chip, no channel or several with the label of the input rail, no permission, a channel
/// that is switched off or says nothing that could be.
pub fn open(places: &Places) -> Result<Ina3221, AbsentSource> {
    let told = |error: FileError| refused(NAME, &error, REMEDY);
    let files = &*places.files;
    let chips = chips(places).map_err(told)?;
    if chips.is_empty() {
        return Err(absent(NAME, format!("/{CLASS} has no {NAME}"), None));
    }
    let mut inputs = Vec::new();
    let mut others = Vec::new();
    for chip in &chips {
        for channel in channels(files, chip).map_err(told)? {
            let found = if channel.label == INPUT_RAIL {
                &mut inputs
            } else {
                &mut others
            };
            found.push(channel);
        }
    }
    let channel = match inputs.len() {
        1 => inputs.remove(0),
        0 => {
            let labels: Vec<String> = others.iter().map(|channel| files::shown(&channel.label)).collect();
            let has = if labels.is_empty() {
                "none".to_owned()
            } else {
                labels.join(", ")
            };
            let reason = format!("no channel is labelled {INPUT_RAIL}; there are: {has}. Parts are not added up");
            return Err(absent(NAME, reason, Some("use an external meter")));
        }
        count => {
            return Err(absent(
                NAME,
                format!("{count} channels are labelled {INPUT_RAIL}"),
                None,
            ));
        }
    };
    for path in [&channel.voltage, &channel.current] {
        files::signed(files, path).map_err(told)?;
    }
    channel.watts(files).map_err(|error| absent(NAME, error.what, None))?;
    Ok(Ina3221 {
        facts: facts(&channel),
        files: Arc::clone(&places.files),
        channel,
    })
}

fn facts(channel: &Channel) -> EnergySource {
    EnergySource {
        name: NAME.to_owned(),
        tier: Tier::E2,
        scope: "module".to_owned(),
        domains: vec![channel.label.clone()],
        uncertainty: 0.05,
        sampling_hz: 10.0,
        min_window_ns: Nanos(30_000_000_000),
        notes: vec![
            "it measures what the whole module draws, and not the carrier board".to_owned(),
            "±5 % is a default: the chip's own gain error is 0.25 %, the shunt and small currents add to it".to_owned(),
        ],
    }
}

#[derive(Debug)]
struct Channel {
    label: String,
    enable: PathBuf,
    voltage: PathBuf,
    current: PathBuf,
}

impl Channel {
    fn watts(&self, files: &dyn Files) -> Result<f64, ReadError> {
        if files::optional(files::unsigned(files, &self.enable))? == Some(0) {
            return Err(ReadError::passing(format!("{} is switched off", self.label)));
        }
        let millivolts = within(files, &self.voltage, &VOLTAGE_MV, "mV")?;
        let milliamperes = within(files, &self.current, &CURRENT_MA, "mA")?;
        Ok(millivolts as f64 * milliamperes as f64 * 1e-6)
    }
}

fn within(files: &dyn Files, path: &Path, range: &std::ops::RangeInclusive<i64>, unit: &str) -> Result<i64, ReadError> {
    let value = files::signed(files, path)?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(ReadError::passing(format!(
        "{} says {value} {unit}, outside of what the input of a running module can have ({} to {} {unit})",
        path.display(),
        range.start(),
        range.end()
    )))
}

fn chips(places: &Places) -> Result<Vec<PathBuf>, FileError> {
    let class = places.below(CLASS);
    let mut chips = Vec::new();
    let mut denied = None;
    for name in files::names(&*places.files, &class)? {
        let folder = class.join(name);
        // Some drivers give no name, which is not the one that is looked for.
        match files::text(&*places.files, &folder.join("name")) {
            Ok(chip) if chip == NAME => chips.push(folder),
            Err(error @ FileError::Denied(_)) => denied = Some(error),
            _ => {}
        }
    }
    match denied {
        Some(error) if chips.is_empty() => Err(error),
        _ => Ok(chips),
    }
}

/// The labelled ones of its three channels. Channel 7 is the sum of the shunts' voltages and no rail.
fn channels(files: &dyn Files, chip: &Path) -> Result<Vec<Channel>, FileError> {
    let mut channels = Vec::new();
    for number in 1..=3 {
        let Some(label) = files::optional(files::text(files, &chip.join(format!("in{number}_label"))))? else {
            continue;
        };
        channels.push(Channel {
            label,
            enable: chip.join(format!("in{number}_enable")),
            voltage: chip.join(format!("in{number}_input")),
            current: chip.join(format!("curr{number}_input")),
        });
    }
    Ok(channels)
}
