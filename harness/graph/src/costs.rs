//! What one inference multiplies, moves and keeps: multiply-accumulates, bytes and live activations.

mod bind;
mod live;
mod macs;
mod moved;
mod role;
mod walk;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dtype::DType;

/// What one inference on given input shapes costs, told from the file alone.
///
/// **Multiply-accumulates** are counted for convolutions and matrix products: per output element of `Conv`, input
/// channels per group × kernel elements; per input element of `ConvTranspose`, output channels per group × kernel
/// elements (products that padding crops included); of a product of m × k and k × n, m·n·k; per step, sample and
/// direction of a recurrent layer, gates × hidden × (inputs + hidden). Positions in the padding count as any other.
/// Biases, activations, normalisation, pooling, elementwise products and (de)quantisation count nothing, as usual in
/// published figures.
///
/// **Bytes** are those that each operator reads and writes when it runs alone: every operand once, however often a
/// kernel comes back to it; constants as they are stored, packed ones packed; activations as elements × size of the
/// element type. `Gather` and `Slice` read as many bytes of their first operand as they write. `Reshape`, `Squeeze`,
/// `Unsqueeze`, `Flatten`, `Identity` and `Dropout` are views and move nothing; `Shape` and `Size` read nothing;
/// `Constant` does neither. A second output that nothing reads is left out.
///
/// **Live activations** are summed at each operator in the file's order: inputs of the model from the start to their last
/// reader, every other value from its operator to its last reader, outputs of the model to the end. Views share the
/// buffer that they look at, constants are weights and not among them, and no operator works in place. With the weights
/// this is what a runtime needs that executes the file's order operator by operator and keeps nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Multiply-accumulates of the whole model. Absent where one operator's could not be told.
    pub macs: Option<u64>,
    /// Why `macs` is absent.
    pub macs_unknown: Option<String>,
    /// Bytes and types as the file's operators have them, each executed by itself.
    pub written: Totals,
    /// The same where quantise–dequantise pairs are taken for the integer operators that they stand for, as runtimes
    /// that fuse them execute them: `DequantizeLinear` moves nothing, what reads its output reads the quantised bytes,
    /// and the operator before a `QuantizeLinear` that alone reads its result writes the quantised bytes. A
    /// product counts in the type of its weights where both factors are dequantised. Equal to `written` for a model
    /// without such pairs.
    pub fused: Totals,
    /// Why the bytes of both are absent.
    pub bytes_unknown: Option<String>,
    /// Why the live activations of both are absent.
    pub live_unknown: Option<String>,
    /// Bytes of the weights as they are stored, external data included.
    pub weight_bytes: u64,
    /// The operators whose multiply-accumulates or bytes could not be told, each once, sorted.
    pub uncounted: Vec<String>,
    /// Each operator of the main graph, in the file's order, as the file has it.
    pub operators: Vec<OperatorCost>,
}

/// Sums over a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Multiply-accumulates by the element type of the weights as the operator multiplies them: packed weights of
    /// `MatMulNBits` count in the type of its activations, 8-bit activations × weights in that of the weights.
    /// [`DType::Undefined`] where the file does not tell. Where [`Costs::macs`] is absent, the sum is a lower bound.
    pub macs_by_dtype: BTreeMap<DType, u64>,
    /// Bytes that all operators read; absent where one operator's could not be told.
    pub bytes_read: Option<u64>,
    /// Bytes that all operators write.
    pub bytes_written: Option<u64>,
    /// Where most activations are live.
    pub live: Option<Peak>,
}

/// Where most activations are live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// Their bytes.
    pub bytes: u64,
    /// The first operator at which so many are; empty for a model without operators.
    pub node: String,
}

/// What one operator costs, executed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorCost {
    /// The node's name, or its first output's where it has none.
    pub name: String,
    /// The operator; outside the default domain `domain.Operator`.
    pub op: String,
    /// Its multiply-accumulates, 0 for one that has none by definition.
    pub macs: Option<u64>,
    /// The element type in which it multiplies; absent where it does not, or the file does not tell.
    pub dtype: Option<DType>,
    /// The type of its quantised weights, where both factors come out of `DequantizeLinear`.
    pub fused_dtype: Option<DType>,
    /// Bytes that it reads.
    pub bytes_read: Option<u64>,
    /// Bytes that it writes.
    pub bytes_written: Option<u64>,
    /// The shape of each output, where it is known.
    pub output_shapes: Vec<Option<Vec<u64>>>,
}

impl Totals {
    /// Bytes read and written.
    pub fn bytes_moved(&self) -> Option<u64> {
        self.bytes_read?.checked_add(self.bytes_written?)
    }
}

impl Costs {
    /// The multiply-accumulates that could be counted: a lower bound where `macs` is absent.
    pub fn counted_macs(&self) -> u64 {
        self.operators
            .iter()
            .fold(0, |sum: u64, operator| sum.saturating_add(operator.macs.unwrap_or(0)))
    }
}
