//! Several records side by side: the same work, by metric, against the first record.
//!
//! | module | idea |
//! |---|---|
//! | `build` | which cells are the same work, how they changed, what is not comparable |
//! | `mean` | the geometric mean of ratios with its interval |
//! | `text`, `rows` | as tables, and as CSV |

mod build;
mod mean;
mod rows;
mod text;

use std::collections::BTreeMap;

use edgebench_record::{CellId, Metric, Scale};
use edgebench_stats::Interval;
use serde::Serialize;

pub use build::compare;
pub use rows::{COMPARISON_COLUMNS, comparison_csv};
pub use text::{comparison_markdown, comparison_table};

/// The metrics that are compared where nobody names any.
pub const DEFAULT_METRICS: [&str; 4] = ["latency_p50", "rss_peak", "model_bytes", "accuracy"];

/// Several records side by side. The first is what the others are held against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The records in order.
    pub sides: Vec<ComparedSide>,
    /// One per task and metric that any record has a figure of.
    pub tables: Vec<ComparedTable>,
    /// What entries refer to by their `note`, from 1.
    pub notes: Vec<String>,
    /// What to keep in mind when reading the figures.
    pub caveats: Vec<String>,
}

/// One of the records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedSide {
    /// `A`, `B`, …
    pub letter: String,
    /// What it is, without folders.
    pub what: String,
    /// The run.
    pub run: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// The version of edgebench.
    pub tool_version: String,
    /// Runtimes with their versions, by backend.
    pub runtimes: BTreeMap<String, String>,
}

/// One metric of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedTable {
    /// The task's id.
    pub task: String,
    /// The metric's id.
    pub metric: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Whether less is better.
    pub lower_is_better: bool,
    /// The cells that any record has, in the order of the first record that has them.
    pub rows: Vec<ComparedRow>,
    /// One per record: the geometric mean of its ratios to the first record's figures, over the cells that all records
    /// measured comparably; absent for the first record, for fractions, and without any such cell.
    pub means: Vec<Option<Mean>>,
}

/// One cell in all records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedRow {
    /// The cell.
    pub cell: CellId,
    /// One per record.
    pub entries: Vec<Entry>,
}

/// A cell's figure in one record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// What became of the cell: an outcome's name, or `missing` where the record does not have the cell.
    pub state: &'static str,
    /// The figure, in the metric's unit; of a fraction that is paired, over the paired samples only in `change`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Its own 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Processes or samples that it rests on; absent for what is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
    /// Against the first record; absent for itself, and where they are not comparable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<EntryChange>,
    /// Whether the figures are not comparable; the note says in what they differ.
    pub incomparable: bool,
    /// The number of a note, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<usize>,
}

/// A figure against the first record's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EntryChange {
    /// `relative`: a ratio, 1.03 for 3 % more. `absolute`: a difference in the metric's unit.
    pub scale: Scale,
    /// The ratio or the difference. Where there is an interval it is that one's centre, such as the ratio of the
    /// invocations' geometric means; otherwise it is of the two figures.
    pub estimate: f64,
    /// Its 95 % interval; absent for what is exact, and where the data do not give one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Whether it is unlikely to be noise: the interval leaves out no change, or exact figures differ. Absent where
    /// there is no interval to tell by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub significant: Option<bool>,
}

/// The geometric mean of ratios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub ratio: f64,
    /// Its 95 % interval for these very cells; absent where a cell has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Cells that it is over.
    pub cells: usize,
}

/// How a comparison is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CompareOptions {
    /// The metrics, each a table of every task.
    pub metrics: Vec<&'static Metric>,
    /// Whether figures that are not comparable get their ratio all the same, beside the note.
    pub allow_mismatch: bool,
}
