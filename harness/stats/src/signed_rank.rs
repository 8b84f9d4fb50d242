//! Wilcoxon's signed-rank test of paired differences, and the estimate and the interval that belong to it.
//!
//! Every function takes the differences of the pairs in any order and any unit; the logarithms of ratios, for instance,
//! of which the exponential of an estimate is a ratio again. What is tested and estimated is the pseudo-median: the
//! median of the mean of two differences drawn independently, which is the median itself where the differences are
//! symmetric about it.
//!
//! Source: Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1(6), 1945; Hodges & Lehmann,
//! "Estimates of Location Based on Rank Tests", Annals of Mathematical Statistics 34(2), 1963; Hollander, Wolfe &
//! Chicken, "Nonparametric Statistical Methods", 3rd edition (2014), §3.1 to §3.3.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::interval::{Interval, is_confidence};
use crate::pairwise::{Means, ascending};

/// Up to this many differences the distribution is exact. Its counts are integers up to 2⁵⁰, which `f64` holds.
const EXACT: usize = 50;

/// The one-sided p-value of the signed-rank test for a pseudo-median above `shift`: P[W ≥ w] where it equals `shift`,
/// w being the sum of the ranks of |x − shift| over the differences above `shift`.
///
/// Differences equal to `shift` are left out before ranking, as Wilcoxon did, and equal |x − shift| share the mean of
/// their ranks. For up to 50 differences that are left, p is exact, with ties too: the share of the 2ⁿ ways to give the
/// ranks their signs. For more it is that of the normal distribution with mean n(n + 1)/4 and variance
/// n(n + 1)(2n + 1)/24 − Σ(t³ − t)/48 over groups of t ties, at w − ½.
///
/// 1 where every difference equals `shift`. `None` where there is no difference, or a difference less the shift is NaN
/// or infinite.
pub fn signed_rank_greater(differences: &[f64], shift: f64) -> Option<f64> {
    Some(Ranked::about(differences, shift)?.upper_tail())
}

/// The two-sided p-value of the signed-rank test for a pseudo-median other than `shift`: min(1, 2·min(P[W ≥ w],
/// P[W ≤ w])). Exact, approximate, 1 and `None` as for [`signed_rank_greater`].
pub fn signed_rank_two_sided(differences: &[f64], shift: f64) -> Option<f64> {
    let ranked = Ranked::about(differences, shift)?;
    let smaller = ranked.upper_tail().min(ranked.mirrored().upper_tail());
    Some((2.0 * smaller).min(1.0))
}

/// The Hodges–Lehmann estimate of the pseudo-median, in the unit of the differences: the median of the n(n + 1)/2 means
/// (xᵢ + xⱼ)/2, i ≤ j. `None` where there is no difference, or one is NaN or infinite.
pub fn hodges_lehmann(differences: &[f64]) -> Option<f64> {
    Means(&ascending(differences)?).median()
}

/// The interval of the pseudo-median that inverts the two-sided test: the `shift`s with a p-value above
/// 1 − `confidence`, in the unit of the differences.
///
/// Its ends are the k-th smallest and the k-th largest of the means (xᵢ + xⱼ)/2, k being the largest number with
/// P[W ≤ k − 1] ≤ (1 − confidence)/2: exact for up to 50 differences, else by the normal distribution with correction
/// for continuity. Ties are not corrected for, which makes the interval too wide rather than too narrow.
///
/// `None` where `confidence` does not lie strictly between 0 and 1, a difference is NaN or infinite, or there are too
/// few: 95% takes 6, 99% takes 8, 99.9% takes 11.
pub fn signed_rank_interval(differences: &[f64], confidence: f64) -> Option<Interval> {
    if !is_confidence(confidence) {
        return None;
    }
    let sorted = ascending(differences)?;
    let means = Means(&sorted);
    let k = order(sorted.len(), (1.0 - confidence) / 2.0)?;
    Some(Interval {
        low: means.kth(k)?,
        high: means.kth(means.len() + 1 - k)?,
        confidence,
    })
}

/// The upper bound of the pseudo-median at the one-sided level `alpha`: the pseudo-median is below it with confidence
/// 1 − α. The k-th largest mean of two, with k as in [`signed_rank_interval`] for P ≤ α.
///
/// `None` where `alpha` does not lie strictly between 0 and 1, a difference is NaN or infinite, or there are too few,
/// 2⁻ⁿ > α: 5% takes 5, 1% takes 7.
pub fn signed_rank_upper(differences: &[f64], alpha: f64) -> Option<f64> {
    let sorted = ascending(differences)?;
    let means = Means(&sorted);
    means.kth(means.len() + 1 - order(sorted.len(), alpha)?)
}

/// The lower bound of the pseudo-median at the one-sided level `alpha`, the k-th smallest mean of two: the shifts below
/// it are those with [`signed_rank_greater`] ≤ α. `None` as for [`signed_rank_upper`].
pub fn signed_rank_lower(differences: &[f64], alpha: f64) -> Option<f64> {
    let sorted = ascending(differences)?;
    Means(&sorted).kth(order(sorted.len(), alpha)?)
}

/// The ranks of a sample about a shift. Twice the ranks, because the mean rank of ties may end in a half.
struct Ranked {
    doubled: Vec<usize>,
    positive: usize,
    /// Σ(t³ − t) over groups of t ties.
    ties: f64,
}

impl Ranked {
    fn about(differences: &[f64], shift: f64) -> Option<Self> {
        let mut kept = Vec::with_capacity(differences.len());
        for difference in differences {
            let moved = difference - shift;
            if !moved.is_finite() {
                return None;
            }
            if moved != 0.0 {
                kept.push(moved);
            }
        }
        kept.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
        let mut ranked = Self {
            doubled: Vec::with_capacity(kept.len()),
            positive: 0,
            ties: 0.0,
        };
        for group in kept.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
            let rank = 2 * ranked.doubled.len() + group.len() + 1;
            ranked.doubled.extend(group.iter().map(|_| rank));
            ranked.positive += rank * group.iter().filter(|&&x| x > 0.0).count();
            let t = group.len() as f64;
            ranked.ties += t.powi(3) - t;
        }
        (!differences.is_empty()).then_some(ranked)
    }

    /// The same sample with every sign turned.
    fn mirrored(&self) -> Self {
        Self {
            doubled: self.doubled.clone(),
            positive: self.doubled.iter().sum::<usize>() - self.positive,
            ties: self.ties,
        }
    }

    /// P[W ≥ w].
    fn upper_tail(&self) -> f64 {
        let n = self.doubled.len();
        if n == 0 {
            return 1.0;
        }
        if n <= EXACT {
            let counts = subset_sums(self.doubled.iter().copied());
            return counts[self.positive..].iter().sum::<f64>() / 2f64.powi(n as i32);
        }
        let (mean, variance) = moments(n);
        let sd = (variance - self.ties / 48.0).sqrt();
        let w = self.positive as f64 / 2.0;
        Normal::standard().sf((w - mean - 0.5) / sd)
    }
}

/// How many subsets of the numbers have each sum, from 0 to the sum of all.
fn subset_sums(numbers: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut counts = vec![1.0];
    for number in numbers {
        let reached = counts.len();
        counts.resize(reached + number, 0.0);
        for sum in (number..counts.len()).rev() {
            counts[sum] += counts[sum - number];
        }
    }
    counts
}

/// The mean and the variance of W for `n` untied differences.
fn moments(n: usize) -> (f64, f64) {
    let n = n as f64;
    (n * (n + 1.0) / 4.0, n * (n + 1.0) * (2.0 * n + 1.0) / 24.0)
}

/// The largest k with P[W ≤ k − 1] ≤ `alpha` for `n` untied differences; `None` where there is none.
fn order(n: usize, alpha: f64) -> Option<usize> {
    if n == 0 || !is_confidence(alpha) {
        return None;
    }
    let k = if n <= EXACT {
        let allowed = alpha * 2f64.powi(n as i32);
        subset_sums(1..=n)
            .iter()
            .scan(0.0, |below, count| {
                *below += count;
                Some(*below)
            })
            .take_while(|&below| below <= allowed)
            .count()
    } else {
        let (mean, variance) = moments(n);
        let largest = mean + 0.5 + Normal::standard().inverse_cdf(alpha) * variance.sqrt();
        largest.clamp(0.0, 2.0 * mean).floor() as usize
    };
    (k > 0).then_some(k)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    const DARWIN: [f64; 15] = [
        6.0, 8.0, 14.0, 16.0, 23.0, 24.0, 28.0, 29.0, 41.0, -48.0, 49.0, 56.0, 60.0, -67.0, 75.0,
    ];

    /// The depression scores of Hollander & Wolfe, the example of R's `wilcox.test`: first visit less second.
    const DEPRESSION: [f64; 9] = [0.952, -0.147, 1.022, 0.43, 0.62, 0.59, 0.49, -0.08, 0.01];

    /// np.sin(i*i)*3+i/40 for i in 1..=n.
    fn waves(n: usize) -> Vec<f64> {
        (1..=n)
            .map(|i| ((i * i) as f64).sin() * 3.0 + i as f64 / 40.0)
            .collect()
    }

    // python3 -c "import numpy as np; from scipy.stats import wilcoxon
    // d=np.array([6,8,14,16,23,24,28,29,41,-48,49,56,60,-67,75])
    // print([wilcoxon(d-s,alternative=a,method='exact').pvalue for s in (0,20.5) for a in ('greater','two-sided')])
    // d=np.array([.952,-.147,1.022,.43,.62,.59,.49,-.08,.01])
    // print([wilcoxon(d,alternative=a,method='exact').pvalue for a in ('greater','two-sided')])"
    // The last two are also the p-values that R documents for wilcox.test(x, y, paired = TRUE).
    #[test]
    fn exact_p_agrees_with_scipy() {
        let expected = [
            (&DARWIN[..], 0.0, 0.020_629_882_812_5, 0.041_259_765_625),
            (&DARWIN, 20.5, 0.319_335_937_5, 0.638_671_875),
            (&DEPRESSION, 0.0, 0.019_531_25, 0.039_062_5),
        ];
        for (differences, shift, greater, two_sided) in expected {
            assert_eq!(signed_rank_greater(differences, shift), Some(greater));
            assert_eq!(signed_rank_two_sided(differences, shift), Some(two_sided));
        }
    }

    // Ties and zeros.
    // python3 -c "import numpy as np; from scipy.stats import wilcoxon; i=np.arange(1,71); y=np.round(np.sin(i*i)*30)+6
    // print(len(set(abs(y-2))), [wilcoxon(y-s,alternative=a,method='asymptotic',correction=True).pvalue
    //   for s in (0,2) for a in ('greater','less','two-sided')])"
    #[test]
    fn approximate_p_agrees_with_scipy() {
        let whole: Vec<f64> = (1..=70)
            .map(|i| (f64::from(i * i).sin() * 30.0).round_ties_even() + 6.0)
            .collect();
        let turned: Vec<f64> = whole.iter().map(|x| -x).collect();
        let expected = [
            (
                0.0,
                0.060_766_657_342_388_654,
                0.939_934_459_586_533_7,
                0.121_533_314_684_777_31,
            ),
            (
                2.0,
                0.173_101_223_633_248_98,
                0.828_425_517_441_880_6,
                0.346_202_447_266_497_96,
            ),
        ];
        for (shift, greater, less, two_sided) in expected {
            close(signed_rank_greater(&whole, shift).unwrap(), greater, 1e-9);
            close(signed_rank_greater(&turned, -shift).unwrap(), less, 1e-9);
            close(signed_rank_two_sided(&whole, shift).unwrap(), two_sided, 1e-9);
        }
    }

    // The interval and the estimate 0.46 are those of Hollander & Wolfe, example 3.3, at 96%. The others invert SciPy's
    // test, p being constant between neighbouring means:
    // python3 -c "import numpy as np; from scipy.stats import wilcoxon
    // def walsh(x): return np.sort([(a+b)/2 for i,a in enumerate(x) for b in x[:i+1]])
    // def kept(x,alpha,alt,**k):
    //   w=walsh(x); between=[w[0]-1,*(w[1:]+w[:-1])/2,w[-1]+1]
    //   at=[i for i,m in enumerate(between) if wilcoxon(x-m,alternative=alt,**k).pvalue>alpha]
    //   return w[max(at[0]-1,0)], w[min(at[-1],len(w)-1)]
    // for n,k in ((20,dict(method='exact')),(60,dict(method='asymptotic',correction=True))):
    //   i=np.arange(1,n+1); x=np.sin(i*i)*3+i/40
    //   print(np.median(walsh(x)),kept(x,.05,'two-sided',**k),kept(x,.01,'greater',**k)[0],kept(x,.01,'less',**k)[1])"
    #[test]
    fn bounds_invert_the_test_of_scipy() {
        let interval = signed_rank_interval(&DEPRESSION, 0.96).unwrap();
        assert_eq!((interval.low, interval.high, interval.confidence), (0.01, 0.786, 0.96));
        close(hodges_lehmann(&DEPRESSION).unwrap(), 0.46, 1e-15);
        assert_eq!(hodges_lehmann(&DARWIN), Some(25.0));
        let expected = [
            (
                20,
                [
                    -0.517_504_027_237_729_1,
                    -1.589_497_292_004_386,
                    0.640_158_015_547_206_4,
                    -1.744_752_204_626_530_5,
                    0.845_490_595_630_547_8,
                ],
            ),
            (
                60,
                [
                    0.682_963_238_659_207,
                    0.083_287_861_586_697_43,
                    1.189_975_273_813_726_4,
                    -0.091_719_602_857_289_97,
                    1.312_257_559_401_989_6,
                ],
            ),
        ];
        for (n, [estimate, low, high, lower, upper]) in expected {
            let differences = waves(n);
            let interval = signed_rank_interval(&differences, 0.95).unwrap();
            close(hodges_lehmann(&differences).unwrap(), estimate, 1e-12);
            close(interval.low, low, 1e-12);
            close(interval.high, high, 1e-12);
            close(signed_rank_lower(&differences, 0.01).unwrap(), lower, 1e-12);
            close(signed_rank_upper(&differences, 0.01).unwrap(), upper, 1e-12);
        }
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for differences in [&[][..], &[1.0, f64::NAN], &[f64::INFINITY, 1.0]] {
            assert_eq!(signed_rank_greater(differences, 0.0), None);
            assert_eq!(signed_rank_two_sided(differences, 0.0), None);
            assert_eq!(hodges_lehmann(differences), None);
            assert_eq!(signed_rank_interval(differences, 0.5), None);
            assert_eq!(signed_rank_upper(differences, 0.5), None);
        }
        assert_eq!(signed_rank_greater(&[1.0], f64::NAN), None);
        assert_eq!(signed_rank_greater(&[0.0, -0.0], 0.0), Some(1.0));
        assert_eq!(signed_rank_two_sided(&[3.0; 60], 3.0), Some(1.0));
        for confidence in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(signed_rank_interval(&DARWIN, confidence), None);
            assert_eq!(signed_rank_lower(&DARWIN, confidence), None);
        }
    }

    /// With n differences the least p is 2⁻ⁿ on one side, 2¹⁻ⁿ on two.
    #[test]
    fn too_few_differences_bound_nothing() {
        let fewest = |bounded: &dyn Fn(&[f64]) -> bool| (1..15).find(|&n| bounded(&waves(n))).unwrap();
        assert_eq!(fewest(&|x| signed_rank_interval(x, 0.95).is_some()), 6);
        assert_eq!(fewest(&|x| signed_rank_interval(x, 0.99).is_some()), 8);
        assert_eq!(fewest(&|x| signed_rank_interval(x, 0.999).is_some()), 11);
        assert_eq!(fewest(&|x| signed_rank_upper(x, 0.05).is_some()), 5);
        assert_eq!(fewest(&|x| signed_rank_lower(x, 0.01).is_some()), 7);
        assert_eq!(
            fewest(&|x| signed_rank_upper(x, 0.03125).is_some()),
            5,
            "2⁻⁵ is attained"
        );
    }

    /// Where both exist, the exact tail and the normal one are close.
    #[test]
    fn exact_and_approximate_meet() {
        for n in [50, 51] {
            let differences: Vec<f64> = waves(n).iter().map(|x| x + 0.5).collect();
            let p = signed_rank_greater(&differences, 0.0).unwrap();
            let ranked = Ranked::about(&differences, 0.0).unwrap();
            let (mean, variance) = moments(n);
            let normal = Normal::standard().sf((ranked.positive as f64 / 2.0 - mean - 0.5) / variance.sqrt());
            assert!((0.001..0.05).contains(&p), "{p}");
            close(p, normal, 5e-4);
        }
        // The exact ones by integers in Python: [435, 398, 324] and [454, 417, 340]. The normal ones are never above.
        let steps = |n| [0.025, 0.01, 0.001].map(|alpha| order(n, alpha).unwrap());
        assert_eq!(steps(50), [435, 398, 324]);
        assert_eq!(steps(51), [454, 415, 333]);
    }

    /// Every way to give the ranks signs, counted one by one.
    fn enumerated(differences: &[f64]) -> f64 {
        let kept: Vec<f64> = differences.iter().copied().filter(|&x| x != 0.0).collect();
        let rank = |x: f64| {
            let smaller = kept.iter().filter(|y| y.abs() < x.abs()).count();
            let equal = kept.iter().filter(|y| y.abs() == x.abs()).count();
            smaller as f64 + f64::midpoint(equal as f64, 1.0)
        };
        let sum = |positive: &dyn Fn(usize) -> bool| -> f64 {
            let positive = (0..kept.len()).filter(|&i| positive(i));
            positive.map(|i| rank(kept[i])).sum()
        };
        let seen = sum(&|i| kept[i] > 0.0);
        let ways = 1u32 << kept.len();
        (0..ways).filter(|signs| sum(&|i| signs >> i & 1 == 1) >= seen).count() as f64 / f64::from(ways)
    }

    /// 95% intervals hold the median of symmetric differences: normal ones, and of log-normal samples.
    #[test]
    fn intervals_cover_as_often_as_they_say() {
        for (n, skewed) in [(12, false), (12, true), (20, false), (20, true), (60, true)] {
            let mut normals = Normals::seeded(n as u64);
            let covered = share(2_000, || {
                let differences: Vec<f64> = if skewed {
                    (0..n)
                        .map(|_| 3.0 + normals.one().exp() - normals.one().exp())
                        .collect()
                } else {
                    normals.many(n).iter().map(|x| 3.0 + x).collect()
                };
                signed_rank_interval(&differences, 0.95).unwrap().contains(3.0)
            });
            assert!((0.93..=0.97).contains(&covered), "{n} {skewed}: {covered}");
        }
    }

    /// Under the hypothesis p ≤ α happens with a probability of at most α, and nearly α.
    #[test]
    fn the_test_errs_as_often_as_it_says() {
        for n in [15, 60] {
            let mut normals = Normals::seeded(5);
            let alarms = share(2_000, || signed_rank_greater(&normals.many(n), 0.0).unwrap() <= 0.05);
            assert!((0.037..=0.061).contains(&alarms), "{n}: {alarms}");
        }
    }

    fn tied() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-4i32..6).prop_map(f64::from), 1..=10)
    }

    proptest! {
        #[test]
        fn exact_p_is_what_enumeration_counts(differences in tied()) {
            let turned: Vec<f64> = differences.iter().map(|x| -x).collect();
            let (greater, less) = (enumerated(&differences), enumerated(&turned));
            prop_assert_eq!(signed_rank_greater(&differences, 0.0), Some(greater));
            prop_assert_eq!(signed_rank_greater(&turned, 0.0), Some(less));
            prop_assert_eq!(signed_rank_two_sided(&differences, 0.0), Some((2.0 * greater.min(less)).min(1.0)));
        }

        #[test]
        fn turning_the_signs_mirrors(differences in prop::collection::vec(-1e3..1e3f64, 6..70)) {
            let turned: Vec<f64> = differences.iter().map(|x| -x).collect();
            let (there, back) = (signed_rank_interval(&differences, 0.95).unwrap(), signed_rank_interval(&turned, 0.95).unwrap());
            prop_assert_eq!((there.low, there.high), (-back.high, -back.low));
            prop_assert_eq!(hodges_lehmann(&differences).unwrap(), -hodges_lehmann(&turned).unwrap());
            prop_assert_eq!(signed_rank_lower(&differences, 0.05).unwrap(), -signed_rank_upper(&turned, 0.05).unwrap());
            prop_assert_eq!(signed_rank_two_sided(&differences, 0.0), signed_rank_two_sided(&turned, 0.0));
        }

        #[test]
        fn order_and_unit_do_not_matter(mut differences in prop::collection::vec(-1e3..1e3f64, 6..60), scale in 1u8..9) {
            let scale = 2f64.powi(i32::from(scale) - 4);
            let (estimate, p) = (hodges_lehmann(&differences).unwrap(), signed_rank_greater(&differences, 0.5));
            let upper = signed_rank_upper(&differences, 0.05).unwrap();
            differences.reverse();
            for x in &mut differences {
                *x *= scale;
            }
            prop_assert_eq!(hodges_lehmann(&differences).unwrap(), estimate * scale);
            prop_assert_eq!(signed_rank_upper(&differences, 0.05).unwrap(), upper * scale);
            prop_assert_eq!(signed_rank_greater(&differences, 0.5 * scale), p);
        }

        /// The lower bound is where the one-sided test stops rejecting, on either side of 50 differences.
        #[test]
        fn the_lower_bound_inverts_the_test(differences in prop::collection::vec(-1e3..1e3f64, 7..65)) {
            let lower = signed_rank_lower(&differences, 0.01).unwrap();
            prop_assert!(signed_rank_greater(&differences, lower - 1e-9).unwrap() <= 0.01);
            prop_assert!(signed_rank_greater(&differences, lower + 1e-9).unwrap() > 0.01);
            let interval = signed_rank_interval(&differences, 0.98).unwrap();
            let upper = signed_rank_upper(&differences, 0.01).unwrap();
            prop_assert!(lower - interval.low >= -1e-12 && interval.high - upper >= -1e-12);
            prop_assert!(interval.contains(hodges_lehmann(&differences).unwrap()));
        }

        #[test]
        fn never_panics(differences in prop::collection::vec(any::<f64>(), 0..60), shift in any::<f64>(), level in any::<f64>()) {
            let _ = (signed_rank_greater(&differences, shift), signed_rank_two_sided(&differences, shift));
            let _ = (signed_rank_interval(&differences, level), signed_rank_lower(&differences, level), hodges_lehmann(&differences));
        }
    }
}
