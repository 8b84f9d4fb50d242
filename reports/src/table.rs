//! Aligned tables that are Markdown as well: they read in a terminal and paste into an issue.

use std::fmt::Write as _;

use edgebench_record::{Record, TaskFacts};
use unicode_width::UnicodeWidthStr;

use crate::about::about;
use crate::columns::{Column, Escape, columns};
use crate::ranking::ranked;
use crate::text::{escaped, plain, shortened};

/// The longest name that a table shows; lists of cells give it in full.
const NAME_CHARACTERS: usize = 80;

/// One task's cells in words.
pub(crate) struct TaskTable {
    /// What the table is about: `**fashion** · top1 over 10000 samples · baseline fp32 · 1 thread · batch 1`.
    pub(crate) title: String,
    /// The columns' headers, each with whether its column is of numbers.
    pub(crate) headers: Vec<(String, bool)>,
    /// A row for each cell, the answer first.
    pub(crate) rows: Vec<Vec<String>>,
}

impl TaskTable {
    /// The columns that are `shown`, with the record's strings made harmless by `escape`.
    pub(crate) fn of(record: &Record, task: &TaskFacts, escape: Escape, shown: fn(&Column) -> bool) -> Self {
        let cells = ranked(record, &task.id);
        let mut columns = columns(&cells, task.metric.as_deref(), escape);
        columns.retain(shown);
        Self {
            title: format!("**{}** · {}", escape(&task.id), about(task, &cells, escape).join(" · ")),
            headers: columns
                .iter()
                .map(|column| (column.header.clone(), column.numeric))
                .collect(),
            rows: cells
                .iter()
                .map(|(rank, cell)| columns.iter().map(|column| (column.words)(*rank, cell)).collect())
                .collect(),
        }
    }
}

/// One task's title line and table.
pub(crate) fn task_table(record: &Record, task: &TaskFacts) -> String {
    let table = TaskTable::of(record, task, named, |_| true);
    let headers: Vec<(&str, bool)> = table
        .headers
        .iter()
        .map(|(header, numeric)| (header.as_str(), *numeric))
        .collect();
    format!("{}\n\n{}", table.title, aligned(&headers, &table.rows))
}

/// A name that leaves room for the others.
fn named(text: &str) -> String {
    escaped(&shortened(&plain(text), NAME_CHARACTERS))
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
