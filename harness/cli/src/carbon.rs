//! `edgebench carbon`: what measured energy means in CO₂ equivalents, for an intensity that the user states.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edgebench_meters::proxy::{CarbonIntensity, carbon};
use edgebench_record::Record;

use crate::failure::Failure;
use crate::output::print;
use crate::parse::one_line;

/// Inferences that a figure is for: that of one has too many zeros to be read.
const INFERENCES: f64 = 1e6;

#[derive(Debug, Args)]
pub(crate) struct CarbonArgs {
    /// A run with energy: its folder or record.json
    pub(crate) run: PathBuf,
    /// Grams of CO₂ equivalents per kilowatt hour
    #[arg(long, value_name = "G_PER_KWH")]
    pub(crate) intensity: f64,
    /// Where the intensity is from: whose figure, of which place and year
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: String,
}

pub(crate) fn carbon_of(args: &CarbonArgs) -> Result<ExitCode, Failure> {
    let record = Record::read(&args.run).map_err(Failure::from_error)?;
    let intensity = CarbonIntensity {
        g_per_kwh: args.intensity,
        source: args.source.clone(),
    };
    if carbon(1.0, &intensity).is_none() {
        return Err(Failure::new("the intensity is no positive number with a source"));
    }
    let mut out = format!(
        "g CO₂e of a million inferences at {} g/kWh ({})\n",
        args.intensity,
        one_line(&args.source)
    );
    let mut any = false;
    for cell in &record.cells {
        let energy = cell.energy.as_ref();
        let Some((energy, gross)) = energy.and_then(|energy| Some((energy, energy.gross_j?))) else {
            continue;
        };
        let Some(grams) = carbon(gross.value_j * INFERENCES, &intensity) else {
            continue;
        };
        any = true;
        let _ = writeln!(
            out,
            "{}: {:.3} ± {:.3} (gross, {}, {})",
            one_line(&cell.id.to_string()),
            grams.g,
            grams.g * gross.uncertainty_j / gross.value_j,
            energy.source.tier.name(),
            one_line(&energy.source.scope)
        );
    }
    if !any {
        return Err(
            Failure::new("the run has no measured energy, and a proxy is none").hint("measure some: run --energy auto")
        );
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}
