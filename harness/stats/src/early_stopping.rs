//! Which percentiles a number of samples supports: the early-stopping criterion of `MLPerf` inference.

use crate::binomial::lower_tail;
use crate::summary::{interpolate, neighbours};

/// The confidence of every early-stopping estimate, as in `MLPerf` inference.
const CONFIDENCE: f64 = 0.99;

/// Beyond this many samples the binomial tail loses its accuracy, and no run holds them.
const MOST_SAMPLES: u64 = 1 << 36;

/// One percentile of a set of latencies, as far as the number of samples allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// Which percentile, as a fraction: 0.9 for p90.
    pub p: f64,
    /// How many samples there were.
    pub n: usize,
    /// How many samples the percentile needs: [`required_samples`] for one overlatency at 99% confidence.
    pub needed: u64,
    /// The quantile of the samples (type 7), in their unit; absent where `n` is below `needed`.
    pub empirical: Option<f64>,
    /// The early-stopping estimate, in the unit of the samples: an upper bound of the true percentile at 99%
    /// confidence. Absent where `n` is below `needed`.
    pub conservative: Option<u64>,
}

/// The fewest samples of which `overlatency` may lie above a bound while it still holds, at `confidence`, that the
/// bound is met by a fraction `p` of all queries: min n with P[Bin(n, 1 − p) ≤ overlatency] ≤ 1 − confidence.
///
/// Source: `MLPerf` inference rules, appendix "Early stopping criterion", with tolerance d = 0. `u64::MAX`, more than
/// any run has, where `p` or `confidence` does not lie strictly between 0 and 1, or the answer is beyond 2³⁶.
pub fn required_samples(p: f64, overlatency: u64, confidence: f64) -> u64 {
    let strictly_inside = |x: f64| x > 0.0 && x < 1.0;
    if !strictly_inside(p) || !strictly_inside(confidence) || overlatency >= MOST_SAMPLES {
        return u64::MAX;
    }
    let enough = |n: u64| lower_tail(n, 1.0 - p, overlatency) <= 1.0 - confidence;
    // With no more samples than overlatencies the tail is 1, so the search starts above too few.
    let mut too_few = overlatency;
    let mut most = overlatency + 1;
    while !enough(most) {
        too_few = most;
        most *= 2;
        if most > MOST_SAMPLES {
            return u64::MAX;
        }
    }
    while most - too_few > 1 {
        let middle = u64::midpoint(too_few, most);
        if enough(middle) {
            most = middle;
        } else {
            too_few = middle;
        }
    }
    most
}

/// The percentile `p` (a fraction, 0.9 for p90) of samples in ascending order, both as the empirical quantile and as
/// the conservative estimate of early stopping.
///
/// With n samples, t is the largest number of overlatencies for which n samples are enough; the t − 1 slowest samples
/// are discarded and the slowest of the rest is reported (`MLPerf` inference rules, "Early stopping criterion").
pub fn early_stopping_percentile(sorted: &[u64], p: f64) -> Percentile {
    let n = sorted.len();
    let needed = required_samples(p, 1, CONFIDENCE);
    let mut percentile = Percentile {
        p,
        n,
        needed,
        empirical: None,
        conservative: None,
    };
    if (n as u64) < needed {
        return percentile;
    }
    percentile.empirical =
        neighbours(sorted, p).map(|(below, above, part)| interpolate(below as f64, above as f64, part));
    percentile.conservative = sorted.get(n - overlatencies(n as u64, p) as usize).copied();
    percentile
}

/// Whether a latency bound holds at the percentile `p` (a fraction) with 99 % confidence, when `over` of `n` queries were
/// above it: `n` is at least [`required_samples`] for so many.
///
/// Source: `MLPerf` inference rules, "Early stopping criterion", as `LoadGen` applies it to its server scenario.
pub fn bound_holds(n: u64, over: u64, p: f64) -> bool {
    over < n && n >= required_samples(p, over, CONFIDENCE)
}

/// The largest t with `required_samples(p, t) ≤ n`, at least 1: `n` samples are enough for one.
fn overlatencies(n: u64, p: f64) -> u64 {
    // The tail falls as n grows, so `required_samples(p, t) ≤ n` is a question about n itself, and rises with t.
    let (mut fits, mut too_many) = (1, n);
    while too_many - fits > 1 {
        let middle = u64::midpoint(fits, too_many);
        if lower_tail(n, 1.0 - p, middle) <= 1.0 - CONFIDENCE {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The 64 / 662 / 459 of MLPerf are among these. The rest:
    // python3 -c "from scipy.stats import binom
    // n=lambda p,t: next(n for n in range(t+1,10**6) if binom.cdf(t,n,1-p)<=.01)
    // print([[n(p,t) for t in (0,1,2,5,10,50)] for p in (.5,.9,.95,.97,.99,.999)])"
    #[test]
    fn reproduces_the_early_stopping_table_exactly() {
        let table = [
            (0.5, [7, 11, 14, 22, 35, 128]),
            (0.9, [44, 64, 81, 127, 197, 681]),
            (0.95, [90, 130, 165, 259, 398, 1372]),
            (0.97, [152, 219, 277, 433, 667, 2293]),
            (0.99, [459, 662, 838, 1307, 2010, 6898]),
            (0.999, [4603, 6636, 8403, 13_105, 20_140, 69_058]),
        ];
        for (p, expected) in table {
            assert_eq!(
                [0, 1, 2, 5, 10, 50].map(|t| required_samples(p, t, 0.99)),
                expected,
                "p = {p}"
            );
        }
    }

    /// What real runs of `LoadGen` printed: queries, percentile, how many of the slowest it would discard.
    #[test]
    fn discards_as_many_as_loadgen_printed() {
        for (n, p, discarded) in [(745, 0.9, 54), (745, 0.99, 0), (100, 0.9, 2), (1024, 0.9, 79)] {
            assert_eq!(overlatencies(n, p), discarded + 1, "{n} queries, p = {p}");
            let sorted: Vec<u64> = (1..=n).collect();
            let estimate = early_stopping_percentile(&sorted, p).conservative;
            assert_eq!(estimate, Some(n - discarded), "{n} queries, p = {p}");
        }
    }

    /// With none above the bound 459 queries are enough at p99, with one 662, with ten 2010.
    #[test]
    fn a_bound_holds_from_the_tables_count_on() {
        for (n, over) in [(459, 0), (662, 1), (838, 2), (2010, 10)] {
            assert!(bound_holds(n, over, 0.99));
            assert!(!bound_holds(n - 1, over, 0.99));
            assert!(!bound_holds(n, over + 1, 0.99));
        }
        assert!(!bound_holds(0, 0, 0.99));
        assert!(!bound_holds(10, 10, 0.99));
        assert!(!bound_holds(u64::MAX, u64::MAX, 0.99));
        assert!(!bound_holds(1000, 0, f64::NAN));
    }

    // python3 -c "from scipy.stats import binom; import numpy as np
    // for n in (1000, 10**6):
    //   t=np.arange(n); print([int(t[binom.cdf(t,n,1-p)<=.01].max()) for p in (.5,.9,.99,.999)])"
    #[test]
    fn counts_overlatencies_as_scipy_does() {
        let p = [0.5, 0.9, 0.99];
        assert_eq!(p.map(|p| overlatencies(1000, p)), [462, 78, 2]);
        assert_eq!(p.map(|p| overlatencies(1_000_000, p)), [498_836, 99_302, 9768]);
        assert_eq!(overlatencies(1_000_000, 0.999), 926);
    }

    #[test]
    fn a_percentile_appears_with_its_first_sufficient_sample() {
        let samples: Vec<u64> = (1..=64).collect();
        let short = early_stopping_percentile(&samples[..63], 0.9);
        assert_eq!(
            (short.n, short.needed, short.empirical, short.conservative),
            (63, 64, None, None)
        );
        // One overlatency is allowed, so none of the slowest is discarded.
        let enough = early_stopping_percentile(&samples, 0.9);
        assert_eq!(enough.conservative, Some(64));
        assert!((enough.empirical.unwrap() - 57.7).abs() < 1e-12);
        let more: Vec<u64> = (1..=81).collect();
        assert_eq!(early_stopping_percentile(&more, 0.9).conservative, Some(80));
    }

    #[test]
    fn nonsense_is_never_supported() {
        for p in [0.0, 1.0, -1.0, f64::NAN, 1.0 - 1e-12] {
            assert_eq!(required_samples(p, 1, 0.99), u64::MAX);
            assert_eq!(early_stopping_percentile(&[1, 2, 3], p).empirical, None);
        }
        assert_eq!(required_samples(0.9, 1, 1.0), u64::MAX);
        assert_eq!(required_samples(0.9, u64::MAX, 0.99), u64::MAX);
        assert_eq!(early_stopping_percentile(&[], 0.5).conservative, None);
    }

    proptest! {
        #[test]
        fn the_answer_is_the_smallest_that_is_enough(p in 0.01..0.999f64, t in 0u64..50, confidence in 0.5..0.999f64) {
            let n = required_samples(p, t, confidence);
            prop_assert!(lower_tail(n, 1.0 - p, t) <= 1.0 - confidence);
            prop_assert!(lower_tail(n - 1, 1.0 - p, t) > 1.0 - confidence);
        }

        #[test]
        fn the_estimate_is_a_sample_and_not_below_the_quantile(mut samples in prop::collection::vec(0u64..1_000_000, 0..900), p in 0.01..0.99f64) {
            samples.sort_unstable();
            let percentile = early_stopping_percentile(&samples, p);
            prop_assert_eq!(percentile.empirical.is_some(), samples.len() as u64 >= percentile.needed);
            prop_assert_eq!(percentile.conservative.is_some(), percentile.empirical.is_some());
            if let (Some(empirical), Some(conservative)) = (percentile.empirical, percentile.conservative) {
                prop_assert!(samples.contains(&conservative));
                prop_assert!(conservative as f64 >= empirical.floor());
            }
        }
    }
}
