//! The operators of the main graph and how they are connected.

use crate::dtype::DType;
use crate::graph::Graph;

/// One operator of the main graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeView<'a> {
    /// The node's name, or its first output's where it has none.
    pub name: &'a str,
    /// The operator; outside the default domain `domain.Operator`.
    pub op: &'a str,
    /// The values that it reads, in order; an empty name where an optional one is left out.
    pub inputs: &'a [String],
    /// The values that it writes, in order; an empty name where an optional one is left out.
    pub outputs: &'a [String],
}

/// A constant of the file, without its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConstantView<'a> {
    /// Its element type; [`DType::Undefined`] where it is not known.
    pub dtype: DType,
    /// Its extents.
    pub dims: &'a [u64],
}

impl Graph {
    /// The operators of the main graph, in the file's order: that of [`crate::Costs::operators`].
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeView<'_>> {
        self.net.nodes.iter().map(|node| NodeView {
            name: &node.name,
            op: &node.op,
            inputs: &node.inputs,
            outputs: &node.outputs,
        })
    }

    /// A constant of the file, an initialiser or the output of a `Constant` node; `None` for any other value.
    pub fn constant(&self, value: &str) -> Option<ConstantView<'_>> {
        self.net.constants.get(value).map(|value| ConstantView {
            dtype: value.dtype,
            dims: &value.dims,
        })
    }
}
