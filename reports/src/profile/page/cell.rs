//! One cell of the page.

use edgebench_record::{ProfileRecord, ProfiledCell};
use serde::Serialize;

use super::super::compared::left_out;
use super::icicle::icicle;
use super::words::{percent, time};
use super::{nodes, roofline, shares, tensors};
use crate::html::Table;
use crate::picture::Picture;
use crate::picture::name::cell_id;
use crate::profile::DerivedCell;
use crate::text::{counted, plain, shortened};

/// The longest remark, and how many are shown.
const REMARK_CHARACTERS: usize = 300;
const REMARKS: usize = 20;
/// The longest of the settings' words.
const SETTINGS_CHARACTERS: usize = 300;

/// What the page shows of a cell.
#[derive(Debug, Serialize)]
pub(super) struct CellPart {
    anchor: String,
    name: String,
    /// Whether it is unfolded.
    open: bool,
    about: String,
    warnings: Vec<String>,
    remarks: Vec<String>,
    sentences: Vec<String>,
    icicle: Option<Picture>,
    shares: Option<Table>,
    longest: Table,
    fusions: Option<Table>,
    roofline: Option<Picture>,
    /// Why there is no roofline.
    no_roofline: Option<String>,
    nodes_title: String,
    nodes: Table,
    tensors: Option<TensorsPart>,
}

#[derive(Debug, Serialize)]
struct TensorsPart {
    sentences: Vec<String>,
    picture: Option<Picture>,
    table: Option<Table>,
    left_out: Vec<String>,
}

/// The place of a cell on the page.
pub(super) fn anchor(number: usize) -> String {
    format!("cell-{number}")
}

/// A profiled cell; at most so many rows in its table of operators.
pub(super) fn cell_part(
    record: &ProfileRecord,
    cell: &ProfiledCell,
    derived: &DerivedCell,
    number: usize,
    open: bool,
    most: usize,
) -> CellPart {
    let name = cell_id(&cell.id);
    let profile = cell.profile.as_ref();
    let operators = profile.map(|profile| profile.operators.as_slice()).unwrap_or_default();
    let numbered = |mut picture: Picture| {
        picture.number(number);
        picture
    };
    let (roofs, no_roofline) = match roofline::roofline(record, cell, derived) {
        Ok(picture) => (Some(numbered(picture)), None),
        Err(why) => (None, Some(why)),
    };
    let nodes_title = if operators.len() > most {
        format!("The {most} longest of {}", counted(operators.len(), "operator"))
    } else {
        format!("All {}", counted(operators.len(), "operator"))
    };
    let mut sentences = profile
        .map(|profile| shares::sentences(profile, derived))
        .unwrap_or_default();
    sentences.extend(efficiency(cell, derived));
    CellPart {
        anchor: anchor(number),
        open,
        about: about(cell, derived),
        warnings: profile
            .map(|profile| shares::warnings(profile, derived))
            .unwrap_or_default(),
        remarks: remarks(cell),
        sentences,
        icicle: icicle(cell, derived).map(numbered),
        shares: profile.and_then(|profile| shares::shares(profile, derived)),
        longest: profile
            .map(|profile| shares::longest(profile, derived))
            .unwrap_or_default(),
        fusions: profile.and_then(|profile| shares::fusions(profile, derived)),
        roofline: roofs,
        no_roofline,
        nodes: nodes::nodes(format!("Operators of {name}"), operators, derived, most),
        nodes_title,
        tensors: cell.tensors.as_ref().map(|comparison| TensorsPart {
            sentences: tensors::sentences(comparison),
            picture: tensors::picture(&cell.id, comparison).map(numbered),
            table: tensors::table(format!("Inner tensors of {name}"), comparison),
            left_out: left_out(comparison),
        }),
        name,
    }
}

/// The runtime, the settings in effect, the time.
fn about(cell: &ProfiledCell, derived: &DerivedCell) -> String {
    let mut parts = vec![format!("{} in a typical profiled inference", time(derived.total_ns))];
    if cell.baseline {
        parts.push("the baseline variant".to_owned());
    }
    if let Some(runtime) = &cell.runtime {
        parts.push(plain(&format!("{} {}", runtime.runtime, runtime.version)));
    }
    let effective = cell.effective.iter().map(|(name, value)| format!("{name}={value}"));
    parts.extend(effective.take(REMARKS).map(|words| plain(&words)));
    parts.retain(|part| !part.is_empty());
    shortened(&parts.join(" · "), SETTINGS_CHARACTERS)
}

fn remarks(cell: &ProfiledCell) -> Vec<String> {
    let all = cell
        .profile
        .as_ref()
        .map(|profile| profile.remarks.as_slice())
        .unwrap_or_default();
    let mut remarks: Vec<String> = all
        .iter()
        .take(REMARKS)
        .map(|remark| shortened(&plain(remark), REMARK_CHARACTERS))
        .collect();
    if all.len() > REMARKS {
        remarks.push(format!("and {} more", all.len() - REMARKS));
    }
    remarks
}

/// What more threads bring, over the operators that both profiles have: each weighs as much as its time.
fn efficiency(cell: &ProfiledCell, derived: &DerivedCell) -> Option<String> {
    let threads = cell.id.settings.threads;
    derived.efficiency.map(|efficiency| {
        format!(
            "With {} the operators that the profile with one has too reach {} of {threads} times its speed.",
            counted(threads, "thread"),
            percent(efficiency)
        )
    })
}
