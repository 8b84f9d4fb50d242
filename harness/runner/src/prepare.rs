//! What is done before anything is measured: models checked, inputs written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgebench_api::Bytes;
use edgebench_graph::{Dim, Graph};
use edgebench_record::{ModelFacts, Outcome, OutcomeKind, TaskFacts};
use edgebench_suites::{
    InputSpec, Suite, SuiteError, Task, TestSet, Variant, load_test_set, random_inputs, sha256_file, stratified,
    verify_data, verify_variant,
};
use sha2::{Digest as _, Sha256};

use crate::judge::Rule;
use crate::{Event, Plan};

/// Sizes of the fixed stratified parts that stand for a test set that would take too long. Each part lies within the one
/// before it, so that two cells can be paired on the smaller one.
const PARTS: [usize; 6] = [1_000, 300, 100, 30, 10, 3];

/// Random samples where there is no test set: enough to hold outputs against each other.
const RANDOM: usize = 32;

/// A task's inputs from elsewhere than its suite, such as a file named on the command line.
#[derive(Debug, Clone)]
pub struct TaskInputs {
    /// The inputs.
    pub set: TestSet,
    /// Where they came from, as the record says it: a file's name.
    pub source: String,
}

/// All that is known before the first worker starts.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// By task id.
    pub(crate) tasks: BTreeMap<String, PreparedTask>,
    /// By task id and variant id.
    pub(crate) models: BTreeMap<(String, String), PreparedModel>,
}

/// A task's inputs on the disk.
#[derive(Debug)]
pub(crate) struct PreparedTask {
    /// The safetensors file.
    pub(crate) inputs: PathBuf,
    /// Extents of one sample, by input.
    pub(crate) shapes: BTreeMap<String, Vec<usize>>,
    /// The label of each sample.
    pub(crate) labels: Option<Vec<i64>>,
    /// Samples in the file.
    pub(crate) samples: usize,
    /// The fixed stratified parts that are smaller than the whole, the largest first; ascending indices.
    pub(crate) parts: Vec<Vec<usize>>,
    /// What the record says of it.
    pub(crate) facts: TaskFacts,
}

/// A variant's file, looked at.
#[derive(Debug)]
pub(crate) struct PreparedModel {
    /// Its static facts; absent when it could not be read.
    pub(crate) facts: Option<ModelFacts>,
    /// How close its outputs must be to the reference's.
    pub(crate) rule: Rule,
    /// Why it is not run.
    pub(crate) refused: Option<Outcome>,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error(transparent)]
    Suite(#[from] SuiteError),
    #[error("the plan names the task `{0}`, which the suite lacks")]
    Task(String),
    #[error("cannot make the folder {}", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Checks the models of a plan and writes each task's inputs into `folder`.
pub(crate) fn prepare(
    plan: &Plan,
    suite: &Suite,
    given: &BTreeMap<String, TaskInputs>,
    folder: &Path,
    observer: &mut dyn FnMut(Event<'_>),
) -> Result<Prepared, PrepareError> {
    fs::create_dir_all(folder).map_err(|source| PrepareError::Folder {
        path: folder.to_owned(),
        source,
    })?;
    let mut prepared = Prepared {
        tasks: BTreeMap::new(),
        models: BTreeMap::new(),
    };
    for (number, id) in plan.tasks().into_iter().enumerate() {
        observer(Event::Preparing { task: id });
        let task = suite.task(id).ok_or_else(|| PrepareError::Task(id.to_owned()))?;
        let inputs = folder.join(format!("inputs-{number}.safetensors"));
        let ready = inputs_of(plan, task, given.get(id), inputs)?;
        for variant in &task.variants {
            let planned = plan
                .cells
                .iter()
                .any(|cell| cell.id.task == id && cell.id.variant == variant.id);
            if planned {
                prepared
                    .models
                    .insert((id.to_owned(), variant.id.clone()), model(variant, &ready.shapes));
            }
        }
        prepared.tasks.insert(id.to_owned(), ready);
    }
    Ok(prepared)
}

fn inputs_of(
    plan: &Plan,
    task: &Task,
    given: Option<&TaskInputs>,
    path: PathBuf,
) -> Result<PreparedTask, PrepareError> {
    let (set, source) = match (given, &task.data) {
        (Some(given), _) => (Cow::Borrowed(&given.set), given.source.clone()),
        (None, Some(data)) => {
            verify_data(task)?;
            (Cow::Owned(load_test_set(task)?), file_name(&data.path))
        }
        (None, None) => {
            let batch = plan.cells.iter().map(|cell| cell.id.settings.batch).max().unwrap_or(1);
            let set = random_inputs(&specs(task), RANDOM.max(batch), plan.seed)?;
            (Cow::Owned(set), format!("random, seed {}", plan.seed))
        }
    };
    set.write_inputs(&path)?;
    let parts = parts(set.samples, set.labels.as_deref(), plan.seed);
    let labels = task.metric.and(set.labels.clone());
    Ok(PreparedTask {
        inputs: path,
        shapes: set
            .inputs
            .iter()
            .map(|input| (input.name.clone(), input.shape[1..].to_vec()))
            .collect(),
        samples: set.samples,
        parts,
        facts: TaskFacts {
            id: task.id.clone(),
            description: task.description.clone(),
            metric: labels.as_ref().and(task.metric).map(|metric| metric.id().to_owned()),
            samples: labels.as_ref().map(Vec::len),
            baseline: task.baseline.clone(),
            inputs: source,
            data_sha256: Some(data_sha256(&set)),
            labels: labels.clone().unwrap_or_default(),
        },
        labels,
    })
}

/// Names the samples: SHA-256 over the hash of the inputs and over the labels.
fn data_sha256(set: &TestSet) -> String {
    let mut hash = Sha256::new();
    hash.update(set.inputs_sha256());
    for label in set.labels.iter().flatten() {
        hash.update(label.to_le_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn parts(samples: usize, labels: Option<&[i64]>, seed: u64) -> Vec<Vec<usize>> {
    let mut within: Vec<usize> = (0..samples).collect();
    let mut parts = Vec::new();
    for size in PARTS.into_iter().filter(|&size| size < samples) {
        let chosen = match labels {
            Some(labels) => {
                let labels: Vec<i64> = within.iter().map(|&index| labels[index]).collect();
                stratified(&labels, size, seed)
            }
            None => (0..size).map(|k| k * within.len() / size).collect(),
        };
        within = chosen.into_iter().map(|k| within[k]).collect();
        parts.push(within.clone());
    }
    parts
}

/// What the model takes: as the manifest or the command line says, otherwise as the baseline's file says. The leading
/// axis is the sample. An input whose type does not cross the seam, or whose extents are open, ends in an error of
/// whoever makes inputs of it.
fn specs(task: &Task) -> Vec<InputSpec> {
    let graph = task
        .variant(&task.baseline)
        .and_then(|variant| edgebench_graph::read(&variant.path).ok());
    let mut specs: BTreeMap<String, InputSpec> = BTreeMap::new();
    for input in graph.iter().flat_map(|graph| &graph.inputs) {
        let Ok(dtype) = input.dtype.to_string().parse() else {
            continue;
        };
        let shape = input.dims.iter().skip(1).map(|dim| match dim {
            Dim::Fixed(extent) => usize::try_from(*extent).ok(),
            Dim::Symbol(_) | Dim::Unknown => None,
        });
        specs.insert(
            input.name.clone(),
            InputSpec {
                name: input.name.clone(),
                dtype,
                shape: shape.collect(),
            },
        );
    }
    for (name, input) in &task.inputs {
        let stated = input
            .shape
            .as_ref()
            .map(|shape| shape.iter().copied().map(Some).collect());
        let shape = stated.or_else(|| specs.get(name).map(|spec| spec.shape.clone()));
        let spec = InputSpec {
            name: name.clone(),
            dtype: input.dtype,
            shape: shape.unwrap_or_else(|| vec![None]),
        };
        specs.insert(name.clone(), spec);
    }
    specs.into_values().collect()
}

fn model(variant: &Variant, shapes: &BTreeMap<String, Vec<usize>>) -> PreparedModel {
    let graph = edgebench_graph::read(&variant.path).ok();
    let refused = verify_variant(variant).err().map(|error| {
        let mut outcome = Outcome::of(OutcomeKind::Failed, error.to_string());
        outcome.hint = error.hint();
        outcome
    });
    PreparedModel {
        facts: facts(variant, graph.as_ref(), shapes),
        rule: Rule::of(variant.precision, graph.as_ref()),
        refused,
    }
}

fn facts(variant: &Variant, graph: Option<&Graph>, shapes: &BTreeMap<String, Vec<usize>>) -> Option<ModelFacts> {
    let (sha256, file_bytes) = sha256_file(&variant.path).ok()?;
    let external: u64 = graph.map_or(0, |graph| graph.external.iter().map(|file| file.bytes).sum());
    // Costs are those of one sample.
    let one: BTreeMap<String, Vec<u64>> = shapes
        .iter()
        .map(|(name, shape)| {
            let extents = [1].into_iter().chain(shape.iter().map(|&extent| extent as u64));
            (name.clone(), extents.collect())
        })
        .collect();
    let mut facts = ModelFacts {
        file: file_name(&variant.path),
        sha256,
        bytes: Bytes(file_bytes + external),
        ..ModelFacts::default()
    };
    if let Some(graph) = graph {
        let costs = graph.costs(&one);
        facts.parameters = Some(graph.parameters);
        facts.zero_parameters = Some(graph.zero_parameters);
        facts.macs = costs.macs;
        // Quantised variants are compared as the integer operators that their files stand for.
        if costs.macs.is_some() {
            let by_dtype = costs.fused.macs_by_dtype.iter();
            facts.macs_by_dtype = by_dtype.map(|(dtype, macs)| (dtype.to_string(), *macs)).collect();
        }
        facts.bytes_moved = costs.fused.bytes_moved();
        facts.live_activation_bytes = costs.fused.live.map(|peak| peak.bytes);
        facts.weight_bytes = Some(costs.weight_bytes);
        facts.uncounted = costs.uncounted;
        facts.operators.clone_from(&graph.operators);
    }
    Some(facts)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_lies_within_the_one_before_it_and_keeps_the_shares() {
        let labels: Vec<i64> = (0..1_187).map(|k| i64::from(k % 3 == 0)).collect();
        for labels in [Some(labels.as_slice()), None] {
            let parts = parts(1_187, labels, 1);
            assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), PARTS);
            for (large, small) in parts.iter().zip(&parts[1..]) {
                assert!(small.iter().all(|index| large.contains(index)));
                assert!(small.is_sorted_by(|a, b| a < b));
            }
            if let Some(labels) = labels {
                assert_eq!(parts[3].iter().filter(|&&index| labels[index] == 1).count(), 10);
            }
        }
        assert_eq!(
            parts(300, None, 1).len(),
            4,
            "only parts that are smaller than the whole"
        );
        assert!(parts(3, None, 1).is_empty());
    }
}
