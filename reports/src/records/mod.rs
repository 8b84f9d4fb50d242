//! The recorded gate: what of two records can be held against each other, and what comes of it.
//!
//! | module | idea |
//! |---|---|
//! | `judge` | two records and a policy, cell by cell |
//! | `comparable` | which fields must be alike for which metric |
//! | `figures`, `accuracy` | one metric of one cell: exact figures, memory and times; paired samples and classes |
//! | `trial` | tests, their levels, and the three-way decision |
//! | `estimate`, `paired` | the statistics behind them |
//! | `answers`, `values` | what a record holds of each sample and each process |
//! | `caveats` | what makes a comparison less than it seems |

mod accuracy;
pub(crate) mod answers;
mod caveats;
pub(crate) mod comparable;
pub(crate) mod estimate;
mod figures;
pub(crate) mod judge;
mod paired;
mod trial;
pub(crate) mod values;

pub use caveats::caveats;
pub use comparable::{Basis, Difference, cell_differences, record_differences, task_differences};
pub use judge::{judge_records, side};
