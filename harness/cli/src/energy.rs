//! The flags of energy, and the calibration that earlier runs left behind.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use edgebench_api::Nanos;
use edgebench_meters::Choice;
use edgebench_meters::calibration::{ENOUGH_WORKLOADS, LEAST_RHO, MOST_MAPE};
use edgebench_meters::proxy::Calibration;
use edgebench_record::Tier;
use edgebench_runner::EnergyPlan;
use serde::{Deserialize, Serialize};

use crate::failure::{Doing as _, Failure};
use crate::get::cache_folder;
use crate::output::tell;
use crate::parse::{duration, one_line};

/// Sources are updated about every millisecond, and some more rarely: shorter windows hold too few updates.
const WINDOW: Duration = Duration::from_secs(10);
const REPEATS: u16 = 5;

/// The version of the calibration file.
const SCHEMA: u32 = 1;

/// Energy of each cell.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Energy")]
pub(crate) struct EnergyArgs {
    /// Measure energy after everything else: auto, off, a source that `doctor` lists, or command:CMD for a meter that
    /// prints `t_ns watts`
    #[arg(long, value_name = "SOURCE", value_parser = source)]
    pub(crate) energy: Option<String>,
    /// A window of inferences, and each idle one around it; longer where the source takes longer [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "energy")]
    pub(crate) energy_window: Option<Duration>,
    /// Windows of each cell, each in a fresh process [default: 5]
    #[arg(long, value_name = "N", requires = "energy", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) energy_repeats: Option<u16>,
}

fn source(text: &str) -> Result<String, String> {
    text.parse::<Choice>()
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

impl EnergyArgs {
    /// What the plan says of it.
    pub(crate) fn plan(&self) -> Option<EnergyPlan> {
        let source = self.energy.clone().filter(|source| source != "off")?;
        Some(EnergyPlan {
            source,
            window_ns: Nanos::from(self.energy_window.unwrap_or(WINDOW)).0.max(1),
            repeats: usize::from(self.energy_repeats.unwrap_or(REPEATS)),
        })
    }
}

/// What `edgebench calibrate` leaves behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CalibrationFile {
    pub(crate) schema: u32,
    /// The processor that it holds for.
    pub(crate) cpu_model: Option<String>,
    /// The run that it was fitted to.
    pub(crate) run: String,
    /// What measured the energy.
    pub(crate) source: String,
    pub(crate) tier: Tier,
    pub(crate) watts_per_core: f64,
    pub(crate) static_watts: f64,
    /// Mean absolute error of workloads that it was not fitted to, as a fraction.
    pub(crate) mape: f64,
    pub(crate) rho: f64,
    pub(crate) workloads: usize,
}

impl CalibrationFile {
    /// The version that this code writes.
    pub(crate) const SCHEMA: u32 = SCHEMA;

    /// Where it lies unless someone says otherwise.
    pub(crate) fn place() -> Option<PathBuf> {
        Some(cache_folder()?.join("calibration.json"))
    }

    /// Writes it; a file that is there is replaced in one step.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder).doing(format_args!("make the folder `{}`", folder.display()))?;
        let whole = tempfile::NamedTempFile::new_in(folder).doing("make a file for the calibration")?;
        serde_json::to_writer_pretty(&whole, self)?;
        whole
            .persist(path)
            .map_err(|error| error.error)
            .doing(format_args!("write `{}`", path.display()))?;
        Ok(())
    }
}

/// A regular file's text: a pipe would never end, and a calibration is short.
fn read(path: &Path) -> io::Result<String> {
    const MOST: u64 = 64 << 10;
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() > MOST {
        return Err(io::Error::other("it is no short regular file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// The calibration of this machine, where there is one for this processor. One that cannot be used is told.
pub(crate) fn calibration(cpu_model: Option<&str>) -> Option<Calibration> {
    let path = CalibrationFile::place()?;
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tell(format_args!(
                "warning: the calibration {} is not used: {error}",
                path.display()
            ));
            return None;
        }
    };
    let refused = |why: &str| {
        tell(format_args!(
            "warning: the calibration {} is not used: {}",
            path.display(),
            one_line(why)
        ));
        None
    };
    let file: CalibrationFile = match serde_json::from_str(&text) {
        Ok(file) => file,
        Err(error) => return refused(&error.to_string()),
    };
    if file.schema != SCHEMA {
        return refused(&format!(
            "it has version {}, and this edgebench reads {SCHEMA}",
            file.schema
        ));
    }
    if file.cpu_model.is_none() || file.cpu_model.as_deref() != cpu_model {
        return refused("it does not name this processor");
    }
    let watts = [file.watts_per_core, file.static_watts];
    let accepted = file.workloads >= ENOUGH_WORKLOADS
        && (0.0..=MOST_MAPE).contains(&file.mape)
        && (LEAST_RHO..=1.0).contains(&file.rho)
        && file.tier < Tier::E3
        && watts.iter().all(|watts| (0.0..1e6).contains(watts))
        && file.watts_per_core > 0.0;
    if !accepted {
        return refused("its figures are not those of an accepted calibration");
    }
    Some(Calibration {
        watts_per_core: file.watts_per_core,
        static_watts: file.static_watts,
        mape: file.mape,
    })
}
