//! `report.md`: the answer first, then the evidence, then what to doubt, then how to do it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_api::Bytes;
use edgebench_record::{Cell, Host, OutputsVerdict, Record};

use crate::answer::answers;
use crate::caveats::caveats;
use crate::table::{aligned, task_table};
use crate::text::{escaped, plain};

/// The report of one run.
pub fn markdown(record: &Record) -> String {
    let mut out = format!(
        "# {} on {}\n\n",
        escaped(&record.plan.suite),
        escaped(&host_name(&record.host))
    );
    for answer in answers(record) {
        let _ = writeln!(out, "- {}", escaped(&answer));
    }
    out += "\n## Results\n";
    for task in &record.tasks {
        if !task.description.is_empty() {
            let _ = write!(out, "\n{}\n", escaped(&task.description));
        }
        let _ = write!(out, "\n{}", task_table(record, task));
    }
    out += "\n`~`: the difference is not significant. `–`: absent, or the count of samples does not support it. \
            ±: the farther end of the 95 % interval of the median, over processes.\n";
    failures(record, &mut out);
    host(record, &mut out);
    let caveats = caveats(record);
    if !caveats.is_empty() {
        out += "\n## Keep in mind\n\n";
        for caveat in caveats {
            let _ = writeln!(out, "- {}", escaped(&caveat));
        }
    }
    reproduce(record, &mut out);
    out
}

fn host_name(host: &Host) -> String {
    host.name
        .clone()
        .or_else(|| host.cpu_model.clone())
        .unwrap_or_else(|| format!("{} {}", host.architecture, host.system))
}

/// Every cell that was not measured, with all that is known of why.
fn failures(record: &Record, out: &mut String) {
    let failed: Vec<&Cell> = record.cells.iter().filter(|cell| !cell.outcome.is_measured()).collect();
    let broken = record
        .cells
        .iter()
        .filter(|cell| cell.outcome.is_measured() && cell.outcome.broken_expectation.is_some());
    let all: Vec<&Cell> = failed.into_iter().chain(broken).collect();
    if all.is_empty() {
        return;
    }
    *out += "\n## Not measured\n\n";
    for cell in all {
        let outcome = &cell.outcome;
        let _ = write!(out, "- **{}**: {}", escaped(&cell.id.to_string()), outcome.kind.name());
        if !outcome.reason.is_empty() && !cell.outputs.why.contains(&outcome.reason) {
            let _ = write!(out, ": {}", escaped(&outcome.reason));
        }
        for cause in &outcome.causes {
            let _ = write!(out, "; caused by: {}", escaped(cause));
        }
        if let Some(operator) = outcome
            .operator
            .as_deref()
            .filter(|operator| !outcome.reason.contains(operator))
        {
            let _ = write!(out, "; operator {}", escaped(operator));
        }
        if let Some(signal) = outcome.signal {
            let _ = write!(out, "; signal {signal}");
        }
        if let Some(stage) = &outcome.stage {
            let _ = write!(out, "; during {}", escaped(stage));
        }
        if cell.outputs.verdict == OutputsVerdict::Differ && !cell.outputs.why.is_empty() {
            let _ = write!(out, ": {}", escaped(&cell.outputs.why));
        }
        if let Some(hint) = &outcome.hint {
            let _ = write!(out, "; hint: {}", escaped(hint));
        }
        if let Some(why) = &outcome.expected {
            let _ = write!(out, " (expected: {})", escaped(why));
        }
        if let Some(expected) = &outcome.broken_expectation {
            let _ = write!(out, " (**the suite expected {}**)", escaped(expected));
        }
        out.push('\n');
    }
}

fn host(record: &Record, out: &mut String) {
    let host = &record.host;
    let mut facts: Vec<(&str, String)> = vec![(
        "machine",
        format!(
            "{} {}{}",
            host.architecture,
            host.system,
            if host.emulated { ", emulated" } else { "" }
        ),
    )];
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact("processor", host.cpu_model.clone());
    fact(
        "processors for this process",
        Some(host.cpus.to_string()).filter(|_| host.cpus > 0),
    );
    fact(
        "instruction sets",
        Some(host.isa.join(" ")).filter(|isa| !isa.is_empty()),
    );
    fact("memory", host.memory_bytes.map(|bytes| Bytes(bytes).to_string()));
    fact("distribution", host.distribution.clone());
    fact("kernel", host.kernel.clone());
    fact("C library", host.libc.clone());
    fact("frequency governor", host.governor.clone());
    fact("virtualisation", host.virtualisation.clone());
    fact("load at the start", host.load_at_start.map(|load| format!("{load:.2}")));
    fact("steal", host.steal.map(|steal| format!("{:.1} %", steal * 100.0)));
    let plan = &record.plan;
    fact(
        "edgebench",
        Some(format!("{} for {}", record.tool.version, record.tool.target)),
    );
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
    *out += "\n## Where and how\n\n";
    let rows: Vec<Vec<String>> = facts
        .into_iter()
        .map(|(name, value)| vec![escaped(name), escaped(&value)])
        .collect();
    *out += &aligned(&[("fact", false), ("value", false)], &rows);
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

fn reproduce(record: &Record, out: &mut String) {
    let words: Vec<String> = std::iter::once("edgebench".to_owned())
        .chain(record.tool.arguments.iter().map(|argument| quoted(&plain(argument))))
        .collect();
    // A fence longer than any in the text cannot be closed by it.
    let command = words.join(" ");
    let fence = "`".repeat(longest_run(&command).max(2) + 1);
    let _ = write!(
        out,
        "\n## Do it again\n\n{fence}sh\n{command}\n{fence}\n\nRun {}, ",
        escaped(&record.id)
    );
    let _ = match &record.plan.suite_sha256 {
        Some(sha256) => writeln!(out, "suite manifest sha256 {}.", escaped(sha256)),
        None => writeln!(out, "models named on the command line."),
    };
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
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
