//! How good a classifier is.

/// The share of predictions (0 to 1) that equal their label. `None` where there are none, or the lengths differ.
pub fn top1(predictions: &[usize], labels: &[usize]) -> Option<f64> {
    if labels.is_empty() || predictions.len() != labels.len() {
        return None;
    }
    let right = predictions
        .iter()
        .zip(labels)
        .filter(|(prediction, label)| prediction == label)
        .count();
    Some(right as f64 / labels.len() as f64)
}

/// The unweighted mean of the F1 scores of the classes that occur as a label or as a prediction, as `f1_score(…,
/// average="macro", zero_division=0)` of scikit-learn: F1 = 2·tp / (labelled + predicted), so that a class that occurs
/// but is never right counts as 0, and a class that does not occur does not count.
///
/// `None` where there are no samples, the lengths differ, or a class is not below `classes`.
pub fn macro_f1(predictions: &[usize], labels: &[usize], classes: usize) -> Option<f64> {
    let mut counts = Counts::new(classes);
    if predictions.len() != labels.len() {
        return None;
    }
    for (&prediction, &label) in predictions.iter().zip(labels) {
        counts.add(prediction, label)?;
    }
    counts.macro_f1()
}

/// [`macro_f1`] of the samples at `indices`, which may repeat: the statistic of a bootstrap, without copying samples.
///
/// `None` as there, and where an index is out of bounds.
pub fn macro_f1_at(indices: &[usize], predictions: &[usize], labels: &[usize], classes: usize) -> Option<f64> {
    let mut counts = Counts::new(classes);
    for &index in indices {
        counts.add(*predictions.get(index)?, *labels.get(index)?)?;
    }
    counts.macro_f1()
}

/// [`macro_f1`] of a [`confusion`] matrix. `None` where it is empty or not of shape classes × classes.
pub fn macro_f1_from_confusion(confusion: &[u64], classes: usize) -> Option<f64> {
    if classes.checked_mul(classes) != Some(confusion.len()) || classes == 0 {
        return None;
    }
    let mut counts = Counts::new(classes);
    for (label, row) in confusion.chunks_exact(classes).enumerate() {
        for (prediction, &count) in row.iter().enumerate() {
            counts.labelled[label] += count;
            counts.predicted[prediction] += count;
        }
        counts.right[label] = row[label];
    }
    counts.macro_f1()
}

/// The confusion matrix, row-major, of shape classes × classes: rows are labels, columns are predictions.
///
/// `None` where the lengths differ, or a class is not below `classes`.
pub fn confusion(predictions: &[usize], labels: &[usize], classes: usize) -> Option<Vec<u64>> {
    let inside = |class: &usize| *class < classes;
    if predictions.len() != labels.len() || !predictions.iter().chain(labels).all(inside) {
        return None;
    }
    let mut matrix = vec![0; classes.checked_mul(classes)?];
    for (prediction, label) in predictions.iter().zip(labels) {
        matrix[label * classes + prediction] += 1;
    }
    Some(matrix)
}

/// The area under the ROC curve: the probability that a positive scores above a negative, ties counting half
/// (the Mann–Whitney form: Hanley & `McNeil`, Radiology 143, 1982), by ranks, in O(n log n).
///
/// `None` where the lengths differ, a score is NaN, or either class has no samples.
#[expect(clippy::float_cmp, reason = "a tie is equality, and 0 ties with −0")]
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    if scores.len() != labels.len() || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut samples: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    samples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut positives, mut negatives, mut wins) = (0.0, 0.0, 0.0);
    for tied in samples.chunk_by(|a, b| a.0 == b.0) {
        let above = tied.iter().filter(|sample| sample.1).count() as f64;
        let below = tied.len() as f64 - above;
        wins += above * (negatives + below / 2.0);
        positives += above;
        negatives += below;
    }
    (positives > 0.0 && negatives > 0.0).then(|| wins / (positives * negatives))
}

/// Per class: how often it was rightly predicted, was the label, was predicted.
struct Counts {
    right: Vec<u64>,
    labelled: Vec<u64>,
    predicted: Vec<u64>,
}

impl Counts {
    fn new(classes: usize) -> Self {
        Self {
            right: vec![0; classes],
            labelled: vec![0; classes],
            predicted: vec![0; classes],
        }
    }

    fn add(&mut self, prediction: usize, label: usize) -> Option<()> {
        *self.predicted.get_mut(prediction)? += 1;
        *self.labelled.get_mut(label)? += 1;
        self.right[label] += u64::from(prediction == label);
        Some(())
    }

    fn macro_f1(&self) -> Option<f64> {
        let occurrences = self
            .labelled
            .iter()
            .zip(&self.predicted)
            .map(|(labelled, predicted)| labelled + predicted);
        let scores = occurrences
            .zip(&self.right)
            .filter(|&(all, _)| all > 0)
            .map(|(all, &right)| 2.0 * right as f64 / all as f64);
        let (sum, present) = scores.fold((0.0, 0_u64), |(sum, present), score| (sum + score, present + 1));
        (present > 0).then(|| sum / present as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    // python3 -c "from sklearn.metrics import f1_score as f
    // print(f([0,0,1,1,2,2,2],[0,1,1,1,2,0,2],average='macro'), f([0,0,1,1],[0,3,1,1],average='macro',zero_division=0), f([0,1],[1,0],average='macro'))"
    #[test]
    fn macro_f1_agrees_with_scikit_learn() {
        let (labels, predictions) = ([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 1, 2, 0, 2]);
        close(macro_f1(&predictions, &labels, 3).unwrap(), 0.7, 1e-15);
        // Class 2 is neither labelled nor predicted and does not count; class 3 is predicted only and counts as 0.
        close(
            macro_f1(&[0, 3, 1, 1], &[0, 0, 1, 1], 4).unwrap(),
            0.555_555_555_555_555_5,
            1e-15,
        );
        close(macro_f1(&[1, 0], &[0, 1], 2).unwrap(), 0.0, 0.0);
    }

    // python3 -c "from sklearn.metrics import roc_auc_score as f
    // print(f([0,0,1,1,0,1],[.1,.4,.35,.8,.4,.4]), f([1,0,0,1],[.5,.5,.5,.5]), f([0,0,1,1],[.1,.2,.3,.4]))"
    #[test]
    fn roc_auc_agrees_with_scikit_learn() {
        let labels = [false, false, true, true, false, true];
        close(
            roc_auc(&[0.1, 0.4, 0.35, 0.8, 0.4, 0.4], &labels).unwrap(),
            0.666_666_666_666_666_7,
            1e-15,
        );
        close(roc_auc(&[0.5; 4], &[true, false, false, true]).unwrap(), 0.5, 0.0);
        close(
            roc_auc(&[0.1, 0.2, 0.3, 0.4], &[false, false, true, true]).unwrap(),
            1.0,
            0.0,
        );
        // The two zeros are the same score.
        close(roc_auc(&[0.0, -0.0], &[true, false]).unwrap(), 0.5, 0.0);
    }

    #[test]
    fn top1_counts_what_is_right() {
        assert_eq!(top1(&[1, 2, 3, 4], &[1, 2, 3, 0]), Some(0.75));
        assert_eq!(top1(&[1], &[1, 2]), None);
        assert_eq!(top1(&[], &[]), None);
    }

    #[test]
    fn what_is_undefined_is_absent() {
        assert_eq!(macro_f1(&[], &[], 3), None);
        assert_eq!(macro_f1(&[3], &[0], 3), None);
        assert_eq!(macro_f1(&[0], &[0, 1], 3), None);
        assert_eq!(macro_f1_at(&[1], &[0], &[0], 3), None);
        assert_eq!(macro_f1_from_confusion(&[1, 2, 3], 2), None);
        assert_eq!(macro_f1_from_confusion(&[], 0), None);
        assert_eq!(confusion(&[3], &[0], 3), None);
        assert_eq!(roc_auc(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(roc_auc(&[0.1, f64::NAN], &[true, false]), None);
        assert_eq!(roc_auc(&[0.1], &[true, false]), None);
    }

    proptest! {
        #[test]
        fn the_three_ways_to_macro_f1_agree(pairs in prop::collection::vec((0usize..6, 0usize..6), 1..80)) {
            let (predictions, labels): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let direct = macro_f1(&predictions, &labels, 6);
            let matrix = confusion(&predictions, &labels, 6).unwrap();
            let indices: Vec<usize> = (0..labels.len()).collect();
            prop_assert!((0.0..=1.0).contains(&direct.unwrap()));
            prop_assert_eq!(macro_f1_from_confusion(&matrix, 6), direct);
            prop_assert_eq!(macro_f1_at(&indices, &predictions, &labels, 6), direct);
            // F1 is symmetric in labels and predictions.
            prop_assert!((macro_f1(&labels, &predictions, 6).unwrap() - direct.unwrap()).abs() < 1e-12);
        }

        #[test]
        fn reversing_the_scores_mirrors_the_area(samples in prop::collection::vec((0i8..9, any::<bool>()), 0..60)) {
            let (scores, labels): (Vec<f64>, Vec<bool>) = samples.into_iter().map(|(s, l)| (f64::from(s), l)).unzip();
            let reversed: Vec<f64> = scores.iter().map(|score| -score).collect();
            match (roc_auc(&scores, &labels), roc_auc(&reversed, &labels)) {
                (Some(area), Some(mirror)) => prop_assert!((area + mirror - 1.0).abs() < 1e-12),
                (area, mirror) => prop_assert!(area.is_none() && mirror.is_none()),
            }
        }

        #[test]
        fn never_panics(p in prop::collection::vec(any::<usize>(), 0..9), l in prop::collection::vec(any::<usize>(), 0..9), s in prop::collection::vec(any::<f64>(), 0..9), b in prop::collection::vec(any::<bool>(), 0..9)) {
            let _ = (top1(&p, &l), macro_f1(&p, &l, 4), macro_f1_at(&p, &l, &p, 4), confusion(&p, &l, 4), roc_auc(&s, &b));
        }
    }
}
