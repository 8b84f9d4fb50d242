//! Fast resampling: bootstraps over counts and over ranks instead of over samples.

use std::collections::HashMap;

use edgebench_stats::{Interval, quantile};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

/// What a sample was and what two models said of it. Samples of the same cell are interchangeable for a metric that
/// looks at answers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) label: usize,
    pub(crate) first: Option<usize>,
    pub(crate) second: Option<usize>,
}

/// The distinct cells with their counts, in a fixed order.
pub(crate) fn cells(labels: &[usize], first: &[Option<usize>], second: &[Option<usize>]) -> Vec<(Cell, u64)> {
    let mut counts: HashMap<Cell, u64> = HashMap::new();
    for ((&label, &first), &second) in labels.iter().zip(first).zip(second) {
        *counts.entry(Cell { label, first, second }).or_default() += 1;
    }
    let mut cells: Vec<(Cell, u64)> = counts.into_iter().collect();
    cells.sort_unstable();
    cells
}

/// Right, labelled, predicted: what a class's F1 is made of.
pub(crate) type ClassCounts = [u64; 3];

/// The macro-averaged F1 when cell i occurs `counts[i]` times. A class counts when it is labelled or predicted, as in
/// [`edgebench_stats::macro_f1`]; a sample without a prediction counts for its label alone. `scratch` saves an
/// allocation per call.
pub(crate) fn macro_f1_of(
    cells: &[(Cell, u64)],
    counts: &[u64],
    classes: usize,
    prediction: impl Fn(&Cell) -> Option<usize>,
    scratch: &mut Vec<ClassCounts>,
) -> Option<f64> {
    scratch.clear();
    scratch.resize(classes, [0; 3]);
    for ((cell, _), &count) in cells.iter().zip(counts) {
        let predicted = prediction(cell);
        scratch.get_mut(cell.label)?[1] += count;
        if let Some(predicted) = predicted {
            let class = scratch.get_mut(predicted)?;
            class[2] += count;
            class[0] += if predicted == cell.label { count } else { 0 };
        }
    }
    let present = scratch.iter().filter(|class| class[1] + class[2] > 0);
    let (sum, classes) = present.fold((0.0, 0_u64), |(sum, classes), &[right, labelled, predicted]| {
        (sum + 2.0 * right as f64 / (labelled + predicted) as f64, classes + 1)
    });
    (classes > 0).then(|| sum / classes as f64)
}

/// The percentile bootstrap of a statistic of counts.
///
/// Drawing n samples with replacement and counting their cells is one draw from a multinomial distribution, which is
/// made here of one binomial draw per cell: the cost depends on the number of cells and not on that of samples.
/// `None` where there is nothing to draw from or a resample has no statistic.
///
/// Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), §13.3; the conditional method for the
/// multinomial is in Devroye, "Non-Uniform Random Variate Generation" (1986), §XI.1.4.
pub(crate) fn bootstrap_of_counts(
    counts: &[u64],
    resamples: usize,
    seed: u64,
    confidence: f64,
    mut statistic: impl FnMut(&[u64]) -> Option<f64>,
) -> Option<Interval> {
    let n: u64 = counts.iter().sum();
    if n == 0 || resamples == 0 {
        return None;
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn = vec![0; counts.len()];
    let mut values = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        let (mut left, mut weight) = (n, n);
        for (drawn, &count) in drawn.iter_mut().zip(counts) {
            *drawn = match (left, count) {
                (0, _) | (_, 0) => 0,
                (left, count) if count == weight => left,
                (left, count) => Binomial::new(left, count as f64 / weight as f64)
                    .ok()?
                    .sample(&mut generator),
            };
            left -= *drawn;
            weight -= count;
        }
        values.push(statistic(&drawn).filter(|value| value.is_finite())?);
    }
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval {
        low: quantile(&values, tail)?,
        high: quantile(&values, 1.0 - tail)?,
        confidence,
    })
}

/// Scores that are ordered once, so that the area under the ROC curve of a resample takes one pass and no sorting.
#[derive(Debug)]
pub(crate) struct RankedScores {
    /// Per sample: twice the rank of its score among the distinct scores, plus 1 when its label is not 0.
    slots: Vec<u32>,
    counts: Vec<u32>,
}

impl RankedScores {
    /// Orders scores, none of which is NaN, with labels of 0 or 1.
    pub(crate) fn new(scores: &[f64], labels: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..scores.len().min(labels.len())).collect();
        order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let mut slots = vec![0; order.len()];
        let mut rank = 0;
        for (place, &sample) in order.iter().enumerate() {
            // The two zeros are one score, though they are ordered.
            if place > 0 && scores[sample] > scores[order[place - 1]] {
                rank += 1;
            }
            slots[sample] = 2 * rank + u32::from(labels[sample] != 0);
        }
        Self {
            slots,
            counts: vec![0; 2 * (rank as usize + 1)],
        }
    }

    /// The area of the samples at `indices`: the share of pairs of a positive and a negative whose scores are in
    /// order, ties counting half (Mann & Whitney). `None` where one of the classes is absent.
    pub(crate) fn area(&mut self, indices: impl Iterator<Item = usize>) -> Option<f64> {
        self.counts.fill(0);
        for index in indices {
            self.counts[self.slots[index] as usize] += 1;
        }
        let (mut negatives, mut positives, mut wins) = (0_u64, 0_u64, 0_u64);
        for pair in self.counts.as_chunks::<2>().0 {
            let [negative, positive] = pair.map(u64::from);
            // In half pairs, which are whole numbers.
            wins += positive * (2 * negatives + negative);
            negatives += negative;
            positives += positive;
        }
        (negatives > 0 && positives > 0).then(|| wins as f64 / 2.0 / (negatives as f64 * positives as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgebench_stats::{bootstrap_interval, macro_f1, macro_f1_at, roc_auc};
    use proptest::prelude::*;

    #[test]
    fn the_fast_bootstrap_agrees_with_the_plain_one() {
        let labels: Vec<usize> = (0..400).map(|i| i % 4).collect();
        let predictions: Vec<usize> = (0..400).map(|i| if i % 9 < 2 { i % 3 } else { i % 4 }).collect();
        let some: Vec<Option<usize>> = predictions.iter().copied().map(Some).collect();
        let cells = cells(&labels, &some, &some);
        let counts: Vec<u64> = cells.iter().map(|&(_, count)| count).collect();
        let mut scratch = Vec::new();
        let fast = bootstrap_of_counts(&counts, 4000, 1, 0.95, |counts| {
            macro_f1_of(&cells, counts, 4, |cell| cell.first, &mut scratch)
        })
        .unwrap();
        let plain = bootstrap_interval(400, 4000, 1, 0.95, |indices| {
            macro_f1_at(indices, &predictions, &labels, 4).unwrap()
        })
        .unwrap();
        assert!((fast.low - plain.low).abs() < 0.003, "{fast:?} {plain:?}");
        assert!((fast.high - plain.high).abs() < 0.003, "{fast:?} {plain:?}");
    }

    #[test]
    fn nothing_has_no_interval() {
        assert_eq!(bootstrap_of_counts(&[], 10, 1, 0.95, |_| Some(0.0)), None);
        assert_eq!(bootstrap_of_counts(&[0, 0], 10, 1, 0.95, |_| Some(0.0)), None);
        assert_eq!(bootstrap_of_counts(&[1], 10, 1, 0.95, |_| None), None);
        assert_eq!(RankedScores::new(&[], &[]).area(0..0), None);
    }

    proptest! {
        #[test]
        fn every_resample_has_all_the_samples(counts in prop::collection::vec(0_u64..50, 1..20), seed in any::<u64>()) {
            let n: u64 = counts.iter().sum();
            let mut sums = Vec::new();
            bootstrap_of_counts(&counts, 20, seed, 0.95, |drawn| {
                assert!(drawn.iter().zip(&counts).all(|(&drawn, &count)| count > 0 || drawn == 0));
                sums.push(drawn.iter().sum::<u64>());
                Some(0.0)
            });
            prop_assert!(sums.iter().all(|&sum| sum == n));
            prop_assert!(n == 0 || sums.len() == 20);
        }

        #[test]
        fn the_f1_of_cells_is_that_of_samples(pairs in prop::collection::vec((0_usize..5, 0_usize..5), 1..60)) {
            let (labels, predictions): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            let some: Vec<Option<usize>> = predictions.iter().copied().map(Some).collect();
            let cells = cells(&labels, &some, &some);
            let counts: Vec<u64> = cells.iter().map(|&(_, count)| count).collect();
            let here = macro_f1_of(&cells, &counts, 5, |cell| cell.second, &mut Vec::new()).unwrap();
            prop_assert!((here - macro_f1(&predictions, &labels, 5).unwrap()).abs() < 1e-12);
        }

        #[test]
        fn the_ranked_area_is_the_plain_one(samples in prop::collection::vec((-4_i8..4, any::<bool>()), 0..60)) {
            let (scores, positive): (Vec<f64>, Vec<bool>) =
                samples.into_iter().map(|(score, label)| (f64::from(score), label)).unzip();
            let labels: Vec<usize> = positive.iter().map(|&label| usize::from(label)).collect();
            let here = RankedScores::new(&scores, &labels).area(0..labels.len());
            match (here, roc_auc(&scores, &positive)) {
                (Some(here), Some(there)) => prop_assert!((here - there).abs() < 1e-12),
                (here, there) => prop_assert!(here.is_none() && there.is_none()),
            }
        }
    }
}
