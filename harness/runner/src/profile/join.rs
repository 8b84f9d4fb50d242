//! Which nodes of the model file an executed operator stands for.
//!
//! Runtimes keep names when they rewrite a graph, those of nodes or of values, with something before or behind them, and
//! drop the nodes that they fuse or fold. So an operator stands for the node that the runtime names, that writes what it
//! writes, or that its name contains; and a node that no operator is found for belongs to the operator that makes what it
//! reads: the activation to its convolution. What brings constants and quantised values into another format belongs to the
//! operator that reads them.

use std::collections::HashMap;

use edgebench_api::ProfiledOperator;
use edgebench_graph::{Graph, NodeView};
use edgebench_record::OperatorRole;

use super::kinds::{canonical, is_composite, role};

/// The nodes of the model file, by their places in it, that each operator stands for; ascending.
pub(super) fn sources(operators: &[ProfiledOperator], graph: &Graph) -> Vec<Vec<usize>> {
    let nodes: Vec<NodeView<'_>> = graph.nodes().collect();
    let names = Names::of(&nodes);
    let mut sources: Vec<Vec<usize>> = operators.iter().map(|operator| names.find(operator, &nodes)).collect();

    // The last of several operators that stand for a node makes what the node makes.
    let mut owner: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut executed = vec![false; nodes.len()];
    for (operator, places) in sources.iter().enumerate() {
        for &place in places {
            owner[place] = Some(operator);
            executed[place] |= executes(&operators[operator].op, nodes[place].op);
        }
    }
    let wires = Wires::of(&nodes);
    for (operator, told) in operators.iter().enumerate() {
        for place in take_in(told, &sources[operator], graph, &nodes, &wires, &owner, &executed) {
            owner[place] = Some(operator);
            executed[place] = true;
            sources[operator].push(place);
        }
    }
    let found = owner.clone();
    absorb(graph, &nodes, &wires, &mut owner);
    for (place, (owner, found)) in owner.into_iter().zip(found).enumerate() {
        if let (Some(operator), None) = (owner, found) {
            sources[operator].push(place);
        }
    }
    for places in &mut sources {
        places.sort_unstable();
        places.dedup();
    }
    sources
}

/// The nodes by what runtimes call them.
struct Names<'a> {
    /// By their names; none where several have one.
    nodes: HashMap<&'a str, Option<usize>>,
    /// By the values that they write.
    values: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn of(nodes: &[NodeView<'a>]) -> Self {
        let mut names = Self {
            nodes: HashMap::new(),
            values: HashMap::new(),
        };
        for (place, node) in nodes.iter().enumerate() {
            let place_of = names.nodes.entry(node.name);
            place_of.and_modify(|place| *place = None).or_insert(Some(place));
            for output in node.outputs.iter().filter(|output| !output.is_empty()) {
                names.values.insert(output, place);
            }
        }
        names
    }

    fn node(&self, name: &str) -> Option<usize> {
        self.nodes.get(name).copied().flatten()
    }

    /// The nodes that an operator stands for by what it says itself, what it writes, or what it is called.
    fn find(&self, operator: &ProfiledOperator, nodes: &[NodeView<'_>]) -> Vec<usize> {
        let told: Option<Vec<usize>> = operator.sources.iter().map(|name| self.node(name)).collect();
        let mut places = told.filter(|places| !places.is_empty()).unwrap_or_else(|| {
            let executes = |place: &usize| executes(&operator.op, nodes[*place].op);
            // What a runtime puts in to bring a value into another layout or format writes it under the same name.
            let kind = role(&canonical(&operator.op), false);
            let is_put_in = matches!(kind, OperatorRole::Layout | OperatorRole::Quantise);
            let written = operator.outputs.iter();
            let written = written.filter_map(|output| self.values.get(output.name.as_str()).copied());
            let mut places: Vec<usize> = written.filter(|place| executes(place) || !is_put_in).collect();
            if !places.iter().any(executes) {
                let named = contained(&operator.name, |name| self.node(name));
                let like_value = contained(&operator.name, |name| self.values.get(name).copied());
                let called = [named, like_value].into_iter().flatten();
                let nothing_written = places.is_empty();
                let first = || called.clone().next().filter(|_| nothing_written);
                places.extend(called.clone().find(executes).or_else(first));
            }
            places
        });
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// What `known` has of the longest part of `name` that is a whole word; words end where letters and digits do. Numbers are
/// names at the beginning only: behind it they tell operators of one kind apart.
fn contained(name: &str, known: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    /// A longer name is only looked up whole.
    const LONGEST: usize = 200;

    if let Some(place) = known(name) {
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
        let word = &name[start..start + length];
        if start > 0 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if let Some(place) = known(word) {
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

/// The nodes before the end of what an operator fuses, after which it is named, back to the one that it executes: the
/// convolution of one that is named after the activation. Nothing where it is named after what it executes. One that stands
/// for many, such as a normalisation, takes all before it that nothing else stands for, and one that names what it chains the
/// nodes of that.
fn take_in(
    told: &ProfiledOperator,
    places: &[usize],
    graph: &Graph,
    nodes: &[NodeView<'_>],
    wires: &Wires<'_>,
    owner: &[Option<usize>],
    executed: &[bool],
) -> Vec<usize> {
    /// Runtimes fuse no longer chains than this.
    const LONGEST: usize = 8;
    /// And no more nodes than this into one that stands for many.
    const MOST: usize = 64;

    let writers = |place: usize| {
        let inputs = nodes[place].inputs.iter();
        let inputs = inputs.filter(|input| graph.constant(input).is_none());
        inputs.filter_map(|input| wires.writer.get(input.as_str()).copied())
    };
    let is_free = |writer: &usize| !executed[*writer] && owner[*writer].is_none();
    let parts = chained(&told.op);
    if !parts.is_empty() {
        let mut chain = Vec::new();
        let mut at = places.first().copied();
        while let Some(place) = at.filter(|_| chain.len() < LONGEST) {
            at = writers(place).find(|writer| is_free(writer) && parts.contains(&nodes[*writer].op));
            chain.extend(at);
        }
        return chain;
    }
    if places.iter().any(|&place| executes(&told.op, nodes[place].op)) {
        return Vec::new();
    }
    if is_composite(&canonical(&told.op)) {
        let mut taken = Vec::new();
        let mut ends = places.to_vec();
        while let Some(place) = ends.pop() {
            for writer in writers(place).filter(is_free) {
                if taken.len() < MOST && !taken.contains(&writer) {
                    taken.push(writer);
                    ends.push(writer);
                }
            }
        }
        return taken;
    }
    let mut chain = Vec::new();
    let mut at = places.first().copied();
    while let Some(place) = at.filter(|_| chain.len() < LONGEST) {
        // Operators may be found for what prepares a node, such as the packing of what it multiplies, and none for it.
        // Of several, the one that the operator executes; otherwise the chain is followed where it does not branch.
        let free: Vec<usize> = writers(place).filter(|&writer| !executed[writer]).collect();
        let next = free
            .iter()
            .find(|&&writer| executes(&told.op, nodes[writer].op))
            .or(match &free[..] {
                [only] => Some(only),
                _ => None,
            });
        let Some(&next) = next else { break };
        chain.push(next);
        if executes(&told.op, nodes[next].op) {
            return chain;
        }
        at = Some(next);
    }
    Vec::new()
}

/// Whether what a runtime calls so computes a node's operator.
fn executes(kernel: &str, op: &str) -> bool {
    let (kernel, op) = (canonical(kernel), canonical(op));
    let product = ["Conv", "ConvTranspose", "MatMul", "Gemm", "Einsum"].contains(&op.as_str());
    let is_matrix_product = |name: &str| name == "MatMul" || name == "Gemm";
    kernel == op || (product && kernel == "OptMatMul") || (is_matrix_product(&kernel) && is_matrix_product(&op))
}

/// The operators that tract has put into one: `Add` and `Max` of `OptBinChain(Add+Max)`.
fn chained(kernel: &str) -> Vec<&str> {
    let inner = kernel
        .strip_prefix("OptBinChain(")
        .and_then(|rest| rest.strip_suffix(')'));
    inner.map_or_else(Vec::new, |inner| inner.split('+').collect())
}

/// Gives the nodes without an operator to those of their neighbours.
fn absorb(graph: &Graph, nodes: &[NodeView<'_>], wires: &Wires<'_>, owner: &mut [Option<usize>]) {
    let Wires { writer, readers } = wires;
    let made_by = |place: usize, owner: &[Option<usize>]| {
        let inputs = nodes[place]
            .inputs
            .iter()
            .filter(|input| graph.constant(input).is_none());
        // What is fused is computed when all that it reads is there: by the operator that runs last.
        inputs
            .filter_map(|input| writer.get(input.as_str()))
            .filter_map(|&writer| owner[writer])
            .max()
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
        let names = HashMap::from([("conv1", 0), ("/a/conv1", 1), ("conv10", 2), ("", 3), ("0", 4)]);
        let contained = |name: &str| contained(name, |word| names.get(word).copied());
        assert_eq!(contained("conv1"), Some(0));
        assert_eq!(contained("/a/conv1_nchwc"), Some(1));
        assert_eq!(contained("fused conv1"), Some(0));
        assert_eq!(contained("conv1.matmul"), Some(0));
        assert_eq!(contained("conv10.bias"), Some(2));
        assert_eq!(contained("conv100"), None);
        assert_eq!(contained("aconv1"), None);
        assert_eq!(contained("größe/conv1"), Some(0));
        assert_eq!(contained("0.matmul"), Some(4));
        assert_eq!(contained("MatMul_0"), None);
        assert_eq!(contained(&"x ".repeat(10_000)), None);
    }
}
