//! Dividing a series where the two sides are most unlike: the search of E-divisive, and its permutation test.
//!
//! Source: Matteson & James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", JASA
//! 109(505), 2014, §2 and §3.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A place to divide a stretch of values.
#[derive(Clone, Copy)]
pub(crate) struct Candidate {
    /// The index of the first value of the second part.
    pub(crate) at: usize,
    /// How unlike the parts are.
    pub(crate) q: f64,
}

impl Candidate {
    /// The larger q, or the earlier place.
    fn better(self, other: Self) -> Self {
        let earlier = self.q.total_cmp(&other.q).is_eq() && other.at < self.at;
        if other.q > self.q || earlier { other } else { self }
    }
}

/// Divides values while `test` gives a p for the best place, which is given between the bounds found so far.
pub(crate) fn divided(values: &[f64], mut test: impl FnMut(&[usize], Candidate) -> Option<f64>) -> Vec<(usize, f64)> {
    let mut found: Vec<(usize, f64)> = Vec::new();
    loop {
        let bounds = bounds(values.len(), &found);
        let candidate = best_of(values, &bounds);
        let Some((candidate, p)) = candidate.and_then(|best| Some((best, test(&bounds, best)?))) else {
            return found;
        };
        let before = found.partition_point(|&(index, _)| index < candidate.at);
        found.insert(before, (candidate.at, p));
    }
}

/// The ends of the stretches between the changes found.
pub(crate) fn bounds(n: usize, found: &[(usize, f64)]) -> Vec<usize> {
    let inner = found.iter().map(|&(index, _)| index);
    std::iter::once(0).chain(inner).chain([n]).collect()
}

fn best_of(values: &[f64], bounds: &[usize]) -> Option<Candidate> {
    let stretches = bounds.windows(2);
    let candidates = stretches.filter_map(|ends| {
        let Candidate { at, q } = best_split(&values[ends[0]..ends[1]])?;
        Some(Candidate { at: ends[0] + at, q })
    });
    candidates.reduce(Candidate::better)
}

/// The place with the largest Q, over all ends of the second stretch, in O(n²) time: the sums for one more value follow
/// from its distances to those before.
fn best_split(values: &[f64]) -> Option<Candidate> {
    let n = values.len();
    // By the length of X: the sums of distances within X, within Y and between them.
    let (mut in_x, mut in_y, mut between) = (vec![0.0; n + 1], vec![0.0; n], vec![0.0; n]);
    let mut best: Option<Candidate> = None;
    for (last, &added) in values.iter().enumerate().skip(1) {
        let total: f64 = values[..last].iter().map(|x| (x - added).abs()).sum();
        let mut to_x = 0.0;
        for at in 1..=last {
            to_x += (values[at - 1] - added).abs();
            between[at] += to_x;
            in_y[at] += total - to_x;
            let (n, m) = (at as f64, (last + 1 - at) as f64);
            let mean_in = |sum: f64, count: f64| if count > 1.0 { sum / (count - 1.0) } else { 0.0 };
            let q = 2.0 / (n + m) * (between[at] - m * mean_in(in_x[at], n) - n * mean_in(in_y[at], m));
            let candidate = Candidate { at, q };
            best = Some(best.map_or(candidate, |best| best.better(candidate)));
        }
        in_x[last + 1] = in_x[last] + total;
    }
    best
}

/// (1 + how often an order divides as well)/(1 + count), left off once it is above `max_pvalue`. The order itself counts:
/// Phipson & Smyth, "Permutation P-values Should Never Be Zero", 2010.
pub(crate) fn permuted(
    values: &[f64],
    bounds: &[usize],
    q: f64,
    count: usize,
    max_pvalue: f64,
    generator: &mut ChaCha8Rng,
) -> f64 {
    let mut order = values.to_vec();
    let (mut as_well, all) = (1, (count + 1) as f64);
    // The same values in another order sum to something else in the last place.
    let bar = q * (1.0 - 1e-9);
    for _ in 0..count {
        for ends in bounds.windows(2) {
            order[ends[0]..ends[1]].shuffle(generator);
        }
        if best_of(&order, bounds).is_some_and(|best| best.q >= bar) {
            as_well += 1;
        }
        if f64::from(as_well) / all > max_pvalue {
            break;
        }
    }
    f64::from(as_well) / all
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    /// level + size·sin(i²) for i from 1, for each of several stretches.
    pub(crate) fn history(of: &[(usize, f64)], size: f64) -> Vec<f64> {
        let levels = of.iter().flat_map(|&(n, level)| std::iter::repeat_n(level, n));
        levels
            .enumerate()
            .map(|(i, level)| level + size * (((i + 1) * (i + 1)) as f64).sin())
            .collect()
    }

    // pip install apache-otava==0.8.0 numpy scipy; python3 -c "import numpy as np
    // from otava.change_point_divisive.calculator import PairDistanceCalculator as C
    // def h(s,*of): i=np.arange(1,sum(n for n,_ in of)+1); return np.concatenate([[l]*n for n,l in of])+s*np.sin(i*i)
    // for x in (h(1,(20,10),(15,11)),h(1,(30,10)),h(.3,(3,1),(5,2),(4,1)),np.array([1,2.]),np.array([3,1,4,1,5.])):
    //   c=C(x).get_candidate_change_point(slice(None,None)); print(c.index,c.qhat)"
    #[test]
    fn the_best_split_agrees_with_otava() {
        let expected = [
            (history(&[(20, 10.0), (15, 11.0)], 1.0), (20, 9.039_819_411_207_402)),
            (history(&[(30, 10.0)], 1.0), (20, 1.862_986_414_854_737)),
            (
                history(&[(3, 1.0), (5, 2.0), (4, 1.0)], 0.3),
                (3, 2.116_492_506_937_056),
            ),
            (vec![1.0, 2.0], (1, 1.0)),
            (vec![3.0, 1.0, 4.0, 1.0, 5.0], (4, 2.933_333_333_333_333_6)),
        ];
        for (values, (at, q)) in expected {
            let best = best_split(&values).unwrap();
            assert_eq!(best.at, at);
            close(best.q, q, 1e-12);
        }
        assert!(best_split(&[1.0]).is_none());
    }

    #[test]
    fn orders_are_drawn_within_stretches_and_the_one_seen_counts() {
        use rand::SeedableRng as _;
        let values = history(&[(15, 0.0), (15, 50.0)], 1.0);
        let p = |bounds: &[usize], q: f64, max_pvalue: f64| {
            permuted(&values, bounds, q, 19, max_pvalue, &mut ChaCha8Rng::seed_from_u64(1))
        };
        let apart = best_split(&values).unwrap().q;
        close(p(&[0, 30], 2.0 * apart, 0.5), 0.05, 1e-15);
        // Orders of all 30 values divide better than 20 more often than not, orders of either half never.
        close(p(&[0, 15, 30], 20.0, 0.5), 0.05, 1e-15);
        assert!(p(&[0, 30], 20.0, 0.5) > 0.5);
        // No more are drawn than it takes to know that p is too large.
        close(p(&[0, 30], 0.0, 0.3), 0.35, 1e-15);
    }

    proptest! {
        /// Straight from the definition, for every place and every end.
        #[test]
        fn the_best_split_is_the_best(values in prop::collection::vec(-9.0..9.0f64, 2..14)) {
            let within = |x: &[f64]| -> f64 {
                let pairs = (0..x.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
                let sum: f64 = pairs.map(|(i, j)| (x[i] - x[j]).abs()).sum();
                if x.len() > 1 { sum / (x.len() * (x.len() - 1) / 2) as f64 } else { 0.0 }
            };
            let q = |x: &[f64], y: &[f64]| {
                let (n, m) = (x.len() as f64, y.len() as f64);
                let between: f64 = x.iter().flat_map(|a| y.iter().map(move |b| (a - b).abs())).sum();
                n * m / (n + m) * (2.0 * between / (n * m) - within(x) - within(y))
            };
            let all = (2..=values.len()).flat_map(|end| (1..end).map(move |at| (at, end)));
            let largest = all.map(|(at, end)| q(&values[..at], &values[at..end])).fold(f64::NEG_INFINITY, f64::max);
            close(best_split(&values).unwrap().q, largest, 1e-9);
        }
    }
}
