//! Which sources a machine has.

use std::str::FromStr;

use edgebench_record::{AbsentSource, EnergySources};

use crate::command::{ExternalMeter, Patience};
use crate::places::{Places, absent};
use crate::{Source, android, battery, command, ina3221, nvml, pi5_pmic, powercap};

/// The sources of a machine by name, in the order of trust: counters before gauges, and among those the ones that see
/// more of the machine first.
pub const NAMES: [&str; 6] = [
    powercap::NAME,
    android::NAME,
    ina3221::NAME,
    pi5_pmic::NAME,
    battery::NAME,
    nvml::NAME,
];

/// What energy is to be taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    Off,
    /// The first of [`NAMES`] that is there and covers the processor.
    Auto,
    /// One of [`NAMES`].
    Named(String),
    /// One of several GPUs.
    Gpu(u32),
    /// A command that prints `t_ns watts`.
    Command(String),
}

/// A text that names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no energy source \"{0}\": it is off, auto, command:CMD or one of {names}", names = NAMES.join(", "))]
pub struct UnknownSource(pub String);

impl FromStr for Choice {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        let unknown = || UnknownSource(crate::files::shown(text));
        if let Some(command) = text.strip_prefix("command:") {
            return Ok(Self::Command(command.to_owned()));
        }
        if let Some(index) = text.strip_prefix("nvml:") {
            return index.parse().map(Self::Gpu).map_err(|_| unknown());
        }
        match text {
            "off" => Ok(Self::Off),
            "auto" => Ok(Self::Auto),
            name if NAMES.contains(&name) => Ok(Self::Named(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

/// Every source of the machine, in the order of trust: those that are there, and why the others are not.
pub fn find(places: &Places) -> (Vec<Box<dyn Source>>, Vec<AbsentSource>) {
    let mut present = Vec::new();
    let mut absent = Vec::new();
    for name in NAMES {
        match named(name, places) {
            Ok(source) => present.push(source),
            Err(why) => absent.push(why),
        }
    }
    absent.extend(not_built());
    (present, absent)
}

/// What [`find`] found, for a record.
pub fn listed(present: &[Box<dyn Source>], absent: Vec<AbsentSource>) -> EnergySources {
    EnergySources {
        used: None,
        present: present.iter().map(|source| source.facts().clone()).collect(),
        absent,
    }
}

/// Opens what was chosen; nothing for [`Choice::Off`].
///
/// # Errors
/// [`AbsentSource`]: what was asked for and is not there, and why. For [`Choice::Auto`] the reason lists every source's.
pub fn open(choice: &Choice, places: &Places) -> Result<Option<Box<dyn Source>>, AbsentSource> {
    match choice {
        Choice::Off => Ok(None),
        Choice::Auto => auto(places).map(Some),
        Choice::Named(name) => named(name, places).map(Some),
        Choice::Gpu(index) => nvml::open(Some(*index)).map(Some),
        Choice::Command(line) => {
            let meter: ExternalMeter = command::open(line, Patience::default())?;
            Ok(Some(Box::new(meter)))
        }
    }
}

/// The energy of a GPU says nothing about a model that runs on the processor, so that it is used where it is asked for.
fn auto(places: &Places) -> Result<Box<dyn Source>, AbsentSource> {
    let (present, missing) = find(places);
    if let Some(source) = present.into_iter().find(|source| source.facts().name != nvml::NAME) {
        return Ok(source);
    }
    let reasons: Vec<String> = missing
        .iter()
        .map(|source| format!("{}: {}", source.name, source.reason))
        .collect();
    // The remedy of the most trusted one that has one.
    let hint = missing.into_iter().find_map(|source| source.hint);
    Err(absent(
        "auto",
        format!("no source covers the processor ({})", reasons.join("; ")),
        hint.as_deref(),
    ))
}

fn named(name: &str, places: &Places) -> Result<Box<dyn Source>, AbsentSource> {
    fn boxed<S: Source + 'static>(source: S) -> Box<dyn Source> {
        Box::new(source)
    }
    match name {
        powercap::NAME => powercap::open(places).map(boxed),
        android::NAME => android::open(places).map(boxed),
        ina3221::NAME => ina3221::open(places).map(boxed),
        pi5_pmic::NAME => pi5_pmic::open(places).map(boxed),
        battery::NAME => battery::open(places).map(boxed),
        nvml::NAME => nvml::open(None),
        other => Err(absent(
            &crate::files::shown(other),
            UnknownSource(other.to_owned()).to_string(),
            None,
        )),
    }
}

/// The sources that this system has and edgebench does not read.
fn not_built() -> Vec<AbsentSource> {
    let hint = Some("use an external meter: --energy command:CMD");
    if cfg!(target_os = "macos") {
        vec![absent(
            "ioreport",
            "Apple's energy counters are not read by this edgebench",
            hint,
        )]
    } else if cfg!(windows) {
        vec![absent(
            "emi",
            "Windows' energy meter interface is not read by this edgebench",
            hint,
        )]
    } else {
        Vec::new()
    }
}
