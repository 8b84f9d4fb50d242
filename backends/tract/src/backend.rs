//! The adapter.

use std::path::Path;

use edgebench_api::{Backend, BackendError, Device, LoadRequest, Probe, Profiler, Session};

use crate::profiler::TractProfiler;
use crate::session::TractSession;

/// The version of the `tract-onnx` that is compiled in, which the workspace pins.
const VERSION: &str = "0.23.9";

/// tract on the CPU.
#[derive(Debug)]
pub struct TractBackend;

/// The one instance.
pub static BACKEND: TractBackend = TractBackend;

impl Backend for TractBackend {
    fn name(&self) -> &'static str {
        "tract"
    }

    fn allocates_in_rust(&self) -> bool {
        true
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        Ok(Probe {
            runtime: "tract".to_owned(),
            version: VERSION.to_owned(),
            library: None,
            devices: vec![Device {
                name: "cpu".to_owned(),
                description: "CPU, by tract-linalg's kernels".to_owned(),
            }],
            facts: [("features".to_owned(), "multithread-mm".to_owned())].into(),
        })
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(TractSession::load(request)?))
    }

    /// Writes nothing to the folder.
    fn load_profiled(&self, request: &LoadRequest<'_>, _folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        Ok(Box::new(TractProfiler::load(request)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version is written twice, here and in the workspace; the lock file tells which one is built.
    #[test]
    fn the_version_told_is_the_version_built() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        let entry = format!("name = \"tract-onnx\"\nversion = \"{VERSION}\"");
        assert!(lock.contains(&entry));
    }
}
