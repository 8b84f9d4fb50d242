//! A gate's verdicts as a comment on a pull request, and as a step's summary.

use std::fmt::Write as _;

use edgebench_record::{GateRecord, Verdict};

use super::words::{Row, caveats, counts, gravity, is_fine, meaning, outcome, side};
use crate::text::{literal, plain};

/// GitHub takes no comment longer than this, in characters. Held to in bytes, which are never fewer.
pub const COMMENT_LIMIT: usize = 65_536;

/// GitHub takes no step summary longer than this, in bytes.
pub const STEP_SUMMARY_LIMIT: usize = 1_048_576;

/// What is kept free for the lines that tell what was left out.
const RESERVE: usize = 400;

const HEADER: &str = "\
| verdict | cell | metric | baseline | candidate | change [95 %] | MDE | tolerance | why |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |
";

const LEGEND: &str = "`~`: not significant. MDE: the smallest worsening that these data would have been called a \
regression for, 19 times of 20. Advisory: shown, and does not count.\n";

/// The hidden first line by which a comment is found again, so that it is updated in place and never repeated. Gates
/// with different names have different comments.
///
/// Letters, digits, `.`, `_`, `/`, spaces and single hyphens of the name are kept; each run of others becomes one
/// hyphen.
pub fn marker(name: &str) -> String {
    hidden("gate", name)
}

/// A line that is not shown: `<!-- edgebench gate: name -->`.
pub(crate) fn hidden(what: &str, name: &str) -> String {
    let mut kept = String::new();
    for c in plain(name).chars().take(100) {
        if c.is_alphanumeric() || "._/ ".contains(c) {
            kept.push(c);
        } else if !kept.ends_with('-') {
            kept.push('-');
        }
    }
    let kept = kept.trim_matches(|c: char| c == '-' || c == ' ');
    format!(
        "<!-- edgebench {what}: {} -->",
        if kept.is_empty() { "default" } else { kept }
    )
}

/// The gate for a comment or a step summary, at most `limit` bytes long ([`COMMENT_LIMIT`], [`STEP_SUMMARY_LIMIT`]).
///
/// Its first line is [`marker`]. What a reader must act on comes first, the gravest at the top; the rest is folded.
/// Rows that do not fit are left out and counted. No name or reason becomes Markdown, HTML, a mention or a link.
pub fn markdown(record: &GateRecord, name: &str, limit: usize) -> String {
    let mut verdicts: Vec<&Verdict> = record.verdicts.iter().collect();
    verdicts.sort_by_key(|verdict| gravity(verdict));
    let folded = verdicts.iter().position(|verdict| is_fine(verdict.kind));
    let (first, rest) = verdicts.split_at(folded.unwrap_or(verdicts.len()));

    let head = head(record, name);
    let tail = tail(record);
    let mut free = limit.saturating_sub(head.len() + tail.len() + RESERVE + 2 * HEADER.len());
    let mut out = head;
    let (rows, left_out) = rows(first, &mut free);
    if !rows.is_empty() {
        let _ = write!(out, "\n{HEADER}{rows}");
    }
    leave_out(&mut out, left_out, "that need a look");
    if left_out > 0 {
        free = 0;
    }
    let (rows, left_out) = self::rows(rest, &mut free);
    if !rows.is_empty() {
        let others = if first.is_empty() { "" } else { "other " };
        let _ = write!(
            out,
            "\n<details><summary>{} {others}{}</summary>\n\n{HEADER}{rows}\n</details>\n",
            rest.len(),
            if rest.len() == 1 { "verdict" } else { "verdicts" },
        );
    }
    leave_out(&mut out, left_out, "of the rest");
    out += &tail;
    cut(&mut out, limit);
    out
}

fn head(record: &GateRecord, name: &str) -> String {
    let mut out = marker(name);
    let _ = write!(
        out,
        "\n### edgebench gate: {}\n\n{}; {}.\n\n- baseline: {}\n- candidate: {}\n",
        outcome(record),
        counts(record),
        meaning(record),
        literal(&side(&record.baseline)),
        literal(&side(&record.candidate)),
    );
    out
}

fn tail(record: &GateRecord) -> String {
    let mut out = String::new();
    let caveats = caveats(record);
    if !caveats.is_empty() {
        out.push('\n');
    }
    // A machine has a handful of warnings; a record from elsewhere may have any number.
    for caveat in caveats.iter().take(20) {
        let _ = writeln!(out, "- {}", literal(caveat));
    }
    let _ = write!(out, "\n<sub>{LEGEND}");
    let id: String = plain(&record.id).chars().take(100).collect();
    let version: String = plain(&record.tool.version).chars().take(100).collect();
    let _ = writeln!(out, "Gate {}, edgebench {}.</sub>", literal(&id), literal(&version));
    out
}

/// As many rows as fit, and how many do not.
fn rows(verdicts: &[&Verdict], free: &mut usize) -> (String, usize) {
    let mut out = String::new();
    for (done, verdict) in verdicts.iter().enumerate() {
        let row = row(verdict);
        let Some(left) = free.checked_sub(row.len()) else {
            return (out, verdicts.len() - done);
        };
        *free = left;
        out += &row;
    }
    (out, 0)
}

fn row(verdict: &Verdict) -> String {
    let row = Row::of(verdict);
    let bold = if verdict.gating && !is_fine(verdict.kind) {
        "**"
    } else {
        ""
    };
    format!(
        "| {bold}{}{bold} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        row.verdict,
        literal(&row.cell),
        literal(&row.metric),
        row.baseline,
        row.candidate,
        row.change.replace('~', "\\~"),
        row.detectable,
        row.tolerance,
        literal(&row.why),
    )
}

fn leave_out(out: &mut String, count: usize, which: &str) {
    if count > 0 {
        let (rows, are) = if count == 1 { ("row", "is") } else { ("rows", "are") };
        let _ = write!(
            out,
            "\n**{count} {rows} {which} {are} left out for want of room**; the gate's record has all of them.\n"
        );
    }
}

/// Cuts what is still too long, at a character's edge. Only a limit too small for the lines about the gate gets here.
fn cut(out: &mut String, limit: usize) {
    if out.len() > limit {
        let mut end = limit;
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_be_closed_by_a_name() {
        assert_eq!(marker("int8 on board-1"), "<!-- edgebench gate: int8 on board-1 -->");
        assert_eq!(marker("--> <script>"), "<!-- edgebench gate: script -->");
        assert_eq!(marker("a---b\n"), "<!-- edgebench gate: a-b -->");
        assert_eq!(marker("-->"), "<!-- edgebench gate: default -->");
    }
}
