//! The library, opened once per process.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use edgebench_api::BackendError;
use ort::environment::Environment;

use crate::arena::Functions;
use crate::locate::{FoundBy, Located, Places};

/// The opened library and its environment, of which ONNX Runtime allows one per process.
#[derive(Debug)]
pub(crate) struct Library {
    /// The environment that every session is built in.
    pub(crate) environment: Environment,
    /// What was opened: a full path where it is known.
    pub(crate) path: PathBuf,
    /// Why this library.
    pub(crate) found_by: FoundBy,
    /// What the library says of its version.
    pub(crate) version: String,
    /// What tells of an arena; absent from a library that is older than that.
    pub(crate) arena: Option<Functions>,
}

/// Why the library did not open. It is kept, because a second try in the same process would meet the same library.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
struct OpenFailure {
    located: Located,
    message: String,
}

impl Library {
    /// Opens the library on the first call and returns it on every call.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] when the library is missing, is not ONNX Runtime, or is too old.
    pub(crate) fn open() -> Result<&'static Self, BackendError> {
        static LIBRARY: OnceLock<Result<Library, OpenFailure>> = OnceLock::new();
        LIBRARY
            .get_or_init(|| open(Places::of_this_process().locate()))
            .as_ref()
            .map_err(unavailable)
    }
}

fn open(located: Located) -> Result<Library, OpenFailure> {
    let attempt = || -> Result<(Environment, String, Option<Functions>), Box<dyn std::error::Error>> {
        let builder = ort::init_from(&located.path)?;
        let (version, arena) = beyond_ort(&located.path)?;
        let environment = builder.with_name("edgebench").with_telemetry(false).build()?;
        Ok((environment, version, arena))
    };
    match attempt() {
        Ok((environment, version, arena)) => Ok(Library {
            environment,
            path: located.path.canonicalize().unwrap_or(located.path),
            found_by: located.found_by,
            version,
            arena,
        }),
        Err(error) => Err(OpenFailure {
            message: error.to_string(),
            located,
        }),
    }
}

/// What `ort` keeps to itself or does not have: the library's own version, which it reads to refuse a library that is too
/// old, and what tells of an arena.
fn beyond_ort(path: &Path) -> Result<(String, Option<Functions>), Box<dyn std::error::Error>> {
    // SAFETY: the library is open already, so this runs no initialiser and only adds to its count.
    let library = unsafe { libloading::Library::new(path)? };
    // SAFETY: the type is the C API's declaration of this symbol.
    let base = unsafe { library.get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase")? };
    // SAFETY: the C API promises a static structure, or null; and the version to be a static C string.
    let (text, arena) = unsafe {
        let base = base().as_ref().ok_or("the library gives no API")?;
        (CStr::from_ptr((base.GetVersionString)()), Functions::of(base))
    };
    Ok((text.to_string_lossy().into_owned(), arena))
}

fn unavailable(failure: &OpenFailure) -> BackendError {
    let Located { path, found_by } = &failure.located;
    let (what, hint) = match found_by {
        FoundBy::Loader => (
            "ONNX Runtime's shared library".to_owned(),
            format!(
                "let edgebench fetch it (run once without --offline), install it (`pip install onnxruntime`), or name a \
                 libonnxruntime of at least 1.{} by --ort-dylib or ORT_DYLIB_PATH",
                ort::MINOR_VERSION
            ),
        ),
        found_by => (
            format!("ONNX Runtime from {} (found by: {found_by})", path.display()),
            format!(
                "name a libonnxruntime of at least 1.{} for this machine's processor by --ort-dylib or ORT_DYLIB_PATH",
                ort::MINOR_VERSION
            ),
        ),
    };
    BackendError::Unavailable {
        what,
        hint,
        source: Some(Box::new(failure.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_that_is_not_there_is_unavailable() {
        let located = Located {
            path: "/nowhere/libonnxruntime.so".into(),
            found_by: FoundBy::EdgebenchVariable,
        };
        let error = unavailable(&open(located).unwrap_err());
        let BackendError::Unavailable { what, hint, source } = error else {
            panic!("{error}")
        };
        assert!(
            what.contains("/nowhere/libonnxruntime.so") && what.contains("--ort-dylib"),
            "{what}"
        );
        assert!(hint.contains("--ort-dylib"), "{hint}");
        assert!(source.unwrap().to_string().contains("/nowhere/"));
    }
}
