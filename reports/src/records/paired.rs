//! The difference of two macro F1 scores, and of two areas under the ROC curve, over the same samples, with their
//! standard errors in closed form: a bootstrap of two thousand resamples has no p below 1 in 2,000, which Holm's
//! correction over many cells asks for, and takes a thousand times longer.

use super::estimate::Difference;

/// Macro F1, the mean over the classes that are labelled or predicted; a sample without a prediction counts for its label
/// alone. `None` for no samples, lengths that differ, or a class that is not below `classes`.
pub(crate) fn macro_f1(labels: &[usize], predictions: &[Option<usize>], classes: usize) -> Option<f64> {
    Some(Scores::of(labels, predictions, classes)?.mean())
}

/// The difference of macro F1 (candidate less baseline) and its standard error by the delta method.
///
/// F1 of a class is 2t/(l + p), t, l and p being the shares of samples that are rightly predicted, labelled and
/// predicted as it. One sample moves it by (2·tᵢ − F1·(lᵢ + pᵢ))/(l + p), and macro F1 by the mean of that over the
/// classes that occur; the variance of the difference is that of the samples' differences of moves, over n.
///
/// Labels and predictions are classes below `classes`; a prediction may be absent. `None` for no samples.
///
/// Source: the delta method as in Takahashi, Yamamoto, Kuchiba & Koyama, "Confidence interval for micro-averaged F1 and
/// macro-averaged F1 scores", Applied Intelligence 52 (2022), on the difference of two scores of the same samples.
pub(crate) fn macro_f1_difference(
    labels: &[usize],
    baseline: &[Option<usize>],
    candidate: &[Option<usize>],
    classes: usize,
) -> Option<Difference> {
    let (before, after) = (
        Scores::of(labels, baseline, classes)?,
        Scores::of(labels, candidate, classes)?,
    );
    let moves = labels
        .iter()
        .zip(baseline.iter().zip(candidate))
        .map(|(&label, (&first, &second))| after.moved(label, second) - before.moved(label, first));
    difference(after.mean() - before.mean(), moves)
}

/// F1 by class, and how large each class's denominator is.
struct Scores {
    /// By class that occurs: F1, and 1 over the sum of the shares of samples labelled and predicted as it.
    classes: Vec<Option<(f64, f64)>>,
    present: f64,
}

impl Scores {
    fn of(labels: &[usize], predictions: &[Option<usize>], classes: usize) -> Option<Self> {
        if labels.len() != predictions.len() || labels.is_empty() {
            return None;
        }
        let n = labels.len() as f64;
        // Right, and labelled plus predicted.
        let mut counts = vec![[0_u64; 2]; classes];
        for (&label, &prediction) in labels.iter().zip(predictions) {
            counts.get_mut(label)?[1] += 1;
            if let Some(prediction) = prediction {
                let count = counts.get_mut(prediction)?;
                count[1] += 1;
                count[0] += u64::from(prediction == label);
            }
        }
        let classes: Vec<Option<(f64, f64)>> = counts
            .iter()
            .map(|&[right, all]| (all > 0).then(|| (2.0 * right as f64 / all as f64, n / all as f64)))
            .collect();
        let present = classes.iter().flatten().count() as f64;
        (present > 0.0).then_some(Self { classes, present })
    }

    fn mean(&self) -> f64 {
        self.classes.iter().flatten().map(|(f1, _)| f1).sum::<f64>() / self.present
    }

    fn moved(&self, label: usize, prediction: Option<usize>) -> f64 {
        let of = |class: usize| self.classes.get(class).copied().flatten();
        let right = if prediction == Some(label) { 2.0 } else { 0.0 };
        let labelled = of(label).map_or(0.0, |(f1, scale)| (right - f1) * scale);
        let predicted = prediction.and_then(of).map_or(0.0, |(f1, scale)| -f1 * scale);
        (labelled + predicted) / self.present
    }
}

/// The difference of areas under the ROC curve (candidate less baseline) and its standard error.
///
/// With V₁ᵢ the share of negatives that score below positive i (ties half) and V₀ⱼ the share of positives above negative
/// j, both for each model, the variance of the difference of areas is var(V₁ᵢ′ − V₁ᵢ)/m + var(V₀ⱼ′ − V₀ⱼ)/n over m
/// positives and n negatives.
///
/// `None` with fewer than two samples of either class, or a score that is NaN.
///
/// Source: `DeLong`, `DeLong` & Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating
/// Characteristic Curves: A Nonparametric Approach", Biometrics 44 (1988).
pub(crate) fn area_difference(positive: &[bool], baseline: &[f64], candidate: &[f64]) -> Option<Difference> {
    let positives = positive.iter().filter(|&&label| label).count();
    let negatives = positive.len() - positives;
    if positives < 2 || negatives < 2 {
        return None;
    }
    let (before, after) = (placements(positive, baseline)?, placements(positive, candidate)?);
    let moves = |class: bool| -> Vec<f64> {
        let of_class = positive
            .iter()
            .zip(before.iter().zip(&after))
            .filter(move |(label, _)| **label == class);
        of_class.map(|(_, (before, after))| after - before).collect()
    };
    let (above, below) = (moves(true), moves(false));
    let value = above.iter().sum::<f64>() / above.len() as f64;
    let square = variance(&above) / above.len() as f64 + variance(&below) / below.len() as f64;
    Some(Difference {
        value,
        error: square.sqrt(),
        n: positive.len(),
    })
}

/// For each sample the share of the other class that it is on the right side of, ties half.
fn placements(positive: &[bool], scores: &[f64]) -> Option<Vec<f64>> {
    if scores.len() != positive.len() || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let positives = positive.iter().filter(|&&label| label).count() as f64;
    let negatives = positive.len() as f64 - positives;
    let mut placed = vec![0.0; scores.len()];
    let (mut positives_below, mut negatives_below) = (0.0, 0.0);
    #[expect(clippy::float_cmp, reason = "a tie is equality, and 0 ties with −0")]
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let tied_positives = tied.iter().filter(|&&sample| positive[sample]).count() as f64;
        let tied_negatives = tied.len() as f64 - tied_positives;
        for &sample in tied {
            placed[sample] = if positive[sample] {
                (negatives_below + tied_negatives / 2.0) / negatives
            } else {
                1.0 - (positives_below + tied_positives / 2.0) / positives
            };
        }
        positives_below += tied_positives;
        negatives_below += tied_negatives;
    }
    Some(placed)
}

fn difference(value: f64, moves: impl Iterator<Item = f64>) -> Option<Difference> {
    let moves: Vec<f64> = moves.collect();
    let error = (variance(&moves) / moves.len() as f64).sqrt();
    (value.is_finite() && error.is_finite()).then_some(Difference {
        value,
        error,
        n: moves.len(),
    })
}

/// The sample variance; 0 below two values.
fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: f64, expected: f64, tolerance: f64) {
        assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
    }

    const LABELS: [usize; 12] = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2];

    // By numerical derivatives of both scores with respect to each sample's weight:
    // def f1(w,l,p): return np.mean([2*(w*((l==c)&(p==c))).sum()/(w*((l==c)*1.+(p==c))).sum() for c in range(3)])
    // l=[0,0,0,1,1,1,1,2,2,2,2,2]; p=[0,0,1,1,1,2,1,2,2,0,2,2]; q=[0,1,1,1,2,2,1,2,1,0,2,2]; n=12; w=1/n each; e_i a unit
    // g=lambda w: f1(w,l,q)-f1(w,l,p); d_i=(g((1-h)*w+h*e_i)-g((1+h)*w-h*e_i))/(2*h), h=1e-6; sqrt(var(d,ddof=1)/n)
    #[test]
    fn the_difference_of_f1_agrees_with_numerical_derivatives() {
        let [before, after] = [
            [0, 0, 1, 1, 1, 2, 1, 2, 2, 0, 2, 2],
            [0, 1, 1, 1, 2, 2, 1, 2, 1, 0, 2, 2],
        ]
        .map(|classes| classes.map(Some));
        let difference = macro_f1_difference(&LABELS, &before, &after, 3).unwrap();
        close(difference.value, -0.257_407_407_407_407_36, 1e-12);
        close(difference.error, 0.135_285_302_152_800_24, 1e-9);
        close(macro_f1(&LABELS, &before, 3).unwrap(), 0.738_888_888_888_888_9, 1e-12);
    }

    #[test]
    fn a_sample_without_a_prediction_counts_for_its_label_alone() {
        let right: Vec<Option<usize>> = LABELS.iter().copied().map(Some).collect();
        let mut lacking = right.clone();
        lacking[0] = None;
        // Class 0: two right of three labelled and two predicted.
        close(macro_f1(&LABELS, &lacking, 3).unwrap(), (0.8 + 2.0) / 3.0, 1e-12);
        assert!(
            macro_f1_difference(&LABELS, &right, &lacking, 2).is_none(),
            "a class beyond the last"
        );
        assert!(macro_f1(&[], &[], 3).is_none());
    }

    // From the definition: k=(p[:,None]>n[None,:])+.5*(p[:,None]==n[None,:]) for each model, rows positives, columns
    // negatives; V10=k.mean(1), V01=k.mean(0); S=np.cov(V10 of both)/5+np.cov(V01 of both)/5;
    // sqrt(S[0,0]+S[1,1]-2*S[0,1])
    #[test]
    fn the_difference_of_areas_agrees_with_the_definition() {
        let positive = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0].map(|label| label == 1);
        let before = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.7, 0.6, 0.3];
        let after = [0.2, 0.1, 0.35, 0.9, 0.5, 0.3, 0.25, 0.6, 0.7, 0.65];
        let difference = area_difference(&positive, &before, &after).unwrap();
        close(difference.value, -0.08, 1e-12);
        close(difference.error, 0.154_272_486_205_415_14, 1e-12);
        assert!(area_difference(&[true; 4], &before[..4], &after[..4]).is_none());
        assert!(area_difference(&positive, &[f64::NAN; 10], &after).is_none());
    }

    /// The closed forms against the resampling that they stand for.
    #[test]
    fn the_errors_are_those_of_a_bootstrap() {
        let mut state = 7_u64;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let n = 600;
        let labels: Vec<usize> = (0..n).map(|row| row % 3).collect();
        let mut answer = |wrong: f64| -> Vec<usize> {
            labels
                .iter()
                .map(|&label| if draw() < wrong { (label + 1) % 3 } else { label })
                .collect()
        };
        let (before, after) = (answer(0.1), answer(0.15));
        let some = |classes: &[usize]| -> Vec<Option<usize>> { classes.iter().copied().map(Some).collect() };
        let closed = macro_f1_difference(&labels, &some(&before), &some(&after), 3).unwrap();
        let interval = edgebench_stats::bootstrap_interval(n, 10_000, 1, 0.95, |at| {
            let of = |classes: &[usize]| edgebench_stats::macro_f1_at(at, classes, &labels, 3).unwrap();
            of(&after) - of(&before)
        })
        .unwrap();
        let error = |interval: edgebench_stats::Interval| (interval.high - interval.low) / 3.92;
        close(closed.error / error(interval), 1.0, 0.05);
        close(
            closed.value,
            f64::midpoint(interval.low, interval.high),
            closed.error / 5.0,
        );

        let positive: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
        let mut score = |noise: f64| -> Vec<f64> {
            positive
                .iter()
                .map(|&label| f64::from(u8::from(label)) + noise * (draw() + draw() - 1.0))
                .collect()
        };
        let (before, after) = (score(1.0), score(1.4));
        let closed = area_difference(&positive, &before, &after).unwrap();
        let interval = edgebench_stats::bootstrap_interval(n, 4_000, 1, 0.95, |at| {
            let of = |scores: &[f64]| -> f64 {
                let scores: Vec<f64> = at.iter().map(|&row| scores[row]).collect();
                let labels: Vec<bool> = at.iter().map(|&row| positive[row]).collect();
                edgebench_stats::roc_auc(&scores, &labels).unwrap()
            };
            of(&after) - of(&before)
        })
        .unwrap();
        close(closed.error / error(interval), 1.0, 0.05);
        close(
            closed.value,
            f64::midpoint(interval.low, interval.high),
            closed.error / 5.0,
        );
    }
}
