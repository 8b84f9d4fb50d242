//! A cell's name in a sentence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_api::Settings;
use edgebench_record::{Cell, CellId};
use serde::Serialize;

use crate::text::{plain, shortened};

/// The longest that a name which came with a record may be in a sentence.
const NAME_CHARACTERS: usize = 60;

/// A cell with the name that a sentence gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The cell.
    pub cell: CellId,
    /// `int8-static on ort`, with the settings in which another cell of the same variant and backend differs, and with
    /// the batch where any other cell of the task has another one.
    pub title: String,
}

/// A name that came with a record, as a sentence has room for it: one line of plain text.
pub(super) fn named(text: &str) -> String {
    shortened(&plain(text), NAME_CHARACTERS)
}

/// What tells the cells of a task apart. It is found once for all of them, for there may be thousands.
#[derive(Debug)]
pub(super) struct Names<'a> {
    by_pair: BTreeMap<(&'a str, &'a str), Differences<'a>>,
    batches: Option<Batches>,
}

/// The settings in which the cells of one variant on one backend differ.
#[derive(Debug)]
struct Differences<'a> {
    first: &'a Settings,
    device: bool,
    threads: bool,
    options: bool,
}

/// The batches of a task's cells.
#[derive(Debug)]
struct Batches {
    first: usize,
    differ: bool,
}

impl<'a> Names<'a> {
    /// Finds what tells these cells apart.
    pub(super) fn of(cells: impl Iterator<Item = &'a Cell>) -> Self {
        let mut by_pair: BTreeMap<(&str, &str), Differences<'a>> = BTreeMap::new();
        let mut batches: Option<Batches> = None;
        for cell in cells {
            let settings = &cell.id.settings;
            let pair = (cell.id.variant.as_str(), cell.id.backend.as_str());
            let known = by_pair.entry(pair).or_insert(Differences {
                first: settings,
                device: false,
                threads: false,
                options: false,
            });
            known.device |= known.first.device != settings.device;
            known.threads |= known.first.threads != settings.threads;
            known.options |= known.first.options != settings.options;
            let batches = batches.get_or_insert(Batches {
                first: settings.batch,
                differ: false,
            });
            batches.differ |= batches.first != settings.batch;
        }
        Self { by_pair, batches }
    }

    /// Names a cell that is one of them.
    pub(super) fn name(&self, cell: &Cell) -> Named {
        let id = &cell.id;
        let settings = &id.settings;
        let known = self.by_pair.get(&(id.variant.as_str(), id.backend.as_str()));
        let mut title = format!("{} on {}", named(&id.variant), named(&id.backend));
        if known.is_some_and(|known| known.device) {
            let _ = write!(title, " ({})", named(&settings.device));
        }
        if known.is_some_and(|known| known.threads) {
            let _ = match settings.threads {
                1 => write!(title, " with 1 thread"),
                threads => write!(title, " with {threads} threads"),
            };
        }
        if self.batches.as_ref().is_some_and(|batches| batches.differ) {
            let _ = write!(title, " at batch {}", settings.batch);
        }
        if known.is_some_and(|known| known.options) {
            let options: Vec<String> = settings
                .options
                .iter()
                .map(|(name, value)| format!("{}={}", plain(name), plain(value)))
                .collect();
            let _ = match options.as_slice() {
                [] => write!(title, " with no options"),
                options => write!(title, " with {}", shortened(&options.join(" "), NAME_CHARACTERS)),
            };
        }
        Named {
            cell: id.clone(),
            title,
        }
    }
}
