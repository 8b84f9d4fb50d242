//! One JSON object per line, one line per cell.

use edgebench_record::{Cell, Record};
use serde::Serialize;

use super::{Format, FormatOptions};
use crate::ReportError;
use crate::text::escaped_json;

/// The cells of all records, each a line that is complete in itself.
pub struct Jsonl;

impl Format for Jsonl {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn meaning(&self) -> &'static str {
        "one cell per line"
    }

    fn write(&self, records: &[&Record], _: &FormatOptions<'_>) -> Result<String, ReportError> {
        records.iter().map(|record| jsonl(record)).collect()
    }
}

/// One line per cell, each complete in itself: the run's id and schema, then the cell as the record has it.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn jsonl(record: &Record) -> Result<String, ReportError> {
    #[derive(Serialize)]
    struct Line<'a> {
        schema: u32,
        run: &'a str,
        #[serde(flatten)]
        cell: &'a Cell,
    }
    let mut text = String::new();
    for cell in &record.cells {
        text += &escaped_json(&serde_json::to_string(&Line {
            schema: record.schema,
            run: &record.id,
            cell,
        })?);
        text.push('\n');
    }
    Ok(text)
}
