//! Multiply-accumulates of one inference.

mod cost;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::error::printable;
use crate::graph::{Dim, Graph};
use crate::net::{Node, Value};
use crate::scan::MAX_DIMS;
use crate::shapes::infer;
use cost::Cost;

/// The multiply-accumulates of one inference on given input shapes.
///
/// Counted are convolutions and matrix products: per output element of `Conv`, input channels per group × kernel
/// elements; per input element of `ConvTranspose`, output channels per group × kernel elements (products that padding
/// crops included); of a product of m × k and k × n, m·n·k. Positions in the padding count as any other. Biases,
/// activations, normalisation, pooling, elementwise products and (de)quantisation count nothing, as usual in published
/// MAC figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Macs {
    /// The sum over the whole model. Absent where one operator's cost could not be told; `reason` says which.
    pub total: Option<u64>,
    /// Node, operator and multiply-accumulates of each operator that has some, in the file's order.
    pub by_operator: Vec<(String, String, u64)>,
    /// The operators whose cost is unknown, each once, sorted.
    pub unknown: Vec<String>,
    /// Why `total` is absent.
    pub reason: Option<String>,
}

impl Macs {
    /// The sum over the operators that could be counted: a lower bound where `total` is absent.
    pub fn counted(&self) -> u64 {
        self.by_operator
            .iter()
            .fold(0, |sum: u64, (_, _, macs)| sum.saturating_add(*macs))
    }
}

impl Graph {
    /// Counts multiply-accumulates for the given input shapes. An input whose dims are all fixed need not be given.
    ///
    /// Shapes are inferred for the operators of common networks; for others the shapes that the file declares are
    /// used, with the symbols that the inputs bind.
    pub fn macs(&self, shapes: &BTreeMap<String, Vec<u64>>) -> Macs {
        let mut macs = Macs {
            total: None,
            by_operator: Vec::new(),
            unknown: Vec::new(),
            reason: None,
        };
        let (inputs, symbols) = match self.bind(shapes) {
            Ok(bound) => bound,
            Err(reason) => {
                macs.reason = Some(reason);
                return macs;
            }
        };
        let mut values = Values {
            constants: &self.net.constants,
            known: inputs,
        };
        let mut total = Some(0_u64);
        for node in &self.net.nodes {
            let own = self.net.functions.contains(&node.op);
            match if own { Cost::Unknown } else { cost::cost(node, &values) } {
                Cost::Free => {}
                Cost::Macs(count) => {
                    total = total.and_then(|total| total.checked_add(count));
                    if total.is_none() {
                        macs.reason.get_or_insert("the sum overflows".to_owned());
                    }
                    macs.by_operator
                        .push((printable(&node.name), printable(&node.op), count));
                }
                Cost::Unknown => macs.unknown.push(printable(&node.op)),
                Cost::NoShape(reason) => {
                    macs.reason
                        .get_or_insert(format!("{} `{}`: {reason}", printable(&node.op), printable(&node.name)));
                }
            }
            let inferred = if own { Vec::new() } else { infer(node, &values) };
            let mut inferred = inferred.into_iter();
            for output in &node.outputs {
                let value = inferred.next().flatten().or_else(|| self.declared(output, &symbols));
                if let Some(value) = value.filter(|value| value.dims.len() as u64 <= MAX_DIMS) {
                    values.known.insert(output, value);
                }
            }
        }
        macs.unknown.sort();
        macs.unknown.dedup();
        if !macs.unknown.is_empty() {
            macs.reason
                .get_or_insert(format!("the cost of {} is unknown", macs.unknown.join(", ")));
        }
        macs.total = total.filter(|_| macs.reason.is_none());
        macs
    }

    /// The inputs' shapes, and the sizes of the symbols that they bind.
    #[expect(clippy::type_complexity, reason = "two maps that are used at once by the one caller")]
    fn bind(&self, shapes: &BTreeMap<String, Vec<u64>>) -> Result<(HashMap<&str, Value>, HashMap<&str, u64>), String> {
        if let Some(stray) = shapes
            .keys()
            .find(|name| self.inputs.iter().all(|input| input.name != **name))
        {
            return Err(format!("the model has no input `{}`", printable(stray)));
        }
        let mut symbols: HashMap<&str, u64> = HashMap::new();
        let mut known = HashMap::new();
        for input in &self.inputs {
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
                        let bound = *symbols.entry(symbol).or_insert(size);
                        if bound != size {
                            let symbol = printable(symbol);
                            return Err(format!("the inputs give `{symbol}` both {bound} and {size}"));
                        }
                    }
                    _ => {}
                }
            }
            known.insert(input.name.as_str(), Value::of(given.clone()));
        }
        for input in self.inputs.iter().filter(|input| !shapes.contains_key(&input.name)) {
            let dims = input.shaped.then(|| resolve(&input.dims, &symbols)).flatten();
            // An input that no counted operator depends on may stay without a shape.
            if let Some(dims) = dims {
                known.insert(input.name.as_str(), Value::of(dims));
            }
        }
        Ok((known, symbols))
    }

    fn declared(&self, name: &str, symbols: &HashMap<&str, u64>) -> Option<Value> {
        resolve(self.net.declared.get(name)?, symbols).map(Value::of)
    }
}

/// The values known so far, by name.
pub(crate) struct Values<'a> {
    constants: &'a HashMap<String, Value>,
    known: HashMap<&'a str, Value>,
}

impl Values<'_> {
    /// What is known of the node's input at this place; `None` also where the input is left out.
    pub(crate) fn input(&self, node: &Node, place: usize) -> Option<&Value> {
        let name = node.inputs.get(place).filter(|name| !name.is_empty())?;
        self.known.get(name.as_str()).or_else(|| self.constants.get(name))
    }

    /// The dims of the node's input at this place.
    pub(crate) fn dims(&self, node: &Node, place: usize) -> Option<&[u64]> {
        self.input(node, place).map(|value| value.dims.as_slice())
    }

    /// The integers that the node's input at this place is known to hold.
    pub(crate) fn ints(&self, node: &Node, place: usize) -> Option<&[i64]> {
        self.input(node, place)?.ints.as_deref()
    }
}

fn resolve(dims: &[Dim], symbols: &HashMap<&str, u64>) -> Option<Vec<u64>> {
    dims.iter()
        .map(|dim| match dim {
            Dim::Fixed(size) => Some(*size),
            Dim::Symbol(symbol) => symbols.get(symbol.as_str()).copied(),
            Dim::Unknown => None,
        })
        .collect()
}
