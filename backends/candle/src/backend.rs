//! The adapter.

use std::path::Path;

use edgebench_api::{Backend, BackendError, Device, LoadRequest, Probe, Profiler, Session, Settings};

use crate::operators;
use crate::profiler::CandleProfiler;
use crate::session::CandleSession;

/// candle on the CPU.
#[derive(Debug)]
pub struct CandleBackend;

/// The one instance.
pub static BACKEND: CandleBackend = CandleBackend;

impl Backend for CandleBackend {
    fn name(&self) -> &'static str {
        "candle"
    }

    fn allocates_in_rust(&self) -> bool {
        true
    }

    /// The sizes of rayon's pool and of candle's own, which otherwise follow the machine or the user's shell.
    fn environment(&self, settings: &Settings) -> Vec<(String, String)> {
        ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"]
            .map(|name| (name.to_owned(), settings.threads.to_string()))
            .to_vec()
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        let features = [
            ("avx", candle_core::utils::with_avx()),
            ("f16c", candle_core::utils::with_f16c()),
            ("neon", candle_core::utils::with_neon()),
        ];
        let features: Vec<&str> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        Ok(Probe {
            runtime: "candle".to_owned(),
            version: operators::VERSION.to_owned(),
            library: None,
            devices: vec![Device {
                name: "cpu".to_owned(),
                description: "CPU, by candle-core's own kernels".to_owned(),
            }],
            facts: [
                ("operators".to_owned(), operators::EVALUATED.len().to_string()),
                ("simd".to_owned(), features.join(" ")),
            ]
            .into(),
        })
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(CandleSession::load(request)?))
    }

    /// Writes nothing to the folder.
    fn load_profiled(&self, request: &LoadRequest<'_>, _folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        Ok(Box::new(CandleProfiler::load(request)?))
    }
}
