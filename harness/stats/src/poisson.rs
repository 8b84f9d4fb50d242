//! Poisson arrivals from a seed, the same ones in every language.

/// `SplitMix64` (Steele, Lea and Flood, “Fast splittable pseudorandom number generators”, OOPSLA 2014): small enough that
/// a worker in any language can make the same arrivals.
#[derive(Debug, Clone)]
struct SplitMix(u64);

impl SplitMix {
    /// Evenly from 0 to below 1, with 53 bits.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The arrival times of a Poisson process, in nanoseconds from its beginning, ascending and without end.
///
/// The gaps are −ln(1 − u) / rate with u from `SplitMix64` of the seed, its upper 53 bits over 2⁵³; they are summed up as
/// floating-point nanoseconds, and each sum is cut to a whole number.
#[derive(Debug, Clone)]
pub struct PoissonArrivals {
    random: SplitMix,
    gap_ns: f64,
    now_ns: f64,
}

impl PoissonArrivals {
    /// Arrivals at `rate_per_s`, which is finite and above 0; `None` otherwise.
    pub fn new(rate_per_s: f64, seed: u64) -> Option<Self> {
        (rate_per_s.is_finite() && rate_per_s > 0.0).then(|| Self {
            random: SplitMix(seed),
            gap_ns: 1e9 / rate_per_s,
            now_ns: 0.0,
        })
    }
}

impl Iterator for PoissonArrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.now_ns -= self.gap_ns * (-self.random.fraction()).ln_1p();
        Some(self.now_ns as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kolmogorov::exponential_fit;

    fn gaps(arrivals: impl Iterator<Item = u64>, count: usize) -> Vec<f64> {
        let times: Vec<u64> = std::iter::once(0).chain(arrivals.take(count)).collect();
        times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e9).collect()
    }

    /// Of 200 schedules of 10,000 gaps each the p-values are even: 1 % of them below 1 %, give or take.
    #[test]
    fn the_gaps_are_exponential() {
        let rate = 250.0;
        let p_values: Vec<f64> = (0..200)
            .map(|seed| {
                let gaps = gaps(PoissonArrivals::new(rate, seed).unwrap(), 10_000);
                exponential_fit(&gaps, rate).unwrap().p_value
            })
            .collect();
        let below = |p: f64| p_values.iter().filter(|&&value| value < p).count();
        assert!(below(0.01) <= 7, "{}", below(0.01));
        assert!((80..=120).contains(&below(0.5)), "{}", below(0.5));
    }

    #[test]
    fn other_gaps_are_told_from_exponential_ones() {
        let even = (1..).map(|k| k * 4_000_000);
        assert!(exponential_fit(&gaps(even, 10_000), 250.0).unwrap().p_value < 1e-9);
        let faster = PoissonArrivals::new(275.0, 1).unwrap();
        assert!(exponential_fit(&gaps(faster, 10_000), 250.0).unwrap().p_value < 1e-6);
    }

    #[test]
    fn a_seed_is_a_schedule() {
        let first = |seed| -> Vec<u64> { PoissonArrivals::new(1000.0, seed).unwrap().take(4).collect() };
        assert_eq!(first(7), first(7));
        assert_ne!(first(7), first(8));
        // By hand in Python, for workers in other languages.
        assert_eq!(first(0), POISSON_OF_SEED_0);
    }

    // python3 -c "
    // import math
    // s, t, m = 0, 0.0, 2**64 - 1
    // for _ in range(4):
    //   s = (s + 0x9E3779B97F4A7C15) & m; z = s
    //   z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & m; z = ((z ^ z >> 27) * 0x94D049BB133111EB) & m; z ^= z >> 31
    //   t -= 1e6 * math.log1p(-((z >> 11) / 2**53)); print(int(t))"
    const POISSON_OF_SEED_0: [u64; 4] = [2_148_241, 2_713_044, 2_739_833, 6_276_231];

    #[test]
    fn a_rate_that_is_none_has_no_arrivals() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(PoissonArrivals::new(rate, 0).is_none());
        }
        // So slow that no time holds it: the times stop at the largest, and nothing overflows.
        assert_eq!(PoissonArrivals::new(1e-300, 0).unwrap().nth(3), Some(u64::MAX));
    }
}
