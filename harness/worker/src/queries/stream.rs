//! Frames in order, with the state that the frame before left.

use std::time::Instant;

use edgebench_api::{ErrorKind, Nanos, SessionSpec, StatePair, Tensor};
use edgebench_protocol::{MAX_QUERIES, Stream, Streamed, WorkerError};

use super::clock::{Clock, Monotonic};
use crate::failure::{backend_error, worker_error};
use crate::inputs::{InputsFile, in_order_of};
use crate::model::{Model, prepare};
use crate::outputs::Outputs;

/// Runs frames until both minima or the maximum is reached. Forgets the ring's slots.
pub(crate) fn stream(model: &mut Model, request: &Stream) -> Result<Streamed, WorkerError> {
    if model.batch != 1 {
        return Err(WorkerError::protocol("a stream has one frame in an inference"));
    }
    if request.period_ns.0 == 0 || request.reset_every == Some(0) {
        return Err(WorkerError::protocol("a stream's period and its length are at least 1"));
    }
    let spec = model.session.spec().clone();
    known(&request.state, &spec)?;
    let file = InputsFile::open(&request.inputs).map_err(|error| run_error(&error))?;
    let names: Vec<String> = spec.inputs.iter().map(|input| input.name.clone()).collect();
    model.forget_slots();

    let most = usize::try_from(MAX_QUERIES).unwrap_or(usize::MAX);
    let mut answer = Streamed {
        latencies_ns: Vec::new(),
        compute_ns: Vec::new(),
        streams: 0,
        elapsed_ns: Nanos(0),
    };
    let mut outputs = request.outputs.as_ref().map(|_| Outputs::new(1));
    let mut state: Option<Vec<Tensor>> = None;
    let (mut sample, mut since_reset) = (0, 0);
    let clock = Monotonic { begin: Instant::now() };
    for frame in 0..most {
        if sample == file.samples() || request.reset_every.is_some_and(|every| since_reset == every) {
            state = None;
            since_reset = 0;
        }
        if sample == file.samples() {
            sample = 0;
        }
        let mut inputs = file.gather(&names, &[sample]).map_err(|error| run_error(&error))?;
        if let Some(left) = state.take() {
            carry(&mut inputs, left, &request.state);
        }
        let inputs = in_order_of(&spec.inputs, inputs).map_err(|error| run_error(&error))?;
        let due = request.period_ns.0.saturating_mul(frame as u64);
        if due > request.max_ns.0 || clock.now() > request.max_ns.0 {
            break;
        }
        clock.wait_until(due);

        let start = clock.now();
        let slot = prepare(model.session.as_mut(), &inputs).map_err(backend_error)?;
        model.session.run(slot).map_err(backend_error)?;
        let given = model.session.outputs().map_err(backend_error)?;
        let end = clock.now();

        model.session.clear();
        answer.streams += u64::from(since_reset == 0);
        answer.compute_ns.push(end - start);
        answer.latencies_ns.push(end - due);
        answer.elapsed_ns = Nanos(end);
        if let Some(outputs) = outputs.as_mut().filter(|_| frame < file.samples()) {
            outputs.add(&given, 1).map_err(backend_error)?;
        }
        state = Some(given);
        sample += 1;
        since_reset += 1;
        if end >= request.min_ns.0 && frame as u64 + 1 >= request.min_frames {
            break;
        }
    }
    if let (Some(outputs), Some(path)) = (outputs, &request.outputs) {
        outputs.write(path).map_err(|error| run_error(&error))?;
    }
    Ok(answer)
}

/// Puts the outputs that are state in the place of the inputs that take them.
fn carry(inputs: &mut [Tensor], outputs: Vec<Tensor>, pairs: &[StatePair]) {
    for output in outputs {
        for pair in pairs.iter().filter(|pair| pair.output == output.name) {
            if let Some(input) = inputs.iter_mut().find(|input| input.name == pair.input) {
                input.shape.clone_from(&output.shape);
                input.dtype = output.dtype;
                input.data.clone_from(&output.data);
            }
        }
    }
}

/// Refuses state that the model has not.
fn known(pairs: &[StatePair], spec: &SessionSpec) -> Result<(), WorkerError> {
    for pair in pairs {
        let lacking = if !spec.outputs.iter().any(|output| output.name == pair.output) {
            format!("output `{}`", pair.output)
        } else if !spec.inputs.iter().any(|input| input.name == pair.input) {
            format!("input `{}`", pair.input)
        } else {
            continue;
        };
        return Err(WorkerError {
            kind: ErrorKind::Run,
            message: format!("the stream's state names the {lacking}, which the model lacks"),
            causes: Vec::new(),
            operator: None,
            hint: None,
        });
    }
    Ok(())
}

fn run_error(error: &dyn std::error::Error) -> WorkerError {
    worker_error(ErrorKind::Run, error)
}
