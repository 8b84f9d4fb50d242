//! `edgebench compare`: several records side by side.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use edgebench_record::{GateRecord, Metric, Record};
use edgebench_reports::compare::{
    CompareOptions, DEFAULT_METRICS, compare as side_by_side, comparison_csv, comparison_markdown, comparison_table,
};
use edgebench_reports::format::pretty;
use edgebench_reports::policy::named;

use crate::failure::Failure;
use crate::output::print;

#[expect(clippy::doc_markdown, reason = "the help is printed as it stands here")]
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Two or more records: a record.json, or the folder of a run; the first is what the others are held against
    #[arg(required = true, num_args = 2.., value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// Metrics to compare [default: latency_p50, rss_peak, model_bytes, accuracy]
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    metric: Vec<String>,
    /// Give a ratio where figures are not comparable as well, beside the note in what they differ
    #[arg(long)]
    allow_mismatch: bool,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = CompareFormat::Table)]
    format: CompareFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CompareFormat {
    /// One table per task and metric, aligned and valid Markdown
    Table,
    /// The same as a document
    Markdown,
    /// For programs
    Json,
    /// One row per task, metric, cell and record
    Csv,
}

/// Reads a run's record. A gate's record lies beside such records and is none.
pub(crate) fn read(path: &Path) -> Result<Record, Failure> {
    let error = match Record::read(path) {
        Ok(record) => return Ok(record),
        Err(error) => error,
    };
    if GateRecord::read(path).is_err() {
        return Err(error.into());
    }
    Err(Failure::new(format!(
        "`{}` is the record of a gate, and not of a run",
        path.display()
    ))
    .hint("give the record.json of a run, or the folder of one; `edgebench run` writes it"))
}

pub(crate) fn compare(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let names: Vec<&str> = if args.metric.is_empty() {
        DEFAULT_METRICS.to_vec()
    } else {
        args.metric.iter().map(String::as_str).collect()
    };
    let metrics: Result<Vec<&'static Metric>, _> = names.into_iter().map(named).collect();
    let options = CompareOptions {
        metrics: metrics?,
        allow_mismatch: args.allow_mismatch,
    };
    let records: Vec<(String, Record)> = args
        .records
        .iter()
        .map(|path| Ok((path.to_string_lossy().into_owned(), read(path)?)))
        .collect::<Result<_, Failure>>()?;
    let sides: Vec<(&str, &Record)> = records.iter().map(|(what, record)| (what.as_str(), record)).collect();
    let comparison = side_by_side(&sides, &options);
    print(&match args.format {
        CompareFormat::Table => comparison_table(&comparison),
        CompareFormat::Markdown => comparison_markdown(&comparison),
        CompareFormat::Json => pretty(&comparison)?,
        CompareFormat::Csv => comparison_csv(&comparison)?,
    })?;
    Ok(ExitCode::SUCCESS)
}
