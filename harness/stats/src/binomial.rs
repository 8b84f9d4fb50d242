//! The tail of the binomial distribution, for millions of trials.

use statrs::distribution::{Binomial, Discrete};

/// P[Bin(n, q) ≤ k], for 0 < q < 1, by summing the mass function from `k` away from the mean.
///
/// Each term is the one before times a simple ratio, and the terms fade within a few standard deviations, so the cost
/// is O(√n). The continued fraction of the incomplete beta function is cut off after a fixed number of terms in
/// `statrs`, too few for a million trials.
pub(crate) fn lower_tail(n: u64, q: f64, k: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let odds = q / (1.0 - q);
    if k as f64 <= n as f64 * q {
        mass(n, q, k) * series(k, |i| (i > 0).then(|| (i - 1, i as f64 / ((n - i + 1) as f64 * odds))))
    } else {
        let above = k + 1;
        let upper = mass(n, q, above)
            * series(above, |i| {
                (i < n).then(|| (i + 1, (n - i) as f64 * odds / (i + 1) as f64))
            });
        (1.0 - upper).max(0.0)
    }
}

/// P[Bin(n, q) = k].
pub(crate) fn mass(n: u64, q: f64, k: u64) -> f64 {
    Binomial::new(q, n).map_or(f64::NAN, |distribution| distribution.ln_pmf(k).exp())
}

/// 1 + r₁ + r₁r₂ + …, until a term no longer changes the sum. `step` gives the next index and the ratio to it.
fn series(mut index: u64, step: impl Fn(u64) -> Option<(u64, f64)>) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    while let Some((next, ratio)) = step(index) {
        index = next;
        term *= ratio;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Asserts agreement within `tolerance`, relative to the expected value where that is above 1.
    #[track_caller]
    pub(crate) fn close(actual: f64, expected: f64, tolerance: f64) {
        let scale = expected.abs().max(1.0);
        assert!(
            (actual - expected).abs() <= tolerance * scale,
            "{actual} is not {expected} within {tolerance}"
        );
    }

    // python3 -c "from scipy.stats import binom; print(binom.cdf(9800,1000000,.01), binom.cdf(499000,1000000,.5),
    //   binom.cdf(3,20,.4), binom.cdf(15,20,.4), binom.cdf(99672,1000000,.1))"
    #[test]
    fn agrees_with_scipy() {
        close(lower_tail(1_000_000, 0.01, 9_800), 0.022_212_510_364_735_48, 1e-9);
        close(lower_tail(1_000_000, 0.5, 499_000), 0.022_804_149_932_694_8, 1e-9);
        close(lower_tail(20, 0.4, 3), 0.015_961_162_790_008_25, 1e-13);
        close(lower_tail(20, 0.4, 15), 0.999_682_968_878_831_3, 1e-13);
        close(lower_tail(1_000_000, 0.1, 99_672), 0.137_470_989_143_415_68, 1e-9);
        close(lower_tail(20, 0.4, 20), 1.0, 0.0);
    }
}
