//! What cells, runs and backends are called in a picture: short, and apart from each other.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_api::Settings;
use edgebench_record::CellId;

use super::canvas::fitted;
use crate::site::RunEntry;
use crate::text::{counted, plain, shortened};

/// The longest that a name from a record is within a title or a sentence, in characters.
const LONGEST: usize = 60;

/// The longest that a cell's id is in a table: a picture may be of hundreds of cells.
const LONGEST_ID: usize = 160;

/// The longest that a run's device is beside others, alone and with what tells it from another run of it: cut off by
/// the room that a picture has, the latter would be lost.
const DEVICE: [usize; 2] = [36, 18];

/// How many of a run's id's last characters tell it from others of the same minute.
const ID_END: usize = 6;

/// A name from a record within a title or a sentence.
pub(crate) fn short(text: &str) -> String {
    shortened(&plain(text), LONGEST)
}

/// A cell's id within a table.
pub(crate) fn cell_id(id: &CellId) -> String {
    shortened(&plain(&id.to_string()), LONGEST_ID)
}

/// A cell's name within a task.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) variant: String,
    /// The backend, and the settings in which the cells differ.
    pub(crate) place: String,
}

impl Name {
    /// The name within a sentence.
    pub(crate) fn words(&self) -> String {
        format!("{} on {}", self.variant, self.place)
    }

    /// The name in at most so much room, in the SVG's units: both parts keep their beginning.
    pub(crate) fn fitted(&self, size: f64, room: f64) -> String {
        let place = fitted(&self.place, size, room * 0.5);
        let tail = format!(" · {place}");
        let left = room - super::canvas::width(&tail, size);
        format!("{}{tail}", fitted(&self.variant, size, left))
    }
}

/// The cells' names, in their order: `int8 · ort t2 b8`, with the settings in which they differ.
pub(crate) fn names<'a>(cells: impl IntoIterator<Item = &'a CellId>) -> Vec<Name> {
    let cells: Vec<&CellId> = cells.into_iter().collect();
    let differ = |part: &dyn Fn(&CellId) -> String| cells.windows(2).any(|pair| part(pair[0]) != part(pair[1]));
    let parts: [&dyn Fn(&CellId) -> String; 4] = [
        &|id| format!("t{}", id.settings.threads),
        &|id| format!("b{}", id.settings.batch),
        &|id| short(&id.settings.device),
        &|id| {
            let options = &id.settings.options;
            let words: Vec<String> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
            short(&words.join(" "))
        },
    ];
    let shown: Vec<_> = parts.into_iter().filter(|part| differ(part)).collect();
    let name = |id: &&CellId| {
        let mut place = short(&id.backend);
        for words in shown.iter().map(|part| part(id)).filter(|words| !words.is_empty()) {
            place.push(' ');
            place.push_str(&words);
        }
        Name {
            variant: short(&id.variant),
            place,
        }
    };
    cells.iter().map(name).collect()
}

/// `1 thread, batch 8`, with device and options where they are not the defaults.
pub(crate) fn settings_words(id: &CellId) -> String {
    let settings = &id.settings;
    let mut words = vec![counted(settings.threads, "thread")];
    if settings.batch != 1 {
        words.push(format!("batch {}", settings.batch));
    }
    words.extend(special(&settings.device, &settings.options));
    words.join(", ")
}

/// Device and options, where they are not the defaults.
pub(crate) fn special(device: &str, options: &BTreeMap<String, String>) -> Vec<String> {
    let device = (device != Settings::default().device).then(|| short(device));
    let options = options
        .iter()
        .map(|(name, value)| format!("{}={}", short(name), short(value)));
    device.into_iter().chain(options).collect()
}

/// What runs are called side by side, in their order, no two the same: the device, and where others have the same, its start
/// with it, and where that is not enough the end of the run's id.
pub(crate) fn run_names(runs: &[&RunEntry]) -> Vec<String> {
    let started = |run: &RunEntry| -> String { run.started_at.replace('T', " ").chars().take(16).collect() };
    let end = |run: &RunEntry| -> String {
        let from = run.id.chars().count().saturating_sub(ID_END);
        run.id.chars().skip(from).collect()
    };
    let forms = runs.iter().map(|run| {
        let [alone, device] = DEVICE.map(|longest| shortened(&run.device, longest));
        let dated = format!("{device}, {}", started(run));
        let exact = format!("{device}, …{}", end(run));
        [alone, dated, exact]
    });
    let forms: Vec<[String; 3]> = forms.collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for form in forms.iter().flatten() {
        *counts.entry(form).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    forms
        .iter()
        .map(|form| {
            let alone = form.iter().find(|words| counts[words.as_str()] == 1);
            let words = alone.unwrap_or(&form[2]);
            let mut name = words.clone();
            let mut number = 1;
            while !taken.insert(name.clone()) {
                number += 1;
                name = format!("{words} ({number})");
            }
            name
        })
        .collect()
}

/// `a, b, c and 4 more`.
pub(crate) fn listed(names: &[String], most: usize) -> String {
    let shown = names[..names.len().min(most)].join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_end_with_a_count() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&names, 3), "a, b, c");
        assert_eq!(listed(&names, 1), "a and 2 more");
    }

    #[test]
    fn a_name_is_short() {
        assert_eq!(short(&"x".repeat(200_000)).chars().count(), 60);
    }
}
