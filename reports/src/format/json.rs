//! The record as it is.

use edgebench_record::Record;
use serde::Serialize;

use super::{Format, FormatOptions};
use crate::ReportError;

/// The record, or an array of several.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extension(&self) -> &'static str {
        "json"
    }

    fn meaning(&self) -> &'static str {
        "the record, or an array of several"
    }

    fn write(&self, records: &[&Record], _: &FormatOptions<'_>) -> Result<String, ReportError> {
        match records {
            [record] => json(record),
            _ => pretty(&records),
        }
    }
}

/// The whole record, indented.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn json(record: &Record) -> Result<String, ReportError> {
    pretty(record)
}

fn pretty(value: &impl Serialize) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
