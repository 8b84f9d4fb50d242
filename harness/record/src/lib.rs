//! The versioned record of a run, its metric definitions and its store on disk.
//!
//! A [`Record`] is what `record.json` holds: host, plan, cells, raw samples, summaries. It is the contract with whoever
//! reads results later, so its fields carry their units in their names, an absent figure is absent and never 0, and a
//! reader refuses a newer schema with both numbers.

mod cell;
mod file;
mod host;
mod journal;
mod layout;
mod metric;
mod outcome;
mod run;
mod store;

pub use cell::{
    Accuracy, Cell, CellId, Comparison, Delta, GoldenCheck, Invocation, Latency, MemoryPhases, ModelFacts,
    OutputsCheck, OutputsVerdict, PercentileFigure, Summary,
};
pub use file::{ReadError, record_schema, to_json};
pub use host::{HealthWarning, Host};
pub use journal::{Ended, Entry, Evaluation, Finished, Header};
pub use metric::{Direction, METRICS, Metric, metric};
pub use outcome::{Outcome, OutcomeKind};
pub use run::{Mode, PlanFacts, Record, SCHEMA, TaskFacts, Tool};
pub use store::{Store, StoreError};
