//! From the flags to a plan.

use std::collections::BTreeMap;

use edgebench_record::Mode;
use edgebench_runner::{Plan, PlanRequest, ScenarioRequest, TaskInputs, WorkerCommand, plan};
use edgebench_suites::{Suite, default_search, find, load, verify_data, verify_variant};
use tempfile::TempDir;

use crate::args::Selection;
use crate::backends::BACKENDS;
use crate::failure::Failure;
use crate::fits::fits;
use crate::models::models;
use crate::workers::{NULL, commands};

/// What is run, and with which workers.
pub(crate) struct Selected {
    pub(crate) suite: Suite,
    pub(crate) inputs: BTreeMap<String, TaskInputs>,
    pub(crate) plan: Plan,
    pub(crate) workers: BTreeMap<String, WorkerCommand>,
    /// What must stay on the disk until the run is over.
    pub(crate) _kept: Option<TempDir>,
}

/// The suite that is run when none is named.
pub(crate) const DEFAULT_SUITE: &str = "starter";

/// Finds the suite or the models and makes the plan. Every file that will be read is checked first, so that a wrong
/// one costs no measuring time.
pub(crate) fn select(args: &Selection) -> Result<Selected, Failure> {
    let workers = commands(&args.runtime)?;
    let mut request = request(args, &workers);
    let (suite, inputs, kept) = if args.model.is_empty() {
        let path = find(args.suite.as_deref().unwrap_or(DEFAULT_SUITE), &default_search())?;
        (load(&path)?, BTreeMap::new(), None)
    } else {
        let mut models = models(args)?;
        request.inputs_sha256 = models.inputs.values().next().map(|inputs| inputs.set.inputs_sha256());
        if request.batch.is_empty() {
            request.batch.extend(models.batch);
        }
        // As in a suite: all that compute anything, and the first is the reference, in whatever order they are asked for.
        let real = BACKENDS
            .iter()
            .map(|backend| backend.name())
            .filter(|name| *name != NULL);
        models.suite.backends = real.map(str::to_owned).collect();
        (models.suite, models.inputs, models.golden)
    };
    let plan = plan(&suite, &request)?;
    verify(&suite, &plan)?;
    fits(&suite, &plan)?;
    Ok(Selected {
        suite,
        inputs,
        plan,
        workers,
        _kept: kept,
    })
}

fn request(args: &Selection, workers: &BTreeMap<String, WorkerCommand>) -> PlanRequest {
    let mut options: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for option in &args.option {
        options
            .entry(option.backend.clone())
            .or_default()
            .insert(option.name.clone(), option.value.clone());
    }
    PlanRequest {
        known_backends: workers.keys().cloned().collect(),
        backends: args.backend.clone(),
        tasks: args.task.clone(),
        variants: args.variant.clone(),
        threads: args.threads.clone(),
        batch: args.batch.clone(),
        devices: args.device.clone(),
        options,
        mode: if args.quick {
            Mode::Quick
        } else if args.publish {
            Mode::Publish
        } else {
            Mode::Standard
        },
        seed: args.seed,
        invocations: args.invocations,
        warm_up: args.warmup_secs,
        measure: args.min_secs,
        timeout: args.timeout,
        samples: args.samples,
        memory_limit: args.memory_limit,
        energy: args.energy.plan(),
        reference: args.reference.clone(),
        inputs_sha256: None,
        scenarios: ScenarioRequest {
            kinds: args.scenarios.scenario.clone(),
            length: args.scenarios.scenario_time,
            sessions: args.scenarios.sessions,
            target_latency: args.scenarios.target_latency,
            period: args.scenarios.period,
            deadline: args.scenarios.deadline,
            soak: args.scenarios.soak,
        },
    }
}

/// Checks the files that the plan needs. The first wrong one is told in full, the others by their number.
fn verify(suite: &Suite, plan: &Plan) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for task in &suite.tasks {
        let planned = |variant: &str| {
            plan.cells
                .iter()
                .any(|cell| cell.id.task == task.id && cell.id.variant == variant)
        };
        if task.variants.iter().any(|variant| planned(&variant.id)) {
            wrong.extend(verify_data(task).err());
        }
        let variants = task.variants.iter().filter(|variant| planned(&variant.id));
        wrong.extend(variants.filter_map(|variant| verify_variant(variant).err()));
    }
    let more = wrong.len().saturating_sub(1);
    match wrong.into_iter().next() {
        None => Ok(()),
        Some(first) if more == 0 => Err(first.into()),
        Some(first) => Err(Failure::from(first).context(format!("{} files of the suite cannot be used", more + 1))),
    }
}
