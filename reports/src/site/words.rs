//! Figures and links as the site's pages show them.

use std::fmt::Write as _;

use edgebench_api::Settings;
use edgebench_record::{CellId, Figure};

use super::{RunEntry, Sighting};
use crate::columns::ABSENT;
use crate::html::{Field, Header, Row};
use crate::picture::Unit;
use crate::ranking::Rank;
use crate::text::{plain, shortened, signed};

/// The longest name that a field shows.
const NAME_CHARACTERS: usize = 60;

/// What differs from one thread and a batch of one on the processor: `, 2 threads, batch 8`.
pub(super) fn settings(id: &CellId) -> String {
    let Settings {
        threads,
        batch,
        device,
        options,
        ..
    } = &id.settings;
    let mut out = String::new();
    if *threads != 1 {
        let _ = write!(out, ", {threads} threads");
    }
    if *batch != 1 {
        let _ = write!(out, ", batch {batch}");
    }
    if *device != Settings::default().device {
        let _ = write!(out, ", {device}");
    }
    for (name, value) in options {
        let _ = write!(out, ", {name}={value}");
    }
    out
}

/// A name that leads somewhere, cut where it is long.
pub(super) fn name(words: &str, href: String) -> Field {
    let words = shortened(&plain(words), NAME_CHARACTERS);
    Field::link(
        if words.is_empty() {
            "(no name)".to_owned()
        } else {
            words
        },
        href,
    )
}

/// A run by its beginning and id.
pub(super) fn run(entry: &RunEntry, up: &str) -> Field {
    name(&entry.id, format!("{up}{}", entry.path()))
}

/// A figure with its interval's farther end in per cent.
pub(super) fn figure(unit: Unit, figure: Option<Figure>) -> Field {
    let Some(Figure { value, interval }) = figure else {
        return Field::number(ABSENT, None);
    };
    let side = interval
        .filter(|_| value > 0.0)
        .map(|interval| (interval.high / value - 1.0).max(1.0 - interval.low / value) * 100.0);
    let words = match side {
        Some(side) if unit != Unit::Share => format!("{} ± {side:.1} %", unit.show(value)),
        _ => unit.show(value),
    };
    Field::number(words, Some(value))
}

/// The difference to the baseline variant in percentage points, `~` where it is not significant.
pub(super) fn delta(seen: &Sighting) -> Field {
    let Some((delta, significant)) = seen.delta else {
        return Field::number(ABSENT, None);
    };
    let points = signed(delta * 100.0, 2);
    let words = match significant {
        Some(true) => points,
        Some(false) => format!("~ {points}"),
        None => format!("{points} (untested)"),
    };
    Field::number(words, Some(delta))
}

/// The figures' headers in the order of [`figures`].
pub(super) fn figure_headers() -> [Header; 6] {
    ["p50", "p90", "peak memory", "model size", "accuracy (%)", "Δ (pp)"].map(|words| Header::new(words, true))
}

/// A cell's figures, or why it has none over all their columns.
pub(super) fn figures(seen: &Sighting) -> Vec<Field> {
    if seen.rank == Rank::Out {
        let words = format!("{}: {}", seen.outcome.name(), seen.reason);
        return vec![Field {
            span: figure_headers().len(),
            ..Field::text(shortened(words.trim_end_matches(": "), 140))
        }];
    }
    vec![
        figure(Unit::Time, seen.figure("latency_p50")),
        figure(Unit::Time, seen.figure("latency_p90")),
        figure(Unit::Size, seen.figure("rss_peak")),
        figure(Unit::Size, seen.figure("model_bytes")),
        figure(Unit::Share, seen.accuracy),
        delta(seen),
    ]
}

/// A row of fields before a cell's figures.
pub(super) fn row(mut fields: Vec<Field>, seen: &Sighting, facets: Vec<String>) -> Row {
    fields.extend(figures(seen));
    Row {
        fields,
        facets,
        out: seen.rank == Rank::Out,
        best: false,
    }
}
