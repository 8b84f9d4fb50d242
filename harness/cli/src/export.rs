//! `edgebench export`: a record's figures for the systems that keep them.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use edgebench_record::{GateRecord, ReadError, Record};
use edgebench_reports::ReportError;
use edgebench_reports::export::{
    Source, bencher, bigger_is_better, openmetrics, otava, otava_header, otava_tests, otava_tests_beside,
    smaller_is_better,
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
    /// Text for Prometheus and GitLab
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

/// Adds a row to each cell's file, unless it is there already, and the cells to the configuration by which Otava finds
/// them.
fn append<'a>(source: impl Fn() -> Source<'a>, folder: &Path, commit: Option<&str>) -> Result<ExitCode, Failure> {
    fs::create_dir_all(folder).doing(format_args!("make the folder `{}`", folder.display()))?;
    // The tests come first: where they cannot be written, nothing is.
    let tests = folder.join("otava.yaml");
    let place = folder.to_string_lossy();
    let known = content(&tests)?;
    let text = if known.trim().is_empty() {
        otava_tests(source(), &place)?
    } else {
        otava_tests_beside(&known, source(), &place).map_err(|error| {
            let failure = match error {
                ReportError::Json(error) => Failure::from_error(error),
                error => error.into(),
            };
            failure
                .context(format!("`{}` is not as edgebench wrote it", tests.display()))
                .hint("move it away, or export to another folder")
        })?
    };
    let header = otava_header()?;
    for file in otava(source(), commit)? {
        let path = folder.join(&file.name);
        let known = content(&path)?;
        if file.stands_in(&known)? {
            continue;
        }
        let before = match known.as_bytes().last() {
            None => &*header,
            Some(b'\n') => "",
            // Somebody's editor took the line break away.
            Some(_) => "\n",
        };
        let writing = format!("write `{}`", path.display());
        let mut open = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .doing(&writing)?;
        open.write_all(format!("{before}{}", file.row).as_bytes())
            .doing(&writing)?;
    }
    fs::write(&tests, text).doing(format_args!("write `{}`", tests.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A file's text; empty where there is none.
fn content(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => Ok(read.doing(format_args!("read `{}`", path.display()))?),
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use serde_json::Value;

    use super::*;

    const GOLDEN: &str = include_str!("../../record/tests/golden/record-v1.json");

    /// The golden record's first cell as another variant, measured at another time.
    fn record(folder: &Path, variant: &str, started_at: &str) -> PathBuf {
        let mut record: Value = serde_json::from_str(GOLDEN).unwrap();
        record["started_at"] = started_at.into();
        record["cells"].as_array_mut().unwrap().truncate(1);
        record["cells"][0]["id"]["variant"] = variant.into();
        let path = folder.join(format!("{variant}.json"));
        fs::write(&path, record.to_string()).unwrap();
        path
    }

    fn to_otava(record: PathBuf, folder: &Path) -> Result<ExitCode, Failure> {
        export(&ExportArgs {
            format: ExportFormat::Otava,
            record,
            output: Some(folder.to_owned()),
            commit: None,
        })
    }

    fn tests(folder: &Path) -> Value {
        let text = fs::read_to_string(folder.join("otava.yaml")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["tests"].take()
    }

    #[test]
    fn otava_keeps_the_tests_of_other_cells_and_doubles_no_row() {
        let folder = tempfile::tempdir().unwrap();
        let (records, out) = (folder.path(), folder.path().join("otava"));
        to_otava(record(records, "one", "2026-01-01T00:00:00Z"), &out).unwrap();
        to_otava(record(records, "two", "2026-01-01T00:00:00Z"), &out).unwrap();
        to_otava(record(records, "two", "2026-01-02T00:00:00Z"), &out).unwrap();
        let before = tests(&out);
        assert_eq!(before.as_object().unwrap().len(), 2, "{before}");
        let lines = || {
            let files = ["one", "two"].map(|variant| {
                let name = before.as_object().unwrap().keys().find(|name| name.contains(variant));
                fs::read_to_string(out.join(format!("{}.csv", name.unwrap()))).unwrap()
            });
            files.map(|text| text.lines().count())
        };
        assert_eq!(lines(), [2, 3]);
        to_otava(record(records, "two", "2026-01-02T00:00:00Z"), &out).unwrap();
        to_otava(record(records, "one", "2026-01-01T00:00:00Z"), &out).unwrap();
        assert_eq!((lines(), tests(&out)), ([2, 3], before));
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let own = "tests:\n  mine: {}\n";
        fs::write(folder.path().join("otava.yaml"), own).unwrap();
        let record = record(folder.path(), "one", "2026-01-01T00:00:00Z");
        let failure = to_otava(record, folder.path()).unwrap_err().to_string();
        assert!(
            failure.contains("otava.yaml` is not as edgebench wrote it"),
            "{failure}"
        );
        assert_eq!(fs::read_to_string(folder.path().join("otava.yaml")).unwrap(), own);
        let written = fs::read_dir(folder.path()).unwrap();
        assert_eq!(written.count(), 2, "a row was written");
    }

    #[test]
    fn the_help_has_no_marks_of_a_markup() {
        let help = ExportArgs::augment_args(Command::new("export")).render_long_help();
        assert!(!help.to_string().contains('`'), "{help}");
    }
}
