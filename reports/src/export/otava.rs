//! CSV for Apache Otava, which finds change points: one file per cell, one row per run.

use std::collections::BTreeMap;

use edgebench_record::{Direction, METRICS};
use serde_json::{Value, json};

use super::source::{Measured, Source};
use crate::ReportError;
use crate::text::plain;

/// A row for one cell's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtavaFile {
    /// The file's name, the same in every run.
    pub name: String,
    /// The row, with its line break: to be appended to the file, after [`otava_header`] where the file is new.
    pub row: String,
}

/// The first line of every file: `time`, `commit`, then every metric of [`METRICS`], in its own unit. The columns depend
/// on nothing, so that rows of different runs always fit.
///
/// # Errors
/// [`ReportError::Csv`]: none that can happen.
pub fn otava_header() -> Result<String, ReportError> {
    let ids = METRICS.iter().map(|metric| metric.id.to_owned());
    line(["time".to_owned(), "commit".to_owned()].into_iter().chain(ids))
}

/// One row for each measured cell. A cell that was not measured has none, for Otava takes no row with a gap.
///
/// An absent figure is an empty field, so that Otava must not be told to read its column; [`otava_tests`] names those
/// that have figures. `commit` stands for what the source does not know.
///
/// # Errors
/// [`ReportError::Csv`]: none that a record can cause.
pub fn otava<'a>(source: impl Into<Source<'a>>, commit: Option<&str>) -> Result<Vec<OtavaFile>, ReportError> {
    let source = source.into();
    let commit = plain(commit.or(source.commit).unwrap_or_default());
    source
        .cells
        .iter()
        .map(|cell| {
            let figures = METRICS.iter().map(|metric| {
                let own = cell.figures.iter().find(|(own, _)| own.id == metric.id);
                own.map(|(_, figure)| figure.value.to_string()).unwrap_or_default()
            });
            let row = line([plain(source.started_at), commit.clone()].into_iter().chain(figures))?;
            Ok(OtavaFile {
                name: file_name(cell),
                row,
            })
        })
        .collect()
}

/// Otava's configuration for these files, `folder` being where they lie: one test per cell with the metrics that it has
/// figures of, and which way each is better. It is JSON, which is YAML as well.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn otava_tests<'a>(source: impl Into<Source<'a>>, folder: &str) -> Result<String, ReportError> {
    let source = source.into();
    let folder = folder.trim_end_matches('/');
    let tests: BTreeMap<String, Value> = source
        .cells
        .iter()
        .map(|cell| {
            let metrics: BTreeMap<&str, Value> = cell
                .figures
                .iter()
                .map(|(metric, _)| {
                    let direction = match metric.direction {
                        Direction::Lower => -1,
                        Direction::Higher => 1,
                    };
                    (
                        metric.id,
                        json!({ "column": metric.id, "direction": direction, "scale": 1 }),
                    )
                })
                .collect();
            let test = json!({
                "type": "csv", "file": format!("{folder}/{}", file_name(cell)), "time_column": "time",
                "attributes": ["commit"], "metrics": metrics,
            });
            (file_name(cell).trim_end_matches(".csv").to_owned(), test)
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&json!({ "tests": tests }))?;
    text.push('\n');
    Ok(text)
}

/// `fashion_fp32_ort_t1_b1.csv`. A cell's id with other characters, or a long one, gets a check sum of its own.
fn file_name(cell: &Measured<'_>) -> String {
    let id = cell.id.to_string();
    let kept: String = id
        .chars()
        .take(120)
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let told = |c: char| c.is_ascii_alphanumeric() || "-./".contains(c);
    if id.len() <= 120 && id.chars().all(told) && !id.starts_with('.') {
        format!("{kept}.csv")
    } else {
        format!("{}_{:016x}.csv", kept.trim_start_matches('.'), fnv(&id))
    }
}

/// FNV-1a with 64 bits. Source: Fowler, Noll & Vo; draft-eastlake-fnv.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn line(fields: impl Iterator<Item = String>) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields)?;
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes)?)
}
