//! Writes ONNX models in memory; all weights are zero.
#![expect(dead_code, reason = "each test uses a part")]

use std::path::Path;

use bytes::Bytes;
use edgebench_graph::{DType, Graph, decode};

use crate::wire::{field, varint};

/// An attribute's value.
pub(crate) enum Attr<'a> {
    /// One integer.
    Int(i64),
    /// A list of integers.
    Ints(&'a [i64]),
    /// Text.
    Text(&'a str),
}

/// A graph that is being written.
#[derive(Default)]
pub(crate) struct Model(Vec<u8>);

impl Model {
    /// A model with one input, which most have.
    pub(crate) fn with(input: &str, dtype: DType, dims: &[u64]) -> Self {
        Self::default().input(input, dtype, dims)
    }

    /// Adds an input.
    pub(crate) fn input(self, name: &str, dtype: DType, dims: &[u64]) -> Self {
        self.add(11, &value_info(name, dtype, dims))
    }

    /// Adds an output whose shape is not declared.
    pub(crate) fn output(self, name: &str) -> Self {
        self.add(12, &field(1, name.as_bytes()))
    }

    /// Declares the shape and the type of a value.
    pub(crate) fn declare(self, name: &str, dtype: DType, dims: &[u64]) -> Self {
        self.add(13, &value_info(name, dtype, dims))
    }

    /// Adds an initialiser of zeros.
    pub(crate) fn weight(self, name: &str, dtype: DType, dims: &[u64]) -> Self {
        let bits = dims.iter().product::<u64>() * u64::from(dtype.bits().expect("elements of a fixed size"));
        let dims: Vec<u8> = dims.iter().flat_map(|&dim| varint(dim)).collect();
        let tensor = [
            field(1, &dims),
            number(2, place(dtype)),
            field(8, name.as_bytes()),
            field(9, &vec![0; bits.div_ceil(8) as usize]),
        ];
        self.add(5, &tensor.concat())
    }

    /// Adds an initialiser of 64-bit integers.
    pub(crate) fn integers(self, name: &str, values: &[i64]) -> Self {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = [
            field(1, &varint(values.len() as u64)),
            number(2, place(DType::I64)),
            field(8, name.as_bytes()),
            field(9, &raw),
        ];
        self.add(5, &tensor.concat())
    }

    /// Adds a node, which is named after its first output. Names are parted by spaces; `_` is an input left out.
    pub(crate) fn node(self, op: &str, inputs: &str, outputs: &str, attributes: &[(&str, Attr<'_>)]) -> Self {
        let (domain, op) = op.rsplit_once('.').unwrap_or(("", op));
        let mut node = Vec::new();
        for input in inputs.split_whitespace() {
            node.extend(field(1, if input == "_" { "" } else { input }.as_bytes()));
        }
        for output in outputs.split_whitespace() {
            node.extend(field(2, output.as_bytes()));
        }
        node.extend(field(4, op.as_bytes()));
        node.extend(field(7, domain.as_bytes()));
        for (name, value) in attributes {
            let mut body = field(1, name.as_bytes());
            body.extend(match value {
                Attr::Int(value) => number(3, *value as u64),
                Attr::Ints(values) => {
                    let packed: Vec<u8> = values.iter().flat_map(|&value| varint(value as u64)).collect();
                    field(8, &packed)
                }
                Attr::Text(text) => field(4, text.as_bytes()),
            });
            node.extend(field(5, &body));
        }
        self.add(1, &node)
    }

    /// The facts of the model.
    pub(crate) fn read(&self) -> Graph {
        decode(Bytes::from(field(7, &self.0)), Path::new("no such folder")).expect("a model that reads")
    }

    /// The undecoded graph.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn add(mut self, tag: u32, body: &[u8]) -> Self {
        self.0.extend(field(tag, body));
        self
    }
}

fn value_info(name: &str, dtype: DType, dims: &[u64]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&dim| field(1, &number(1, dim))).collect();
    let tensor = [number(1, place(dtype)), field(2, &dims)].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}

fn number(tag: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(tag << 3)), varint(value)].concat()
}

/// The number of an element type in the ONNX schema.
fn place(dtype: DType) -> u64 {
    let place = DType::ALL.iter().position(|&known| known == dtype);
    place.expect("every type is in the list") as u64
}
