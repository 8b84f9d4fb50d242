//! From what a worker timed to what a cell's operators take.

use std::collections::HashMap;

use edgebench_api::{ProfiledOperator, ProfiledValue};
use edgebench_graph::{Costs, Graph, GraphError, NodeView};
use edgebench_protocol::Profiled;
use edgebench_record::{CellProfile, Operator, OperatorRole, ProfiledInvocation};
use edgebench_stats::quantile;

use super::executed::connect;
use super::join::sources;
use super::kinds::{arithmetic, canonical, is_composite, is_view, role};
use super::times::{FEW, Inferences, average, between, first_begins, in_runs, merged, overhead};

/// What a cell's operators take, from its fresh processes. `graph` is the model file, where it can be read; `executed` the
/// graph as the runtime executes it, where it wrote one; `provider` what the cell asked to execute it.
pub(super) fn cell_profile(
    mut processes: Vec<Profiled>,
    graph: Result<&Graph, &GraphError>,
    costs: &Costs,
    executed: Option<&Graph>,
    provider: Option<&str>,
) -> CellProfile {
    let mut operators = merged(&mut processes);
    let mut remarks = Vec::new();
    if let Some(executed) = executed {
        connect(&mut operators, executed);
    }
    let inferences = Inferences::of(&processes);
    let runs = inferences.walls.len();
    let wall_ns = inferences.mean(&inferences.walls);
    let between_ns = inferences.mean(&between(&operators, runs));

    let sources = match graph {
        Ok(graph) => sources(&operators, graph),
        Err(error) => {
            remarks.push(format!("the model file's nodes are not known: {error}"));
            vec![Vec::new(); operators.len()]
        }
    };
    let macs = macs(&operators, &sources, costs);
    let nodes: Vec<NodeView<'_>> = graph.map(|graph| graph.nodes().collect()).unwrap_or_default();
    let file = File { nodes: &nodes, costs };
    let operators: Vec<Operator> = operators
        .into_iter()
        .zip(sources)
        .zip(macs)
        .map(|((operator, sources), macs)| one(operator, &sources, macs, &file, &inferences, provider))
        .collect();
    let attributed_ns: f64 = operators.iter().map(|operator| operator.mean_ns).sum();

    let mean =
        |of: fn(&ProfiledInvocation) -> f64| average(&inferences.invocations.iter().map(of).collect::<Vec<f64>>());
    let profiled_p50_ns = mean(|process| process.profiled_p50_ns);
    let unprofiled_p50_ns = mean(|process| process.unprofiled_p50_ns);
    let (overhead, overhead_interval) = overhead(&processes).unzip();
    if runs < FEW {
        remarks.push(format!("{runs} profiled inferences are few"));
    }
    if graph.is_ok() && operators.iter().all(|operator| operator.sources.is_empty()) && !operators.is_empty() {
        remarks.push("no operator could be told from the model file's nodes".to_owned());
    }
    let resolution_ns = processes.iter().map(|process| process.profile.resolution_ns).max();
    CellProfile {
        runs,
        resolution_ns: resolution_ns.unwrap_or_default(),
        wall_ns,
        between_ns,
        unattributed_ns: wall_ns - attributed_ns - between_ns,
        attributed: attributed_ns / wall_ns.max(1.0),
        profiled_p50_ns,
        unprofiled_p50_ns,
        overhead: overhead.unwrap_or(profiled_p50_ns / unprofiled_p50_ns.max(1.0) - 1.0),
        overhead_interval,
        invocations: inferences.invocations,
        operators,
        remarks,
    }
}

/// The model file.
struct File<'a> {
    nodes: &'a [NodeView<'a>],
    costs: &'a Costs,
}

fn one(
    operator: ProfiledOperator,
    sources: &[usize],
    macs: Option<u64>,
    file: &File<'_>,
    inferences: &Inferences,
    provider: Option<&str>,
) -> Operator {
    let runs = inferences.walls.len();
    let mut times = in_runs(&operator, runs);
    let invocation_ns = inferences.means(&times);
    let begin_ns = inferences.mean_of_some(&first_begins(&operator, runs));
    let calls = operator.calls.len() as f64 / runs.max(1) as f64;
    times.sort_by(f64::total_cmp);

    let source_ops: Vec<&str> = sources.iter().map(|&place| file.nodes[place].op).collect();
    let main = main_source(&operator, sources, file);
    let multiplies = macs.is_some_and(|macs| macs > 0);
    let kernel = canonical(&operator.op);
    let of_file = main.map(|place| canonical(file.nodes[place].op));
    // Parts of a product that do not multiply, such as the packing of its operands, and views that are put before a node are
    // told by what executes.
    let (of_kernel, product) = (role(&kernel, false), OperatorRole::Product);
    let says = |name: &String| {
        let of_name = role(name, false);
        // A factor for each channel may be executed as a convolution.
        let by_product = of_kernel == product && macs == Some(0);
        multiplies || of_name == of_kernel || ((of_kernel == OperatorRole::Other || by_product) && of_name != product)
    };
    let canonical = of_file.filter(says).unwrap_or(kernel);
    let role = role(&canonical, multiplies);
    let (bytes_read, bytes_written) = bytes(&operator, sources, file, calls);
    let fallback = operator
        .provider
        .as_deref()
        .zip(provider)
        .is_some_and(|(is, asked)| is != asked);
    Operator {
        arithmetic: arithmetic(&operator, role),
        calls,
        median_ns: quantile(&times, 0.5).unwrap_or(0.0),
        p90_ns: quantile(&times, 0.9).unwrap_or(0.0),
        mean_ns: average(&invocation_ns),
        invocation_ns,
        begin_ns: begin_ns.unwrap_or(0.0),
        canonical,
        sources: sources.iter().map(|&place| file.nodes[place].name.to_owned()).collect(),
        source_ops: source_ops.into_iter().map(str::to_owned).collect(),
        macs,
        // Some runtimes count the arithmetic of activations too.
        runtime_macs: operator.macs.filter(|_| role == OperatorRole::Product),
        bytes_read,
        bytes_written,
        role,
        fallback,
        name: operator.name,
        op: operator.op,
        provider: operator.provider,
        inputs: operator.inputs,
        outputs: operator.outputs,
    }
}

/// The node that gives an operator its canonical name: the one that multiplies, or the one that it executes, or the first.
/// None where a runtime has its own for many, such as `LayerNormalization` for all that makes one.
fn main_source(operator: &ProfiledOperator, sources: &[usize], file: &File<'_>) -> Option<usize> {
    let multiplies = |&&place: &&usize| file.costs.operators.get(place).and_then(|cost| cost.macs).unwrap_or(0) > 0;
    let same = |&&place: &&usize| canonical(file.nodes[place].op) == canonical(&operator.op);
    sources
        .iter()
        .find(multiplies)
        .or_else(|| sources.iter().find(same))
        .or_else(|| sources.first().filter(|_| !is_composite(&canonical(&operator.op))))
        .copied()
}

/// Multiply-accumulates of each operator by the model file. Where several stand for one node, the one that the runtime says
/// multiplies has them, or the one that takes longest. `None` where a node's are not known, or an operator's nodes.
fn macs(operators: &[ProfiledOperator], sources: &[Vec<usize>], costs: &Costs) -> Vec<Option<u64>> {
    let mut candidates: HashMap<usize, usize> = HashMap::new();
    let time = |operator: &ProfiledOperator| -> u64 {
        let calls = operator.calls.iter().map(|call| call.duration_ns.0);
        calls.fold(0, u64::saturating_add)
    };
    let weight = |operator: usize| (operators[operator].macs.unwrap_or(0) > 0, time(&operators[operator]));
    for (operator, places) in sources.iter().enumerate() {
        for &place in places {
            let best = candidates.entry(place).or_insert(operator);
            if weight(operator) > weight(*best) {
                *best = operator;
            }
        }
    }
    let of = |operator: usize, place: usize| {
        let macs = costs.operators.get(place)?.macs?;
        Some(if candidates[&place] == operator { macs } else { 0 })
    };
    sources
        .iter()
        .enumerate()
        .map(|(operator, places)| {
            if places.is_empty() {
                return None;
            }
            let mut sum = places.iter().map(|&place| of(operator, place));
            sum.try_fold(0_u64, |sum, macs| Some(sum.saturating_add(macs?)))
        })
        .collect()
}

/// Bytes read and written: by the file's formulas for an operator that is one node of it and works in the file's types,
/// otherwise by the shapes and types of what is read and written. None for one that is called more than once, within
/// another: with what each time is not told.
fn bytes(operator: &ProfiledOperator, sources: &[usize], file: &File<'_>, calls: f64) -> (Option<u64>, Option<u64>) {
    if is_view(&operator.op) {
        return (Some(0), Some(0));
    }
    if calls > 1.0 {
        return (None, None);
    }
    if let [place] = sources
        && file.nodes[*place].op == operator.op
        && let Some(cost) = file.costs.operators.get(*place)
        && cost.bytes_read.is_some()
    {
        return (cost.bytes_read, cost.bytes_written);
    }
    let sum = |values: &[ProfiledValue]| {
        let mut sizes = values.iter().map(size);
        let sum = sizes.try_fold(0_u64, |sum, size| sum.checked_add(size?));
        sum.filter(|_| !values.is_empty())
    };
    (sum(&operator.inputs), sum(&operator.outputs))
}

/// A value's bytes; `None` where its type or shape is not known, or not which value it is: a runtime that does not name
/// what an operator reads leaves out weights that it has packed.
fn size(value: &ProfiledValue) -> Option<u64> {
    if value.name.is_empty() && !value.constant {
        return None;
    }
    let bits: u64 = match value.dtype.as_deref()? {
        "f64" | "i64" | "u64" => 64,
        "f32" | "i32" | "u32" => 32,
        "f16" | "bf16" | "i16" | "u16" => 16,
        "i8" | "u8" | "bool" => 8,
        "i4" | "u4" => 4,
        _ => return None,
    };
    let elements = value
        .shape
        .as_ref()?
        .iter()
        .try_fold(1_u64, |product, &extent| product.checked_mul(extent as u64))?;
    Some(elements.checked_mul(bits)?.div_ceil(8))
}

#[cfg(test)]
mod tests {
    use edgebench_api::{Nanos, OperatorCall, Profile};

    use super::*;

    fn operator(name: &str, durations: &[u64]) -> ProfiledOperator {
        let calls = durations.iter().enumerate().map(|(run, &ns)| OperatorCall {
            run,
            begin_ns: Nanos(1),
            duration_ns: Nanos(ns),
            span_ns: None,
        });
        ProfiledOperator {
            name: name.to_owned(),
            op: name.to_owned(),
            calls: calls.collect(),
            ..ProfiledOperator::default()
        }
    }

    fn empty_graph() -> Graph {
        // The field of the graph, of no length.
        edgebench_graph::decode(vec![0x3a, 0].into(), std::path::Path::new(".")).unwrap()
    }

    #[test]
    fn means_of_typical_inferences_add_up_to_the_wall() {
        let walls = [100, 110, 5_000, 120, 90, 105, 115, 95];
        let first: Vec<u64> = walls.iter().map(|wall| wall / 2).collect();
        let second: Vec<u64> = walls.iter().map(|wall| wall / 4).collect();
        let profiled = Profiled {
            profiled_ns: walls.to_vec(),
            unprofiled_ns: vec![80; 8],
            profile: Profile {
                resolution_ns: Nanos(1),
                operators: vec![operator("a", &first), operator("b", &second)],
                executed_model: None,
            },
        };
        let graph = empty_graph();
        let costs = graph.costs(&std::collections::BTreeMap::new());
        let cell = cell_profile(vec![profiled], Ok(&graph), &costs, None, None);
        let sum: f64 = cell.operators.iter().map(|one| one.mean_ns).sum();
        assert!((sum + cell.between_ns + cell.unattributed_ns - cell.wall_ns).abs() < 1e-9);
        assert!(
            cell.wall_ns < 120.0,
            "the stall is in no typical inference: {}",
            cell.wall_ns
        );
        assert!((cell.attributed - 0.75).abs() < 0.02, "{}", cell.attributed);
        assert!((cell.overhead - (107.5 / 80.0 - 1.0)).abs() < 1e-9, "{}", cell.overhead);
        assert!((cell.operators[0].calls - 1.0).abs() < 1e-9);
    }
}
