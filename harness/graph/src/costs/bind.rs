//! The shapes of a model's inputs, and the sizes of the symbols that they bind.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::error::printable;
use crate::graph::{Dim, Graph};
use crate::net::Value;
use crate::scan::MAX_DIMS;

/// What is known before the first operator.
pub(super) struct Bound<'a> {
    pub(super) inputs: HashMap<&'a str, Value>,
    symbols: HashMap<&'a str, u64>,
}

/// Binds the inputs of a graph to shapes. An input whose dims are all fixed or bound need not be given.
///
/// # Errors
/// One line on the shape that does not fit.
pub(super) fn bind<'a>(graph: &'a Graph, shapes: &BTreeMap<String, Vec<u64>>) -> Result<Bound<'a>, String> {
    let inputs: HashSet<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
    if let Some(stray) = shapes.keys().find(|name| !inputs.contains(name.as_str())) {
        return Err(format!("the model has no input `{}`", printable(stray)));
    }
    let mut bound = Bound {
        inputs: HashMap::new(),
        symbols: HashMap::new(),
    };
    for input in &graph.inputs {
        let name = printable(&input.name);
        let Some(given) = shapes.get(&input.name) else {
            continue;
        };
        if given.len() as u64 > MAX_DIMS || (input.shaped && given.len() != input.dims.len()) {
            let declared = input.dims.len();
            return Err(format!(
                "input `{name}` has {declared} dims and {} were given",
                given.len()
            ));
        }
        for (dim, &size) in input.dims.iter().zip(given) {
            match dim {
                Dim::Fixed(fixed) if *fixed != size => {
                    return Err(format!("input `{name}` has a fixed dim {fixed} and {size} was given"));
                }
                Dim::Symbol(symbol) => {
                    let known = *bound.symbols.entry(symbol).or_insert(size);
                    if known != size {
                        let symbol = printable(symbol);
                        return Err(format!("the inputs give `{symbol}` both {known} and {size}"));
                    }
                }
                _ => {}
            }
        }
        let value = Value {
            dtype: input.dtype,
            ..Value::of(given.clone())
        };
        bound.inputs.insert(&input.name, value);
    }
    for input in graph.inputs.iter().filter(|input| !shapes.contains_key(&input.name)) {
        // An input that no counted operator depends on may stay without a shape.
        if let Some(dims) = input.shaped.then(|| bound.resolve(&input.dims)).flatten() {
            let value = Value {
                dtype: input.dtype,
                ..Value::of(dims)
            };
            bound.inputs.insert(&input.name, value);
        }
    }
    Ok(bound)
}

impl Bound<'_> {
    /// Declared dims as numbers, where the inputs bind all their symbols.
    pub(super) fn resolve(&self, dims: &[Dim]) -> Option<Vec<u64>> {
        dims.iter()
            .map(|dim| match dim {
                Dim::Fixed(size) => Some(*size),
                Dim::Symbol(symbol) => self.symbols.get(symbol.as_str()).copied(),
                Dim::Unknown => None,
            })
            .collect()
    }
}
