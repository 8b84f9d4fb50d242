//! A gate's verdicts in a terminal.

use std::fmt::Write as _;

use edgebench_record::GateRecord;

use super::words::{Row, caveats, counts, meaning, side};
use crate::table::aligned;
use crate::text::{escaped, shortened};

/// The longest reason that a terminal is given; the record has it in full.
const WHY_CHARACTERS: usize = 120;

/// Both sides, one row per verdict in the record's order, and what the exit code means.
///
/// Every row has the change with its 95 % interval (`~` before one that is not significant) and the minimum detectable
/// change (`MDE`). The table is Markdown as well.
pub fn table(record: &GateRecord) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "baseline: {}", shown(&side(&record.baseline)));
    let _ = writeln!(out, "candidate: {}", shown(&side(&record.candidate)));
    if !record.verdicts.is_empty() {
        let headers = [
            ("cell", false),
            ("metric", false),
            ("baseline", true),
            ("candidate", true),
            ("change [95 %]", true),
            ("MDE", true),
            ("tolerance", true),
            ("verdict", false),
            ("why", false),
        ];
        let rows: Vec<Vec<String>> = record.verdicts.iter().map(|verdict| words(Row::of(verdict))).collect();
        let _ = write!(out, "\n{}", aligned(&headers, &rows));
    }
    let _ = write!(out, "\n{}; {}\n", counts(record), meaning(record));
    for caveat in caveats(record) {
        let _ = writeln!(out, "- {}", shown(&caveat));
    }
    out
}

fn words(row: Row) -> Vec<String> {
    [
        row.cell,
        row.metric,
        row.baseline,
        row.candidate,
        row.change,
        row.detectable,
        row.tolerance,
        row.verdict,
        shortened(&row.why, WHY_CHARACTERS),
    ]
    .iter()
    .map(|words| tilde_kept(words))
    .collect()
}

/// [`shown`], but for the `~` that marks a change: it stands alone and strikes nothing through.
fn tilde_kept(words: &str) -> String {
    match words.strip_prefix("~ ") {
        Some(rest) => format!("~ {}", shown(rest)),
        None => shown(words),
    }
}

/// Text for a terminal whose output a CI system may read: GitHub's runner takes `##[…]` for a command wherever it stands
/// in a line.
fn shown(text: &str) -> String {
    escaped(text).replace("##[", "## [")
}
