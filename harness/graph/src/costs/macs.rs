//! How often one operator multiplies and accumulates.

use crate::dtype::DType;
use crate::error::printable;
use crate::net::{Node, Values};
use crate::shapes::{broadcast, is_known, recurrent, window};
use crate::tensor::product;

/// An operator's multiply-accumulates.
pub(super) enum Macs {
    /// None by the definition of [`super::Costs`].
    Free,
    /// This many.
    Count(u64),
    /// The operator is not known, or what it costs depends on values.
    Unknown,
    /// The operator is known and the shapes are not, or do not fit.
    NoShape(String),
}

/// Counts one node's multiply-accumulates.
pub(super) fn count(node: &Node, values: &Values<'_>) -> Macs {
    let counted = match node.op.as_str() {
        "Conv" | "ConvInteger" | "com.microsoft.FusedConv" => conv(node, values, 1),
        "QLinearConv" => conv(node, values, 3),
        "ConvTranspose" => conv_transpose(node, values),
        "Gemm" | "com.microsoft.FusedGemm" => gemm(node, values, 1),
        "com.microsoft.QGemm" => gemm(node, values, 3),
        "MatMul" | "MatMulInteger" | "com.microsoft.MatMulIntegerToFloat" | "com.microsoft.DynamicQuantizeMatMul" => {
            matmul(node, values, 1)
        }
        "QLinearMatMul" => matmul(node, values, 3),
        "com.microsoft.MatMulNBits" => matmul_nbits(node, values),
        "LSTM" | "GRU" | "RNN" => recurrent(node, values),
        _ => return if free(node) { Macs::Free } else { Macs::Unknown },
    };
    match counted {
        Ok(count) => Macs::Count(count),
        Err(reason) => Macs::NoShape(reason),
    }
}

/// The element type in which the operator multiplies, and the type of the quantised weights behind it where both of its
/// factors come out of `DequantizeLinear`.
pub(super) fn dtypes(node: &Node, values: &Values<'_>) -> (DType, Option<DType>) {
    let factors = |left: usize, right: usize| {
        let quantised = |place: usize| values.input(node, place).and_then(|value| value.quantised);
        quantised(left).and(quantised(right))
    };
    match node.op.as_str() {
        "ConvInteger"
        | "MatMulInteger"
        | "com.microsoft.MatMulIntegerToFloat"
        | "com.microsoft.DynamicQuantizeMatMul" => (values.dtype(node, 1), None),
        "QLinearConv" | "QLinearMatMul" | "com.microsoft.QGemm" => (values.dtype(node, 3), None),
        "com.microsoft.MatMulNBits" => (values.dtype(node, 0), None),
        _ => (values.dtype(node, 0), factors(0, 1)),
    }
}

/// Whether a node has nothing to count, whatever the shapes. Control flow is free where all that it can run is.
fn free(node: &Node) -> bool {
    match node.op.as_str() {
        "If" | "Loop" | "Scan" => node.inner.iter().all(free),
        op => is_known(op),
    }
}

fn conv(node: &Node, values: &Values<'_>, weight: usize) -> Result<u64, String> {
    let (x, w) = (dims(node, values, 0)?, dims(node, values, weight)?);
    let group = group(node)?;
    if x.len() < 3 || w.len() != x.len() {
        return Err(misfit(x, w));
    }
    if w[1].checked_mul(group) != Some(x[1]) {
        return Err(misfit(x, w));
    }
    let out = window::conv(node, x, w).ok_or_else(|| misfit(x, w))?;
    multiply(&[&out, &w[1..]])
}

fn conv_transpose(node: &Node, values: &Values<'_>) -> Result<u64, String> {
    let (x, w) = (dims(node, values, 0)?, dims(node, values, 1)?);
    if x.len() < 3 || w.len() != x.len() || x[1] != w[0] {
        return Err(misfit(x, w));
    }
    multiply(&[x, &w[1..]])
}

fn gemm(node: &Node, values: &Values<'_>, right: usize) -> Result<u64, String> {
    let (a, b) = (dims(node, values, 0)?, dims(node, values, right)?);
    let (&[a0, a1], &[b0, b1]) = (a, b) else {
        return Err(misfit(a, b));
    };
    let (rows, a_inner) = if node.int("transA", 0) == 0 { (a0, a1) } else { (a1, a0) };
    let (b_inner, columns) = if node.int("transB", 0) == 0 { (b0, b1) } else { (b1, b0) };
    if a_inner != b_inner {
        return Err(misfit(a, b));
    }
    multiply(&[&[rows, columns, a_inner]])
}

fn matmul(node: &Node, values: &Values<'_>, b: usize) -> Result<u64, String> {
    let (a, b) = (dims(node, values, 0)?, dims(node, values, b)?);
    let out = broadcast::matmul(a, b).ok_or_else(|| misfit(a, b))?;
    multiply(&[&out, &a[a.len() - 1..]])
}

fn matmul_nbits(node: &Node, values: &Values<'_>) -> Result<u64, String> {
    let a = dims(node, values, 0)?;
    let size = |name: &str| u64::try_from(node.int(name, -1)).map_err(|_| format!("its attribute {name} is missing"));
    let (k, n) = (size("K")?, size("N")?);
    if a.last() != Some(&k) {
        return Err(misfit(a, &[k, n]));
    }
    multiply(&[a, &[n]])
}

fn recurrent(node: &Node, values: &Values<'_>) -> Result<u64, String> {
    let (x, w, r) = (dims(node, values, 0)?, dims(node, values, 1)?, dims(node, values, 2)?);
    let extents =
        recurrent::extents(node, values).ok_or_else(|| format!("shapes {x:?}, {w:?} and {r:?} do not fit"))?;
    let per_step = extents.inputs.checked_add(extents.hidden);
    let rows = recurrent::gates(&node.op).checked_mul(extents.hidden);
    let (Some(per_step), Some(rows)) = (per_step, rows) else {
        return Err("its count overflows".to_owned());
    };
    multiply(&[&[extents.steps, extents.batch, extents.directions, rows, per_step]])
}

fn group(node: &Node) -> Result<u64, String> {
    u64::try_from(node.int("group", 1))
        .ok()
        .filter(|&group| group > 0)
        .ok_or_else(|| "its group is not positive".to_owned())
}

fn dims<'a>(node: &Node, values: &'a Values<'_>, place: usize) -> Result<&'a [u64], String> {
    values.dims(node, place).ok_or_else(|| {
        let name = node.inputs.get(place).map_or("", String::as_str);
        if name.is_empty() {
            format!("it has no input {place}")
        } else {
            format!(
                "the shape of its input `{}` is unknown; give the shapes of all inputs",
                printable(name)
            )
        }
    })
}

fn misfit(a: &[u64], b: &[u64]) -> String {
    format!("shapes {a:?} and {b:?} do not fit")
}

fn multiply(parts: &[&[u64]]) -> Result<u64, String> {
    product(&parts.concat()).ok_or_else(|| "its count overflows".to_owned())
}
