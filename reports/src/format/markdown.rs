//! `report.md`: the answer first, then the evidence, then what to doubt, then how to do it again.

use std::fmt::Write as _;

use edgebench_record::{Cell, Record};

use super::{Format, FormatOptions, advices};
use crate::ReportError;
use crate::advice::fits_table;
use crate::caveats::caveats;
use crate::evidence::{class_words, scenario_lines, source_lines};
use crate::facts::{command, facts, reasons};
use crate::site::device;
use crate::table::{aligned, task_table};
use crate::text::escaped;

/// A document: everything that a reader of one run wants to know.
pub struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn meaning(&self) -> &'static str {
        "the whole report, as a document"
    }

    fn write(&self, records: &[&Record], options: &FormatOptions<'_>) -> Result<String, ReportError> {
        let documents: Vec<String> = records.iter().map(|record| document(record, options)).collect();
        Ok(documents.join("\n"))
    }
}

/// The report of one run, without a budget.
pub fn markdown(record: &Record) -> String {
    document(record, &FormatOptions::default())
}

fn document(record: &Record, options: &FormatOptions<'_>) -> String {
    let mut out = format!("# {} on {}\n\n", escaped(&record.plan.suite), escaped(&device(record)));
    if let Some(class) = class_words(record) {
        let _ = write!(out, "Host {}.\n\n", escaped(&class));
    }
    let advices = advices(record, options);
    for advice in &advices {
        let _ = writeln!(out, "- {}", escaped(&advice.words()));
    }
    out += "\n## Results\n";
    for (task, advice) in record.tasks.iter().zip(&advices) {
        if !task.description.is_empty() {
            let _ = write!(out, "\n{}\n", escaped(&task.description));
        }
        let _ = write!(out, "\n{}", task_table(record, task));
        let fits = fits_table(advice);
        if !fits.is_empty() {
            let _ = write!(out, "\nWhat fits:\n\n{fits}");
        }
    }
    section("Energy", &source_lines(record), &mut out);
    section("Scenarios", &scenario_lines(record), &mut out);
    out += "\n`~`: the difference is not significant. `–`: absent, or the count of samples does not support it. \
            ±: the farther end of the 95 % interval of the median, over processes.\n";
    failures(record, &mut out);
    let rows: Vec<Vec<String>> = facts(record)
        .iter()
        .map(|(name, value)| vec![escaped(name), escaped(value)])
        .collect();
    out += "\n## Where and how\n\n";
    out += &aligned(&[("fact", false), ("value", false)], &rows);
    let caveats = caveats(record);
    if !caveats.is_empty() {
        out += "\n## Keep in mind\n\n";
        for caveat in caveats {
            let _ = writeln!(out, "- {}", escaped(&caveat));
        }
    }
    reproduce(record, &mut out);
    out
}

/// A list under its heading; nothing where it is empty.
fn section(title: &str, lines: &[String], out: &mut String) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(out, "\n### {title}\n\n");
    for line in lines {
        let _ = writeln!(out, "- {}", escaped(line));
    }
}

/// Every cell that was not measured or broke an expectation, with all that is known of why.
fn failures(record: &Record, out: &mut String) {
    let (failed, broken): (Vec<&Cell>, Vec<&Cell>) = record
        .cells
        .iter()
        .filter(|cell| !cell.outcome.is_measured() || cell.outcome.broken_expectation.is_some())
        .partition(|cell| !cell.outcome.is_measured());
    if failed.is_empty() && broken.is_empty() {
        return;
    }
    *out += "\n## Not measured\n\n";
    for cell in failed.into_iter().chain(broken) {
        let id = escaped(&cell.id.to_string());
        let reasons: Vec<String> = reasons(cell).iter().map(|reason| escaped(reason)).collect();
        let colon = if reasons.is_empty() { "" } else { ": " };
        let _ = writeln!(
            out,
            "- **{id}**: {}{colon}{}",
            cell.outcome.kind.name(),
            reasons.join("; ")
        );
    }
}

fn reproduce(record: &Record, out: &mut String) {
    let command = command(&record.tool);
    // A fence longer than any in the text cannot be closed by it.
    let longest = command.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = write!(
        out,
        "\n## Do it again\n\n{fence}sh\n{command}\n{fence}\n\nRun {}, ",
        escaped(&record.id)
    );
    let _ = match &record.plan.suite_sha256 {
        Some(sha256) => writeln!(out, "suite manifest sha256 {}.", escaped(sha256)),
        None => writeln!(out, "models named on the command line."),
    };
}
