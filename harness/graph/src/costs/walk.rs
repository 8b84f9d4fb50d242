//! The one walk over a graph's operators, which all costs share.

use std::collections::{BTreeMap, BTreeSet};

use super::bind::{Bound, bind};
use super::macs::{Macs, count, dtypes};
use super::moved::{Moved, moved};
use super::role::{Role, Uses};
use super::{Costs, OperatorCost, live};
use crate::dtype::DType;
use crate::dtypes;
use crate::error::printable;
use crate::graph::Graph;
use crate::net::{Node, Value, Values};
use crate::scan::MAX_DIMS;
use crate::shapes::infer;

impl Graph {
    /// What one inference costs for the given input shapes. An input whose dims are all fixed need not be given.
    ///
    /// Shapes and element types are inferred for the operators of common networks; for others those that the file
    /// declares are used, with the symbols that the inputs bind. The time is linear in the model's size.
    pub fn costs(&self, shapes: &BTreeMap<String, Vec<u64>>) -> Costs {
        let weight_bytes = self
            .weights
            .iter()
            .fold(0, |sum: u64, weights| sum.saturating_add(weights.bytes));
        match bind(self, shapes) {
            Ok(bound) => walk(self, bound, weight_bytes),
            Err(reason) => Costs {
                macs_unknown: Some(reason.clone()),
                bytes_unknown: Some(reason.clone()),
                live_unknown: Some(reason),
                weight_bytes,
                ..Costs::default()
            },
        }
    }
}

/// Sums so far; `None` from the first operator on that could not be told.
struct Sums {
    macs: Option<u64>,
    read: u128,
    written: u128,
    fused_read: i128,
    fused_written: i128,
}

fn walk(graph: &Graph, mut bound: Bound<'_>, weight_bytes: u64) -> Costs {
    let mut costs = Costs {
        weight_bytes,
        ..Costs::default()
    };
    let mut values = Values {
        constants: &graph.net.constants,
        known: std::mem::take(&mut bound.inputs),
    };
    let mut uses = Uses::of(graph);
    let mut roles = Vec::with_capacity(graph.net.nodes.len());
    let mut sums = Sums {
        macs: Some(0),
        read: 0,
        written: 0,
        fused_read: 0,
        fused_written: 0,
    };
    let (mut unknown, mut uncounted) = (BTreeSet::new(), BTreeSet::new());
    for node in &graph.net.nodes {
        let own = graph.net.functions.contains(&node.op);
        let macs = if own { Macs::Unknown } else { count(node, &values) };
        let role = uses.role(node, !matches!(macs, Macs::Unknown));
        roles.push(role);
        let (dtype, fused_dtype) = match macs {
            Macs::Count(_) => dtypes(node, &values),
            _ => (DType::Undefined, None),
        };
        outputs(graph, node, role, own, &mut values, &bound);
        let why = |reason: String| format!("{} `{}`: {reason}", printable(&node.op), printable(&node.name));
        let moved = moved(node, role, &values, &uses).map_err(why);
        let macs = match macs {
            Macs::Free => Some(0),
            Macs::Count(count) => {
                add(&mut costs.written.macs_by_dtype, dtype, count);
                add(&mut costs.fused.macs_by_dtype, fused_dtype.unwrap_or(dtype), count);
                Some(count)
            }
            Macs::Unknown => {
                unknown.insert(printable(&node.op));
                None
            }
            Macs::NoShape(reason) => {
                costs.macs_unknown.get_or_insert_with(|| why(reason));
                None
            }
        };
        sums.macs = sums.macs.zip(macs).and_then(|(sum, macs)| sum.checked_add(macs));
        if macs.is_none() || moved.is_err() {
            uncounted.insert(printable(&node.op));
        }
        let moved = moved.map_err(|reason| costs.bytes_unknown.get_or_insert(reason)).ok();
        if let Some(moved) = &moved {
            sums.add(moved);
        }
        costs.operators.push(OperatorCost {
            name: printable(&node.name),
            op: printable(&node.op),
            macs,
            dtype: Some(dtype).filter(|&dtype| dtype != DType::Undefined),
            fused_dtype,
            bytes_read: moved.as_ref().map(|moved| moved.read),
            bytes_written: moved.as_ref().map(|moved| moved.written),
            output_shapes: shapes_of(node, &values),
        });
    }
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.into_iter().collect();
        costs
            .macs_unknown
            .get_or_insert_with(|| format!("the cost of {} is unknown", names.join(", ")));
    }
    costs.uncounted = uncounted.into_iter().collect();
    costs.finish(&sums);
    for (fused, totals) in [(false, &mut costs.written), (true, &mut costs.fused)] {
        match live::peak(graph, &roles, &uses, &values, fused) {
            Ok(peak) => totals.live = Some(peak),
            Err(reason) => {
                costs.live_unknown.get_or_insert(reason);
            }
        }
    }
    costs
}

/// Adds a node's outputs to the known values.
fn outputs<'a>(graph: &Graph, node: &'a Node, role: Role, own: bool, values: &mut Values<'a>, bound: &Bound<'_>) {
    let mut inferred = if own { Vec::new() } else { infer(node, values) }.into_iter();
    let types: Vec<DType> = (0..node.outputs.len())
        .map(|place| {
            if own {
                DType::Undefined
            } else {
                dtypes::infer(node, values, place)
            }
        })
        .collect();
    let quantised = match role {
        Role::Dequantise => values.input(node, 0).map(|value| value.dtype),
        // Rearranged elements are still those that were dequantised.
        Role::View => values.input(node, 0).and_then(|value| value.quantised),
        Role::Plain if node.op == "Transpose" => values.input(node, 0).and_then(|value| value.quantised),
        _ => None,
    };
    for (output, dtype) in node.outputs.iter().zip(types) {
        let declared = graph.net.declared.get(output);
        let shape = || {
            declared?
                .dims
                .as_deref()
                .and_then(|dims| bound.resolve(dims))
                .map(Value::of)
        };
        let Some(mut value) = inferred.next().flatten().or_else(shape) else {
            continue;
        };
        if role != Role::Constant {
            value.dtype = match (dtype, declared) {
                (DType::Undefined, Some(declared)) => declared.dtype,
                _ => dtype,
            };
            value.quantised = quantised.filter(|dtype| dtype.bits().is_some());
        }
        if value.dims.len() as u64 <= MAX_DIMS {
            values.known.insert(output, value);
        }
    }
}

fn shapes_of(node: &Node, values: &Values<'_>) -> Vec<Option<Vec<u64>>> {
    let shape = |output: &String| values.get(output).map(|value| value.dims.clone());
    node.outputs.iter().map(shape).collect()
}

fn add(totals: &mut BTreeMap<DType, u64>, dtype: DType, count: u64) {
    let total = totals.entry(dtype).or_default();
    *total = total.saturating_add(count);
}

impl Sums {
    fn add(&mut self, moved: &Moved) {
        self.read += u128::from(moved.read);
        self.written += u128::from(moved.written);
        self.fused_read += moved.fused_read;
        self.fused_written += moved.fused_written;
    }
}

impl Costs {
    /// Writes down the sums that are complete.
    fn finish(&mut self, sums: &Sums) {
        if sums.macs.is_none() {
            self.macs_unknown.get_or_insert("the sum overflows".to_owned());
        }
        self.macs = sums.macs.filter(|_| self.macs_unknown.is_none());
        if self.bytes_unknown.is_some() {
            return;
        }
        let totals = (
            u64::try_from(sums.read),
            u64::try_from(sums.written),
            u64::try_from(sums.fused_read),
            u64::try_from(sums.fused_written),
        );
        let (Ok(read), Ok(written), Ok(fused_read), Ok(fused_written)) = totals else {
            self.bytes_unknown = Some("the sum of bytes overflows".to_owned());
            return;
        };
        (self.written.bytes_read, self.written.bytes_written) = (Some(read), Some(written));
        (self.fused.bytes_read, self.fused.bytes_written) = (Some(fused_read), Some(fused_written));
    }
}
