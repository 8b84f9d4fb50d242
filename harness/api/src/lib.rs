//! The seam between edgebench and a runtime: backends, sessions, tensors, settings, units and errors.
//!
//! A backend implements [`Backend`] and [`Session`] and nothing else. It owns no clock, no counters, no
//! statistics and no policy; it never falls back silently. Everything here is plain data or a small trait, so that
//! a crate that implements a backend depends on this one and on its runtime alone.

mod backend;
mod dtype;
mod error;
mod peaks;
mod profile;
mod settings;
mod spec;
mod tensor;
mod units;

pub use backend::{Arena, Backend, Device, LoadRequest, Probe, Session, Slot};
pub use dtype::{DType, UnknownDType};
pub use error::{BackendError, ErrorKind};
pub use peaks::{Bandwidth, ComputeKind, ComputeRate, MemoryLevel, Peaks};
pub use profile::{OperatorCall, Profile, ProfiledOperator, ProfiledValue, Profiler};
pub use settings::Settings;
pub use spec::{Dim, SessionSpec, StatePair, TensorSpec};
pub use tensor::{Tensor, TensorError, TensorView};
pub use units::{Bytes, Nanos};
