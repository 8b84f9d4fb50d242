//! For a terminal: the answers, one table per task, and what to keep in mind.

use std::fmt::Write as _;

use edgebench_record::Record;

use super::{Format, FormatOptions, advices};
use crate::ReportError;
use crate::advice::fits_table;
use crate::caveats::caveats;
use crate::evidence::{class_words, scenario_lines, source_lines};
use crate::site::device;
use crate::table::task_table;
use crate::text::escaped;

/// Tables whose columns line up, and that are Markdown as well: they read in a terminal and paste into an issue.
pub struct Table;

impl Format for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn meaning(&self) -> &'static str {
        "the answer and one table per task, aligned and valid Markdown"
    }

    fn write(&self, records: &[&Record], options: &FormatOptions<'_>) -> Result<String, ReportError> {
        let parts: Vec<String> = records
            .iter()
            .map(|record| match records {
                [_] => run(record, options),
                _ => format!("{}\n\n{}", heading(record), run(record, options)),
            })
            .collect();
        Ok(parts.join("\n"))
    }
}

/// The table of one run, without a budget.
pub fn table(record: &Record) -> String {
    run(record, &FormatOptions::default())
}

fn run(record: &Record, options: &FormatOptions<'_>) -> String {
    let mut out = String::new();
    let advices = advices(record, options);
    for advice in &advices {
        let _ = writeln!(out, "{}", escaped(&advice.words()));
    }
    for (task, advice) in record.tasks.iter().zip(&advices) {
        let _ = write!(out, "\n{}", task_table(record, task));
        let fits = fits_table(advice);
        if !fits.is_empty() {
            let _ = write!(out, "\n{fits}");
        }
    }
    let lines = evidence_lines(record);
    if !lines.is_empty() {
        out.push('\n');
    }
    for line in lines {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    let caveats = caveats(record);
    if !caveats.is_empty() {
        out.push('\n');
    }
    for caveat in caveats {
        let _ = writeln!(out, "- {}", escaped(&caveat));
    }
    out
}

/// Tells one run from the others.
fn heading(record: &Record) -> String {
    format!(
        "## {} on {}, run {}",
        escaped(&record.plan.suite),
        escaped(&device(record)),
        escaped(&record.id)
    )
}

/// How far the machine's figures can be trusted, what the energy is from, and each cell's scenarios: plain text.
fn evidence_lines(record: &Record) -> Vec<String> {
    let class = class_words(record).map(|words| format!("host: {}, {words}", device(record)));
    let mut lines: Vec<String> = class.into_iter().collect();
    lines.extend(source_lines(record));
    lines.extend(scenario_lines(record));
    lines
}
