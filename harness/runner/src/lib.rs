//! Plan → worker processes → events → record.
//!
//! [`plan()`] turns a suite and a request into a [`Plan`], a value that can be printed. [`run()`] carries it out: for
//! every round each cell once, in a seeded order, each in a fresh worker process; then it judges the outputs and makes
//! the record. It knows no backend's name and no terminal: what to start for a backend comes in as a
//! [`WorkerCommand`], and progress goes out as [`Event`]s.
//!
//! | module | idea |
//! |---|---|
//! | [`mod@plan`] | cells and their order |
//! | `prepare` | models checked, inputs written |
//! | [`worker`] | one live worker process with deadlines |
//! | `invoke` | one invocation of one cell |
//! | [`mod@run`] | rounds, journal, record |
//! | [`mod@live`] | two sides side by side: the live gate |
//! | `judge` | accuracy, deltas, whether outputs are right |
//! | `scrub` | paths taken out of the finished record |
//! | `summarise` | a cell's figures over its invocations |
//! | [`host`] | facts and health of the machine |

mod event;
mod expect;
mod failure;
pub mod host;
mod invoke;
mod judge;
pub mod live;
pub mod plan;
mod prepare;
pub mod run;
mod scrub;
mod summarise;
mod tail;
pub mod worker;

pub use event::Event;
pub use failure::WorkerFailure;
pub use plan::{MeasurePlan, Plan, PlanError, PlanRequest, PlannedCell, plan};
pub use prepare::TaskInputs;
pub use run::{RunError, RunOptions, header, run};
pub use scrub::scrub_gate;
pub use worker::{Worker, WorkerCommand};
