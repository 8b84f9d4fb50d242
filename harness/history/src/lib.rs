//! Many records over time: an index and its trends.
//!
//! [`History`] is an embedded `SQLite` database over record files. The records, and the [`Note`]s beside them with commit,
//! branch and release, are the truth; the database is made from them again at any time. [`History::series`] gives the
//! figures that can be compared with each other, and [`trends`] says of each whether its level changed, whether it
//! drifts, and whether it is worse than a fixed release.
//!
//! | module | idea |
//! |---|---|
//! | `source`, `note`, `machine`, `figures` | a record as it goes into the index |
//! | `database`, `keep`, `history` | the index |
//! | `series` | what is compared with what |
//! | `levels`, `changes`, `ratchet`, `trend` | what it does over time |
#![forbid(unsafe_code)]

mod changes;
mod database;
mod error;
mod figures;
mod history;
mod keep;
mod levels;
mod machine;
mod note;
mod ratchet;
mod series;
mod source;
mod trend;

pub use database::VERSION;
pub use error::HistoryError;
pub use history::{Added, Checkout, History, How, Marks, Rebuilt, Run};
pub use machine::Machine;
pub use note::{NOTE_SCHEMA, Note};
pub use series::{Branch, Ending, Filter, Incomparable, Point, Release, Series};
pub use trend::{ChangePoint, DriftFacts, Ratchet, Trend, TrendPolicy, default_tolerance, trends};
