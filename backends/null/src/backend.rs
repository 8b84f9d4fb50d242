//! The backend.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use edgebench_api::{
    Backend, BackendError, DType, Device, LoadRequest, Probe, Profiler, Session, SessionSpec, StatePair, TensorSpec,
};

use crate::options::{Options, Output};
use crate::profiler::NullProfiler;
use crate::session::{NEXT_STATE, NullSession, STATE};

/// The backend that does no work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Null;

/// The one there is.
pub static BACKEND: Null = Null;

impl Backend for Null {
    fn name(&self) -> &'static str {
        "null"
    }

    fn allocates_in_rust(&self) -> bool {
        true
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        Ok(Probe {
            runtime: "null".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            library: None,
            devices: vec![Device {
                name: "cpu".to_owned(),
                description: "spins on the clock".to_owned(),
            }],
            facts: BTreeMap::new(),
        })
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(session(request)?))
    }

    fn load_profiled(&self, request: &LoadRequest<'_>, _folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        Ok(Box::new(NullProfiler::new(session(request)?)))
    }
}

fn session(request: &LoadRequest<'_>) -> Result<NullSession, BackendError> {
    let settings = request.settings;
    settings.require_cpu()?;
    let options = Options::parse(&settings.options)?;
    fs::metadata(request.model).map_err(|source| BackendError::Load {
        what: format!("{} cannot be read", request.model.display()),
        source: Some(Box::new(source)),
    })?;
    if let Some(operator) = options.unsupported {
        return Err(BackendError::Unsupported {
            what: "asked for in the settings".to_owned(),
            operator: Some(operator),
            source: None,
        });
    }
    if let Some(text) = &options.stdout {
        println!("{text}");
    }
    options.faults.at_load()?;
    let inputs: Vec<TensorSpec> = request
        .shapes
        .iter()
        .map(|(name, shape)| TensorSpec {
            name: name.clone(),
            dtype: options.dtype,
            shape: shape.iter().copied().map(Some).collect(),
        })
        .collect();
    let mut state_pairs = Vec::new();
    let output = match (options.output, inputs.first()) {
        (Output::Echo, Some(first)) => TensorSpec {
            name: "echo".to_owned(),
            ..first.clone()
        },
        (Output::Echo, None) => return Err(BackendError::load("there is no input to echo: no shape is given")),
        (Output::Accumulate, _) => match inputs.iter().find(|input| input.name == STATE) {
            Some(state) if state.dtype == DType::F32 => {
                state_pairs.push(StatePair {
                    output: NEXT_STATE.to_owned(),
                    input: STATE.to_owned(),
                });
                TensorSpec {
                    name: NEXT_STATE.to_owned(),
                    ..state.clone()
                }
            }
            _ => return Err(BackendError::load("there is no input `state` of f32 to accumulate in")),
        },
        (Output::Sum, _) => TensorSpec {
            name: "sum".to_owned(),
            dtype: DType::F32,
            shape: vec![Some(settings.batch)],
        },
    };
    let mut effective = settings.options.clone();
    effective.insert("threads".to_owned(), settings.threads.to_string());
    effective.insert("model".to_owned(), "not read".to_owned());
    let spec = SessionSpec {
        inputs,
        outputs: vec![output],
        state: state_pairs,
        effective,
    };
    NullSession::new(spec, request, options)
}
