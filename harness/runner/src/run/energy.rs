//! The energy of a run's cells, after its rounds.

use std::sync::atomic::Ordering;
use std::time::Duration;

use edgebench_api::Nanos;
use edgebench_protocol::WarmUp;
use edgebench_record::{EnergySource, EnergyWindow, Entry, FinishedWindow, ScenarioKind, Store};

use super::{Run, RunError};
use crate::energy::{Meter, Windowed, measure_window};
use crate::{EnergyPlan, Event, WorkerFailure};

/// Runs before a window, at least.
const WARM_UP_RUNS: u64 = 3;

impl Run<'_> {
    /// Measures what is left of the windows, every cell's first before any cell's second. Returns whether it was interrupted.
    pub(super) fn energy(
        &mut self,
        plan: &EnergyPlan,
        meter: &Meter,
        store: &mut Store,
        observer: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool, RunError> {
        let cells: Vec<usize> = (0..self.plan.cells.len())
            .filter(|&cell| self.cells[cell].ended.is_none())
            .collect();
        let scenarios = self.plan.scenarios.as_ref();
        let period_ns = scenarios
            .filter(|scenarios| scenarios.kinds.contains(&ScenarioKind::Paced))
            .map(|scenarios| scenarios.period_ns);
        // At full speed, and at the rate of the paced scenario where that is asked for.
        let rates: Vec<Option<u64>> = [None].into_iter().chain(period_ns.map(Some)).collect();
        let total = cells.len() * plan.repeats * rates.len();
        let mut done = 0;
        for (repeat, &rate) in (0..plan.repeats).flat_map(|repeat| rates.iter().map(move |rate| (repeat, rate))) {
            for &cell in &cells {
                let state = &self.cells[cell];
                let windows = if rate.is_some() {
                    &state.paced_windows
                } else {
                    &state.windows
                };
                let over = windows.len() > repeat || state.energy_failure.is_some();
                if let Some(why) = meter.failed().filter(|_| !over) {
                    // Windows that nobody measures would only take time.
                    self.cells[cell].fail_energy(&meter.source, why);
                } else if !over {
                    observer(Event::Energy {
                        cell: &self.plan.cells[cell].id,
                        done,
                        total,
                        remaining: meter.window(plan) * 3 * u32::try_from(total - done).unwrap_or(u32::MAX),
                    });
                    if self.options.interrupt.load(Ordering::Relaxed)
                        || self.window(plan, meter, cell, (repeat, rate), store)?
                    {
                        return Ok(true);
                    }
                }
                done += 1;
            }
        }
        Ok(false)
    }

    /// Measures one window of one cell. A worker that fails costs the cell its energy and not its other figures. Returns
    /// whether the run was interrupted.
    fn window(
        &mut self,
        plan: &EnergyPlan,
        meter: &Meter,
        cell: usize,
        (repeat, period_ns): (usize, Option<u64>),
        store: &mut Store,
    ) -> Result<bool, RunError> {
        let id = &self.plan.cells[cell].id;
        let environment = match self.environment(&id.backend, &id.settings) {
            Ok(environment) => environment,
            Err(outcome) => {
                self.cells[cell].fail_energy(&meter.source, outcome.told());
                return Ok(false);
            }
        };
        let lacking = || RunError::OtherSuite(id.to_string());
        let task = self.suite.task(&id.task).ok_or_else(lacking)?;
        let variant = task.variant(&id.variant).ok_or_else(lacking)?;
        let command = (self.options.command)(&id.backend);
        let windowed = Windowed {
            id,
            model: &variant.path,
            inputs: self.prepared.tasks.get(&id.task).ok_or_else(lacking)?,
            start: self.limited(&command, &environment),
            warm_up: WarmUp {
                min_ns: Nanos(self.plan.measure.warm_up_ns),
                min_runs: WARM_UP_RUNS,
            },
            period_ns,
            timeout: Duration::from_nanos(self.plan.measure.timeout_ns),
        };
        let measured = measure_window(meter, plan, &windowed);
        let not_held = windowed.start.not_held();
        self.cells[cell].not_held = self.cells[cell].not_held.take().or(not_held);
        match measured {
            Ok(window) => {
                self.cells[cell].add_window(&meter.source, window.clone(), period_ns.is_some());
                store.append(Entry::Energy(Box::new(FinishedWindow {
                    cell,
                    repeat,
                    paced: period_ns.is_some(),
                    source: meter.source.clone(),
                    window,
                })))?;
            }
            Err((WorkerFailure::Interrupted, ..)) => return Ok(true),
            Err((failure, stage, tail)) => {
                self.cells[cell].fail_energy(&meter.source, failure.outcome(stage, tail).told());
            }
        }
        Ok(false)
    }
}

impl super::CellState {
    /// Adds a window. What another source measured does not belong with it.
    pub(crate) fn add_window(&mut self, source: &EnergySource, window: EnergyWindow, paced: bool) {
        if self
            .energy_source
            .as_ref()
            .is_some_and(|known| known.name != source.name)
        {
            self.windows.clear();
            self.paced_windows.clear();
        }
        self.energy_source = Some(source.clone());
        if paced {
            self.paced_windows.push(window);
        } else {
            self.windows.push(window);
        }
    }

    /// Ends the cell's windows.
    fn fail_energy(&mut self, source: &EnergySource, why: String) {
        self.energy_source.get_or_insert_with(|| source.clone());
        self.energy_failure = Some(why);
    }
}
