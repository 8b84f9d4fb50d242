//! What in a cell's profile is worth knowing, in sentences.

use std::collections::BTreeMap;

use edgebench_record::{CellProfile, OperatorRole};

use crate::profile::derived::{ATTRIBUTED_WARN, DerivedCell, Level, OVERHEAD_WARN, QUANTISE_BAD, QUANTISE_WARN};
use crate::profile::fusions::FusionPattern;
use crate::profile::names::named;
use crate::profile::sentences::span;
use crate::text::counted;

/// Operators that a sentence names, at most.
const NAMED: usize = 3;

/// One sentence each: plain text. None where there is nothing to say.
pub fn findings(profile: &CellProfile, derived: &DerivedCell) -> Vec<String> {
    let mut lines = Vec::new();
    if derived.attributed_level != Level::Fine {
        lines.push(format!(
            "less than {:.0} % of the time is in operators: the table tells only a part; a larger --batch makes the profiler's \
             share smaller",
            ATTRIBUTED_WARN * 100.0
        ));
    }
    if derived.overhead_level != Level::Fine {
        lines.push(format!(
            "the profiler adds more than {:.0} %, or nobody knows how much: short operators seem longer than they are",
            OVERHEAD_WARN * 100.0
        ));
    }
    lines.extend(quantise(profile, derived));
    if let Some(fallback) = derived.fallback {
        lines.push(format!(
            "{} in {}, {:.1} % of the time, run elsewhere than was asked for",
            counted(fallback.operators, "operator"),
            counted(fallback.partitions, "partition"),
            fallback.share * 100.0
        ));
    }
    if !derived.int8_in_float.is_empty() {
        lines.push(format!(
            "computed in 32-bit floats though the model file has {} on 8-bit integers: {}",
            if derived.int8_in_float.len() == 1 { "it" } else { "them" },
            names(profile, &derived.int8_in_float, |_| String::new())
        ));
    }
    lines.extend(fusions(derived));
    let lost: Vec<usize> = derived
        .by_lost
        .iter()
        .copied()
        .filter(|&place| lost_ns(derived, place) > 0.0)
        .take(NAMED)
        .collect();
    if !lost.is_empty() {
        let total: f64 = derived.by_lost.iter().map(|&place| lost_ns(derived, place)).sum();
        lines.push(format!(
            "{} beyond the roofs, the most in {}",
            span(total),
            names(profile, &lost, |place| format!(" ({})", span(lost_ns(derived, place))))
        ));
    }
    if !derived.beyond_roofs.is_empty() {
        lines.push(format!(
            "less time than the roofs allow in {}: what is counted, the time or a roof is wrong",
            names(profile, &derived.beyond_roofs, |_| String::new())
        ));
    }
    if !derived.hot_spots.is_empty() {
        let spread = |place: usize| derived.operators[place].spread.unwrap_or(1.0);
        lines.push(format!(
            "times vary in {}",
            names(profile, &derived.hot_spots, |place| format!(
                " (p90 {:.2} times its median)",
                spread(place)
            ))
        ));
    }
    lines
}

fn lost_ns(derived: &DerivedCell, place: usize) -> f64 {
    derived.operators[place].roof.map_or(0.0, |roof| roof.lost_ns)
}

fn quantise(profile: &CellProfile, derived: &DerivedCell) -> Option<String> {
    let from = match derived.quantise_level {
        Level::Fine => return None,
        Level::Warn => QUANTISE_WARN,
        Level::Bad => QUANTISE_BAD,
    };
    let operators = profile.operators.iter();
    let count = operators
        .filter(|operator| operator.role == OperatorRole::Quantise)
        .count();
    Some(format!(
        "{:.1} % of the time goes into changes of the number format, in {}: more than {:.0} %",
        derived.shares?.quantise * 100.0,
        counted(count, "operator"),
        from * 100.0
    ))
}

/// Missed fusions by pattern.
fn fusions(derived: &DerivedCell) -> Vec<String> {
    let mut by_pattern: BTreeMap<FusionPattern, (usize, f64)> = BTreeMap::new();
    for fusion in &derived.missed_fusions {
        let (count, ns) = by_pattern.entry(fusion.pattern).or_default();
        *count += 1;
        *ns += fusion.time_ns;
    }
    let line = |(pattern, (count, ns)): (FusionPattern, (usize, f64))| {
        format!(
            "{}, not fused in {}: fusing saves at most {}",
            pattern.name(),
            counted(count, "place"),
            span(ns)
        )
    };
    by_pattern.into_iter().map(line).collect()
}

/// A few operators by name, each with more to say, and how many more there are.
fn names(profile: &CellProfile, places: &[usize], more: impl Fn(usize) -> String) -> String {
    let shown = places.iter().take(NAMED);
    let mut words: Vec<String> = shown
        .map(|&place| format!("{}{}", named(&profile.operators[place].name), more(place)))
        .collect();
    if places.len() > NAMED {
        words.push(format!("{} more", places.len() - NAMED));
    }
    words.join(", ")
}
