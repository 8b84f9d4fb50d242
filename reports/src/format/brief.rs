//! For a comment on a pull request: the answers, the columns that matter, what failed, what to doubt.

use std::fmt::Write as _;

use edgebench_record::{Cell, Record};

use super::{Format, FormatOptions, advices};
use crate::ReportError;
use crate::caveats::caveats;
use crate::columns::Column;
use crate::facts::reasons;
use crate::gate::COMMENT_LIMIT;
use crate::site::device;
use crate::table::TaskTable;
use crate::text::{literal, plain, shortened};

/// The least room that a run is given, in bytes: its heading, an answer, a few rows. Runs without it are counted.
const LEAST: usize = 4096;

/// What is kept free in a run's room for its heading and the lines that tell what was left out.
const RESERVE: usize = 2048;

/// The longest name, and the longest answer or reason, in characters.
const NAME_CHARACTERS: usize = 60;
const LINE_CHARACTERS: usize = 400;

/// Columns that the long report has: the whole of the header, or what stands before its unit.
const LEFT_OUT: [&str; 5] = ["p90", "p99", "load", "first", "flips"];

const LEGEND: &str = "<sub>`~`: not significant. `–`: absent. ±: the farther end of the 95 % interval of the median, \
                      over processes.</sub>\n";

/// Short Markdown for a comment, at most [`COMMENT_LIMIT`] bytes long. What does not fit is counted.
///
/// Its first line is hidden, and the same for the same suite on the same machine, so that a comment is found again and
/// updated in place. No string of a record becomes Markdown, HTML, a mention or a link.
pub struct Brief;

impl Format for Brief {
    fn name(&self) -> &'static str {
        "brief"
    }

    fn meaning(&self) -> &'static str {
        "a comment for a pull request: short Markdown below GitHub's 64 kB"
    }

    fn write(&self, records: &[&Record], options: &FormatOptions<'_>) -> Result<String, ReportError> {
        Ok(comment(records, options, COMMENT_LIMIT))
    }
}

fn comment(records: &[&Record], options: &FormatOptions<'_>, limit: usize) -> String {
    let mut out = format!("{}\n", marker(records));
    let mut done = 0;
    for record in records {
        let left = limit.saturating_sub(out.len() + LEGEND.len() + 100);
        let room = (left / (records.len() - done)).max(LEAST);
        if room > left {
            break;
        }
        out += &run(record, options, room);
        done += 1;
    }
    if done < records.len() {
        let _ = writeln!(
            out,
            "\n**{} left out for want of room.**",
            counted(records.len() - done, "run")
        );
    }
    out + "\n" + LEGEND
}

/// The hidden first line.
fn marker(records: &[&Record]) -> String {
    let name = records.first().map_or_else(String::new, |record| {
        format!("{} on {}", record.plan.suite, device(record))
    });
    crate::gate::hidden("report", &name)
}

/// One run in at most `room` bytes. Each part has its share, and what it leaves is the next one's.
fn run(record: &Record, options: &FormatOptions<'_>, room: usize) -> String {
    let mut out = format!("\n### {} on {}\n\n", named(&record.plan.suite), named(&device(record)));
    let free = room.saturating_sub(RESERVE);
    let mut part = Part {
        free: free / 4,
        out: &mut out,
    };
    let advices = advices(record, options);
    part.list(
        "",
        advices
            .iter()
            .map(|advice| format!("- {}\n", sentence(&advice.words()))),
        "answer",
    );
    part.free += free / 2;
    let mut left_out = 0;
    for task in &record.tasks {
        left_out += part.table(&TaskTable::of(record, task, named, matters));
    }
    part.leave_out(left_out, "row");
    part.free += free / 8;
    let mut failed: Vec<&Cell> = record
        .cells
        .iter()
        .filter(|cell| !cell.outcome.is_measured() || cell.outcome.broken_expectation.is_some())
        .collect();
    failed.sort_by_key(|cell| !cell.outcome.fails_run());
    part.list(
        "\nNot measured, or not as expected:\n\n",
        failed.iter().map(|cell| failure(cell)),
        "line",
    );
    part.free += free / 8;
    let caveats = caveats(record);
    let caveats = caveats.iter().map(|caveat| format!("- {}\n", sentence(caveat)));
    part.list("\nKeep in mind:\n\n", caveats, "line");
    out
}

/// `- **fashion/int8/tract/t1/b1**: failed: outputs differ`
fn failure(cell: &Cell) -> String {
    let mut line = format!("- **{}**: {}", named(&cell.id.to_string()), cell.outcome.kind.name());
    let reasons = reasons(cell).join("; ");
    if !reasons.is_empty() {
        let _ = write!(line, ": {}", sentence(&reasons));
    }
    line + "\n"
}

/// Where lines go, and how many bytes of them more.
struct Part<'a> {
    free: usize,
    out: &'a mut String,
}

impl Part<'_> {
    /// As many lines as fit, and how many of them do not.
    fn lines(&mut self, lines: impl ExactSizeIterator<Item = String>) -> usize {
        let count = lines.len();
        for (done, line) in lines.enumerate() {
            let Some(left) = self.free.checked_sub(line.len()) else {
                return count - done;
            };
            self.free = left;
            *self.out += &line;
        }
        0
    }

    /// Says how many of what are not there.
    fn leave_out(&mut self, count: usize, what: &str) {
        if count > 0 {
            let _ = writeln!(self.out, "\n**{} left out for want of room.**", counted(count, what));
        }
    }

    /// A list of which as many lines are there as fit.
    fn list(&mut self, title: &str, lines: impl ExactSizeIterator<Item = String>, what: &str) {
        if lines.len() > 0 {
            *self.out += title;
            let left_out = self.lines(lines);
            self.leave_out(left_out, what);
        }
    }

    /// As many of a table's rows as fit, and how many do not.
    fn table(&mut self, table: &TaskTable) -> usize {
        let row = |words: &[&str]| format!("| {} |\n", words.join(" | "));
        let headers: Vec<&str> = table.headers.iter().map(|(header, _)| header.as_str()).collect();
        let rules: Vec<&str> = table
            .headers
            .iter()
            .map(|(_, numeric)| if *numeric { "---:" } else { "---" })
            .collect();
        let head = format!("\n{}\n\n{}{}", table.title, row(&headers), row(&rules));
        let rows = table.rows.iter().map(|words| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            row(&words)
        });
        match self.free.checked_sub(head.len()) {
            Some(left) => {
                self.free = left;
                *self.out += &head;
                self.lines(rows)
            }
            None => rows.len(),
        }
    }
}

/// Whether a column is one that decides.
fn matters(column: &Column) -> bool {
    !LEFT_OUT.contains(&column.header.split(" (").next().unwrap_or_default())
}

fn named(text: &str) -> String {
    literal(&shortened(&plain(text), NAME_CHARACTERS))
}

fn sentence(text: &str) -> String {
    literal(&shortened(&plain(text), LINE_CHARACTERS))
}

/// `1 row`, `2 rows`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
