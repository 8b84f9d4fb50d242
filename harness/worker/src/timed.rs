//! THE timed region.

use std::time::Instant;

use edgebench_api::{BackendError, Session, Slot};

/// When to stop timing: both minima are reached, or one maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At least this long, in nanoseconds since the beginning.
    pub min_ns: u64,
    /// At least so many samples.
    pub min_samples: usize,
    /// At most this long, in nanoseconds since the beginning, checked between samples.
    pub max_ns: u64,
    /// At most so many samples.
    pub max_samples: usize,
}

/// Why the timing stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bounds were reached.
    Bounds,
    /// The buffer is full: the caller enlarges it, outside of the timed region, and goes on.
    BufferFull,
}

/// Times inferences one by one until the bounds are reached or the buffer is full. The slots rotate, beginning with
/// `slots[*next]`. Each sample goes from just before [`Session::run`] to just after it, on the monotonic clock, in
/// nanoseconds. Nothing is allocated, logged or copied here. The bounds count from `begin` and over all that `samples`
/// holds.
///
/// # Errors
/// What [`Session::run`] gives, and [`BackendError::Run`] where there are no slots; the samples until then are kept.
#[inline(never)]
pub fn time_samples(
    session: &mut dyn Session,
    slots: &[Slot],
    next: &mut usize,
    begin: Instant,
    bounds: &Bounds,
    samples: &mut Vec<u64>,
) -> Result<Stop, BackendError> {
    while samples.len() < samples.capacity() {
        let slot = *slots
            .get(*next)
            .ok_or_else(|| BackendError::run("no inputs are prepared"))?;

        let start = Instant::now();
        let result = session.run(slot);
        let end = Instant::now();

        result?;
        samples.push(end.duration_since(start).as_nanos() as u64);
        *next = if *next + 1 == slots.len() { 0 } else { *next + 1 };
        let elapsed = end.duration_since(begin).as_nanos() as u64;
        let enough = elapsed >= bounds.min_ns && samples.len() >= bounds.min_samples;
        if enough || elapsed >= bounds.max_ns || samples.len() >= bounds.max_samples {
            return Ok(Stop::Bounds);
        }
    }
    Ok(Stop::BufferFull)
}
