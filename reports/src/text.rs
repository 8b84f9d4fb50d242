//! Strings from strangers made harmless, and numbers in the unit that reads best.
//!
//! | file | idea |
//! |---|---|
//! | `plain` | one line without what a terminal would obey and without what cannot be seen |
//! | `escaped` | that line as Markdown takes it literally: for documents and tables, for names in them, and for comments |
//! | `field` | that line as a field of CSV that no spreadsheet takes for a formula |
//! | `json` | JSON without what a terminal would obey |
//! | `numbers` | figures in three digits, in the unit that reads best; counts |

mod escaped;
mod field;
mod json;
mod numbers;
mod plain;

pub(crate) use escaped::code;
pub use escaped::{escaped, literal};
pub(crate) use field::field;
pub(crate) use json::escaped_json;
pub(crate) use numbers::{JouleUnit, TimeUnit, counted, signed, significant};
pub use plain::plain;
pub(crate) use plain::shortened;
