//! What the machine can do at most.

use std::time::Duration;

use edgebench_api::Peaks;
use edgebench_peaks::MAX_THREADS;
use edgebench_protocol::{MeasurePeaks, WorkerError};

/// However long a request allows, the worker answers again.
const LONGEST: Duration = Duration::from_mins(1);

/// Measures the machine's peaks.
pub(crate) fn peaks(request: &MeasurePeaks) -> Result<Peaks, WorkerError> {
    check(request)?;
    let time = Duration::from_nanos(request.time_ns.0).min(LONGEST);
    Ok(edgebench_peaks::measure(request.threads, time))
}

/// No other number of threads than the one asked for is measured.
fn check(request: &MeasurePeaks) -> Result<(), WorkerError> {
    if (1..=MAX_THREADS).contains(&request.threads) {
        return Ok(());
    }
    Err(WorkerError::protocol(format!(
        "peaks are measured on 1 to {MAX_THREADS} threads, and {} were asked for",
        request.threads
    )))
}

#[cfg(test)]
mod tests {
    use edgebench_api::Nanos;

    use super::*;

    #[test]
    fn threads_that_cannot_be_are_refused() {
        for (threads, refused) in [(0, true), (1, false), (MAX_THREADS, false), (usize::MAX, true)] {
            let request = MeasurePeaks {
                threads,
                time_ns: Nanos(u64::MAX),
            };
            assert_eq!(check(&request).is_err(), refused, "{threads}");
        }
    }
}
