//! Order statistics of all pairs of two sets of values, without making the pairs.
//!
//! The n(n + 1)/2 pairwise means of n values (the Walsh averages), and the n·m differences of two sets, rise along both
//! sides of the table they form once the values are sorted. How many are at most a threshold is then one walk along a
//! staircase, and the k-th smallest is found by bisecting the threshold: O(n) memory, O(n) time a step, and a few dozen
//! steps. Rounding keeps the order (x ≤ y gives x + z ≤ y + z in floating point too), so the k-th is exact.
//!
//! Source: Johnson & Mizoguchi, "Selecting the Kth Element in X + Y and X1 + X2 + … + Xm", SIAM Journal on Computing
//! 7(2), 1978; Monahan, "Algorithm 616: Fast Computation of the Hodges-Lehmann Location Estimator", ACM TOMS 10(3), 1984.

/// What a threshold makes of all pairs.
struct Split {
    /// How many are at most the threshold.
    at_most: usize,
    /// The largest of those.
    below: f64,
    /// The smallest of the others.
    above: f64,
}

impl Split {
    const EMPTY: Self = Self {
        at_most: 0,
        below: f64::NEG_INFINITY,
        above: f64::INFINITY,
    };

    fn take(&mut self, pairs: usize, largest: f64) {
        self.at_most += pairs;
        self.below = self.below.max(largest);
    }

    fn leave(&mut self, smallest: f64) {
        self.above = self.above.min(smallest);
    }
}

/// The pairwise means (xᵢ + xⱼ)/2, i ≤ j, of ascending finite values.
pub(crate) struct Means<'a>(pub(crate) &'a [f64]);

impl Means<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len() * (self.0.len() + 1) / 2
    }

    /// The `k`-th smallest, counted from 1; `None` where there is none.
    pub(crate) fn kth(&self, k: usize) -> Option<f64> {
        let (&low, &high) = (self.0.first()?, self.0.last()?);
        (1..=self.len())
            .contains(&k)
            .then(|| select(k, low, high, |threshold| self.split(threshold)))
    }

    /// The median; for an even number, the mean of the middle two.
    pub(crate) fn median(&self) -> Option<f64> {
        middle(self.len(), |k| self.kth(k), |threshold| self.split(threshold))
    }

    fn split(&self, threshold: f64) -> Split {
        let mut split = Split::EMPTY;
        let (mut i, mut end) = (0, self.0.len());
        while i < end {
            let mean = f64::midpoint(self.0[i], self.0[end - 1]);
            if mean <= threshold {
                split.take(end - i, mean);
                i += 1;
            } else {
                split.leave(mean);
                end -= 1;
            }
        }
        split
    }
}

/// The differences aᵢ − bⱼ of two ascending sets of finite values.
pub(crate) struct Differences<'a>(pub(crate) &'a [f64], pub(crate) &'a [f64]);

impl Differences<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len() * self.1.len()
    }

    /// The `k`-th smallest, counted from 1; `None` where there is none, or a difference is beyond the range of `f64`.
    pub(crate) fn kth(&self, k: usize) -> Option<f64> {
        let (low, high) = (self.0.first()? - self.1.last()?, self.0.last()? - self.1.first()?);
        ((1..=self.len()).contains(&k) && low.is_finite() && high.is_finite())
            .then(|| select(k, low, high, |threshold| self.split(threshold)))
    }

    /// The median; for an even number, the mean of the middle two.
    pub(crate) fn median(&self) -> Option<f64> {
        middle(self.len(), |k| self.kth(k), |threshold| self.split(threshold))
    }

    fn split(&self, threshold: f64) -> Split {
        let Self(a, b) = self;
        let mut split = Split::EMPTY;
        let (mut i, mut j) = (0, 0);
        while i < a.len() && j < b.len() {
            let difference = a[i] - b[j];
            if difference <= threshold {
                split.take(b.len() - j, difference);
                i += 1;
            } else {
                split.leave(difference);
                j += 1;
            }
        }
        split
    }
}

/// The values in ascending order; `None` where one is NaN or infinite.
pub(crate) fn ascending(values: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.iter().all(|x| x.is_finite()).then_some(sorted)
}

fn middle(pairs: usize, kth: impl Fn(usize) -> Option<f64>, split: impl Fn(f64) -> Split) -> Option<f64> {
    let lower = kth(pairs.div_ceil(2))?;
    if pairs % 2 == 1 {
        return Some(lower);
    }
    let beside = split(lower);
    let upper = if beside.at_most > pairs / 2 {
        lower
    } else {
        beside.above
    };
    Some(f64::midpoint(lower, upper))
}

/// The `k`-th smallest pair, between the smallest and the largest. Both ends are always pairs themselves, and each
/// step moves one of them past the pivot to the next pair.
fn select(k: usize, mut low: f64, mut high: f64, split: impl Fn(f64) -> Split) -> f64 {
    let mut by_value = true;
    while low < high {
        let pivot = if by_value {
            f64::midpoint(low, high)
        } else {
            // Bounds the number of steps where the values are of very different sizes.
            from_key(i64::midpoint(key(low), key(high)))
        };
        by_value = !by_value;
        let Split { at_most, below, above } = split(if pivot < high { pivot } else { low });
        if at_most >= k {
            high = below;
        } else {
            low = above;
        }
    }
    low
}

/// An integer that is ordered as the value is, and whose distance counts the values between.
fn key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

fn from_key(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_means(sorted: &[f64]) -> Vec<f64> {
        let mut means: Vec<f64> = (0..sorted.len())
            .flat_map(|j| (0..=j).map(move |i| f64::midpoint(sorted[i], sorted[j])))
            .collect();
        means.sort_by(f64::total_cmp);
        means
    }

    fn all_differences(a: &[f64], b: &[f64]) -> Vec<f64> {
        let mut differences: Vec<f64> = a.iter().flat_map(|x| b.iter().map(move |y| x - y)).collect();
        differences.sort_by(f64::total_cmp);
        differences
    }

    fn median_of(sorted: &[f64]) -> f64 {
        let n = sorted.len();
        f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2])
    }

    /// Ties, both zeros, and sizes from the subnormal to the largest.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![
            (-3i32..4).prop_map(|x| f64::from(x) / 2.0),
            -1e-3..1e-3f64,
            Just(-0.0),
            Just(5e-324),
            Just(-5e-324),
            -1e300..1e300f64,
        ];
        prop::collection::vec(value, 1..25).prop_map(|mut values| {
            values.sort_by(f64::total_cmp);
            values
        })
    }

    proptest! {
        #[test]
        fn selects_what_sorting_all_means_selects(x in values()) {
            let (means, all) = (Means(&x), all_means(&x));
            prop_assert_eq!(means.len(), all.len());
            for (i, &expected) in all.iter().enumerate() {
                prop_assert_eq!(means.kth(i + 1), Some(expected));
            }
            prop_assert_eq!(means.median(), Some(median_of(&all)));
        }

        #[test]
        fn selects_what_sorting_all_differences_selects(a in values(), b in values()) {
            let (differences, all) = (Differences(&a, &b), all_differences(&a, &b));
            prop_assert_eq!(differences.len(), all.len());
            for (i, &expected) in all.iter().enumerate() {
                prop_assert_eq!(differences.kth(i + 1), Some(expected));
            }
            prop_assert_eq!(differences.median(), Some(median_of(&all)));
        }

        #[test]
        fn keys_are_ordered_as_values(a in any::<f64>(), b in any::<f64>()) {
            prop_assert_eq!(key(a).cmp(&key(b)), a.total_cmp(&b));
            prop_assert_eq!(from_key(key(a)).to_bits(), a.to_bits());
        }
    }

    #[test]
    fn what_is_not_there_is_absent() {
        assert_eq!(Means(&[]).kth(1), None);
        assert_eq!(Means(&[]).median(), None);
        assert_eq!(Means(&[1.0, 3.0]).kth(0), None);
        assert_eq!(Means(&[1.0, 3.0]).kth(2), Some(2.0));
        assert_eq!(Means(&[1.0, 3.0]).kth(4), None);
        assert_eq!(Means(&[-f64::MAX, f64::MAX]).median(), Some(0.0));
        assert_eq!(Differences(&[1.0], &[]).median(), None);
        assert_eq!(Differences(&[f64::MAX], &[-f64::MAX]).kth(1), None);
    }
}
