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
//! | `answer` | the answer in one line per task |
//! | `columns` | one cell as a row of words |
//! | `table` | aligned tables that are Markdown as well |
//! | `caveats` | what makes a run's figures less than they seem |
//! | [`picture`] | pictures of what a record holds, as SVG |
//! | `markdown`, `csv`, `json` | the formats |
//! | [`gate`] | what a gate found, for people and for CI systems |
//! | [`policy`] | what counts for a gate, and how much |
//! | [`site`] | many records as a small static site |
//! | [`records`] | two records judged by a policy |
//! | [`compare`] | several records side by side |
//! | [`export`] | a record's figures for the systems that keep them |
#![forbid(unsafe_code)]

mod answer;
mod caveats;
mod columns;
pub mod compare;
mod csv;
pub mod export;
pub mod gate;
mod json;
mod markdown;
pub mod picture;
pub mod policy;
mod ranking;
pub mod records;
pub mod site;
mod table;
mod text;

pub use answer::{answer, answers};
pub use caveats::caveats;
pub use csv::{CELL_COLUMNS, SAMPLE_COLUMNS, cells_csv, samples_csv};
pub use json::{json, jsonl};
pub use markdown::markdown;
pub use ranking::{Rank, rank, ranked};
pub use table::{aligned, table};
pub use text::{escaped, plain};

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
    /// The text is not UTF-8; a writer's error.
    #[error("the report is not UTF-8")]
    Utf8(#[from] std::string::FromUtf8Error),
}
