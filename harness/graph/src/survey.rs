//! Walks a decoded model and adds up its facts.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::dtype::DType;
use crate::error::{GraphError, printable};
use crate::external::Externals;
use crate::graph::{Dim, Graph, Opset, ValueInfo, WeightBytes};
use crate::net::{Attribute, Declared, Net, Node, Value, qualified};
use crate::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto, ValueInfoProto};
use crate::tensor::{MAX_KEPT, Stored, product, stored};
use crate::weights::Readings;
use crate::zeros::Zeros;

/// Turns a decoded model into its facts.
///
/// # Errors
/// [`GraphError::NoGraph`], [`GraphError::Tensor`] or [`GraphError::External`].
pub(crate) fn survey(model: &ModelProto, file_bytes: u64, folder: &Path) -> Result<Graph, GraphError> {
    let readings = Readings::of(model);
    let mut survey = Survey {
        readings: &readings,
        externals: Externals::new(folder),
        operators: BTreeMap::new(),
        weights: BTreeMap::new(),
        totals: Totals::default(),
    };
    let graph = model.graph.as_ref().ok_or(GraphError::NoGraph)?;
    let mut net = Net::default();
    survey.initialisers(graph, Some(&mut net))?;
    for node in &graph.node {
        let node = survey.node(node)?;
        if let Some((_, Attribute::Value(value))) = node.attributes.iter().find(|_| node.op == "Constant")
            && let Some(output) = node.outputs.first()
        {
            net.constants.insert(output.clone(), value.clone());
        }
        net.nodes.push(node);
    }
    for function in &model.functions {
        net.functions.insert(qualified(&function.domain, &function.name));
        for node in &function.node {
            survey.node(node)?;
        }
    }
    let initialised: HashSet<&str> = graph
        .initializer
        .iter()
        .map(|tensor| tensor.name.as_str())
        .chain(graph.sparse_initializer.iter().map(sparse_name))
        .collect();
    let inputs: Vec<_> = graph
        .input
        .iter()
        .filter(|input| !initialised.contains(input.name.as_str()))
        .map(value_info)
        .collect();
    let outputs: Vec<_> = graph.output.iter().map(value_info).collect();
    let between = graph.value_info.iter().map(value_info);
    net.declared = between
        .chain(outputs.clone())
        .map(|value| {
            let declared = Declared {
                dtype: value.dtype,
                dims: value.shaped.then_some(value.dims),
            };
            (value.name, declared)
        })
        .collect();
    let opsets = model.opset_import.iter();
    Ok(Graph {
        producer: model.producer_name.clone(),
        ir_version: model.ir_version,
        opsets: opsets
            .map(|set| Opset {
                domain: set.domain.clone(),
                version: set.version,
            })
            .collect(),
        inputs,
        outputs,
        operators: survey.operators,
        parameters: survey.totals.parameters,
        zero_parameters: survey.totals.zeros,
        zeros_unknown: survey.totals.unknown,
        weights: survey
            .weights
            .into_iter()
            .map(|(dtype, (elements, bytes))| weight_bytes(dtype, elements, bytes))
            .collect(),
        file_bytes,
        external: survey.externals.into_files(),
        net,
    })
}

#[derive(Default)]
struct Totals {
    parameters: u64,
    zeros: u64,
    unknown: u64,
}

struct Survey<'a> {
    readings: &'a Readings<'a>,
    externals: Externals<'a>,
    operators: BTreeMap<String, usize>,
    weights: BTreeMap<DType, (u64, u64)>,
    totals: Totals,
}

impl Survey<'_> {
    /// Counts a graph's initialisers, and keeps their shapes in `net` where one is given.
    fn initialisers(&mut self, graph: &GraphProto, mut net: Option<&mut Net>) -> Result<(), GraphError> {
        for tensor in &graph.initializer {
            let value = self.tensor(tensor, &tensor.name)?;
            if let Some(net) = net.as_deref_mut() {
                net.constants.insert(tensor.name.clone(), value);
            }
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse_name(sparse);
            let value = self.sparse(sparse, name)?;
            if let Some(net) = net.as_deref_mut() {
                net.constants.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    fn node(&mut self, proto: &NodeProto) -> Result<Node, GraphError> {
        let op = qualified(&proto.domain, &proto.op_type);
        *self.operators.entry(op.clone()).or_default() += 1;
        let output = proto.output.first().map_or("", String::as_str);
        let mut node = Node {
            name: if proto.name.is_empty() { output } else { &proto.name }.to_owned(),
            inputs: proto.input.clone(),
            outputs: proto.output.clone(),
            ..Node::default()
        };
        for attribute in &proto.attribute {
            if let Some(value) = self.attribute(attribute, op == "Constant", output)? {
                node.attributes.push((attribute.name.clone(), value));
            }
            for graph in attribute.g.as_deref().into_iter().chain(&attribute.graphs) {
                self.initialisers(graph, None)?;
                for inner in &graph.node {
                    let inner = self.node(inner)?;
                    node.inner.push(inner);
                }
            }
        }
        node.op = op;
        Ok(node)
    }

    fn attribute(
        &mut self,
        proto: &AttributeProto,
        constant: bool,
        output: &str,
    ) -> Result<Option<Attribute>, GraphError> {
        if constant {
            return self.constant(proto, output).map(|value| value.map(Attribute::Value));
        }
        // A tensor that is an attribute of another operator (the fill of `ConstantOfShape`) is checked and not counted.
        let sparse = proto.sparse_tensor.as_deref().into_iter().chain(&proto.sparse_tensors);
        let sparse = sparse.flat_map(|sparse| sparse.values.as_deref().into_iter().chain(sparse.indices.as_deref()));
        for tensor in proto.tensors.iter().chain(sparse) {
            stored(tensor, output, Zeros::Unknown, &mut self.externals)?;
        }
        if let Some(tensor) = &proto.t {
            let stored = stored(tensor, output, Zeros::Unknown, &mut self.externals)?;
            return Ok(Some(Attribute::Value(value_of(stored))));
        }
        Ok(if let Some(value) = proto.i {
            Some(Attribute::Int(value))
        } else if let Some(text) = &proto.s {
            std::str::from_utf8(text)
                .ok()
                .map(|text| Attribute::Text(text.to_owned()))
        } else if proto.ints.is_empty() {
            None
        } else {
            Some(Attribute::Ints(proto.ints.clone()))
        })
    }

    /// The value of a `Constant` node, of whichever kind.
    fn constant(&mut self, proto: &AttributeProto, output: &str) -> Result<Option<Value>, GraphError> {
        let list = |dtype: DType, count: usize| Value {
            dims: vec![count as u64],
            dtype,
            ..Value::default()
        };
        let scalar = |dtype: DType| Value {
            dtype,
            ..Value::default()
        };
        let zeros = |values: &[i64]| values.iter().filter(|&&value| value == 0).count() as u64;
        let value = match proto.name.as_str() {
            "value" => {
                let Some(tensor) = &proto.t else { return Ok(None) };
                self.tensor(tensor, output)?
            }
            "sparse_value" => {
                let Some(sparse) = &proto.sparse_tensor else {
                    return Ok(None);
                };
                self.sparse(sparse, output)?
            }
            "value_int" => {
                let value = proto.i.unwrap_or(0);
                self.count(DType::I64, 1, 8, Some(u64::from(value == 0)));
                Value {
                    ints: Some(vec![value]),
                    ..scalar(DType::I64)
                }
            }
            "value_ints" => {
                self.count(
                    DType::I64,
                    proto.ints.len() as u64,
                    8 * proto.ints.len() as u64,
                    Some(zeros(&proto.ints)),
                );
                Value {
                    ints: (proto.ints.len() as u64 <= MAX_KEPT).then(|| proto.ints.clone()),
                    ..list(DType::I64, proto.ints.len())
                }
            }
            "value_float" => {
                self.count(DType::F32, 1, 4, Some(u64::from(proto.f.unwrap_or(0.0) == 0.0)));
                scalar(DType::F32)
            }
            "value_floats" => {
                let count = proto.floats.len() as u64;
                let zeros = proto.floats.iter().filter(|&&value| value == 0.0).count() as u64;
                self.count(DType::F32, count, 4 * count, Some(zeros));
                list(DType::F32, proto.floats.len())
            }
            "value_string" => {
                let bytes = proto.s.as_ref().map_or(0, |text| text.len() as u64);
                self.count(DType::String, 1, bytes, None);
                Value {
                    stored_bytes: Some(bytes),
                    ..scalar(DType::String)
                }
            }
            "value_strings" => {
                let bytes = proto.strings.iter().map(|text| text.len() as u64).sum();
                self.count(DType::String, proto.strings.len() as u64, bytes, None);
                Value {
                    stored_bytes: Some(bytes),
                    ..list(DType::String, proto.strings.len())
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    fn tensor(&mut self, tensor: &TensorProto, name: &str) -> Result<Value, GraphError> {
        let stored = stored(tensor, name, self.readings.zeros(name, tensor), &mut self.externals)?;
        match self.readings.packing(name, tensor) {
            Some(packing) => self.count(packing.dtype(), packing.elements(), stored.bytes, stored.zeros),
            None => self.count(stored.dtype, stored.elements, stored.bytes, stored.zeros),
        }
        Ok(value_of(stored))
    }

    /// A sparse tensor stands for all its elements; those it does not list are zeros.
    fn sparse(&mut self, sparse: &SparseTensorProto, name: &str) -> Result<Value, GraphError> {
        let invalid = |reason: &str| GraphError::Tensor {
            name: printable(name),
            reason: reason.to_owned(),
        };
        let dims: Vec<u64> = sparse.dims.iter().filter_map(|&dim| u64::try_from(dim).ok()).collect();
        if dims.len() != sparse.dims.len() {
            return Err(invalid("it has a negative dim"));
        }
        let elements = product(&dims).ok_or_else(|| invalid("its element count overflows"))?;
        let values = sparse.values.as_ref().ok_or_else(|| invalid("it has no values"))?;
        let values = stored(values, name, self.readings.zeros(name, values), &mut self.externals)?;
        let indices = sparse.indices.as_ref().ok_or_else(|| invalid("it has no indices"))?;
        let indices = stored(indices, name, Zeros::Unknown, &mut self.externals)?;
        let absent = elements
            .checked_sub(values.elements)
            .ok_or_else(|| invalid("it lists more values than it has"))?;
        let bytes = values.bytes.saturating_add(indices.bytes);
        self.count(values.dtype, elements, bytes, values.zeros.map(|zeros| zeros + absent));
        Ok(Value {
            dims,
            dtype: values.dtype,
            stored_bytes: Some(bytes),
            ..Value::default()
        })
    }

    fn count(&mut self, dtype: DType, elements: u64, bytes: u64, zeros: Option<u64>) {
        let (all, size) = self.weights.entry(dtype).or_default();
        *all = all.saturating_add(elements);
        *size = size.saturating_add(bytes);
        let totals = &mut self.totals;
        totals.parameters = totals.parameters.saturating_add(elements);
        match zeros {
            Some(zeros) => totals.zeros = totals.zeros.saturating_add(zeros),
            None => totals.unknown = totals.unknown.saturating_add(elements),
        }
    }
}

fn value_of(stored: Stored) -> Value {
    Value {
        dims: stored.dims,
        dtype: stored.dtype,
        ints: stored.ints,
        stored_bytes: Some(stored.bytes),
        quantised: None,
    }
}

fn sparse_name(sparse: &SparseTensorProto) -> &str {
    sparse.values.as_ref().map_or("", |values| &values.name)
}

fn weight_bytes(dtype: DType, elements: u64, bytes: u64) -> WeightBytes {
    WeightBytes {
        dtype,
        elements,
        bytes,
        bits_per_weight: (elements > 0).then(|| bytes as f64 * 8.0 / elements as f64),
    }
}

fn value_info(proto: &ValueInfoProto) -> ValueInfo {
    let tensor = proto.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
    let dims = shape
        .into_iter()
        .flat_map(|shape| &shape.dim)
        .map(|dim| match (dim.dim_value, &dim.dim_param) {
            // Some exporters write -1 where they mean that nothing is known.
            (Some(value), _) => u64::try_from(value).map_or(Dim::Unknown, Dim::Fixed),
            (None, Some(name)) if !name.is_empty() => Dim::Symbol(name.clone()),
            _ => Dim::Unknown,
        });
    ValueInfo {
        name: proto.name.clone(),
        dtype: tensor
            .and_then(|tensor| DType::from_onnx(tensor.elem_type))
            .unwrap_or(DType::Undefined),
        dims: dims.collect(),
        shaped: shape.is_some(),
    }
}
