//! `edgebench calibrate`: how far the processor's proxy may be trusted on this machine.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use edgebench_meters::calibration::{Fit, LEAST_RHO, MOST_MAPE, Workload, fit};
use edgebench_record::{Cell, Energy, Record, Tier};

use edgebench_runner::host::HostWatch;

use crate::energy::CalibrationFile;
use crate::failure::{Failure, exit};
use crate::output::{print, tell};
use crate::parse::one_line;

#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// A run of this machine with energy, from `edgebench run --energy auto`: its folder or record.json
    pub(crate) run: PathBuf,
    /// Where the calibration goes [default: the cache folder, where `run` finds it]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

pub(crate) fn calibrate(args: &CalibrateArgs) -> Result<ExitCode, Failure> {
    let record = Record::read(&args.run).map_err(Failure::from_error)?;
    let here = HostWatch::start(Path::new("/"));
    if record.host.cpu_model.is_none() || record.host.cpu_model != here.facts().cpu_model {
        return Err(Failure::new(format!(
            "run {} was measured on another processor ({}), or nobody knows on which",
            one_line(&record.id),
            one_line(record.host.cpu_model.as_deref().unwrap_or("not named"))
        ))
        .hint("calibrate on the machine that measured, after `run --energy` there"));
    }
    let measured: Vec<(&Cell, Workload, &Energy)> = record.cells.iter().filter_map(workload).collect();
    let sources: BTreeSet<&str> = measured
        .iter()
        .map(|(_, _, energy)| energy.source.name.as_str())
        .collect();
    if sources.len() > 1 {
        return Err(Failure::new(
            "the run's energy comes from several sources, and one is fitted at a time",
        ));
    }
    let workloads: Vec<Workload> = measured.iter().map(|(_, workload, _)| *workload).collect();
    let Some(fit) = fit(&workloads) else {
        return Err(Failure::new(format!(
            "no cell of run {} has energy that counts",
            one_line(&record.id)
        ))
        .hint("measure some first: edgebench run --energy auto"));
    };
    print(&text(&measured, &fit))?;
    let accepted = fit.calibration().filter(|fit| fit.watts_per_core > 0.0);
    let (Some(calibration), Some(rho), Some((_, _, energy))) = (accepted, fit.rho, measured.first()) else {
        tell("the proxy stays E4: it ranks, and no more");
        return Ok(ExitCode::from(exit::INCONCLUSIVE));
    };
    let file = CalibrationFile {
        schema: CalibrationFile::SCHEMA,
        cpu_model: record.host.cpu_model.clone(),
        run: record.id.clone(),
        source: energy.source.name.clone(),
        tier: energy.source.tier,
        watts_per_core: calibration.watts_per_core,
        static_watts: calibration.static_watts,
        mape: calibration.mape,
        rho,
        workloads: fit.workloads,
    };
    let place = args.output.clone().or_else(CalibrationFile::place);
    let place = place.ok_or_else(|| Failure::new("there is no cache folder").hint("name a file with `--output`"))?;
    file.write(&place)?;
    tell(format_args!("wrote {}", place.display()));
    Ok(ExitCode::SUCCESS)
}

/// What one inference of a cell took, over the windows that count.
fn workload(cell: &Cell) -> Option<(&Cell, Workload, &Energy)> {
    let energy = cell.energy.as_ref()?;
    // A graphics processor's energy says nothing of the processor's.
    if energy.source.tier >= Tier::E3 || energy.source.scope.contains("gpu") {
        return None;
    }
    let counting = || energy.windows.iter().filter(|window| window.invalid.is_empty());
    let (mut joules, mut cpu_s, mut wall_s, mut inferences) = (0.0, 0.0, 0.0, 0.0);
    for window in counting() {
        joules += window.gross_j?;
        cpu_s += window.cpu_ns?.as_secs_f64();
        wall_s += window.duration_ns.as_secs_f64();
        inferences += window.inferences as f64;
    }
    let workload = Workload {
        cpu_s: cpu_s / inferences,
        wall_s: wall_s / inferences,
        bytes: None,
        joules: joules / inferences,
    };
    (inferences > 0.0).then_some((cell, workload, energy))
}

fn text(measured: &[(&Cell, Workload, &Energy)], fit: &Fit) -> String {
    let mut out = String::new();
    for (cell, workload, _) in measured {
        let told = fit.watts_per_core * workload.cpu_s + fit.static_watts * workload.wall_s;
        let _ = writeln!(
            out,
            "{}: {:.3e} J measured, {:.3e} J fitted ({:+.1} %)",
            one_line(&cell.id.to_string()),
            workload.joules,
            told,
            (told / workload.joules - 1.0) * 100.0
        );
    }
    let shown = |value: Option<f64>, factor: f64, unit: &str| {
        value.map_or_else(
            || "not known".to_owned(),
            |value| format!("{:.2}{unit}", value * factor),
        )
    };
    let _ = writeln!(
        out,
        "{:.2} W per core + {:.2} W at all times, over {} workloads",
        fit.watts_per_core, fit.static_watts, fit.workloads
    );
    let _ = writeln!(
        out,
        "leave-one-out error {} (at most {:.0} %), rank correlation {} (at least {LEAST_RHO})",
        shown(fit.mape, 100.0, " %"),
        MOST_MAPE * 100.0,
        shown(fit.rho, 1.0, "")
    );
    for why in &fit.refused {
        let _ = writeln!(out, "not accepted: {why}");
    }
    if fit.watts_per_core <= 0.0 {
        let _ = writeln!(out, "not accepted: the energy does not depend on processor time");
    } else if fit.refused.is_empty() {
        let _ = writeln!(out, "accepted: on this machine the processor's proxy is E3");
    }
    out
}
