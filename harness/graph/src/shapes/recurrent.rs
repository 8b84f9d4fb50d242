//! Recurrent layers.

use crate::net::{Node, Value, Values};

/// The extents of a recurrent layer.
pub(crate) struct Extents {
    pub(crate) steps: u64,
    pub(crate) batch: u64,
    pub(crate) inputs: u64,
    pub(crate) hidden: u64,
    pub(crate) directions: u64,
}

/// The extents of `RNN`, `GRU` or `LSTM`, whose input weights are directions × gates·hidden × inputs and whose recurrent
/// weights are directions × gates·hidden × hidden.
pub(crate) fn extents(node: &Node, values: &Values<'_>) -> Option<Extents> {
    let (&[first, second, inputs], &[directions, rows, columns]) = (values.dims(node, 0)?, values.dims(node, 1)?)
    else {
        return None;
    };
    let &[_, _, hidden] = values.dims(node, 2)? else {
        return None;
    };
    let fits = columns == inputs
        && Some(rows) == gates(&node.op).checked_mul(hidden)
        && values.dims(node, 2) == Some(&[directions, rows, hidden]);
    let (steps, batch) = if batch_first(node) {
        (second, first)
    } else {
        (first, second)
    };
    fits.then_some(Extents {
        steps,
        batch,
        inputs,
        hidden,
        directions,
    })
}

/// How many products of the weights' hidden rows a step takes.
pub(crate) fn gates(op: &str) -> u64 {
    match op {
        "LSTM" => 4,
        "GRU" => 3,
        _ => 1,
    }
}

/// All steps, the last hidden state, and the last cell of an `LSTM`.
pub(super) fn infer(node: &Node, values: &Values<'_>) -> Vec<Option<Value>> {
    let Some(Extents {
        steps,
        batch,
        hidden,
        directions,
        ..
    }) = extents(node, values)
    else {
        return Vec::new();
    };
    let (all, last) = if batch_first(node) {
        (vec![batch, steps, directions, hidden], vec![batch, directions, hidden])
    } else {
        (vec![steps, directions, batch, hidden], vec![directions, batch, hidden])
    };
    [all, last.clone(), last].map(|dims| Some(Value::of(dims))).into()
}

fn batch_first(node: &Node) -> bool {
    node.int("layout", 0) != 0
}
