//! What the pictures of cells and their samples share: which cells, and the quantiles that a count supports.

use edgebench_record::{Cell, Figure, Record, TaskFacts, figure};
use edgebench_stats::{quantile, required_samples};

use super::sound::positive;
use crate::ranking::{Rank, ranked};

/// The confidence of the rule for which percentiles a count supports, as in the record's own percentiles.
const CONFIDENCE: f64 = 0.99;

/// A task's cells whose figures stand: candidates first, each kind in the order of its median latency.
pub(crate) fn standing<'a>(record: &'a Record, task: &TaskFacts) -> Vec<&'a Cell> {
    ranked(record, &task.id)
        .into_iter()
        .filter(|(rank, _)| *rank != Rank::Out)
        .map(|(_, cell)| cell)
        .collect()
}

/// All samples of a cell, in ascending order.
pub(crate) fn sorted(cell: &Cell) -> Vec<f64> {
    let mut samples: Vec<u64> = cell
        .invocations
        .iter()
        .flat_map(|invocation| invocation.samples_ns.iter().copied())
        .collect();
    samples.sort_unstable();
    samples.into_iter().map(|ns| ns as f64).collect()
}

/// The median of each invocation that has samples.
pub(crate) fn medians(cell: &Cell) -> impl Iterator<Item = f64> {
    cell.invocations
        .iter()
        .filter_map(|invocation| middle(&mut invocation.samples_ns.clone()))
}

/// The median, by selection: the order of the samples is lost.
pub(crate) fn middle(samples: &mut [u64]) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    let half = samples.len() / 2;
    let even = samples.len().is_multiple_of(2);
    let (below, &mut upper, _) = samples.select_nth_unstable(half);
    let lower = if even { below.iter().max().copied() } else { None };
    Some(f64::midpoint(lower.unwrap_or(upper) as f64, upper as f64))
}

/// Quantiles, each with how many samples it needs.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles<const N: usize>([(f64, u64); N]);

impl<const N: usize> Quantiles<N> {
    /// These quantiles. One below the median needs as many samples as its mirror image above.
    pub(crate) fn at(shares: [f64; N]) -> Self {
        Self(shares.map(|p| (p, required_samples(p.max(1.0 - p), 1, CONFIDENCE))))
    }

    /// The quantiles of samples in ascending order, each where their count supports it.
    pub(crate) fn of(&self, sorted: &[f64]) -> [Option<f64>; N] {
        self.0
            .map(|(p, needed)| quantile(sorted, p).filter(|_| sorted.len() as u64 >= needed))
    }
}

/// What is to be said of times and memory that an emulated processor gave.
pub(crate) fn emulation(record: &Record) -> Option<String> {
    let words = "Measured under emulation: neither times nor memory are the device's, nor comparable with it.";
    record.host.emulated.then(|| words.to_owned())
}

/// The median that tables give, the median of the invocations' medians, where the samples are enough for one.
pub(crate) fn p50(cell: &Cell) -> Option<Figure> {
    figure(cell, "latency_p50").and_then(positive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_given_where_its_count_supports_it() {
        let samples: Vec<f64> = (0..101).map(f64::from).collect();
        let [low, middle, p90, p99] = Quantiles::at([0.1, 0.5, 0.9, 0.99]).of(&samples);
        assert_eq!((low, middle, p90, p99), (Some(10.0), Some(50.0), Some(90.0), None));
        assert_eq!(Quantiles::at([0.5]).of(&samples[..10]), [None]);
        assert_eq!(Quantiles::at([0.5]).of(&[]), [None]);
    }

    #[test]
    fn the_middle_is_the_median() {
        assert_eq!(middle(&mut [3, 1, 2]), Some(2.0));
        assert_eq!(middle(&mut [4, 1, 2, 9]), Some(3.0));
        assert_eq!(middle(&mut [7]), Some(7.0));
        assert_eq!(middle(&mut []), None);
    }
}
