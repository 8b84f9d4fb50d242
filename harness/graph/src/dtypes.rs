//! Element types of an operator's outputs from those of its inputs.
//!
//! Where nothing can be said the answer is [`DType::Undefined`]; a type is never guessed.

use crate::dtype::DType;
use crate::net::{Attribute, Node, Values};
use crate::shapes::is_known;

/// The element type of the node's output at this place.
pub(crate) fn infer(node: &Node, values: &Values<'_>, place: usize) -> DType {
    let input = |place: usize| values.dtype(node, place);
    match (node.op.as_str(), place) {
        ("Shape" | "Size" | "NonZero" | "NonMaxSuppression" | "ArgMax" | "ArgMin", 0)
        | ("TopK" | "MaxPool", 1)
        | ("Unique", 1..) => DType::I64,
        (
            "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" | "Not" | "IsInf"
            | "IsNaN",
            0,
        )
        | ("Dropout", 1) => DType::Bool,
        ("Cast", 0) => attribute(node, "to"),
        ("CastLike" | "Where" | "com.microsoft.QLinearConcat", 0) => input(1),
        ("OneHot" | "com.microsoft.MatMulIntegerToFloat", 0) => input(2),
        ("DequantizeLinear" | "com.microsoft.DequantizeLinear", 0) => or(attribute(node, "output_dtype"), input(1)),
        ("QuantizeLinear" | "com.microsoft.QuantizeLinear", 0) => match node.inputs.get(2) {
            Some(name) if !name.is_empty() => input(2),
            _ => or(attribute(node, "output_dtype"), DType::U8),
        },
        ("DynamicQuantizeLinear", 0 | 2) => DType::U8,
        ("DynamicQuantizeLinear", 1) => DType::F32,
        ("Bernoulli" | "EyeLike" | "RandomNormalLike" | "RandomUniformLike", 0) => {
            or(attribute(node, "dtype"), input(0))
        }
        ("RandomNormal" | "RandomUniform", 0) => or(attribute(node, "dtype"), DType::F32),
        ("ConstantOfShape", 0) => match node.attribute("value") {
            Some(Attribute::Value(fill)) => fill.dtype,
            _ => DType::F32,
        },
        ("ConvInteger" | "MatMulInteger", 0) => DType::I32,
        ("QLinearConv" | "QLinearMatMul", 0) => input(7),
        ("com.microsoft.QGemm", 0) => match node.inputs.get(8) {
            Some(name) if !name.is_empty() => input(8),
            _ => input(1),
        },
        // The statistics of a normalisation have a type of their own, and so may what a training run adds.
        ("LayerNormalization" | "BatchNormalization", 1..)
        | ("com.microsoft.SkipLayerNormalization" | "com.microsoft.SkipSimplifiedLayerNormalization", 1 | 2) => {
            DType::Undefined
        }
        (op, _) if is_known(op) || multiplies(op) => input(0),
        _ => DType::Undefined,
    }
}

/// Products whose result has the type of their first input.
fn multiplies(op: &str) -> bool {
    matches!(
        op,
        "Conv"
            | "ConvTranspose"
            | "Gemm"
            | "MatMul"
            | "LSTM"
            | "GRU"
            | "RNN"
            | "com.microsoft.FusedConv"
            | "com.microsoft.FusedGemm"
            | "com.microsoft.DynamicQuantizeMatMul"
            | "com.microsoft.MatMulNBits"
    )
}

fn attribute(node: &Node, name: &str) -> DType {
    i32::try_from(node.int(name, 0))
        .ok()
        .and_then(DType::from_onnx)
        .unwrap_or_default()
}

fn or(dtype: DType, other: DType) -> DType {
    if dtype == DType::Undefined { other } else { dtype }
}
