//! The graph as a runtime executes it, where it writes one: names, types and shapes of what its operators read.

use std::collections::HashMap;

use edgebench_api::{ProfiledOperator, ProfiledValue};
use edgebench_graph::{DType, Dim, Graph, NodeView};

/// Gives operators the values that they read and write, from the graph whose nodes they are: in its order where the
/// operators are those of the graph one by one, otherwise by their names.
///
/// A runtime may tell types and shapes of some values only, as of a product whose weights it has packed. Those of
/// constants come from the graph, and those of all others from the operators that write them.
pub(super) fn connect(operators: &mut [ProfiledOperator], executed: &Graph) {
    let nodes = nodes_of(operators, executed);
    let mut known: HashMap<String, ProfiledValue> = executed
        .inputs
        .iter()
        .map(|input| {
            let fixed = |dim: &Dim| match dim {
                Dim::Fixed(extent) => usize::try_from(*extent).ok(),
                Dim::Symbol(_) | Dim::Unknown => None,
            };
            let value = ProfiledValue {
                name: input.name.clone(),
                dtype: word(input.dtype),
                shape: input
                    .dims
                    .iter()
                    .map(fixed)
                    .collect::<Option<_>>()
                    .filter(|_| input.shaped),
                constant: false,
            };
            (input.name.clone(), value)
        })
        .collect();
    for (operator, node) in operators.iter_mut().zip(&nodes) {
        let Some(node) = node else { continue };
        if operator.op == bare(node.op) {
            // With its domain, which tells kernels of other memory layouts apart.
            node.op.clone_into(&mut operator.op);
        }
        name(&mut operator.outputs, node.outputs);
        for output in &operator.outputs {
            known.insert(output.name.clone(), output.clone());
        }
    }
    for (operator, node) in operators.iter_mut().zip(&nodes) {
        let Some(node) = node else { continue };
        let told = std::mem::take(&mut operator.inputs);
        let names: Vec<&String> = node.inputs.iter().filter(|name| !name.is_empty()).collect();
        let whole = told.len() == names.len();
        operator.inputs = names
            .iter()
            .enumerate()
            .map(|(place, name)| {
                let constant = executed.constant(name).map(|constant| ProfiledValue {
                    name: (*name).clone(),
                    dtype: word(constant.dtype),
                    shape: constant
                        .dims
                        .iter()
                        .map(|&extent| usize::try_from(extent).ok())
                        .collect(),
                    constant: true,
                });
                let told = || {
                    told.get(place).filter(|_| whole).map(|told| ProfiledValue {
                        name: (*name).clone(),
                        ..told.clone()
                    })
                };
                let unknown = || ProfiledValue {
                    name: (*name).clone(),
                    ..ProfiledValue::default()
                };
                constant
                    .or_else(told)
                    .or_else(|| known.get(*name).cloned())
                    .unwrap_or_else(unknown)
            })
            .collect();
    }
}

/// The node of each operator.
fn nodes_of<'a>(operators: &[ProfiledOperator], executed: &'a Graph) -> Vec<Option<NodeView<'a>>> {
    let in_order = operators.len() == executed.nodes().len()
        && operators
            .iter()
            .zip(executed.nodes())
            .all(|(operator, node)| bare(&operator.op) == bare(node.op));
    if in_order {
        return executed.nodes().map(Some).collect();
    }
    let mut by_name: HashMap<&str, Option<NodeView<'_>>> = HashMap::new();
    for node in executed.nodes() {
        // A name that occurs twice tells nothing.
        by_name
            .entry(node.name)
            .and_modify(|known| *known = None)
            .or_insert(Some(node));
    }
    let find = |operator: &ProfiledOperator| by_name.get(operator.name.as_str()).copied().flatten();
    operators.iter().map(find).collect()
}

/// An operator without its domain.
fn bare(op: &str) -> &str {
    op.rsplit('.').next().unwrap_or(op)
}

/// The word for an element type; `None` where it is not known.
fn word(dtype: DType) -> Option<String> {
    (dtype != DType::Undefined).then(|| dtype.to_string())
}

/// Names values in order. Those that are left out have no type and no shape among what was told.
fn name(values: &mut Vec<ProfiledValue>, names: &[String]) {
    let names: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    if values.len() != names.len() {
        values.clear();
        values.resize(names.len(), ProfiledValue::default());
    }
    for (value, name) in values.iter_mut().zip(names) {
        value.name.clone_from(name);
    }
}
