//! The decoded model without its weights: what costs are counted on.

use std::collections::{HashMap, HashSet};

use crate::dtype::DType;
use crate::graph::Dim;
use crate::tensor::product;

/// A graph's operators, constants and declared shapes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Net {
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: HashMap<String, Value>,
    pub(crate) declared: HashMap<String, Declared>,
    /// Operators that the model itself defines, as [`qualified`] names them.
    pub(crate) functions: HashSet<String>,
}

/// What a file says of a value between operators.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) dtype: DType,
    /// Absent where the file gives no shape.
    pub(crate) dims: Option<Vec<Dim>>,
}

/// What is known of a tensor without running the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Value {
    pub(crate) dims: Vec<u64>,
    /// [`DType::Undefined`] where it is unknown.
    pub(crate) dtype: DType,
    /// The values of a short tensor of integers.
    pub(crate) ints: Option<Vec<i64>>,
    /// What a constant takes in the file, in bytes.
    pub(crate) stored_bytes: Option<u64>,
    /// The type of the elements that `DequantizeLinear` made this tensor from, where nothing but a rearrangement lies
    /// between.
    pub(crate) quantised: Option<DType>,
}

/// One operator.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// The operator, as [`qualified`] names it.
    pub(crate) op: String,
    /// The node's name, or its first output's where it has none.
    pub(crate) name: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: Vec<(String, Attribute)>,
    /// The nodes of its subgraphs.
    pub(crate) inner: Vec<Node>,
}

/// An attribute's value, for the kinds that shapes depend on.
#[derive(Debug, Clone)]
pub(crate) enum Attribute {
    Int(i64),
    Ints(Vec<i64>),
    Text(String),
    /// A constant tensor.
    Value(Value),
}

impl Value {
    pub(crate) fn of(dims: Vec<u64>) -> Self {
        Self {
            dims,
            ..Self::default()
        }
    }

    /// Its bytes; `None` where its type is unknown or has no fixed size, and where the count overflows.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.stored_bytes.or_else(|| bytes(&self.dims, self.dtype))
    }

    /// Its bytes where quantise–dequantise pairs are taken for the integer operators that they stand for.
    pub(crate) fn fused_bytes(&self) -> Option<u64> {
        match self.quantised {
            Some(dtype) => bytes(&self.dims, dtype),
            None => self.bytes(),
        }
    }
}

impl Node {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        match self.attribute(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }

    pub(crate) fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attribute(name) {
            Some(Attribute::Ints(values)) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.attribute(name) {
            Some(Attribute::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// The values known so far, by name.
pub(crate) struct Values<'a> {
    pub(crate) constants: &'a HashMap<String, Value>,
    pub(crate) known: HashMap<&'a str, Value>,
}

impl Values<'_> {
    /// What is known of the value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.known.get(name).or_else(|| self.constants.get(name))
    }

    /// What is known of the node's input at this place; `None` also where the input is left out.
    pub(crate) fn input(&self, node: &Node, place: usize) -> Option<&Value> {
        self.get(node.inputs.get(place).filter(|name| !name.is_empty())?)
    }

    /// The dims of the node's input at this place.
    pub(crate) fn dims(&self, node: &Node, place: usize) -> Option<&[u64]> {
        self.input(node, place).map(|value| value.dims.as_slice())
    }

    /// The element type of the node's input at this place.
    pub(crate) fn dtype(&self, node: &Node, place: usize) -> DType {
        self.input(node, place).map_or(DType::Undefined, |value| value.dtype)
    }

    /// The integers that the node's input at this place is known to hold.
    pub(crate) fn ints(&self, node: &Node, place: usize) -> Option<&[i64]> {
        self.input(node, place)?.ints.as_deref()
    }
}

fn bytes(dims: &[u64], dtype: DType) -> Option<u64> {
    let bits = u128::from(product(dims)?) * u128::from(dtype.bits()?);
    u64::try_from(bits.div_ceil(8)).ok()
}

/// An operator's name: bare in the default domain, otherwise after its domain and a dot.
pub(crate) fn qualified(domain: &str, op: &str) -> String {
    if domain.is_empty() || domain == "ai.onnx" {
        op.to_owned()
    } else {
        format!("{domain}.{op}")
    }
}
