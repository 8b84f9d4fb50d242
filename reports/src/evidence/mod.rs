//! What a record holds beside latencies and accuracies, as sections of sentences and tables in plain text: energy and
//! what stands in for it, memory, scenarios, and how far the machine's figures can be trusted.
//!
//! | module | idea |
//! |---|---|
//! | `energy` | measured energy with its source, or why there is none; proxies apart |
//! | `memory` | peaks beside their lower bound, allocations, arenas, limits; a cell's phases |
//! | `scenarios`, `load` | each load pattern with its verdicts; the key figures of each kind |
//! | `host` | the machine's class, facts and health, the start gate, the harness's own part |

mod energy;
mod host;
mod load;
mod memory;
mod scenarios;

use edgebench_record::Cell;
use serde::Serialize;

pub(crate) use energy::{energy, proxies, source_lines};
pub(crate) use host::{HostCard, class_words, host_card, machine};
pub(crate) use memory::{memory, phases};
pub(crate) use scenarios::{scenario_lines, scenarios};

use crate::columns::ABSENT;
use crate::html::{Field, Header, Row, Table};
use crate::picture::{Picture, cell_id};
use crate::ranking::Rank;
use crate::text::plain;

/// A section of a page.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Section {
    /// Its id on the page.
    pub(crate) anchor: &'static str,
    pub(crate) title: &'static str,
    pub(crate) sentences: Vec<String>,
    pub(crate) parts: Vec<Part>,
}

/// A part of a section: what it says, its table, its pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Part {
    /// Empty where the section's own says it.
    pub(crate) title: String,
    pub(crate) sentences: Vec<String>,
    pub(crate) table: Option<Table>,
    pub(crate) pictures: Vec<Picture>,
}

/// A cell with its rank and where its details are.
pub(crate) type Linked<'a> = (Rank, &'a Cell, String);

/// The tables' facets.
const FACETS: [&str; 3] = ["task", "variant", "backend"];

/// A row of a cell: its name, which leads to its details, then these fields.
fn row((rank, cell, link): &Linked<'_>, fields: Vec<Field>) -> Row {
    let mut all = vec![Field::link(cell_id(&cell.id), link.clone())];
    all.extend(fields);
    Row {
        fields: all,
        facets: vec![plain(&cell.id.task), plain(&cell.id.variant), plain(&cell.id.backend)],
        out: *rank == Rank::Out,
        best: false,
    }
}

/// A table of cells. Headers come with whether their columns are of numbers.
fn table(caption: &str, of: &'static str, headers: &[(&str, bool)], rows: Vec<Row>) -> Table {
    let mut all = vec![Header::new("cell", false)];
    all.extend(headers.iter().map(|(words, numeric)| Header::new(words, *numeric)));
    Table {
        caption: caption.to_owned(),
        of,
        headers: all,
        rows,
        facets: Vec::new(),
    }
    .with_facets(&FACETS)
}

/// A number in words, and what it sorts by; absent where it is none.
fn number(value: Option<f64>, show: impl Fn(f64) -> String) -> Field {
    let value = value.filter(|value| value.is_finite());
    Field::number(value.map_or_else(|| ABSENT.to_owned(), show), value)
}
