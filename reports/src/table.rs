//! Aligned tables that are Markdown as well: they read in a terminal and paste into an issue.

use std::fmt::Write as _;

use edgebench_record::{Record, TaskFacts};
use unicode_width::UnicodeWidthStr;

use crate::answer::answers;
use crate::caveats::caveats;
use crate::columns::columns;
use crate::ranking::{Rank, ranked};
use crate::text::escaped;

/// The answers, one table per task, and what to keep in mind.
pub fn table(record: &Record) -> String {
    let mut out = String::new();
    for answer in answers(record) {
        let _ = writeln!(out, "{}", escaped(&answer));
    }
    for task in &record.tasks {
        let _ = write!(out, "\n{}", task_table(record, task));
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

/// One task's title line and table.
pub(crate) fn task_table(record: &Record, task: &TaskFacts) -> String {
    let cells = ranked(record, &task.id);
    let columns = columns(&cells, task.metric.as_deref());
    let rows: Vec<Vec<String>> = cells
        .iter()
        .map(|(rank, cell)| columns.iter().map(|column| (column.words)(*rank, cell)).collect())
        .collect();
    let headers: Vec<(&str, bool)> = columns
        .iter()
        .map(|column| (column.header.as_str(), column.numeric))
        .collect();
    format!("{}\n\n{}", title(task, &cells), aligned(&headers, &rows))
}

/// `**fashion** · top1 over 10000 samples · baseline fp32 · 1 thread · batch 1`
fn title(task: &TaskFacts, cells: &[(Rank, &edgebench_record::Cell)]) -> String {
    let mut parts = vec![format!("**{}**", escaped(&task.id))];
    if let Some(metric) = &task.metric {
        parts.push(format!("{}{}", escaped(metric), over(task, cells)));
    } else {
        parts.push(format!("accuracy not measured, inputs {}", escaped(&task.inputs)));
    }
    parts.push(format!("baseline {}", escaped(&task.baseline)));
    let same = |part: fn(&edgebench_api::Settings) -> usize| {
        let first = part(&cells.first()?.1.id.settings);
        cells
            .iter()
            .all(|(_, cell)| part(&cell.id.settings) == first)
            .then_some(first)
    };
    match same(|settings| settings.threads) {
        Some(1) => parts.push("1 thread".to_owned()),
        Some(threads) => parts.push(format!("{threads} threads")),
        None => {}
    }
    if let Some(batch) = same(|settings| settings.batch) {
        parts.push(format!("batch {batch}"));
    }
    parts.join(" · ")
}

/// How many samples the metric was computed over: all, or the part that cells were given. Where they differ, a column
/// tells.
fn over(task: &TaskFacts, cells: &[(Rank, &edgebench_record::Cell)]) -> String {
    let Some(all) = task.samples else {
        return String::new();
    };
    let used = cells
        .iter()
        .filter_map(|(_, cell)| Some(cell.accuracy.as_ref()?.samples));
    match used.max() {
        Some(most) if most < all => format!(" over {most} of {all} samples"),
        _ => format!(" over {all} samples"),
    }
}

/// A Markdown table whose columns line up in a terminal: headers, each with whether its column is of numbers, and rows. The
/// words are Markdown already.
pub fn aligned(headers: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(column, (header, _))| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|words| words.width())
                .chain([header.width(), 3])
                .max()
                .unwrap_or(3)
        })
        .collect();
    let mut out = String::new();
    let mut line = |words: &mut dyn Iterator<Item = &str>| {
        out.push('|');
        for ((words, width), (_, numeric)) in words.zip(&widths).zip(headers) {
            let padding = " ".repeat(width.saturating_sub(words.width()));
            let _ = if *numeric {
                write!(out, " {padding}{words} |")
            } else {
                write!(out, " {words}{padding} |")
            };
        }
        out.push('\n');
    };
    line(&mut headers.iter().map(|(header, _)| *header));
    let rules: Vec<String> = headers
        .iter()
        .zip(&widths)
        .map(|((_, numeric), width)| {
            if *numeric {
                format!("{}:", "-".repeat(width - 1))
            } else {
                "-".repeat(*width)
            }
        })
        .collect();
    line(&mut rules.iter().map(String::as_str));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let rows = vec![
            vec!["a".to_owned(), "1.25".to_owned()],
            vec!["日本語".to_owned(), "–".to_owned()],
        ];
        assert_eq!(
            aligned(&[("name", false), ("µs", true)], &rows),
            "| name   |   µs |\n| ------ | ---: |\n| a      | 1.25 |\n| 日本語 |    – |\n"
        );
    }
}
