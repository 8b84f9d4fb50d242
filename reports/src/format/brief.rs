//! For a comment on a pull request: the answers, the best cells, the columns that matter, what failed, what to doubt.

use std::fmt::Write as _;

use edgebench_record::{Cell, OutcomeKind, Record, TaskFacts};

use super::{Format, FormatOptions, advices};
use crate::ReportError;
use crate::advice::Advice;
use crate::budget::Fitness;
use crate::caveats::caveats;
use crate::columns::{ABSENT, Column, columns};
use crate::evidence::{class_words, scenario_lines};
use crate::facts::reasons;
use crate::gate::COMMENT_LIMIT;
use crate::ranking::{Rank, ranked};
use crate::site::device;
use crate::table::title;
use crate::text::{counted, literal, plain, shortened};

/// The least room that a run is given, in bytes: its heading, an answer, a few rows. Runs without it are counted.
const LEAST: usize = 4096;

/// What is kept free in a run's room for its heading and the lines that tell what was left out.
const RESERVE: usize = 2048;

/// How many cells of a task stand in its table, beside the baseline, and how many names in a line.
const TOP: usize = 8;

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
/// updated in place. The best cells of a task and its baseline are shown, the others folded. No string of a record becomes Markdown, HTML, a mention or a link.
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
    let class = class_words(record).map(|class| format!(", {}", sentence(&class)));
    let mut out = format!(
        "\n### {} on {}{}\n\n",
        named(&record.plan.suite),
        named(&device(record)),
        class.unwrap_or_default()
    );
    let free = room.saturating_sub(RESERVE);
    let mut part = Part {
        free: free / 4,
        out: &mut out,
    };
    let advices = advices(record, options);
    let answers = advices.iter();
    part.list(
        "",
        answers.map(|advice| format!("- {}\n", sentence(&advice.words()))),
        "answer",
    );
    if let Some(budget) = options.budget {
        let _ = writeln!(part.out, "\nBudget: {}", sentence(&budget.to_string()));
    }
    part.free += free / 2;
    let mut left_out = 0;
    for (task, advice) in record.tasks.iter().zip(&advices) {
        left_out += part.task(record, task, advice);
    }
    part.leave_out(left_out, "row");
    let lines = scenario_lines(record);
    let lines = lines.iter().map(|line| format!("- {}\n", sentence(line)));
    part.list("\nScenarios:\n\n", lines, "line");
    part.free += free / 8;
    let mut failed: Vec<&Cell> = record
        .cells
        .iter()
        .filter(|cell| !is_as_it_should_be(cell) && untried(cell).is_none())
        .collect();
    failed.sort_by_key(|cell| !cell.outcome.fails_run());
    part.list(
        "\nFailed, or not as expected:\n\n",
        failed.iter().map(|cell| failure(cell)),
        "line",
    );
    part.free += free / 8;
    let caveats = caveats(record);
    let caveats = caveats.iter().map(|caveat| format!("- {}\n", sentence(caveat)));
    part.list("\nKeep in mind:\n\n", caveats, "line");
    out
}

fn is_as_it_should_be(cell: &Cell) -> bool {
    cell.outcome.is_measured() && cell.outcome.broken_expectation.is_none()
}

/// The sort of outcome of a cell that was never going to run here, which is no fault and told in few words.
fn untried(cell: &Cell) -> Option<OutcomeKind> {
    let kind = cell.outcome.kind;
    let untried = matches!(
        kind,
        OutcomeKind::Unsupported | OutcomeKind::Unavailable | OutcomeKind::Skipped
    );
    (untried && cell.outcome.broken_expectation.is_none()).then_some(kind)
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

    /// What has a first and a last line, with as many lines between as fit; without any, nothing. How many do not fit.
    fn block(&mut self, first: &str, lines: impl ExactSizeIterator<Item = String>, last: &str) -> usize {
        let (count, free, begun) = (lines.len(), self.free, self.out.len());
        let Some(left) = free.checked_sub(first.len() + last.len()) else {
            return count;
        };
        self.free = left;
        *self.out += first;
        let left_out = self.lines(lines);
        if left_out == count {
            self.free = free;
            self.out.truncate(begun);
        } else {
            *self.out += last;
        }
        left_out
    }

    /// A task's best cells and its baseline, then the others in a fold, then what was not tried. How many rows do not
    /// fit.
    fn task(&mut self, record: &Record, task: &TaskFacts, advice: &Advice) -> usize {
        let cells = ranked(record, &task.id);
        let standing = cells.iter().take_while(|(rank, _)| *rank != Rank::Out).count();
        let baseline = baseline(&cells[..standing], advice);
        let (shown, folded): (Vec<usize>, Vec<usize>) =
            (0..standing).partition(|place| *place < TOP || Some(*place) == baseline);
        let mut columns = columns(&cells, task.metric.as_deref(), named);
        columns.retain(matters);
        let names = columns.iter().filter(|column| column.names).count();
        // What fits stands beside the names, where there is a budget.
        let row = |place: usize| {
            let (rank, cell) = cells[place];
            let mut words: Vec<String> = columns.iter().map(|column| (column.words)(rank, cell)).collect();
            let fit = advice.cells.get(place).and_then(|fit| fit.fitness);
            if advice.budget.is_some() {
                words.insert(names, fit.map_or(ABSENT, fits).to_owned());
            }
            line(&words)
        };
        let mut headers: Vec<String> = columns.iter().map(|column| column.header.clone()).collect();
        let mut rules: Vec<String> = columns
            .iter()
            .map(|column| if column.numeric { "---:" } else { "---" }.to_owned())
            .collect();
        if advice.budget.is_some() {
            headers.insert(names, "fits".to_owned());
            rules.insert(names, "---".to_owned());
        }
        let head = line(&headers) + &line(&rules);
        let first = format!("\n{}\n\n{head}", title(task, &cells, named));
        let mut left_out = self.block(&first, shown.into_iter().map(row), "");
        let first = format!(
            "\n<details><summary>{}</summary>\n\n{head}",
            counted(folded.len(), "more cell")
        );
        left_out += self.block(&first, folded.into_iter().map(row), "\n</details>\n");
        for kind in [OutcomeKind::Unsupported, OutcomeKind::Unavailable, OutcomeKind::Skipped] {
            self.untried(kind, &cells, advice);
        }
        left_out
    }

    /// `2 unsupported: int8 on candle, fp16 on tract`, where there are any.
    fn untried(&mut self, kind: OutcomeKind, cells: &[(Rank, &Cell)], advice: &Advice) {
        let untried: Vec<&str> = cells
            .iter()
            .zip(&advice.cells)
            .filter(|((_, cell), _)| untried(cell) == Some(kind))
            .map(|(_, fit)| fit.named.title.as_str())
            .collect();
        let titles: Vec<String> = untried.iter().take(TOP).map(|title| named(title)).collect();
        let more = match untried.len() - titles.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let line = format!("\n{} {}: {}{more}\n", untried.len(), kind.name(), titles.join(", "));
        if !untried.is_empty() {
            self.lines(std::iter::once(line));
        }
    }
}

/// A row of a table.
fn line(words: &[String]) -> String {
    format!("| {} |\n", words.join(" | "))
}

/// Where the baseline stands: the cell that the answer is held against, or else the baseline's fastest.
fn baseline(standing: &[(Rank, &Cell)], advice: &Advice) -> Option<usize> {
    let against = advice.best.as_ref().and_then(|best| best.against.as_ref());
    standing.iter().position(|(_, cell)| match against {
        Some(against) => cell.id == against.other.cell,
        None => cell.id.variant == advice.baseline,
    })
}

fn fits(fitness: Fitness) -> &'static str {
    match fitness {
        Fitness::Surely => "✓ surely",
        Fitness::Unsurely => "✓ not surely",
        Fitness::Unknown => "? unknown",
        Fitness::BrokenUnsurely => "✗ not surely",
        Fitness::Broken => "✗ surely",
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
