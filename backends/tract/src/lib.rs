//! tract, compiled in.
//!
//! A model is loaded for concrete input shapes, decluttered and optimised, and its plan is spawned once; an
//! inference hands over references to inputs that were copied in when they were prepared.
//!
//! Option: `optimisation` = `typed`, `decluttered` or `optimised`, the stages that tract takes a model through. The
//! default is the last.
//!
//! A profile times each node of that plan. Its operators are tract's nodes, which the last stage has fused and split, and
//! each says for which nodes of the file it stands as far as tract tells (see `sources`).
//!
//! A tract without its `transformers` feature, as here, lacks `Attention`, `GroupQueryAttention` and
//! `MultiHeadAttention`; `MatMulNBits` and the quantisation operators do not depend on it.

mod backend;
mod failure;
mod model;
mod operators;
mod options;
mod profiler;
mod session;
mod sources;
mod tensor;

pub use backend::{BACKEND, TractBackend};
