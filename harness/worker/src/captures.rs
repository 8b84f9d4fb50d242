//! Outputs taken during the timed run, to be held against those of the accuracy run.
//!
//! A runtime that answers one thing when it is timed and another when it is judged would be found by this: `MLPerf`'s
//! audit TEST01 does the same.

use edgebench_api::{SessionSpec, Tensor, TensorSpec};
use edgebench_protocol::TimedOutputs;

/// Parts of a measurement, at the end of each of which outputs are taken.
pub(crate) const PARTS: u64 = 5;

/// The most bytes of outputs that are kept while memory is still to be read.
const MAX_BYTES: usize = 256 << 10;

/// The outputs of a batch of the ring.
#[derive(Debug)]
pub(crate) struct Capture {
    /// Which batch, from 0.
    pub(crate) slot: usize,
    pub(crate) outputs: Vec<Tensor>,
}

/// Whether a model's outputs are so small that taking them does not show in the memory figures. A leading axis that the
/// model leaves open is the batch.
pub(crate) fn are_small(spec: &SessionSpec, batch: usize) -> bool {
    let bytes = |output: &TensorSpec| {
        let mut dims = output.shape.iter().enumerate();
        let elements = dims.try_fold(1_usize, |product, (axis, dim)| {
            product.checked_mul(dim.or((axis == 0).then_some(batch))?)
        });
        elements?.checked_mul(output.dtype.size())
    };
    let mut outputs = spec.outputs.iter();
    let sum = outputs.try_fold(0_usize, |sum, output| sum.checked_add(bytes(output)?));
    sum.is_some_and(|sum| sum <= MAX_BYTES / PARTS as usize)
}

/// Holds outputs of the timed run against those of the same batches now.
pub(crate) fn compare(pairs: &[(Vec<Tensor>, Vec<Tensor>)]) -> TimedOutputs {
    TimedOutputs {
        compared: pairs.len(),
        same_bits: pairs.iter().filter(|(timed, now)| timed == now).count(),
        largest_relative: pairs
            .iter()
            .map(|(timed, now)| largest_relative(timed, now))
            .try_fold(0.0, |most: f64, one| Some(most.max(one?))),
    }
}

/// The largest difference over all outputs, each relative to its largest magnitude; `None` where the outputs are not of
/// the same shape, or an element is not finite on one side alone.
fn largest_relative(timed: &[Tensor], now: &[Tensor]) -> Option<f64> {
    if timed == now {
        return Some(0.0);
    }
    if timed.len() != now.len() {
        return None;
    }
    let mut most = 0.0_f64;
    for (timed, now) in timed.iter().zip(now) {
        let (timed, now) = (timed.to_f32().ok()?, now.to_f32().ok()?);
        if timed.len() != now.len() {
            return None;
        }
        let magnitude = now
            .iter()
            .filter(|value| value.is_finite())
            .fold(0.0_f64, |most, &value| most.max(f64::from(value.abs())));
        for (&a, &b) in timed.iter().zip(&now) {
            if a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) {
                continue;
            }
            let difference = f64::from(a) - f64::from(b);
            if !difference.is_finite() {
                return None;
            }
            if difference != 0.0 {
                most = most.max(difference.abs() / magnitude.max(f64::MIN_POSITIVE));
            }
        }
    }
    Some(most)
}

#[cfg(test)]
mod tests {
    use edgebench_api::DType;

    use super::*;

    fn outputs(values: &[f32]) -> Vec<Tensor> {
        vec![Tensor::new("y", DType::F32, [values.len()], values).unwrap()]
    }

    #[test]
    fn the_same_bits_differ_by_nothing() {
        let same = (outputs(&[1.0, f32::NAN]), outputs(&[1.0, f32::NAN]));
        let told = compare(&[same]);
        assert_eq!(
            (told.compared, told.same_bits, told.largest_relative),
            (1, 1, Some(0.0))
        );
    }

    #[test]
    fn a_difference_is_relative_to_the_largest_magnitude() {
        let told = compare(&[
            (outputs(&[1.0, 4.0]), outputs(&[1.0, 4.0])),
            (outputs(&[1.0, 4.0]), outputs(&[1.5, 4.0])),
        ]);
        assert_eq!((told.compared, told.same_bits), (2, 1));
        assert_eq!(told.largest_relative, Some(0.125));
    }

    #[test]
    fn what_cannot_be_compared_has_no_difference() {
        let none = |timed: &[f32], now: &[f32]| compare(&[(outputs(timed), outputs(now))]).largest_relative;
        assert_eq!(none(&[f32::NAN], &[1.0]), None);
        assert_eq!(none(&[f32::INFINITY], &[1.0]), None);
        assert_eq!(none(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(compare(&[(outputs(&[1.0]), Vec::new())]).largest_relative, None);
        assert!(none(&[1.0], &[0.0]).is_some_and(|most| most > 1e30));
    }
}
