//! Scenarios: load patterns beside the steady state, each in a fresh worker after all rounds.
//!
//! | module | idea |
//! |---|---|
//! | `job` | what a scenario needs, and what it gives when it cannot be carried out |
//! | `live` | one worker with a loaded model, asked for loads |
//! | `rules` | when a result is valid, and how a load's figures become a result's |
//! | `closed` | single-stream, multi-stream, offline |
//! | `server` | the search for the highest rate |
//! | `paced` | a period and a deadline |
//! | `streaming` | frames in order, with state |
//! | `cold_start` | fresh processes |
//! | `page_cache` | files dropped from it |
//! | `soak` | minutes to hours |

mod closed;
mod cold_start;
mod job;
mod live;
mod paced;
mod page_cache;
mod rules;
mod server;
mod soak;
mod streaming;

pub(crate) use job::{Job, carry_out};
