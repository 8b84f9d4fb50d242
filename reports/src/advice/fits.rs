//! Which cells fit what, as an aligned table that is Markdown as well.

use super::advise::{Advice, CellFit};
use crate::budget::{Fitness, Standing};
use crate::table::aligned;
use crate::text::{escaped, shortened};

/// The longest reason that the table shows.
const REASON_CHARACTERS: usize = 60;

/// One row per cell, in the order of the report's table: whether it fits, and each limit with its figure. Marks come with
/// words. Empty without a budget.
pub fn fits_table(advice: &Advice) -> String {
    let Some((headers, rows)) = fits_rows(advice) else {
        return String::new();
    };
    let headers: Vec<String> = headers.iter().map(|header| escaped(header)).collect();
    let headers: Vec<(&str, bool)> = headers.iter().map(|header| (header.as_str(), false)).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|words| escaped(words)).collect())
        .collect();
    aligned(&headers, &rows)
}

/// The headers and rows of [`fits_table`], plain text. `None` without a budget.
pub(crate) fn fits_rows(advice: &Advice) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let budget = advice.budget.as_ref()?;
    let headers: Vec<String> = ["cell".to_owned(), "fits".to_owned()]
        .into_iter()
        .chain(budget.limits.iter().map(ToString::to_string))
        .collect();
    let rows = advice
        .cells
        .iter()
        .map(|cell| {
            let mut row = vec![cell.named.title.clone(), verdict(cell)];
            row.extend(
                cell.limits
                    .iter()
                    .map(|fit| match (fit.standing, fit.figure(), fit.margin()) {
                        (Standing::Unknown, _, _) | (_, None, _) | (_, _, None) => fit.verdict(),
                        (_, Some(figure), Some(margin)) => format!("{} {figure}, {margin}", fit.verdict()),
                    }),
            );
            row.resize(headers.len(), "–".to_owned());
            row
        })
        .collect();
    Some((headers, rows))
}

/// How a cell stands to all limits, and whether it may be advised.
fn verdict(cell: &CellFit) -> String {
    let words = match cell.fitness {
        Some(Fitness::Surely) => "✓ surely",
        Some(Fitness::Unsurely) => "✓ not surely",
        Some(Fitness::Unknown) => "? unknown",
        Some(Fitness::BrokenUnsurely) => "✗ not surely",
        Some(Fitness::Broken) => "✗ surely",
        None => "",
    };
    let why = shortened(&cell.why, REASON_CHARACTERS);
    let parts = [words, &why];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
