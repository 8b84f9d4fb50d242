//! Which cells of a profile are held against each other, and why one is slower than the other.

use std::collections::BTreeMap;

use edgebench_record::{Operator, ProfileRecord, ProfiledCell};
use serde::Serialize;

use super::bars::bars;
use super::words::{number_field, share_field, signed_time, time_field};
use crate::html::{Field, Header, Row, Table};
use crate::picture::Picture;
use crate::picture::name::cell_id;
use crate::profile::noise::is_apart;
use crate::profile::{Cause, Explanation, ProfileDiff, Profiled, Verdict, diff, explain};

/// Pairs that are compared, and of each kind of them those that are shown in full.
const PAIRS: usize = 200;
const SHOWN: usize = 6;
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

/// What a pair is held together for, the more important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A variant against the baseline on the same backend.
    Variants,
    /// A variant on one backend against the same on another.
    Backends,
}

struct Pair<'a> {
    kind: Kind,
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
        .filter_map(|(kind, a, b)| {
            let [a, b] = [a, b].map(|cell| Profiled { record, cell });
            let diff = diff(&a, &b).ok()?;
            let explanation = explain(&a, &b, &diff);
            Some(Pair {
                kind,
                a,
                b,
                diff,
                explanation,
            })
        })
        .collect();
    // What is noise explains nothing, whatever its size.
    let is_noise = |pair: &Pair<'_>| pair.explanation.verdict == Verdict::WithinNoise;
    compared.sort_by(|a, b| {
        let of = |pair: &Pair<'_>| (pair.kind, is_noise(pair));
        of(a)
            .cmp(&of(b))
            .then_with(|| b.share().abs().total_cmp(&a.share().abs()))
    });
    if compared.is_empty() {
        return None;
    }
    let backends = compared.iter().filter(|pair| pair.kind == Kind::Variants).count();
    let shown: Vec<(usize, &Pair<'_>)> = compared
        .iter()
        .enumerate()
        .filter(|(place, _)| is_shown(*place, backends))
        .collect();
    let mut sentences = vec![
        "Each variant against the baseline on the same backend, then each variant on one backend against the same on the first \
         that has it; of both the largest differences without the profiler first, in proportion, and those within the noise \
         last."
            .to_owned(),
    ];
    if all > PAIRS {
        sentences.push(format!("Compared are the first {PAIRS} of {all} pairs of cells."));
    }
    if compared.len() > shown.len() {
        sentences.push(format!(
            "Of the {} pairs {} are shown in full.",
            compared.len(),
            shown.len()
        ));
    }
    Some(Differences {
        sentences,
        table: table(&compared, backends),
        shown: shown.into_iter().map(in_full).collect(),
    })
}

impl Pair<'_> {
    /// The difference in proportion: without the profiler where that is known.
    fn share(&self) -> f64 {
        let without = self.explanation.unprofiled.as_ref().zip(self.diff.a.unprofiled_p50_ns);
        without.map_or(self.diff.delta_ns / self.diff.a.wall_ns, |(change, a_ns)| {
            change.delta_ns / a_ns
        })
    }
}

/// Whether the pair at this place is shown in full: the first of each kind, the second of which begins at `backends`.
fn is_shown(place: usize, backends: usize) -> bool {
    place < SHOWN || (backends..backends + SHOWN).contains(&place)
}

/// The pairs, each kind in plan order: what is held against, and what is held against it.
fn pairs(record: &ProfileRecord) -> Vec<(Kind, &ProfiledCell, &ProfiledCell)> {
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
    let variants = profiled().filter_map(|cell| {
        let id = &cell.id;
        let baseline: &ProfiledCell = baselines.get(&(&id.task, &id.backend, &id.settings))?;
        (baseline.id.variant != id.variant).then_some((Kind::Variants, baseline, cell))
    });
    let backends = profiled().filter_map(|cell| {
        let id = &cell.id;
        let elsewhere: &ProfiledCell = first.get(&(&id.task, &id.variant, &id.settings))?;
        (elsewhere.id.backend != id.backend).then_some((Kind::Backends, elsewhere, cell))
    });
    variants.chain(backends).collect()
}

fn table(pairs: &[Pair<'_>], backends: usize) -> Table {
    let row = |(place, pair): (usize, &Pair<'_>)| {
        let Pair { diff, explanation, .. } = pair;
        let words = cell_id(&diff.b.cell);
        let first = if is_shown(place, backends) {
            Field::link(words, format!("#{}", anchor(place)))
        } else {
            Field::text(words)
        };
        let unprofiled = explanation.unprofiled.as_ref();
        Row {
            fields: vec![
                first,
                Field::text(cell_id(&diff.a.cell)),
                time_field(diff.b.unprofiled_p50_ns),
                time_field(diff.a.unprofiled_p50_ns),
                number_field(unprofiled.map(|change| change.delta_ns), signed_time),
                share_field(unprofiled.map(|_| pair.share())),
                number_field(Some(diff.delta_ns), signed_time),
                Field::text(explanation.verdict.words()),
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
        ("profiled", true),
        ("as far as can be told", false),
    ];
    Table {
        caption: "Differences without the profiler, and of profiled inferences".to_owned(),
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

fn in_full((place, pair): (usize, &Pair<'_>)) -> Difference {
    let Pair {
        kind: _,
        a,
        b,
        diff,
        explanation,
    } = pair;
    // Where the operators tell nothing, neither do bars of them.
    let bars = || bars(diff, operators(a), operators(b));
    let picture = (!explanation.causes.is_empty())
        .then(bars)
        .flatten()
        .map(|mut picture| {
            picture.number(place);
            picture
        });
    let difference = match &explanation.unprofiled {
        Some(change) => format!("{} without the profiler", signed_time(change.delta_ns)),
        None => format!("{} with the profiler", signed_time(diff.delta_ns)),
    };
    Difference {
        anchor: anchor(place),
        title: format!(
            "{} against {}: {difference}",
            cell_id(&diff.b.cell),
            cell_id(&diff.a.cell)
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
    if explanation.causes.is_empty() {
        return None;
    }
    let row = |cause: &Cause| {
        let noise = match cause.p.map(is_apart) {
            Some(true) => "beyond the noise",
            Some(false) => "within the noise",
            None => "not known",
        };
        vec![
            Field::text(cause.words.clone()),
            number_field(Some(cause.delta_ns), signed_time),
            share_field(Some(cause.delta_ns / diff.delta_ns)),
            Field::text(noise),
        ]
    };
    let rows = explanation.causes.iter().take(CAUSES).map(row).collect();
    let headers = [
        ("time in", false),
        ("difference", true),
        ("of the whole difference", true),
        ("as far as can be told", false),
    ];
    Some(super::shares::small("What the difference comes from", &headers, rows))
}
