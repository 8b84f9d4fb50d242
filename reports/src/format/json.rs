//! The record as it is.

use edgebench_record::Record;
use serde::Serialize;

use super::{Format, FormatOptions};
use crate::ReportError;
use crate::text::escaped_json;

/// The record, or an array of several.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
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

/// The whole record, indented. What a terminal would obey is escaped; it reads back as it was.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn json(record: &Record) -> Result<String, ReportError> {
    pretty(record)
}

/// Any value as indented JSON that a terminal may be shown.
///
/// # Errors
/// [`ReportError::Json`] for a value that is no JSON, such as a map whose names are no strings.
pub fn pretty(value: &impl Serialize) -> Result<String, ReportError> {
    let mut text = escaped_json(&serde_json::to_string_pretty(value)?);
    text.push('\n');
    Ok(text)
}
