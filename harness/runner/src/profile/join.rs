//! Which nodes of the model file an executed operator stands for.
//!
//! Runtimes keep the names of nodes when they rewrite a graph, with something before or behind them, and drop the nodes
//! that they fuse or fold. So an operator stands for the node that its name contains, and a node that no operator is
//! named after belongs to the operator that makes what it reads: the activation to its convolution. What brings constants
//! and quantised values into another format belongs to the operator that reads them.

use std::collections::HashMap;

use edgebench_api::ProfiledOperator;
use edgebench_graph::{Graph, NodeView};

use super::kinds::canonical;

/// The nodes of the model file, by their places in it, that each operator stands for; ascending.
pub(super) fn sources(operators: &[ProfiledOperator], graph: &Graph) -> Vec<Vec<usize>> {
    let nodes: Vec<NodeView<'_>> = graph.nodes().collect();
    let by_name: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| (node.name, place))
        .collect();
    let mut sources: Vec<Vec<usize>> = operators.iter().map(|operator| named(operator, &by_name)).collect();

    // The last of several operators that stand for a node makes what the node makes.
    let mut owner: Vec<Option<usize>> = vec![None; nodes.len()];
    for (operator, places) in sources.iter().enumerate() {
        for &place in places {
            owner[place] = Some(operator);
        }
    }
    let named = owner.clone();
    let wires = Wires::of(&nodes);
    for (told, places) in operators.iter().enumerate().zip(&sources) {
        take_in(told, places, graph, &nodes, &wires, &mut owner);
    }
    absorb(graph, &nodes, &wires, &mut owner);
    for (place, (owner, named)) in owner.into_iter().zip(named).enumerate() {
        if let (Some(operator), None) = (owner, named) {
            sources[operator].push(place);
        }
    }
    for places in &mut sources {
        places.sort_unstable();
    }
    sources
}

/// The nodes that an operator names itself, or is named after.
fn named(operator: &ProfiledOperator, by_name: &HashMap<&str, usize>) -> Vec<usize> {
    let mut places: Vec<usize> = if operator.sources.is_empty() {
        contained(&operator.name, by_name).into_iter().collect()
    } else {
        let known = |name: &String| by_name.get(name.as_str()).copied();
        operator.sources.iter().filter_map(known).collect()
    };
    places.sort_unstable();
    places.dedup();
    places
}

/// The node with the longest name that `name` contains as a whole word; words end where letters and digits do.
fn contained(name: &str, by_name: &HashMap<&str, usize>) -> Option<usize> {
    /// A longer name is only looked up whole.
    const LONGEST: usize = 200;

    if let Some(&place) = by_name.get(name) {
        return Some(place);
    }
    if name.len() > LONGEST {
        return None;
    }
    let letter = |character: char| character.is_alphanumeric();
    let ends: Vec<usize> = std::iter::once(0)
        .chain(
            name.char_indices()
                .filter(|&(_, character)| !letter(character))
                .flat_map(|(at, character)| [at, at + character.len_utf8()]),
        )
        .chain(std::iter::once(name.len()))
        .collect();
    let words = ends.iter().flat_map(|&start| {
        let longer = ends.iter().filter(move |&&end| end > start);
        longer.map(move |&end| (end - start, start))
    });
    let mut found: Option<(usize, usize)> = None;
    for (length, start) in words {
        if found.is_some_and(|(longest, _)| longest >= length) {
            continue;
        }
        if let Some(&place) = by_name.get(&name[start..start + length]) {
            found = Some((length, place));
        }
    }
    found.map(|(_, place)| place)
}

/// Which nodes write and read a value.
struct Wires<'a> {
    writer: HashMap<&'a str, usize>,
    readers: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Wires<'a> {
    fn of(nodes: &[NodeView<'a>]) -> Self {
        let mut writer: HashMap<&str, usize> = HashMap::new();
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, node) in nodes.iter().enumerate() {
            for output in node.outputs.iter().filter(|output| !output.is_empty()) {
                writer.insert(output, place);
            }
            for input in node.inputs.iter().filter(|input| !input.is_empty()) {
                readers.entry(input).or_default().push(place);
            }
        }
        Self { writer, readers }
    }
}

/// Gives an operator that is named after the end of what it fuses the nodes before it, back to the one that it executes: a
/// convolution that is named after its activation.
fn take_in(
    (operator, told): (usize, &ProfiledOperator),
    places: &[usize],
    graph: &Graph,
    nodes: &[NodeView<'_>],
    wires: &Wires<'_>,
    owner: &mut [Option<usize>],
) {
    /// Runtimes fuse no longer chains than this.
    const LONGEST: usize = 8;

    if places.iter().any(|&place| executes(&told.op, nodes[place].op)) {
        return;
    }
    let mut chain = Vec::new();
    let mut at = places.first().copied();
    while let Some(place) = at.filter(|_| chain.len() < LONGEST) {
        let inputs = nodes[place]
            .inputs
            .iter()
            .filter(|input| graph.constant(input).is_none());
        let free = inputs
            .filter_map(|input| wires.writer.get(input.as_str()).copied())
            .filter(|&writer| owner[writer].is_none());
        // Of several, the one that the operator executes; otherwise the chain is followed where it does not branch.
        let free: Vec<usize> = free.collect();
        let next = free
            .iter()
            .find(|&&writer| executes(&told.op, nodes[writer].op))
            .or(match &free[..] {
                [only] => Some(only),
                _ => None,
            });
        let Some(&next) = next else { return };
        chain.push(next);
        if executes(&told.op, nodes[next].op) {
            for place in chain {
                owner[place] = Some(operator);
            }
            return;
        }
        at = Some(next);
    }
}

/// Whether what a runtime calls so computes a node's operator.
fn executes(kernel: &str, op: &str) -> bool {
    let (kernel, op) = (canonical(kernel), canonical(op));
    let product = ["Conv", "ConvTranspose", "MatMul", "Gemm", "Einsum"].contains(&op.as_str());
    kernel == op || (product && kernel.starts_with("OptMatMul"))
}

/// Gives the nodes without an operator to those of their neighbours.
fn absorb(graph: &Graph, nodes: &[NodeView<'_>], wires: &Wires<'_>, owner: &mut [Option<usize>]) {
    let Wires { writer, readers } = wires;
    let made_by = |place: usize, owner: &[Option<usize>]| {
        let inputs = nodes[place]
            .inputs
            .iter()
            .filter(|input| graph.constant(input).is_none());
        inputs
            .filter_map(|input| writer.get(input.as_str()))
            .find_map(|&writer| owner[writer])
    };
    let read_by = |place: usize, owner: &[Option<usize>]| {
        let readers = nodes[place]
            .outputs
            .iter()
            .filter_map(|output| readers.get(output.as_str()));
        readers.flatten().find_map(|&reader| owner[reader])
    };
    // The file is in order of execution: a chain is gone through in one pass.
    for place in 0..nodes.len() {
        if owner[place].is_none() && !prepares(nodes[place].op) {
            owner[place] = made_by(place, owner);
        }
    }
    for place in (0..nodes.len()).rev() {
        if owner[place].is_none() {
            owner[place] = read_by(place, owner);
        }
    }
    for place in 0..nodes.len() {
        if owner[place].is_none() {
            owner[place] = made_by(place, owner);
        }
    }
}

/// Whether a node only prepares what the next one reads.
fn prepares(op: &str) -> bool {
    matches!(op, "DequantizeLinear" | "com.microsoft.DequantizeLinear" | "Constant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_whole_word() {
        let names = HashMap::from([("conv1", 0), ("/a/conv1", 1), ("conv10", 2), ("", 3)]);
        assert_eq!(contained("conv1", &names), Some(0));
        assert_eq!(contained("/a/conv1_nchwc", &names), Some(1));
        assert_eq!(contained("fused conv1", &names), Some(0));
        assert_eq!(contained("conv1.matmul", &names), Some(0));
        assert_eq!(contained("conv10.bias", &names), Some(2));
        assert_eq!(contained("conv100", &names), None);
        assert_eq!(contained("aconv1", &names), None);
        assert_eq!(contained("größe/conv1", &names), Some(0));
        assert_eq!(contained(&"x ".repeat(10_000), &names), None);
    }
}
