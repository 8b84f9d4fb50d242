//! Which cell to ship, in words that are true to the intervals.
//!
//! | module | idea |
//! |---|---|
//! | `advise` | the best cell of a task, under a budget where there is one |
//! | `against` | one cell held against another: speed, size, memory |
//! | `alternative` | what else is worth naming, and what it costs |
//! | `objection` | why a cell may not be advised |
//! | `miss` | by how much everything misses a budget |
//! | `words` | the advice as sentences |
//! | `name` | a cell's name in a sentence |
//! | `fits` | which cells fit what, as a table |
//! | `recommendation` | the advice on several records, for programs |

mod advise;
mod against;
mod alternative;
mod fits;
mod miss;
mod name;
mod objection;
mod recommendation;
mod words;

use edgebench_record::{Record, TaskFacts};

pub use advise::{Advice, Advised, Best, CellFit, Next, advise};
pub use against::{Against, Ratio};
pub use alternative::{Alternative, Reason};
pub(crate) use fits::fits_rows;
pub use fits::fits_table;
pub use miss::{Closest, Miss};
pub use name::Named;
pub use recommendation::{RECOMMENDATION_SCHEMA, Recommendation, RecordAdvice, TaskAdvice, recommend};

/// The answers of all tasks, in the record's order.
pub fn answers(record: &Record) -> Vec<String> {
    record.tasks.iter().map(|task| answer(record, task)).collect()
}

/// Which cell of a task to ship, and what it gains and costs against the baseline.
pub fn answer(record: &Record, task: &TaskFacts) -> String {
    advise(record, task, None).words()
}
