//! What every backend must pass.
//!
//! [`check_backend`] looks at a backend through the seam, in this process, and [`check_onnx`] at one whose runtime reads
//! ONNX; [`check_worker`] looks at a command through the worker protocol, so that a worker in any language can be held to
//! the same. Each gives a [`Report`]: a list of named checks, each passed, failed with its reason, or not applicable with
//! its reason. A backend whose effective settings say `model = not read` (the null backend) is excused from what only a
//! model can show, and the report says so. [`OnnxModel`] and [`infer`] are for what one backend's tests check beside.
//!
//! This crate knows the protocol beside the seam, which no other crate under `backends/` does: a worker is the other
//! form of a backend.

mod backend;
mod client;
mod faults;
mod fixture;
mod model;
mod onnx;
mod report;
mod told;
mod values;
mod worker;

pub use backend::check_backend;
pub use fixture::Fixture;
pub use model::{OnnxModel, infer};
pub use onnx::{OnnxCheck, check_onnx};
pub use report::{Check, Outcome, Report};
pub use worker::{WorkerCheck, check_worker};
