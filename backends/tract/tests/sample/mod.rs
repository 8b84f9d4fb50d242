//! What an inference on a bundled model is given.

use std::collections::BTreeMap;

use edgebench_graph::{Dim, Graph};

/// The shapes of one sample.
pub(crate) fn one_sample(graph: &Graph) -> BTreeMap<String, Vec<u64>> {
    let size = |dim: &Dim| if let Dim::Fixed(size) = dim { *size } else { 1 };
    let inputs = graph.inputs.iter();
    inputs
        .map(|input| (input.name.clone(), input.dims.iter().map(size).collect()))
        .collect()
}
