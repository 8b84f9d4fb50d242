//! Which cells of a profile are held against each other, and why one is slower than the other.

use std::collections::BTreeMap;

use edgebench_record::{Operator, ProfileRecord, ProfiledCell};
use serde::Serialize;

use super::bars::bars;
use super::words::{number_field, share_field, signed_time, time_field};
use crate::html::{Field, Header, Row, Table};
use crate::picture::Picture;
use crate::picture::name::cell_id;
use crate::profile::{Explanation, ProfileDiff, Profiled, diff, explain};

/// Pairs that are compared, and of them those that are shown in full.
const PAIRS: usize = 200;
const SHOWN: usize = 8;
/// Causes that a table names.
const CAUSES: usize = 8;

/// The part of the page about differences.
#[derive(Debug, Serialize)]
pub(super) struct Differences {
    sentences: Vec<String>,
    table: Table,
    shown: Vec<Difference>,
}

/// One pair.
#[derive(Debug, Serialize)]
struct Difference {
    anchor: String,
    title: String,
    sentence: String,
    notes: Vec<String>,
    causes: Option<Table>,
    picture: Option<Picture>,
}

struct Pair<'a> {
    a: Profiled<'a>,
    b: Profiled<'a>,
    diff: ProfileDiff,
    explanation: Explanation,
}

/// What differs; `None` where no two cells can be held against each other.
pub(super) fn differences(record: &ProfileRecord) -> Option<Differences> {
    let pairs = pairs(record);
    let all = pairs.len();
    let mut compared: Vec<Pair<'_>> = pairs
        .into_iter()
        .take(PAIRS)
        .filter_map(|(a, b)| {
            let [a, b] = [a, b].map(|cell| Profiled { record, cell });
            let diff = diff(&a, &b).ok()?;
            let explanation = explain(&a, &b, &diff);
            Some(Pair {
                a,
                b,
                diff,
                explanation,
            })
        })
        .collect();
    // What is noise explains nothing, whatever its size.
    let is_noise = |pair: &Pair<'_>| pair.explanation.within_noise == Some(true);
    compared.sort_by(|a, b| {
        let by_size = || b.diff.delta_ns.abs().total_cmp(&a.diff.delta_ns.abs());
        is_noise(a).cmp(&is_noise(b)).then_with(by_size)
    });
    if compared.is_empty() {
        return None;
    }
    let mut sentences = vec![
        "Each variant against the baseline on the same backend, and each variant on one backend against the same on the first \
         that has it; the largest differences first, those within the noise last."
            .to_owned(),
    ];
    if all > PAIRS {
        sentences.push(format!("Compared are the first {PAIRS} of {all} pairs of cells."));
    }
    if compared.len() > SHOWN {
        sentences.push(format!("Of the {} pairs {SHOWN} are shown in full.", compared.len()));
    }
    Some(Differences {
        sentences,
        table: table(&compared),
        shown: compared.iter().take(SHOWN).enumerate().map(shown).collect(),
    })
}

/// The pairs in plan order: what is held against, and what is held against it.
fn pairs(record: &ProfileRecord) -> Vec<(&ProfiledCell, &ProfiledCell)> {
    let profiled = || record.cells.iter().filter(|cell| cell.profile.is_some());
    let mut baselines = BTreeMap::new();
    let mut first = BTreeMap::new();
    for cell in profiled() {
        let id = &cell.id;
        first.entry((&id.task, &id.variant, &id.settings)).or_insert(cell);
        if cell.baseline {
            baselines.entry((&id.task, &id.backend, &id.settings)).or_insert(cell);
        }
    }
    let mut pairs = Vec::new();
    for cell in profiled() {
        let id = &cell.id;
        let baseline = baselines.get(&(&id.task, &id.backend, &id.settings));
        let elsewhere = first.get(&(&id.task, &id.variant, &id.settings));
        pairs.extend(
            baseline
                .filter(|other| other.id.variant != id.variant)
                .map(|other| (*other, cell)),
        );
        pairs.extend(
            elsewhere
                .filter(|other| other.id.backend != id.backend)
                .map(|other| (*other, cell)),
        );
    }
    pairs
}

fn table(pairs: &[Pair<'_>]) -> Table {
    let row = |(place, pair): (usize, &Pair<'_>)| {
        let Pair { diff, explanation, .. } = pair;
        let words = cell_id(&diff.b.cell);
        let first = if place < SHOWN {
            Field::link(words, format!("#{}", anchor(place)))
        } else {
            Field::text(words)
        };
        let noise = match explanation.within_noise {
            Some(true) => "within the noise",
            Some(false) => "beyond the noise",
            None => "too short to tell",
        };
        Row {
            fields: vec![
                first,
                Field::text(cell_id(&diff.a.cell)),
                time_field(Some(diff.b.wall_ns)),
                time_field(Some(diff.a.wall_ns)),
                number_field(Some(diff.delta_ns), signed_time),
                share_field(Some(diff.delta_ns / diff.a.wall_ns)),
                Field::text(noise),
            ],
            ..Row::default()
        }
    };
    let headers = [
        ("cell", false),
        ("against", false),
        ("its time", true),
        ("the other's", true),
        ("difference", true),
        ("in %", true),
        ("as far as can be told", false),
    ];
    Table {
        caption: "Differences of profiled inferences".to_owned(),
        of: "pairs",
        headers: headers
            .iter()
            .map(|(words, numeric)| Header::new(words, *numeric))
            .collect(),
        rows: pairs.iter().enumerate().map(row).collect(),
        facets: Vec::new(),
    }
}

fn anchor(place: usize) -> String {
    format!("difference-{place}")
}

fn shown((place, pair): (usize, &Pair<'_>)) -> Difference {
    let Pair {
        a,
        b,
        diff,
        explanation,
    } = pair;
    let picture = bars(diff, operators(a), operators(b)).map(|mut picture| {
        picture.number(place);
        picture
    });
    Difference {
        anchor: anchor(place),
        title: format!(
            "{} against {}: {}",
            cell_id(&diff.b.cell),
            cell_id(&diff.a.cell),
            signed_time(diff.delta_ns)
        ),
        sentence: format!("{}.", explanation.sentence.trim_end_matches('.')),
        notes: explanation.notes.clone(),
        causes: causes(diff, explanation),
        picture,
    }
}

fn operators<'a>(of: &Profiled<'a>) -> &'a [Operator] {
    let profile = of.cell.profile.as_ref();
    profile.map(|profile| profile.operators.as_slice()).unwrap_or_default()
}

/// What the difference comes from, the most first.
fn causes(diff: &ProfileDiff, explanation: &Explanation) -> Option<Table> {
    if explanation.causes.is_empty() || explanation.within_noise == Some(true) {
        return None;
    }
    let row = |cause: &crate::profile::Cause| {
        vec![
            Field::text(cause.words.clone()),
            number_field(Some(cause.delta_ns), signed_time),
            share_field(Some(cause.delta_ns / diff.delta_ns)),
        ]
    };
    let rows = explanation.causes.iter().take(CAUSES).map(row).collect();
    let headers = [
        ("time in", false),
        ("difference", true),
        ("of the whole difference", true),
    ];
    Some(super::shares::small("What the difference comes from", &headers, rows))
}
