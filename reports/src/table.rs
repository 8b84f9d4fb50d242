//! Aligned tables that are Markdown as well: they read in a terminal and paste into an issue.

use std::fmt::Write as _;

use edgebench_record::{Cell, Record, TaskFacts};
use unicode_width::UnicodeWidthStr;

use crate::about::about;
use crate::columns::{Escape, columns};
use crate::ranking::{Rank, ranked};
use crate::text::{escaped, plain, shortened};

/// The longest name that a table shows; lists of cells give it in full.
const NAME_CHARACTERS: usize = 80;

/// What a task's table is about: `**fashion** · top1 over 10000 samples · baseline fp32 · 1 thread · batch 1`.
pub(crate) fn title(task: &TaskFacts, cells: &[(Rank, &Cell)], escape: Escape) -> String {
    format!("**{}** · {}", escape(&task.id), about(task, cells, escape).join(" · "))
}

/// One task's title line and table, the answer first.
pub(crate) fn task_table(record: &Record, task: &TaskFacts) -> String {
    let cells = ranked(record, &task.id);
    let columns = columns(&cells, task.metric.as_deref(), named);
    let headers: Vec<(&str, bool)> = columns
        .iter()
        .map(|column| (column.header.as_str(), column.numeric))
        .collect();
    let rows: Vec<Vec<String>> = cells
        .iter()
        .map(|(rank, cell)| columns.iter().map(|column| (column.words)(*rank, cell)).collect())
        .collect();
    format!("{}\n\n{}", title(task, &cells, named), aligned(&headers, &rows))
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
