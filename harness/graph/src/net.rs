//! The decoded model without its weights: what MACs are counted on.

use std::collections::{HashMap, HashSet};

use crate::graph::Dim;

/// A graph's operators, constants and declared shapes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Net {
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: HashMap<String, Value>,
    pub(crate) declared: HashMap<String, Vec<Dim>>,
    /// Operators that the model itself defines, as [`qualified`] names them.
    pub(crate) functions: HashSet<String>,
}

/// A tensor's shape, and its values where they are few integers known without running the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Value {
    pub(crate) dims: Vec<u64>,
    pub(crate) ints: Option<Vec<i64>>,
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
        Self { dims, ints: None }
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

/// An operator's name: bare in the default domain, otherwise after its domain and a dot.
pub(crate) fn qualified(domain: &str, op: &str) -> String {
    if domain.is_empty() || domain == "ai.onnx" {
        op.to_owned()
    } else {
        format!("{domain}.{op}")
    }
}
