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
//! | `checks` | caching, and the harness's own overhead |
//! | `energy` | windows of inferences between idle ones; proxies |
//! | `invoke` | one invocation of one cell |
//! | [`mod@run`] | rounds, journal, record |
//! | [`mod@live`] | two sides side by side: the live gate |
//! | `judge` | accuracy, deltas, whether outputs are right |
//! | `limit` | whether a cell fits a memory limit |
//! | [`mod@profile`] | what each operator takes |
//! | `scenario` | load patterns beside the steady state |
//! | `scrub` | paths taken out of the finished record |
//! | `summarise` | a cell's figures over its invocations |
//! | [`host`] | facts and health of the machine |

mod checks;
mod energy;
mod event;
mod expect;
mod failure;
pub mod host;
mod invoke;
mod judge;
mod limit;
pub mod live;
pub mod plan;
mod prepare;
pub mod profile;
pub mod run;
mod scenario;
mod scrub;
mod summarise;
mod tail;
pub mod worker;

pub use energy::{EnergyError, EnergyPlan, energy_sources};
pub use event::Event;
pub use failure::WorkerFailure;
pub use plan::{MeasurePlan, Plan, PlanError, PlanRequest, PlannedCell, ScenarioRequest, plan};
pub use prepare::TaskInputs;
pub use run::{RunError, RunOptions, header, run};
pub use scrub::scrub_gate;
pub use worker::{Worker, WorkerCommand};
