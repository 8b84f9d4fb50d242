//! candle, through candle-onnx, compiled in.
//!
//! candle-onnx interprets the model file: it compiles nothing, and walks the graph anew in every inference. Left to
//! itself it would also decode every weight in every inference. This backend decodes initialisers and `Constant`
//! nodes once, at load, and takes them out of the graph. What remains of the interpreter in an inference is
//! candle's own cost and is measured as such: operators are found by name, attributes are read, every value is put in
//! a map under a copy of its name, and all values live until the inference ends. The map itself is consumed, so each
//! inference begins by cloning it: one string and one counted reference for each weight and input.
//!
//! A profile walks the graph from outside: each node is a graph of its own, which is made at load, and candle-onnx
//! evaluates one after the other. A node's time includes what the interpreter does for it, and the making of its small map
//! of inputs is in none. As in an ordinary inference, all values live until the last node is through.
//!
//! candle sizes its thread pools once per process. [`CandleBackend`]'s `environment` says how a worker is to be
//! started, and a session is refused in a process whose pool has another size. There are no options.

mod backend;
mod constants;
mod failure;
mod model;
mod operators;
mod profiler;
mod session;
mod steps;
mod tensor;

pub use backend::{BACKEND, CandleBackend};
