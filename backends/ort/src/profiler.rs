//! A loaded model whose operators ONNX Runtime times.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use edgebench_api::{
    Arena, BackendError, LoadRequest, Nanos, Profile, ProfiledOperator, Profiler, Session, SessionSpec, Slot, Tensor,
    TensorView,
};
use ort::logging::LogLevel;

use crate::session::OrtSession;
use crate::trace::{self, Trace};

/// The beginning of the profile's name, behind which ONNX Runtime puts the time of day.
const PREFIX: &str = "profile";

/// The file that the graph is written to as it is executed.
const EXECUTED_MODEL: &str = "executed.onnx";

/// What ONNX Runtime's profile cuts times to.
const RESOLUTION: Nanos = Nanos(1000);

/// A model that ONNX Runtime has loaded with its profiler on.
#[derive(Debug)]
pub(crate) struct OrtProfiler {
    session: OrtSession,
    executed_model: Option<PathBuf>,
    runs: usize,
}

impl OrtProfiler {
    /// Loads a model; ONNX Runtime writes its profile and the graph as it is executed to `folder`.
    ///
    /// # Errors
    /// As [`OrtSession::load`].
    pub(crate) fn load(request: &LoadRequest<'_>, folder: &Path) -> Result<Self, BackendError> {
        let executed_model = folder.join(EXECUTED_MODEL);
        let load = |write: bool| {
            OrtSession::load_with(request, |builder| {
                let builder = builder.with_profiling(folder.join(PREFIX))?;
                if !write {
                    return Ok(builder);
                }
                // It warns that a graph optimised for this machine is of use on no other.
                Ok(builder
                    .with_log_level(LogLevel::Error)?
                    .with_optimized_model_path(&executed_model)?)
            })
        };
        // A graph that cannot be written, such as one of more than 2 GiB, is no reason not to profile. Whether there can be a
        // file is seen first: where ONNX Runtime cannot open one, it gives the system's error number for its own code,
        // and `ort` takes that for a value of an enumeration which does not have it.
        let (session, written) = match File::create(&executed_model).is_ok().then(|| load(true)) {
            Some(Ok(session)) => (session, true),
            _ => (load(false)?, false),
        };
        Ok(Self {
            session,
            executed_model: written.then_some(executed_model),
            runs: 0,
        })
    }
}

impl Session for OrtProfiler {
    fn spec(&self) -> &SessionSpec {
        self.session.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.session.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.session.run(slot)?;
        self.runs += 1;
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        self.session.outputs()
    }

    fn clear(&mut self) {
        self.session.clear();
    }

    fn arena(&self) -> Option<Arena> {
        self.session.arena()
    }
}

impl Profiler for OrtProfiler {
    fn finish(mut self: Box<Self>) -> Result<Profile, BackendError> {
        let path = self.session.end_profiling()?;
        let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| BackendError::Run {
            what: "the profile that ONNX Runtime wrote cannot be read".to_owned(),
            source: Some(source),
        };
        let file = File::open(&path).map_err(|error| unreadable(error.into()))?;
        let told = trace::read(BufReader::new(file)).map_err(|error| unreadable(error.into()))?;
        Ok(Profile {
            resolution_ns: RESOLUTION,
            operators: whole(told, self.runs)?,
            executed_model: self.executed_model,
        })
    }
}

/// The operators of a profile that tells of all inferences. ONNX Runtime keeps a million events and drops those that follow.
fn whole(told: Trace, runs: usize) -> Result<Vec<ProfiledOperator>, BackendError> {
    if told.runs == runs {
        return Ok(told.operators);
    }
    Err(BackendError::run(format!(
        "ONNX Runtime's profile holds {} of {runs} inferences; fewer of them fit (--runs)",
        told.runs
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_lacks_inferences_is_refused_with_what_helps() {
        let told = |runs| Trace {
            runs,
            operators: vec![ProfiledOperator::default()],
        };
        assert_eq!(whole(told(7), 7).unwrap().len(), 1);
        let error = whole(told(6), 7).unwrap_err().to_string();
        assert!(
            error.contains("6 of 7 inferences") && error.contains("--runs"),
            "{error}"
        );
    }
}
