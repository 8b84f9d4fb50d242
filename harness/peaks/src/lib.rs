//! What this machine can do at most: the roofs of a roofline, measured by small kernels.
//!
//! [`measure`] runs every arithmetic kernel whose instructions this processor has, and goes over buffers that fit each
//! level of memory. A kernel of arithmetic touches no memory in its loop and has enough independent sums to hide an
//! instruction's latency, so that its rate is the processor's. The best repetition counts, since whatever else runs on
//! the machine can only slow one down.
//!
//! | module | idea |
//! |---|---|
//! | `measure` | divides the time among the kernels and fills [`edgebench_api::Peaks`] |
//! | `repetitions` | the same work on several threads at once, timed until the best is known |
//! | `compute` | multiply-accumulates in registers, one kernel per kind and instruction set |
//! | `stream` | reading a buffer, and `a = b + s × c` over three |
//! | `cache` | the caches that the system names |
//! | `working_set` | how much to go over for each level |
//!
//! Unsafe code stands in the kernels alone, and in the request for tile registers that the kernel of Linux wants.

mod cache;
mod compute;
mod measure;
mod repetitions;
mod stream;
mod working_set;

pub use measure::{MAX_THREADS, measure};
