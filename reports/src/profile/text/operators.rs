//! The operators that take the most time, as a table.

use std::fmt::Write as _;

use edgebench_record::{CellProfile, Operator};

use crate::columns::ABSENT;
use crate::profile::derived::{DerivedCell, OperatorFacts};
use crate::profile::names::named;
use crate::table::aligned;
use crate::text::{TimeUnit, code, counted};

/// The `top` operators by time, and a line with how many more there are.
pub(super) fn operators(profile: &CellProfile, derived: &DerivedCell, top: usize) -> String {
    let shown = &derived.by_time[..top.min(derived.by_time.len())];
    let times = shown.iter().filter_map(|&place| derived.operators[place].time_ns);
    let unit = TimeUnit::for_smallest(times.filter(|ns| *ns > 0.0));
    let with_roofs = derived.operators.iter().any(|facts| facts.roof.is_some());
    let with_threads = derived.operators.iter().any(|facts| facts.efficiency.is_some());
    let time = format!("time ({})", unit.symbol());
    let mut headers = vec![
        ("operator", false),
        (&*time, true),
        ("%", true),
        ("cumulative %", true),
        ("role", false),
        ("kernel", false),
    ];
    if with_roofs {
        headers.extend([("bound", false), ("% of roof", true)]);
    }
    if with_threads {
        headers.push(("parallel efficiency", true));
    }
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|&place| {
            let facts = &derived.operators[place];
            let mut row = words(&profile.operators[place], facts, unit);
            if with_roofs {
                row.extend([
                    facts
                        .roof
                        .map_or_else(|| ABSENT.to_owned(), |roof| roof.class.name().to_owned()),
                    percent(facts.roof.map(|roof| roof.reached)),
                ]);
            }
            if with_threads {
                row.push(
                    facts
                        .efficiency
                        .map_or_else(|| ABSENT.to_owned(), |share| format!("{share:.2}")),
                );
            }
            row
        })
        .collect();
    let mut out = aligned(&headers, &rows);
    let more = derived.by_time.len() - shown.len();
    if more > 0 {
        let _ = writeln!(out, "\n{}", counted(more, "more operator"));
    }
    out
}

fn words(operator: &Operator, facts: &OperatorFacts, unit: TimeUnit) -> Vec<String> {
    let kernel = match (&operator.provider, operator.fallback) {
        (Some(provider), true) => format!("{} on {} (fallback)", named(&operator.op), named(provider)),
        (None, true) => format!("{} (fallback)", named(&operator.op)),
        (_, false) => named(&operator.op),
    };
    vec![
        code(&named(&operator.name)),
        facts.time_ns.map_or_else(|| ABSENT.to_owned(), |ns| unit.show(ns)),
        percent(facts.share),
        percent(facts.cumulative),
        operator.role.name().to_owned(),
        code(&kernel),
    ]
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| ABSENT.to_owned(), |share| format!("{:.1}", share * 100.0))
}
