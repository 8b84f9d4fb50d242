//! What the index keeps of a cell's figures.

use edgebench_record::{Cell, METRICS, figure};
use edgebench_stats::Interval;

/// One figure of one cell, in its metric's unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// The metric's id. A task's own metric is `accuracy`.
    pub(crate) metric: &'static str,
    pub(crate) value: f64,
    pub(crate) interval: Option<Interval>,
    /// What it was measured on, where that decides whether two figures can be compared; empty otherwise.
    pub(crate) conditions: String,
}

/// The figures of a cell in the order of [`METRICS`]. None of a cell that is not `measured`: its figures are no results.
pub(crate) fn figures(cell: &Cell, inputs: &str) -> Vec<Figure> {
    METRICS
        .iter()
        // A task's own metric is there as `accuracy`.
        .filter(|metric| !matches!(metric.id, "top1" | "f1" | "auc"))
        .filter_map(|metric| {
            let edgebench_record::Figure { value, interval } = figure(cell, metric.id)?;
            let conditions = match (&cell.accuracy, metric.id) {
                (Some(accuracy), "accuracy") => format!(
                    "{} over {} of {} samples of {inputs}",
                    accuracy.metric, accuracy.samples, accuracy.of_samples
                ),
                _ => String::new(),
            };
            Some(Figure {
                metric: metric.id,
                value,
                interval,
                conditions,
            })
        })
        .collect()
}
