//! Strings from strangers made harmless, and numbers in the unit that reads best.
//!
//! | file | idea |
//! |---|---|
//! | `plain` | one line without what a terminal would obey and without what cannot be seen |
//! | `escaped` | that line as Markdown takes it literally: for documents and tables, and for comments |
//! | `field` | that line as a field of CSV that no spreadsheet takes for a formula |
//! | `numbers` | figures in three digits, and in the unit that reads best |

mod escaped;
mod field;
mod numbers;
mod plain;

pub use escaped::{escaped, literal};
pub(crate) use field::field;
pub(crate) use numbers::{TimeUnit, signed, significant};
pub use plain::plain;
pub(crate) use plain::shortened;
