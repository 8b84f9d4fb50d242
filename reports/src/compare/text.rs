//! A comparison as tables that read in a terminal and are Markdown as well.

use std::fmt::Write as _;

use edgebench_api::Settings;
use edgebench_record::{CellId, Scale};
use edgebench_stats::Interval;

use super::{ComparedRow, ComparedTable, Comparison, Entry, EntryChange, Mean};
use crate::columns::ABSENT;
use crate::table::aligned;
use crate::text::{JouleUnit, TimeUnit, escaped, signed, significant as digits};

/// The records, one table per task and metric, the notes, and what to keep in mind.
pub fn comparison_table(comparison: &Comparison) -> String {
    let mut out = String::new();
    for side in &comparison.sides {
        let runtimes: Vec<&str> = side.runtimes.values().map(String::as_str).collect();
        let _ = writeln!(
            out,
            "- **{}**: {}, run {}, edgebench {}{}{}",
            side.letter,
            escaped(&side.what),
            escaped(&side.run),
            escaped(&side.tool_version),
            if runtimes.is_empty() { "" } else { ", " },
            escaped(&runtimes.join(", ")),
        );
    }
    for table in &comparison.tables {
        let _ = write!(out, "\n{}", one(comparison, table));
    }
    legend(comparison, &mut out);
    for (number, note) in comparison.notes.iter().enumerate() {
        let _ = writeln!(out, "- [{}] {}", number + 1, escaped(note));
    }
    for caveat in &comparison.caveats {
        let _ = writeln!(out, "- {}", escaped(caveat));
    }
    out
}

/// The same with a heading.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let letters: Vec<&str> = comparison.sides.iter().map(|side| side.letter.as_str()).collect();
    format!(
        "# {} side by side\n\n{}",
        letters.join(" and "),
        comparison_table(comparison)
    )
}

/// One task's metric: a title line and a table.
fn one(comparison: &Comparison, table: &ComparedTable) -> String {
    let shown = Shown::of(table);
    let better = if table.lower_is_better {
        "less is better"
    } else {
        "more is better"
    };
    let unit = if shown.symbol.is_empty() {
        String::new()
    } else {
        format!(" ({})", shown.symbol)
    };
    let mut headers: Vec<(String, bool)> = vec![("cell".to_owned(), false)];
    for (place, side) in comparison.sides.iter().enumerate() {
        headers.push((side.letter.clone(), true));
        if place > 0 {
            let first = &comparison.sides[0].letter;
            let sign = if shown.fraction { "−" } else { "÷" };
            headers.push((format!("{} {sign} {first}", side.letter), true));
        }
    }
    let counted = table
        .rows
        .iter()
        .flat_map(|row| &row.entries)
        .any(|entry| entry.n.is_some());
    if counted {
        headers.push(("n".to_owned(), true));
    }
    let alike = alike(&table.rows);
    let mut rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| words(row, &shown, alike, counted))
        .collect();
    if table.means.iter().any(Option::is_some) {
        rows.push(means(table, counted));
    }
    let headers: Vec<(&str, bool)> = headers
        .iter()
        .map(|(header, numeric)| (header.as_str(), *numeric))
        .collect();
    format!(
        "**{}** · {}{unit} · {better}\n\n{}",
        escaped(&table.task),
        table.metric,
        aligned(&headers, &rows)
    )
}

/// How a table shows its figures.
struct Shown {
    symbol: &'static str,
    fraction: bool,
    time: Option<TimeUnit>,
    divisor: f64,
}

impl Shown {
    fn of(table: &ComparedTable) -> Self {
        let entries = || {
            table
                .rows
                .iter()
                .flat_map(|row| &row.entries)
                .filter_map(|entry| entry.value)
        };
        let plain = |symbol, divisor| Self {
            symbol,
            fraction: false,
            time: None,
            divisor,
        };
        match table.unit {
            "ns" => {
                let time = TimeUnit::for_smallest(entries());
                Self {
                    symbol: time.symbol(),
                    fraction: false,
                    time: Some(time),
                    divisor: 1.0,
                }
            }
            "bytes" if entries().all(|bytes| bytes < 1_048_576.0) => plain("KiB", 1024.0),
            "bytes" => plain("MiB", 1_048_576.0),
            "fraction" => Self {
                symbol: "%",
                fraction: true,
                time: None,
                divisor: 0.01,
            },
            "J" | "proxy-J" => {
                let unit = JouleUnit::for_smallest(entries());
                plain(unit.symbol(table.unit), unit.joules())
            }
            unit => plain(unit, 1.0),
        }
    }

    fn value(&self, value: f64) -> String {
        match self.time {
            Some(time) => time.show(value),
            None if self.fraction => format!("{:.2}", value * 100.0),
            None => digits(value / self.divisor),
        }
    }
}

/// Whether all rows have the default device and no options, so that threads and batch say all of the settings.
fn alike(rows: &[ComparedRow]) -> bool {
    let first = rows.first().map(|row| &row.cell.settings);
    rows.iter().all(|row| Some(&row.cell.settings) == first) && first == Some(&Settings::default())
}

/// The cell without its task, which the title has, and without settings where all have the default ones.
fn name(cell: &CellId, alike: bool) -> String {
    if alike {
        return escaped(&format!("{}/{}", cell.variant, cell.backend));
    }
    let full = cell.to_string();
    escaped(full.strip_prefix(&format!("{}/", cell.task)).unwrap_or(&full))
}

fn words(row: &ComparedRow, shown: &Shown, alike: bool, counted: bool) -> Vec<String> {
    let mut words = vec![name(&row.cell, alike)];
    for (place, entry) in row.entries.iter().enumerate() {
        words.push(figure(entry, shown));
        if place > 0 {
            words.push(change(entry, shown.fraction));
        }
    }
    if counted {
        let counts = row
            .entries
            .iter()
            .map(|entry| entry.n.map_or_else(|| ABSENT.to_owned(), |n| n.to_string()));
        words.push(counts.collect::<Vec<_>>().join("/"));
    }
    words
}

/// `0.213 ± 2.0 %`, or what became of the cell.
fn figure(entry: &Entry, shown: &Shown) -> String {
    let Some(value) = entry.value else {
        let state = if entry.state == "measured" { ABSENT } else { entry.state };
        return with_note(state.to_owned(), entry.note);
    };
    let number = shown.value(value);
    match entry.interval {
        Some(interval) if shown.fraction => {
            format!("{number} [{:.1}, {:.1}]", interval.low * 100.0, interval.high * 100.0)
        }
        Some(interval) if value > 0.0 => {
            let side = (interval.high / value - 1.0).max(1.0 - interval.low / value) * 100.0;
            let decimals = usize::from(side < 9.95);
            format!("{number} ± {side:.decimals$} %")
        }
        _ => number,
    }
}

/// `1.031 [1.012, 1.050]`, `~ 1.004 [0.981, 1.027]`, `=`.
fn change(entry: &Entry, fraction: bool) -> String {
    let Some(change) = &entry.change else {
        let words = if entry.incomparable { "not comparable" } else { ABSENT };
        return with_note(words.to_owned(), entry.note.filter(|_| entry.incomparable));
    };
    with_note(changed(change, fraction), entry.note)
}

fn changed(change: &EntryChange, fraction: bool) -> String {
    let number = |value: f64| match change.scale {
        Scale::Absolute if fraction => signed(value * 100.0, 2),
        Scale::Absolute => signed(value, 3),
        Scale::Relative => ratio(value),
    };
    let interval = |interval: Interval| format!(" [{}, {}]", number(interval.low), number(interval.high));
    let words = number(change.estimate) + &change.interval.map_or_else(String::new, interval);
    match (change.significant, change.interval) {
        (None, _) => format!("{words} ?"),
        (Some(true), _) => words,
        (Some(false), None) => "=".to_owned(),
        (Some(false), Some(_)) => format!("~ {words}"),
    }
}

/// Digits enough to see a thousandth near 1.
fn ratio(value: f64) -> String {
    match value {
        v if v < 0.0995 => format!("{v:.4}"),
        v if v < 9.9995 => format!("{v:.3}"),
        v => digits(v),
    }
}

fn with_note(words: String, note: Option<usize>) -> String {
    match note {
        Some(note) => format!("{words} [{note}]"),
        None => words,
    }
}

/// The last row: geometric means.
fn means(table: &ComparedTable, counted: bool) -> Vec<String> {
    let over = table.means.iter().flatten().map(|mean| mean.cells).max().unwrap_or(0);
    let mut words = vec![format!("geometric mean ({over} of {})", table.rows.len())];
    for (place, mean) in table.means.iter().enumerate() {
        words.push(String::new());
        if place > 0 {
            words.push(mean.as_ref().map_or_else(|| ABSENT.to_owned(), mean_words));
        }
    }
    if counted {
        words.push(String::new());
    }
    words
}

fn mean_words(mean: &Mean) -> String {
    match mean.interval {
        None => ratio(mean.ratio),
        Some(interval) => {
            let mark = if interval.contains(1.0) { "~ " } else { "" };
            format!(
                "{mark}{} [{}, {}]",
                ratio(mean.ratio),
                ratio(interval.low),
                ratio(interval.high)
            )
        }
    }
}

/// What the signs mean, of those that occur.
fn legend(comparison: &Comparison, out: &mut String) {
    let entries = || {
        let rows = comparison.tables.iter().flat_map(|table| &table.rows);
        rows.flat_map(|row| &row.entries)
    };
    let changes = || entries().filter_map(|entry| entry.change);
    let mut parts = Vec::new();
    if changes().any(|change| change.interval.is_some()) {
        parts.push("[ ]: 95 % interval");
    }
    if changes().any(|change| change.significant == Some(false) && change.interval.is_some()) {
        parts.push("`~`: not significant");
    }
    if changes().any(|change| change.significant == Some(false) && change.interval.is_none()) {
        parts.push("`=`: the same");
    }
    if changes().any(|change| change.significant.is_none()) {
        parts.push("`?`: too few invocations, or no answers by sample, for an interval");
    }
    if comparison
        .tables
        .iter()
        .any(|table| table.means.iter().any(Option::is_some))
    {
        parts.push("the geometric mean is over the cells that all records measured comparably");
    }
    out.push('\n');
    if !parts.is_empty() {
        let _ = writeln!(out, "{}\n", parts.join(" · "));
    }
}
