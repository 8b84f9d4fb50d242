//! A cell's name in a sentence.

use std::fmt::Write as _;

use edgebench_record::{Cell, CellId};
use serde::Serialize;

use crate::text::plain;

/// A cell with the name that a sentence gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The cell.
    pub cell: CellId,
    /// `int8-static on ort`, with the settings in which another cell of the same variant and backend differs.
    pub title: String,
}

impl Named {
    /// Names a cell among the cells of its task.
    pub(super) fn among<'a>(cell: &Cell, cells: impl Iterator<Item = &'a Cell>) -> Self {
        let id = &cell.id;
        let settings = &id.settings;
        let others: Vec<_> = cells
            .map(|other| &other.id)
            .filter(|other| other.variant == id.variant && other.backend == id.backend)
            .map(|other| &other.settings)
            .collect();
        let mut title = format!("{} on {}", plain(&id.variant), plain(&id.backend));
        if others.iter().any(|other| other.device != settings.device) {
            let _ = write!(title, " ({})", plain(&settings.device));
        }
        if others.iter().any(|other| other.threads != settings.threads) {
            let _ = match settings.threads {
                1 => write!(title, " with 1 thread"),
                threads => write!(title, " with {threads} threads"),
            };
        }
        if others.iter().any(|other| other.batch != settings.batch) {
            let _ = write!(title, " at batch {}", settings.batch);
        }
        if others.iter().any(|other| other.options != settings.options) {
            let options: Vec<String> = settings
                .options
                .iter()
                .map(|(name, value)| format!("{}={}", plain(name), plain(value)))
                .collect();
            let _ = match options.as_slice() {
                [] => write!(title, " with no options"),
                options => write!(title, " with {}", options.join(" ")),
            };
        }
        Self {
            cell: id.clone(),
            title,
        }
    }
}
