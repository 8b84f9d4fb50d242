//! From the flags to a profile and its files.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use edgebench_record::{Outcome, OutcomeKind, ProfileRecord, to_json};
use edgebench_reports::html::Templates;
use edgebench_reports::profile::{chrome_trace, folded, operators_csv, profile_page, profile_table};
use edgebench_runner::WorkerCommand;
use edgebench_runner::profile::{PeaksRequest, ProfileEvent, ProfileOptions, TensorOptions, profile};
use edgebench_runner::run::fresh_id;
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
    let tensors = tensors(args, &selected)?;
    let id = fresh_id();
    let folder = args.output.clone().unwrap_or_else(|| Path::new(PROFILES).join(&id));
    if folder.join("profile.json").exists() {
        return Err(Failure::new(format!("{} holds a profile already", folder.display())).hint("name another folder"));
    }
    let created = !folder.exists();
    fs::create_dir_all(&folder).doing(format_args!("make the folder `{}`", folder.display()))?;
    // What is removed at the end is nobody else's.
    let work = folder.join(format!("work-{id}"));
    // What is before a worker may put it on another machine, whose peaks are not those that are kept here.
    let here = prefix.is_empty() && args.runtime.worker.is_none();
    let kept = if here { peaks::kept() } else { Vec::new() };
    let known_peaks = match args.peaks {
        PeaksFrom::Auto => kept.iter().map(|kept| kept.peaks.clone()).collect(),
        PeaksFrom::Measure | PeaksFrom::Off => Vec::new(),
    };
    let options = ProfileOptions {
        command: &command,
        inputs: selected.inputs,
        interrupt: &interrupt,
        tool: tool(arguments()),
        host_name: args.device_name.clone(),
        id,
        invocations: args.invocations,
        runs: args.runs,
        time: args.time,
        known_peaks: known_peaks.clone(),
        peaks: (args.peaks != PeaksFrom::Off).then(|| PeaksRequest {
            command: command(NULL),
            time: PEAKS_TIME,
        }),
        tensors,
        work: work.clone(),
    };
    let bar = bar();
    let record = profile(&selected.plan, &selected.suite, options, &mut |event| show(&bar, event));
    bar.finish_and_clear();
    if record.is_err() {
        let _ = fs::remove_dir_all(&work);
        // Where something else lies in it, it stays.
        let _ = created.then(|| fs::remove_dir(&folder));
    }
    let mut record = record.map_err(|error| {
        let hint = error.hint();
        let failure = Failure::from_error(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    if here {
        peaks::keep(kept, &known_peaks, &mut record.peaks);
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
            why(outcome)
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

/// A reason with what lies behind it.
fn why(outcome: &Outcome) -> String {
    let mut why = outcome.reason.clone();
    for cause in outcome.causes.iter().filter(|cause| !outcome.reason.contains(*cause)) {
        why = format!("{why}: {cause}");
    }
    why
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
        samples: args.tensor_samples,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_with_its_causes() {
        let mut outcome = Outcome::of(OutcomeKind::Failed, "the profile cannot be read: it ends early");
        outcome.causes = vec!["it ends early".to_owned(), "line 3".to_owned()];
        assert_eq!(why(&outcome), "the profile cannot be read: it ends early: line 3");
    }
}
