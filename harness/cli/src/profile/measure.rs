//! From the flags to a profile and its files.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use edgebench_record::{OutcomeKind, ProfileRecord, to_json};
use edgebench_runner::WorkerCommand;
use edgebench_runner::profile::{PeaksRequest, ProfileEvent, ProfileOptions, profile};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{PeaksFrom, ProfileArgs};
use super::cells::PROFILES;
use super::peaks;
use crate::failure::{Doing as _, Failure, exit};
use crate::get;
use crate::output::{print, tell};
use crate::parse::one_line;
use crate::run::{arguments, interrupt_flag, tool};
use crate::select::select;
use crate::workers::{NULL, prefix};

/// About how long the machine's peaks are measured, for each number of threads.
const PEAKS_TIME: Duration = Duration::from_secs(6);

pub(super) fn measure(args: &ProfileArgs) -> Result<ExitCode, Failure> {
    let selection = args.selection();
    let selected = select(&selection)?;
    let uses_ort = selected.plan.cells.iter().any(|cell| cell.id.backend == "ort");
    if let Some(command) = selected.workers.get("ort").filter(|_| uses_ort) {
        get::ensure(&args.runtime, command);
    }
    let prefix = prefix(&args.runtime)?;
    let interrupt = interrupt_flag()?;
    let command = |backend: &str| -> WorkerCommand {
        // The plan names known backends alone.
        selected.workers.get(backend).cloned().unwrap_or_default()
    };
    let folder = args
        .output
        .clone()
        .unwrap_or_else(|| Path::new(PROFILES).join(edgebench_runner::run::fresh_id()));
    fs::create_dir_all(&folder).doing(format_args!("make the folder `{}`", folder.display()))?;
    // What is before a worker may put it on another machine, whose peaks are not those that are kept here.
    let here = prefix.is_empty() && args.runtime.worker.is_none();
    let known_peaks = if here && args.peaks == PeaksFrom::Auto {
        peaks::kept()
    } else {
        Vec::new()
    };
    let options = ProfileOptions {
        command: &command,
        inputs: selected.inputs,
        interrupt: &interrupt,
        tool: tool(arguments()),
        host_name: args.device_name.clone(),
        runs: args.runs,
        time: args.time,
        known_peaks: known_peaks.clone(),
        peaks: (args.peaks != PeaksFrom::Off).then(|| PeaksRequest {
            command: command(NULL),
            time: PEAKS_TIME,
        }),
        work: folder.join("work"),
    };
    let bar = bar();
    let record = profile(&selected.plan, &selected.suite, options, &mut |event| show(&bar, event));
    bar.finish_and_clear();
    let record = record.map_err(|error| {
        let hint = error.hint();
        let failure = Failure::from_error(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    if here && record.peaks != known_peaks {
        let mut all = record.peaks.clone();
        all.extend(
            known_peaks
                .into_iter()
                .filter(|known| record.peaks.iter().all(|peaks| peaks.threads != known.threads)),
        );
        peaks::keep(&all);
    }
    write_files(&record, &folder)?;
    print(&text(&record, args)?)?;
    Ok(end(&record, &folder))
}

/// A bar that is hidden where standard error is no terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, event: ProfileEvent<'_>) {
    match event {
        ProfileEvent::Preparing { task } => bar.set_message(format!("preparing {}", one_line(task))),
        ProfileEvent::Peaks { threads } => {
            bar.set_message(format!("what this machine can do at most, threads: {threads}"));
        }
        ProfileEvent::Cell { cell, done, total } => {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(one_line(&cell.to_string()));
        }
    }
    bar.tick();
}

/// Says on standard error where everything is and what went wrong, and gives the exit code.
fn end(record: &ProfileRecord, folder: &Path) -> ExitCode {
    tell(format_args!("wrote {}", folder.display()));
    let mut failing = false;
    for cell in &record.cells {
        let outcome = &cell.outcome;
        if outcome.is_measured() {
            continue;
        }
        failing |= outcome.fails_run();
        tell(one_line(&format!(
            "{}: {}: {}",
            cell.id,
            outcome.kind.name(),
            outcome.reason
        )));
        if let Some(hint) = outcome
            .hint
            .as_ref()
            .filter(|_| outcome.kind != OutcomeKind::Unsupported)
        {
            tell(format_args!("hint: {}", one_line(hint)));
        }
    }
    if record.interrupted {
        ExitCode::from(exit::INTERRUPTED)
    } else if failing {
        ExitCode::from(exit::CELLS)
    } else {
        ExitCode::SUCCESS
    }
}

fn write_files(record: &ProfileRecord, folder: &Path) -> Result<(), Failure> {
    let path = folder.join("profile.json");
    fs::write(&path, to_json(record)?).doing(format_args!("write `{}`", path.display()))
}

fn text(record: &ProfileRecord, _args: &ProfileArgs) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&to_json(record)?).into_owned())
}
