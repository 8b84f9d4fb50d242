//! What is asked of a plan beyond the suite.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use edgebench_api::Bytes;
use edgebench_record::Mode;
use edgebench_suites::{Suite, Task};

use crate::{EnergyPlan, PlanError, ScenarioRequest};

/// What is asked of a plan beyond the suite. An empty list leaves the suite's own.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    /// The backends that can be started, by name.
    pub known_backends: Vec<String>,
    /// The backends to run.
    pub backends: Vec<String>,
    /// The tasks to run.
    pub tasks: Vec<String>,
    /// The variants to run, in whichever task has them.
    pub variants: Vec<String>,
    /// Thread counts.
    pub threads: Vec<usize>,
    /// Batch sizes.
    pub batch: Vec<usize>,
    /// Devices; the processor when empty.
    pub devices: Vec<String>,
    /// Options by backend.
    pub options: BTreeMap<String, BTreeMap<String, String>>,
    /// How much is measured.
    pub mode: Mode,
    /// Seeds the order, the stratified parts and random inputs.
    pub seed: u64,
    /// Fresh processes per cell.
    pub invocations: Option<usize>,
    /// Warm-up of an invocation, at least.
    pub warm_up: Option<Duration>,
    /// Measurement of an invocation, at least.
    pub measure: Option<Duration>,
    /// What a request to a worker may take beyond its own bounds.
    pub timeout: Option<Duration>,
    /// The largest part of a test set to evaluate, in samples, however long it takes.
    pub samples: Option<usize>,
    /// A memory limit that every worker is run under.
    pub memory_limit: Option<Bytes>,
    /// How energy is measured; not at all when absent.
    pub energy: Option<EnergyPlan>,
    /// The backend whose outputs the others are held against, one of those that run; the suite's first otherwise.
    pub reference: Option<String>,
    /// SHA-256 of inputs that come from elsewhere than the suite.
    pub inputs_sha256: Option<String>,
    /// Scenarios beside the steady state.
    pub scenarios: ScenarioRequest,
}

impl Default for PlanRequest {
    /// Standard mode, seed 0, everything else as the suite says.
    fn default() -> Self {
        Self {
            known_backends: Vec::new(),
            backends: Vec::new(),
            tasks: Vec::new(),
            variants: Vec::new(),
            threads: Vec::new(),
            batch: Vec::new(),
            devices: Vec::new(),
            options: BTreeMap::new(),
            mode: Mode::Standard,
            seed: 0,
            invocations: None,
            warm_up: None,
            measure: None,
            timeout: None,
            samples: None,
            memory_limit: None,
            energy: None,
            reference: None,
            inputs_sha256: None,
            scenarios: ScenarioRequest::default(),
        }
    }
}

impl PlanRequest {
    /// Checks a name against the backends that can be started.
    pub(super) fn known(&self, what: &'static str, name: &str) -> Result<String, PlanError> {
        named(what, name, self.known_backends.iter().map(String::as_str))
    }

    /// The backends to run, each once.
    pub(super) fn backends(&self, suite: &Suite) -> Result<Vec<String>, PlanError> {
        let asked = if self.backends.is_empty() {
            &suite.backends
        } else {
            &self.backends
        };
        let mut backends: Vec<String> = Vec::new();
        for name in asked {
            let name = self.known("backend", name)?;
            if !backends.contains(&name) {
                backends.push(name);
            }
        }
        for name in self.options.keys() {
            self.known("backend", name)?;
        }
        if backends.is_empty() {
            return Err(PlanError::NoBackend);
        }
        Ok(backends)
    }

    /// The tasks to run. Every variant that is asked for occurs in one of them.
    pub(super) fn tasks<'a>(&self, suite: &'a Suite) -> Result<Vec<&'a Task>, PlanError> {
        for name in &self.tasks {
            named("task", name, suite.tasks.iter().map(|task| task.id.as_str()))?;
        }
        let tasks: Vec<&Task> = suite
            .tasks
            .iter()
            .filter(|task| self.tasks.is_empty() || self.tasks.contains(&task.id))
            .collect();
        let variants: BTreeSet<&str> = tasks
            .iter()
            .flat_map(|task| &task.variants)
            .map(|variant| variant.id.as_str())
            .collect();
        for name in &self.variants {
            named("variant", name, variants.iter().copied())?;
        }
        Ok(tasks)
    }

    /// Whether a variant is asked for.
    pub(super) fn takes(&self, variant: &str) -> bool {
        self.variants.is_empty() || self.variants.iter().any(|asked| asked == variant)
    }
}

fn named<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Result<String, PlanError> {
    let known: Vec<&str> = known.collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 2)
        .min()
        .map(|(_, candidate)| candidate.to_owned());
    Err(PlanError::Unknown {
        what,
        name: name.to_owned(),
        nearest,
        known: known.into_iter().map(str::to_owned).collect(),
    })
}
