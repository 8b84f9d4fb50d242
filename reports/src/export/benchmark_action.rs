//! The two custom formats of github-action-benchmark, which takes one file per direction.

use edgebench_record::{Direction, Metric};
use serde::Serialize;

use super::source::{Measured, Source};
use crate::ReportError;
use crate::text::{plain, significant};
use edgebench_record::Figure;

/// One entry. The name tells charts apart, so that it must stay the same from run to run.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<String>,
}

/// The figures of which less is better, for `tool: customSmallerIsBetter`: `<cell> <metric>`, the unit, the value, and
/// the farther end of its 95 % interval as `range`.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn smaller_is_better<'a>(source: impl Into<Source<'a>>) -> Result<String, ReportError> {
    entries(&source.into(), Direction::Lower)
}

/// The figures of which more is better, for `tool: customBiggerIsBetter`.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn bigger_is_better<'a>(source: impl Into<Source<'a>>) -> Result<String, ReportError> {
    entries(&source.into(), Direction::Higher)
}

fn entries(source: &Source<'_>, direction: Direction) -> Result<String, ReportError> {
    let mut entries = Vec::new();
    for cell in &source.cells {
        let of_direction = cell.figures.iter().filter(|(metric, _)| metric.direction == direction);
        entries.extend(of_direction.map(|(metric, figure)| entry(source, cell, metric, figure)));
    }
    let mut text = serde_json::to_string_pretty(&entries)?;
    text.push('\n');
    Ok(text)
}

fn entry(source: &Source<'_>, cell: &Measured<'_>, metric: &Metric, figure: &Figure) -> Entry {
    let range = figure.interval.map(|interval| {
        let side = (interval.high - figure.value).max(figure.value - interval.low);
        format!("± {}", significant(side))
    });
    let extra: Vec<String> = cell
        .runtime
        .iter()
        .map(|runtime| plain(runtime))
        .chain(source.cpu_model.map(plain))
        .collect();
    Entry {
        name: plain(&format!("{} {}", cell.id, metric.id)),
        unit: if metric.unit.is_empty() { "count" } else { metric.unit },
        value: figure.value,
        range,
        extra: Some(extra.join("\n")).filter(|extra| !extra.is_empty()),
    }
}
