//! `edgebench export`: a record's figures for the systems that keep them.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use edgebench_record::{GateRecord, ReadError, Record};
use edgebench_reports::ReportError;
use edgebench_reports::export::{
    Source, bencher, bigger_is_better, openmetrics, otava, otava_header, otava_tests, smaller_is_better,
};

use crate::failure::{Doing as _, Failure};
use crate::output::print;

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Who reads it
    #[arg(value_enum)]
    format: ExportFormat,
    /// A record.json or a gate.json (its candidate), or the folder that holds one
    record: PathBuf,
    /// Where to write it: a file, or for Otava a folder to whose files a row is added [default: standard output]
    #[arg(short, long, value_name = "FILE|DIR", required_if_eq("format", "otava"))]
    output: Option<PathBuf>,
    /// The commit that was measured, for Otava [default: the gate's own]
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// github-action-benchmark's customSmallerIsBetter
    SmallerIsBetter,
    /// github-action-benchmark's customBiggerIsBetter
    BiggerIsBetter,
    /// Bencher Metric Format
    Bencher,
    /// `OpenMetrics` text, for Prometheus and GitLab
    Openmetrics,
    /// Apache Otava's CSV, a file a cell, and its configuration
    Otava,
}

/// A run's record or a gate's.
enum Either {
    Run(Box<Record>),
    Gate(Box<GateRecord>),
}

impl Either {
    fn source(&self) -> Source<'_> {
        match self {
            Self::Run(record) => record.as_ref().into(),
            Self::Gate(record) => record.as_ref().into(),
        }
    }
}

/// Reads what lies there. A gate's record is known by its name, or by being no run's.
fn read(path: &Path) -> Result<Either, Failure> {
    let is_gate = path.file_name().is_some_and(|name| name == "gate.json")
        || (path.is_dir() && !path.join("record.json").exists() && path.join("gate.json").exists());
    if is_gate {
        return Ok(Either::Gate(Box::new(GateRecord::read(path)?)));
    }
    match Record::read(path) {
        Ok(record) => Ok(Either::Run(Box::new(record))),
        Err(error @ ReadError::Damaged { .. }) => match GateRecord::read(path) {
            Ok(gate) => Ok(Either::Gate(Box::new(gate))),
            Err(_) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn export(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let record = read(&args.record)?;
    let source = || record.source();
    let text = match args.format {
        ExportFormat::SmallerIsBetter => smaller_is_better(source())?,
        ExportFormat::BiggerIsBetter => bigger_is_better(source())?,
        ExportFormat::Bencher => bencher(source())?,
        ExportFormat::Openmetrics => openmetrics(source()),
        ExportFormat::Otava => {
            let folder = args.output.as_deref().unwrap_or(Path::new("."));
            return append(source, folder, args.commit.as_deref());
        }
    };
    match &args.output {
        Some(path) => fs::write(path, text).doing(format_args!("write `{}`", path.display()))?,
        None => print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds a row to each cell's file, and writes the configuration by which Otava finds them.
fn append<'a>(source: impl Fn() -> Source<'a>, folder: &Path, commit: Option<&str>) -> Result<ExitCode, Failure> {
    fs::create_dir_all(folder).doing(format_args!("make the folder `{}`", folder.display()))?;
    let header = otava_header()?;
    for file in otava(source(), commit)? {
        let path = folder.join(&file.name);
        let writing = format!("write `{}`", path.display());
        let new = !path.exists();
        let mut open = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .doing(&writing)?;
        if new {
            open.write_all(header.as_bytes()).doing(&writing)?;
        }
        open.write_all(file.row.as_bytes()).doing(&writing)?;
    }
    let path = folder.join("otava.yaml");
    let tests: Result<String, ReportError> = otava_tests(source(), &folder.to_string_lossy());
    fs::write(&path, tests?).doing(format_args!("write `{}`", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
