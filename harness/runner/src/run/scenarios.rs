//! The scenarios of a run, after its rounds.

use std::sync::atomic::Ordering;
use std::time::Duration;

use edgebench_record::{Entry, FinishedScenario, ScenarioKind, ScenarioPlan, ScenarioResult, Store};

use super::{Run, RunError};
use crate::Event;
use crate::scenario::{Job, carry_out};

impl Run<'_> {
    /// Runs what is left of the scenarios, one kind after the other over all cells that measured. Returns whether it was
    /// interrupted.
    pub(super) fn scenarios(
        &mut self,
        store: &mut Store,
        observer: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool, RunError> {
        let plan = self.plan;
        let Some(scenarios) = &plan.scenarios else {
            return Ok(false);
        };
        let cells: Vec<usize> = (0..plan.cells.len())
            .filter(|&cell| self.cells[cell].ended.is_none())
            .collect();
        let total = cells.len() * scenarios.kinds.len();
        let mut done = 0;
        for &kind in &scenarios.kinds {
            for &cell in &cells {
                let id = &plan.cells[cell].id;
                if !self.cells[cell].has_scenario(kind) {
                    let mut tell = |result: Option<&ScenarioResult>, done| {
                        observer(Event::Scenario {
                            cell: id,
                            kind,
                            result,
                            done,
                            total,
                        });
                    };
                    tell(None, done);
                    if self.options.interrupt.load(Ordering::Relaxed) {
                        return Ok(true);
                    }
                    let Some(result) = self.scenario(kind, cell, scenarios)? else {
                        return Ok(true);
                    };
                    tell(Some(&result), done + 1);
                    self.cells[cell].scenarios.push(result.clone());
                    store.append(Entry::Scenario(Box::new(FinishedScenario { cell, result })))?;
                }
                done += 1;
            }
        }
        Ok(false)
    }

    /// Carries out one scenario of one cell; `None` where the run was interrupted.
    fn scenario(
        &mut self,
        kind: ScenarioKind,
        cell: usize,
        scenarios: &ScenarioPlan,
    ) -> Result<Option<ScenarioResult>, RunError> {
        let plan = self.plan;
        let id = &plan.cells[cell].id;
        let environment = match self.environment(&id.backend, &id.settings) {
            Ok(environment) => environment,
            Err(outcome) => {
                let mut result = ScenarioResult::new(kind);
                result.reasons.push(outcome.reason.clone());
                result.failure = Some(*outcome);
                return Ok(Some(result));
            }
        };
        let lacking = || RunError::OtherSuite(id.to_string());
        let task = self.suite.task(&id.task).ok_or_else(lacking)?;
        let variant = task.variant(&id.variant).ok_or_else(lacking)?;
        let command = (self.options.command)(&id.backend);
        let job = Job {
            id,
            model: &variant.path,
            inputs: self.prepared.tasks.get(&id.task).ok_or_else(lacking)?,
            stream: task.stream.as_ref(),
            plan: scenarios,
            warm_up_ns: plan.measure.warm_up_ns,
            timeout: Duration::from_nanos(plan.measure.timeout_ns),
            seed: plan.seed,
            start: self.limited(&command, &environment),
        };
        let result = carry_out(kind, &job);
        let not_held = job.start.not_held();
        self.cells[cell].not_held = self.cells[cell].not_held.take().or(not_held);
        Ok(result)
    }
}
