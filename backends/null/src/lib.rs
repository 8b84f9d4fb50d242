//! A backend that does no work: the test double and the harness's own overhead.
//!
//! It reads no model: the inputs are those that the request gives shapes for, and the outputs are a plain function of
//! the inputs, so that whatever stands behind a runtime can be tested without one. Its effective settings say
//! `model = not read`. What it does besides nothing is asked for in the options:
//!
//! | option | value | effect |
//! |---|---|---|
//! | `latency` | `250us`, `1ms` | every run spins on the clock for that long |
//! | `jitter` | a fraction, 0 to 1 | the latency varies evenly by that fraction to both sides |
//! | `seed` | a number | where the jitter begins |
//! | `allocate` | `64MiB` | anonymous memory, touched, from the load on |
//! | `map` | `64MiB` | file-backed memory, touched, from the load on |
//! | `share` | `64MiB` | shared memory, touched, from the load on |
//! | `churn` | `64MiB` | every run allocates and frees that much |
//! | `stdout` | a text | printed to standard output at the load and in every run |
//! | `output` | `sum` (default), `echo`, `accumulate` | one `f32` per sample, the first input unchanged, or the input `state` with the sum of the others added to each of its elements, which is the next `state` |
//! | `dtype` | an element type | what the inputs are; `f32` without it |
//! | `crash` | `load`, `run:N` | the process aborts there; runs count from 1 |
//! | `panic` | `load`, `run:N` | the backend panics there |
//! | `hang` | `load`, `run:N` | the call never returns |
//! | `fail` | `load`, `run:N` | the call gives an error |
//! | `unsupported` | an operator | the load says that the operator is lacking |

mod backend;
mod fault;
mod options;
mod profiler;
mod session;

pub use backend::{BACKEND, Null};
