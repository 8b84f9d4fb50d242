//! What an operator does with its operands' buffers.

use std::collections::{HashMap, HashSet};

use crate::graph::Graph;
use crate::net::Node;

/// What an operator does with its operands' buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Reads its operands and writes its outputs.
    Plain,
    /// Its output is a constant of the file.
    Constant,
    /// Its output is its first operand, looked at otherwise.
    View,
    /// A `DequantizeLinear` that the operators which read it can take in.
    Dequantise,
    /// A `QuantizeLinear` that the operator before it can take in.
    Quantise,
    /// Nobody knows.
    Opaque,
}

/// How the values of a graph are used, as far as roles depend on it.
pub(super) struct Uses<'a> {
    reads: HashMap<&'a str, u32>,
    outputs: HashSet<&'a str>,
    /// Values that an operator of the file has written so far.
    written: HashSet<&'a str>,
}

impl<'a> Uses<'a> {
    pub(super) fn of(graph: &'a Graph) -> Self {
        let mut uses = Self {
            reads: HashMap::new(),
            outputs: graph.outputs.iter().map(|output| output.name.as_str()).collect(),
            written: HashSet::new(),
        };
        uses.count(&graph.net.nodes);
        uses
    }

    fn count(&mut self, nodes: &'a [Node]) {
        for node in nodes {
            for input in node.inputs.iter().filter(|input| !input.is_empty()) {
                *self.reads.entry(input).or_default() += 1;
            }
            self.count(&node.inner);
        }
    }

    /// Whether the node's output at this place exists and matters to anything.
    pub(super) fn counts(&self, node: &Node, place: usize) -> bool {
        let name = node.outputs[place].as_str();
        !name.is_empty() && (place == 0 || self.reads.contains_key(name) || self.outputs.contains(name))
    }

    /// The role of the next node; `known` tells whether its operator is.
    pub(super) fn role(&mut self, node: &'a Node, known: bool) -> Role {
        let input = node.inputs.first().map_or("", String::as_str);
        let output = node.outputs.first().map_or("", String::as_str);
        let role = match node.op.as_str() {
            _ if !known || !node.inner.is_empty() => Role::Opaque,
            "If" | "Loop" | "Scan" => Role::Opaque,
            "Constant" => Role::Constant,
            "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" | "Identity" => Role::View,
            "Dropout" if (1..node.outputs.len()).all(|place| !self.counts(node, place)) => Role::View,
            "DequantizeLinear" | "com.microsoft.DequantizeLinear" if !self.outputs.contains(output) => Role::Dequantise,
            "QuantizeLinear" | "com.microsoft.QuantizeLinear"
                if self.written.contains(input)
                    && self.reads.get(input) == Some(&1)
                    && !self.outputs.contains(input) =>
            {
                Role::Quantise
            }
            _ => Role::Plain,
        };
        if matches!(role, Role::Plain | Role::Quantise) {
            self.written.extend(node.outputs.iter().map(String::as_str));
        }
        role
    }
}
