//! How a model's operators read its weights: which zero point belongs to which tensor.

use std::collections::HashMap;

use crate::dtype::DType;
use crate::net::qualified;
use crate::proto::{GraphProto, ModelProto, NodeProto, TensorProto};
use crate::tensor::{raw, uniform};
use crate::zeros::{Packing, Zeros};

/// What the operators say about one weight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading<'a> {
    /// Quantised, with this zero point; an empty name is none.
    Quantised(&'a str),
    /// Packed for `MatMulNBits`, with these zero points; an empty name is none.
    Packed(Packing, &'a str),
    /// Its readers contradict one another, or use a packing that is not understood.
    Unclear,
}

/// The readings of all weights, by tensor name.
pub(crate) struct Readings<'a> {
    readings: HashMap<&'a str, Reading<'a>>,
    points: HashMap<&'a str, &'a TensorProto>,
}

impl<'a> Readings<'a> {
    pub(crate) fn of(model: &'a ModelProto) -> Self {
        let mut readings = Self {
            readings: HashMap::new(),
            points: HashMap::new(),
        };
        if let Some(graph) = &model.graph {
            readings.graph(graph);
        }
        for function in &model.functions {
            readings.nodes(&function.node);
        }
        readings
    }

    fn graph(&mut self, graph: &'a GraphProto) {
        for tensor in &graph.initializer {
            self.points.insert(&tensor.name, tensor);
        }
        self.nodes(&graph.node);
    }

    fn nodes(&mut self, nodes: &'a [NodeProto]) {
        for node in nodes {
            if let Some((weight, reading)) = reading(node) {
                self.readings
                    .entry(weight)
                    .and_modify(|known| {
                        if *known != reading {
                            *known = Reading::Unclear;
                        }
                    })
                    .or_insert(reading);
            }
            for attribute in &node.attribute {
                if let (Some(tensor), Some(output)) = (&attribute.t, node.output.first()) {
                    self.points.insert(output, tensor);
                }
                for graph in attribute.g.as_deref().into_iter().chain(&attribute.graphs) {
                    self.graph(graph);
                }
            }
        }
    }

    /// How the named tensor is packed, where it is.
    pub(crate) fn packing(&self, name: &str, tensor: &TensorProto) -> Option<Packing> {
        let Some(Reading::Packed(packing, _)) = self.readings.get(name) else {
            return None;
        };
        let bytes = tensor
            .dims
            .iter()
            .try_fold(1_i64, |bytes, &dim| bytes.checked_mul(dim))?;
        let fits = DType::from_onnx(tensor.data_type) == Some(DType::U8) && u64::try_from(bytes) == Ok(packing.bytes());
        fits.then_some(*packing)
    }

    /// Which elements of the named tensor stand for zero.
    pub(crate) fn zeros(&self, name: &str, tensor: &TensorProto) -> Zeros<'_> {
        match self.readings.get(name) {
            None | Some(Reading::Quantised("")) => Zeros::Equal(0),
            Some(Reading::Quantised(point)) => self
                .points
                .get(point)
                .filter(|point| point.data_type == tensor.data_type)
                .and_then(|point| uniform(point))
                .map_or(Zeros::Unknown, Zeros::Equal),
            Some(Reading::Packed(_, points)) => match self.packing(name, tensor) {
                Some(packing) if points.is_empty() => Zeros::Blocks(packing, None),
                Some(packing) => self
                    .points
                    .get(points)
                    .and_then(|tensor| block_points(tensor, packing))
                    .map_or(Zeros::Unknown, |points| Zeros::Blocks(packing, Some(points))),
                None => Zeros::Unknown,
            },
            Some(Reading::Unclear) => Zeros::Unknown,
        }
    }
}

/// The weight that a node reads, and how.
fn reading(node: &NodeProto) -> Option<(&str, Reading<'_>)> {
    let input = |place: usize| node.input.get(place).map_or("", String::as_str);
    let found = match qualified(&node.domain, &node.op_type).as_str() {
        "DequantizeLinear" | "com.microsoft.DequantizeLinear" => (input(0), Reading::Quantised(input(2))),
        "ConvInteger" | "MatMulInteger" | "com.microsoft.DynamicQuantizeMatMul" => {
            (input(1), Reading::Quantised(input(3)))
        }
        "QLinearConv" | "QLinearMatMul" | "com.microsoft.QGemm" => (input(3), Reading::Quantised(input(5))),
        "com.microsoft.MatMulIntegerToFloat" => (input(1), Reading::Quantised(input(5))),
        "com.microsoft.MatMulNBits" => {
            let int = |name: &str| {
                node.attribute
                    .iter()
                    .find(|known| known.name == name)
                    .and_then(|known| known.i)
            };
            let packing = Packing::new(int("N")?, int("K")?, int("bits").unwrap_or(4), int("block_size")?);
            let reading = packing.map_or(Reading::Unclear, |packing| Reading::Packed(packing, input(3)));
            (input(1), reading)
        }
        _ => return None,
    };
    (!found.0.is_empty()).then_some(found)
}

/// The zero points of a packed weight, where they are packed alike and lie in the model.
fn block_points(tensor: &TensorProto, packing: Packing) -> Option<&[u8]> {
    let inline = DType::from_onnx(tensor.data_type) == Some(DType::U8) && tensor.data_location == 0;
    match raw(tensor, DType::U8).ok()? {
        std::borrow::Cow::Borrowed(bytes) if inline && bytes.len() as u64 == packing.point_bytes() => Some(bytes),
        _ => None,
    }
}
