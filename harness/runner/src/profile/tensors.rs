//! The inner tensors of a cell against those of another.
//!
//! Both models are evaluated as tapped copies of their files, by any worker. Tapped *together*, all tensors come out of
//! one inference; a runtime can then not merge operators across them. Tapped *one by one*, the model ends at each tensor
//! and everything before it is optimised as usual, which is how a rewriting that goes wrong is met.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgebench_api::Tensor;
use edgebench_protocol::{Answer, Evaluate, Request};
use edgebench_record::{CellId, TensorComparison, TensorDifference};
use edgebench_suites::read_tensors;

use super::compare::Difference;
use super::pairs::{Pair, left, pairs};
use super::search::{apart, first_that_differs};
use super::tapped::{TapError, TappedModel};
use crate::invoke::load;
use crate::prepare::PreparedTask;
use crate::{Worker, WorkerCommand, WorkerFailure};

/// With more tensors than this the first that differs is looked for by halving.
const MANY: usize = 64;

/// The longest reason, in characters: a runtime's message can be of any length.
const MAX_REASON: usize = 400;

/// One of the two cells.
pub(crate) struct TensorSide<'a> {
    pub(crate) id: &'a CellId,
    pub(crate) model: &'a Path,
    pub(crate) command: &'a WorkerCommand,
    pub(crate) environment: &'a BTreeMap<String, String>,
}

/// How tensors are tapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// All in one model.
    Together,
    /// Each at the end of a model of its own, in the file's order up to the first that differs; where there are many, by
    /// halving.
    First,
}

/// Inner tensors that are wanted.
pub(crate) struct TensorRequest<'a> {
    pub(crate) cell: TensorSide<'a>,
    pub(crate) reference: TensorSide<'a>,
    /// The inputs of the task of both.
    pub(crate) inputs: &'a PreparedTask,
    /// How many samples, evenly spread over the test set.
    pub(crate) samples: usize,
    /// The relative difference above which a tensor is said to differ.
    pub(crate) tolerance: f64,
    pub(crate) way: Way,
    /// A folder for copies of the models and what comes out of them; the caller removes it.
    pub(crate) work: &'a Path,
    pub(crate) timeout: Duration,
    pub(crate) interrupt: &'a AtomicBool,
}

/// Why there is no comparison at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TensorsError {
    #[error("the inner tensors of {cell} cannot be looked at")]
    Tap {
        cell: Box<CellId>,
        #[source]
        source: TapError,
    },
    #[error("{cell} cannot be evaluated")]
    Worker {
        cell: Box<CellId>,
        #[source]
        source: WorkerFailure,
    },
    #[error("the task {task} has no variant {variant}")]
    NoVariant { variant: String, task: String },
    #[error("interrupted")]
    Interrupted,
}

/// Compares the tensors that both cells' models have. A tensor that cannot be tapped costs itself only. `progress` is told
/// how many tensors of how many are behind.
///
/// # Errors
/// [`TensorsError`] where nothing can be compared, and after an interrupt.
pub(crate) fn compare_tensors(
    request: &TensorRequest<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<TensorComparison, TensorsError> {
    let open = |side: &TensorSide<'_>, name: &str| {
        TappedModel::open(side.model, &request.work.join(name)).map_err(|source| TensorsError::Tap {
            cell: Box::new(side.id.clone()),
            source,
        })
    };
    let models = [open(&request.cell, "cell")?, open(&request.reference, "reference")?];
    let same_file = request.cell.model == request.reference.model;
    let (pairs, left_out) = pairs(&models[0].tensors, &models[1].tensors, same_file);
    let count = pairs.len();
    let mut comparing = Comparing {
        request,
        models,
        samples: spread(request.inputs.samples, request.samples),
        pairs,
        results: BTreeMap::new(),
        left_out,
        failures: 0,
        works: false,
    };
    progress(0, count);
    match request.way {
        Way::Together => comparing.together(0..count)?,
        Way::First if count > MANY => comparing.halve(progress)?,
        Way::First => {
            for place in 0..count {
                let differs = comparing.probe(place)?;
                progress(place + 1, count);
                if differs == Some(true) {
                    break;
                }
            }
        }
    }
    progress(count, count);
    Ok(TensorComparison {
        reference: request.reference.id.clone(),
        samples: comparing.samples.len(),
        tolerance: request.tolerance,
        tensors: comparing.results.into_values().flatten().collect(),
        left_out: comparing.left_out,
    })
}

/// So many samples of all, evenly spread, at least one.
fn spread(all: usize, wanted: usize) -> Vec<usize> {
    let wanted = wanted.clamp(1, all.max(1));
    (0..wanted).map(|k| k * all / wanted).collect()
}

/// The samples in batches, the last of which is filled up from the beginning.
fn full_batches(samples: &[usize], batch: usize) -> Vec<Vec<usize>> {
    let filled = samples.len().next_multiple_of(batch);
    let samples: Vec<usize> = samples.iter().cycle().take(filled).copied().collect();
    samples.chunks(batch).map(<[usize]>::to_vec).collect()
}

/// Which side failed, and how.
struct Failed {
    reference: bool,
    failure: WorkerFailure,
}

struct Comparing<'a> {
    request: &'a TensorRequest<'a>,
    /// The cell's and the reference's.
    models: [TappedModel; 2],
    samples: Vec<usize>,
    pairs: Vec<Pair>,
    /// By place among the pairs; `None` for what is left out.
    results: BTreeMap<usize, Option<TensorDifference>>,
    left_out: Vec<String>,
    /// Tensors that failed alone.
    failures: usize,
    /// Whether both models are known to run as they are.
    works: bool,
}

impl Comparing<'_> {
    /// Taps some tensors in one model. Where that fails, each half by itself, until what fails is alone.
    fn together(&mut self, places: Range<usize>) -> Result<(), TensorsError> {
        let mut failures = self.failures;
        let failing = apart(places, &mut failures, &mut |places| self.run(places))?;
        self.failures = failures;
        for (place, why) in failing {
            self.leave(place, &why);
        }
        Ok(())
    }

    /// Whether the tensor differs where the model ends at it; `None` where that cannot be told.
    fn probe(&mut self, place: usize) -> Result<Option<bool>, TensorsError> {
        if !self.results.contains_key(&place) {
            self.together(place..place + 1)?;
        }
        let result = self.results.get(&place).and_then(Option::as_ref);
        Ok(result.map(|result| result.differs))
    }

    fn halve(&mut self, progress: &mut dyn FnMut(usize, usize)) -> Result<(), TensorsError> {
        let places: BTreeMap<&str, usize> = self
            .pairs
            .iter()
            .enumerate()
            .map(|(place, pair)| (pair.cell.name.as_str(), place))
            .collect();
        let mut inputs: Vec<Vec<usize>> = vec![Vec::new(); self.pairs.len()];
        for node in self.models[0].graph.nodes() {
            for &place in node.outputs.iter().filter_map(|output| places.get(output.as_str())) {
                let read = node.inputs.iter().filter_map(|input| places.get(input.as_str()));
                inputs[place].extend(read);
            }
        }
        let count = self.pairs.len();
        first_that_differs(count, &|place| inputs[place].clone(), &mut |place| {
            let differs = self.probe(place);
            progress(self.results.len().min(count), count);
            differs
        })?;
        Ok(())
    }

    fn leave(&mut self, place: usize, why: &str) {
        self.left_out.push(left(&self.pairs[place].cell, why));
        self.results.insert(place, None);
    }

    /// Evaluates both models with some tensors tapped. The inner error is the reason of a failure that is no end of all.
    fn run(&mut self, places: Range<usize>) -> Result<Result<(), String>, TensorsError> {
        let failed = match self.evaluate(places)? {
            Ok(()) => {
                self.works = true;
                return Ok(Ok(()));
            }
            Err(failed) => failed,
        };
        if !self.works {
            self.check()?;
        }
        let side = if failed.reference {
            "on the reference's side, "
        } else {
            ""
        };
        Ok(Err(format!("{side}{}", reason(&failed.failure))))
    }

    /// Fails where a model does not even run as it is.
    fn check(&mut self) -> Result<(), TensorsError> {
        for side in self.sides() {
            let loaded = start(self.request, side, side.model);
            let evaluated = loaded.and_then(|mut worker| {
                let outputs = self.models[0].outputs();
                evaluate(self.request, &mut worker, self.samples[..1].to_vec(), &outputs)?;
                let _ = worker.bye(self.request.timeout);
                Ok(())
            });
            evaluated.map_err(|source| match source {
                WorkerFailure::Interrupted => TensorsError::Interrupted,
                source => TensorsError::Worker {
                    cell: Box::new(side.id.clone()),
                    source,
                },
            })?;
        }
        self.works = true;
        Ok(())
    }

    fn sides(&self) -> [&TensorSide<'_>; 2] {
        [&self.request.cell, &self.request.reference]
    }

    fn evaluate(&mut self, places: Range<usize>) -> Result<Result<(), Failed>, TensorsError> {
        let [cell, reference] = self.sides();
        let mut workers = Vec::with_capacity(2);
        for (number, side) in [cell, reference].into_iter().enumerate() {
            let tensors = self.pairs[places.clone()].iter();
            let tensors: Vec<_> = tensors
                .map(|pair| if number == 0 { &pair.cell } else { &pair.reference })
                .collect();
            // Several tensors of a quantised model stand for one of the float model.
            let mut once: Vec<_> = Vec::with_capacity(tensors.len());
            for tensor in tensors {
                if !once.contains(&tensor) {
                    once.push(tensor);
                }
            }
            let path = self.models[number].write(&once).map_err(|source| TensorsError::Tap {
                cell: Box::new(side.id.clone()),
                source,
            })?;
            match start(self.request, side, &path) {
                Ok(worker) => workers.push(worker),
                Err(WorkerFailure::Interrupted) => return Err(TensorsError::Interrupted),
                Err(failure) => {
                    let reference = number == 1;
                    return Ok(Err(Failed { reference, failure }));
                }
            }
        }
        let mut differences = vec![Ok(Difference::default()); places.len()];
        let batch = self
            .request
            .cell
            .id
            .settings
            .batch
            .max(self.request.reference.id.settings.batch)
            .max(1);
        for samples in full_batches(&self.samples, batch) {
            let mut outputs = Vec::with_capacity(2);
            for (number, worker) in workers.iter_mut().enumerate() {
                match evaluate(self.request, worker, samples.clone(), &self.models[number].outputs()) {
                    Ok(tensors) => outputs.push(tensors),
                    Err(WorkerFailure::Interrupted) => return Err(TensorsError::Interrupted),
                    Err(failure) => {
                        let reference = number == 1;
                        return Ok(Err(Failed { reference, failure }));
                    }
                }
            }
            for (pair, difference) in self.pairs[places.clone()].iter().zip(&mut differences) {
                let added = match difference {
                    Ok(difference) => add(difference, pair, &outputs[0], &outputs[1], places.len() == 1),
                    Err(_) => continue,
                };
                if let Err(why) = added {
                    *difference = Err(why);
                }
            }
        }
        for worker in workers {
            // All figures are there; how the worker ends does not change them.
            let _ = worker.bye(self.request.timeout);
        }
        for (place, difference) in places.zip(differences) {
            let tensor = &self.pairs[place].cell;
            let figures = difference.and_then(|difference| {
                let figures = difference.figures(tensor, self.request.tolerance);
                figures.ok_or_else(|| "it has no elements".to_owned())
            });
            match figures {
                Ok(figures) => {
                    self.results.insert(place, Some(figures));
                }
                Err(why) => self.leave(place, &why),
            }
        }
        Ok(Ok(()))
    }
}

/// Adds one batch of a pair; `alone` where nothing else was tapped.
fn add(
    difference: &mut Difference,
    pair: &Pair,
    cell: &[Tensor],
    reference: &[Tensor],
    alone: bool,
) -> Result<(), String> {
    let missing = "the runtime gives no output of this name";
    let found = find(cell, &pair.cell.name, alone).ok_or(missing)?;
    let known =
        find(reference, &pair.reference.name, alone).ok_or_else(|| format!("on the reference's side, {missing}"))?;
    difference.add(known, found)
}

/// The tensor of that name. A runtime that names its only output otherwise is understood.
fn find<'a>(tensors: &'a [Tensor], name: &str, alone: bool) -> Option<&'a Tensor> {
    match tensors {
        [only] if alone => Some(only),
        _ => tensors.iter().find(|tensor| tensor.name == name),
    }
}

/// A worker that has loaded a model under the side's settings.
fn start<'a>(request: &TensorRequest<'a>, side: &TensorSide<'_>, model: &Path) -> Result<Worker<'a>, WorkerFailure> {
    let mut worker = Worker::spawn(side.command, side.environment, request.interrupt)?;
    worker.hello(request.timeout)?;
    load(&mut worker, side.id, model, request.inputs, 1, request.timeout)?;
    Ok(worker)
}

/// Runs some samples and reads what comes out, as it is: few inner tensors need to have an axis for samples.
fn evaluate(
    request: &TensorRequest<'_>,
    worker: &mut Worker<'_>,
    samples: Vec<usize>,
    outputs: &Path,
) -> Result<Vec<Tensor>, WorkerFailure> {
    let asked = Evaluate {
        inputs: request.inputs.inputs.clone(),
        indices: Some(samples),
        outputs: outputs.to_owned(),
        whole: true,
    };
    match worker.request(Request::Evaluate(asked), request.timeout)? {
        Answer::Evaluated(_) => read_tensors(outputs)
            .map_err(|error| WorkerFailure::Protocol(format!("its outputs cannot be read: {error}"))),
        other => Err(WorkerFailure::unexpected("evaluate", &other)),
    }
}

/// A failure with its causes in one line.
fn reason(failure: &WorkerFailure) -> String {
    let mut text = failure.to_string();
    if let WorkerFailure::Answered(error) = failure {
        for cause in &error.causes {
            text.push_str(": ");
            text.push_str(cause);
        }
    }
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_REASON) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_of_another_name_is_taken_for_a_tensor_that_was_tapped_alone() {
        let tensor = |name: &str| Tensor::new(name, edgebench_api::DType::F32, vec![1], &[0_f32]).unwrap();
        assert!(find(&[tensor("z")], "y", true).is_some());
        assert!(find(&[tensor("z")], "y", false).is_none());
        assert!(find(&[tensor("z"), tensor("x")], "y", true).is_none());
        assert_eq!(find(&[tensor("z"), tensor("y")], "y", false).unwrap().name, "y");
    }

    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        let failure = WorkerFailure::Answered(Box::new(edgebench_protocol::WorkerError {
            causes: vec!["line\none".to_owned(), "é".repeat(1000)],
            ..edgebench_protocol::WorkerError::protocol("it failed")
        }));
        let text = reason(&failure);
        assert!(text.starts_with("it failed: line one: éé") && text.ends_with('…'));
        assert_eq!(text.chars().count(), MAX_REASON + 1);
    }

    #[test]
    fn samples_are_spread_over_the_test_set() {
        assert_eq!(spread(10, 5), [0, 2, 4, 6, 8]);
        assert_eq!(spread(3, 8), [0, 1, 2]);
        assert_eq!(spread(100, 0), [0]);
        assert_eq!(spread(0, 4), [0]);
    }

    #[test]
    fn batches_are_full() {
        assert_eq!(full_batches(&[0, 2, 4], 2), [[0, 2], [4, 0]]);
        assert_eq!(full_batches(&[0, 2, 4], 1), [[0], [2], [4]]);
        assert_eq!(full_batches(&[7], 3), [[7, 7, 7]]);
    }
}
