//! What tract tells of the nodes of a plan.

use std::collections::BTreeSet;

use edgebench_api::{ProfiledOperator, ProfiledValue};
use tract_linalg::WeightType;
use tract_linalg::mmm::{MMMInputFormat, PackedExoticFact};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TDim;
use tract_onnx::tract_core::ops::Cost;
use tract_onnx::tract_core::ops::matmul::optimized::{MatMulOperand, OptMatMul, ProtoFusedSpec};
use tract_onnx::tract_core::ops::matmul::pack::DynPackedExoticFact;
use tract_onnx::tract_hir::internal::DimLike;

use crate::sources::Sources;
use crate::tensor;

/// The operators of a plan, one for each step. A step is none where it is an input of the model: nothing is computed
/// there.
pub(crate) fn describe(
    model: &TypedModel,
    order: &[usize],
    sources: &Sources,
) -> TractResult<Vec<Option<ProfiledOperator>>> {
    let nodes: Vec<&TypedNode> = order.iter().map(|&id| model.node(id)).collect();
    let told: Vec<(&str, Vec<&str>)> = nodes
        .iter()
        .map(|node| {
            let outlets = (0..node.outputs.len()).map(|slot| OutletId::new(node.id, slot));
            let labels = outlets.filter_map(|outlet| model.outlet_label(outlet));
            (node.name.as_str(), labels.collect())
        })
        .collect();
    let mut names = BTreeSet::new();
    let steps = nodes.iter().zip(sources.of(&told));
    steps
        .map(|(node, sources)| {
            if node.op_is::<tract_onnx::tract_core::ops::source::TypedSource>() {
                return Ok(None);
            }
            let facts = model.node_input_facts(node.id)?;
            let outlets = (0..node.outputs.len()).map(|slot| OutletId::new(node.id, slot));
            let read = node.inputs.iter().map(|&outlet| value(model, outlet));
            Ok(Some(ProfiledOperator {
                name: unique(&mut names, &node.name),
                op: op(node),
                sources,
                inputs: read
                    .chain(baked(node).into_iter().map(Ok))
                    .collect::<TractResult<_>>()?,
                outputs: outlets.map(|outlet| value(model, outlet)).collect::<TractResult<_>>()?,
                macs: macs(node, &facts),
                ..ProfiledOperator::default()
            }))
        })
        .collect()
}

/// A name that none of `names` is, made from this one.
fn unique(names: &mut BTreeSet<String>, name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}#{number}"));
    let unique = std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !names.contains(name))
        .unwrap_or_default();
    names.insert(unique.clone());
    unique
}

/// The operator, and the kernel of a product.
fn op(node: &TypedNode) -> String {
    let name = node.op.name();
    match node.op_as::<OptMatMul>().and_then(kernel) {
        Some(kernel) => format!("{name} {kernel}"),
        None => name.into_owned(),
    }
}

/// tract's name of the kernel that multiplies: it may have one for a single column and another for more.
fn kernel(product: &OptMatMul) -> Option<&str> {
    let columns = match product.c_n_axis {
        Some(axis) => product.c_fact.shape[axis].to_usize().ok()?,
        None => 1,
    };
    let mode = product.mode_picker.pick(columns).ok()?;
    Some(product.mmm.get(mode)?.name())
}

/// Multiply-accumulates by tract's own count.
fn macs(node: &TypedNode, facts: &[&TypedFact]) -> Option<u64> {
    let costs = node.op.cost(facts).ok()?;
    let products = costs.iter().filter(|(cost, _)| matches!(cost, Cost::FMA(_)));
    let counts: Option<Vec<u64>> = products
        .map(|(_, count)| u64::try_from(count.to_i64().ok()?).ok())
        .collect();
    let counts = counts.filter(|counts| !counts.is_empty())?;
    counts.into_iter().try_fold(0u64, u64::checked_add)
}

/// Weights that a product has taken in, which are no inputs of its any more.
fn baked(node: &TypedNode) -> Vec<ProfiledValue> {
    let micro = node
        .op_as::<OptMatMul>()
        .into_iter()
        .flat_map(|product| &product.micro_ops);
    let operands = micro.flat_map(|op| match op {
        ProtoFusedSpec::AddMatMul { a, b, .. } => vec![a, b],
        _ => Vec::new(),
    });
    operands
        .filter_map(|operand| match operand {
            MatMulOperand::Const(weight) => Some(ProfiledValue {
                name: String::new(),
                dtype: Some(packed_dtype(weight.format())),
                shape: Some(vec![weight.k(), weight.mn()]),
                constant: true,
            }),
            MatMulOperand::Input(_) => None,
        })
        .collect()
}

fn value(model: &TypedModel, outlet: OutletId) -> TractResult<ProfiledValue> {
    let fact = model.outlet_fact(outlet)?;
    let node = model.node(outlet.node);
    let name = match model.outlet_label(outlet) {
        Some(label) => label.to_owned(),
        // Weights and inputs.
        None if node.inputs.is_empty() && node.outputs.len() == 1 => node.name.clone(),
        None => format!("{}:{}", node.name, outlet.slot),
    };
    // What a convolution's columns would be is never written: its product gathers them from what is looked into here.
    let looked_into = node.inputs.first().filter(|_| node.op.name() == "LazyIm2col");
    let held = looked_into.map_or(Ok(fact), |&outlet| model.outlet_fact(outlet))?;
    let (dtype, shape) = dtype_and_shape(held);
    Ok(ProfiledValue {
        name,
        dtype: Some(dtype),
        shape,
        constant: fact.konst.is_some(),
    })
}

/// A matrix that is packed for a kernel has the type of its elements and, behind the axes of the batch, its two extents,
/// without padding. Any other value of a form of tract's own goes by tract's name for it, and has no shape.
fn dtype_and_shape(fact: &TypedFact) -> (String, Option<Vec<usize>>) {
    let Some(exotic) = &fact.exotic_fact else {
        let dtype = tensor::dtype(fact.datum_type).filter(|_| fact.datum_type != DatumType::TDim);
        let dtype = dtype.map_or_else(|| format!("{:?}", fact.datum_type), |dtype| dtype.to_string());
        return (dtype, concrete(fact.shape.iter()));
    };
    let packed = if let Some(packed) = exotic.downcast_ref::<PackedExoticFact>() {
        Some((packed_dtype(&*packed.format), [packed.k.to_dim(), packed.mn.clone()]))
    } else if let Some(packed) = exotic.downcast_ref::<DynPackedExoticFact>() {
        let format = packed.packers.first();
        format.map(|format| (packed_dtype(&**format), [packed.k.clone(), packed.mn.clone()]))
    } else {
        None
    };
    if let Some((dtype, extents)) = packed {
        return (dtype, concrete(fact.shape.iter().chain(&extents)));
    }
    let words = format!("{exotic:?}");
    let name = words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    (name.to_owned(), None)
}

fn packed_dtype(format: &dyn MMMInputFormat) -> String {
    match format.precursor() {
        WeightType::Plain(datum_type) => {
            tensor::dtype(datum_type).map_or_else(|| format!("{datum_type:?}"), |dtype| dtype.to_string())
        }
        blocks @ WeightType::BlockQuant(_) => format!("{blocks:?}"),
    }
}

fn concrete<'a>(dims: impl Iterator<Item = &'a TDim>) -> Option<Vec<usize>> {
    dims.map(|dim| dim.to_usize().ok()).collect()
}
