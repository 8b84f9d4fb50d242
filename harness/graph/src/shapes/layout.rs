//! Operators that move, cut and join.

use crate::net::{Node, Value, Values};
use crate::scan::MAX_DIMS;
use crate::shapes::axis;
use crate::tensor::product;

/// Shapes for the operators that only rearrange.
pub(super) fn infer(node: &Node, values: &Values<'_>) -> Vec<Option<Value>> {
    let x = values.dims(node, 0);
    let dims = match node.op.as_str() {
        "Flatten" => x.and_then(|x| flatten(node, x)),
        "Reshape" => x.and_then(|x| reshape(node, values, x)),
        "Transpose" => x.and_then(|x| transpose(node, x)),
        "Concat" => concat(node, values),
        "Squeeze" => x.and_then(|x| squeeze(node, values, x)),
        "Unsqueeze" => x.and_then(|x| unsqueeze(node, values, x)),
        "Pad" => x.and_then(|x| pad(node, values, x)),
        "Gather" => x.and_then(|x| gather(node, values, x)),
        "GatherElements" => values.dims(node, 1).map(<[u64]>::to_vec),
        "Slice" => x.and_then(|x| slice(node, values, x)),
        "Expand" => x.and_then(|x| {
            let wanted = sizes(values.ints(node, 1)?)?;
            super::broadcast::all([Some(x), Some(wanted.as_slice())].into_iter())
        }),
        "Tile" => x.and_then(|x| {
            let repeats = sizes(values.ints(node, 1)?).filter(|repeats| repeats.len() == x.len())?;
            x.iter()
                .zip(repeats)
                .map(|(&dim, times)| dim.checked_mul(times))
                .collect()
        }),
        "ConstantOfShape" => values.ints(node, 0).and_then(sizes),
        "Resize" => x.and_then(|x| sizes(values.ints(node, 3)?).filter(|sizes| sizes.len() == x.len())),
        "DepthToSpace" => x.and_then(|x| blocks(node, x, true)),
        "SpaceToDepth" => x.and_then(|x| blocks(node, x, false)),
        "com.microsoft.QLinearGlobalAveragePool" if node.int("channels_last", 0) == 0 => {
            x.and_then(super::window::global_pool)
        }
        "com.microsoft.QLinearAveragePool" if node.int("channels_last", 0) == 0 => {
            x.and_then(|x| super::window::pool(node, x))
        }
        "Split" => return x.and_then(|x| split(node, values, x)).unwrap_or_default(),
        _ => None,
    };
    vec![dims.map(Value::of)]
}

/// The shape of a reduction: axes are an attribute or the second input.
pub(super) fn reduce(node: &Node, values: &Values<'_>) -> Option<Vec<u64>> {
    let x = values.dims(node, 0)?;
    let keep = node.int("keepdims", 1) != 0;
    let arg = node.op.starts_with("Arg");
    let given = if arg {
        Some(vec![node.int("axis", 0)])
    } else {
        axes(node, values)?
    };
    let all = given.as_ref().is_none_or(Vec::is_empty);
    if all && node.int("noop_with_empty_axes", 0) != 0 {
        return Some(x.to_vec());
    }
    let reduced = given
        .unwrap_or_default()
        .iter()
        .map(|&a| axis(a, x.len()))
        .collect::<Option<Vec<_>>>()?;
    let gone = |place: usize| all || reduced.contains(&place);
    Some(
        x.iter()
            .enumerate()
            .filter(|&(place, _)| keep || !gone(place))
            .map(|(place, &dim)| if gone(place) { 1 } else { dim })
            .collect(),
    )
}

/// Axes from the attribute or the second input: `Some(None)` where none are given, `None` where they are unknown.
#[expect(clippy::option_option, reason = "absent and unknown differ")]
fn axes(node: &Node, values: &Values<'_>) -> Option<Option<Vec<i64>>> {
    if let Some(axes) = node.ints("axes") {
        return Some(Some(axes.to_vec()));
    }
    if node.inputs.get(1).is_none_or(String::is_empty) {
        return Some(None);
    }
    values.ints(node, 1).map(|axes| Some(axes.to_vec()))
}

pub(super) fn sizes(ints: &[i64]) -> Option<Vec<u64>> {
    ints.iter().map(|&size| u64::try_from(size).ok()).collect()
}

fn flatten(node: &Node, x: &[u64]) -> Option<Vec<u64>> {
    let at = axis(node.int("axis", 1), x.len() + 1)
        .filter(|_| node.int("axis", 1) >= 0)
        .or_else(|| axis(node.int("axis", 1), x.len()))?;
    Some(vec![product(&x[..at])?, product(&x[at..])?])
}

pub(super) fn reshape(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<u64>> {
    let wanted = node.ints("shape").or_else(|| values.ints(node, 1))?;
    let copies = node.int("allowzero", 0) == 0;
    let mut open = None;
    let mut dims = Vec::with_capacity(wanted.len());
    for (place, &size) in wanted.iter().enumerate() {
        dims.push(match size {
            0 if copies => *x.get(place)?,
            -1 if open.is_none() => {
                open = Some(place);
                1
            }
            size => u64::try_from(size).ok()?,
        });
    }
    let (have, rest) = (product(x)?, product(&dims)?);
    if let Some(place) = open {
        if rest == 0 || have % rest != 0 {
            return None;
        }
        dims[place] = have / rest;
    } else if have != rest {
        return None;
    }
    Some(dims)
}

/// Which input axis each output axis of a transposition takes.
pub(super) fn order(node: &Node, rank: usize) -> Option<Vec<usize>> {
    let Some(order) = node.ints("perm") else {
        return Some((0..rank).rev().collect());
    };
    let places = order.iter().map(|&a| axis(a, rank)).collect::<Option<Vec<_>>>()?;
    let mut sorted = places.clone();
    sorted.sort_unstable();
    sorted.dedup();
    (sorted.len() == rank && places.len() == rank).then_some(places)
}

fn transpose(node: &Node, x: &[u64]) -> Option<Vec<u64>> {
    Some(order(node, x.len())?.iter().map(|&place| x[place]).collect())
}

fn concat(node: &Node, values: &Values<'_>) -> Option<Vec<u64>> {
    let mut result = values.dims(node, 0)?.to_vec();
    let along = axis(node.int("axis", 1), result.len())?;
    for place in 1..node.inputs.len() {
        let dims = values.dims(node, place)?;
        let fits = dims.len() == result.len()
            && dims
                .iter()
                .zip(&result)
                .enumerate()
                .all(|(place, (a, b))| place == along || a == b);
        if !fits {
            return None;
        }
        result[along] = result[along].checked_add(dims[along])?;
    }
    Some(result)
}

pub(super) fn squeeze(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<u64>> {
    let Some(given) = axes(node, values)? else {
        return Some(x.iter().copied().filter(|&dim| dim != 1).collect());
    };
    let gone = given.iter().map(|&a| axis(a, x.len())).collect::<Option<Vec<_>>>()?;
    if gone.iter().any(|&place| x[place] != 1) {
        return None;
    }
    Some(
        x.iter()
            .enumerate()
            .filter(|(place, _)| !gone.contains(place))
            .map(|(_, &dim)| dim)
            .collect(),
    )
}

pub(super) fn unsqueeze(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<u64>> {
    let given = axes(node, values)??;
    let rank = Some(x.len() + given.len()).filter(|&rank| rank as u64 <= MAX_DIMS)?;
    let mut new = given.iter().map(|&a| axis(a, rank)).collect::<Option<Vec<_>>>()?;
    new.sort_unstable();
    new.dedup();
    if new.len() != given.len() {
        return None;
    }
    let mut old = x.iter();
    (0..rank)
        .map(|place| {
            if new.contains(&place) {
                Some(1)
            } else {
                old.next().copied()
            }
        })
        .collect()
}

fn pad(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<u64>> {
    let pads = node.ints("pads").or_else(|| values.ints(node, 1))?;
    let chosen = if node.inputs.get(3).is_some_and(|name| !name.is_empty()) {
        values
            .ints(node, 3)?
            .iter()
            .map(|&a| axis(a, x.len()))
            .collect::<Option<Vec<_>>>()?
    } else {
        (0..x.len()).collect()
    };
    if pads.len() != chosen.len() * 2 {
        return None;
    }
    let mut result = x.to_vec();
    for (i, &place) in chosen.iter().enumerate() {
        let padded = result[place].checked_add_signed(pads[i])?;
        result[place] = padded.checked_add_signed(pads[i + chosen.len()])?;
    }
    Some(result)
}

fn gather(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<u64>> {
    let along = axis(node.int("axis", 0), x.len())?;
    Some([&x[..along], values.dims(node, 1)?, &x[along + 1..]].concat())
}

/// What a slice takes of one axis.
pub(super) struct Cut {
    pub(super) start: i64,
    pub(super) step: i64,
    pub(super) count: u64,
}

/// What a slice takes of each axis, in either form of the operator.
pub(super) fn cuts(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<Cut>> {
    let list = |name: &str, place: usize| node.ints(name).or_else(|| values.ints(node, place));
    let given = |place: usize| node.inputs.get(place).is_some_and(|name| !name.is_empty());
    let (starts, ends) = (list("starts", 1)?, list("ends", 2)?);
    let along: Vec<i64> = if node.ints("axes").is_some() || given(3) {
        list("axes", 3)?.to_vec()
    } else {
        (0..starts.len() as i64).collect()
    };
    let steps = if given(4) {
        values.ints(node, 4)?.to_vec()
    } else {
        vec![1; starts.len()]
    };
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] {
        return None;
    }
    let whole = |&dim: &u64| Cut {
        start: 0,
        step: 1,
        count: dim,
    };
    let mut cuts: Vec<Cut> = x.iter().map(whole).collect();
    for i in 0..starts.len() {
        let place = axis(along[i], x.len())?;
        let size = i64::try_from(x[place]).ok()?;
        let from_front = |value: i64| if value < 0 { value.saturating_add(size) } else { value };
        let (start, end, step) = (from_front(starts[i]), from_front(ends[i]), steps[i]);
        let (start, covered) = match step {
            0 => return None,
            1.. => {
                let start = start.clamp(0, size);
                (start, end.clamp(0, size) - start)
            }
            _ => {
                let start = start.clamp(-1, size - 1);
                (start, start - end.clamp(-1, size - 1))
            }
        };
        let count = u64::try_from(covered.max(0)).ok()?.div_ceil(step.unsigned_abs());
        cuts[place] = Cut { start, step, count };
    }
    Some(cuts)
}

fn slice(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<u64>> {
    Some(cuts(node, values, x)?.iter().map(|cut| cut.count).collect())
}

fn split(node: &Node, values: &Values<'_>, x: &[u64]) -> Option<Vec<Option<Value>>> {
    let along = axis(node.int("axis", 0), x.len())?;
    let count = node.outputs.len() as u64;
    let parts = if node.inputs.get(1).is_some_and(|name| !name.is_empty()) {
        sizes(values.ints(node, 1)?)?
    } else if let Some(parts) = node.ints("split") {
        sizes(parts)?
    } else {
        // Equal parts; the last is smaller where they do not divide.
        let part = x[along].checked_div_euclid(count)? + u64::from(!x[along].is_multiple_of(count));
        (0..count)
            .map(|i| part.min(x[along].saturating_sub(part.saturating_mul(i))))
            .collect()
    };
    let value = |part: u64| {
        let mut dims = x.to_vec();
        dims[along] = part;
        Some(Value::of(dims))
    };
    (parts.len() == node.outputs.len()).then(|| parts.into_iter().map(value).collect())
}

fn blocks(node: &Node, x: &[u64], to_space: bool) -> Option<Vec<u64>> {
    let &[batch, channels, height, width] = x else {
        return None;
    };
    let block = u64::try_from(node.int("blocksize", 0))
        .ok()
        .filter(|&block| block > 0)?;
    let area = block.checked_mul(block)?;
    Some(if to_space {
        vec![
            batch,
            channels / area,
            height.checked_mul(block)?,
            width.checked_mul(block)?,
        ]
    } else {
        vec![batch, channels.checked_mul(area)?, height / block, width / block]
    })
}
