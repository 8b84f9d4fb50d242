//! What two cells are called in a sentence about them.

use edgebench_record::CellId;

use crate::text::{plain, shortened};

/// The longest that a name which came with a record may be in a sentence.
const NAME_CHARACTERS: usize = 60;

/// Names of two cells: what tells them apart, and what they have in common.
pub(super) struct Names {
    pub(super) a: String,
    pub(super) b: String,
    /// `on ort`, `of int8-static`; empty where there is nothing to say.
    pub(super) common: String,
}

/// A name that came with a record, as a sentence has room for it: one line of plain text.
pub(super) fn named(text: &str) -> String {
    shortened(&plain(text), NAME_CHARACTERS)
}

/// Two variants by their names, two backends by theirs, anything else in full. The same cell twice is A and B.
pub(super) fn names(a: &CellId, b: &CellId) -> Names {
    let of = |a: &str, b: &str, common: String| Names {
        a: named(a),
        b: named(b),
        common,
    };
    let by = [
        a.task != b.task,
        a.variant != b.variant,
        a.backend != b.backend,
        a.settings != b.settings,
    ];
    match by {
        [false, false, false, false] => of("A", "B", String::new()),
        [false, true, false, false] => of(&a.variant, &b.variant, format!("on {}", named(&a.backend))),
        [false, false, true, false] => of(&a.backend, &b.backend, format!("with {}", named(&a.variant))),
        [false, true, true, false] => {
            let pair = |id: &CellId| format!("{} on {}", named(&id.variant), named(&id.backend));
            Names {
                a: pair(a),
                b: pair(b),
                common: String::new(),
            }
        }
        _ => of(&a.to_string(), &b.to_string(), String::new()),
    }
}
