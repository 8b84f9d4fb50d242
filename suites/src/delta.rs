//! Differences: a variant's score against the baseline's, on the same samples.

use edgebench_stats::{Interval, bootstrap_interval, mcnemar_mid_p, newcombe_paired, paired_table};

use crate::manifest::MetricName;
use crate::metrics::{CONFIDENCE, Judged, MetricError, RESAMPLES, SEED};
use crate::resample::{RankedScores, bootstrap_of_counts, cells, macro_f1_of};

/// A variant's metric less the baseline's, over the same samples, and what lies behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeltaFigures {
    /// Variant minus baseline, −1 to 1.
    pub value: f64,
    /// A 95 % interval of it: Newcombe's for paired samples (`top1`), a paired percentile bootstrap (`f1`, `auc`).
    pub interval: Option<Interval>,
    /// Samples whose answer went from right to wrong or back. Absent where outputs are single scores.
    pub flips: Option<u64>,
    /// Samples whose answer is another, right or wrong. Absent where outputs are single scores.
    pub answer_changes: Option<u64>,
    /// The mid-p of `McNemar`'s test on right and wrong answers. Absent where outputs are single scores.
    pub mcnemar_p: Option<f64>,
}

/// Compares two sets of answers to the same samples in the same order.
///
/// # Errors
/// [`MetricError::Unpaired`] when metric or labels differ, [`MetricError::Undefined`] when a metric has no value.
pub fn delta(baseline: &Judged, variant: &Judged) -> Result<DeltaFigures, MetricError> {
    let metric = baseline.metric;
    if metric != variant.metric
        || baseline.labels != variant.labels
        || baseline.right.len() != variant.right.len()
        || baseline.scores.len() != variant.scores.len()
    {
        return Err(MetricError::Unpaired);
    }
    let (value, interval) = match metric {
        MetricName::Top1 => top1(baseline, variant),
        MetricName::F1 => f1(baseline, variant),
        MetricName::Auc => auc(baseline, variant),
    }
    .ok_or(MetricError::Undefined {
        metric,
        reason: "the samples do not have it",
    })?;
    let table = (!baseline.right.is_empty())
        .then(|| paired_table(&baseline.right, &variant.right))
        .flatten();
    let changes = || {
        let pairs = baseline.predictions.iter().zip(&variant.predictions);
        pairs.filter(|(before, after)| before != after).count() as u64
    };
    Ok(DeltaFigures {
        value,
        interval,
        flips: table.as_ref().map(edgebench_stats::PairedTable::discordant),
        answer_changes: table.as_ref().map(|_| changes()),
        mcnemar_p: table.as_ref().map(mcnemar_mid_p),
    })
}

type Estimate = Option<(f64, Option<Interval>)>;

fn top1(baseline: &Judged, variant: &Judged) -> Estimate {
    let table = paired_table(&baseline.right, &variant.right)?;
    Some((table.delta()?, newcombe_paired(table, CONFIDENCE)))
}

fn f1(baseline: &Judged, variant: &Judged) -> Estimate {
    let cells = cells(&baseline.labels, &baseline.predictions, &variant.predictions);
    let classes = baseline.classes.max(variant.classes);
    let mut scratch = Vec::new();
    let mut difference = |counts: &[u64]| {
        let before = macro_f1_of(&cells, counts, classes, |cell| cell.first, &mut scratch)?;
        Some(macro_f1_of(&cells, counts, classes, |cell| cell.second, &mut scratch)? - before)
    };
    let counts: Vec<u64> = cells.iter().map(|&(_, count)| count).collect();
    let value = difference(&counts)?;
    Some((
        value,
        bootstrap_of_counts(&counts, RESAMPLES, SEED, CONFIDENCE, difference),
    ))
}

fn auc(baseline: &Judged, variant: &Judged) -> Estimate {
    let n = baseline.labels.len();
    let mut before = RankedScores::new(&baseline.scores, &baseline.labels);
    let mut after = RankedScores::new(&variant.scores, &variant.labels);
    let value = after.area(0..n)? - before.area(0..n)?;
    let interval = bootstrap_interval(n, RESAMPLES, SEED, CONFIDENCE, |indices| {
        let areas = (
            after.area(indices.iter().copied()),
            before.area(indices.iter().copied()),
        );
        areas.0.zip(areas.1).map_or(f64::NAN, |(after, before)| after - before)
    });
    Some((value, interval))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use crate::metrics::score;
    use edgebench_api::{DType, Tensor};

    fn judged(metric: MetricName, classes: &[usize], labels: &[i64]) -> Judged {
        let mut values = Vec::new();
        for &class in classes {
            values.extend((0..3).map(|column| f32::from(u8::from(column == class))));
        }
        let outputs = Tensor::new("y", DType::F32, [classes.len(), 3], &values).unwrap();
        score(metric, &outputs, labels).unwrap().1
    }

    #[test]
    fn flips_are_counted_apart_from_changes() {
        let labels = [0, 1, 2, 0, 1, 2, 0];
        let baseline = judged(MetricName::Top1, &[0, 1, 2, 0, 0, 0, 0], &labels);
        let variant = judged(MetricName::Top1, &[0, 1, 1, 0, 1, 1, 1], &labels);
        let figures = delta(&baseline, &variant).unwrap();
        assert_eq!(figures.value, -1.0 / 7.0);
        // Samples 2 and 6 got wrong, 4 right, 5 wrong in another way.
        assert_eq!((figures.flips, figures.answer_changes), (Some(3), Some(4)));
        // 2 · (1/8 + 3/8 / 2)
        assert!((figures.mcnemar_p.unwrap() - 0.625).abs() < 1e-12);
        assert!(figures.interval.unwrap().contains(0.0));
    }

    #[test]
    fn the_same_answers_differ_by_nothing() {
        let labels: Vec<i64> = (0..60).map(|i| i % 3).collect();
        let classes: Vec<usize> = (0..60).map(|i| if i % 7 == 0 { 0 } else { i % 3 }).collect();
        let same = judged(MetricName::F1, &classes, &labels);
        let figures = delta(&same, &same).unwrap();
        let interval = figures.interval.unwrap();
        assert_eq!((figures.value, interval.low, interval.high), (0.0, 0.0, 0.0));
        assert_eq!(figures.flips, Some(0));
    }

    #[test]
    fn a_worse_variant_lies_below_zero_for_every_metric() {
        let labels: Vec<i64> = (0..300).map(|i| i % 3).collect();
        let good: Vec<usize> = (0..300).map(|i| if i % 20 == 0 { 0 } else { i % 3 }).collect();
        let bad: Vec<usize> = (0..300).map(|i| if i % 4 == 0 { 0 } else { i % 3 }).collect();
        for metric in [MetricName::Top1, MetricName::F1] {
            let figures = delta(&judged(metric, &good, &labels), &judged(metric, &bad, &labels)).unwrap();
            let interval = figures.interval.unwrap();
            assert!(interval.contains(figures.value) && interval.high < 0.0, "{figures:?}");
            assert!(figures.mcnemar_p.unwrap() < 0.001);
        }
    }

    #[test]
    fn single_scores_have_an_area_and_no_flips() {
        let labels: Vec<i64> = (0..200).map(|i| i % 2).collect();
        let scores = |noise: u32| -> Judged {
            let values: Vec<f32> = (0..200_u32)
                .map(|i| f32::from(u8::from(i % 2 == 1)) + ((i * 7919 % 100) * noise) as f32 / 100.0)
                .collect();
            score(
                MetricName::Auc,
                &Tensor::new("y", DType::F32, [200], &values).unwrap(),
                &labels,
            )
            .unwrap()
            .1
        };
        let figures = delta(&scores(1), &scores(6)).unwrap();
        assert!(
            figures.value < 0.0 && figures.interval.unwrap().high < 0.0,
            "{figures:?}"
        );
        assert_eq!(
            (figures.flips, figures.answer_changes, figures.mcnemar_p),
            (None, None, None)
        );
    }

    #[test]
    fn other_samples_are_refused() {
        let one = judged(MetricName::Top1, &[0, 1], &[0, 1]);
        let other = judged(MetricName::Top1, &[0, 1], &[1, 1]);
        assert_eq!(delta(&one, &other), Err(MetricError::Unpaired));
        let metric = judged(MetricName::F1, &[0, 1], &[0, 1]);
        assert_eq!(delta(&one, &metric), Err(MetricError::Unpaired));
    }
}
