//! Standard output, and the files of a run.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use edgebench_record::Record;
use edgebench_reports::format::{Csv, FORMATS, Format, FormatOptions, Markdown, format};
use edgebench_reports::html::{RunLinks, Templates, run_page};
use edgebench_reports::samples_csv;

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

/// What `--format` takes.
pub(crate) fn formats() -> impl TypedValueParser<Value = &'static dyn Format> {
    let names = FORMATS.map(|format| PossibleValue::new(format.name()).help(format.meaning()));
    PossibleValuesParser::new(names).try_map(|name| format(&name).ok_or("no such format"))
}

/// Writes `cells.csv`, `samples.csv`, `report.md` and `report.html` beside the record.
pub(crate) fn write_files(record: &Record, folder: &Path) -> Result<(), Failure> {
    let written = |format: &dyn Format| format.write(&[record], &FormatOptions::default());
    for (name, text) in [
        ("cells.csv", written(&Csv)?),
        ("samples.csv", samples_csv(record)?),
        ("report.md", written(&Markdown)?),
        (
            "report.html",
            run_page(record, &Templates::built_in()?, &RunLinks::beside(), None)?,
        ),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).doing(format_args!("write `{}`", path.display()))?;
    }
    Ok(())
}
