//! Change points of a series by an optimal partition with pruning (PELT).

/// What makes the values of a segment unlike each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Σ(x − mean)²: a change of the mean, with a penalty in the square of the unit of the values. With the values
    /// divided by their standard deviation it is the cost of R's `cpt.mean` and, as such, twice a negative log-likelihood.
    Mean,
    /// n·(ln 2πσ² + 1), twice the negative log-likelihood of normal values: a change of the mean or the variance, as R's
    /// `cpt.meanvar`, with a penalty without unit.
    MeanVariance,
}

/// Where the series changes: the first index of every segment after the first, ascending, for the partition with the
/// smallest sum of the costs of its segments and `penalty` for every change.
///
/// A segment has at least `min_segment` values, and never fewer than 1, or 2 for [`Cost::MeanVariance`]. A series with
/// fewer than two segments' worth of values does not change. With `MeanVariance` a variance is taken as no smaller than
/// d²/12, d being the smallest difference of two unequal values: the variance of rounding to steps of d, so that a run
/// of equal readings of a coarse clock is not infinitely likely.
///
/// The partition is optimal: a candidate for the last change that is beaten at t is dropped from t + `min_segment` on,
/// when t itself can take its place. The time is O(n) steps for each candidate that remains, which is few where changes
/// come regularly, and O(n²) where the series does not change.
///
/// `None` where there are no values, one is NaN or infinite, the penalty is negative or NaN, or a cost is beyond the
/// range of `f64`.
///
/// Source: Killick, Fearnhead & Eckley, "Optimal Detection of Changepoints With a Linear Computational Cost", JASA
/// 107(500), 2012; the floor of the variance is a choice made here, as is keeping to the shortest segment.
pub fn pelt(values: &[f64], cost: Cost, penalty: f64, min_segment: usize) -> Option<Vec<usize>> {
    if values.is_empty() || penalty.is_nan() || penalty < 0.0 || values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let n = values.len();
    let (least, floor) = match cost {
        Cost::Mean => (min_segment.max(1), 0.0),
        Cost::MeanVariance => (min_segment.max(2), variance_of_rounding(values)),
    };
    if n < least.saturating_mul(2) {
        return Some(Vec::new());
    }
    // The best cost of the values before each index, and the last change before it.
    let mut best = vec![f64::INFINITY; n + 1];
    let mut change = vec![0; n + 1];
    best[0] = -penalty;
    let mut candidates = vec![Candidate::from(0)];
    for end in 1..=n {
        candidates.retain(|candidate| end < candidate.dropped);
        for candidate in &mut candidates {
            candidate.moments.push(values[end - 1]);
        }
        if end < least {
            continue;
        }
        for candidate in candidates.iter_mut().filter(|c| c.start + least <= end) {
            candidate.cost = best[candidate.start] + candidate.moments.cost(cost, floor);
            if candidate.cost + penalty < best[end] {
                best[end] = candidate.cost + penalty;
                change[end] = candidate.start;
            }
        }
        for candidate in candidates.iter_mut().filter(|c| c.start + least <= end) {
            if candidate.cost > best[end] {
                candidate.dropped = candidate.dropped.min(end + least);
            }
        }
        if end + least <= n {
            candidates.push(Candidate::from(end));
        }
    }
    let mut changes = Vec::new();
    let mut at = change[n];
    while at > 0 {
        changes.push(at);
        at = change[at];
    }
    changes.reverse();
    best[n].is_finite().then_some(changes)
}

/// A start of the last segment that is still worth considering.
struct Candidate {
    start: usize,
    moments: Moments,
    /// Of the values up to here with the last change at `start`, without a penalty for it.
    cost: f64,
    /// The end from which on it is beaten.
    dropped: usize,
}

impl Candidate {
    fn from(start: usize) -> Self {
        Self {
            start,
            moments: Moments::default(),
            cost: f64::INFINITY,
            dropped: usize::MAX,
        }
    }
}

/// Welford's running moments: a difference of sums of squares would lose a small variance after a large value.
#[derive(Default)]
struct Moments {
    n: f64,
    mean: f64,
    /// Σ(x − mean)².
    squares: f64,
}

impl Moments {
    fn push(&mut self, value: f64) {
        self.n += 1.0;
        let before = value - self.mean;
        self.mean += before / self.n;
        self.squares += before * (value - self.mean);
    }

    /// The smallest that normal values with a variance of at least `floor` can make it. As a minimum over parameters it
    /// never grows when a segment is split, which is what pruning needs.
    fn cost(&self, cost: Cost, floor: f64) -> f64 {
        match cost {
            Cost::Mean => self.squares,
            Cost::MeanVariance => {
                let variance = (self.squares / self.n).max(floor);
                self.n * (std::f64::consts::TAU * variance).ln() + self.squares / variance
            }
        }
    }
}

fn variance_of_rounding(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let step = sorted
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|&gap| gap > 0.0)
        .fold(f64::INFINITY, f64::min);
    let variance = step * step / 12.0;
    // Without a step there is one value, and any variance does.
    if variance.is_finite() {
        variance.max(f64::MIN_POSITIVE)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    /// sin(i²) for i from 1, times a size and on a level for each of several stretches.
    fn stretches(of: &[(usize, f64, f64)]) -> Vec<f64> {
        of.iter()
            .flat_map(|&(n, level, size)| std::iter::repeat_n((level, size), n))
            .enumerate()
            .map(|(i, (level, size))| level + size * (((i + 1) * (i + 1)) as f64).sin())
            .collect()
    }

    // python3 -c "import numpy as np, ruptures as r
    // def s(*of): i=np.arange(1,sum(n for n,_,_ in of)+1); return np.concatenate([[l]*n for n,l,_ in of])+np.concatenate([[z]*n for n,_,z in of])*np.sin(i*i)
    // x=s((30,5,1),(60,2,.3),(50,2,1.2),(60,2.5,.3),(40,2,.3)); y=s((40,0,1),(25,1,1),(3,6,1),(52,.5,1))
    // normal=r.costs.CostNormal(add_small_diag=False)
    // print([r.Pelt(custom_cost=normal,min_size=m,jump=1).fit(x).predict(pen=p)[:-1] for p,m in ((15*np.log(240),2),(15,2),(10,2),(6,8))])
    // print([r.Pelt(model='l2',min_size=m,jump=1).fit(y).predict(pen=p)[:-1] for p,m in ((5,1),(2,2),(1,5))])"
    // At 6 and 2 they differ: the pruning of ruptures forgets the shortest segment, and its partition is not the best, to
    // which `no_partition_is_better` holds this one.
    #[test]
    fn agrees_with_ruptures() {
        let x = stretches(&[
            (30, 5.0, 1.0),
            (60, 2.0, 0.3),
            (50, 2.0, 1.2),
            (60, 2.5, 0.3),
            (40, 2.0, 0.3),
        ]);
        let of = |penalty, least| pelt(&x, Cost::MeanVariance, penalty, least).unwrap();
        assert_eq!(of(15.0 * 240f64.ln(), 2), [30]);
        assert_eq!(of(15.0, 2), [30, 91, 143, 145, 200]);
        assert_eq!(
            of(10.0, 2),
            [30, 51, 58, 91, 138, 143, 145, 165, 167, 187, 189, 200, 209, 211]
        );
        assert_eq!(of(6.0, 8), [30, 51, 59, 91, 138, 161, 171, 183, 193, 202, 218]);
        let y = stretches(&[(40, 0.0, 1.0), (25, 1.0, 1.0), (3, 6.0, 1.0), (52, 0.5, 1.0)]);
        let of = |penalty, least| pelt(&y, Cost::Mean, penalty, least).unwrap();
        assert_eq!(of(5.0, 1), [42, 65, 68]);
        assert_eq!(of(2.0, 2), [42, 45, 48, 61, 65, 68, 70, 83]);
        assert_eq!(of(1.0, 5), [40, 45, 51, 58, 63, 68, 95, 105, 114]);
    }

    /// The best partition by trying every last change for every end, without pruning.
    fn exhaustive(values: &[f64], cost: Cost, penalty: f64, least: usize) -> f64 {
        let floor = variance_of_rounding(values);
        let mut best = vec![f64::INFINITY; values.len() + 1];
        best[0] = -penalty;
        for end in least..=values.len() {
            for start in 0..=end - least {
                let of = best[start] + segment(&values[start..end], cost, floor) + penalty;
                best[end] = best[end].min(of);
            }
        }
        best[values.len()]
    }

    fn segment(values: &[f64], cost: Cost, floor: f64) -> f64 {
        let mut moments = Moments::default();
        for &x in values {
            moments.push(x);
        }
        moments.cost(cost, floor)
    }

    fn total(values: &[f64], cost: Cost, penalty: f64, changes: &[usize]) -> f64 {
        let floor = variance_of_rounding(values);
        let mut bounds = vec![0];
        bounds.extend(changes);
        bounds.push(values.len());
        let costs: f64 = bounds
            .windows(2)
            .map(|b| segment(&values[b[0]..b[1]], cost, floor))
            .sum();
        costs + penalty * changes.len() as f64
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for cost in [Cost::Mean, Cost::MeanVariance] {
            assert_eq!(pelt(&[], cost, 1.0, 1), None);
            assert_eq!(pelt(&[1.0, f64::NAN], cost, 1.0, 1), None);
            assert_eq!(pelt(&[1.0, 2.0], cost, -1.0, 1), None);
            assert_eq!(pelt(&[1.0, 2.0], cost, f64::NAN, 1), None);
            assert_eq!(pelt(&[1.0], cost, 1.0, 0), Some(vec![]));
            assert_eq!(pelt(&[1.0, 5.0, 9.0], cost, 0.0, usize::MAX), Some(vec![]));
            assert_eq!(pelt(&[3.0; 50], cost, 1.0, 2), Some(vec![]));
        }
        assert_eq!(pelt(&[1e200, -1e200, 1.0, 1.0], Cost::Mean, 1.0, 2), None);
        // The square of the step vanishes, and the floor does not.
        let tiny = [0.0, 0.0, 1e-170, 0.0, 0.0];
        assert_eq!(pelt(&tiny, Cost::MeanVariance, 9.0, 2), Some(vec![]));
    }

    /// Equal readings are no evidence of a change, and a change from one to another is.
    #[test]
    fn a_coarse_clock_has_no_changes_of_its_own() {
        let mut normals = Normals::seeded(6);
        let ticks: Vec<f64> = normals
            .many(600)
            .iter()
            .map(|x| (20.0 + 0.4 * x).round() * 100.0)
            .collect();
        assert!(
            ticks
                .windows(20)
                .any(|run| run.iter().all(|x| x.total_cmp(&run[0]).is_eq()))
        );
        let penalty = 15.0 * 600f64.ln();
        assert_eq!(pelt(&ticks, Cost::MeanVariance, penalty, 2), Some(vec![]));
        let moved: Vec<f64> = ticks
            .iter()
            .enumerate()
            .map(|(i, x)| if i < 250 { x + 200.0 } else { *x })
            .collect();
        assert_eq!(pelt(&moved, Cost::MeanVariance, penalty, 2), Some(vec![250]));
        let step: Vec<f64> = (0..200).map(|i| if i < 120 { 7.0 } else { 9.0 }).collect();
        assert_eq!(pelt(&step, Cost::MeanVariance, penalty, 2), Some(vec![120]));
    }

    /// One huge value does not drown the small variance of what follows.
    #[test]
    fn a_huge_value_hides_nothing() {
        let mut normals = Normals::seeded(7);
        let mut values: Vec<f64> = (0..300)
            .map(|i| 1.0 + 1e-6 * normals.one() + if i < 150 { 0.0 } else { 1e-5 })
            .collect();
        values[0] = 1e9;
        values[1] = 1e9;
        assert_eq!(
            pelt(&values, Cost::MeanVariance, 15.0 * 300f64.ln(), 2),
            Some(vec![2, 150])
        );
    }

    #[test]
    fn normal_values_rarely_change() {
        let mut normals = Normals::seeded(8);
        let changed = share(150, || {
            !pelt(&normals.many(150), Cost::MeanVariance, 15.0 * 150f64.ln(), 2)
                .unwrap()
                .is_empty()
        });
        assert!(changed < 0.01, "{changed}");
    }

    fn series() -> impl Strategy<Value = Vec<f64>> {
        let level = (0i32..4, prop_oneof![Just(0.0), Just(0.1), Just(2.0)], 1usize..12);
        (prop::collection::vec(level, 1..7), any::<u64>()).prop_map(|(levels, seed)| {
            let mut normals = Normals::seeded(seed);
            let of = |(level, size, n)| -> Vec<f64> {
                normals.many(n).iter().map(|x| f64::from(level) + size * x).collect()
            };
            levels.into_iter().flat_map(of).collect()
        })
    }

    proptest! {
        #[test]
        fn no_partition_is_better(values in series(), penalty in 0.0..20.0f64, least in 1usize..6, mean in any::<bool>()) {
            let (cost, least) = if mean { (Cost::Mean, least) } else { (Cost::MeanVariance, least.max(2)) };
            let changes = pelt(&values, cost, penalty, least).unwrap();
            let bounds: Vec<usize> = [0].into_iter().chain(changes.iter().copied()).chain([values.len()]).collect();
            prop_assert!(changes.is_empty() || bounds.windows(2).all(|b| b[1] - b[0] >= least));
            if values.len() >= least {
                let (found, optimal) = (total(&values, cost, penalty, &changes), exhaustive(&values, cost, penalty, least));
                prop_assert!((found - optimal).abs() <= 1e-8 * optimal.abs().max(1.0), "{found} {optimal}");
            }
        }

        #[test]
        fn the_unit_does_not_matter(values in series()) {
            let moved: Vec<f64> = values.iter().map(|x| 1024.0 * x).collect();
            for (cost, scale) in [(Cost::Mean, 1024.0 * 1024.0), (Cost::MeanVariance, 1.0)] {
                // Partitions may be equally good, and rounding chooses.
                let of = |changes: Option<Vec<usize>>| total(&values, cost, 9.0, &changes.unwrap());
                let (here, there) = (of(pelt(&values, cost, 9.0, 2)), of(pelt(&moved, cost, 9.0 * scale, 2)));
                prop_assert!((here - there).abs() <= 1e-8 * here.abs().max(1.0), "{here} {there}");
            }
        }

        #[test]
        fn never_panics(values in prop::collection::vec(any::<f64>(), 0..30), penalty in any::<f64>(), least in any::<usize>()) {
            let _ = (pelt(&values, Cost::Mean, penalty, least), pelt(&values, Cost::MeanVariance, penalty, least % 5));
        }
    }
}
