//! The plan: which cells are run, in which order, for how long.

mod request;
mod scenarios;

use std::fmt;

use edgebench_api::{Bytes, Settings};
use edgebench_record::{CellId, Mode, PlanFacts, ScenarioPlan};
use edgebench_suites::{MeasureTable, Suite, Task, Variant};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::EnergyPlan;

pub use request::PlanRequest;
pub use scenarios::ScenarioRequest;

/// The plan of a run: a value that is printed, hashed and carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The suite's name.
    pub suite: String,
    /// SHA-256 of the suite's manifest; absent for models named on the command line.
    pub suite_sha256: Option<String>,
    /// Seeds the order, the stratified parts and random inputs.
    pub seed: u64,
    /// How much is measured.
    pub mode: Mode,
    /// How long.
    pub measure: MeasurePlan,
    /// The backend whose outputs the others are held against. Where it has none, the first backend that has some stands
    /// in.
    pub reference: String,
    /// SHA-256 of inputs that come from elsewhere than the suite.
    pub inputs_sha256: Option<String>,
    /// The cells, as the suite lists them.
    pub cells: Vec<PlannedCell>,
    /// For every round the cells' indices in the order in which they run.
    pub order: Vec<Vec<usize>>,
    /// The scenarios that every cell that measured runs once after all rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<ScenarioPlan>,
    /// How energy is measured after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<EnergyPlan>,
}

/// One cell of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCell {
    /// What it is.
    pub id: CellId,
    /// Whether its variant is the task's baseline.
    pub baseline: bool,
    /// SHA-256 of its variant's model, so that a run is not resumed with another; absent where nobody stated it.
    pub model_sha256: Option<String>,
}

/// How long a cell is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasurePlan {
    /// Fresh processes per cell, at least 1.
    pub invocations: usize,
    /// Warm-up of an invocation, at least.
    pub warm_up_ns: u64,
    /// Measurement of an invocation, at least.
    pub measure_ns: u64,
    /// Samples of an invocation, at least, as far as four times the measurement's length allows them.
    pub min_samples: u64,
    /// What a request to a worker may take beyond what it takes by its own bounds.
    pub timeout_ns: u64,
    /// The largest part of a test set that is evaluated, in samples, however long it takes; without it time decides.
    pub samples: Option<usize>,
    /// The memory limit that every worker is run under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<Bytes>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A name that nothing has.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// `task`, `variant` or `backend`.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The most similar name that exists.
        nearest: Option<String>,
        /// All names that exist.
        known: Vec<String>,
    },
    /// A value that cannot be.
    #[error("{what} must be {rule}, not {value}")]
    Value {
        /// What was asked for.
        what: &'static str,
        /// What it must be.
        rule: &'static str,
        /// What it is.
        value: String,
    },
    /// Neither the suite nor the command line names a backend.
    #[error("no backend is named")]
    NoBackend,
    /// The filters leave nothing.
    #[error("no cell is left to run")]
    Empty,
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown {
                nearest: Some(nearest), ..
            } => format!("did you mean `{nearest}`?"),
            Self::Unknown { what, known, .. } => format!("known {what}s: {}", known.join(", ")),
            Self::Value { .. } => "correct the flag or the suite's manifest".to_owned(),
            Self::NoBackend => "name one with `--backend`".to_owned(),
            Self::Empty => "loosen the filters on tasks and variants".to_owned(),
        }
    }
}

/// Makes the plan of a suite. The same suite, request and seed give the same plan.
///
/// # Errors
/// [`PlanError`]: an unknown name, a value that cannot be, or nothing to do.
pub fn plan(suite: &Suite, request: &PlanRequest) -> Result<Plan, PlanError> {
    let backends = request.backends(suite)?;
    let reference = match &request.reference {
        Some(name) => {
            let name = request.known("backend", name)?;
            if !backends.contains(&name) {
                return Err(PlanError::Value {
                    what: "the reference",
                    rule: "one of the backends that run",
                    value: name,
                });
            }
            name
        }
        // It is the reference whether it runs or not: golden outputs are its own, and who stands in for it is told.
        None => suite
            .backends
            .first()
            .or(backends.first())
            .cloned()
            .ok_or(PlanError::NoBackend)?,
    };
    let tasks = request.tasks(suite)?;
    for known in tasks.iter().flat_map(|task| &task.expectations) {
        if !suite.backends.contains(&known.backend) {
            request.known("backend", &known.backend)?;
        }
    }
    let threads = positive("threads", choose(&request.threads, &suite.threads))?;
    let batches = positive("batch", choose(&request.batch, &suite.batch))?;
    let devices = if request.devices.is_empty() {
        vec![Settings::default().device]
    } else {
        once(&request.devices)
    };
    let mut cells = Vec::new();
    for task in tasks {
        for variant in task.variants.iter().filter(|variant| request.takes(&variant.id)) {
            for backend in &backends {
                let options = request.options.get(backend).cloned().unwrap_or_default();
                for device in &devices {
                    for &threads in &threads {
                        for &batch in &batches {
                            let settings = Settings {
                                threads,
                                batch,
                                device: device.clone(),
                                options: options.clone(),
                            };
                            cells.push(cell(task, variant, backend, settings));
                        }
                    }
                }
            }
        }
    }
    if cells.is_empty() {
        return Err(PlanError::Empty);
    }
    let measure = measure(request, &suite.measure)?;
    Ok(Plan {
        suite: suite.name.clone(),
        suite_sha256: suite.manifest_sha256.clone(),
        seed: request.seed,
        mode: request.mode,
        measure,
        reference,
        inputs_sha256: request.inputs_sha256.clone(),
        order: order(cells.len(), measure.invocations, request.seed),
        cells,
        scenarios: request.scenarios.plan(request.mode)?,
        energy: request.energy.clone(),
    })
}

fn cell(task: &Task, variant: &Variant, backend: &str, settings: Settings) -> PlannedCell {
    PlannedCell {
        id: CellId {
            task: task.id.clone(),
            variant: variant.id.clone(),
            backend: backend.to_owned(),
            settings,
        },
        baseline: variant.id == task.baseline,
        model_sha256: variant.sha256.clone(),
    }
}

fn choose<'a>(asked: &'a [usize], suite: &'a [usize]) -> &'a [usize] {
    if asked.is_empty() { suite } else { asked }
}

fn positive(what: &'static str, values: &[usize]) -> Result<Vec<usize>, PlanError> {
    if values.contains(&0) {
        return Err(PlanError::Value {
            what,
            rule: "at least 1",
            value: "0".to_owned(),
        });
    }
    Ok(once(values))
}

/// Each value once, in the order of its first place: a cell that is asked for twice is one cell.
fn once<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}

/// A permutation of the cells for every round, so that no cell's invocations come in a row and a slow minute of the
/// machine does not fall on one cell alone.
fn order(cells: usize, rounds: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..rounds)
        .map(|_| {
            let mut round: Vec<usize> = (0..cells).collect();
            round.shuffle(&mut random);
            round
        })
        .collect()
}

/// A limit that a process can at least be started under.
fn limit(asked: Option<Bytes>) -> Result<Option<Bytes>, PlanError> {
    const LEAST: Bytes = Bytes(1 << 20);
    match asked {
        Some(limit) if limit < LEAST => Err(PlanError::Value {
            what: "the memory limit",
            rule: "at least 1 MiB",
            value: limit.to_string(),
        }),
        asked => Ok(asked),
    }
}

/// How long, by mode. Source of the long values: the first inference benchmark rules of `MLPerf` ask for 600 s of
/// single-stream queries; here they are shared out over the invocations. What the request names itself overrides all.
fn measure(request: &PlanRequest, suite: &MeasureTable) -> Result<MeasurePlan, PlanError> {
    /// Supports p90 by the early-stopping table.
    const SAMPLES: u64 = 64;
    /// Supports p50 by the early-stopping table.
    const QUICK_SAMPLES: u64 = 11;
    let (invocations, warm_up_s, measure_s, min_samples) = match request.mode {
        Mode::Quick => (
            suite.invocations.min(2),
            suite.warm_up_s.min(0.05),
            suite.measure_s.min(0.1),
            QUICK_SAMPLES,
        ),
        Mode::Standard => (suite.invocations, suite.warm_up_s, suite.measure_s, SAMPLES),
        Mode::Publish => {
            let invocations = request.invocations.unwrap_or(suite.invocations).max(10);
            (
                invocations,
                suite.warm_up_s.max(1.0),
                suite.measure_s.max(600.0 / invocations as f64),
                SAMPLES,
            )
        }
    };
    let invocations = request.invocations.unwrap_or(invocations);
    if invocations == 0 {
        return Err(PlanError::Value {
            what: "invocations",
            rule: "at least 1",
            value: "0".to_owned(),
        });
    }
    let seconds = |what, asked: Option<std::time::Duration>, otherwise: f64| {
        let seconds = asked.map_or(otherwise, |asked| asked.as_secs_f64());
        // A day bounds what a typing error can cost.
        if !(0.0..=86_400.0).contains(&seconds) {
            return Err(PlanError::Value {
                what,
                rule: "from 0 s to a day",
                value: format!("{seconds} s"),
            });
        }
        Ok((seconds * 1e9) as u64)
    };
    Ok(MeasurePlan {
        invocations,
        warm_up_ns: seconds("warm-up", request.warm_up, warm_up_s)?,
        measure_ns: seconds("measurement", request.measure, measure_s)?,
        min_samples,
        timeout_ns: seconds("timeout", request.timeout, suite.timeout_s)?,
        samples: request.samples,
        memory_limit_bytes: limit(request.memory_limit)?,
    })
}

impl Plan {
    /// SHA-256 of the plan, in hexadecimal: a run can only be resumed under the plan that it began with.
    pub fn sha256(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&text).iter().fold(String::new(), |mut hex, byte| {
            use fmt::Write;
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// What the record says of the plan.
    pub fn facts(&self, worker_prefix: &[String]) -> PlanFacts {
        PlanFacts {
            suite: self.suite.clone(),
            suite_sha256: self.suite_sha256.clone(),
            seed: self.seed,
            mode: self.mode,
            invocations: self.measure.invocations,
            warm_up_ns: self.measure.warm_up_ns,
            measure_ns: self.measure.measure_ns,
            timeout_ns: self.measure.timeout_ns,
            worker_prefix: worker_prefix.to_vec(),
            reference_backend: Some(self.reference.clone()),
            scenarios: self.scenarios.clone(),
        }
    }

    /// The tasks, in plan order.
    pub(crate) fn tasks(&self) -> Vec<&str> {
        let mut tasks: Vec<&str> = self.cells.iter().map(|cell| cell.id.task.as_str()).collect();
        // Cells of a task lie together.
        tasks.dedup();
        tasks
    }
}

#[cfg(test)]
mod tests;
