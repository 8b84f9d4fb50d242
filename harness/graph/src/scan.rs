//! A walk over the undecoded bytes that enforces every cap before anything is allocated.
//!
//! Two bytes on the wire can become a structure of hundreds of bytes, so decoding first and checking afterwards would
//! let a small file take all memory. The walk knows which fields hold messages, counts what they would cost once
//! decoded, and copies nothing.

use std::mem::size_of;

use crate::error::GraphError;
use crate::proto;

/// The largest file that is read, in bytes: protobuf's own limit.
pub const MAX_FILE_BYTES: u64 = 2 << 30;
/// Nodes in a file, those of subgraphs and functions included.
pub const MAX_NODES: u64 = 1_000_000;
/// Initialisers in a file, those of subgraphs included.
pub const MAX_INITIALISERS: u64 = 1_000_000;
/// The longest name, in bytes.
pub const MAX_NAME_BYTES: u64 = 64 << 10;
/// Graphs within one another, the outermost included.
pub const MAX_NESTING: u64 = 32;
/// Dimensions of one tensor or value.
pub const MAX_DIMS: u64 = 16;

/// What decoding may take: this many times the file's bytes, and [`SLACK_BYTES`]. A graph of many small operators with
/// short names and no weights needs up to 12 times its bytes; a file with weights far less than its size.
const COST_PER_BYTE: u64 = 20;
const SLACK_BYTES: u64 = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Entry,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Dim,
    Opset,
    Function,
}

enum Field {
    /// A nested message.
    Message(Kind),
    /// Text that is copied.
    Text,
    /// Bytes that share the file's buffer.
    Shared,
    /// Numbers, packed or one by one; each takes this many bytes once decoded.
    Numbers(u64),
    /// A tensor's dims.
    Dims,
    /// Fields that are not decoded, and single numbers.
    Plain,
}

impl Kind {
    fn field(self, tag: u64) -> Field {
        use Field::{Dims, Message, Numbers, Plain, Shared, Text};
        match (self, tag) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Message(Self::Graph),
            (Self::Model, 8) => Message(Self::Opset),
            (Self::Model, 25) => Message(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Message(Self::Tensor),
            (Self::Graph, 11..=13) => Message(Self::ValueInfo),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Message(Self::Sparse),
            (Self::Node, 5) => Message(Self::Attribute),
            (Self::Tensor, 13) => Message(Self::Entry),
            (Self::ValueInfo, 2) => Message(Self::Type),
            (Self::Type, 1) => Message(Self::TensorType),
            (Self::TensorType, 2) => Message(Self::Shape),
            (Self::Shape, 1) => Message(Self::Dim),
            (Self::Model | Self::Graph | Self::Dim, 2)
            | (Self::Node, 1..=4 | 7)
            | (Self::Attribute | Self::ValueInfo | Self::Opset, 1)
            | (Self::Tensor, 8)
            | (Self::Entry, 1 | 2)
            | (Self::Function, 1 | 10) => Text,
            (Self::Attribute, 4 | 9) | (Self::Tensor, 6 | 9) => Shared,
            (Self::Attribute, 7) | (Self::Tensor, 4 | 5) => Numbers(4),
            (Self::Attribute, 8) | (Self::Tensor, 7 | 10 | 11) => Numbers(8),
            (Self::Tensor, 1) | (Self::Sparse, 3) => Dims,
            _ => Plain,
        }
    }

    fn cost(self) -> u64 {
        (match self {
            Self::Model => size_of::<proto::ModelProto>(),
            Self::Graph => size_of::<proto::GraphProto>(),
            Self::Node => size_of::<proto::NodeProto>(),
            Self::Attribute => size_of::<proto::AttributeProto>(),
            Self::Tensor => size_of::<proto::TensorProto>(),
            Self::Sparse => size_of::<proto::SparseTensorProto>(),
            Self::Entry => size_of::<proto::StringStringEntryProto>(),
            Self::ValueInfo => size_of::<proto::ValueInfoProto>(),
            Self::Type => size_of::<proto::TypeProto>(),
            Self::TensorType => size_of::<proto::TensorTypeProto>(),
            Self::Shape => size_of::<proto::ShapeProto>(),
            Self::Dim => size_of::<proto::DimProto>(),
            Self::Opset => size_of::<proto::OperatorSetIdProto>(),
            Self::Function => size_of::<proto::FunctionProto>(),
        }) as u64
    }
}

/// Checks the bytes of a model against every cap.
///
/// # Errors
/// [`GraphError::Malformed`] where the bytes are no protobuf message, [`GraphError::Limit`] where a cap is passed.
pub(crate) fn scan(bytes: &[u8]) -> Result<(), GraphError> {
    let mut scan = Scan {
        bytes,
        nodes: 0,
        initialisers: 0,
        cost: 0,
        budget: COST_PER_BYTE * bytes.len() as u64 + SLACK_BYTES,
    };
    scan.message(Kind::Model, 0, bytes.len(), 0)
}

struct Scan<'a> {
    bytes: &'a [u8],
    nodes: u64,
    initialisers: u64,
    cost: u64,
    budget: u64,
}

impl Scan<'_> {
    fn message(&mut self, kind: Kind, mut at: usize, end: usize, nesting: u64) -> Result<(), GraphError> {
        let nesting = nesting + u64::from(kind == Kind::Graph);
        limit("nested graphs", nesting, MAX_NESTING)?;
        if kind == Kind::Node {
            self.nodes += 1;
            limit("nodes", self.nodes, MAX_NODES)?;
        }
        self.charge(kind.cost())?;
        let mut dims = 0;
        while at < end {
            let start = at;
            let key = varint(self.bytes, &mut at, end)?;
            let (tag, wire) = (key >> 3, key & 7);
            if tag == 0 {
                return Err(malformed("field number 0", start));
            }
            let field = kind.field(tag);
            match wire {
                0 => {
                    varint(self.bytes, &mut at, end)?;
                    dims += self.number(&field)?;
                }
                1 | 5 => {
                    at += if wire == 1 { 8 } else { 4 };
                    if at > end {
                        return Err(malformed("a number is cut off", start));
                    }
                    dims += self.number(&field)?;
                }
                2 => {
                    let length = varint(self.bytes, &mut at, end)?;
                    let Some(stop) = usize::try_from(length)
                        .ok()
                        .and_then(|n| at.checked_add(n))
                        .filter(|&s| s <= end)
                    else {
                        return Err(malformed("a field is longer than what holds it", start));
                    };
                    match field {
                        Field::Message(inner) => {
                            if kind == Kind::Graph && matches!(tag, 5 | 15) {
                                self.initialisers += 1;
                                limit("initialisers", self.initialisers, MAX_INITIALISERS)?;
                            }
                            dims += u64::from(inner == Kind::Dim);
                            self.message(inner, at, stop, nesting)?;
                        }
                        Field::Text => {
                            limit("bytes of a name", length, MAX_NAME_BYTES)?;
                            self.charge(length + size_of::<String>() as u64)?;
                        }
                        Field::Shared => self.charge(size_of::<bytes::Bytes>() as u64)?,
                        Field::Numbers(size) => self.charge(self.packed(at, stop, wire_width(kind, tag)) * size)?,
                        Field::Dims => {
                            let count = self.packed(at, stop, 0);
                            dims += count;
                            self.charge(count * 8)?;
                        }
                        Field::Plain => {}
                    }
                    at = stop;
                }
                _ => return Err(malformed("a field of an unknown wire type", start)),
            }
            limit("dimensions", dims, MAX_DIMS)?;
        }
        Ok(())
    }

    /// Charges a number that stands alone; 1 if it is one of a tensor's dims.
    fn number(&mut self, field: &Field) -> Result<u64, GraphError> {
        match field {
            Field::Numbers(size) => self.charge(*size).map(|()| 0),
            Field::Dims => self.charge(8).map(|()| 1),
            _ => Ok(0),
        }
    }

    /// How many numbers a packed field holds: of `width` bytes each, or varints where `width` is 0.
    fn packed(&self, at: usize, stop: usize, width: usize) -> u64 {
        match stop - at {
            length if width > 0 => (length / width) as u64,
            _ => self.bytes[at..stop].iter().filter(|&&byte| byte < 0x80).count() as u64,
        }
    }

    fn charge(&mut self, cost: u64) -> Result<(), GraphError> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.budget {
            return Err(GraphError::Limit {
                what: "bytes of memory for a file of this size",
                limit: self.budget,
            });
        }
        Ok(())
    }
}

/// Reads a number at `at`, and moves `at` behind it.
///
/// # Errors
/// [`GraphError::Malformed`] where it does not end before `end`, or is longer than a number can be.
pub(crate) fn varint(bytes: &[u8], at: &mut usize, end: usize) -> Result<u64, GraphError> {
    let start = *at;
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        if *at >= end {
            return Err(malformed("a number is cut off", start));
        }
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(malformed("a number is over ten bytes long", start))
}

/// The fixed width of a packed field's numbers on the wire, in bytes; 0 for varints.
fn wire_width(kind: Kind, tag: u64) -> usize {
    match (kind, tag) {
        (Kind::Attribute, 7) | (Kind::Tensor, 4) => 4,
        (Kind::Tensor, 10) => 8,
        _ => 0,
    }
}

fn limit(what: &'static str, value: u64, limit: u64) -> Result<(), GraphError> {
    if value > limit {
        return Err(GraphError::Limit { what, limit });
    }
    Ok(())
}

pub(crate) fn malformed(reason: &str, offset: usize) -> GraphError {
    GraphError::Malformed {
        reason: reason.to_owned(),
        offset: offset as u64,
    }
}
