//! What an operator is, in words that all runtimes share.

use edgebench_api::{ComputeKind, ProfiledOperator, ProfiledValue};
use edgebench_record::OperatorRole;

/// ONNX's word for what a runtime executes, where a model's node does not tell.
pub(super) fn canonical(op: &str) -> String {
    let bare = op.rsplit('.').next().unwrap_or(op);
    let known = match bare {
        "FusedConv" | "QLinearConv" | "ConvInteger" => "Conv",
        "FusedMatMul" | "QLinearMatMul" | "MatMulInteger" | "DynamicQuantizeMatMul" | "MatMulIntegerToFloat" => {
            "MatMul"
        }
        "FusedGemm" | "QGemm" => "Gemm",
        "QLinearAdd" => "Add",
        "QLinearMul" => "Mul",
        "QLinearSigmoid" => "Sigmoid",
        "QLinearSoftmax" => "Softmax",
        "QLinearConcat" => "Concat",
        "QLinearAveragePool" => "AveragePool",
        "QLinearGlobalAveragePool" => "GlobalAveragePool",
        "QLinearLeakyRelu" => "LeakyRelu",
        "FastGelu" | "QuickGelu" | "GeluExact" | "GeluApproximate" => "Gelu",
        "RmsNorm" | "SimplifiedLayerNormalization" => "RMSNormalization",
        // The kernel that tract has picked follows.
        _ if op.starts_with("OptMatMul ") => "OptMatMul",
        _ => bare,
    };
    known.to_owned()
}

/// What an operator is for, by its canonical name; `multiplies` where it has multiply-accumulates.
pub(super) fn role(canonical: &str, multiplies: bool) -> OperatorRole {
    match canonical {
        _ if multiplies => OperatorRole::Product,
        "Conv" | "ConvTranspose" | "MatMul" | "Gemm" | "Einsum" | "MatMulNBits" | "LSTM" | "GRU" | "RNN" => {
            OperatorRole::Product
        }
        "Transpose" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "ReorderInput" | "ReorderOutput"
        | "SpaceToDepth" | "DepthToSpace" | "Identity" | "IntoShape" | "Expand" | "MultiBroadcastTo" => {
            OperatorRole::Layout
        }
        "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear" | "Cast" | "CastLike" => OperatorRole::Quantise,
        name => by_words(name),
    }
}

/// Runtimes' own operators, by how they are called.
fn by_words(name: &str) -> OperatorRole {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&[
        "Pack",
        "OptMatMulPack",
        "OptSimpleMatMulPack",
        "LazyIm2col",
        "Im2col",
        "Im2Col",
        "MoveAxis",
        "RmAxis",
        "AddAxis",
    ]) {
        OperatorRole::Layout
    } else if begins(&["OptMatMul", "Conv", "Einsum", "EinSum", "DepthWise", "LirMatMul"]) {
        OperatorRole::Product
    } else if begins(&["Quantize", "Dequantize", "Cast"]) {
        OperatorRole::Quantise
    } else {
        OperatorRole::Other
    }
}

/// Whether an operator, by its canonical name, is one that runtimes make from many nodes.
pub(super) fn is_composite(canonical: &str) -> bool {
    ["Normalization", "Attention", "Gelu", "Silu"]
        .iter()
        .any(|word| canonical.contains(word))
}

/// Whether a runtime's own operator looks at its input as something else and moves nothing.
pub(super) fn is_view(op: &str) -> bool {
    ["IntoShape", "LazyIm2col", "RmAxis", "AddAxis"].contains(&op)
}

/// In what a product multiplies: the types of its first two inputs that are matrices or more, as scales and biases are not.
/// A kernel that quantises what it reads multiplies integers.
pub(super) fn arithmetic(operator: &ProfiledOperator, role: OperatorRole) -> Option<ComputeKind> {
    if role != OperatorRole::Product {
        return None;
    }
    if operator.op.rsplit('.').next() == Some("DynamicQuantizeMatMul") {
        return Some(ComputeKind::Int8);
    }
    let is_factor = |input: &&ProfiledValue| input.shape.as_ref().is_some_and(|shape| shape.len() >= 2);
    let mut factors = operator
        .inputs
        .iter()
        .filter(is_factor)
        .filter_map(|input| kind(input.dtype.as_deref()?));
    let first = factors.next()?;
    match factors.next() {
        // Two formats in one product: the runtime widens one of them, and which is not told.
        Some(second) if second != first => Some(first.min(second)),
        _ => Some(first),
    }
}

fn kind(dtype: &str) -> Option<ComputeKind> {
    match dtype {
        "f32" => Some(ComputeKind::F32),
        "f16" => Some(ComputeKind::F16),
        "bf16" => Some(ComputeKind::Bf16),
        "i8" | "u8" => Some(ComputeKind::Int8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_and_biases_are_no_factors() {
        let value = |dtype: &str, shape: &[usize]| ProfiledValue {
            dtype: Some(dtype.to_owned()),
            shape: Some(shape.to_vec()),
            ..ProfiledValue::default()
        };
        let of = |inputs: &[ProfiledValue]| {
            let operator = ProfiledOperator {
                inputs: inputs.to_vec(),
                ..ProfiledOperator::default()
            };
            arithmetic(&operator, OperatorRole::Product)
        };
        let quantised = [
            value("u8", &[1, 8, 4, 4]),
            value("f32", &[]),
            value("u8", &[]),
            value("i8", &[8, 8, 3, 3]),
            value("f32", &[8]),
            value("i32", &[8]),
        ];
        assert_eq!(of(&quantised), Some(ComputeKind::Int8));
        let floats = [value("f32", &[1, 8]), value("f32", &[8, 8])];
        assert_eq!(of(&floats), Some(ComputeKind::F32));
        assert_eq!(of(&[value("f32", &[])]), None);
        let quantising = ProfiledOperator {
            op: "com.microsoft.DynamicQuantizeMatMul".to_owned(),
            inputs: vec![value("f32", &[1, 8]), value("u8", &[8, 8])],
            ..ProfiledOperator::default()
        };
        assert_eq!(arithmetic(&quantising, OperatorRole::Product), Some(ComputeKind::Int8));
        assert_eq!(arithmetic(&ProfiledOperator::default(), OperatorRole::Other), None);
    }

    #[test]
    fn runtimes_words_become_onnxs() {
        for (op, name) in [
            ("com.microsoft.nchwc.Conv", "Conv"),
            ("com.microsoft.QLinearAdd", "Add"),
            ("OptMatMul avx512_mmm_f32_16x12", "OptMatMul"),
            ("Softmax", "Softmax"),
        ] {
            assert_eq!(canonical(op), name);
        }
        assert_eq!(role("OptMatMul", false), OperatorRole::Product);
        assert_eq!(role("LazyIm2col", false), OperatorRole::Layout);
        assert_eq!(role("ReorderOutput", false), OperatorRole::Layout);
        assert_eq!(role("MoveAxis", false), OperatorRole::Layout);
        assert_eq!(role("Downsample", true), OperatorRole::Product);
    }
}
