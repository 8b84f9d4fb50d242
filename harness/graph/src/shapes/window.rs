//! Convolutions and pooling: a window that moves.

use crate::net::Node;

/// The shape of `Conv`: weights are out × in/group × kernel.
pub(crate) fn conv(node: &Node, x: &[u64], w: &[u64]) -> Option<Vec<u64>> {
    if x.len() < 3 || w.len() != x.len() {
        return None;
    }
    let mut out = vec![x[0], w[0]];
    out.extend(slide(node, &x[2..], &w[2..])?);
    Some(out)
}

/// The shape of a pooling operator with a `kernel_shape`.
pub(super) fn pool(node: &Node, x: &[u64]) -> Option<Vec<u64>> {
    let kernel: Vec<u64> = node
        .ints("kernel_shape")?
        .iter()
        .map(|&k| u64::try_from(k).ok())
        .collect::<Option<_>>()?;
    if x.len() != kernel.len() + 2 {
        return None;
    }
    let mut out = x[..2].to_vec();
    out.extend(slide(node, &x[2..], &kernel)?);
    Some(out)
}

/// The shape of a global pooling operator.
pub(super) fn global_pool(x: &[u64]) -> Option<Vec<u64>> {
    (x.len() >= 3).then(|| {
        x.iter()
            .enumerate()
            .map(|(place, &dim)| if place < 2 { dim } else { 1 })
            .collect()
    })
}

/// The shape of `ConvTranspose`: weights are in × out/group × kernel.
pub(super) fn conv_transpose(node: &Node, x: &[u64], w: &[u64]) -> Option<Vec<u64>> {
    if x.len() < 3 || w.len() != x.len() {
        return None;
    }
    let rank = x.len() - 2;
    let mut out = vec![x[0], w[1].checked_mul(u64::try_from(node.int("group", 1)).ok()?)?];
    if let Some(shape) = node.ints("output_shape") {
        let spatial = shape.get(shape.len().checked_sub(rank)?..)?;
        for &dim in spatial {
            out.push(u64::try_from(dim).ok()?);
        }
        return Some(out);
    }
    let strides = per_axis(node, "strides", rank, 1)?;
    let dilations = per_axis(node, "dilations", rank, 1)?;
    let extra = per_axis(node, "output_padding", rank, 0)?;
    let pads = pads(node, rank)?;
    for i in 0..rank {
        let stretched = x[i + 2].checked_mul(strides[i])?;
        out.push(match auto_pad(node) {
            AutoPad::Same => stretched,
            auto => {
                let pad = if matches!(auto, AutoPad::Valid) {
                    0
                } else {
                    pads[i].checked_add(pads[i + rank])?
                };
                let window = extent(w[i + 2], dilations[i])?;
                stretched
                    .checked_sub(strides[i])?
                    .checked_add(extra[i])?
                    .checked_add(window)?
                    .checked_sub(pad)?
            }
        });
    }
    Some(out)
}

enum AutoPad {
    Given,
    Same,
    Valid,
}

fn auto_pad(node: &Node) -> AutoPad {
    match node.text("auto_pad") {
        Some("SAME_UPPER" | "SAME_LOWER") => AutoPad::Same,
        Some("VALID") => AutoPad::Valid,
        _ => AutoPad::Given,
    }
}

/// Positions of the window along each axis, as the ONNX schema's formulas have it.
fn slide(node: &Node, spatial: &[u64], kernel: &[u64]) -> Option<Vec<u64>> {
    let rank = spatial.len();
    let strides = per_axis(node, "strides", rank, 1)?;
    let dilations = per_axis(node, "dilations", rank, 1)?;
    let pads = pads(node, rank)?;
    let ceil = node.int("ceil_mode", 0) != 0;
    (0..rank)
        .map(|i| {
            let stride = Some(strides[i]).filter(|&stride| stride > 0)?;
            let window = extent(kernel[i], dilations[i])?;
            let (before, after) = match auto_pad(node) {
                AutoPad::Same => return Some(spatial[i].div_ceil(stride)),
                AutoPad::Valid => (0, 0),
                AutoPad::Given => (pads[i], pads[i + rank]),
            };
            let room = spatial[i]
                .checked_add(before)?
                .checked_add(after)?
                .checked_sub(window)?;
            let mut positions = if ceil { room.div_ceil(stride) } else { room / stride }.checked_add(1)?;
            // A last window that would start in the padding behind the input does not count.
            if ceil && (positions - 1).checked_mul(stride)? >= spatial[i].checked_add(before)? {
                positions -= 1;
            }
            Some(positions)
        })
        .collect()
}

/// How far a dilated kernel reaches.
fn extent(kernel: u64, dilation: u64) -> Option<u64> {
    kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)
}

fn per_axis(node: &Node, name: &str, rank: usize, default: u64) -> Option<Vec<u64>> {
    let Some(given) = node.ints(name) else {
        return Some(vec![default; rank]);
    };
    let given: Vec<u64> = given
        .iter()
        .map(|&value| u64::try_from(value).ok())
        .collect::<Option<_>>()?;
    (given.len() == rank).then_some(given)
}

fn pads(node: &Node, rank: usize) -> Option<Vec<u64>> {
    per_axis(node, "pads", rank * 2, 0)
}
