//! How close outputs must be, by precision.

use edgebench_graph::{DType, Graph};
use edgebench_suites::Precision;

/// How close a variant's outputs must be to the reference's.
///
/// * Float: |Δ| ≤ 10⁻⁴·max|x| + 10⁻⁵ for every element, and the same answer for 99.9 % of the samples whose answer is
///   no tie.
/// * Half: a signal-to-noise ratio of at least 40 dB. Half precision keeps 11 bits, and what one runtime computes in
///   half precision another computes in single precision between two casts: they differ by the roundings of all layers.
/// * Quantised: a signal-to-noise ratio of at least what the reference loses itself by quantising (its own outputs
///   against its own of the float baseline) less 6 dB, or 10 dB where there is no float baseline; and a metric that is
///   not inferior. However much the reference loses, 10 dB are required where no metric judges as well, and 3 dB where
///   one does: outputs that have nothing to do with the reference's reach 0 dB.
///
/// Cosine similarity is shown and never judged by: a network whose answers are all wrong still reaches 0.99 on outputs
/// that share a large common part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Float,
    Half,
    Quantised,
}

/// Operators that only quantised models have. `MatMulNBits` has weights of 4 bits.
const QUANTISED: [&str; 9] = [
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "ConvInteger",
    "MatMulInteger",
    "MatMulNBits",
    "GatherBlockQuantized",
];

impl Rule {
    /// The rule for a stated precision; without one, for what the model's file shows; without that, for floats.
    pub(crate) fn of(precision: Option<Precision>, graph: Option<&Graph>) -> Self {
        match (precision, graph) {
            (Some(Precision::Fp32), _) | (None, None) => Self::Float,
            (Some(Precision::Fp16), _) => Self::Half,
            (Some(Precision::Int8 | Precision::Int4), _) => Self::Quantised,
            (None, Some(graph)) => Self::shown_by(graph),
        }
    }

    fn shown_by(graph: &Graph) -> Self {
        if QUANTISED.iter().any(|operator| graph.operators.contains_key(*operator)) {
            return Self::Quantised;
        }
        let elements = |half: bool| -> u64 {
            let of_type = graph
                .weights
                .iter()
                .filter(|weight| (weight.dtype == DType::F16) == half);
            of_type.map(|weight| weight.elements).sum()
        };
        if elements(true) > elements(false) {
            Self::Half
        } else {
            Self::Float
        }
    }

    /// The signal-to-noise ratio that is required, in dB. `own_loss_db` is what the reference loses by quantising;
    /// `scored` says whether a metric judges the outputs as well.
    pub(crate) fn required_sqnr_db(self, own_loss_db: Option<f64>, scored: bool) -> Option<f64> {
        match self {
            Self::Float => None,
            Self::Half => Some(40.0),
            Self::Quantised => {
                let least = if scored { 3.0 } else { 10.0 };
                let own = own_loss_db.filter(|db| db.is_finite());
                Some(own.map_or(10.0, |db| (db - 6.0).max(least)))
            }
        }
    }
}

/// What is tolerated between two float outputs of which the larger magnitude is `largest`.
pub(crate) fn float_tolerance(largest: f64) -> f64 {
    1e-4 * largest + 1e-5
}

/// The share of equal answers that float outputs need.
pub(crate) const SAME_ANSWERS: f64 = 0.999;

/// How much a metric may be lower before it is inferior, a fraction.
pub(crate) const INFERIOR: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_of_everything_excuses_nothing() {
        let required = |own, scored| Rule::Quantised.required_sqnr_db(own, scored).unwrap();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(required(Some(30.0), false), 24.0);
        close(required(Some(12.0), false), 10.0);
        close(required(Some(12.0), true), 6.0);
        close(required(Some(-1.0), true), 3.0);
        close(required(Some(f64::INFINITY), true), 10.0);
        close(required(None, true), 10.0);
    }
}
