//! `edgebench run`: from the flags to a record and its reports.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Parser as _;
use edgebench_record::{Cell, Mode, Outcome, OutcomeKind, Record, ScenarioResult, Store, Tool};
use edgebench_reports::format::FormatOptions;
use edgebench_runner::host::HostWatch;
use edgebench_runner::{RunOptions, WorkerCommand, header, run as carry_out};

use crate::args::{Cli, Command, RunArgs};
use crate::energy::calibration;
use crate::failure::{Failure, exit};
use crate::get;
use crate::output::{print, tell, write_files};
use crate::parse::one_line;
use crate::progress::Progress;
use crate::scenarios::tell_scenarios;
use crate::select::select;
use crate::workers::prefix;

/// Where runs go unless `--output` says otherwise.
const RUNS: &str = "runs";

pub(crate) fn run(args: RunArgs) -> Result<ExitCode, Failure> {
    let format = args.format;
    let (args, resumed) = match args.resume.clone() {
        Some(folder) => {
            let store = Store::resume(&folder)?;
            (begun_with(&store, &folder)?, Some(store))
        }
        None => (args, None),
    };
    let selected = select(&args.selection)?;
    if let Some(command) = selected
        .workers
        .get("ort")
        .filter(|_| selected.plan.cells.iter().any(|cell| cell.id.backend == "ort"))
    {
        get::ensure(&args.selection.runtime, command);
    }
    let arguments = match &resumed {
        Some(store) => store.header().arguments.clone(),
        None => arguments(),
    };
    let mut created = false;
    let mut store = if let Some(store) = resumed {
        store
    } else {
        let header = header(&selected.plan, arguments.clone());
        let folder = args.output.clone().unwrap_or_else(|| Path::new(RUNS).join(&header.id));
        created = !folder.exists();
        Store::create(&folder, &header)?
    };
    let interrupt = interrupt_flag()?;
    let command = |backend: &str| -> WorkerCommand {
        // The plan names known backends alone.
        selected.workers.get(backend).cloned().unwrap_or_default()
    };
    let options = RunOptions {
        command: &command,
        inputs: selected.inputs,
        interrupt: &interrupt,
        tool: tool(arguments),
        host_name: args.device_name.clone(),
        worker_prefix: prefix(&args.selection.runtime)?,
        idle_backend: Some(edgebench_api::Backend::name(&edgebench_null::BACKEND).to_owned()),
        start_gate: args.start_gate.unwrap_or(match selected.plan.mode {
            Mode::Quick => Duration::ZERO,
            Mode::Standard => Duration::from_secs(30),
            Mode::Publish => Duration::from_mins(2),
        }),
        calibration: calibration(HostWatch::start(Path::new("/")).facts().cpu_model.as_deref()),
    };
    let progress = Progress::new();
    let folder = store.folder().to_owned();
    let record = carry_out(&selected.plan, &selected.suite, &options, &mut store, &mut |event| {
        progress.tell(event);
    })
    .map_err(|error| {
        let hint = error.hint();
        let failure = Failure::from_error(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    });
    progress.finish();
    if record.is_err() && created && store.entries().is_empty() {
        // Nothing was measured: what lies there would only be in the way of the next try.
        let _ = std::fs::remove_dir_all(&folder);
    }
    let record = record?;
    let used = record.energy_sources.as_ref().and_then(|sources| sources.used.as_ref());
    if selected.plan.energy.is_some() && used.is_none() && !record.interrupted {
        tell("warning: no energy was measured: no source here covers the processor");
        tell("hint: `edgebench doctor` says why for each; a meter of your own comes in by `--energy command:CMD`");
    }
    write_files(&record, &folder)?;
    print(&format.write(&[&record], &FormatOptions::default())?)?;
    tell_scenarios(&record);
    Ok(tell_end(&record, &folder))
}

/// The arguments of the run that this journal belongs to.
fn begun_with(store: &Store, folder: &Path) -> Result<RunArgs, Failure> {
    let words = std::iter::once("edgebench".to_owned()).chain(store.header().arguments.iter().cloned());
    match Cli::try_parse_from(words) {
        Ok(Cli {
            command: Command::Run(args),
        }) => Ok(*args),
        _ => Err(Failure::new(format!(
            "the journal in `{}` names no run that this edgebench knows",
            folder.display()
        ))
        .hint("go on with the edgebench that began it")),
    }
}

/// The arguments of this process. What is no text is shown as near as text comes to it.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

pub(crate) fn tool(arguments: Vec<String>) -> Tool {
    Tool {
        name: "edgebench".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        optimised: !cfg!(debug_assertions),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        arguments,
    }
}

/// A flag that the first interrupt sets. The second ends the process at once; its workers are killed with it.
pub(crate) fn interrupt_flag() -> Result<Arc<AtomicBool>, Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset and sets it, the second finds it set.
        flag::register_conditional_shutdown(signal, i32::from(exit::INTERRUPTED), Arc::clone(&interrupted))
            .and_then(|_| flag::register(signal, Arc::clone(&interrupted)))
            .map_err(|error| Failure::from_error(error).context("cannot watch for interrupts"))?;
    }
    Ok(interrupted)
}

/// Says on standard error where everything is and what went wrong, and gives the exit code.
fn tell_end(record: &Record, folder: &Path) -> ExitCode {
    // A note for people; what went wrong is told wherever standard error goes.
    if std::io::stderr().is_terminal() {
        tell(format_args!(
            "wrote {}/record.json, cells.csv, samples.csv, report.md, report.html",
            folder.display()
        ));
    }
    tell_absent(record);
    if record.interrupted {
        let ended = |cell: &&Cell| !matches!(cell.outcome.kind, OutcomeKind::Measured | OutcomeKind::Skipped);
        let complete = |cell: &&Cell| ended(cell) || cell.invocations.len() >= record.plan.invocations;
        let begun = |cell: &&Cell| !complete(cell) && !cell.invocations.is_empty();
        tell(format_args!(
            "interrupted: {} of {} cells are complete and {} begun; all that was measured is kept",
            record.cells.iter().filter(complete).count(),
            record.cells.len(),
            record.cells.iter().filter(begun).count(),
        ));
        tell(format_args!(
            "hint: go on with `edgebench run --resume {}` from the same folder",
            folder.display()
        ));
        return ExitCode::from(exit::INTERRUPTED);
    }
    let failing: Vec<_> = record.cells.iter().filter(|cell| cell.outcome.fails_run()).collect();
    for cell in &failing {
        let outcome = &cell.outcome;
        let line = match &outcome.broken_expectation {
            Some(expected) => format!(
                "{}: {}, and the suite expected {expected}",
                cell.id,
                outcome.kind.name()
            ),
            None => format!("{}: {}: {}", cell.id, outcome.kind.name(), outcome.reason),
        };
        tell(one_line(&line));
        if let Some(hint) = &outcome.hint {
            tell(format_args!("hint: {}", one_line(hint)));
        }
    }
    let mut failed_scenario = false;
    for cell in &record.cells {
        let failed = |result: &ScenarioResult| result.failure.clone().filter(Outcome::fails_run);
        for (kind, outcome) in cell.scenarios.iter().filter_map(|one| Some((one.kind, failed(one)?))) {
            failed_scenario = true;
            let line = format!("{}: {}: {}", cell.id, kind.name(), outcome.reason);
            tell(one_line(&line));
        }
    }
    if failing.is_empty() && !failed_scenario {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::CELLS)
    }
}

/// A runtime that is not here is told once, with what helps.
fn tell_absent(record: &Record) {
    let mut told: Vec<&str> = Vec::new();
    for cell in &record.cells {
        let backend = cell.id.backend.as_str();
        if cell.outcome.kind != OutcomeKind::Unavailable || told.contains(&backend) {
            continue;
        }
        told.push(backend);
        let line = format!("{backend}: {}: {}", cell.outcome.kind.name(), cell.outcome.reason);
        tell(one_line(&line));
        if let Some(hint) = &cell.outcome.hint {
            tell(format_args!("hint: {}", one_line(hint)));
        }
    }
}
