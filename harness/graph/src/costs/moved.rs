//! The bytes that one operator reads and writes.

use super::role::{Role, Uses};
use crate::error::printable;
use crate::net::{Node, Value, Values};

/// The bytes that one operator reads and writes.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) read: u64,
    pub(super) written: u64,
    /// What it adds to the sums where quantise–dequantise pairs are fused; negative where it saves another's write.
    pub(super) fused_read: i128,
    pub(super) fused_written: i128,
}

/// Adds up a node's operands. Its outputs are among the known values already.
///
/// # Errors
/// Why they cannot be told.
pub(super) fn moved(node: &Node, role: Role, values: &Values<'_>, uses: &Uses<'_>) -> Result<Moved, String> {
    match role {
        Role::Opaque => return Err("what it moves is unknown".to_owned()),
        Role::Constant | Role::View => return Ok(Moved::default()),
        Role::Plain | Role::Dequantise | Role::Quantise => {}
    }
    let read = sum(node, reads(node, values), Value::bytes)?;
    let outputs = || {
        let places = (0..node.outputs.len()).filter(|&place| uses.counts(node, place));
        places.map(|place| (node.outputs[place].as_str(), values.get(&node.outputs[place])))
    };
    let written = sum(node, outputs(), Value::bytes)?;
    let fused_read = || sum(node, reads(node, values), Value::fused_bytes).map(i128::from);
    let fused_written = || sum(node, outputs(), Value::fused_bytes).map(i128::from);
    let (fused_read, fused_written) = match role {
        Role::Dequantise => (0, 0),
        Role::Quantise => {
            let saved = values.input(node, 0).and_then(Value::fused_bytes).map_or(0, i128::from);
            (fused_read()? - saved, fused_written()? - saved)
        }
        _ => (fused_read()?, fused_written()?),
    };
    Ok(Moved {
        read,
        written,
        fused_read,
        fused_written,
    })
}

/// The values that a node reads, by name.
fn reads<'a>(node: &'a Node, values: &'a Values<'_>) -> impl Iterator<Item = (&'a str, Option<&'a Value>)> {
    let output = node.outputs.first().map_or("", String::as_str);
    let (first, rest) = match node.op.as_str() {
        // Only the shape is looked at.
        "Shape" | "Size" | "EyeLike" | "RandomNormalLike" | "RandomUniformLike" => (None, 0),
        // Only the type of the second operand is looked at.
        "CastLike" => (node.inputs.first().map(String::as_str), 0),
        // As much is read as is taken.
        "Gather" | "GatherElements" | "GatherND" | "Slice" => (Some(output), usize::MAX),
        _ => (node.inputs.first().map(String::as_str), usize::MAX),
    };
    let rest = node.inputs.iter().skip(1).take(rest).map(String::as_str);
    let names = first.into_iter().chain(rest).filter(|name| !name.is_empty());
    names.map(|name| (name, values.get(name)))
}

fn sum<'a>(
    node: &Node,
    values: impl Iterator<Item = (&'a str, Option<&'a Value>)>,
    bytes: impl Fn(&Value) -> Option<u64>,
) -> Result<u64, String> {
    let mut sum = 0_u64;
    for (name, value) in values {
        let bytes = value.and_then(&bytes).ok_or_else(|| unknown(name))?;
        sum = sum
            .checked_add(bytes)
            .ok_or_else(|| format!("the bytes of `{}` overflow", printable(&node.name)))?;
    }
    Ok(sum)
}

/// What is said of a value whose bytes cannot be told.
pub(super) fn unknown(name: &str) -> String {
    format!(
        "the bytes of `{}` are unknown: its shape or element type is not known, or it is too large",
        printable(name)
    )
}
