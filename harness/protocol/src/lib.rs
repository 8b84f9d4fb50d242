//! The worker protocol: messages, codec and version.
//!
//! One JSON object per line, requests on the worker's standard input, answers on its standard output (which the
//! worker moves aside before it loads anything, so that a runtime that prints cannot break it). Strictly request and
//! answer. Bulk data never crosses: it lies in safetensors files whose paths cross.
//!
//! The order of a cell: `hello`, `load`, `warm_up`, `measure` (or `turn`, many times), `evaluate`, `bye`. `probe` stands
//! alone. `queries`, `stream` and `profile` come after `warm_up`; a worker may refuse them, and `peaks`, which stands alone.

mod codec;
mod load;
mod message;
mod profile;
mod schema;

pub use codec::{CodecError, read_line, write_line};
pub use load::{Arrivals, Lateness, MAX_QUERIES, Queried, Queries, Stream, Streamed};
pub use message::{
    Allocations, Answer, AnswerLine, Environment, Evaluate, Evaluated, Hello, Load, Loaded, Measure, Measured,
    MemoryReading, Request, RequestLine, TimedOutputs, Turn, Turned, WarmUp, WarmedUp, WorkerError, WorkerHello,
};
pub use profile::{MAX_PROFILED, MeasurePeaks, Profile, Profiled};
pub use schema::protocol_schema;

/// The protocol's version. A worker that speaks another is refused in `hello`.
pub const VERSION: u32 = 1;
