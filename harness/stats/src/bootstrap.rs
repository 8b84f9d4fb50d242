//! The percentile bootstrap.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::interval::{Interval, is_confidence};
use crate::summary::quantile;

/// The percentile bootstrap interval of a statistic over `n` samples.
///
/// `statistic` is given `n` indices below `n`, drawn with replacement, `resamples` times; the interval runs between the
/// quantiles (1 ∓ confidence)/2 of what it returned. The same seed gives the same interval on every machine. It is not
/// corrected for bias, so the statistic of the samples themselves is not always inside.
///
/// `None` where `n` or `resamples` is 0, `confidence` does not lie strictly between 0 and 1, or the statistic is NaN or
/// infinite for any resample: leaving those out would make the interval too narrow.
///
/// Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), §13.3.
pub fn bootstrap_interval(
    n: usize,
    resamples: usize,
    seed: u64,
    confidence: f64,
    mut statistic: impl FnMut(&[usize]) -> f64,
) -> Option<Interval> {
    if n == 0 || resamples == 0 || !is_confidence(confidence) {
        return None;
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut indices = vec![0; n];
    let mut values = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        indices.fill_with(|| generator.random_range(0..n));
        let value = statistic(&indices);
        if !value.is_finite() {
            return None;
        }
        values.push(value);
    }
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval {
        low: quantile(&values, tail)?,
        high: quantile(&values, 1.0 - tail)?,
        confidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    const SAMPLES: [f64; 10] = [3.1, 2.7, 9.5, 3.3, 2.9, 3.0, 4.4, 3.6, 2.2, 5.1];

    fn mean_at(samples: &[f64], indices: &[usize]) -> f64 {
        indices.iter().map(|&i| samples[i]).sum::<f64>() / indices.len() as f64
    }

    // The generators differ, so the agreement is that of two seeds of SciPy's own, both of which print 2.99 and 5.38:
    // python3 -c "import numpy as np; from scipy.stats import bootstrap; x=np.array([3.1,2.7,9.5,3.3,2.9,3.0,4.4,3.6,2.2,5.1])
    // print([bootstrap((x,),np.mean,n_resamples=100000,method='percentile',rng=s).confidence_interval for s in (1,2)])"
    #[test]
    fn agrees_with_scipy() {
        let interval = bootstrap_interval(10, 100_000, 7, 0.95, |at| mean_at(&SAMPLES, at)).unwrap();
        close(interval.low, 2.99, 0.01);
        close(interval.high, 5.38, 0.01);
    }

    #[test]
    fn the_seed_decides() {
        let of = |seed| bootstrap_interval(10, 200, seed, 0.9, |at| mean_at(&SAMPLES, at)).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn an_undefined_statistic_has_no_interval() {
        assert_eq!(bootstrap_interval(0, 10, 1, 0.95, |_| 0.0), None);
        assert_eq!(bootstrap_interval(10, 0, 1, 0.95, |_| 0.0), None);
        assert_eq!(bootstrap_interval(10, 10, 1, 1.0, |_| 0.0), None);
        assert_eq!(bootstrap_interval(10, 10, 1, 0.95, |_| f64::NAN), None);
    }

    proptest! {
        #[test]
        fn stays_within_the_samples(samples in prop::collection::vec(-1e3..1e3f64, 1..30), seed in any::<u64>()) {
            let interval = bootstrap_interval(samples.len(), 50, seed, 0.95, |at| mean_at(&samples, at)).unwrap();
            let (low, high) = samples.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
            prop_assert!(low - 1e-9 <= interval.low && interval.low <= interval.high && interval.high <= high + 1e-9);
        }
    }
}
