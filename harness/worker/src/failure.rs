//! How failures become answers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use edgebench_api::{BackendError, ErrorKind};
use edgebench_protocol::WorkerError;

/// Runs code of a backend. A panic becomes an error of the given kind.
pub(crate) fn guarded<T>(kind: ErrorKind, work: impl FnOnce() -> Result<T, WorkerError>) -> Result<T, WorkerError> {
    // What a panicking backend leaves behind is dropped by the caller and never used again.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(panicked(kind, payload.as_ref())))
}

fn panicked(kind: ErrorKind, payload: &(dyn Any + Send)) -> WorkerError {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    WorkerError {
        kind,
        message: "the backend panicked".to_owned(),
        causes: text.map(str::to_owned).into_iter().collect(),
        operator: None,
        hint: None,
    }
}

/// An error that did not come from a backend, with all its causes.
pub(crate) fn worker_error(kind: ErrorKind, error: &dyn std::error::Error) -> WorkerError {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    WorkerError {
        kind,
        message: error.to_string(),
        causes,
        operator: None,
        hint: None,
    }
}

/// For `map_err`: an error of a backend.
pub(crate) fn backend_error(error: BackendError) -> WorkerError {
    let answer = WorkerError::from(&error);
    drop(error);
    answer
}
