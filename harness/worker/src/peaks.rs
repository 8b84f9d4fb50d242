//! What the machine can do at most.

use edgebench_api::Peaks;
use edgebench_protocol::{MeasurePeaks, WorkerError};

/// Measures the machine's peaks.
pub(crate) fn peaks(request: &MeasurePeaks) -> Result<Peaks, WorkerError> {
    if request.threads == 0 {
        return Err(WorkerError::protocol("peaks are measured on one thread or more"));
    }
    Err(WorkerError::protocol("peaks are not measured yet"))
}
