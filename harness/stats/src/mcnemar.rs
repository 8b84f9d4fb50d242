//! Whether a variant's accuracy differs from its baseline's on the same samples, and what difference could be seen.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::binomial::{lower_tail, mass};
use crate::interval::is_confidence;
use crate::proportion::PairedTable;

/// The two-sided p-value of `McNemar`'s exact test: min(1, 2·P[Bin(b + c, ½) ≤ min(b, c)]), b and c being the samples
/// that only one of the two had right. 1 where there are none.
///
/// Source: `McNemar`, "Note on the sampling error of the difference between correlated proportions or percentages",
/// Psychometrika 12 (1947), in its exact form.
pub fn mcnemar_exact(table: &PairedTable) -> f64 {
    let (fewer, all) = discordant(table);
    (2.0 * lower_tail(all, 0.5, fewer)).min(1.0)
}

/// The two-sided mid-p value of `McNemar`'s test: the exact one less P[Bin(b + c, ½) = min(b, c)]. 1 where b = c.
///
/// It is less conservative than the exact test and rarely exceeds its level: Fagerland, Lydersen & Laake, "The `McNemar`
/// test for binary matched-pairs data: mid-p and asymptotic are better than exact conditional", BMC Medical Research
/// Methodology 13:91 (2013).
pub fn mcnemar_mid_p(table: &PairedTable) -> f64 {
    let (fewer, all) = discordant(table);
    if 2 * fewer == all {
        return 1.0;
    }
    (2.0 * lower_tail(all, 0.5, fewer) - mass(all, 0.5, fewer)).clamp(0.0, 1.0)
}

/// The smallest true difference of accuracy (a share, 0.01 for one percentage point) that a paired comparison of `n`
/// samples finds with probability `power` at a two-sided level `alpha`, if a share `flip_rate` of the samples changes
/// between right and wrong: (z(1 − α/2) + z(power))·√(ρ/n), z being quantiles of the normal distribution.
///
/// An upper bound, because the variance of a difference Δ is (ρ − Δ²)/n. `None` where `n` is 0, the flip
/// rate is 0 or above 1 (no flips seen do not make every difference visible), `alpha` does not lie strictly between 0
/// and 1, or `power` is below ½ or not below 1.
///
/// Source: Connor, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43
/// (1987), without the term in Δ².
pub fn paired_mde(flip_rate: f64, n: u64, alpha: f64, power: f64) -> Option<f64> {
    let z = planning_quantile(flip_rate, alpha, power)?;
    (n > 0).then(|| z * (flip_rate / n as f64).sqrt())
}

/// The number of samples from which [`paired_mde`] is at most `difference` (a share, above 0). `None`
/// where that is `None`, or `difference` is not above 0.
pub fn samples_for_paired_mde(flip_rate: f64, difference: f64, alpha: f64, power: f64) -> Option<u64> {
    let z = planning_quantile(flip_rate, alpha, power)?;
    let samples = (z / difference).powi(2) * flip_rate;
    (difference > 0.0 && samples < u64::MAX as f64).then(|| (samples.ceil() as u64).max(1))
}

/// The smaller of the two discordant counts, and their sum.
fn discordant(table: &PairedTable) -> (u64, u64) {
    (table.only_baseline.min(table.only_variant), table.discordant())
}

fn planning_quantile(flip_rate: f64, alpha: f64, power: f64) -> Option<f64> {
    let valid = flip_rate > 0.0 && flip_rate <= 1.0 && is_confidence(alpha) && (0.5..1.0).contains(&power);
    let normal = Normal::standard();
    valid.then(|| normal.inverse_cdf(1.0 - alpha / 2.0) + normal.inverse_cdf(power))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    fn table(only_baseline: u64, only_variant: u64) -> PairedTable {
        PairedTable {
            both_right: 50,
            only_baseline,
            only_variant,
            neither: 7,
        }
    }

    // python3 -c "from scipy import stats
    // print([stats.binomtest(b,b+c,.5).pvalue for b,c in ((1,7),(6,16),(5,5),(120,180),(0,12))])"
    #[test]
    fn exact_agrees_with_scipy() {
        let expected = [
            (1, 7, 0.070_312_5),
            (6, 16, 0.052_478_790_283_203_125),
            (5, 5, 1.0),
            (120, 180, 0.000_634_220_006_928_356_6),
            (0, 12, 0.000_488_281_25),
            (0, 0, 1.0),
        ];
        for (b, c, p) in expected {
            close(mcnemar_exact(&table(b, c)), p, 1e-12);
        }
    }

    // python3 -c "from scipy.stats import binom
    // print([2*binom.cdf(min(b,c),b+c,.5)-binom.pmf(min(b,c),b+c,.5) for b,c in ((1,7),(6,16),(120,180),(0,12))])"
    #[test]
    fn mid_p_agrees_with_scipy() {
        let expected = [
            (1, 7, 0.039_062_5),
            (6, 16, 0.034_689_664_840_698_24),
            (120, 180, 0.000_522_420_709_960_860_4),
            (0, 12, 0.000_244_140_625),
            (5, 5, 1.0),
            (0, 0, 1.0),
        ];
        for (b, c, p) in expected {
            close(mcnemar_mid_p(&table(b, c)), p, 1e-12);
        }
    }

    // python3 -c "from scipy.stats import norm; z=norm.ppf(.975)+norm.ppf(.8); from math import ceil
    // print([round(100*z*(r/n)**.5,2) for r in (.01,.1) for n in (100,1000,50000)], [ceil(z*z*r/1e-4) for r in (.01,.02,.05,.1)])"
    #[test]
    fn detectable_differences_agree_with_scipy() {
        let points = |rate, n| (1e4 * paired_mde(rate, n, 0.05, 0.8).unwrap()).round() / 100.0;
        assert_eq!([100, 1000, 50_000].map(|n| points(0.01, n)), [2.8, 0.89, 0.13]);
        assert_eq!([100, 1000, 50_000].map(|n| points(0.1, n)), [8.86, 2.8, 0.4]);
        let needed = [0.01, 0.02, 0.05, 0.1].map(|rate| samples_for_paired_mde(rate, 0.01, 0.05, 0.8).unwrap());
        assert_eq!(needed, [785, 1570, 3925, 7849]);
    }

    #[test]
    fn nonsense_has_no_plan() {
        assert_eq!(paired_mde(0.1, 0, 0.05, 0.8), None);
        assert_eq!(paired_mde(1.1, 10, 0.05, 0.8), None);
        assert_eq!(paired_mde(0.0, 10, 0.05, 0.8), None);
        assert_eq!(paired_mde(f64::NAN, 10, 0.05, 0.8), None);
        assert_eq!(samples_for_paired_mde(0.1, 0.0, 0.05, 0.8), None);
        assert_eq!(samples_for_paired_mde(0.1, -0.01, 0.05, 0.8), None);
    }

    proptest! {
        #[test]
        fn p_values_are_symmetric_and_ordered(b in 0u64..3000, c in 0u64..3000) {
            let (there, back) = (table(b, c), table(c, b));
            prop_assert_eq!(mcnemar_exact(&there), mcnemar_exact(&back));
            prop_assert_eq!(mcnemar_mid_p(&there), mcnemar_mid_p(&back));
            prop_assert!((0.0..=1.0).contains(&mcnemar_mid_p(&there)));
            prop_assert!(mcnemar_mid_p(&there) <= mcnemar_exact(&there));
        }

        #[test]
        fn planned_samples_reach_the_difference(rate in 0.001..0.5f64, difference in 0.001..0.2f64) {
            let n = samples_for_paired_mde(rate, difference, 0.05, 0.8).unwrap();
            prop_assert!(paired_mde(rate, n, 0.05, 0.8).unwrap() <= difference * (1.0 + 1e-12));
        }
    }
}
