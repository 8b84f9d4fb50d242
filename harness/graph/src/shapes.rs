//! Shapes of an operator's outputs from those of its inputs, for the operators of common networks.
//!
//! Where nothing can be said the answer is `None`; a shape is never guessed.

pub(crate) mod broadcast;
mod layout;
pub(crate) mod recurrent;
mod values;
pub(crate) mod window;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::net::{Attribute, Node, Value, Values};

/// Outputs have the first input's shape.
const SAME: &[&str] = &[
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BatchNormalization",
    "Bernoulli",
    "BitwiseNot",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "Cosh",
    "CumSum",
    "DequantizeLinear",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "EyeLike",
    "Floor",
    "Gelu",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "Identity",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LRN",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "MeanVarianceNormalization",
    "Mish",
    "Neg",
    "Not",
    "PRelu",
    "QuantizeLinear",
    "RMSNormalization",
    "RandomNormalLike",
    "RandomUniformLike",
    "Reciprocal",
    "Relu",
    "ReverseSequence",
    "Round",
    "ScatterElements",
    "ScatterND",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Trilu",
    "SimplifiedLayerNormalization",
    "com.microsoft.BiasGelu",
    "com.microsoft.DequantizeLinear",
    "com.microsoft.FastGelu",
    "com.microsoft.Gelu",
    "com.microsoft.QLinearLeakyRelu",
    "com.microsoft.QLinearSigmoid",
    "com.microsoft.QLinearSoftmax",
    "com.microsoft.QuantizeLinear",
    "com.microsoft.QuickGelu",
    "com.microsoft.SkipLayerNormalization",
    "com.microsoft.SkipSimplifiedLayerNormalization",
];

/// The output's shape is that of all inputs broadcast together.
const BROADCAST: &[&str] = &[
    "Add",
    "And",
    "BitShift",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "Or",
    "Pow",
    "Sub",
    "Sum",
    "Where",
    "Xor",
];

/// Reductions over axes.
const REDUCE: &[&str] = &[
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
];

/// Operators with a rule of their own, or with none, that multiply and accumulate nothing.
const OTHER: &[&str] = &[
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "CenterCropPad",
    "Col2Im",
    "Compress",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "DepthToSpace",
    "DynamicQuantizeLinear",
    "Expand",
    "Flatten",
    "Gather",
    "GatherElements",
    "GatherND",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "GridSample",
    "LpPool",
    "MaxPool",
    "MaxRoiPool",
    "MaxUnpool",
    "NonMaxSuppression",
    "NonZero",
    "OneHot",
    "Pad",
    "RandomNormal",
    "RandomUniform",
    "Range",
    "Reshape",
    "Resize",
    "RoiAlign",
    "Scatter",
    "Shape",
    "Size",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "TopK",
    "Transpose",
    "Unique",
    "Unsqueeze",
    "Upsample",
    "com.microsoft.QLinearAdd",
    "com.microsoft.QLinearAveragePool",
    "com.microsoft.QLinearConcat",
    "com.microsoft.QLinearGlobalAveragePool",
    "com.microsoft.QLinearMul",
];

/// How the output's shape of an operator comes about that multiplies and accumulates nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Same,
    Broadcast,
    Reduce,
    Other,
}

static FAMILIES: LazyLock<HashMap<&str, Family>> = LazyLock::new(|| {
    let lists = [
        (SAME, Family::Same),
        (BROADCAST, Family::Broadcast),
        (REDUCE, Family::Reduce),
        (OTHER, Family::Other),
    ];
    let pairs = lists
        .into_iter()
        .flat_map(|(list, family)| list.iter().map(move |&op| (op, family)));
    pairs.collect()
});

/// Whether the operator is one that multiplies and accumulates nothing.
pub(crate) fn is_known(op: &str) -> bool {
    FAMILIES.contains_key(op)
}

/// The node's outputs, in order, as far as they can be told.
pub(crate) fn infer(node: &Node, values: &Values<'_>) -> Vec<Option<Value>> {
    let op = node.op.as_str();
    let first = || values.dims(node, 0);
    if let Some(found) = values::evaluate(node, values) {
        return vec![Some(found)];
    }
    let one = |dims: Option<Vec<u64>>| vec![dims.map(Value::of)];
    let family = FAMILIES.get(op).copied();
    if family == Some(Family::Same) {
        let dims = first().map(|dims| Value::of(dims.to_vec()));
        return match op {
            // The mask; the sum that is normalised.
            "Dropout" => vec![dims.clone(), dims],
            "com.microsoft.SkipLayerNormalization" | "com.microsoft.SkipSimplifiedLayerNormalization" => {
                vec![dims.clone(), None, None, dims]
            }
            _ => vec![dims],
        };
    }
    if family == Some(Family::Broadcast) {
        return one(broadcast::all(
            (0..node.inputs.len()).map(|place| values.dims(node, place)),
        ));
    }
    if family == Some(Family::Reduce) || matches!(op, "ArgMax" | "ArgMin") {
        return one(layout::reduce(node, values));
    }
    let pair = |place: usize| values.dims(node, 0).zip(values.dims(node, place));
    match op {
        "Constant" => node
            .attributes
            .iter()
            .map(|(_, attribute)| match attribute {
                Attribute::Value(value) => Some(value.clone()),
                _ => None,
            })
            .take(1)
            .collect(),
        "Conv" | "ConvInteger" | "com.microsoft.FusedConv" => one(pair(1).and_then(|(x, w)| window::conv(node, x, w))),
        "QLinearConv" => one(pair(3).and_then(|(x, w)| window::conv(node, x, w))),
        "ConvTranspose" => one(pair(1).and_then(|(x, w)| window::conv_transpose(node, x, w))),
        "MaxPool" | "AveragePool" | "LpPool" => {
            let dims = first().and_then(|x| window::pool(node, x)).map(Value::of);
            vec![dims.clone(), dims]
        }
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => one(first().and_then(window::global_pool)),
        "Gemm" | "com.microsoft.FusedGemm" => one(pair(1).and_then(|(a, b)| broadcast::gemm(node, a, b))),
        "com.microsoft.QGemm" => one(pair(3).and_then(|(a, b)| broadcast::gemm(node, a, b))),
        "MatMul" | "MatMulInteger" | "com.microsoft.MatMulIntegerToFloat" | "com.microsoft.DynamicQuantizeMatMul" => {
            one(pair(1).and_then(|(a, b)| broadcast::matmul(a, b)))
        }
        "QLinearMatMul" => one(pair(3).and_then(|(a, b)| broadcast::matmul(a, b))),
        "com.microsoft.MatMulNBits" => one(first().and_then(|a| broadcast::matmul_nbits(node, a))),
        "com.microsoft.QLinearAdd" | "com.microsoft.QLinearMul" => {
            one(broadcast::all([values.dims(node, 0), values.dims(node, 3)].into_iter()))
        }
        "LSTM" | "GRU" | "RNN" => recurrent::infer(node, values),
        "DynamicQuantizeLinear" => vec![
            first().map(|dims| Value::of(dims.to_vec())),
            Some(Value::default()),
            Some(Value::default()),
        ],
        _ => layout::infer(node, values),
    }
}

/// An axis counted from the front; `None` where it is out of range. `rank` is exclusive.
pub(crate) fn axis(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    (0..rank).contains(&axis).then_some(axis as usize)
}
