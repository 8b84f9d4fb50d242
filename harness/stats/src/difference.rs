//! The difference of two means, and whether it is more than chance brings about.

use crate::interval::{Interval, Moments, is_confidence, student, tail};

/// A difference of two means, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The mean of the one less that of the other.
    pub estimate: f64,
    /// Its confidence interval.
    pub interval: Interval,
    /// The chance of a difference of this size or a larger one, to either side, where there is none.
    pub p: f64,
}

/// The mean of `a` less that of `b`, two independent sets, with Welch's interval and test.
///
/// `None` where either set has fewer than 3 values or one that is not finite, the difference or its error is beyond the
/// range of `f64`, or `confidence` does not lie strictly between 0 and 1.
///
/// Source: Welch, "The generalization of 'Student's' problem when several different population variances are involved",
/// Biometrika 34 (1947).
pub fn mean_difference(a: &[f64], b: &[f64], confidence: f64) -> Option<MeanDifference> {
    let (a, b) = (Moments::of(a)?, Moments::of(b)?);
    let (error, freedom) = a.welch(&b);
    tested(a.mean - b.mean, error, freedom, confidence)
}

/// The mean of `a` less that of `b`, two sets of which each value of the one belongs to that of the other at its place,
/// with Student's interval and test of the differences: what moves both of a pair alike does not count.
///
/// `None` where the sets are of unequal length, and as in [`mean_difference`].
pub fn paired_mean_difference(a: &[f64], b: &[f64], confidence: f64) -> Option<MeanDifference> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let of_pairs = Moments::of(&differences)?;
    tested(
        of_pairs.mean,
        of_pairs.square_of_error().sqrt(),
        of_pairs.n - 1.0,
        confidence,
    )
}

fn tested(estimate: f64, error: f64, freedom: f64, confidence: f64) -> Option<MeanDifference> {
    if !estimate.is_finite() || !error.is_finite() || !is_confidence(confidence) {
        return None;
    }
    let half = student(freedom, confidence)? * error;
    let p = if error > 0.0 {
        tail(estimate / error, freedom)?
    } else {
        // Values without any spread differ or do not.
        f64::from(estimate == 0.0)
    };
    Some(MeanDifference {
        estimate,
        interval: Interval {
            low: estimate - half,
            high: estimate + half,
            confidence,
        },
        p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    const A: [f64; 5] = [1.52, 1.47, 1.61, 1.49, 1.55];
    const B: [f64; 5] = [1.31, 1.12, 1.22, 1.40, 1.33];

    // python3 -c "from scipy import stats; a=[1.52,1.47,1.61,1.49,1.55]; b=[1.31,1.12,1.22,1.40]
    // r=stats.ttest_ind(a,b,equal_var=False); print(r.pvalue, r.confidence_interval(.95))"
    #[test]
    fn welch_agrees_with_scipy() {
        let found = mean_difference(&A, &B[..4], 0.95).unwrap();
        close(found.estimate, 0.2655, 1e-12);
        close(found.p, 0.014_916_955_711_116_33, 1e-9);
        close(found.interval.low, 0.085_431_852_579_379_27, 1e-9);
        close(found.interval.high, 0.445_568_147_420_620_45, 1e-9);
    }

    // python3 -c "from scipy import stats; a=[1.52,1.47,1.61,1.49,1.55]; b=[1.31,1.12,1.22,1.40,1.33]
    // r=stats.ttest_rel(a,b); print(r.pvalue, r.confidence_interval(.95))"
    #[test]
    fn pairs_agree_with_scipy() {
        let found = paired_mean_difference(&A, &B, 0.95).unwrap();
        close(found.estimate, 0.252, 1e-12);
        close(found.p, 0.009_360_454_133_465_418, 1e-9);
        close(found.interval.low, 0.102_896_884_118_547_53, 1e-9);
        close(found.interval.high, 0.401_103_115_881_452_5, 1e-9);
    }

    #[test]
    fn values_without_spread_differ_or_do_not() {
        let same = paired_mean_difference(&A, &A, 0.95).unwrap();
        assert_eq!((same.estimate, same.p, same.interval.low), (0.0, 1.0, 0.0));
        let apart = mean_difference(&[3.0; 3], &[2.0; 4], 0.95).unwrap();
        assert_eq!((apart.estimate, apart.p, apart.interval.high), (1.0, 0.0, 1.0));
    }

    #[test]
    fn too_little_is_absent() {
        assert_eq!(mean_difference(&A, &B[..2], 0.95), None);
        assert_eq!(paired_mean_difference(&A, &B[..4], 0.95), None);
        assert_eq!(paired_mean_difference(&A[..2], &B[..2], 0.95), None);
        assert_eq!(mean_difference(&A, &[1.0, f64::NAN, 2.0], 0.95), None);
        assert_eq!(mean_difference(&A, &B, 1.0), None);
    }

    /// Two sides that do not differ are told apart in 5 of 100 cases, paired or not.
    #[test]
    fn keeps_its_level() {
        let mut normals = Normals::seeded(11);
        let welch = share(4_000, || {
            mean_difference(&normals.many(5), &normals.many(5), 0.95).unwrap().p <= 0.05
        });
        assert!((0.03..0.06).contains(&welch), "{welch}");
        let paired = share(4_000, || {
            let common = normals.many(5);
            let mut side = || -> Vec<f64> { common.iter().zip(normals.many(5)).map(|(c, x)| 9.0 * c + x).collect() };
            paired_mean_difference(&side(), &side(), 0.95).unwrap().p <= 0.05
        });
        assert!((0.04..0.06).contains(&paired), "{paired}");
    }

    proptest! {
        #[test]
        fn never_panics(a in prop::collection::vec(any::<f64>(), 0..9), b in prop::collection::vec(any::<f64>(), 0..9), c in any::<f64>()) {
            let all = [mean_difference(&a, &b, 0.95), paired_mean_difference(&a, &b, 0.95), mean_difference(&a, &b, c)];
            for found in all.into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&found.p));
            }
        }

        #[test]
        fn the_interval_holds_nothing_where_the_test_tells_none(a in prop::collection::vec(-1e3..1e3f64, 3..9), b in prop::collection::vec(-1e3..1e3f64, 3..9)) {
            let found = mean_difference(&a, &b, 0.95).unwrap();
            prop_assert!(found.interval.contains(0.0) == (found.p > 0.05) || (found.p - 0.05).abs() < 1e-6);
            let back = mean_difference(&b, &a, 0.95).unwrap();
            prop_assert_eq!((back.estimate, back.p), (-found.estimate, found.p));
        }
    }
}
