//! The whole page: what was profiled and how far it can be trusted, the differences, each cell.

use edgebench_record::{CellProfile, ProfileRecord, ProfiledCell};
use edgebench_stats::Interval;
use serde::Serialize;

use super::cell::{CellPart, anchor, cell_part};
use super::differences::{Differences, differences};
use super::words::{percent, share_field, time_field};
use crate::ReportError;
use crate::columns::ABSENT;
use crate::evidence::machine;
use crate::facts::command;
use crate::html::{Crumb, Field, Header, Row, Table, Templates};
use crate::picture::name::cell_id;
use crate::profile::{DerivedCell, derive};
use crate::site::device_name;
use crate::text::{plain, shortened};

/// Cells in the first table, and cells that are shown in full.
const LISTED: usize = 400;
const SHOWN: usize = 40;
/// Rows of all tables of operators together, and of one of them at least and at most.
const NODES: usize = 6000;
const NODES_OF_CELL: [usize; 2] = [100, 400];
/// The longest remark and reason in a table, and the longest name in a heading.
const REMARK_CHARACTERS: usize = 160;
const NAME_CHARACTERS: usize = 80;

#[derive(Serialize)]
struct ProfilePage {
    title: String,
    above: Vec<Crumb>,
    suite: String,
    device: String,
    run: String,
    started: String,
    caveats: Vec<String>,
    cells: Table,
    differences: Option<Differences>,
    parts: Vec<CellPart>,
    /// How many cells are shown in full, where not all are.
    left_out: Option<String>,
    facts: Vec<(String, String)>,
    command: String,
}

/// The page of a profile, complete in itself: it needs no other file.
///
/// # Errors
/// [`ReportError::Template`] for a template that a user replaced and that does not fit; those built in have none.
pub fn profile_page(record: &ProfileRecord, templates: &Templates) -> Result<String, ReportError> {
    let (suite, device) = (plain(&record.suite), plain(&device_name(&record.host)));
    let derived: Vec<Option<DerivedCell>> = record
        .cells
        .iter()
        .take(LISTED)
        .map(|cell| derive(record, cell))
        .collect();
    let shown: Vec<(usize, &ProfiledCell, &DerivedCell)> = record
        .cells
        .iter()
        .zip(&derived)
        .enumerate()
        .filter_map(|(place, (cell, derived))| Some((place, cell, derived.as_ref()?)))
        .collect();
    let parts = &shown[..shown.len().min(SHOWN)];
    let [least, most] = NODES_OF_CELL;
    let nodes = (NODES / parts.len().max(1)).clamp(least, most);
    let left_out = (parts.len() < shown.len()).then(|| {
        format!(
            "Of {} profiled cells the first {SHOWN} are shown in full; the table above lists them.",
            shown.len()
        )
    });
    templates.page(
        "profile.html",
        &ProfilePage {
            title: format!("Profile of {} on {}", shortened(&suite, 60), shortened(&device, 60)),
            above: Vec::new(),
            run: shortened(&plain(&record.id), NAME_CHARACTERS),
            started: shortened(&plain(&record.started_at), NAME_CHARACTERS),
            caveats: caveats(record),
            cells: cells(record, &derived, parts.len()),
            differences: differences(record),
            parts: parts
                .iter()
                .enumerate()
                .map(|(place, (number, cell, derived))| cell_part(record, cell, derived, *number, place == 0, nodes))
                .collect(),
            left_out,
            facts: machine(&record.host),
            command: command(&record.tool),
            suite: shortened(&suite, NAME_CHARACTERS),
            device: shortened(&device, NAME_CHARACTERS),
        },
    )
}

fn caveats(record: &ProfileRecord) -> Vec<String> {
    let mut caveats = vec![
        "Times of profiled inferences, which are not latencies: the profiler adds to them. They take no part in any \
         ranking or gate."
            .to_owned(),
    ];
    if record.interrupted {
        caveats.push("The profile ended before its plan did.".to_owned());
    }
    if record.host.emulated {
        caveats.push("Another architecture emulated this one: times mean nothing.".to_owned());
    }
    if let Some(why) = &record.no_peaks {
        let why = shortened(&plain(why), REMARK_CHARACTERS);
        caveats.push(format!(
            "Without the machine's peaks there is no roofline: {}.",
            why.trim_end_matches('.')
        ));
    }
    if record.cells.len() > LISTED {
        caveats.push(format!(
            "Of {} cells the first {LISTED} are listed.",
            record.cells.len()
        ));
    }
    caveats
}

/// One row a cell.
fn cells(record: &ProfileRecord, derived: &[Option<DerivedCell>], parts: usize) -> Table {
    let headers = [
        ("cell", false),
        ("profiled p50", true),
        ("unprofiled p50", true),
        ("overhead", true),
        ("95 % interval", true),
        ("attributed", true),
        ("clock's resolution", true),
        ("inferences", true),
        ("remarks", false),
    ];
    let mut linked = 0;
    let rows = record
        .cells
        .iter()
        .zip(derived)
        .enumerate()
        .map(|(place, (cell, derived))| {
            let name = cell_id(&cell.id);
            let name = if derived.is_some() && linked < parts {
                linked += 1;
                Field::link(name, format!("#{}", anchor(place)))
            } else {
                Field::text(name)
            };
            let mut fields = vec![name];
            match &cell.profile {
                Some(profile) => fields.extend(figures(profile, derived.as_ref())),
                None => fields.push(Field {
                    span: headers.len() - 1,
                    ..Field::text(why_none(cell))
                }),
            }
            Row {
                fields,
                facets: vec![plain(&cell.id.task), plain(&cell.id.variant), plain(&cell.id.backend)],
                out: cell.profile.is_none(),
                best: false,
            }
        })
        .collect();
    Table {
        caption: "Profiled cells".to_owned(),
        of: "cells",
        headers: headers
            .iter()
            .map(|(words, numeric)| Header::new(words, *numeric))
            .collect(),
        rows,
        facets: Vec::new(),
    }
    .with_facets(&["task", "variant", "backend"])
}

fn figures(profile: &CellProfile, derived: Option<&DerivedCell>) -> [Field; 8] {
    let remarks: Vec<String> = profile.remarks.iter().take(3).map(|remark| plain(remark)).collect();
    let remarks = match profile.remarks.len() {
        0 => "none".to_owned(),
        1..=3 => remarks.join("; "),
        n => format!("{}; and {} more", remarks.join("; "), n - 3),
    };
    [
        time_field(Some(profile.profiled_p50_ns)),
        time_field(Some(profile.unprofiled_p50_ns)),
        share_field(Some(profile.overhead)),
        interval_field(profile.overhead_interval),
        share_field(derived.and_then(|derived| Some(derived.shares?.in_operators()))),
        time_field(Some(profile.resolution_ns.0 as f64)),
        Field::number(profile.runs.to_string(), Some(profile.runs as f64)),
        Field::text(shortened(&remarks, REMARK_CHARACTERS)),
    ]
}

/// An interval of shares, which sorts by its lower end. Absent where there are too few inferences, which the remarks say.
fn interval_field(interval: Option<Interval>) -> Field {
    match interval.filter(|interval| interval.low <= interval.high) {
        Some(Interval { low, high, .. }) => Field::number(format!("{} to {}", percent(low), percent(high)), Some(low)),
        None => Field::number(ABSENT, None),
    }
}

/// Why a cell has no profile.
fn why_none(cell: &ProfiledCell) -> String {
    let outcome = &cell.outcome;
    let what = if outcome.is_measured() {
        "no profile"
    } else {
        outcome.kind.name()
    };
    let words = format!("{what}: {}", plain(&outcome.reason));
    shortened(words.trim_end_matches(": "), REMARK_CHARACTERS)
}
