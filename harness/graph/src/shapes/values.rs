//! Integers that are known without running the model: exporters compute shapes with chains of small operators.

use crate::net::{Attribute, Node, Value, Values};
use crate::shapes::{axis, layout};
use crate::tensor::{MAX_KEPT, product};

/// The node's one output where it is a short tensor of known integers.
pub(super) fn evaluate(node: &Node, values: &Values<'_>) -> Option<Value> {
    match node.op.as_str() {
        "Shape" => shape(node, values.dims(node, 0)?),
        "Size" => Some(Value {
            dims: Vec::new(),
            ints: Some(vec![i64::try_from(product(values.dims(node, 0)?)?).ok()?]),
            ..Value::default()
        }),
        "Concat" => concat(node, values),
        "ConstantOfShape" => filled(node, values),
        "Add" | "Sub" | "Mul" | "Div" | "Mod" => arithmetic(node, values),
        "Identity" | "Cast" | "Gather" | "Reshape" | "Slice" | "Squeeze" | "Transpose" | "Unsqueeze" => {
            moved(node, values)
        }
        _ => None,
    }
}

fn list(ints: Vec<i64>) -> Value {
    Value {
        dims: vec![ints.len() as u64],
        ints: Some(ints),
        ..Value::default()
    }
}

fn shape(node: &Node, dims: &[u64]) -> Option<Value> {
    let rank = dims.len() as i64;
    let bound = |value: i64| if value < 0 { value.saturating_add(rank) } else { value }.clamp(0, rank) as usize;
    let (start, end) = (bound(node.int("start", 0)), bound(node.int("end", rank)));
    let kept = dims.get(start..end.max(start))?.iter();
    kept.map(|&dim| i64::try_from(dim).ok())
        .collect::<Option<_>>()
        .map(list)
}

fn concat(node: &Node, values: &Values<'_>) -> Option<Value> {
    let mut joined = Vec::new();
    for place in 0..node.inputs.len() {
        let input = values.input(node, place)?;
        joined.extend(input.ints.as_ref().filter(|_| input.dims.len() == 1)?);
        if joined.len() as u64 > MAX_KEPT {
            return None;
        }
    }
    Some(list(joined))
}

fn filled(node: &Node, values: &Values<'_>) -> Option<Value> {
    let Some(Attribute::Value(fill)) = node.attribute("value") else {
        return None;
    };
    let (dims, fill) = (layout::sizes(values.ints(node, 0)?)?, *fill.ints.as_ref()?.first()?);
    let count = product(&dims).filter(|&count| count <= MAX_KEPT)?;
    Some(Value {
        ints: Some(vec![fill; count as usize]),
        ..Value::of(dims)
    })
}

/// Integers that an operator only rearranges.
fn moved(node: &Node, values: &Values<'_>) -> Option<Value> {
    let x = values.input(node, 0)?;
    let ints = x.ints.as_ref()?;
    let same = |dims: Vec<u64>| Value {
        ints: Some(ints.clone()),
        ..Value::of(dims)
    };
    let whole = |&dim: &u64| layout::Cut {
        start: 0,
        step: 1,
        count: dim,
    };
    match node.op.as_str() {
        "Reshape" => layout::reshape(node, values, &x.dims).map(same),
        "Squeeze" => layout::squeeze(node, values, &x.dims).map(same),
        "Unsqueeze" => layout::unsqueeze(node, values, &x.dims).map(same),
        "Slice" => {
            let axes: Vec<usize> = (0..x.dims.len()).collect();
            pick(ints, &x.dims, &axes, &layout::cuts(node, values, &x.dims)?)
        }
        "Transpose" => {
            let axes = layout::order(node, x.dims.len())?;
            let cuts: Vec<_> = axes.iter().map(|&place| whole(&x.dims[place])).collect();
            pick(ints, &x.dims, &axes, &cuts)
        }
        "Gather" => {
            let indices = values.input(node, 1).filter(|_| x.dims.len() == 1)?;
            let picked = indices
                .ints
                .as_ref()?
                .iter()
                .map(|&index| ints.get(axis(index, ints.len())?).copied());
            Some(Value {
                ints: Some(picked.collect::<Option<_>>()?),
                ..Value::of(indices.dims.clone())
            })
        }
        _ => Some(same(x.dims.clone())),
    }
}

/// Takes `cuts[i]` of the input axis `axes[i]` as output axis `i`.
fn pick(ints: &[i64], dims: &[u64], axes: &[usize], cuts: &[layout::Cut]) -> Option<Value> {
    let out: Vec<u64> = cuts.iter().map(|cut| cut.count).collect();
    let count = product(&out).filter(|&count| count <= MAX_KEPT)?;
    let picked = (0..count).map(|place| {
        let (mut rest, mut from) = (place, 0_i64);
        for (cut, &axis) in cuts.iter().zip(axes).rev() {
            let coordinate = cut.start + cut.step * (rest % cut.count) as i64;
            rest /= cut.count;
            from += coordinate * i64::try_from(product(&dims[axis + 1..])?).ok()?;
        }
        ints.get(usize::try_from(from).ok()?).copied()
    });
    let ints = picked.collect::<Option<_>>()?;
    Some(Value {
        ints: Some(ints),
        ..Value::of(out)
    })
}

fn arithmetic(node: &Node, values: &Values<'_>) -> Option<Value> {
    let (a, b) = (values.input(node, 0)?, values.input(node, 1)?);
    let (x, y) = (a.ints.as_ref()?, b.ints.as_ref()?);
    let count = x.len().max(y.len());
    let fits = |ints: &[i64]| ints.len() == count || ints.len() == 1;
    if !fits(x) || !fits(y) || a.dims.len() > 1 || b.dims.len() > 1 {
        return None;
    }
    let ints = (0..count)
        .map(|place| {
            let (x, y) = (x[place % x.len()], y[place % y.len()]);
            match node.op.as_str() {
                "Add" => x.checked_add(y),
                "Sub" => x.checked_sub(y),
                "Mul" => x.checked_mul(y),
                // Negative quotients round in several ways and do not occur in shapes.
                "Div" => x.checked_div(y).filter(|_| x >= 0 && y > 0),
                _ => x.checked_rem(y).filter(|_| x >= 0 && y > 0),
            }
        })
        .collect::<Option<Vec<_>>>()?;
    let dims = if a.dims.is_empty() && b.dims.is_empty() {
        Vec::new()
    } else {
        vec![count as u64]
    };
    Some(Value {
        ints: Some(ints),
        ..Value::of(dims)
    })
}
