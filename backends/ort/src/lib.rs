//! ONNX Runtime, opened from a shared library at run time.
//!
//! Nothing of ONNX Runtime is linked: a process that never asks for this backend never maps its library. Where the
//! library comes from is decided by `locate.rs` in a fixed order and told in the probe's facts
//! (`found_by`). A library that is named and does not open is an error, never a reason to look further.
//!
//! Inputs are bound once per slot and outputs live in buffers that the slot's binding keeps, so that an inference
//! copies nothing in or out.
//!
//! Options: `graph_optimisation` = `disable`, `basic`, `extended` or `all`; `spinning`, `memory_arena`,
//! `memory_pattern` = `on` or `off`. The defaults are the library's own: `all` and `on`.
//!
//! A profile is ONNX Runtime's own, a JSON file that `trace` reads with distrust: node names come from the model file
//! and are written to it as they are.
//!
//! What the arena holds is told by ONNX Runtime 1.23 and later; of an older library it is absent.

mod arena;
mod backend;
mod failure;
mod library;
mod locate;
mod options;
mod profiler;
mod session;
mod tensor;
#[doc(hidden)]
pub mod trace;

pub use backend::{BACKEND, OrtBackend};
pub use locate::{CACHE_FOLDER_VARIABLE, LIBRARY_VARIABLE};
