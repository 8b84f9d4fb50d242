//! Where the time of one cell goes, in sentences and tables: shares, the longest operators, what could be better.

use edgebench_record::{CellProfile, OperatorRole};

use super::icicle::{On, in_none};
use super::words::{named, operator_name, percent, share_field, time, time_field};
use crate::html::{Field, Header, Row, Table};
use crate::picture::name::listed;
use crate::profile::{
    ATTRIBUTED_WARN, DerivedCell, Fallback, Level, OVERHEAD_WARN, QUANTISE_BAD, QUANTISE_WARN, SPREAD_HOT,
};
use crate::text::{counted, significant};

/// Operators in the table of the longest, and missed fusions in theirs.
const LONGEST: usize = 10;
const FUSIONS: usize = 20;
/// Operators that a sentence names.
const NAMED: usize = 5;

/// A table without sorting.
pub(super) fn small(caption: &str, headers: &[(&str, bool)], rows: Vec<Vec<Field>>) -> Table {
    Table {
        caption: caption.to_owned(),
        of: "rows",
        headers: headers
            .iter()
            .map(|(words, numeric)| Header::new(words, *numeric))
            .collect(),
        rows: rows
            .into_iter()
            .map(|fields| Row {
                fields,
                ..Row::default()
            })
            .collect(),
        facets: Vec::new(),
    }
}

/// The shares of the time, each with how to take it. `None` where there is no time.
pub(super) fn shares(profile: &CellProfile, derived: &DerivedCell) -> Option<Table> {
    let shares = derived.shares?;
    let row = |words: String, share: f64, judged: String| {
        vec![
            Field::text(words),
            time_field(Some(share * derived.total_ns)),
            share_field(Some(share)),
            Field::text(judged),
        ]
    };
    let of_role = |role: OperatorRole, judged: String| {
        let count = profile
            .operators
            .iter()
            .filter(|operator| operator.role == role)
            .count();
        let words = format!("{} ({})", On::Operators(role).name(), counted(count, "operator"));
        row(words, shares.of(role), judged)
    };
    let plain_share = || "no limit to hold it to".to_owned();
    let mut rows = vec![
        of_role(OperatorRole::Product, "what the model is made of".to_owned()),
        of_role(OperatorRole::Other, plain_share()),
        of_role(OperatorRole::Layout, plain_share()),
        of_role(OperatorRole::Quantise, quantise_words(derived.quantise_level)),
    ];
    let [(_, between_ns), (on, unattributed_ns)] = in_none(profile, derived.total_ns);
    let part = |on: On, ns: f64, judged: String| row(on.name().to_owned(), ns / derived.total_ns, judged);
    if between_ns > 0.0 {
        let words = "the runtime's way from one to the next, and the profiler's notes";
        rows.push(part(On::Between, between_ns, words.to_owned()));
    }
    rows.push(part(on, unattributed_ns, attributed_words(derived.attributed_level)));
    if let Some(Fallback {
        share,
        operators,
        partitions,
    }) = derived.fallback
    {
        let words = format!(
            "of all: fallback ({}, {})",
            counted(operators, "operator"),
            counted(partitions, "partition")
        );
        rows.push(row(
            words,
            share,
            "executed by something else than what was asked for".to_owned(),
        ));
    }
    let headers = [
        ("what", false),
        ("time", true),
        ("share", true),
        ("how to take it", false),
    ];
    Some(small("Shares of the time", &headers, rows))
}

fn quantise_words(level: Level) -> String {
    let (warn, bad) = (QUANTISE_WARN * 100.0, QUANTISE_BAD * 100.0);
    match level {
        Level::Fine => format!("fine: below {warn:.0} %"),
        Level::Warn => format!("warning: {warn:.0} % or more is worth a look"),
        Level::Bad => format!("bad: {bad:.0} % or more is most likely a fault"),
    }
}

fn attributed_words(level: Level) -> String {
    let most = (1.0 - ATTRIBUTED_WARN) * 100.0;
    match level {
        Level::Fine => format!("fine: the operators account for at least {:.0} %", 100.0 - most),
        Level::Warn | Level::Bad => format!("warning: the operators account for less than {:.0} %", 100.0 - most),
    }
}

/// What a reader has to know before the figures.
pub(super) fn warnings(profile: &CellProfile, derived: &DerivedCell) -> Vec<String> {
    let mut warnings = Vec::new();
    if derived.overhead_level != Level::Fine {
        warnings.push(format!(
            "The profiler adds {}, more than {:.0} %: shares may differ from those without it.",
            percent(profile.overhead),
            OVERHEAD_WARN * 100.0
        ));
    }
    if derived.attributed_level != Level::Fine {
        let share_of_operators = percent(derived.shares.map_or(0.0, |shares| shares.in_operators()));
        warnings.push(format!(
            "Only {} of the time is in operators, less than {:.0} %. A larger --batch makes the profiler's share smaller.",
            share_of_operators,
            ATTRIBUTED_WARN * 100.0
        ));
    }
    if let (Level::Warn | Level::Bad, Some(shares)) = (derived.quantise_level, derived.shares) {
        warnings.push(format!(
            "Changes of the number format take {} ({}).",
            percent(shares.quantise),
            quantise_words(derived.quantise_level)
        ));
    }
    if let Some(fallback) = derived.fallback {
        warnings.push(format!(
            "{} in {} ({} of the time): something else executes them than what the cell asked for.",
            counted(fallback.operators, "operator"),
            counted(fallback.partitions, "partition"),
            percent(fallback.share)
        ));
    }
    warnings
}

/// The longest operators.
pub(super) fn longest(profile: &CellProfile, derived: &DerivedCell) -> Table {
    let has_efficiency = derived.operators.iter().any(|facts| facts.efficiency.is_some());
    let has_roof = derived.operators.iter().any(|facts| facts.roof.is_some());
    let mut headers = vec![
        ("operator", false),
        ("time", true),
        ("share", true),
        ("with those above", true),
    ];
    if has_roof {
        headers.extend([("bound by", false), ("of its roof", true), ("beyond the roof", true)]);
    }
    if has_efficiency {
        headers.push(("parallel efficiency", true));
    }
    let row = |&place: &usize| {
        let facts = &derived.operators[place];
        let mut fields = vec![
            Field::text(operator_name(&profile.operators[place])),
            time_field(facts.time_ns),
            share_field(facts.share),
            share_field(facts.cumulative),
        ];
        if has_roof {
            fields.extend([
                Field::text(facts.roof.map_or("not known", |roof| roof.class.name())),
                share_field(facts.roof.map(|roof| roof.reached)),
                time_field(facts.roof.map(|roof| roof.lost_ns)),
            ]);
        }
        if has_efficiency {
            fields.push(share_field(facts.efficiency));
        }
        fields
    };
    let rows = derived.by_time.iter().take(LONGEST).map(row).collect();
    small("The longest operators", &headers, rows)
}

/// Fusions that were missed, those that would save the most first.
pub(super) fn fusions(profile: &CellProfile, derived: &DerivedCell) -> Option<Table> {
    let mut missed: Vec<_> = derived.missed_fusions.iter().collect();
    if missed.is_empty() {
        return None;
    }
    missed.sort_by(|a, b| b.time_ns.total_cmp(&a.time_ns));
    let row = |fusion: &&crate::profile::MissedFusion| {
        let names: Vec<String> = fusion
            .operators
            .iter()
            .filter_map(|&place| profile.operators.get(place))
            .map(|operator| named(&operator.name))
            .take(FUSIONS)
            .collect();
        vec![
            Field::text(fusion.pattern.name()),
            Field::text(listed(&names, NAMED)),
            time_field(Some(fusion.time_ns)),
        ]
    };
    let rows = missed.iter().take(FUSIONS).map(row).collect();
    let headers = [
        ("usually one kernel", false),
        ("here apart", false),
        ("saves at most", true),
    ];
    Some(small("Missed fusions", &headers, rows))
}

/// What follows for the cell, in sentences.
pub(super) fn sentences(profile: &CellProfile, derived: &DerivedCell) -> Vec<String> {
    let mut sentences = Vec::new();
    let names = |places: &[usize]| {
        let names: Vec<String> = places
            .iter()
            .take(NAMED + 1)
            .filter_map(|&place| profile.operators.get(place))
            .map(operator_name)
            .collect();
        match places.len().saturating_sub(NAMED) {
            0 => names.join(", "),
            more => format!("{} and {more} more", names[..NAMED.min(names.len())].join(", ")),
        }
    };
    let share = |places: &[usize]| percent(places.iter().filter_map(|&place| derived.operators[place].share).sum());
    sentences.extend(derived.model.map(|model| {
        if model.times_bound < 1.0 {
            return format!(
                "No lower bound of the whole model: at the machine's peaks it would take {}, more than the median without the \
                 profiler, {}, so that what is counted of it or a roof is wrong.",
                time(model.bound_ns),
                time(model.p50_ns)
            );
        }
        let left_out = match model.left_out {
            0 => String::new(),
            1 => " One operator of which too little is known is not in it.".to_owned(),
            n => format!(" {n} operators of which too little is known are not in it."),
        };
        format!(
            "On this machine no graph like this one takes less than {} (arithmetic {}, memory {}); the median without the \
             profiler is {}, {} times that.{left_out}",
            time(model.bound_ns),
            time(model.compute_ns),
            time(model.memory_ns),
            time(model.p50_ns),
            significant(model.times_bound)
        )
    }));
    if derived.model.is_none()
        && let Some(why) = derived.no_model
    {
        sentences.push(format!("No lower bound of the whole model: {}.", why.words()));
    }
    let lost: Vec<String> = derived
        .by_lost
        .iter()
        .take(3)
        .filter_map(|&place| Some((place, derived.operators[place].roof?.lost_ns)))
        .filter(|(_, lost_ns)| *lost_ns > 0.0)
        .map(|(place, lost_ns)| format!("{} ({})", operator_name(&profile.operators[place]), time(lost_ns)))
        .collect();
    if !lost.is_empty() {
        sentences.push(format!("The most time beyond their roofs take {}.", lost.join(", ")));
    }
    if !derived.beyond_roofs.is_empty() {
        sentences.push(format!(
            "Less time than the roofs allow in {}: {}. What is counted, the time or a roof is wrong.",
            counted(derived.beyond_roofs.len(), "operator"),
            names(&derived.beyond_roofs)
        ));
    }
    if !derived.int8_in_float.is_empty() {
        sentences.push(format!(
            "{} that the model file has on 8-bit integers {} computed in 32-bit floats ({} of the time): {}.",
            counted(derived.int8_in_float.len(), "product"),
            if derived.int8_in_float.len() == 1 { "is" } else { "are" },
            share(&derived.int8_in_float),
            names(&derived.int8_in_float)
        ));
    }
    if !derived.hot_spots.is_empty() {
        sentences.push(format!(
            "The times of {} vary, with a 90th percentile of at least {SPREAD_HOT} times the median: {}.",
            counted(derived.hot_spots.len(), "operator"),
            names(&derived.hot_spots)
        ));
    }
    sentences
}
