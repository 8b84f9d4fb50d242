//! What a record means: tables, summaries, files.
//!
//! Every report is a pure function of a [`edgebench_record::Record`], one file per format. Nothing here measures or
//! judges anew: what a report says in words is computed from the record's figures, and a figure that the record lacks
//! is left out.
//!
//! | module | idea |
//! |---|---|
//! | `text` | strings from strangers made harmless, numbers in the unit that reads best |
//! | `ranking` | which cells come first, and why |
//! | `about`, `facts` | what a table is about; the host, the plan and the reasons in words |
//! | `advice` | which cell to ship, in words that are true to the intervals |
//! | `budget` | what a device allows, and whether a cell is surely within it |
//! | `amount` | amounts with units |
//! | `columns` | one cell as a row of words |
//! | `table` | aligned tables that are Markdown as well |
//! | `evidence` | energy and proxies, memory, scenarios, the machine: sections of sentences and tables |
//! | `caveats` | what makes a run's figures less than they seem |
//! | [`html`] | self-contained pages |
//! | [`picture`] | pictures of what a record holds, as SVG |
//! | [`format`](mod@format) | the formats, one file each, behind one trait |
//! | [`gate`] | what a gate found, for people and for CI systems |
//! | [`policy`] | what counts for a gate, and how much |
//! | [`mod@profile`] | where the time of an inference goes |
//! | [`site`] | many records as a small static site |
//! | [`records`] | two records judged by a policy |
//! | [`compare`] | several records side by side |
//! | [`export`] | a record's figures for the systems that keep them |
#![forbid(unsafe_code)]

mod about;
mod advice;
mod amount;
mod budget;
mod caveats;
mod columns;
pub mod compare;
mod evidence;
pub mod export;
mod facts;
pub mod format;
pub mod gate;
pub mod html;
pub mod picture;
pub mod policy;
pub mod profile;
mod ranking;
pub mod records;
pub mod site;
mod table;
mod text;

pub use advice::{
    Advice, Advised, Against, Alternative, Best, CellFit, Closest, Miss, Named, Next, RECOMMENDATION_SCHEMA, Ratio,
    Reason, Recommendation, RecordAdvice, TaskAdvice, advise, answer, answers, fits_table, recommend,
};
pub use budget::{
    Bound, Budget, BudgetError, Fit, Fitness, Limit, PROFILES, Profile, Reason as ProfileReason, Standing, fit,
    fitness, profile,
};
pub use caveats::caveats;
pub use format::{
    CELL_COLUMNS, FORMATS, Format, FormatOptions, SAMPLE_COLUMNS, cells_csv, json, jsonl, markdown, samples_csv, table,
};
pub use ranking::{Rank, rank, ranked};
pub use table::aligned;
pub use text::{escaped, literal, plain};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A row could not be written as CSV.
    #[error("a row could not be written as CSV")]
    Csv(#[from] ::csv::Error),
    /// The record could not be written as JSON.
    #[error("the record could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The verdicts could not be written as `JUnit` XML.
    #[error("the verdicts could not be written as JUnit XML")]
    Junit(#[from] quick_junit::SerializeError),
    /// Several records do not go into one page.
    #[error("{0} records do not go into one page")]
    OnePage(usize),
    /// A template does not fit.
    #[error("a template does not fit")]
    Template(#[from] minijinja::Error),
    /// A template could not be read.
    #[error("cannot read the templates in {}", path.display())]
    TemplateFile {
        /// Where.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The text is not UTF-8; a writer's error.
    #[error("the report is not UTF-8")]
    Utf8(#[from] std::string::FromUtf8Error),
}

impl ReportError {
    /// What to do about it, where something can be done.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OnePage(_) => Some("write a folder of pages with `edgebench report RECORD… -o DIR`"),
            Self::Template(_) | Self::TemplateFile { .. } => {
                Some("start from the originals, in reports/templates of edgebench's source")
            }
            Self::Csv(_) | Self::Json(_) | Self::Junit(_) | Self::Utf8(_) => None,
        }
    }
}
