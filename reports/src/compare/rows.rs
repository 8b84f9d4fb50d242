//! A comparison as CSV: one row per task, metric, cell and record.

use super::{ComparedTable, Comparison, Entry};
use crate::ReportError;
use crate::format::{finish, options};
use crate::text::field;

/// The columns of a comparison's CSV. An absent figure is an empty field.
pub const COMPARISON_COLUMNS: [&str; 23] = [
    "task",
    "metric",
    "unit",
    "variant",
    "backend",
    "threads",
    "batch",
    "device",
    "options",
    "record",
    "run",
    "state",
    "value",
    "low",
    "high",
    "n",
    "change",
    "change_estimate",
    "change_low",
    "change_high",
    "significant",
    "comparable",
    "note",
];

/// The comparison as CSV. `change` is `ratio` or `difference`, against the first record.
///
/// # Errors
/// [`ReportError`]: none that a record can cause.
pub fn comparison_csv(comparison: &Comparison) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COMPARISON_COLUMNS)?;
    for table in &comparison.tables {
        for row in &table.rows {
            for (entry, side) in row.entries.iter().zip(&comparison.sides) {
                let id = &row.cell;
                let mut fields = vec![
                    field(&table.task),
                    table.metric.to_owned(),
                    table.unit.to_owned(),
                    field(&id.variant),
                    field(&id.backend),
                    id.settings.threads.to_string(),
                    id.settings.batch.to_string(),
                    field(&id.settings.device),
                    options(&id.settings),
                    side.letter.clone(),
                    field(&side.run),
                ];
                fields.extend(figures(entry, table));
                let note = entry.note.and_then(|note| comparison.notes.get(note - 1));
                fields.push(note.map(|note| field(note)).unwrap_or_default());
                writer.write_record(fields)?;
            }
        }
    }
    finish(writer)
}

fn figures(entry: &Entry, table: &ComparedTable) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let change = entry.change;
    let kind = match (change, table.unit) {
        (None, _) => "",
        (Some(_), "fraction") => "difference",
        (Some(_), _) => "ratio",
    };
    let interval = change.and_then(|change| change.interval);
    let significant = change.and_then(|change| change.significant);
    vec![
        entry.state.to_owned(),
        number(entry.value),
        number(entry.interval.map(|interval| interval.low)),
        number(entry.interval.map(|interval| interval.high)),
        entry.n.map(|n| n.to_string()).unwrap_or_default(),
        kind.to_owned(),
        number(change.map(|change| change.estimate)),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        significant
            .map(|significant| significant.to_string())
            .unwrap_or_default(),
        (!entry.incomparable).to_string(),
    ]
}
