//! What is known of a cell while the run goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::Probe;
use edgebench_record::{
    EnergySource, EnergyWindow, Entry, Evaluation, Finished, Invocation, Outcome, ScenarioKind, ScenarioResult,
};

use crate::Plan;

/// What is known of a cell while the run goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct CellState {
    pub(crate) runtime: Option<Probe>,
    pub(crate) effective: BTreeMap<String, String>,
    pub(crate) invocations: Vec<Invocation>,
    /// The output that carries the answer.
    pub(crate) answer: Option<String>,
    pub(crate) evaluation: Option<(PathBuf, Evaluation)>,
    pub(crate) scenarios: Vec<ScenarioResult>,
    /// Windows of its energy, and what they were measured with.
    pub(crate) windows: Vec<EnergyWindow>,
    /// The same at the rate of the paced scenario.
    pub(crate) paced_windows: Vec<EnergyWindow>,
    pub(crate) energy_source: Option<EnergySource>,
    /// Why its energy could not be measured.
    pub(crate) energy_failure: Option<String>,
    /// Set when the cell came to an end before its plan did.
    pub(crate) ended: Option<Outcome>,
    /// Why some of its processes ran without the memory limit that was asked for.
    pub(crate) not_held: Option<String>,
}

impl CellState {
    /// What a journal says of a plan's cells. Evaluations whose outputs are gone are done again.
    pub(crate) fn restore(plan: &Plan, entries: &[Entry], work: &Path) -> Vec<Self> {
        let mut cells = vec![Self::default(); plan.cells.len()];
        for entry in entries {
            // The journal's plan is this one; an index beyond it can only come from a hand that edited the file.
            let Some(cell) = cells.get_mut(entry.cell()) else {
                continue;
            };
            match entry {
                Entry::Finished(finished) => cell.add(finished, work),
                Entry::Scenario(done) => cell.scenarios.push(done.result.clone()),
                Entry::Energy(done) => cell.add_window(&done.source, done.window.clone(), done.paced),
                Entry::Ended(ended) => cell.ended = Some(ended.outcome.clone()),
            }
        }
        for cell in &mut cells {
            // The peak of a control group tells that there was one.
            if plan.measure.memory_limit_bytes.is_some()
                && cell.invocations.iter().any(|one| one.cgroup_peak_bytes.is_none())
            {
                cell.not_held = Some("not known of the part before the run was resumed".to_owned());
            }
            // No invocation is left that could evaluate, so the last one is run again.
            if cell.evaluation.is_none() && cell.ended.is_none() && cell.invocations.len() >= plan.order.len() {
                cell.invocations.pop();
            }
        }
        cells
    }

    /// Whether the cell has measured in a round.
    pub(crate) fn has_run(&self, round: usize) -> bool {
        self.invocations.iter().any(|invocation| invocation.round == round)
    }

    /// Whether a scenario is over.
    pub(crate) fn has_scenario(&self, kind: ScenarioKind) -> bool {
        self.scenarios.iter().any(|result| result.kind == kind)
    }

    /// Adds an invocation.
    pub(crate) fn add(&mut self, finished: &Finished, work: &Path) {
        self.runtime = Some(finished.runtime.clone());
        self.effective.clone_from(&finished.effective);
        self.answer.clone_from(&finished.answer);
        self.invocations
            .retain(|earlier| earlier.round != finished.invocation.round);
        self.invocations.push(finished.invocation.clone());
        if let Some(evaluation) = &finished.evaluation {
            // The name comes from a file; only a plain one is looked for, and only in the work folder.
            let name = Path::new(&evaluation.outputs).file_name().unwrap_or_default();
            let path = work.join(name);
            if path.is_file() {
                self.evaluation = Some((path, evaluation.clone()));
            }
        }
    }
}
