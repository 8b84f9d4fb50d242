//! The test of Mann and Whitney for two independent sets, and the estimate and the interval that belong to it.
//!
//! Source: Mann & Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other",
//! Annals of Mathematical Statistics 18(1), 1947; Hollander, Wolfe & Chicken, "Nonparametric Statistical Methods", 3rd
//! edition (2014), §4.1 to §4.3.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::interval::{Interval, is_confidence};
use crate::pairwise::{Differences, ascending};

/// The distribution is exact up to this many pairs of a value with one of the other set.
const EXACT: usize = 1_000;

/// What the test of Mann and Whitney says of two sets a and b.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// In how many of the n·m pairs the value of a is the larger; a tie counts one half. Half of n·m is no difference.
    pub u: f64,
    /// The two-sided p-value, min(1, 2·min(P[U ≥ u], P[U ≤ u])).
    pub p: f64,
    /// The one-sided p-value for a being larger than b: P[U ≥ u] where both come from one distribution.
    pub p_greater: f64,
}

/// Tests whether the values of one set tend to be larger than those of the other.
///
/// Exact where there are no ties and n·m ≤ 1000. Otherwise that of the normal distribution with mean n·m/2 and variance
/// n·m/12·(N + 1 − Σ(t³ − t)/(N(N − 1))) over groups of t ties, N = n + m, at u ∓ ½. Both p are 1 where all values are
/// equal.
///
/// `None` where a set is empty, or a value is NaN or infinite.
pub fn rank_sum(a: &[f64], b: &[f64]) -> Option<RankSum> {
    let (a, b) = (ascending(a)?, ascending(b)?);
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let pairs = a.len() * b.len();
    let doubled: usize = a
        .iter()
        .map(|x| b.partition_point(|y| y < x) + b.partition_point(|y| y <= x))
        .sum();
    let u = doubled as f64 / 2.0;
    let ties = ties(&a, &b);
    let (greater, less) = if ties > 0.0 || pairs > EXACT {
        let (mean, sd) = (pairs as f64 / 2.0, variance(a.len(), b.len(), ties).sqrt());
        let tail = |above: f64| {
            if sd > 0.0 {
                Normal::standard().sf((above - 0.5) / sd)
            } else {
                1.0
            }
        };
        (tail(u - mean), tail(mean - u))
    } else {
        let chances = distribution(a.len(), b.len());
        let at_least = |u: usize| chances[u..].iter().sum::<f64>().min(1.0);
        // Without ties u is whole, and turned about it is n·m − u.
        (at_least(doubled / 2), at_least(pairs - doubled / 2))
    };
    Some(RankSum {
        u,
        p: (2.0 * greater.min(less)).min(1.0),
        p_greater: greater,
    })
}

/// The Hodges–Lehmann estimate of how far a lies above b: the median of the n·m differences aᵢ − bⱼ, in their unit.
///
/// `None` where a set is empty, a value is NaN or infinite, or a difference is beyond the range of `f64`.
pub fn hodges_lehmann_shift(a: &[f64], b: &[f64]) -> Option<f64> {
    Differences(&ascending(a)?, &ascending(b)?).median()
}

/// The interval of the shift between two sets of one shape that inverts the two-sided [`rank_sum`] test.
///
/// Its ends are the k-th smallest and the k-th largest difference aᵢ − bⱼ, k being the largest number with
/// P[U ≤ k − 1] ≤ (1 − confidence)/2: exact for n·m ≤ 1000, else by the normal distribution with correction for
/// continuity. Ties are not corrected for, which makes the interval too wide rather than too narrow.
///
/// `None` where `confidence` does not lie strictly between 0 and 1, a value is NaN or infinite, a difference is beyond
/// the range of `f64`, or there are too few values: 95% takes 4 and 4, or 3 and 5.
pub fn rank_sum_interval(a: &[f64], b: &[f64], confidence: f64) -> Option<Interval> {
    if !is_confidence(confidence) {
        return None;
    }
    let (a, b) = (ascending(a)?, ascending(b)?);
    let differences = Differences(&a, &b);
    let k = order(a.len(), b.len(), (1.0 - confidence) / 2.0)?;
    Some(Interval {
        low: differences.kth(k)?,
        high: differences.kth(differences.len() + 1 - k)?,
        confidence,
    })
}

/// Σ(t³ − t) over groups of t equal values of both sets.
fn ties(a: &[f64], b: &[f64]) -> f64 {
    let mut all = [a, b].concat();
    all.sort_unstable_by(f64::total_cmp);
    // Ascending, so that a value not below the next is equal to it.
    all.chunk_by(|x, y| x >= y)
        .map(|group| (group.len() as f64).powi(3) - group.len() as f64)
        .sum()
}

fn variance(n: usize, m: usize, ties: f64) -> f64 {
    let all = (n + m) as f64;
    (n * m) as f64 / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)))
}

/// P[U = u] for u from 0 to n·m, without ties.
///
/// Of n and m values the largest belongs to the first set with chance n/(n + m), and is then above all m of the second:
/// P(n, m, u) = n/(n + m)·P(n − 1, m, u − m) + m/(n + m)·P(n, m − 1, u).
fn distribution(n: usize, m: usize) -> Vec<f64> {
    // P(i, ·, ·) for one i after the other.
    let mut rows = vec![vec![1.0]; m + 1];
    for i in 1..=n {
        let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
        for (j, without) in rows.iter().enumerate().skip(1) {
            let share = i as f64 / (i + j) as f64;
            let mut chances = vec![0.0; i * j + 1];
            for (chance, p) in chances[j..].iter_mut().zip(without) {
                *chance += share * p;
            }
            for (chance, p) in chances.iter_mut().zip(&next[j - 1]) {
                *chance += (1.0 - share) * p;
            }
            next.push(chances);
        }
        rows = next;
    }
    rows.swap_remove(m)
}

/// The largest k with P[U ≤ k − 1] ≤ `alpha`; `None` where there is none.
fn order(n: usize, m: usize, alpha: f64) -> Option<usize> {
    let pairs = n * m;
    if pairs == 0 || !is_confidence(alpha) {
        return None;
    }
    let k = if pairs <= EXACT {
        distribution(n, m)
            .iter()
            .scan(0.0, |below, chance| {
                *below += chance;
                Some(*below)
            })
            // The chances are rounded, and one that is α exactly counts.
            .take_while(|&below| below <= alpha * (1.0 + 1e-12))
            .count()
    } else {
        let largest = pairs as f64 / 2.0 + 0.5 + Normal::standard().inverse_cdf(alpha) * variance(n, m, 0.0).sqrt();
        largest.clamp(0.0, pairs as f64).floor() as usize
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

    /// The permeability of the human chorioamnion, the example of R's `wilcox.test`.
    const TERM: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const WEEKS: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

    /// np.round(np.sin(i*i)*s+o, 1) for i in 1..=n.
    fn waves(n: u32, size: f64, offset: f64) -> Vec<f64> {
        (1..=n)
            .map(|i| ((f64::from(i * i).sin() * size + offset) * 10.0).round_ties_even() / 10.0)
            .collect()
    }

    // python3 -c "from scipy.stats import mannwhitneyu as u
    // a=[.80,.83,1.89,1.04,1.45,1.38,1.91,1.64,.73,1.46]; b=[1.15,.88,.90,.74,1.21]
    // print([u(a,b,alternative=s,method='exact') for s in ('greater','less','two-sided')])"
    // R's documentation of wilcox.test(x, y, alternative = "g") has W = 35, p = 0.1272.
    #[test]
    fn exact_p_agrees_with_scipy() {
        let test = rank_sum(&TERM, &WEEKS).unwrap();
        assert_eq!(test.u, 35.0);
        close(test.p_greater, 0.127_206_127_206_127_2, 1e-14);
        close(test.p, 0.254_412_254_412_254_4, 1e-14);
        let turned = rank_sum(&WEEKS, &TERM).unwrap();
        assert_eq!(turned.u, 15.0);
        close(turned.p_greater, 0.896_769_896_769_896_7, 1e-14);
    }

    // Ties. python3 -c "import numpy as np; from scipy.stats import mannwhitneyu as u
    // w=lambda n,s,o: np.round((np.sin(np.arange(1,n+1)**2)*s+o)*10)/10
    // for a,b in ((w(12,2,.5),w(9,3,0)),(w(60,2,.5),w(45,3,0))): print(len(set(a)|set(b)),
    //   [u(a,b,alternative=s,method='asymptotic') for s in ('greater','two-sided')])"
    #[test]
    fn approximate_p_agrees_with_scipy() {
        let expected = [
            (12, 9, (67.5, 0.177_620_761_385_74, 0.355_241_522_771_48)),
            (60, 45, (1614.5, 0.043_619_045_498_087_32, 0.087_238_090_996_174_63)),
        ];
        for (n, m, (u, greater, two_sided)) in expected {
            let test = rank_sum(&waves(n, 2.0, 0.5), &waves(m, 3.0, 0.0)).unwrap();
            assert_eq!(test.u, u);
            close(test.p_greater, greater, 1e-9);
            close(test.p, two_sided, 1e-9);
        }
    }

    // python3 -c "import numpy as np; from scipy.stats import mannwhitneyu as u
    // def kept(a,b,alpha,method):
    //   w=np.sort(np.subtract.outer(a,b).ravel()); at=[i for i,m in enumerate([w[0]-1,*(w[1:]+w[:-1])/2,w[-1]+1])
    //     if u(a-m,b,method=method).pvalue>alpha]
    //   return np.median(w),w[at[0]-1],w[at[-1]]
    // s=lambda n,o: np.sin(np.arange(1,n+1)**2+o)*3
    // a=np.array([.80,.83,1.89,1.04,1.45,1.38,1.91,1.64,.73,1.46]); b=np.array([1.15,.88,.90,.74,1.21])
    // print(kept(a,b,.05,'exact'),kept(s(12,0),s(9,.5),.01,'exact'),kept(s(40,0),s(35,.5),.05,'asymptotic'))"
    #[test]
    fn the_interval_inverts_the_test_of_scipy() {
        let sines =
            |n: u32, phase: f64| -> Vec<f64> { (1..=n).map(|i| (f64::from(i * i) + phase).sin() * 3.0).collect() };
        let expected = [
            (
                TERM.to_vec(),
                WEEKS.to_vec(),
                0.95,
                [
                    0.305_000_000_000_000_05,
                    -0.150_000_000_000_000_02,
                    0.759_999_999_999_999_9,
                ],
            ),
            (
                sines(12, 0.0),
                sines(9, 0.5),
                0.99,
                [
                    -0.019_392_746_487_740_586,
                    -3.347_582_547_990_289,
                    3.221_899_035_556_166,
                ],
            ),
            (
                sines(40, 0.0),
                sines(35, 0.5),
                0.95,
                [
                    -0.242_150_402_865_642_6,
                    -1.470_726_778_534_394_3,
                    0.561_072_921_621_231_6,
                ],
            ),
        ];
        for (a, b, confidence, [estimate, low, high]) in expected {
            let interval = rank_sum_interval(&a, &b, confidence).unwrap();
            close(hodges_lehmann_shift(&a, &b).unwrap(), estimate, 1e-12);
            close(interval.low, low, 1e-12);
            close(interval.high, high, 1e-12);
        }
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for (a, b) in [
            (&[][..], &[1.0][..]),
            (&[1.0], &[]),
            (&[1.0, f64::NAN], &[1.0]),
            (&[1.0], &[f64::INFINITY]),
        ] {
            assert_eq!(rank_sum(a, b), None);
            assert_eq!(hodges_lehmann_shift(a, b), None);
            assert_eq!(rank_sum_interval(a, b, 0.5), None);
        }
        for confidence in [0.0, 1.0, f64::NAN] {
            assert_eq!(rank_sum_interval(&TERM, &WEEKS, confidence), None);
        }
        assert_eq!(rank_sum_interval(&TERM[..3], &WEEKS[..4], 0.95), None);
        assert!(rank_sum_interval(&TERM[..4], &WEEKS[..4], 0.95).is_some());
        let equal = rank_sum(&[2.0; 3], &[2.0; 5]).unwrap();
        assert_eq!((equal.u, equal.p, equal.p_greater), (7.5, 1.0, 1.0));
    }

    /// Every way to choose which values are the first set's, counted one by one.
    fn enumerated(a: &[f64], b: &[f64]) -> f64 {
        let all = [a, b].concat();
        let above = |chosen: u32| {
            let of = |side| (0..all.len()).filter(move |i| (chosen >> i & 1 == 1) == side);
            of(true)
                .flat_map(|i| of(false).map(move |j| (i, j)))
                .filter(|&(i, j)| all[i] > all[j])
                .count()
        };
        let seen = above((1 << a.len()) - 1);
        let ways: Vec<u32> = (0u32..1 << all.len())
            .filter(|way| way.count_ones() as usize == a.len())
            .collect();
        ways.iter().filter(|&&way| above(way) >= seen).count() as f64 / ways.len() as f64
    }

    #[test]
    fn exact_p_is_what_enumeration_counts() {
        let mut normals = Normals::seeded(11);
        for (n, m) in [(1, 1), (1, 6), (3, 3), (5, 2), (4, 6), (6, 5)] {
            let (a, b) = (normals.many(n), normals.many(m));
            close(rank_sum(&a, &b).unwrap().p_greater, enumerated(&a, &b), 1e-13);
            close(rank_sum(&b, &a).unwrap().p_greater, enumerated(&b, &a), 1e-13);
        }
    }

    /// The chances are those of a distribution that is symmetric and has the variance in the formula.
    #[test]
    fn the_exact_distribution_has_its_moments() {
        for (n, m) in [(1, 1), (7, 4), (25, 40), (1000, 1)] {
            let chances = distribution(n, m);
            assert_eq!(chances.len(), n * m + 1);
            let mean = (n * m) as f64 / 2.0;
            let moment = |k: i32| -> f64 {
                chances
                    .iter()
                    .enumerate()
                    .map(|(u, p)| (u as f64 - mean).powi(k) * p)
                    .sum()
            };
            close(moment(0), 1.0, 1e-12);
            close(moment(1), 0.0, 1e-9);
            close(moment(2), variance(n, m, 0.0), 1e-11);
        }
    }

    #[test]
    fn intervals_cover_as_often_as_they_say() {
        for (n, m, skewed) in [(10, 10, false), (15, 12, true), (40, 30, false), (40, 30, true)] {
            let mut normals = Normals::seeded((n + m) as u64);
            let covered = share(2_000, || {
                let mut set = |n| -> Vec<f64> {
                    let values = normals.many(n);
                    if skewed {
                        values.iter().map(|x| x.exp()).collect()
                    } else {
                        values
                    }
                };
                let (a, b) = (set(n), set(m));
                let a: Vec<f64> = a.iter().map(|x| x + 2.0).collect();
                rank_sum_interval(&a, &b, 0.95).unwrap().contains(2.0)
            });
            assert!((0.93..=0.97).contains(&covered), "{n} {m} {skewed}: {covered}");
        }
    }

    fn whole(fewest: usize) -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-9i32..9).prop_map(|x| f64::from(x) / 4.0), fewest..40)
    }

    proptest! {
        #[test]
        fn swapping_the_sets_mirrors(a in whole(4), b in whole(4)) {
            let (there, back) = (rank_sum(&a, &b).unwrap(), rank_sum(&b, &a).unwrap());
            prop_assert_eq!(there.u + back.u, (a.len() * b.len()) as f64);
            close(there.p, back.p, 1e-12);
            prop_assert_eq!(hodges_lehmann_shift(&a, &b).unwrap(), -hodges_lehmann_shift(&b, &a).unwrap());
            let (there, back) = (rank_sum_interval(&a, &b, 0.95).unwrap(), rank_sum_interval(&b, &a, 0.95).unwrap());
            prop_assert_eq!((there.low, there.high), (-back.high, -back.low));
        }

        #[test]
        fn order_and_unit_do_not_matter(mut a in whole(1), mut b in whole(1)) {
            let (test, shift) = (rank_sum(&a, &b).unwrap(), hodges_lehmann_shift(&a, &b).unwrap());
            a.reverse();
            b.reverse();
            a.iter_mut().chain(&mut b).for_each(|x| *x = *x * 4.0 + 1.0);
            prop_assert_eq!(rank_sum(&a, &b).unwrap(), test);
            prop_assert_eq!(hodges_lehmann_shift(&a, &b).unwrap(), shift * 4.0);
        }

        /// p crosses 1 − confidence at the ends of the interval, exact and approximate.
        #[test]
        fn the_interval_inverts_the_test(a in prop::collection::vec(-1e3..1e3f64, 4..45), b in prop::collection::vec(-1e3..1e3f64, 4..45)) {
            let interval = rank_sum_interval(&a, &b, 0.95).unwrap();
            let p = |shift: f64| {
                let moved: Vec<f64> = a.iter().map(|x| x - shift).collect();
                rank_sum(&moved, &b).unwrap().p
            };
            prop_assert!(p(interval.low - 1e-7) <= 0.05 && p(interval.high + 1e-7) <= 0.05);
            prop_assert!(p(interval.low + 1e-7) > 0.05 && p(interval.high - 1e-7) > 0.05);
        }

        #[test]
        fn never_panics(a in prop::collection::vec(any::<f64>(), 0..20), b in prop::collection::vec(any::<f64>(), 0..20), level in any::<f64>()) {
            let _ = (rank_sum(&a, &b), hodges_lehmann_shift(&a, &b), rank_sum_interval(&a, &b, level));
        }
    }
}
