//! Where the level of a history changes: E-divisive with means.
//!
//! Source: Matteson & James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", JASA
//! 109(505), 2014; Daly et al., "The Use of Change Point Detection to Identify Software Performance Regressions in a
//! Continuous Integration System", ICPE 2020; Fleming et al., "Hunter: Using Change Point Detection to Hunt for
//! Performance Regressions", ICPE 2023.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::e_divisive::{bounds, divided, permuted};

/// Student's test divides this many values at a time, each window half into the one before.
const WINDOW: usize = 50;

/// How sure a change has to be, by what test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Significance {
    /// Student's t of the values before and after, as Hunter does: quick, and also for few values. The place of the change
    /// was chosen to make them differ, so that p is smaller than its name says: of simulated histories of 100 normal values
    /// without a change, 3% to 5% have one with p ≤ 0.001.
    Student,
    /// The share of random orders, within the segments found so far, of which some place divides the values as well: the
    /// test of Matteson and James, whose p means what it says. The least p is 1/(count + 1).
    Permutations {
        /// How many orders are drawn.
        count: usize,
        /// The same seed gives the same changes on every machine.
        seed: u64,
    },
}

/// A place where a history changes its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The index of the first value of the new level.
    pub index: usize,
    /// How likely so large a change is without one, by the [`Significance`] asked for.
    pub p: f64,
    /// The mean since the change before, in the unit of the values.
    pub before: f64,
    /// The mean until the next change.
    pub after: f64,
}

impl ChangePoint {
    /// The relative change, seen from the side from which it is larger: max(|after/before − 1|, |before/after − 1|), 0.05
    /// for 5%. Infinite from or to 0.
    pub fn magnitude(&self) -> f64 {
        if self.before.total_cmp(&self.after).is_eq() {
            return 0.0;
        }
        let of = |a: f64, b: f64| (a / b - 1.0).abs();
        of(self.after, self.before).max(of(self.before, self.after))
    }
}

/// The changes of level of a history, in ascending order, each with p of at most `max_pvalue` and a
/// [`ChangePoint::magnitude`] of at least `min_magnitude`.
///
/// The most unlike neighbouring stretches X and Y, of n and m values, are those with the largest
/// Q = 2/(n + m)·ΣΣ|xᵢ − yⱼ| − 2m/((n + m)(n − 1))·ΣΣ|xᵢ − xₖ| − 2n/((n + m)(m − 1))·ΣΣ|yⱼ − yₖ|, the inner sums over i < k.
/// The history is divided where Y begins, then each part likewise, the largest Q first, until one is not significant.
///
/// [`Significance::Student`] follows Hunter (Otava), whose defaults are 0.001 and 0.05 for the two limits: windows of 50
/// values are divided with ten times `max_pvalue` (twice from 0.05 on), then the weakest changes are taken back one by
/// one until all that are left satisfy both limits. It differs from Otava 0.8 in the standard deviation, which has n − 1
/// here and n there, and in that both neighbours of a change taken back are described anew, where Otava leaves the one
/// before as it was.
/// [`Significance::Permutations`] divides the whole history, and takes back only what is too small.
///
/// The time grows with the square of the length of what is divided at once, times the permutations.
///
/// `None` where there are no values, one is NaN or infinite, `max_pvalue` does not lie strictly between 0 and 1,
/// `min_magnitude` is negative or NaN, the permutations are 0, or sums are beyond the range of `f64`.
pub fn change_points(
    values: &[f64],
    significance: Significance,
    max_pvalue: f64,
    min_magnitude: f64,
) -> Option<Vec<ChangePoint>> {
    let valid = max_pvalue > 0.0 && max_pvalue < 1.0 && min_magnitude >= 0.0;
    let sums = values.iter().map(|x| x.abs()).sum::<f64>() * 4.0 * values.len() as f64;
    if values.is_empty() || !valid || !sums.is_finite() {
        return None;
    }
    let mut found = match significance {
        Significance::Student => in_windows(values, max_pvalue),
        Significance::Permutations { count: 0, .. } => return None,
        Significance::Permutations { count, seed } => {
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            divided(values, |bounds, candidate| {
                let p = permuted(values, bounds, candidate.q, count, max_pvalue, &mut generator);
                (p <= max_pvalue).then_some(p)
            })
        }
    };
    loop {
        let changes = described(values, &found, significance);
        let Some(weakest) = weakest(&changes, max_pvalue, min_magnitude) else {
            return Some(changes);
        };
        found.remove(weakest);
    }
}

/// The changes with what lies on either side of each, up to the next.
fn described(values: &[f64], found: &[(usize, f64)], significance: Significance) -> Vec<ChangePoint> {
    let bounds = bounds(values.len(), found);
    let sides = bounds.windows(3).zip(found);
    sides
        .map(|(bounds, &(index, p))| {
            let (left, right) = (&values[bounds[0]..index], &values[index..bounds[2]]);
            ChangePoint {
                index,
                p: match significance {
                    Significance::Student => student(left, right),
                    Significance::Permutations { .. } => p,
                },
                before: Moments::of(left).mean,
                after: Moments::of(right).mean,
            }
        })
        .collect()
}

/// The change to take back next: the one with the largest p if that is too large, else the smallest one if it is too
/// small.
fn weakest(changes: &[ChangePoint], max_pvalue: f64, min_magnitude: f64) -> Option<usize> {
    let indices = 0..changes.len();
    let unsure = indices.clone().max_by(|&i, &j| changes[i].p.total_cmp(&changes[j].p))?;
    let small = indices.min_by(|&i, &j| changes[i].magnitude().total_cmp(&changes[j].magnitude()))?;
    if changes[unsure].p > max_pvalue {
        Some(unsure)
    } else {
        (changes[small].magnitude() < min_magnitude).then_some(small)
    }
}

/// Hunter's first pass.
fn in_windows(values: &[f64], max_pvalue: f64) -> Vec<(usize, f64)> {
    let weak = match max_pvalue {
        p if p < 0.05 => 10.0 * p,
        p if p < 0.5 => 2.0 * p,
        p => p,
    };
    let (mut start, mut found) = (0, Vec::new());
    while start < values.len() {
        let window = &values[start..values.len().min(start + WINDOW)];
        let inside = divided(window, |bounds, candidate| {
            let next = bounds.partition_point(|&bound| bound <= candidate.at);
            let (start, end) = (bounds[next - 1], bounds[next]);
            let p = student(&window[start..candidate.at], &window[candidate.at..end]);
            (p <= weak).then_some(p)
        });
        found.extend(inside.into_iter().map(|(index, p)| (start + index, p)));
        // From the last change on, so that none is found twice.
        start = found.last().map_or(0, |&(index, _)| index).max(start + WINDOW / 2);
    }
    found
}

struct Moments {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// About the first value, so that equal values have no spread at all. There is at least one.
    fn of(values: &[f64]) -> Self {
        let (n, origin) = (values.len() as f64, values[0]);
        let shift = values.iter().map(|x| x - origin).sum::<f64>() / n;
        Self {
            n,
            mean: origin + shift,
            squares: values.iter().map(|x| (x - origin - shift).powi(2)).sum(),
        }
    }
}

/// The two-sided p-value of Student's test for two sets of one variance. Where that is 0, every difference is certain.
fn student(left: &[f64], right: &[f64]) -> f64 {
    let (left, right) = (Moments::of(left), Moments::of(right));
    let difference = (left.mean - right.mean).abs();
    let freedom = left.n + right.n - 2.0;
    if freedom < 1.0 || difference == 0.0 {
        return 1.0;
    }
    let variance = (left.squares + right.squares) / freedom;
    let t = difference / (variance * (1.0 / left.n + 1.0 / right.n)).sqrt();
    if t.is_infinite() {
        return 0.0;
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |student| (2.0 * student.sf(t)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::e_divisive::tests::history;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    const HUNTER: (f64, f64) = (0.001, 0.05);
    const ORDERS: Significance = Significance::Permutations { count: 999, seed: 1 };

    fn indices(changes: &[ChangePoint]) -> Vec<usize> {
        changes.iter().map(|change| change.index).collect()
    }

    fn student_indices(values: &[f64], min_magnitude: f64) -> Vec<usize> {
        indices(&change_points(values, Significance::Student, 0.001, min_magnitude).unwrap())
    }

    // pip install apache-otava==0.8.0 numpy scipy; python3 -c "import numpy as np
    // def h(s,*of): i=np.arange(1,sum(n for n,_ in of)+1); return np.concatenate([[l]*n for n,l in of])+s*np.sin(i*i)
    // from otava.analysis import compute_change_points as f
    // for x,m in ((h(2,(40,100),(30,110),(50,104)),.0),(h(2,(40,100),(30,110),(50,104)),.06),(h(2,(140,100)),.0),
    //   (h(1,(70,50),(3,58),(60,50),(40,53)),.02),
    //   (h(1,(22,20),(8,22.5),(16,20)),.0)): print([c.index for c in f(list(x),50,.001,m)[0]])"
    #[test]
    fn changes_agree_with_otava() {
        let three = [(40, 100.0), (30, 110.0), (50, 104.0)];
        let expected: [(Vec<f64>, f64, &[usize]); 5] = [
            (history(&three, 2.0), 0.0, &[40, 70]),
            (history(&three, 2.0), 0.06, &[40]),
            (history(&[(140, 100.0)], 2.0), 0.0, &[]),
            (
                history(&[(70, 50.0), (3, 58.0), (60, 50.0), (40, 53.0)], 1.0),
                0.02,
                &[70, 73, 133],
            ),
            // Where it rises, p is above 0.001 until it is seen to fall again.
            (history(&[(22, 20.0), (8, 22.5), (16, 20.0)], 1.0), 0.0, &[22, 30]),
        ];
        for (values, magnitude, expected) in expected {
            let changes = change_points(&values, Significance::Student, 0.001, magnitude).unwrap();
            assert_eq!(indices(&changes), expected);
            let bounds: Vec<usize> = [0].into_iter().chain(indices(&changes)).chain([values.len()]).collect();
            for (change, bounds) in changes.iter().zip(bounds.windows(3)) {
                let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
                close(change.before, mean(&values[bounds[0]..bounds[1]]), 1e-12);
                close(change.after, mean(&values[bounds[1]..bounds[2]]), 1e-12);
            }
        }
    }

    // python3 -c "from scipy.stats import ttest_ind as t
    // print(t([3,1,4,1,5],[9,2,6]).pvalue, t([1,2],[5]).pvalue, t([10,10.1,9.9]*5,[12,12.1,11.9]*4).pvalue)"
    #[test]
    fn p_agrees_with_scipy() {
        close(
            student(&[3.0, 1.0, 4.0, 1.0, 5.0], &[9.0, 2.0, 6.0]),
            0.167_276_429_499_829_82,
            1e-12,
        );
        close(student(&[1.0, 2.0], &[5.0]), 0.154_420_958_311_266_5, 1e-12);
        let (left, right) = ([10.0, 10.1, 9.9].repeat(5), [12.0, 12.1, 11.9].repeat(4));
        let p = student(&left, &right);
        assert!((p / 1.070_920_563_463_082e-28 - 1.0).abs() < 1e-6, "{p}");
        close(student(&[0.1; 7], &[0.1; 9]), 1.0, 0.0);
        close(student(&[0.1; 7], &[0.3; 9]), 0.0, 0.0);
        close(student(&[1.0], &[2.0]), 1.0, 0.0);
    }

    #[test]
    fn both_tests_find_what_is_there() {
        let values = history(&[(40, 100.0), (30, 110.0), (50, 104.0)], 2.0);
        for significance in [Significance::Student, ORDERS] {
            let changes = change_points(&values, significance, 0.001, 0.05).unwrap();
            assert_eq!(indices(&changes), [40, 70]);
            assert!(changes.iter().all(|change| change.p <= 0.001));
            let large = change_points(&values, significance, 0.001, 0.06).unwrap();
            assert_eq!(indices(&large), [40]);
            close(large[0].after, values[40..].iter().sum::<f64>() / 80.0, 1e-12);
        }
    }

    /// A count that does not vary changes where it changes.
    #[test]
    fn exact_figures_need_no_spread() {
        let mut values = vec![1_000.0; 60];
        assert_eq!(student_indices(&values, 0.0), [0; 0]);
        values[37..].fill(1_060.0);
        assert_eq!(student_indices(&values, 0.05), [37]);
        let change = change_points(&values, Significance::Student, 0.001, 0.05).unwrap()[0];
        close(change.magnitude(), 0.06, 1e-12);
        values[37..].fill(0.0);
        let change = change_points(&values, Significance::Student, 0.001, 0.05).unwrap()[0];
        assert!(change.magnitude().is_infinite());
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for significance in [Significance::Student, ORDERS] {
            let of = |values: &[f64], p, magnitude| change_points(values, significance, p, magnitude);
            assert_eq!(of(&[], 0.001, 0.05), None);
            assert_eq!(of(&[1.0, f64::NAN], 0.001, 0.05), None);
            assert_eq!(of(&[1e308, -1e308], 0.001, 0.05), None);
            assert_eq!(of(&[1.0], 0.0, 0.05), None);
            assert_eq!(of(&[1.0], 1.0, 0.05), None);
            assert_eq!(of(&[1.0], 0.001, -0.1), None);
            assert_eq!(of(&[1.0], 0.001, f64::NAN), None);
            assert_eq!(of(&[1.0], 0.001, 0.05), Some(vec![]));
            assert_eq!(of(&[1.0, 9.0], 0.001, 0.05), Some(vec![]));
        }
        let none = Significance::Permutations { count: 0, seed: 1 };
        assert_eq!(change_points(&[1.0, 2.0], none, 0.001, 0.05), None);
    }

    /// p of the permutation test means what it says: 5% of histories without a change have one at 5%.
    #[test]
    fn permutations_err_as_often_as_they_say() {
        let mut normals = Normals::seeded(13);
        let mut seed = 0;
        let alarms = share(400, || {
            seed += 1;
            let significance = Significance::Permutations { count: 59, seed };
            !change_points(&normals.many(20), significance, 0.05, 0.0)
                .unwrap()
                .is_empty()
        });
        assert!((0.03..0.075).contains(&alarms), "{alarms}");
    }

    /// Hunter's limits on 100 figures with a spread of 2%: false changes are rare, and one of 6% is found near its place.
    #[test]
    fn hunter_is_right_most_of_the_time() {
        let mut normals = Normals::seeded(14);
        let mut of = |level: f64| -> Vec<f64> {
            let scaled = normals.many(100).into_iter().enumerate();
            scaled
                .map(|(i, x)| (if i < 60 { 1.0 } else { level }) * (1.0 + 0.02 * x))
                .collect()
        };
        let alarms = share(60, || !student_indices(&of(1.0), HUNTER.1).is_empty());
        let found = share(
            60,
            || matches!(student_indices(&of(1.06), HUNTER.1)[..], [at] if at.abs_diff(60) <= 3),
        );
        assert!(alarms <= 0.1, "{alarms}");
        assert!(found >= 0.85, "{found}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_unit_does_not_matter(seed in any::<u64>(), levels in prop::collection::vec((1usize..30, 4u8..8), 1..5)) {
            let mut normals = Normals::seeded(seed);
            let levels = levels.into_iter().flat_map(|(n, level)| std::iter::repeat_n(f64::from(level), n));
            let values: Vec<f64> = levels.map(|level| level + 0.2 * normals.one()).collect();
            let scaled: Vec<f64> = values.iter().map(|x| x * 2f64.powi(20)).collect();
            for significance in [Significance::Student, Significance::Permutations { count: 19, seed }] {
                let of = |values: &[f64]| change_points(values, significance, 0.06, 0.05).unwrap();
                let (here, there) = (of(&values), of(&scaled));
                prop_assert_eq!(indices(&here), indices(&there));
                prop_assert!(here.iter().all(|change| change.p <= 0.06 && change.magnitude() >= 0.05));
                prop_assert!(here.windows(2).all(|pair| pair[0].index < pair[1].index));
            }
        }

        #[test]
        fn never_panics(values in prop::collection::vec(any::<f64>(), 0..20), p in any::<f64>(), magnitude in any::<f64>()) {
            let _ = change_points(&values, Significance::Student, p, magnitude);
            let _ = change_points(&values, Significance::Permutations { count: 3, seed: 1 }, p, magnitude);
        }
    }
}
