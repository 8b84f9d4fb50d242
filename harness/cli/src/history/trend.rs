//! `edgebench history trend`: what changed, drifted, or fell behind a release.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use edgebench_history::{Branch, Ending, Filter, History, Trend, TrendPolicy, trends};
use edgebench_record::{METRICS, OnInconclusive, Verdict, exit_code};
use edgebench_reports::policy::{PolicyError, Rule};
use serde_json::json;

use super::render;
use crate::failure::{Failure, exit};
use crate::output::print;
use crate::parse::one_line;

#[derive(Debug, Args)]
pub(super) struct TrendArgs {
    /// Metrics by their ids
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        default_value = "latency_p50,accuracy,rss_peak,model_bytes"
    )]
    metric: Vec<String>,
    /// Cells, such as 'fashion/int8/*'
    #[arg(long, value_name = "PATTERN")]
    cell: Vec<String>,
    /// Leave out older runs: a date, or a date and time in UTC
    #[arg(long, value_name = "DATE", value_parser = date)]
    since: Option<String>,
    /// The branch; '' for runs without one [default: that of the latest run]
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Each branch by itself
    #[arg(long, conflicts_with = "branch")]
    all_branches: bool,
    /// Make one series of a runtime's versions, so that an upgrade shows as a change
    #[arg(long)]
    across_runtimes: bool,
    /// The release to hold against [default: the newest]
    #[arg(long, value_name = "RELEASE")]
    against: Option<String>,
    /// How much worse than the release a metric may be; a third of it is the smallest change that is told
    #[arg(long, value_name = "METRIC:TOLERANCE")]
    tolerance: Vec<String>,
    /// The chance of a finding in a series where nothing changed, at most
    #[arg(long, value_name = "P", default_value_t = 0.001, value_parser = level)]
    level: f64,
    /// A change for the worse is an alarm while it is among so many latest runs
    #[arg(long, value_name = "RUNS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    recent: u32,
    /// The latest runs that are held against the release, at most
    #[arg(long, value_name = "RUNS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
    /// What it does to the exit code when it cannot be told whether the release still holds
    #[arg(long, value_enum, default_value_t = Inconclusive::Pass)]
    inconclusive: Inconclusive,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = TrendFormat::Table)]
    format: TrendFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Inconclusive {
    /// Nothing
    Pass,
    /// 4
    Report,
    /// 1
    Fail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TrendFormat {
    /// An aligned table and what was found
    Table,
    /// The same under a heading, for a step summary
    Markdown,
    /// For programs
    Json,
}

pub(super) fn trend(database: &Path, args: &TrendArgs) -> Result<ExitCode, Failure> {
    let history = History::open(database)?;
    if let Some(release) = &args.against {
        history.check_release(release)?;
    }
    let filter = filter(args)?;
    let policy = policy(args)?;
    let series = history.series(&filter)?;
    if series.is_empty() {
        let cells = if args.cell.is_empty() {
            "any cell"
        } else {
            "these cells"
        };
        let branch = match &filter.branch {
            Branch::Named(Some(name)) => format!(" on branch {}", one_line(name)),
            Branch::Named(None) => " without a branch".to_owned(),
            Branch::Latest | Branch::Each => String::new(),
        };
        return Err(
            Failure::new(format!("no run{branch} has {} of {cells}", filter.metrics.join(", ")))
                .hint("`edgebench history list` lists the runs; measurements of a release are no part of a trend"),
        );
    }
    let found = trends(&series, &policy);
    print(&match args.format {
        TrendFormat::Table => render::trends(&found, false),
        TrendFormat::Markdown => render::trends(&found, true),
        TrendFormat::Json => format!("{}\n", serde_json::to_string_pretty(&json!({ "trends": found }))?),
    })?;
    Ok(ExitCode::from(code(&found, args.inconclusive)))
}

fn filter(args: &TrendArgs) -> Result<Filter, Failure> {
    // A task's own metric is kept as its accuracy.
    let kept: Vec<&str> = METRICS.iter().map(|metric| metric.id).collect();
    let kept: Vec<&str> = kept
        .into_iter()
        .filter(|id| !matches!(*id, "top1" | "f1" | "auc"))
        .collect();
    if let Some(unknown) = args.metric.iter().find(|id| !kept.contains(&id.as_str())) {
        let fact = format!("a history has no metric `{}`", one_line(unknown));
        return Err(Failure::new(fact).hint(format!("it has {}", kept.join(", "))));
    }
    Ok(Filter {
        metrics: args.metric.clone(),
        cells: args.cell.clone(),
        since: args.since.clone(),
        branch: match &args.branch {
            Some(name) => Branch::Named(Some(name.clone()).filter(|name| !name.is_empty())),
            None if args.all_branches => Branch::Each,
            None => Branch::Latest,
        },
        across_runtimes: args.across_runtimes,
    })
}

fn policy(args: &TrendArgs) -> Result<TrendPolicy, Failure> {
    let mut policy = TrendPolicy {
        level: args.level,
        recent: args.recent as usize,
        window: args.window as usize,
        against: args.against.clone(),
        ..TrendPolicy::default()
    };
    for text in &args.tolerance {
        let rule = Rule::parse(text).map_err(|error: PolicyError| {
            let hint = error.hint();
            let failure = Failure::from_error(error);
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        policy.tolerances.insert(rule.metric.id.to_owned(), rule.tolerance);
    }
    Ok(policy)
}

fn code(found: &[Trend], inconclusive: Inconclusive) -> u8 {
    if found.iter().any(|trend| trend.alarm) {
        return 1;
    }
    let ratchets = found.iter().filter_map(|trend| trend.ratchet.as_ref());
    let verdicts: Vec<Verdict> = ratchets.map(|ratchet| ratchet.verdict.clone()).collect();
    let code = exit_code(
        &verdicts,
        match inconclusive {
            Inconclusive::Pass => OnInconclusive::Pass,
            Inconclusive::Report => OnInconclusive::Report,
            Inconclusive::Fail => OnInconclusive::Fail,
        },
    );
    // A cell without a release has no verdict, and may end otherwise all the same.
    let ended: Vec<&Ending> = found
        .iter()
        .filter(|trend| !trend.past && trend.ratchet.is_none())
        .filter_map(|trend| trend.ended_with.as_ref())
        .collect();
    match code {
        1 => 1,
        _ if ended.iter().any(|ending| ending.is_failure()) => exit::CELLS,
        0 if !ended.is_empty() && inconclusive == Inconclusive::Fail => 1,
        0 if !ended.is_empty() => 4,
        code => code,
    }
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("a chance lies between 0 and 1, such as 0.001".to_owned()),
    }
}

/// The beginning of an RFC 3339 time: at least a whole date.
fn date(text: &str) -> Result<String, String> {
    const WHOLE: &str = "0000-00-00T00:00:00Z";
    let fits = text.len() >= 10
        && text.len() <= WHOLE.len()
        && text.bytes().zip(WHOLE.bytes()).all(|(given, like)| match like {
            b'0' => given.is_ascii_digit(),
            _ => given == like,
        });
    if fits {
        Ok(text.to_owned())
    } else {
        Err("write 2026-11-21, or 2026-11-21T18:00:00Z".to_owned())
    }
}
