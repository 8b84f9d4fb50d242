//! How far the machine's figures can be trusted, what is known of it, and what the harness itself takes.

use edgebench_record::{Class, HealthReading, Host, HostClass, Record};
use serde::Serialize;

use crate::text::{plain, shortened};

/// The longest fact that stands beside a class in one line.
const FACT_CHARACTERS: usize = 80;

/// Less than this, in nanoseconds, is the look at the machine and no wait.
const SHORTEST_WAIT: u64 = 100_000_000;

/// Facts that are shown before the folded list of all.
const FIRST: [&str; 5] = ["machine", "virtualisation", "processor", "processors", "memory"];

/// The card of a run's host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct HostCard {
    /// `B`, and what it means; absent in records of before it was told.
    class: Option<(String, &'static str)>,
    /// What keeps it from a better class, what would mend it, and what that brings.
    reasons: Vec<(String, String, String)>,
    /// Health warnings that are no reasons of the class.
    warnings: Vec<(String, String)>,
    /// How the run waited, and what the harness takes.
    sentences: Vec<String>,
    /// What matters most.
    facts: Vec<(String, String)>,
    /// All other facts, and the health from the run's beginning to its end.
    more: Vec<(String, String)>,
}

/// The card of a run's host, as plain text.
pub(crate) fn host_card(record: &Record) -> HostCard {
    let host = &record.host;
    let reasons = host
        .class
        .as_ref()
        .map(|class| class.reasons.as_slice())
        .unwrap_or_default();
    let (facts, more) = machine(host)
        .into_iter()
        .partition(|(name, _)| FIRST.contains(&name.as_str()));
    HostCard {
        class: host
            .class
            .as_ref()
            .map(|class| (class.class.to_string(), meaning(class.class))),
        reasons: reasons
            .iter()
            .map(|reason| {
                let raised = if reason.raises_to < reason.limits_to {
                    format!(
                        "limits to class {}; class {} once this and all that limits as much is mended",
                        reason.limits_to, reason.raises_to
                    )
                } else {
                    format!("limits to class {}", reason.limits_to)
                };
                (plain(&reason.fact), plain(&reason.hint), raised)
            })
            .collect(),
        warnings: host
            .warnings
            .iter()
            .filter(|warning| reasons.iter().all(|reason| reason.fact != warning.fact))
            .map(|warning| (plain(&warning.fact), plain(&warning.hint)))
            .collect(),
        sentences: [gate(record), overhead(record)].into_iter().flatten().collect(),
        facts,
        more,
    }
}

fn meaning(class: Class) -> &'static str {
    match class {
        Class::A => "held still: what was looked at was as it should be",
        Class::B => "good side by side within this run; another day or another machine of the kind may differ",
        Class::C => "disturbed: measure again before a decision rests on it",
    }
}

/// `class B: virtual machine`, with the gravest reason.
pub(crate) fn class_words(record: &Record) -> Option<String> {
    let HostClass { class, reasons } = record.host.class.as_ref()?;
    let Some(first) = reasons.first() else {
        return Some(format!("class {class}"));
    };
    let fact = shortened(&plain(&first.fact), FACT_CHARACTERS);
    Some(match reasons.len() {
        1 => format!("class {class}: {fact}"),
        n => format!("class {class}: {fact}, and {} more", n - 1),
    })
}

/// The machine's facts, and its health from the run's beginning to its end, as plain text.
pub(crate) fn machine(host: &Host) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    facts.extend(host.facts().into_iter().map(|(name, words)| (name.to_owned(), words)));
    if host.health_at_start.is_none() {
        facts.extend(
            host.load_at_start
                .map(|load| ("load at the start".to_owned(), format!("{load:.2}"))),
        );
    }
    let share = host
        .steal
        .filter(|steal| (steal * 100.0).is_finite())
        .map(|steal| format!("{:.1} %", steal * 100.0));
    facts.extend(share.map(|share| ("steal".to_owned(), share)));
    facts.extend(health(host.health_at_start.as_ref(), host.health_at_end.as_ref()));
    facts.into_iter().map(|(name, words)| (name, plain(&words))).collect()
}

/// Each fact of the machine's health, at the beginning and at the end where they differ.
fn health(start: Option<&HealthReading>, end: Option<&HealthReading>) -> Vec<(String, String)> {
    let facts = |reading: Option<&HealthReading>| reading.map(HealthReading::facts).unwrap_or_default();
    let (start, end) = (facts(start), facts(end));
    let at_end = |name: &str| end.iter().find(|(own, _)| *own == name).map(|(_, words)| words);
    let mut both: Vec<(String, String)> = start
        .iter()
        .map(|(name, words)| match at_end(name) {
            Some(last) if last != words => (format!("{name}, start → end"), format!("{words} → {last}")),
            Some(_) => ((*name).to_owned(), words.clone()),
            None => (format!("{name} at the start"), words.clone()),
        })
        .collect();
    let only_end = end.iter().filter(|(name, _)| start.iter().all(|(own, _)| own != name));
    both.extend(only_end.map(|(name, words)| (format!("{name} at the end"), words.clone())));
    both
}

/// How the run waited for the machine.
fn gate(record: &Record) -> Option<String> {
    let gate = record.start_gate.as_ref()?;
    let (waited, limit) = (gate.waited_ns, gate.limit_ns);
    let waited = match (waited.0, limit.0) {
        (_, 0) | (..SHORTEST_WAIT, _) => "The run did not wait to begin".to_owned(),
        _ => format!("Before the run began it waited {waited} (at most {limit}) for the machine to be fit"),
    };
    let unmet: Vec<String> = gate.unmet.iter().map(|words| plain(words)).collect();
    Some(if unmet.is_empty() {
        format!("{waited}; all that it looks at was as it should be.")
    } else {
        format!("{waited}; still not as it should be: {}.", unmet.join("; "))
    })
}

/// What the harness takes.
fn overhead(record: &Record) -> Option<String> {
    let overhead = record.overhead.as_ref()?;
    Some(format!(
        "The harness itself, measured in this run with a backend that does nothing: {} in each sample, {} for a request to \
         a worker and its answer.",
        overhead.sample_ns, overhead.request_ns
    ))
}
