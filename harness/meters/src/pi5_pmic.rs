//! The power management chip of the Raspberry Pi 5, through `vcgencmd pmic_read_adc`.
//!
//! It tells voltage and current of twelve rails behind the converters. What the board draws is taken from a straight
//! line that users have fitted to a meter at the plug: W = 1.1451·ΣV·I + 0.5879. Peripherals on 5 V, USB and the pins of
//! the header, are not behind the chip and not in the figure.
//!
//! Source: pitop, "Power Tab" of its guide, <https://pitop.hongjunwu.com/guide/power>.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use edgebench_api::Nanos;
use edgebench_record::{AbsentSource, EnergySource, Tier};

use crate::files;
use crate::places::{Places, absent};
use crate::{ReadError, Reading, Source, process};

/// Its name.
pub const NAME: &str = "pi5-pmic";

/// The rails that the line was fitted to.
const RAILS: [&str; 12] = [
    "3V7_WL_SW",
    "3V3_SYS",
    "1V8_SYS",
    "DDR_VDD2",
    "DDR_VDDQ",
    "1V1_SYS",
    "0V8_SW",
    "VDD_CORE",
    "3V3_DAC",
    "3V3_ADC",
    "0V8_AON",
    "HDMI",
];
const SLOPE: f64 = 1.1451;
const OFFSET_W: f64 = 0.5879;

/// No rail of the board has more.
const MOST_VOLTS: f64 = 6.0;
const MOST_AMPERES: f64 = 10.0;

/// One answer takes a few milliseconds.
const LIMIT: Duration = Duration::from_secs(2);

/// The twelve rails of a Raspberry Pi 5.
#[derive(Debug)]
pub struct Pi5Pmic {
    facts: EnergySource,
    command: PathBuf,
}

impl Source for Pi5Pmic {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let text = process::output(&self.command, &["pmic_read_adc"], LIMIT)
            .map_err(|error| ReadError::passing(format!("{} pmic_read_adc: {error}", self.command.display())))?;
        Ok(Reading::Watts(watts(&text)?))
    }
}

/// Opens the chip, and asks it once.
///
/// # Errors
/// [`AbsentSource`]: another board, a command that is not there, fails or prints something else.
pub fn open(places: &Places) -> Result<Pi5Pmic, AbsentSource> {
    let model = places.below("proc/device-tree/model");
    let model = match files::text(&*places.files, &model) {
        // The kernel ends the text with a 0.
        Ok(model) => model.trim_end_matches('\0').to_owned(),
        Err(error) if error.is_missing() => {
            return Err(absent(
                NAME,
                "this is no Raspberry Pi: there is no /proc/device-tree/model",
                None,
            ));
        }
        Err(error) => return Err(absent(NAME, error.to_string(), None)),
    };
    // The Pi 5, its compute module and the Pi 500 share the chip; the Pi 4 and the ones before it sense no current.
    let five = ["Raspberry Pi 5", "Raspberry Pi Compute Module 5"];
    if !five.iter().any(|name| model.starts_with(name)) {
        let reason = format!("no currents are sensed on \"{}\"", files::shown(&model));
        return Err(absent(NAME, reason, Some("use an external meter")));
    }
    let mut source = Pi5Pmic {
        facts: facts(),
        command: places.vcgencmd.clone(),
    };
    let hint = "vcgencmd must be installed, and who runs it in the group video";
    source.read().map_err(|error| absent(NAME, error.what, Some(hint)))?;
    Ok(source)
}

fn facts() -> EnergySource {
    EnergySource {
        name: NAME.to_owned(),
        tier: Tier::E2,
        scope: "board".to_owned(),
        domains: RAILS.iter().map(ToString::to_string).collect(),
        uncertainty: 0.15,
        sampling_hz: 10.0,
        min_window_ns: Nanos(30_000_000_000),
        notes: vec![
            format!(
                "W = {SLOPE}·ΣV·I + {OFFSET_W}, a line fitted by users (pitop's guide, Power Tab); peripherals on 5 V are \
                 not in it"
            ),
            "±15 % is a default: the error of the fit is not published".to_owned(),
            "each reading starts vcgencmd, which takes a few milliseconds of one core".to_owned(),
        ],
    }
}

/// What the board draws in watts, by the text of `pmic_read_adc`.
///
/// Both forms of a line are read, `VDD_CORE_A current(7)=1.5A` and `VDD_CORE_A=1.5A`: what a value is, its unit
/// says, and the end of its name has to agree. Voltages without a current (`EXT5V_V`, `BATT_V`) are not counted.
///
/// # Errors
/// A passing one: a rail of the twelve without its voltage or its current, a current of another rail, a value twice,
/// one that is no number or cannot be.
pub fn watts(text: &str) -> Result<f64, ReadError> {
    let mut volts = BTreeMap::new();
    let mut amperes = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (rail, quantity, value) =
            parse(line).ok_or_else(|| ReadError::passing(format!("pmic_read_adc says \"{}\"", files::shown(line))))?;
        let rails = match quantity {
            Quantity::Volts => &mut volts,
            Quantity::Amperes => &mut amperes,
        };
        if rails.insert(rail, value).is_some() {
            return Err(ReadError::passing(format!(
                "pmic_read_adc says \"{}\" twice",
                files::shown(rail)
            )));
        }
    }
    if let Some(other) = amperes.keys().find(|rail| !RAILS.contains(rail)) {
        let what = format!(
            "{} is none of the rails that the fit was made with",
            files::shown(other)
        );
        return Err(ReadError::passing(what));
    }
    let mut sum = 0.0;
    for rail in RAILS {
        let (Some(volts), Some(amperes)) = (volts.get(rail), amperes.get(rail)) else {
            return Err(ReadError::passing(format!(
                "pmic_read_adc gives {rail} without its voltage or its current"
            )));
        };
        sum += volts * amperes;
    }
    if sum <= 0.0 {
        return Err(ReadError::passing(
            "pmic_read_adc says that no rail draws power, which cannot be",
        ));
    }
    Ok(SLOPE * sum + OFFSET_W)
}

#[derive(Clone, Copy)]
enum Quantity {
    Volts,
    Amperes,
}

fn parse(line: &str) -> Option<(&str, Quantity, f64)> {
    let (left, right) = line.split_once('=')?;
    let (quantity, suffix, word, most, number) = if let Some(number) = right.strip_suffix('V') {
        (Quantity::Volts, "_V", "volt", MOST_VOLTS, number)
    } else {
        (
            Quantity::Amperes,
            "_A",
            "current",
            MOST_AMPERES,
            right.strip_suffix('A')?,
        )
    };
    let value: f64 = number.trim().parse().ok()?;
    let mut words = left.split_whitespace();
    let rail = words.next()?.strip_suffix(suffix)?;
    let agrees = words.next().is_none_or(|what| what.starts_with(word)) && words.next().is_none();
    (agrees && (0.0..=most).contains(&value)).then_some((rail, quantity, value))
}
