//! Shares: how many were right, and how many more than before.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::interval::{Interval, is_confidence};

/// Samples counted by whether the baseline and the variant were right on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedTable {
    /// Samples that both had right.
    pub both_right: u64,
    /// Samples that only the baseline had right: what the variant lost.
    pub only_baseline: u64,
    /// Samples that only the variant had right: what it gained.
    pub only_variant: u64,
    /// Samples that both had wrong.
    pub neither: u64,
}

impl PairedTable {
    /// How many samples.
    pub fn n(&self) -> u64 {
        self.both_right + self.discordant() + self.neither
    }

    /// How many samples one had right and the other wrong.
    pub fn discordant(&self) -> u64 {
        self.only_baseline + self.only_variant
    }

    /// The share of samples (0 to 1) whose answer went from right to wrong or back (Dutta et al., "Accuracy is Not All
    /// You Need", `NeurIPS` 2024). Absent for an empty table.
    pub fn flips(&self) -> Option<f64> {
        self.share(self.discordant() as f64)
    }

    /// The accuracy of the variant less that of the baseline, −1 to 1. Absent for an empty table.
    pub fn delta(&self) -> Option<f64> {
        self.share(self.only_variant as f64 - self.only_baseline as f64)
    }

    fn share(&self, count: f64) -> Option<f64> {
        (self.n() > 0).then(|| count / self.n() as f64)
    }
}

/// Counts the paired table of two sets of answers to the same samples in the same order. `None` where the lengths
/// differ.
pub fn paired_table(baseline_right: &[bool], variant_right: &[bool]) -> Option<PairedTable> {
    if baseline_right.len() != variant_right.len() {
        return None;
    }
    let mut table = PairedTable {
        both_right: 0,
        only_baseline: 0,
        only_variant: 0,
        neither: 0,
    };
    for pair in baseline_right.iter().zip(variant_right) {
        let count = match pair {
            (true, true) => &mut table.both_right,
            (true, false) => &mut table.only_baseline,
            (false, true) => &mut table.only_variant,
            (false, false) => &mut table.neither,
        };
        *count += 1;
    }
    Some(table)
}

/// Wilson's score interval of a share:
/// (p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n), without continuity correction.
///
/// `None` where `n` is 0, there are more successes than samples, or `confidence` does not lie strictly between 0 and 1.
///
/// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
pub fn wilson(successes: u64, n: u64, confidence: f64) -> Option<Interval> {
    if n == 0 || successes > n {
        return None;
    }
    let z = normal(confidence)?;
    let (count, share) = (n as f64, successes as f64 / n as f64);
    let scale = 1.0 + z * z / count;
    let centre = (share + z * z / (2.0 * count)) / scale;
    let half = z * (share * (1.0 - share) / count + (z / (2.0 * count)).powi(2)).sqrt() / scale;
    // At the ends the formula gives exactly 0 and 1, which rounding misses.
    let low = if successes == 0 {
        0.0
    } else {
        (centre - half).clamp(0.0, share)
    };
    let high = if successes == n {
        1.0
    } else {
        (centre + half).clamp(share, 1.0)
    };
    Some(Interval { low, high, confidence })
}

/// The interval of [`PairedTable::delta`] by Newcombe's square-and-add method for paired samples, from Wilson's
/// intervals of the two accuracies and a continuity-corrected estimate of their correlation.
///
/// With p₁ and p₂ the accuracies of variant and baseline, `l` and `u` their Wilson limits, and φ the correlation:
/// low = Δ − √((p₁−l₁)² − 2φ(p₁−l₁)(u₂−p₂) + (u₂−p₂)²), high = Δ + √((u₁−p₁)² − 2φ(u₁−p₁)(p₂−l₂) + (p₂−l₂)²).
/// The numerator of φ is a·d − b·c, reduced by n/2, but not below 0, where it is positive; φ is 0 where a margin of the
/// table is empty.
///
/// `None` for an empty table, or a confidence that does not lie strictly between 0 and 1.
///
/// Source: Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
/// data", Statistics in Medicine 17 (1998), method 10.
pub fn newcombe_paired(table: PairedTable, confidence: f64) -> Option<Interval> {
    let n = table.n();
    let delta = table.delta()?;
    let right = [
        table.both_right + table.only_variant,
        table.both_right + table.only_baseline,
    ];
    let [variant, baseline] = right.map(|count| (count as f64 / n as f64, wilson(count, n, confidence)));
    let ((p1, variant), (p2, baseline)) = ((variant.0, variant.1?), (baseline.0, baseline.1?));
    let phi = correlation(table);
    let half = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    Some(Interval {
        low: (delta - half(p1 - variant.low, baseline.high - p2)).max(-1.0),
        high: (delta + half(variant.high - p1, p2 - baseline.low)).min(1.0),
        confidence,
    })
}

fn correlation(table: PairedTable) -> f64 {
    let [a, b, c, d] =
        [table.both_right, table.only_variant, table.only_baseline, table.neither].map(|count| count as f64);
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    if margins == 0.0 {
        return 0.0;
    }
    let raw = a * d - b * c;
    let corrected = if raw > 0.0 {
        (raw - table.n() as f64 / 2.0).max(0.0)
    } else {
        raw
    };
    (corrected / margins.sqrt()).clamp(-1.0, 1.0)
}

/// The two-sided quantile of the normal distribution.
fn normal(confidence: f64) -> Option<f64> {
    is_confidence(confidence).then(|| Normal::standard().inverse_cdf(f64::midpoint(1.0, confidence)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    fn table(both_right: u64, only_variant: u64, only_baseline: u64, neither: u64) -> PairedTable {
        PairedTable {
            both_right,
            only_baseline,
            only_variant,
            neither,
        }
    }

    // python3 -c "from scipy import stats
    // print([stats.binomtest(k,n).proportion_ci(c,method='wilson') for k,n,c in ((76,100,.95),(0,30,.95),(30,30,.99),(9900,10000,.9))])"
    #[test]
    fn wilson_agrees_with_scipy() {
        let expected = [
            (76, 100, 0.95, 0.667_676_636_501_855_3, 0.833_086_744_430_512_2),
            (0, 30, 0.95, 0.0, 0.113_513_393_173_968_75),
            (30, 30, 0.99, 0.818_891_351_781_889_2, 1.0),
            (9900, 10_000, 0.9, 0.988_225_718_429_547_4, 0.991_509_210_028_208_7),
        ];
        for (successes, n, confidence, low, high) in expected {
            let interval = wilson(successes, n, confidence).unwrap();
            close(interval.low, low, 1e-11);
            close(interval.high, high, 1e-11);
        }
    }

    // R's contingencytables 3.1.0 prints for this table, in its own test of chapter 8:
    //   Newcombe_square_and_add_CI_paired_2x2(matrix(c(59, 6, 16, 80), 2, byrow = TRUE))
    //   estimate = -0.0621 (95% CI -0.1186 to -0.0046)
    #[test]
    fn newcombe_agrees_with_r() {
        let interval = newcombe_paired(table(59, 6, 16, 80), 0.95).unwrap();
        close(table(59, 6, 16, 80).delta().unwrap(), -0.0621, 5e-5);
        close(interval.low, -0.1186, 5e-5);
        close(interval.high, -0.0046, 5e-5);
    }

    // python3 -c "from math import sqrt; from scipy.stats import binomtest
    // def f(e,f,g,h,c):
    //   n=e+f+g+h; w=lambda k: binomtest(k,n).proportion_ci(c,method='wilson'); p,q=(e+f)/n,(e+g)/n
    //   (l,u),(m,v)=w(e+f),w(e+g); A=(e+f)*(g+h)*(e+g)*(f+h); B=e*h-f*g; C=max(B-n/2,0) if B>0 else B; r=C/sqrt(A) if A else 0
    //   return p-q-sqrt((p-l)**2-2*r*(p-l)*(v-q)+(v-q)**2), p-q+sqrt((u-p)**2-2*r*(u-p)*(q-m)+(q-m)**2)
    // print([f(*x) for x in ((14,5,0,22,.95),(1,1,7,12,.95),(59,6,16,80,.95),(700,20,30,250,.9),(0,3,5,0,.95),(10,0,0,0,.95))])"
    #[test]
    fn newcombe_agrees_with_scipy() {
        let expected = [
            (
                table(14, 5, 0, 22),
                0.95,
                0.011_483_241_383_033_25,
                0.226_492_684_351_211_25,
            ),
            (
                table(1, 1, 7, 12),
                0.95,
                -0.506_920_226_686_141,
                -0.025_559_124_164_859_837,
            ),
            (
                table(59, 6, 16, 80),
                0.95,
                -0.118_621_195_638_709_96,
                -0.004_625_113_933_050_04,
            ),
            (
                table(700, 20, 30, 250),
                0.9,
                -0.021_800_346_202_185_523,
                0.001_763_547_956_252_007_1,
            ),
            (
                table(0, 3, 5, 0),
                0.95,
                -0.726_311_428_352_805_4,
                0.388_515_210_794_745_5,
            ),
            (
                table(10, 0, 0, 0),
                0.95,
                -0.277_532_799_862_889_15,
                0.277_532_799_862_889_15,
            ),
        ];
        for (table, confidence, low, high) in expected {
            let interval = newcombe_paired(table, confidence).unwrap();
            close(interval.low, low, 1e-11);
            close(interval.high, high, 1e-11);
        }
    }

    #[test]
    fn counts_pairs() {
        let counted = paired_table(&[true, true, false, false, true], &[true, false, true, false, false]).unwrap();
        assert_eq!(counted, table(1, 1, 2, 1));
        assert_eq!(
            (counted.n(), counted.flips(), counted.delta()),
            (5, Some(0.6), Some(-0.2))
        );
        assert_eq!(paired_table(&[true], &[]), None);
        assert_eq!(table(0, 0, 0, 0).delta(), None);
    }

    #[test]
    fn nothing_has_no_interval() {
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(wilson(2, 1, 0.95), None);
        assert_eq!(wilson(1, 2, 1.0), None);
        assert_eq!(wilson(1, 2, f64::NAN), None);
        assert_eq!(newcombe_paired(table(0, 0, 0, 0), 0.95), None);
    }

    proptest! {
        #[test]
        fn wilson_holds_the_share_and_mirrors(n in 1u64..100_000, part in 0.0..=1.0f64, confidence in 0.5..0.999f64) {
            let successes = ((n as f64 * part) as u64).min(n);
            let interval = wilson(successes, n, confidence).unwrap();
            let mirror = wilson(n - successes, n, confidence).unwrap();
            prop_assert!(interval.contains(successes as f64 / n as f64));
            prop_assert!((interval.low + mirror.high - 1.0).abs() < 1e-12);
        }

        #[test]
        fn newcombe_holds_delta_and_swapping_the_arms_mirrors(a in 0u64..500, b in 0u64..500, c in 0u64..500, d in 1u64..500) {
            let one = newcombe_paired(table(a, b, c, d), 0.95).unwrap();
            let other = newcombe_paired(table(a, c, b, d), 0.95).unwrap();
            prop_assert!(one.contains(table(a, b, c, d).delta().unwrap()));
            prop_assert!((one.low + other.high).abs() < 1e-12 && (one.high + other.low).abs() < 1e-12);
            prop_assert!(one.low >= -1.0 && one.high <= 1.0);
        }
    }
}
