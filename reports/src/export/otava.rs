//! CSV for Apache Otava, which finds change points: one file per cell, one row per run.

use std::collections::BTreeMap;

use edgebench_record::{Direction, METRICS};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::source::{Measured, Source};
use crate::ReportError;
use crate::text::field;

/// A row for one cell's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtavaFile {
    /// The file's name, the same in every run.
    pub name: String,
    /// The row, with its line break: to be appended to the file, after [`otava_header`] where the file is new.
    pub row: String,
}

impl OtavaFile {
    /// Whether the file's text has a row of the same time already, so that this one is of the same run.
    ///
    /// # Errors
    /// [`ReportError::Csv`] where the text is no CSV.
    pub fn stands_in(&self, text: &str) -> Result<bool, ReportError> {
        let rows = |text: &str| {
            csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes())
                .into_records()
                .map(|row| row.map(|row| row.get(0).unwrap_or_default().to_owned()))
                .collect::<Result<Vec<String>, csv::Error>>()
        };
        let own = rows(&self.row)?;
        Ok(rows(text)?.iter().any(|time| own.contains(time)))
    }
}

/// Otava's configuration as it is written here.
#[derive(Default, Serialize, Deserialize)]
struct Configuration {
    tests: BTreeMap<String, Value>,
    /// What others wrote there.
    #[serde(flatten)]
    others: Map<String, Value>,
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
    let commit = field(commit.or(source.commit).unwrap_or_default());
    source
        .cells
        .iter()
        .map(|cell| {
            let figures = METRICS.iter().map(|metric| {
                let own = cell.figures.iter().find(|(own, _)| own.id == metric.id);
                own.map(|(_, figure)| figure.value.to_string()).unwrap_or_default()
            });
            let row = line([field(source.started_at), commit.clone()].into_iter().chain(figures))?;
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
    written(Configuration::default(), &source.into(), folder)
}

/// [`otava_tests`] beside what a configuration holds already: its tests of other cells stay, and so does all else.
///
/// # Errors
/// [`ReportError::Json`] where `known` is no such configuration.
pub fn otava_tests_beside<'a>(known: &str, source: impl Into<Source<'a>>, folder: &str) -> Result<String, ReportError> {
    written(serde_json::from_str(known)?, &source.into(), folder)
}

fn written(mut configuration: Configuration, source: &Source<'_>, folder: &str) -> Result<String, ReportError> {
    let folder = folder.trim_end_matches('/');
    let tests = source.cells.iter().map(|cell| {
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
    });
    configuration.tests.extend(tests);
    let mut text = serde_json::to_string_pretty(&configuration)?;
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
