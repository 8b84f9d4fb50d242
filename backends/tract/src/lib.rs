//! tract, compiled in.
//!
//! A model is loaded for concrete input shapes, decluttered and optimised, and its plan is spawned once; an
//! inference hands over references to inputs that were copied in when they were prepared.
//!
//! Option: `optimisation` = `typed`, `decluttered` or `optimised`, the stages that tract takes a model through. The
//! default is the last.
//!
//! A tract without its `transformers` feature, as here, lacks `Attention`, `GroupQueryAttention` and
//! `MultiHeadAttention`; `MatMulNBits` and the quantisation operators do not depend on it.

mod backend;
mod failure;
mod model;
mod options;
mod session;
mod tensor;

pub use backend::{BACKEND, TractBackend};
