//! Inner tensors made outputs: a *tapped* copy of a model file.
//!
//! Any runtime evaluates such a copy as it evaluates the model, so inner tensors can be looked at without its help. The
//! copy is made on the wire level: whatever is not an output or a node that no output needs stays as it is, byte for byte.

use std::collections::{HashMap, HashSet};

use prost::Message as _;
use prost::bytes::BufMut as _;

use crate::dtype::DType;
use crate::dtypes;
use crate::error::{GraphError, printable};
use crate::graph::Graph;
use crate::net::{Node, Value, Values};
use crate::proto::{GraphProto, NodeProto, TensorTypeProto, TypeProto, ValueInfoProto};
use crate::scan::{MAX_FILE_BYTES, malformed, scan, varint};

/// The fields that are looked into, by their numbers in `onnx.proto`.
const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const GRAPH_OUTPUT: u64 = 12;

/// A tensor that an operator of the main graph writes and that follows from the model's inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerTensor {
    /// Its name, as the file has it.
    pub name: String,
    /// The node that writes it: its name, or its first output's where it has none.
    pub node: String,
    /// The operator; outside the default domain `domain.Operator`.
    pub op: String,
    /// Its element type; [`DType::Undefined`] where the file does not tell, in which case it may be no dense tensor.
    pub dtype: DType,
}

/// What stays in a tapped copy beside the tapped tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything: the tapped tensors come behind the model's own outputs.
    Whole,
    /// What the tapped tensors need: they are the only outputs, and nodes that none of them depends on are left out, so
    /// that the model ends there. Weights stay.
    Ancestors,
}

/// The inner tensors of a model in the file's order, its outputs among them. Constants and what follows from constants
/// alone are left out, as are values within subgraphs.
pub fn inner_tensors(graph: &Graph) -> Vec<InnerTensor> {
    let inputs = graph
        .inputs
        .iter()
        .map(|input| (input.name.as_str(), of_type(input.dtype)));
    let mut values = Values {
        constants: &graph.net.constants,
        known: inputs.collect(),
    };
    let mut varying: HashSet<&str> = values.known.keys().copied().collect();
    let mut tensors = Vec::new();
    for node in &graph.net.nodes {
        let own = graph.net.functions.contains(&node.op);
        let varies = reads_any(node, &varying);
        for (place, name) in node.outputs.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let declared = graph
                .net
                .declared
                .get(name)
                .map_or(DType::Undefined, |value| value.dtype);
            let inferred = if own {
                DType::Undefined
            } else {
                dtypes::infer(node, &values, place)
            };
            let dtype = if inferred == DType::Undefined {
                declared
            } else {
                inferred
            };
            values.known.insert(name, of_type(dtype));
            if varies && varying.insert(name) {
                tensors.push(InnerTensor {
                    name: name.clone(),
                    node: printable(&node.name),
                    op: printable(&node.op),
                    dtype,
                });
            }
        }
    }
    tensors
}

fn of_type(dtype: DType) -> Value {
    Value {
        dtype,
        ..Value::default()
    }
}

fn reads_any(node: &Node, names: &HashSet<&str>) -> bool {
    node.inputs.iter().any(|input| names.contains(input.as_str()))
        || node.inner.iter().any(|inner| reads_any(inner, names))
}

/// A copy of a model file with some of its inner tensors as outputs, in the order given; at least one. A tensor whose type
/// is known is declared with it, and none with a shape.
///
/// External data is referred to as before: a runtime finds it where it lies relative to the copy.
///
/// # Errors
/// [`GraphError`] where the file is too large, is no ONNX model or passes a cap, and [`GraphError::NotWritten`] for a
/// tensor that no operator of the main graph writes.
pub fn tap(model: &[u8], tensors: &[&InnerTensor], keep: Keep) -> Result<Vec<u8>, GraphError> {
    if model.len() as u64 > MAX_FILE_BYTES {
        return Err(GraphError::FileTooLarge {
            bytes: model.len() as u64,
            limit: MAX_FILE_BYTES,
        });
    }
    scan(model)?;
    let (mut nodes, mut outputs, mut graphs) = (Vec::new(), HashSet::new(), 0);
    each_field(model, |field| {
        if field.tag != MODEL_GRAPH {
            return Ok(());
        }
        graphs += 1;
        each_field(field.body, |field| {
            match field.tag {
                GRAPH_NODE => nodes.push(NodeProto::decode(field.body).map_err(|error| undecodable(&error))?),
                GRAPH_OUTPUT => {
                    outputs.insert(
                        ValueInfoProto::decode(field.body)
                            .map_err(|error| undecodable(&error))?
                            .name,
                    );
                }
                _ => {}
            }
            Ok(())
        })
    })?;
    if graphs == 0 {
        return Err(GraphError::NoGraph);
    }
    let needed = needed(&nodes, tensors)?;
    let added = tensors
        .iter()
        .filter(|tensor| keep == Keep::Ancestors || !outputs.contains(&tensor.name));
    let added: Vec<Vec<u8>> = added.map(|tensor| declaration(tensor).encode_to_vec()).collect();
    let mut copy = Vec::with_capacity(model.len() + added.iter().map(|body| body.len() + 16).sum::<usize>());
    let (mut node, mut graph) = (0, 0);
    each_field(model, |field| {
        if field.tag != MODEL_GRAPH {
            copy.extend_from_slice(field.whole);
            return Ok(());
        }
        let mut kept = Vec::with_capacity(field.body.len());
        each_field(field.body, |field| {
            let stays = match field.tag {
                GRAPH_NODE => {
                    node += 1;
                    keep == Keep::Whole || needed[node - 1]
                }
                GRAPH_OUTPUT => keep == Keep::Whole,
                _ => true,
            };
            if stays {
                kept.extend_from_slice(field.whole);
            }
            Ok(())
        })?;
        graph += 1;
        // A graph in several parts is their concatenation.
        if graph == graphs {
            for body in &added {
                put(&mut kept, GRAPH_OUTPUT, body)?;
            }
        }
        put(&mut copy, MODEL_GRAPH, &kept)
    })?;
    Ok(copy)
}

fn declaration(tensor: &InnerTensor) -> ValueInfoProto {
    let known = tensor.dtype != DType::Undefined;
    ValueInfoProto {
        name: tensor.name.clone(),
        r#type: known.then(|| TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: tensor.dtype.onnx(),
                shape: None,
            }),
        }),
    }
}

/// For each node whether some tensor depends on it.
fn needed(nodes: &[NodeProto], tensors: &[&InnerTensor]) -> Result<Vec<bool>, GraphError> {
    let mut writers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            writers.entry(output).or_insert(index);
        }
    }
    let mut needed = vec![false; nodes.len()];
    let mut open = Vec::new();
    for tensor in tensors {
        let writer = writers
            .get(tensor.name.as_str())
            .ok_or_else(|| GraphError::NotWritten {
                name: printable(&tensor.name),
            })?;
        open.push(*writer);
    }
    while let Some(index) = open.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        let mut names = Vec::new();
        reads(&nodes[index], &mut names);
        open.extend(names.iter().filter_map(|&name| writers.get(name)));
    }
    Ok(needed)
}

/// The names that a node reads, those that its subgraphs read among them: some of these are values of the outer graph.
fn reads<'a>(node: &'a NodeProto, names: &mut Vec<&'a str>) {
    names.extend(node.input.iter().map(String::as_str));
    for attribute in &node.attribute {
        for graph in attribute.g.as_deref().into_iter().chain(&attribute.graphs) {
            let GraphProto { node, output, .. } = graph;
            names.extend(output.iter().map(|output| output.name.as_str()));
            for inner in node {
                reads(inner, names);
            }
        }
    }
}

/// A field of a message as it lies in the file.
struct Field<'a> {
    /// Its number.
    tag: u64,
    /// All of it.
    whole: &'a [u8],
    /// What it holds, where it holds bytes; otherwise nothing.
    body: &'a [u8],
}

/// Visits the fields of a message, in order.
fn each_field<'a>(
    bytes: &'a [u8],
    mut visit: impl FnMut(Field<'a>) -> Result<(), GraphError>,
) -> Result<(), GraphError> {
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let key = varint(bytes, &mut at, bytes.len())?;
        let mut body = at..at;
        match key & 7 {
            0 => {
                varint(bytes, &mut at, bytes.len())?;
            }
            1 => at = at.saturating_add(8),
            5 => at = at.saturating_add(4),
            2 => {
                let length = varint(bytes, &mut at, bytes.len())?;
                let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
                body = at..end.unwrap_or(usize::MAX);
                at = body.end;
            }
            _ => return Err(malformed("a field of an unknown wire type", start)),
        }
        let cut_off = || malformed("a field is cut off", start);
        visit(Field {
            tag: key >> 3,
            whole: bytes.get(start..at).ok_or_else(cut_off)?,
            body: bytes.get(body).ok_or_else(cut_off)?,
        })?;
    }
    Ok(())
}

/// Appends a field that holds bytes.
fn put(message: &mut Vec<u8>, tag: u64, body: &[u8]) -> Result<(), GraphError> {
    // Tags below 16 take one byte.
    message.put_u8((tag << 3 | 2) as u8);
    prost::encode_length_delimiter(body.len(), message).map_err(|error| malformed(&error.to_string(), 0))?;
    message.extend_from_slice(body);
    Ok(())
}

fn undecodable(error: &prost::DecodeError) -> GraphError {
    malformed(&error.to_string(), 0)
}
