//! Inner tensors of one cell against those of another, in words.

use edgebench_record::{TensorComparison, TensorDifference};

use super::names::named;
use crate::columns::ABSENT;
use crate::picture::name::cell_id;
use crate::text::{counted, plain, shortened, significant};

/// What could not be compared and is listed.
const LEFT_OUT: usize = 20;
const REASON_CHARACTERS: usize = 200;
/// Ratios beyond this are damaged: the square of 32-bit floats' range is within it.
const LARGEST_DB: f64 = 2000.0;

pub(super) fn decibels(tensor: &TensorDifference) -> Option<f64> {
    tensor.sqnr_db.filter(|db| db.abs() <= LARGEST_DB)
}

/// What the comparison comes to, in a sentence or two.
pub(super) fn verdict(comparison: &TensorComparison) -> String {
    let against = cell_id(&comparison.reference);
    let samples = counted(comparison.samples, "sample");
    let tolerance = number(comparison.tolerance);
    let all = &comparison.tensors;
    if all.is_empty() {
        return format!("No inner tensor could be compared with {against}.");
    }
    let not_compared = match comparison.left_out.len() {
        0 => String::new(),
        1 => "; 1 was not compared".to_owned(),
        more => format!("; {more} were not compared"),
    };
    let differing = all.iter().filter(|tensor| tensor.differs).count();
    match all.iter().find(|tensor| tensor.differs) {
        None => format!(
            "None of {} differs from that of {against} by more than a relative {tolerance}, over {samples}{not_compared}.",
            counted(all.len(), "inner tensor")
        ),
        Some(first) => format!(
            "The first tensor that differs from that of {against}, in the order of the graph, is {}, written by {} {} \
             ({}). Over {samples}, {differing} of {} differ by more than a relative {tolerance}{not_compared}.",
            named(&first.tensor),
            named(&first.op),
            named(&first.node),
            extent(first),
            counted(all.len(), "tensor")
        ),
    }
}

/// How far it is off.
fn extent(tensor: &TensorDifference) -> String {
    match (decibels(tensor), tensor.relative_rms.filter(|rms| rms.is_finite())) {
        (Some(db), Some(rms)) => format!("SQNR {} dB, relative difference {}", tenths(db), number(rms)),
        (Some(db), None) => format!("SQNR {} dB", tenths(db)),
        (None, Some(rms)) => format!("relative difference {}", number(rms)),
        (None, None) => {
            "by how much cannot be told: values are not finite, or the reference is 0 throughout".to_owned()
        }
    }
}

/// To a tenth; 0 has no sign.
pub(super) fn tenths(value: f64) -> String {
    let shown = format!("{value:.1}").replace('-', "−");
    if shown == "−0.0" { "0.0".to_owned() } else { shown }
}

/// A number however small.
pub(super) fn number(value: f64) -> String {
    match value {
        v if !v.is_finite() => ABSENT.to_owned(),
        v if v != 0.0 && v.abs() < 1e-3 => format!("{v:.2e}").replace('-', "−"),
        v => significant(v).replace('-', "−"),
    }
}

/// What could not be compared, with the reasons.
pub(super) fn left_out(comparison: &TensorComparison) -> Vec<String> {
    let mut words: Vec<String> = comparison
        .left_out
        .iter()
        .take(LEFT_OUT)
        .map(|reason| shortened(&plain(reason), REASON_CHARACTERS))
        .collect();
    if comparison.left_out.len() > LEFT_OUT {
        words.push(format!("and {} more", comparison.left_out.len() - LEFT_OUT));
    }
    words
}
