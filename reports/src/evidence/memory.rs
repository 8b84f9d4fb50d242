//! Memory: peaks beside what no runtime can do without, and a cell's phases.

use edgebench_api::Bytes;
use edgebench_record::{Cell, Invocation, LimitedBy, MemoryPhases, Summary};
use edgebench_stats::median;

use super::{Linked, Part, Section, number, row, table};
use crate::html::{Field, Header, Row, Table};
use crate::picture::Unit;
use crate::text::{plain, significant};

/// A column: its header, and its field for a cell.
type Column = (&'static str, fn(&Cell) -> Field);

/// The columns of figures, each left out where no cell has it.
const COLUMNS: [Column; 10] = [
    ("peak", |cell| size(summary(cell, |summary| summary.rss_peak_bytes))),
    ("above baseline", |cell| {
        size(summary(cell, |summary| summary.rss_above_baseline_bytes))
    }),
    ("lower bound", |cell| {
        size(summary(cell, |summary| summary.memory_bound_bytes))
    }),
    ("overhead ratio", |cell| {
        let ratio = cell.summary.as_ref().and_then(|summary| summary.memory_overhead_ratio);
        number(ratio, |ratio| format!("{}×", significant(ratio)))
    }),
    ("allocations per inference", |cell| {
        number(each(cell, |one| Some(allocated(one)?[0])), significant)
    }),
    ("bytes allocated", |cell| {
        size(each(cell, |one| Some(allocated(one)?[1])))
    }),
    ("arena, most in use", |cell| {
        size(each(cell, |one| Some(one.arena.as_ref()?.peak_in_use_bytes.0 as f64)))
    }),
    ("arena, reserved", |cell| {
        size(each(cell, |one| Some(one.arena.as_ref()?.reserved_bytes.0 as f64)))
    }),
    ("control group's peak", |cell| {
        size(each(cell, |one| Some(one.cgroup_peak_bytes?.0 as f64)))
    }),
    ("memory limit", |cell| {
        size(cell.memory_limit.as_ref().map(|limit| limit.limit_bytes.0 as f64))
    }),
];

/// The memory of the cells; `None` where no cell has any figure.
pub(crate) fn memory(cells: &[Linked<'_>]) -> Option<Section> {
    let has = |(_, of): &Column, cell: &Cell| of(cell).key != "none";
    let shown: Vec<Linked<'_>> = cells
        .iter()
        .filter(|(_, cell, _)| COLUMNS.iter().any(|column| has(column, cell)))
        .cloned()
        .collect();
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|column| shown.iter().any(|(_, cell, _)| has(column, cell)))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let limited = shown.iter().any(|(_, cell, _)| cell.memory_limit.is_some());
    let mut headers: Vec<(&str, bool)> = columns.iter().map(|(header, _)| (*header, true)).collect();
    if limited {
        headers.push(("fits", false));
    }
    let rows = shown
        .iter()
        .map(|linked| {
            let mut fields: Vec<Field> = columns.iter().map(|(_, of)| of(linked.1)).collect();
            if limited {
                fields.push(Field::text(limit_words(linked.1)));
            }
            row(linked, fields)
        })
        .collect();
    let mut sentences = vec![
        "Medians over invocations. Peak: the worker's resident set. Above baseline: less what it holds before the model \
         is loaded."
            .to_owned(),
    ];
    let told = |header: &str| columns.iter().any(|(own, _)| *own == header);
    if told("lower bound") {
        sentences.push(
            "Lower bound: weights and live activations by the graph, which no runtime can go below that keeps its weights \
             in memory; the ratio is what lies above the baseline over it."
                .to_owned(),
        );
    }
    if told("allocations per inference") {
        sentences.push("Allocations are counted for runtimes written in Rust alone.".to_owned());
    }
    if told("control group's peak") {
        sentences.push(
            "The control group's peak holds page cache and kernel memory as well, and is no process's.".to_owned(),
        );
    }
    Some(Section {
        anchor: "memory",
        title: "Memory",
        sentences,
        parts: vec![Part {
            table: Some(table("Memory of the cells", "cells", &headers, rows)),
            ..Part::default()
        }],
    })
}

/// Whether a cell fits its memory limit, and by what rule.
fn limit_words(cell: &Cell) -> String {
    let Some(limit) = &cell.memory_limit else {
        return String::new();
    };
    let held = match limit.by {
        LimitedBy::Cgroup => "held by a control group",
        LimitedBy::Peak => "not held, judged from the peak",
    };
    let fits = if limit.fits { "fits" } else { "does not fit" };
    let why = plain(&limit.why);
    let colon = if why.is_empty() { "" } else { ": " };
    format!("{fits} ({held}){colon}{why}")
}

fn summary(cell: &Cell, of: impl Fn(&Summary) -> Option<Bytes>) -> Option<f64> {
    Some(of(cell.summary.as_ref()?)?.0 as f64)
}

/// The median over the invocations that have it.
fn each(cell: &Cell, of: impl Fn(&Invocation) -> Option<f64>) -> Option<f64> {
    median(&cell.invocations.iter().filter_map(of).collect::<Vec<f64>>())
}

/// How often one inference allocates, and how many bytes.
fn allocated(one: &Invocation) -> Option<[f64; 2]> {
    let all = one.allocations.as_ref()?;
    let n = all.inferences as f64;
    (n > 0.0).then_some([all.count as f64 / n, all.bytes.0 as f64 / n])
}

fn size(bytes: Option<f64>) -> Field {
    number(bytes, |bytes| Unit::Size.show(bytes))
}

/// The figures of a phase.
const FIGURES: [&str; 7] = ["peak", "RSS", "PSS", "USS", "anonymous", "file", "swapped"];

const PHASES: [&str; 4] = ["baseline", "loaded", "first inference", "steady"];

/// The figures of the phase with this place in the list.
fn figures(memory: &MemoryPhases, phase: usize) -> Option<[Option<Bytes>; 7]> {
    let reading = match phase {
        0 => memory.baseline,
        1 => memory.loaded,
        2 => memory.first?,
        _ => memory.steady,
    };
    Some([
        reading.peak_rss_bytes,
        reading.rss_bytes,
        reading.pss_bytes,
        reading.uss_bytes,
        reading.anonymous_bytes,
        reading.file_bytes,
        reading.swap_bytes,
    ])
}

/// One cell's memory by phase, medians over invocations. `None` where nothing was read.
pub(crate) fn phases(cell: &Cell) -> Option<Table> {
    let value = |phase: usize, figure: usize| each(cell, |one| Some(figures(&one.memory, phase)?[figure]?.0 as f64));
    let read = |figure: &usize| (0..PHASES.len()).any(|phase| value(phase, *figure).is_some());
    let shown: Vec<usize> = (0..FIGURES.len()).filter(read).collect();
    if shown.is_empty() {
        return None;
    }
    let mut headers = vec![Header::new("phase", false)];
    headers.extend(shown.iter().map(|figure| Header::new(FIGURES[*figure], true)));
    let rows = PHASES.iter().enumerate().map(|(phase, name)| {
        let mut fields = vec![Field::text(*name)];
        fields.extend(shown.iter().map(|figure| size(value(phase, *figure))));
        Row {
            fields,
            ..Row::default()
        }
    });
    Some(Table {
        caption: "Memory by phase, medians over invocations".to_owned(),
        of: "phases",
        headers,
        rows: rows.collect(),
        facets: Vec::new(),
    })
}
