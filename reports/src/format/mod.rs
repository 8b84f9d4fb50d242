//! Ways of writing records down, one file each.
//!
//! A format is a name and a function of records; [`FORMATS`] lists them all. What reads a record's
//! strings makes them harmless for its own reader: a terminal, Markdown, a spreadsheet, a browser.

mod brief;
mod csv;
mod html;
mod json;
mod jsonl;
mod markdown;
mod table;

use std::fmt;

use edgebench_record::Record;

use crate::ReportError;
use crate::advice::{Advice, advise};
use crate::budget::Budget;
use crate::html::Templates;

pub use brief::Brief;
pub use csv::{CELL_COLUMNS, Csv, SAMPLE_COLUMNS, cells_csv, samples_csv};
pub(crate) use csv::{finish, options};
pub use html::Html;
pub use json::{Json, json, pretty};
pub use jsonl::{Jsonl, jsonl};
pub use markdown::{Markdown, markdown};
pub use table::{Table, table};

/// One way of writing records down.
pub trait Format: Sync {
    /// The name that `--format` takes.
    fn name(&self) -> &'static str;

    /// One line about it, for the help.
    fn meaning(&self) -> &'static str;

    /// Writes the records, in the order given. The same records and options give the same text.
    ///
    /// # Errors
    /// [`ReportError`]: none that a record can cause.
    fn write(&self, records: &[&Record], options: &FormatOptions<'_>) -> Result<String, ReportError>;
}

impl fmt::Debug for dyn Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a format is told beside the records. A format that has no place for something leaves it out.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormatOptions<'a> {
    /// What the device allows: the answers hold to it, and tables of what fits follow the tasks' own.
    pub budget: Option<&'a Budget>,
    /// The pages' templates, where they are not those that are built in.
    pub templates: Option<&'a Templates>,
}

/// Every format, in the order of the help.
pub const FORMATS: [&dyn Format; 7] = [&Table, &Markdown, &Brief, &Html, &Json, &Jsonl, &Csv];

/// Finds a format by its name.
pub fn format(name: &str) -> Option<&'static dyn Format> {
    FORMATS.into_iter().find(|format| format.name() == name)
}

/// The advice on each task of a record.
fn advices(record: &Record, options: &FormatOptions<'_>) -> Vec<Advice> {
    let tasks = record.tasks.iter();
    tasks.map(|task| advise(record, task, options.budget)).collect()
}
