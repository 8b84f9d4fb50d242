//! The child process: stdio hygiene, serve loop, the timed region and the meters.
//!
//! One worker process runs one invocation of a cell. [`serve`] is its whole main function: it moves the protocol's
//! pipes aside so that a runtime that prints or reads cannot break them, then answers one request after the other.
//!
//! The order within a load is fixed, because it decides what the memory figures mean: the runtime's library is opened
//! (the probe), the ring's inputs are read into memory, the baseline is read, the model is loaded, memory is read
//! again, and only then are the slots prepared, each batch being dropped when its slot is there: what is prepared takes
//! the place of what was read, and the later phases have the inputs once, as the baseline has. `measure` and `turn` come
//! before `evaluate`, which maps a whole data set and so belongs after the memory phases; a measurement asked for after
//! an evaluation reads and prepares the ring anew.
//!
//! Only [`time_samples`] times inferences, but for those under a load, whose queue times whole queries.

mod allocations;
mod captures;
mod convert;
mod cpu;
mod evaluate;
mod failure;
mod inputs;
mod load;
mod memory;
mod model;
mod outputs;
mod peaks;
mod profile;
mod queries;
mod ring;
mod serve;
mod stdio;
mod timed;

pub use allocations::{Counted, CountingAllocator, count_allocations};
pub use cpu::CpuReading;
pub use memory::MemoryMeter;
pub use serve::serve;
pub use timed::{Bounds, Stop, time_samples};
