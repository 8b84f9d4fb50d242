//! Loading, in the order that gives the memory figures their meaning.

use std::time::Instant;

use edgebench_api::{Backend, ErrorKind, LoadRequest, Nanos, TensorSpec, TensorView};
use edgebench_protocol::{Load, Loaded, WorkerError};

use crate::failure::{backend_error, worker_error};
use crate::inputs;
use crate::memory::MemoryMeter;
use crate::model::{Model, Samples};
use crate::ring::Ring;

/// Opens the library, reads the ring's inputs, loads the model and prepares the slots.
pub(crate) fn load(
    backend: &dyn Backend,
    request: &Load,
    meter: &mut MemoryMeter,
) -> Result<(Model, Loaded), WorkerError> {
    let settings = &request.settings;
    if settings.batch == 0 || settings.threads == 0 {
        return Err(WorkerError::protocol("batch and threads are at least 1"));
    }
    let begin = Instant::now();
    let probe = backend.probe().map_err(backend_error)?;
    let library_open_ns = Nanos::from(begin.elapsed());

    let ring = Ring::new(request);
    let batches = ring.read().map_err(|error| run_error(&error))?;
    // The harness's own memory belongs to the baseline.
    let samples = Samples::new();
    let memory_baseline = meter.read();

    let load = LoadRequest {
        model: &request.model,
        shapes: &request.shapes,
        settings,
    };
    let begin = Instant::now();
    let session = backend.load(&load).map_err(backend_error)?;
    let load_ns = Nanos::from(begin.elapsed());
    let memory_loaded = meter.read();

    let spec = session.spec().clone();
    let batches: Vec<_> = batches
        .into_iter()
        .map(|batch| inputs::in_order_of(&spec.inputs, batch))
        .collect::<Result<_, _>>()
        .map_err(|error| run_error(&error))?;
    for tensor in batches.iter().flatten() {
        check_shape(
            &spec.inputs,
            &tensor.view().map_err(|error| worker_error(ErrorKind::Run, &error))?,
        )?;
    }
    let slots = batches.len();
    let mut model = Model::new(session, settings.batch, backend.allocates_in_rust(), ring, samples);
    let copy_in_ns = model.prepare_slots(batches).map_err(backend_error)?;
    let loaded = Loaded {
        probe,
        spec,
        library_open_ns,
        load_ns,
        copy_in_ns,
        ring: slots,
        memory_baseline,
        memory_loaded,
    };
    Ok((model, loaded))
}

/// Refuses an input whose extents are not the model's, before a runtime gets to see it.
fn check_shape(specs: &[TensorSpec], tensor: &TensorView<'_>) -> Result<(), WorkerError> {
    let Some(spec) = specs.iter().find(|spec| spec.name == tensor.name()) else {
        return Ok(());
    };
    let fits = spec.shape.len() == tensor.shape().len()
        && spec
            .shape
            .iter()
            .zip(tensor.shape())
            .all(|(wanted, &found)| wanted.is_none_or(|wanted| wanted == found));
    if fits {
        return Ok(());
    }
    let wanted: Vec<String> = spec
        .shape
        .iter()
        .map(|dim| dim.map_or("any".to_owned(), |dim| dim.to_string()))
        .collect();
    Err(WorkerError {
        kind: ErrorKind::Run,
        message: format!(
            "input `{}` has the shape {:?}, and the model wants [{}]",
            tensor.name(),
            tensor.shape(),
            wanted.join(", ")
        ),
        causes: Vec::new(),
        operator: None,
        hint: None,
    })
}

fn run_error(error: &dyn std::error::Error) -> WorkerError {
    worker_error(ErrorKind::Run, error)
}
