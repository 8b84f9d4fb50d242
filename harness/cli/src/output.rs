//! Standard output, and the files of a run.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use edgebench_record::Record;
use edgebench_reports::{cells_csv, json, jsonl, markdown, samples_csv, table};

use crate::args::Format;
use crate::failure::{Doing as _, Failure};

/// Writes to standard output. A reader that has seen enough, as `head` has, is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.doing("write to standard output"),
    }
}

/// Writes a line to standard error. Where nobody reads it, nothing can be told and nothing is lost.
pub(crate) fn tell(line: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The record in a format.
pub(crate) fn render(record: &Record, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Table => table(record),
        Format::Markdown => markdown(record),
        Format::Json => json(record)?,
        Format::Jsonl => jsonl(record)?,
        Format::Csv => cells_csv(record)?,
    })
}

/// Writes `cells.csv`, `samples.csv` and `report.md` beside the record.
pub(crate) fn write_files(record: &Record, folder: &Path) -> Result<(), Failure> {
    for (name, text) in [
        ("cells.csv", cells_csv(record)?),
        ("samples.csv", samples_csv(record)?),
        ("report.md", markdown(record)),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).doing(format_args!("write `{}`", path.display()))?;
    }
    Ok(())
}
