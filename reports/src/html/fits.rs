//! What fits a budget, as a table that can be sorted and filtered.

use edgebench_record::Cell;

use super::table::{Field, Header, Row, Table};
use crate::advice::{Advice, fits_rows};
use crate::ranking::Rank;

/// One row a cell: whether it fits, and each limit with its figure. `None` without a budget.
pub(super) fn fits(advice: &Advice, cells: &[(Rank, &Cell, String)]) -> Option<Table> {
    let (headers, rows) = fits_rows(advice)?;
    let rows = rows
        .into_iter()
        .zip(cells)
        .map(|(words, (rank, _, link))| {
            let facet = words.get(1).cloned().unwrap_or_default();
            let mut fields: Vec<Field> = words.into_iter().map(Field::text).collect();
            if let Some(first) = fields.first_mut() {
                first.link = Some(link.clone());
            }
            Row {
                fields,
                facets: vec![facet.split(',').next().unwrap_or_default().to_owned()],
                out: *rank == Rank::Out,
                best: false,
            }
        })
        .collect();
    let table = Table {
        caption: format!("What fits, of {}", crate::text::plain(&advice.task)),
        of: "cells",
        headers: headers.iter().map(|words| Header::new(words, false)).collect(),
        rows,
        facets: Vec::new(),
    };
    Some(table.with_facets(&["fits"]))
}
