//! The adapter.

use std::path::Path;

use edgebench_api::{Backend, BackendError, Device, LoadRequest, Probe, Profiler, Session};

use crate::library::Library;
use crate::profiler::OrtProfiler;
use crate::session::OrtSession;

/// ONNX Runtime on the CPU.
#[derive(Debug)]
pub struct OrtBackend;

/// The one instance.
pub static BACKEND: OrtBackend = OrtBackend;

impl Backend for OrtBackend {
    fn name(&self) -> &'static str {
        "ort"
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        let library = Library::open()?;
        Ok(Probe {
            runtime: "ONNX Runtime".to_owned(),
            version: library.version.clone(),
            library: Some(library.path.display().to_string()),
            devices: vec![Device {
                name: "cpu".to_owned(),
                description: "CPU, by the library's own kernels (CPUExecutionProvider)".to_owned(),
            }],
            facts: [
                ("found_by".to_owned(), library.found_by.to_string()),
                ("build".to_owned(), ort::info().to_owned()),
                ("api".to_owned(), format!("1.{}", ort::MINOR_VERSION)),
            ]
            .into(),
        })
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(OrtSession::load(request)?))
    }
    fn load_profiled(&self, request: &LoadRequest<'_>, folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        Ok(Box::new(OrtProfiler::load(request, folder)?))
    }
}
