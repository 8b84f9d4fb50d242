//! Tables that can be sorted and filtered.

use std::collections::BTreeSet;

use edgebench_record::{Cell, CellId, OutputsVerdict};
use serde::Serialize;

use crate::columns::Column;
use crate::ranking::Rank;
use crate::text::{plain, shortened};

/// A table: what a page shows, and what its script sorts and filters by.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Table {
    /// What it is a table of, for those who do not see where it stands.
    pub(crate) caption: String,
    /// What its rows are, in the plural.
    pub(crate) of: &'static str,
    pub(crate) headers: Vec<Header>,
    pub(crate) rows: Vec<Row>,
    /// The ways to filter its rows: a facet's name and its values.
    pub(crate) facets: Vec<(&'static str, Vec<String>)>,
}

/// A column's header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Header {
    pub(crate) words: String,
    pub(crate) numeric: bool,
}

/// A row, with its value for each facet.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) fields: Vec<Field>,
    /// Its value of each of the table's facets, in their order.
    pub(crate) facets: Vec<String>,
    /// Whether it takes no part in the ranking: it sorts last.
    pub(crate) out: bool,
    /// Whether it is the answer.
    pub(crate) best: bool,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Field {
    pub(crate) words: String,
    /// What it sorts by; empty for words that sort as words.
    pub(crate) key: String,
    pub(crate) numeric: bool,
    /// Where it leads.
    pub(crate) link: Option<String>,
    /// How many columns it goes over.
    pub(crate) span: usize,
}

impl Header {
    pub(crate) fn new(words: &str, numeric: bool) -> Self {
        Self {
            words: words.to_owned(),
            numeric,
        }
    }
}

impl Field {
    /// Words that sort as words.
    pub(crate) fn text(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            key: String::new(),
            numeric: false,
            link: None,
            span: 1,
        }
    }

    /// Words that lead somewhere.
    pub(crate) fn link(words: impl Into<String>, link: impl Into<String>) -> Self {
        Self {
            link: Some(link.into()),
            ..Self::text(words)
        }
    }

    /// Words that sort as the number they stand for, and last where there is none.
    pub(crate) fn number(words: impl Into<String>, key: Option<f64>) -> Self {
        let key = key.filter(|key| key.is_finite());
        Self {
            key: key.map_or_else(|| "none".to_owned(), |key| key.to_string()),
            numeric: true,
            ..Self::text(words)
        }
    }
}

impl Table {
    /// Collects the values of the facets from the rows, in alphabetical order.
    pub(crate) fn with_facets(mut self, names: &[&'static str]) -> Self {
        self.facets = names
            .iter()
            .enumerate()
            .map(|(index, &name)| {
                let values: BTreeSet<&String> = self.rows.iter().filter_map(|row| row.facets.get(index)).collect();
                (name, values.into_iter().cloned().collect())
            })
            .collect();
        self
    }
}

/// The longest reason that a row shows; the cell's details have all of it.
const REASON_CHARACTERS: usize = 140;

/// Why a cell has no figures that stand.
fn why_out(cell: &Cell) -> String {
    let outcome = &cell.outcome;
    let (what, reason) = match cell.outputs.verdict {
        OutputsVerdict::Differ if !cell.outputs.why.is_empty() => ("outputs differ", &cell.outputs.why),
        OutputsVerdict::Differ => ("outputs differ", &outcome.reason),
        _ => (outcome.kind.name(), &outcome.reason),
    };
    let reason = plain(reason);
    let words = if reason.starts_with(what) {
        reason
    } else {
        format!("{what}: {reason}")
    };
    shortened(words.trim_end_matches(": "), REASON_CHARACTERS)
}

/// A task's cells by these columns; the first column leads to the cell's details. The best is the one that is advised.
pub(crate) fn cells_table(
    caption: String,
    cells: &[(Rank, &Cell, String)],
    columns: &[Column],
    best: Option<&CellId>,
) -> Table {
    let rows = cells
        .iter()
        .map(|(rank, cell, link)| {
            let out = *rank == Rank::Out;
            let mut fields: Vec<Field> = columns
                .iter()
                .filter(|column| !out || column.names)
                .map(|column| {
                    let words = (column.words)(*rank, cell);
                    if column.numeric {
                        Field::number(words, (column.key)(cell))
                    } else {
                        Field::text(words)
                    }
                })
                .collect();
            if let Some(first) = fields.first_mut() {
                first.link = Some(link.clone());
            }
            if out {
                // A cell without figures has the room of all of them for its reason.
                fields.push(Field {
                    span: columns.len() - fields.len(),
                    ..Field::text(why_out(cell))
                });
            }
            Row {
                fields,
                facets: vec![
                    plain(&cell.id.variant),
                    plain(&cell.id.backend),
                    match cell.outputs.verdict {
                        OutputsVerdict::Differ => "outputs differ".to_owned(),
                        _ => cell.outcome.kind.name().to_owned(),
                    },
                ],
                out,
                best: best == Some(&cell.id),
            }
        })
        .collect();
    Table {
        caption,
        of: "cells",
        headers: columns
            .iter()
            .map(|column| Header::new(&column.header, column.numeric))
            .collect(),
        rows,
        facets: Vec::new(),
    }
    .with_facets(&["variant", "backend", "outcome"])
}
