//! `edgebench recommend`: which cell to ship, under a budget where there is one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edgebench_record::Record;
use edgebench_reports::format::pretty;
use edgebench_reports::{
    PROFILES, Profile, Recommendation, caveats, escaped, fits_table, plain, recommend as advise_on,
};

use crate::args::TextFormat;
use crate::budget::BudgetArgs;
use crate::compare::read;
use crate::failure::Failure;
use crate::output::print;
use crate::report::find;

/// Tell which cell to ship, under a budget where there is one.
///
/// Exit codes: 0 something surely fits for every task, or no budget was given; 1 for some task nothing fits; 2 usage or
/// bad input; 4 otherwise: something fits, but not surely, or the figures to tell are lacking.
#[derive(Debug, Args)]
pub(crate) struct RecommendArgs {
    /// Records: a record.json, the folder of a run, or a folder of such folders
    #[arg(required_unless_present = "list_profiles", value_name = "RECORD")]
    records: Vec<PathBuf>,
    #[command(flatten)]
    budget: BudgetArgs,
    /// Tasks to advise on [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    task: Vec<String>,
    /// Print the profiles with the reason and the source of each limit
    #[arg(long, conflicts_with_all = ["records", "limits", "profile", "task"])]
    list_profiles: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    format: TextFormat,
}

pub(crate) fn recommend(args: &RecommendArgs) -> Result<ExitCode, Failure> {
    if args.list_profiles {
        print(&match args.format {
            TextFormat::Text => profiles(),
            TextFormat::Json => pretty(&PROFILES)?,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let budget = args.budget.budget()?;
    let records: Vec<(String, Record)> = find(&args.records)?
        .iter()
        .map(|path| Ok((path.to_string_lossy().into_owned(), read(path)?)))
        .collect::<Result<_, Failure>>()?;
    known_tasks(&args.task, &records)?;
    let sides: Vec<(&str, &Record)> = records.iter().map(|(what, record)| (what.as_str(), record)).collect();
    let recommendation = advise_on(&sides, &args.task, budget.as_ref());
    print(&match args.format {
        TextFormat::Text => text(&recommendation, &sides),
        TextFormat::Json => pretty(&recommendation)?,
    })?;
    Ok(ExitCode::from(recommendation.exit_code))
}

/// A task that no record has was meant otherwise.
fn known_tasks(tasks: &[String], records: &[(String, Record)]) -> Result<(), Failure> {
    let known: BTreeSet<&str> = records
        .iter()
        .flat_map(|(_, record)| &record.tasks)
        .map(|task| task.id.as_str())
        .collect();
    match tasks.iter().find(|task| !known.contains(task.as_str())) {
        None => Ok(()),
        Some(task) => {
            let known: Vec<String> = known.into_iter().map(plain).collect();
            Err(Failure::new(format!("no record has a task `{task}`")).hint(format!("there are {}", known.join(", "))))
        }
    }
}

/// For each record its advice, task by task, and what to keep in mind.
fn text(recommendation: &Recommendation, records: &[(&str, &Record)]) -> String {
    let mut out = String::new();
    for (advised, (what, record)) in recommendation.records.iter().zip(records) {
        if records.len() > 1 {
            let _ = writeln!(out, "# {}\n", escaped(what));
        }
        for task in &advised.tasks {
            let _ = writeln!(out, "{}\n", escaped(&task.words));
            let table = fits_table(&task.advice);
            if !table.is_empty() {
                let _ = writeln!(out, "{table}");
            }
        }
        for caveat in caveats(record) {
            let _ = writeln!(out, "- {}", escaped(&caveat));
        }
    }
    out
}

/// Every profile: its limits, each with its reason and source.
fn profiles() -> String {
    let of = |profile: &Profile| {
        let mut out = format!("{}: {}\n", profile.id, profile.title);
        for reason in profile.reasons {
            let _ = write!(
                out,
                "  {}\n    why: {}\n    source: {}\n",
                reason.limit, reason.why, reason.source
            );
        }
        out
    };
    PROFILES.iter().map(of).collect::<Vec<_>>().join("\n")
}
