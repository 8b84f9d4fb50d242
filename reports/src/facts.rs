//! What a record says of its host and of how it came to be, as names with words.

use std::collections::BTreeMap;

use edgebench_record::{Cell, OutputsVerdict, Record, Tool};

use crate::evidence::machine;
use crate::text::plain;

/// The machine, the runtimes, the plan: each with its name, plain text.
pub(crate) fn facts(record: &Record) -> Vec<(String, String)> {
    let mut facts = machine(&record.host);
    facts.extend(run_facts(record));
    facts
}

/// The runtimes and the plan.
pub(crate) fn run_facts(record: &Record) -> Vec<(String, String)> {
    let plan = &record.plan;
    let mut facts: Vec<(&str, String)> = vec![(
        "edgebench",
        format!("{} for {}", record.tool.version, record.tool.target),
    )];
    for (backend, runtime) in runtimes(record) {
        facts.push((backend, runtime));
    }
    let mut fact = |name, value: String| facts.push((name, value));
    fact("invocations per cell", plan.invocations.to_string());
    fact(
        "warm-up and measurement",
        format!(
            "{} s and {} s",
            plan.warm_up_ns as f64 / 1e9,
            plan.measure_ns as f64 / 1e9
        ),
    );
    fact("seed", plan.seed.to_string());
    fact("started", record.started_at.clone());
    fact("finished", record.finished_at.clone());
    facts
        .into_iter()
        .map(|(name, value)| (plain(name), plain(&value)))
        .collect()
}

/// Each backend's runtime and version, where a cell has loaded it.
fn runtimes(record: &Record) -> BTreeMap<&str, String> {
    record
        .cells
        .iter()
        .filter_map(|cell| Some((cell.id.backend.as_str(), cell.runtime.as_ref()?)))
        .map(|(backend, probe)| (backend, format!("{} {}", probe.runtime, probe.version)))
        .collect()
}

/// The command that does the run again, as a POSIX shell reads it.
pub(crate) fn command(tool: &Tool) -> String {
    let words: Vec<String> = std::iter::once("edgebench".to_owned())
        .chain(tool.arguments.iter().map(|argument| quoted(&plain(argument))))
        .collect();
    words.join(" ")
}

/// A word as a POSIX shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// All that is known of why a cell was not measured or broke an expectation, in parts of plain text; empty for one
/// that is as it should be.
pub(crate) fn reasons(cell: &Cell) -> Vec<String> {
    let outcome = &cell.outcome;
    let mut parts = Vec::new();
    if !outcome.reason.is_empty() && !cell.outputs.why.contains(&outcome.reason) {
        parts.push(outcome.reason.clone());
    }
    parts.extend(outcome.causes.iter().map(|cause| format!("caused by: {cause}")));
    let operator = outcome.operator.iter();
    parts.extend(
        operator
            .filter(|operator| !outcome.reason.contains(operator.as_str()))
            .map(|operator| format!("operator {operator}")),
    );
    parts.extend(outcome.signal.map(|signal| format!("signal {signal}")));
    parts.extend(outcome.stage.iter().map(|stage| format!("during {stage}")));
    if cell.outputs.verdict == OutputsVerdict::Differ && !cell.outputs.why.is_empty() {
        parts.push(cell.outputs.why.clone());
    }
    parts.extend(outcome.hint.iter().map(|hint| format!("hint: {hint}")));
    parts.extend(outcome.expected.iter().map(|why| format!("expected: {why}")));
    let broken = outcome.broken_expectation.iter();
    parts.extend(broken.map(|expected| format!("the suite expected {expected}")));
    parts.iter().map(|part| plain(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(quoted("--threads"), "--threads");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
