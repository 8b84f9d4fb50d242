//! What time it is, and waiting.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use edgebench_api::Nanos;

/// How long before its time a waiting session stops sleeping and spins: longer than the system usually oversleeps, and
/// short beside any period worth pacing.
const SPIN: Duration = Duration::from_micros(200);

/// What time it is, in nanoseconds since the load began, and waiting.
pub(crate) trait Clock {
    /// The time now.
    fn now(&self) -> u64;

    /// Waits until it is that time. Returns whether there was anything to wait for.
    fn wait_until(&self, time: u64) -> bool;
}

/// The monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Monotonic {
    /// When the load began.
    pub(crate) begin: Instant,
}

impl Clock for Monotonic {
    fn now(&self) -> u64 {
        Nanos::from(self.begin.elapsed()).0
    }

    fn wait_until(&self, time: u64) -> bool {
        let now = self.now();
        if now >= time {
            return false;
        }
        let left = Duration::from_nanos(time - now);
        if left > SPIN {
            std::thread::sleep(left.saturating_sub(SPIN));
        }
        while self.now() < time {
            spin_loop();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_begins_early() {
        let clock = Monotonic { begin: Instant::now() };
        for time in [100_000, 1_000_000, 3_000_000] {
            // A machine with other work may be there already: then there is nothing to wait for.
            clock.wait_until(time);
            assert!(clock.now() >= time);
        }
        assert!(!clock.wait_until(1));
    }
}
