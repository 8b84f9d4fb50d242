//! How many bytes of activations are live at once.

use std::collections::HashMap;

use super::Peak;
use super::moved::unknown;
use super::role::{Role, Uses};
use crate::error::printable;
use crate::graph::Graph;
use crate::net::{Value, Values};

/// Memory that is needed from one operator to another, both included.
struct Buffer {
    bytes: u64,
    first: usize,
    last: usize,
}

/// Where each value lies: `None` for a constant.
type Places<'a> = HashMap<&'a str, Option<usize>>;

/// The peak of live activations over the operators in the file's order.
///
/// # Errors
/// Why it cannot be told.
pub(super) fn peak(
    graph: &Graph,
    roles: &[Role],
    uses: &Uses<'_>,
    values: &Values<'_>,
    fused: bool,
) -> Result<Peak, String> {
    let size = |name: &str| {
        let bytes = |value: &Value| if fused { value.fused_bytes() } else { value.bytes() };
        values.get(name).and_then(bytes).ok_or_else(|| unknown(name))
    };
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut places: Places<'_> = HashMap::new();
    for input in &graph.inputs {
        place(&mut places, &input.name, Some(buffers.len()))?;
        buffers.push(Buffer {
            bytes: size(&input.name)?,
            first: 0,
            last: 0,
        });
    }
    for (step, (node, &role)) in graph.net.nodes.iter().zip(roles).enumerate() {
        if role == Role::Opaque {
            return Err(format!(
                "{} `{}`: what it keeps is unknown",
                printable(&node.op),
                printable(&node.name)
            ));
        }
        let mut operand = None;
        for (number, input) in node.inputs.iter().enumerate().filter(|(_, input)| !input.is_empty()) {
            let found = find(graph, &places, input)?;
            if let Some(buffer) = found {
                buffers[buffer].last = step;
            }
            operand = if number == 0 { found } else { operand };
        }
        let shares = match role {
            Role::View => true,
            Role::Dequantise | Role::Quantise => fused,
            _ => false,
        };
        for (number, output) in node.outputs.iter().enumerate() {
            if !uses.counts(node, number) {
                continue;
            }
            let buffer = if role == Role::Constant {
                None
            } else if shares {
                operand
            } else {
                buffers.push(Buffer {
                    bytes: size(output)?,
                    first: step,
                    last: step,
                });
                Some(buffers.len() - 1)
            };
            // The operator before writes the quantised bytes at once.
            if let Some(buffer) = buffer.filter(|_| shares && role == Role::Quantise) {
                buffers[buffer].bytes = size(output)?;
            }
            if role != Role::Constant && graph.net.constants.contains_key(output) {
                return Err(twice(output));
            }
            place(&mut places, output, buffer)?;
        }
    }
    let steps = graph.net.nodes.len().max(1);
    for output in &graph.outputs {
        if let Some(buffer) = find(graph, &places, &output.name)? {
            buffers[buffer].last = steps - 1;
        }
    }
    highest(graph, &buffers, steps)
}

/// The first step at which the buffers' sum is highest.
fn highest(graph: &Graph, buffers: &[Buffer], steps: usize) -> Result<Peak, String> {
    let (mut begins, mut ends) = (vec![0_u128; steps], vec![0_u128; steps]);
    for buffer in buffers {
        begins[buffer.first] += u128::from(buffer.bytes);
        ends[buffer.last] += u128::from(buffer.bytes);
    }
    let (mut now, mut most, mut at) = (0, 0, 0);
    for step in 0..steps {
        now += begins[step];
        if now > most {
            (most, at) = (now, step);
        }
        now -= ends[step];
    }
    Ok(Peak {
        bytes: u64::try_from(most).map_err(|_| "the sum of live bytes overflows".to_owned())?,
        node: graph
            .net
            .nodes
            .get(at)
            .map_or_else(String::new, |node| printable(&node.name)),
    })
}

fn find(graph: &Graph, places: &Places<'_>, name: &str) -> Result<Option<usize>, String> {
    match places.get(name) {
        Some(buffer) => Ok(*buffer),
        None if graph.net.constants.contains_key(name) => Ok(None),
        None => Err(format!("`{}` is read before anything gives it", printable(name))),
    }
}

fn place<'a>(places: &mut Places<'a>, name: &'a str, buffer: Option<usize>) -> Result<(), String> {
    match places.insert(name, buffer) {
        Some(_) => Err(twice(name)),
        None => Ok(()),
    }
}

fn twice(name: &str) -> String {
    format!("`{}` is given twice", printable(name))
}
