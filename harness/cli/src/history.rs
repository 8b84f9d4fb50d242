//! `edgebench history`: many records over time.

mod render;
mod trend;
mod words;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Args, Subcommand};
use edgebench_history::{Added, Checkout, History, HistoryError, How, Marks, Note, Rebuilt, Run};

use crate::args::TextFormat;
use crate::failure::{Failure, exit};
use crate::output::{print, tell};
use crate::parse::one_line;

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(subcommand)]
    command: HistoryCommand,
    /// The index, which can be made from the records again at any time
    #[arg(long, global = true, value_name = "FILE", default_value = ".edgebench/history.db")]
    database: PathBuf,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Add records, and what is known of their runs
    Add(AddArgs),
    /// Tell what changed, drifted, or fell behind a release
    ///
    /// Exit codes: 0 nothing got worse; 1 something changed for the worse lately, drifts for the worse, or is worse than
    /// the release by more than its tolerance; 3 a cell fails now; 4 a cell is not measured any more, or is incomparable with
    /// the release, or with --inconclusive report undecided.
    Trend(trend::TrendArgs),
    /// List the runs
    List(ListArgs),
    /// Make the index anew from the records
    Rebuild(RebuildArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Records, or the folders of runs
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// The commit that was measured [default: the one checked out here, if it is not younger than the run]
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// The branch it is on [default: the one checked out here, with its commit]
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Marks the runs as measurements of a release, which later runs are held against; '' takes the mark away
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    format: TextFormat,
}

#[derive(Debug, Args)]
struct RebuildArgs {
    /// Where records are: files named record.json, and those with a note beside them [default: those that are known]
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Leave out known records that are gone or damaged
    #[arg(long, conflicts_with = "folders")]
    forget: bool,
}

pub(crate) fn history(args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let database = &args.database;
    match &args.command {
        HistoryCommand::Add(args) => add(database, args),
        HistoryCommand::Trend(args) => trend::trend(database, args),
        HistoryCommand::List(args) => list(database, args),
        HistoryCommand::Rebuild(args) => rebuild(database, args),
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        if let HistoryError::WouldLose { lost, .. } = &error {
            tell_left_out(lost);
        }
        let hint = error.hint();
        let failure = Self::from_error(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn add(database: &Path, args: &AddArgs) -> Result<ExitCode, Failure> {
    let marks = Marks {
        said: Note {
            commit: args.commit.as_deref().map(resolved),
            branch: args.branch.clone(),
            release: args.release.clone(),
        },
        checkout: checkout(),
    };
    let outcomes = History::open_or_create(database)?.add(&args.records, &marks)?;
    let mut code = ExitCode::SUCCESS;
    for (path, outcome) in args.records.iter().zip(outcomes) {
        match outcome {
            Ok(added) => tell_added(&added, path),
            Err(error) => {
                code = ExitCode::from(exit::USAGE);
                tell(Failure::from(error).to_string().trim_end());
            }
        }
    }
    Ok(code)
}

fn tell_added(added: &Added, path: &Path) {
    let run = one_line(&added.run);
    let how = match &added.how {
        How::New => "added".to_owned(),
        How::Changed => "changed".to_owned(),
        How::Known => "known".to_owned(),
        How::KnownAs(other) => format!("known as {}", other.display()),
    };
    tell(format_args!("{run}: {how}"));
    if let Some(replaced) = &added.replaced {
        let replaced = one_line(replaced);
        tell(format_args!(
            "{run}: {} held the run {replaced} before, which is out",
            path.display()
        ));
    }
    if added.before_commit {
        tell(format_args!(
            "{run}: no commit is stored, since the one checked out here is younger than the run; --commit names it"
        ));
    }
}

/// The commit that is checked out in the working folder; none where that is no repository.
fn checkout() -> Option<Checkout> {
    let shown = git(&["log", "-1", "--format=%H %cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"])?;
    let (commit, committed_at) = shown.split_once(' ')?;
    Some(Checkout {
        commit: commit.to_owned(),
        committed_at: committed_at.to_owned(),
        branch: git(&["symbolic-ref", "--short", "--quiet", "HEAD"]),
    })
}

/// A commit's full name where the working folder's repository knows it, and the words themselves elsewhere.
fn resolved(commit: &str) -> String {
    let name = format!("{commit}^{{commit}}");
    git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).unwrap_or_else(|| commit.to_owned())
}

/// The line that git prints; none where it fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).env("TZ", "UTC").output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

fn list(database: &Path, args: &ListArgs) -> Result<ExitCode, Failure> {
    let runs = History::open(database)?.runs()?;
    let text = match args.format {
        TextFormat::Json => format!("{}\n", serde_json::to_string_pretty(&runs)?),
        TextFormat::Text => runs.iter().map(line).collect(),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn line(run: &Run) -> String {
    let known = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), one_line);
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{} of {} measured\t{}\n",
        one_line(&run.id),
        one_line(&run.suite),
        known(&run.note.branch),
        words::short(&known(&run.note.commit)),
        known(&run.note.release),
        one_line(&run.machine_label),
        run.measured,
        run.cells,
        one_line(&run.path),
    )
}

fn rebuild(database: &Path, args: &RebuildArgs) -> Result<ExitCode, Failure> {
    let Rebuilt { runs, left_out, aside } = if args.folders.is_empty() {
        History::refresh(database, args.forget)?
    } else {
        History::rebuild(database, &args.folders)?
    };
    if let Some(aside) = aside {
        tell(format_args!("the damaged database is kept as {}", aside.display()));
    }
    tell_left_out(&left_out);
    tell(format_args!("{} holds {runs} runs", database.display()));
    let asked = args.forget || left_out.is_empty();
    Ok(ExitCode::from(if asked { 0 } else { exit::USAGE }))
}

fn tell_left_out(left_out: &[(PathBuf, HistoryError)]) {
    for (path, error) in left_out {
        let why = one_line(&error.to_string());
        tell(format_args!("left out {}: {why}", path.display()));
    }
}
