//! A gate's verdicts as GitHub's workflow commands, which the runner turns into annotations.

use std::fmt::Write as _;

use edgebench_record::{GateRecord, OnInconclusive, Verdict, VerdictKind};

use super::words::{Row, counts, gravity, meaning, metric_name, outcome, verdict_words};
use crate::text::{plain, shortened};

/// GitHub shows at most this many annotations of each level from one step, and drops the others without a word.
pub const ANNOTATIONS_PER_LEVEL: usize = 10;

/// The longest title that GitHub shows.
const TITLE_CHARACTERS: usize = 255;

/// An annotation's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }

    /// How much a verdict asks of its reader: an error where the gate cannot pass with it, a warning where it was not
    /// decided, a notice for what the policy lets pass and for a regression that is advice. None for what is fine and for
    /// other advice.
    fn of(verdict: &Verdict, policy: OnInconclusive) -> Option<Self> {
        let level = match (verdict.kind, policy) {
            (VerdictKind::Passed | VerdictKind::Improved | VerdictKind::Added, _) => return None,
            (VerdictKind::Regressed | VerdictKind::Failed, _)
            | (VerdictKind::Missing | VerdictKind::Incomparable | VerdictKind::Inconclusive, OnInconclusive::Fail) => {
                Self::Error
            }
            (VerdictKind::Inconclusive, OnInconclusive::Pass) => Self::Notice,
            (VerdictKind::Missing | VerdictKind::Incomparable | VerdictKind::Inconclusive, _) => Self::Warning,
        };
        if verdict.gating {
            return Some(level);
        }
        (verdict.kind == VerdictKind::Regressed).then_some(Self::Notice)
    }
}

/// One workflow command a line: `::error`, `::warning` or `::notice` with a title, the gravest first. The last line is a
/// notice that sums the gate up and counts what GitHub's limit ([`ANNOTATIONS_PER_LEVEL`]) left no room for.
pub fn annotations(record: &GateRecord) -> String {
    let mut verdicts: Vec<&Verdict> = record.verdicts.iter().collect();
    verdicts.sort_by_key(|verdict| gravity(verdict));
    let mut out = String::new();
    let mut left_out = 0;
    for level in [Level::Error, Level::Warning, Level::Notice] {
        // The sum is a notice as well.
        let most = ANNOTATIONS_PER_LEVEL - usize::from(level == Level::Notice);
        let of_level = verdicts
            .iter()
            .filter(|verdict| Level::of(verdict, record.policy.inconclusive) == Some(level));
        for (index, verdict) in of_level.enumerate() {
            if index < most {
                let title = format!("edgebench: {} {}", metric_name(verdict), verdict_words(verdict));
                command(&mut out, level, &title, &message(verdict));
            } else {
                left_out += 1;
            }
        }
    }
    let mut sum = format!("{}; {}", counts(record), meaning(record));
    if left_out > 0 {
        let _ = write!(
            sum,
            "\n{left_out} more are not shown here: GitHub takes {ANNOTATIONS_PER_LEVEL} of a level"
        );
    }
    command(
        &mut out,
        Level::Notice,
        &format!("edgebench gate: {}", outcome(record)),
        &sum,
    );
    out
}

/// The cell and its figures; the reason on a line of its own.
fn message(verdict: &Verdict) -> String {
    let row = Row::of(verdict);
    let mut message = row.cell;
    if verdict.change.is_some() {
        let _ = write!(
            message,
            ": {} → {}, change {}, MDE {}, tolerance {}",
            row.baseline, row.candidate, row.change, row.detectable, row.tolerance
        );
    }
    if !row.why.is_empty() {
        let _ = write!(message, "\n{}", row.why);
    }
    message
}

fn command(out: &mut String, level: Level, title: &str, message: &str) {
    let title = escape(&shortened(&plain(title), TITLE_CHARACTERS))
        .replace(':', "%3A")
        .replace(',', "%2C");
    let _ = writeln!(out, "::{} title={title}::{}", level.name(), escape(message));
}

/// A command ends with its line, so that line breaks are written as `%0A`.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
