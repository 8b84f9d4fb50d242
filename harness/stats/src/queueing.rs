//! What queueing theory says of waiting.

/// The mean wait in a queue with Poisson arrivals, one server and a service time that is always the same (M/D/1), in the
/// unit of the service time: ρ·S / (2·(1 − ρ)) with the utilisation ρ = rate × service.
///
/// Source: the formula of Pollaczek and Khinchine with no variance of the service time. `None` unless 0 ≤ ρ < 1: an
/// overloaded queue grows without end.
pub fn md1_mean_wait(rate: f64, service: f64) -> Option<f64> {
    let utilisation = rate * service;
    let possible = rate >= 0.0 && service >= 0.0 && utilisation < 1.0;
    possible.then(|| utilisation * service / (2.0 * (1.0 - utilisation)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poisson::PoissonArrivals;

    /// Lindley's recursion over a million arrivals, which knows nothing of the formula.
    #[test]
    fn a_simulated_queue_agrees() {
        for utilisation in [0.3, 0.5, 0.8] {
            let (service, arrivals) = (1_000_000u64, 1_000_000);
            let rate = utilisation / 1e-3;
            let (mut free, mut waited) = (0u64, 0u64);
            for arrival in PoissonArrivals::new(rate, 11).unwrap().take(arrivals) {
                let start = free.max(arrival);
                waited += start - arrival;
                free = start + service;
            }
            let mean = waited as f64 / arrivals as f64;
            let expected = md1_mean_wait(rate, 1e-3).unwrap() * 1e9;
            assert!(
                (mean / expected - 1.0).abs() < 0.02,
                "{utilisation}: {mean} and {expected}"
            );
        }
    }

    #[test]
    fn an_overloaded_queue_has_no_mean_wait() {
        assert_eq!(md1_mean_wait(1000.0, 1e-3), None);
        assert_eq!(md1_mean_wait(2000.0, 1e-3), None);
        assert_eq!(md1_mean_wait(f64::NAN, 1e-3), None);
        assert_eq!(md1_mean_wait(-1.0, 1e-3), None);
        assert_eq!(md1_mean_wait(0.0, 1e-3), Some(0.0));
    }
}
