//! Running a data set once.

use std::time::Instant;

use edgebench_api::{ErrorKind, Tensor};
use edgebench_protocol::{Evaluate, Evaluated, TimedOutputs, WorkerError};

use crate::captures;
use crate::failure::{backend_error, worker_error};
use crate::inputs::{InputsFile, in_order_of};
use crate::model::{Model, prepare};
use crate::outputs::Outputs;

/// Runs the samples in batches and writes their outputs in the order asked for. Forgets the ring's slots.
pub(crate) fn evaluate(model: &mut Model, request: &Evaluate) -> Result<Evaluated, WorkerError> {
    let begin = Instant::now();
    let file = InputsFile::open(&request.inputs).map_err(|error| run_error(&error))?;
    let indices = request.indices.clone().unwrap_or_else(|| (0..file.samples()).collect());
    if indices.is_empty() {
        return Err(WorkerError::protocol("no samples were asked for"));
    }
    model.forget_slots();
    // A whole batch is one sample of the file.
    let mut outputs = Outputs::new(if request.whole { 1 } else { model.batch });
    let mut first: Option<Vec<Tensor>> = None;
    for chunk in indices.chunks(model.batch) {
        let batch = run_batch(model, &file, &filled(chunk, &indices, model.batch))?;
        let keep = if request.whole { 1 } else { chunk.len() };
        outputs.add(&batch, keep).map_err(backend_error)?;
        first.get_or_insert(batch);
    }
    let opening = &indices[..model.batch.min(indices.len())];
    let again = run_batch(model, &file, &filled(opening, &indices, model.batch))?;
    let timed_outputs = timed_outputs(model, request, &file)?;
    outputs.write(&request.outputs).map_err(|error| run_error(&error))?;
    Ok(Evaluated {
        samples: indices.len(),
        elapsed_ns: begin.elapsed().into(),
        deterministic: first.is_some_and(|first| first == again),
        timed_outputs,
    })
}

/// Runs the batches whose outputs the last measurement kept, and holds the two against each other. `None` where none were
/// kept, or where the ring came from another file.
fn timed_outputs(
    model: &mut Model,
    request: &Evaluate,
    file: &InputsFile,
) -> Result<Option<TimedOutputs>, WorkerError> {
    let captures = std::mem::take(&mut model.captures);
    if captures.is_empty() || model.ring.inputs() != request.inputs {
        return Ok(None);
    }
    let mut pairs = Vec::with_capacity(captures.len());
    for capture in captures {
        let indices = model.ring.indices(capture.slot, file.samples());
        pairs.push((capture.outputs, run_batch(model, file, &indices)?));
    }
    Ok(Some(captures::compare(&pairs)))
}

/// A chunk that is not full is filled up with the first samples, from the beginning again where they are too few.
fn filled(chunk: &[usize], indices: &[usize], batch: usize) -> Vec<usize> {
    chunk
        .iter()
        .chain(indices.iter().cycle())
        .copied()
        .take(batch)
        .collect()
}

fn run_batch(model: &mut Model, file: &InputsFile, indices: &[usize]) -> Result<Vec<Tensor>, WorkerError> {
    let specs = &model.session.spec().inputs;
    let names: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
    let inputs = file.gather(&names, indices).map_err(|error| run_error(&error))?;
    let inputs = in_order_of(specs, inputs).map_err(|error| run_error(&error))?;
    let slot = prepare(model.session.as_mut(), &inputs).map_err(backend_error)?;
    model.session.run(slot).map_err(backend_error)?;
    let outputs = model.session.outputs().map_err(backend_error)?;
    model.session.clear();
    Ok(outputs)
}

fn run_error(error: &dyn std::error::Error) -> WorkerError {
    worker_error(ErrorKind::Run, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_batch_is_filled_with_the_first_samples() {
        assert_eq!(filled(&[7], &[5, 6, 7], 2), [7, 5]);
        assert_eq!(filled(&[5], &[5], 3), [5, 5, 5]);
        assert_eq!(filled(&[5, 6], &[5, 6, 7], 2), [5, 6]);
    }
}
