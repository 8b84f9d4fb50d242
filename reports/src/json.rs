//! The record as JSON, and its cells as one JSON object per line.

use edgebench_record::{Cell, Record};
use serde::Serialize;

use crate::ReportError;

/// The whole record, indented.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn json(record: &Record) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(record)?;
    text.push('\n');
    Ok(text)
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
        text += &serde_json::to_string(&Line {
            schema: record.schema,
            run: &record.id,
            cell,
        })?;
        text.push('\n');
    }
    Ok(text)
}
