//! From the flags to a profile and its files.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use edgebench_record::{OutcomeKind, ProfileRecord, to_json};
use edgebench_reports::html::Templates;
use edgebench_reports::profile::{chrome_trace, folded, operators_csv, profile_page, profile_table};
use edgebench_runner::WorkerCommand;
use edgebench_runner::profile::{PeaksRequest, ProfileEvent, ProfileOptions, TensorOptions, profile};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{PeaksFrom, ProfileArgs, ProfileFormat};
use super::cells::PROFILES;
use super::peaks;
use crate::failure::{Doing as _, Failure, exit};
use crate::get;
use crate::output::{print, tell};
use crate::parse::one_line;
use crate::run::{arguments, interrupt_flag, tool};
use crate::select::{Selected, select};
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
    let tensors = tensors(args, &selected)?;
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
        tensors,
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
    print(&shown(&record, args)?)?;
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
        ProfileEvent::Tensors { cell, done, total } => {
            let cell = one_line(&cell.to_string());
            bar.set_message(format!("tensors of {cell}, {done} of {total}"));
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
    for (name, text) in [
        ("profile.json", to_json(record)?),
        ("operators.csv", operators_csv(record)?.into_bytes()),
        ("stacks.folded", folded(record).into_bytes()),
        ("trace.json", chrome_trace(record).into_bytes()),
        (
            "profile.html",
            profile_page(record, &Templates::built_in()?)?.into_bytes(),
        ),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).doing(format_args!("write `{}`", path.display()))?;
    }
    Ok(())
}

/// What goes to standard output.
fn shown(record: &ProfileRecord, args: &ProfileArgs) -> Result<String, Failure> {
    Ok(match args.format {
        ProfileFormat::Text => profile_table(record, args.top),
        ProfileFormat::Json => String::from_utf8_lossy(&to_json(record)?).into_owned(),
        ProfileFormat::Csv => operators_csv(record)?,
        ProfileFormat::Folded => folded(record),
        ProfileFormat::Trace => chrome_trace(record),
    })
}

/// What the inner tensors are compared with, from words such as `fp32/ort`.
fn tensors(args: &ProfileArgs, selected: &Selected) -> Result<Option<TensorOptions>, Failure> {
    let Some(words) = &args.tensors else {
        return Ok(None);
    };
    let mut wanted = TensorOptions {
        variant: None,
        backend: None,
        samples: args.tensor_samples.max(1),
    };
    for word in words.split('/').filter(|word| !word.is_empty()) {
        let variants = selected.suite.tasks.iter().flat_map(|task| &task.variants);
        if variants.into_iter().any(|variant| variant.id == word) {
            wanted.variant = Some(word.to_owned());
        } else if selected.workers.contains_key(word) {
            wanted.backend = Some(word.to_owned());
        } else {
            let word = one_line(word);
            return Err(Failure::new(format!("`{word}` is neither a variant nor a backend"))
                .hint("--tensors takes a variant, a backend, or both, such as fp32/ort"));
        }
    }
    Ok(Some(wanted))
}
