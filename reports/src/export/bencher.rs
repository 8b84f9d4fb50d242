//! Bencher Metric Format.

use serde::Serialize;
use serde_json::{Map, Value};

use super::source::Source;
use crate::ReportError;
use crate::text::{plain, shortened};

/// Bencher takes no longer name of a benchmark.
const NAME_CHARACTERS: usize = 1024;

/// A figure with the ends of its 95 % interval.
#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

/// For `bencher run --adapter json`: one benchmark per cell, one measure per metric.
///
/// The median latency is Bencher's own measure `latency` (nanoseconds), the throughput its `throughput` (operations per
/// second). Every other metric is a measure of its own whose slug is the metric's id with hyphens, in the metric's unit.
///
/// # Errors
/// [`ReportError::Json`]: none that a record can cause.
pub fn bencher<'a>(source: impl Into<Source<'a>>) -> Result<String, ReportError> {
    let mut benchmarks = Map::new();
    for cell in source.into().cells {
        let mut measures = Map::new();
        for (metric, figure) in &cell.figures {
            measures.insert(
                slug(metric.id),
                serde_json::to_value(Metric {
                    value: figure.value,
                    lower_value: figure.interval.map(|interval| interval.low),
                    upper_value: figure.interval.map(|interval| interval.high),
                })?,
            );
        }
        let name = shortened(&plain(&cell.id.to_string()), NAME_CHARACTERS);
        benchmarks.insert(name, Value::Object(measures));
    }
    let mut text = serde_json::to_string_pretty(&benchmarks)?;
    text.push('\n');
    Ok(text)
}

fn slug(metric: &str) -> String {
    match metric {
        "latency_p50" => "latency".to_owned(),
        other => other.replace('_', "-"),
    }
}
