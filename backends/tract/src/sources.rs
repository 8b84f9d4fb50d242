//! Which nodes of the model file a node of tract's graph stands for.
//!
//! tract tells it in two ways. It names a node after the ONNX node that it comes from, whose name (or first output, where
//! it has none) is followed by a suffix where there are several: `conv.im2col`, `conv.matmatmul`, `relu.1`. And it keeps
//! the names of ONNX values on the values that they became, through every rewriting that keeps the value: where a product
//! has taken in the `Relu` behind it, the product's name is that of the `MatMul` and its output's that of the `Relu`'s.
//! What lies in between, such as a bias that was added on the way, nobody tells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use edgebench_api::BackendError;
use tract_onnx::pb::GraphProto;
use tract_onnx::prelude::Framework;

use crate::failure;

/// What tract puts between the name that it starts from and what it adds.
const SEPARATORS: [char; 3] = ['.', '#', '-'];

/// The names of a model file, as tract uses them.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The nodes' names in the order of the file, a first output's for a node that has none.
    nodes: Vec<String>,
    /// What a name stands for: the place of a node, or no node but a weight or an input.
    names: BTreeMap<String, Option<usize>>,
    /// Which node writes a value.
    writers: BTreeMap<String, usize>,
}

impl Sources {
    /// Reads a model file's names.
    ///
    /// # Errors
    /// [`BackendError::Load`] when the file cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, BackendError> {
        let proto = tract_onnx::onnx()
            .proto_model_for_path(path)
            .map_err(|error| failure::load(error, path.display().to_string()))?;
        Ok(proto.graph.as_ref().map(Self::new).unwrap_or_default())
    }

    fn new(graph: &GraphProto) -> Self {
        let mut sources = Self::default();
        let weights = graph.initializer.iter().map(|weight| &weight.name);
        let inputs = graph.input.iter().map(|input| &input.name);
        for name in weights.chain(inputs) {
            sources.names.insert(name.clone(), None);
        }
        for node in &graph.node {
            let first = node.output.first().map_or("", String::as_str);
            let name = if node.name.is_empty() { first } else { &node.name };
            if name.is_empty() {
                continue;
            }
            let place = sources.nodes.len();
            sources.nodes.push(name.to_owned());
            sources.names.insert(name.to_owned(), Some(place));
            for output in node.output.iter().filter(|output| !output.is_empty()) {
                sources.writers.insert(output.clone(), place);
            }
        }
        sources
    }

    /// The node after which one of tract's is named: the longest name that it begins with.
    fn named(&self, name: &str) -> Option<usize> {
        let suffixes = name.char_indices().rev().filter(|(_, c)| SEPARATORS.contains(c));
        let mut ends = std::iter::once(name.len()).chain(suffixes.map(|(end, _)| end));
        *ends.find_map(|end| self.names.get(&name[..end]))?
    }

    /// For each of tract's nodes, given as its name and the labels of its outputs, the nodes of the file that it stands
    /// for, in the file's order. The writer of a labelled output is one of them unless another of tract's nodes is named
    /// after it.
    pub(crate) fn of(&self, nodes: &[(&str, Vec<&str>)]) -> Vec<Vec<String>> {
        let named: Vec<Option<usize>> = nodes.iter().map(|(name, _)| self.named(name)).collect();
        let all: BTreeSet<usize> = named.iter().flatten().copied().collect();
        let found = nodes.iter().zip(named).map(|((_, labels), named)| {
            let written = labels.iter().filter_map(|&label| self.writers.get(label).copied());
            let places: BTreeSet<usize> = written.filter(|place| !all.contains(place)).chain(named).collect();
            places.into_iter().map(|place| self.nodes[place].clone()).collect()
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{NodeProto, TensorProto};

    use super::*;

    fn sources(nodes: &[(&str, &str)], weights: &[&str]) -> Sources {
        Sources::new(&GraphProto {
            node: nodes
                .iter()
                .map(|&(name, output)| NodeProto {
                    name: name.to_owned(),
                    output: vec![output.to_owned()],
                    ..NodeProto::default()
                })
                .collect(),
            initializer: weights
                .iter()
                .map(|&name| TensorProto {
                    name: name.to_owned(),
                    ..TensorProto::default()
                })
                .collect(),
            ..GraphProto::default()
        })
    }

    #[test]
    fn a_name_is_followed_by_a_suffix() {
        let sources = sources(
            &[("conv", "a"), ("conv.1", "b"), ("", "y"), ("conv_2", "z")],
            &["conv.1.weight"],
        );
        for (name, source) in [
            ("conv", Some("conv")),
            ("conv.im2col", Some("conv")),
            ("conv.1", Some("conv.1")),
            ("conv.1.im2col", Some("conv.1")),
            ("conv.10", Some("conv")),
            ("conv#1", Some("conv")),
            ("conv_2-recip", Some("conv_2")),
            ("conv_3", None),
            ("conv.1.weight.cast", None),
            ("y.axis", Some("y")),
            ("", None),
        ] {
            let found = sources.named(name).map(|place| sources.nodes[place].as_str());
            assert_eq!(found, source, "{name}");
        }
    }

    #[test]
    fn a_label_tells_of_what_was_taken_in() {
        let sources = sources(&[("product", "p"), ("bias", "b"), ("relu", "r"), ("end", "e")], &[]);
        let taken_in = sources.of(&[("product", vec!["r"]), ("end", vec!["e"])]);
        assert_eq!(taken_in, [vec!["product", "relu"], vec!["end"]]);
        let apart = sources.of(&[("product.x", vec!["r"]), ("relu.low", vec![]), ("tap", vec!["none"])]);
        assert_eq!(apart, [vec!["product"], vec!["relu"], vec![]]);
    }
}
