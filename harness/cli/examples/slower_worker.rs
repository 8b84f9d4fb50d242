//! A worker whose ONNX Runtime is slower by a fixed amount of work: `ort.extra_work=N` does N steps of arithmetic after
//! every inference. It is what gates are tried on: the runtime and its noise are real, and the truth is known.

use std::hint::black_box;
use std::process::ExitCode;

use edgebench_api::{
    Backend, BackendError, LoadRequest, Probe, Session, SessionSpec, Settings, Slot, Tensor, TensorView,
};

/// The option that says how much more work is done.
const OPTION: &str = "extra_work";

struct Slower;

struct SlowerSession {
    inner: Box<dyn Session>,
    extra_work: u64,
}

/// The settings without the option that the runtime does not know, and its value.
fn split(settings: &Settings) -> Result<(Settings, u64), BackendError> {
    let mut settings = settings.clone();
    let extra_work = match settings.options.remove(OPTION) {
        Some(value) => value
            .parse()
            .map_err(|_| BackendError::invalid_setting(OPTION, &value, "a number of steps"))?,
        None => 0,
    };
    Ok((settings, extra_work))
}

impl Backend for Slower {
    fn name(&self) -> &'static str {
        "ort"
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        edgebench_ort::BACKEND.probe()
    }

    fn environment(&self, settings: &Settings) -> Vec<(String, String)> {
        edgebench_ort::BACKEND.environment(settings)
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let (settings, extra_work) = split(request.settings)?;
        let inner = edgebench_ort::BACKEND.load(&LoadRequest {
            settings: &settings,
            ..*request
        })?;
        Ok(Box::new(SlowerSession { inner, extra_work }))
    }
}

impl Session for SlowerSession {
    fn spec(&self) -> &SessionSpec {
        self.inner.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.inner.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.inner.run(slot)?;
        let mut state = 1_u64;
        for _ in 0..self.extra_work {
            // Each step needs the one before it, so that the work takes the same time on every call.
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        black_box(state);
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        self.inner.outputs()
    }

    fn clear(&mut self) {
        self.inner.clear();
    }
}

fn main() -> ExitCode {
    edgebench_worker::serve(&[&Slower], "slower_worker", env!("CARGO_PKG_VERSION"))
}
