//! Which inner tensor of one model stands for which of another.

use std::collections::HashMap;

use edgebench_graph::{DType, InnerTensor};

/// A tensor of the cell's model with the reference's that it is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) cell: InnerTensor,
    pub(super) reference: InnerTensor,
}

/// The tensors that both models have, in the order of the cell's file, and why others of them are left out.
///
/// In the same file every tensor is its own reference. Between two variants names decide; integers that stand for
/// numbers under a scale are left out there, since what they stand for comes out of the `DequantizeLinear` behind them.
/// So are tensors whose clamp the quantisation takes over.
pub(super) fn pairs(cell: &[InnerTensor], reference: &[InnerTensor], same_file: bool) -> (Vec<Pair>, Vec<String>) {
    let by_name: HashMap<&str, &InnerTensor> = reference.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let (mut pairs, mut left_out) = (Vec::new(), Vec::new());
    for tensor in cell {
        let name = tensor.name.as_str();
        let known = by_name
            .get(name)
            .or_else(|| by_name.get(stands_for(name)).filter(|_| !same_file));
        let Some(&reference) = known else { continue };
        if !same_file && is_integer(tensor.dtype) != is_integer(reference.dtype) {
            continue;
        }
        if !crosses(tensor.dtype) {
            left_out.push(left(
                tensor,
                &format!("elements of type {} cannot be read", tensor.dtype),
            ));
            continue;
        }
        if tensor.name == reference.name && is_clamp(&reference.op) && !is_clamp(&tensor.op) && !dequantises(&tensor.op)
        {
            let why = format!(
                "the reference's is clamped by {}, which this file leaves to its quantisation",
                reference.op
            );
            left_out.push(left(tensor, &why));
            continue;
        }
        pairs.push(Pair {
            cell: tensor.clone(),
            reference: reference.clone(),
        });
    }
    (pairs, left_out)
}

/// One line of what is left out.
pub(super) fn left(tensor: &InnerTensor, why: &str) -> String {
    format!("`{}` ({}): {why}", tensor.name, tensor.op)
}

/// The tensor of the float model that a tensor of a quantised one stands for, as onnxruntime's quantiser names them.
fn stands_for(name: &str) -> &str {
    name.strip_suffix("_DequantizeLinear_Output")
        .or_else(|| name.strip_suffix("_QuantizeLinear_Input"))
        .unwrap_or(name)
}

/// Whether an operator cuts numbers off. onnxruntime's quantiser takes it out where the quantisation behind it cuts off as
/// much, and the tensor before it gets its output's name.
fn is_clamp(op: &str) -> bool {
    matches!(op, "Relu" | "Clip")
}

/// Whether what an operator writes was quantised, and so cut off, before.
fn dequantises(op: &str) -> bool {
    matches!(op, "DequantizeLinear" | "com.microsoft.DequantizeLinear")
}

/// Whether a worker can hand over such elements. An unknown type may be one of them.
fn crosses(dtype: DType) -> bool {
    dtype == DType::Undefined || dtype.name().parse::<edgebench_api::DType>().is_ok()
}

fn is_integer(dtype: DType) -> bool {
    use DType::{I8, I16, I32, I64, U8, U16, U32, U64};
    matches!(dtype, I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(list: &[(&str, &str, DType)]) -> Vec<InnerTensor> {
        let tensor = |&(name, op, dtype): &(&str, &str, DType)| InnerTensor {
            name: name.to_owned(),
            node: format!("{name}_node"),
            op: op.to_owned(),
            dtype,
        };
        list.iter().map(tensor).collect()
    }

    fn names(pairs: &[Pair]) -> Vec<(&str, &str)> {
        let names = pairs.iter();
        names
            .map(|pair| (pair.cell.name.as_str(), pair.reference.name.as_str()))
            .collect()
    }

    #[test]
    fn a_quantised_variant_is_held_against_what_it_stands_for() {
        let float = tensors(&[
            ("a", "Conv", DType::F32),
            ("s", "Shape", DType::I64),
            ("y", "Softmax", DType::F32),
        ]);
        let quantised = tensors(&[
            ("x_DequantizeLinear_Output", "DequantizeLinear", DType::F32),
            ("a", "Conv", DType::F32),
            ("a_QuantizeLinear_Output", "QuantizeLinear", DType::U8),
            ("a_DequantizeLinear_Output", "DequantizeLinear", DType::F32),
            ("s", "Shape", DType::I64),
            ("y_QuantizeLinear_Input", "Softmax", DType::F32),
            ("y_QuantizeLinear_Output", "QuantizeLinear", DType::U8),
            ("y", "DequantizeLinear", DType::F32),
        ]);
        let (found, left_out) = pairs(&quantised, &float, false);
        assert_eq!(
            names(&found),
            [
                ("a", "a"),
                ("a_DequantizeLinear_Output", "a"),
                ("s", "s"),
                ("y_QuantizeLinear_Input", "y"),
                ("y", "y"),
            ]
        );
        assert!(left_out.is_empty());
        let (same, _) = pairs(&quantised, &quantised, true);
        assert_eq!(same.len(), quantised.len());
        assert!(same.iter().all(|pair| pair.cell == pair.reference));
    }

    #[test]
    fn what_the_quantisation_will_clamp_is_not_held_against_what_is_clamped() {
        let float = tensors(&[
            ("a", "Relu", DType::F32),
            ("b", "Clip", DType::F32),
            ("c", "Relu", DType::F32),
        ]);
        let quantised = tensors(&[
            ("a", "Conv", DType::F32),
            ("a_DequantizeLinear_Output", "DequantizeLinear", DType::F32),
            ("b", "DequantizeLinear", DType::F32),
            ("c", "Relu", DType::F32),
        ]);
        let (found, left_out) = pairs(&quantised, &float, false);
        assert_eq!(
            names(&found),
            [("a_DequantizeLinear_Output", "a"), ("b", "b"), ("c", "c")]
        );
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].starts_with("`a` (Conv): "));
    }

    #[test]
    fn integers_are_no_reference_for_what_they_stand_for() {
        let (found, _) = pairs(
            &tensors(&[("a", "QLinearConv", DType::U8)]),
            &tensors(&[("a", "Conv", DType::F32)]),
            false,
        );
        assert!(found.is_empty());
    }

    #[test]
    fn text_is_left_out_with_the_reason() {
        let all = tensors(&[("t", "StringConcat", DType::String), ("u", "Unheard", DType::Undefined)]);
        let (found, left_out) = pairs(&all, &all, true);
        assert_eq!(names(&found), [("u", "u")]);
        assert_eq!(left_out, ["`t` (StringConcat): elements of type string cannot be read"]);
    }
}
