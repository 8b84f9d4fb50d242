//! A graph, taken apart into its nodes.

use std::collections::{BTreeSet, HashMap};

use candle_core::Tensor;
use candle_onnx::onnx::{GraphProto, ModelProto, NodeProto, ValueInfoProto};
use edgebench_api::{ProfiledOperator, ProfiledValue};

use crate::model::Model;
use crate::tensor;

/// One node as a graph of its own.
pub(crate) struct Step {
    /// That graph. It has no declared inputs, and of its node's outputs those that somebody reads.
    pub(crate) proto: ModelProto,
    /// What it may read, each value once: inner graphs read values of the outer one.
    pub(crate) reads: Vec<String>,
    /// What it is, without calls.
    pub(crate) operator: ProfiledOperator,
}

impl Step {
    /// Adds what only an inference tells, element types and shapes. What it read and what it gave are found in `values`.
    pub(crate) fn describe(&mut self, values: &HashMap<String, Tensor>) {
        let operator = &mut self.operator;
        for value in operator.inputs.iter_mut().chain(&mut operator.outputs) {
            let Some(found) = values.get(&value.name) else {
                continue;
            };
            value.dtype = Some(tensor::dtype_name(found));
            value.shape = Some(found.dims().to_vec());
        }
    }
}

/// The nodes of a model's graph, in the order of the file.
pub(crate) fn of(model: &Model) -> Vec<Step> {
    let Some(graph) = &model.proto.graph else {
        return Vec::new();
    };
    let mut read: BTreeSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    for node in &graph.node {
        read.extend(reads(node));
    }
    let mut names = BTreeSet::new();
    let nodes = graph.node.iter();
    nodes.map(|node| step(node, &read, model, &mut names)).collect()
}

fn step(node: &NodeProto, read: &BTreeSet<&str>, model: &Model, names: &mut BTreeSet<String>) -> Step {
    let first = node.output.first().map_or("", String::as_str);
    let source = if node.name.is_empty() { first } else { &node.name };
    let reads = reads(node);
    let given = node.output.iter().filter(|output| read.contains(output.as_str()));
    let graph = GraphProto {
        node: vec![node.clone()],
        output: given
            .clone()
            .map(|output| ValueInfoProto {
                name: output.clone(),
                ..ValueInfoProto::default()
            })
            .collect(),
        ..GraphProto::default()
    };
    let value = |name: &str| ProfiledValue {
        name: name.to_owned(),
        constant: model.constants.contains_key(name),
        ..ProfiledValue::default()
    };
    Step {
        operator: ProfiledOperator {
            name: unique(names, source),
            op: node.op_type.clone(),
            sources: vec![source.to_owned()],
            inputs: reads.iter().map(|name| value(name)).collect(),
            outputs: given.map(|name| value(name)).collect(),
            ..ProfiledOperator::default()
        },
        reads: reads
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        proto: ModelProto {
            graph: Some(graph),
            ..ModelProto::default()
        },
    }
}

/// The values that a node names, in its order and as often as it does, and those that its inner graphs name. Some of the
/// latter are inner values, which are not found outside.
fn reads(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).collect();
    for inner in node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()) {
        let within: BTreeSet<&str> = inner
            .node
            .iter()
            .flat_map(reads)
            .chain(inner.output.iter().map(|output| output.name.as_str()))
            .collect();
        names.extend(within);
    }
    names.retain(|name| !name.is_empty());
    names
}

/// A name that none of `names` is, made from this one.
fn unique(names: &mut BTreeSet<String>, name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}#{number}"));
    let unique = std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !names.contains(name))
        .unwrap_or_default();
    names.insert(unique.clone());
    unique
}
