//! What a run tells while it goes on.

use std::time::Duration;

use edgebench_record::{CellId, Outcome, ScenarioKind, ScenarioResult};

/// What a run tells while it goes on. Nothing is told between the start of a measurement and its end.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A task's models are being checked and its inputs written.
    Preparing {
        /// The task's id.
        task: &'a str,
    },
    /// An invocation begins.
    Started {
        /// The cell.
        cell: &'a CellId,
        /// The round, from 0.
        round: usize,
        /// Invocations that are behind.
        done: usize,
        /// Invocations of the whole run, less those of cells that ended early.
        total: usize,
        /// What is left, from how long the cells took so far.
        remaining: Duration,
    },
    /// An invocation is over.
    Finished {
        /// The cell.
        cell: &'a CellId,
        /// The round, from 0.
        round: usize,
        /// The invocation's median, in nanoseconds; absent when it did not measure.
        p50_ns: Option<f64>,
        /// Set when the cell came to its end here.
        ended: Option<&'a Outcome>,
        /// Invocations that are behind.
        done: usize,
        /// Invocations of the whole run, less those of cells that ended early.
        total: usize,
        /// What is left, from how long the cells took so far.
        remaining: Duration,
    },
    /// A scenario begins, or is over.
    Scenario {
        /// The cell.
        cell: &'a CellId,
        /// Which.
        kind: ScenarioKind,
        /// What it gave; absent while it goes on.
        result: Option<&'a ScenarioResult>,
        /// Scenarios that are behind, all cells together.
        done: usize,
        /// Scenarios of all cells that measured.
        total: usize,
    },
    /// A window of energy begins.
    Energy {
        /// The cell.
        cell: &'a CellId,
        /// Windows that are behind, all cells together.
        done: usize,
        /// Windows of all cells that measured.
        total: usize,
        /// What is left.
        remaining: Duration,
    },
    /// The machine is waited for until it is fit.
    Waiting,
    /// Measuring is over; outputs are judged.
    Judging,
}
