//! What effect a paired design is able to see, and how many restarts an effect takes.
//!
//! A restart gives one difference of logarithms; an effect is a shift of them, ln 1.03 for 3%.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::interval::is_confidence;
use crate::summary::{quantile, summarise};

/// The standard deviation of a normal distribution over its median absolute deviation, 1/Φ⁻¹(¾).
const OVER_MAD: f64 = 1.482_602_218_505_602;

/// The smallest shift that a one-sided test at level `alpha` finds with probability `power` from `n` differences of
/// standard deviation `sd`: (z(1 − α) + z(power))·σ/√n, z being quantiles of the normal distribution, in the unit of
/// `sd`.
///
/// It is the size of Student's test for known σ. The signed-rank test loses 2.3% of it on normal differences (its
/// efficiency is 3/π), wins on ones with heavy tails, and finds nothing at all below log₂(1/α) differences, which this
/// figure does not know.
///
/// `None` where `n` is 0, `sd` is negative, NaN or infinite, `alpha` or `power` does not lie strictly between 0 and 1, or
/// the power is not above α.
///
/// Source: the power of the normal test, as in Lehmann & Romano, "Testing Statistical Hypotheses", 3rd edition (2005),
/// §3.4.
pub fn minimum_detectable_effect(sd: f64, n: usize, alpha: f64, power: f64) -> Option<f64> {
    let z = planning_quantile(sd, alpha, power)?;
    (n > 0).then(|| z * sd / (n as f64).sqrt())
}

/// The restarts from which [`minimum_detectable_effect`] is at most `effect`: ⌈((z(1 − α) + z(power))·σ/effect)²⌉, and at
/// least 1. No margin is added, for Student's quantiles or for the ranks of few differences.
///
/// `None` where that is `None`, `effect` is not a number above 0 (in the unit of `sd`), or the restarts are beyond
/// counting.
pub fn restarts_for(sd: f64, effect: f64, alpha: f64, power: f64) -> Option<usize> {
    let z = planning_quantile(sd, alpha, power)?;
    let restarts = (z * sd / effect).powi(2).ceil();
    (effect > 0.0 && restarts < u32::MAX.into()).then(|| (restarts as usize).max(1))
}

/// A standard deviation that a quarter of the values cannot inflate: the larger of 1.4826·MAD and IQR/1.349, both of
/// which are σ for normal values, in the unit of the values.
///
/// The larger, because either alone falls short on some shape (the MAD where one side is long, the interquartile range
/// of type-7 quantiles in small samples), and a spread that is too small plans too few restarts. Where both are 0,
/// because most values are equal but not all, it is the ordinary standard deviation: ties are no evidence of precision.
///
/// `None` for fewer than 2 values, or one that is NaN or infinite.
///
/// Source: Rousseeuw & Croux, "Alternatives to the Median Absolute Deviation", JASA 88(424), 1993, §1.
pub fn robust_sd(values: &[f64]) -> Option<f64> {
    let summary = summarise(values)?;
    let sd = summary.sd?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quartiles = quantile(&sorted, 0.75)? - quantile(&sorted, 0.25)?;
    let scale = OVER_MAD * summary.mad.max(quartiles / 2.0);
    Some(if scale > 0.0 { scale } else { sd })
}

fn planning_quantile(sd: f64, alpha: f64, power: f64) -> Option<f64> {
    let valid = sd >= 0.0 && sd.is_finite() && is_confidence(alpha) && is_confidence(power) && power > alpha;
    let normal = Normal::standard();
    valid.then(|| normal.inverse_cdf(1.0 - alpha) + normal.inverse_cdf(power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::signed_rank::signed_rank_greater;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    // python3 -c "from scipy.stats import norm; z=norm.ppf(.99)+norm.ppf(.95); from math import ceil,log
    // print([z*s/n**.5 for s,n in ((.02,20),(.05,7))], [ceil((z*s/e)**2) for s in (.005,.02,.1) for e in (.01,.03)],
    //   ceil((z*.0376/log(1.02))**2))"
    #[test]
    fn agrees_with_scipy() {
        close(
            minimum_detectable_effect(0.02, 20, 0.01, 0.95).unwrap(),
            0.017_759_753_017_136_02,
            1e-9,
        );
        close(
            minimum_detectable_effect(0.05, 7, 0.01, 0.95).unwrap(),
            0.075_048_654_126_800_59,
            1e-9,
        );
        let restarts =
            [0.005, 0.02, 0.1].map(|sd| [0.01, 0.03].map(|effect| restarts_for(sd, effect, 0.01, 0.95).unwrap()));
        assert_eq!(restarts, [[4, 1], [64, 8], [1578, 176]]);
        assert_eq!(restarts_for(0.0376, 0.02f64.ln_1p(), 0.01, 0.95), Some(57));
    }

    // python3 -c "from scipy.stats import median_abs_deviation as mad, iqr
    // x=[3.1,2.7,9.5,3.3,2.9,3.0,4.4]; print(mad(x,scale='normal'), iqr(x,scale='normal'))"
    #[test]
    fn the_robust_spread_agrees_with_scipy() {
        let mut samples = [3.1, 2.7, 9.5, 3.3, 2.9, 3.0, 4.4];
        close(robust_sd(&samples).unwrap(), 0.667_170_998_327_520_7, 1e-12);
        // A worse outlier changes nothing.
        let before = robust_sd(&samples);
        samples[2] = 1e9;
        assert_eq!(robust_sd(&samples), before);
        // python3 -c "from scipy.stats import median_abs_deviation as mad, iqr
        // x=[1,2,3,4,100,110,120]; print(mad(x,scale='normal'), iqr(x,scale='normal'))"
        close(
            robust_sd(&[1.0, 2.0, 3.0, 4.0, 100.0, 110.0, 120.0]).unwrap(),
            75.983_363_698_412_09,
            1e-12,
        );
    }

    #[test]
    fn either_measure_may_be_the_larger() {
        // Half the distance of the quartiles is 1 beside a MAD of 2, then ½ beside 0.
        assert_eq!(robust_sd(&[-2.0, 0.0, 0.0, 2.0, 2.0]), Some(OVER_MAD * 2.0));
        assert_eq!(robust_sd(&[1.0, 1.0, 1.0, 2.0, 2.0]), Some(OVER_MAD * 0.5));
    }

    #[test]
    fn ties_are_no_precision() {
        let samples = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0];
        close(robust_sd(&samples).unwrap(), 2f64.sqrt(), 1e-15);
        assert_eq!(robust_sd(&[4.0; 8]), Some(0.0));
    }

    #[test]
    fn nonsense_has_no_plan() {
        assert_eq!(minimum_detectable_effect(0.02, 0, 0.01, 0.95), None);
        assert_eq!(minimum_detectable_effect(-0.02, 5, 0.01, 0.95), None);
        assert_eq!(minimum_detectable_effect(f64::NAN, 5, 0.01, 0.95), None);
        assert_eq!(minimum_detectable_effect(0.02, 5, 0.0, 0.95), None);
        assert_eq!(minimum_detectable_effect(0.02, 5, 0.01, 1.0), None);
        assert_eq!(minimum_detectable_effect(0.02, 5, 0.2, 0.1), None);
        for effect in [0.0, -0.01, f64::NAN, 1e-300] {
            assert_eq!(restarts_for(0.02, effect, 0.01, 0.95), None);
        }
        assert_eq!(restarts_for(0.0, 0.01, 0.01, 0.95), Some(1));
        assert_eq!(robust_sd(&[1.0]), None);
        assert_eq!(robust_sd(&[1.0, f64::NAN]), None);
    }

    /// The plan keeps its promise with the signed-rank test, up to that test's efficiency.
    #[test]
    fn a_planned_test_has_its_power() {
        let (sd, effect) = (2.0, 1.0);
        let n = restarts_for(sd, effect, 0.01, 0.9).unwrap();
        let mut normals = Normals::seeded(3);
        let found = share(1_000, || {
            let differences: Vec<f64> = (0..n).map(|_| effect + sd * normals.one()).collect();
            signed_rank_greater(&differences, 0.0).unwrap() <= 0.01
        });
        assert!((0.84..0.92).contains(&found), "{n} restarts found {found}");
    }

    /// Unbiased within a few percent on normal values.
    #[test]
    fn the_robust_spread_is_sigma() {
        let mut normals = Normals::seeded(4);
        close(robust_sd(&normals.many(20_000)).unwrap(), 1.0, 0.03);
        let small = (0..2_000).map(|_| robust_sd(&normals.many(20)).unwrap()).sum::<f64>() / 2_000.0;
        assert!((0.95..1.1).contains(&small), "{small}");
    }

    proptest! {
        #[test]
        fn planned_restarts_reach_the_effect(sd in 0.001..1.0f64, effect in 0.001..0.2f64, alpha in 0.001..0.1f64) {
            let n = restarts_for(sd, effect, alpha, 0.95).unwrap();
            prop_assert!(minimum_detectable_effect(sd, n, alpha, 0.95).unwrap() <= effect * (1.0 + 1e-12));
            if n > 1 {
                prop_assert!(minimum_detectable_effect(sd, n - 1, alpha, 0.95).unwrap() > effect * (1.0 - 1e-12));
            }
        }

        #[test]
        fn the_robust_spread_scales_and_ignores_order(mut values in prop::collection::vec(-1e3..1e3f64, 2..40)) {
            let spread = robust_sd(&values).unwrap();
            values.reverse();
            let moved: Vec<f64> = values.iter().map(|x| -4.0 * x).collect();
            close(robust_sd(&moved).unwrap(), 4.0 * spread, 1e-9);
        }
    }
}
