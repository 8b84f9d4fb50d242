//! Two sides that took turns.

use crate::summary::median;

/// The log ratio of two sides that took turns: the median over pairs of neighbouring turns of ln(candidate / baseline),
/// each turn given by its own median. What the machine did for longer than a pair of turns is in both and cancels.
///
/// `None` for no pairs, lists of different lengths, or a figure that is not positive and finite.
///
/// Source: the paired design of Laaber, Scheuner & Leitner, "Software microbenchmarking in the cloud" (2019), with the
/// pair narrowed to neighbouring turns.
pub fn turn_log_ratio(baseline: &[f64], candidate: &[f64]) -> Option<f64> {
    if baseline.len() != candidate.len() {
        return None;
    }
    let ratios: Vec<f64> = baseline
        .iter()
        .zip(candidate)
        .map(|(before, after)| (after / before).ln())
        .collect();
    let positive = |values: &[f64]| values.iter().all(|&value| value > 0.0 && value.is_finite());
    (positive(baseline) && positive(candidate)).then(|| median(&ratios))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_that_both_sides_see_cancels() {
        let baseline: Vec<f64> = (0..16).map(|turn| 100.0 * 1.05_f64.powi(turn)).collect();
        let candidate: Vec<f64> = baseline.iter().map(|value| value * 1.03).collect();
        let ratio = turn_log_ratio(&baseline, &candidate).unwrap();
        assert!((ratio - 1.03_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn swapping_flips_the_sign_and_scaling_changes_nothing() {
        let (a, b) = ([3.0, 5.0, 4.0, 9.0], [4.0, 4.5, 4.1, 8.0]);
        let ratio = turn_log_ratio(&a, &b).unwrap();
        assert!((ratio + turn_log_ratio(&b, &a).unwrap()).abs() < 1e-12);
        let scaled = |values: [f64; 4]| values.map(|value| value * 7.0);
        assert!((ratio - turn_log_ratio(&scaled(a), &scaled(b)).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn one_disturbed_pair_does_not_matter() {
        let ratio = turn_log_ratio(&[1.0, 1.0, 1.0, 1.0, 1.0], &[1.02, 50.0, 1.02, 1.02, 1.02]).unwrap();
        assert!((ratio - 1.02_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_duration_gives_nothing() {
        for (a, b) in [
            (vec![], vec![]),
            (vec![1.0], vec![]),
            (vec![0.0], vec![1.0]),
            (vec![1.0], vec![f64::NAN]),
        ] {
            assert_eq!(turn_log_ratio(&a, &b), None);
        }
    }
}
