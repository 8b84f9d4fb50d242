//! Operators that runtimes usually make one kernel of, and that a graph still has apart.

use edgebench_record::{Operator, OperatorRole};
use serde::Serialize;

use super::sound;
use super::wires::Wires;

/// Elementwise operators that stand between an attention's first product and its softmax, at most.
const BETWEEN: usize = 4;

/// What is usually one kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FusionPattern {
    /// A layer normalisation in its parts: mean, difference, square, mean, root, quotient.
    LayerNormalization,
    /// A GELU in its parts, by `Erf` or by `Tanh`.
    Gelu,
    /// An attention in its parts: product, scale, softmax, product.
    Attention,
    /// A convolution and its batch normalisation.
    ConvBatchNormalization,
    /// A convolution and its activation.
    ConvActivation,
    /// A matrix product and the sum with its bias.
    MatMulAdd,
}

impl FusionPattern {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::LayerNormalization => "LayerNormalization in parts",
            Self::Gelu => "GELU in parts",
            Self::Attention => "attention in parts",
            Self::ConvBatchNormalization => "Conv + BatchNormalization",
            Self::ConvActivation => "Conv + activation",
            Self::MatMulAdd => "MatMul + Add",
        }
    }
}

/// Operators that are usually one kernel and here are not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissedFusion {
    /// What they would be.
    pub pattern: FusionPattern,
    /// Their places, in the order of execution.
    pub operators: Vec<usize>,
    /// Time of those that are no product, in nanoseconds of a typical inference: fusing saves no more.
    pub time_ns: f64,
}

/// Chains of canonical operators, each by alternatives. Longer ones are looked for first, and an operator is part of one.
const CHAINS: [(FusionPattern, &[&[&str]]); 3] = [
    (
        FusionPattern::LayerNormalization,
        &[
            &["ReduceMean"],
            &["Sub"],
            &["Pow", "Mul"],
            &["ReduceMean"],
            &["Add"],
            &["Sqrt"],
            &["Div"],
        ],
    ),
    (
        FusionPattern::Gelu,
        &[&["Pow"], &["Mul"], &["Add"], &["Mul"], &["Tanh"], &["Add"], &["Mul"]],
    ),
    (FusionPattern::Gelu, &[&["Div", "Mul"], &["Erf"], &["Add"], &["Mul"]]),
];

/// What a product would take in, if nothing else reads the product.
const PAIRS: [(FusionPattern, &[&str], &[&str]); 3] = [
    (
        FusionPattern::ConvBatchNormalization,
        &["Conv", "ConvTranspose"],
        &["BatchNormalization"],
    ),
    (
        FusionPattern::ConvActivation,
        &["Conv", "ConvTranspose"],
        &["Relu", "Clip"],
    ),
    (FusionPattern::MatMulAdd, &["MatMul"], &["Add"]),
];

/// The fusions that were missed, in the order of execution: operators one of which reads what the other writes. Where a
/// profile has no names of tensors, the next operator is taken for the reader.
pub(super) fn missed_fusions(operators: &[Operator], wires: &Wires<'_>) -> Vec<MissedFusion> {
    let mut taken = vec![false; operators.len()];
    let mut found: Vec<(FusionPattern, Vec<usize>)> = Vec::new();
    let mut take = |pattern: FusionPattern, places: Vec<usize>| {
        if places.iter().any(|&place| taken[place]) {
            return;
        }
        for &place in &places {
            taken[place] = true;
        }
        found.push((pattern, places));
    };
    for (pattern, steps) in CHAINS {
        for place in 0..operators.len() {
            if let Some(places) = chain(operators, wires, place, steps) {
                take(pattern, places);
            }
        }
    }
    for place in 0..operators.len() {
        if let Some(places) = attention(operators, wires, place) {
            take(FusionPattern::Attention, places);
        }
    }
    for (pattern, first, second) in PAIRS {
        for place in 0..operators.len() {
            if let Some(places) = pair(operators, wires, place, first, second) {
                take(pattern, places);
            }
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    let fusion = |(pattern, places): (FusionPattern, Vec<usize>)| {
        let parts = places.iter().map(|&place| &operators[place]);
        let others = parts.filter(|operator| operator.role != OperatorRole::Product);
        MissedFusion {
            pattern,
            time_ns: sound::sum(others.map(sound::mean)),
            operators: places,
        }
    };
    found.into_iter().map(fusion).collect()
}

fn is(operator: &Operator, names: &[&str]) -> bool {
    names.contains(&operator.canonical.as_str())
}

/// A chain from `place` on, each operator a reader of the one before.
fn chain(operators: &[Operator], wires: &Wires<'_>, place: usize, steps: &[&[&str]]) -> Option<Vec<usize>> {
    let (first, rest) = steps.split_first()?;
    if !is(&operators[place], first) {
        return None;
    }
    let mut places = vec![place];
    for step in rest {
        let last = *places.last()?;
        places.push(reader(operators, wires, last, step)?);
    }
    Some(places)
}

/// The first reader with one of these names.
fn reader(operators: &[Operator], wires: &Wires<'_>, place: usize, names: &[&str]) -> Option<usize> {
    let readers = wires.readers(place).iter().copied();
    readers.into_iter().find(|&reader| is(&operators[reader], names))
}

/// Product, elementwise operators, softmax, product.
fn attention(operators: &[Operator], wires: &Wires<'_>, place: usize) -> Option<Vec<usize>> {
    if !is(&operators[place], &["MatMul"]) {
        return None;
    }
    let mut places = vec![place];
    let softmax = loop {
        let last = *places.last()?;
        if let Some(softmax) = reader(operators, wires, last, &["Softmax"]) {
            break softmax;
        }
        if places.len() > BETWEEN {
            return None;
        }
        places.push(reader(operators, wires, last, &["Div", "Mul", "Add", "Where"])?);
    };
    places.extend([softmax, reader(operators, wires, softmax, &["MatMul"])?]);
    Some(places)
}

/// A product and its only reader.
fn pair(
    operators: &[Operator],
    wires: &Wires<'_>,
    place: usize,
    first: &[&str],
    second: &[&str],
) -> Option<Vec<usize>> {
    let product = &operators[place];
    let &[reader] = wires.readers(place) else {
        return None;
    };
    let follower = &operators[reader];
    let has_it = product.source_ops.contains(&follower.canonical);
    // The sum of two activations is no bias.
    let is_bias = follower.canonical != "Add" || follower.inputs.iter().any(|input| input.constant);
    (is(product, first) && is(follower, second) && !has_it && is_bias).then(|| vec![place, reader])
}
