//! Loads: queries that arrive by a pattern and are served by one session or several, and streams of frames.
//!
//! [`drive()`](drive::drive) is the loop of one session: it takes the next query in the order of arrival, waits until it
//! arrives, serves it, and counts its latency from the scheduled arrival, so that nothing is omitted when the queue is
//! long. It allocates nothing and asks a [`Clock`](clock::Clock) for the time, so that a clock that only a test turns
//! shows that its waits are those of queueing theory.

mod clock;
mod drive;
mod fleet;
mod run;
mod stream;

pub(crate) use fleet::{Fleet, Source};
pub(crate) use run::queries;
pub(crate) use stream::stream;
