//! From what a worker timed to what a cell's operators take.

use std::collections::HashMap;

use edgebench_api::{ProfiledOperator, ProfiledValue};
use edgebench_graph::{Costs, Graph, GraphError, NodeView};
use edgebench_protocol::Profiled;
use edgebench_record::{CellProfile, Operator, OperatorRole};
use edgebench_stats::{Interval, hodges_lehmann, median, quantile, signed_rank_interval};

use super::executed::connect;
use super::join::sources;
use super::kinds::{arithmetic, canonical, role};

/// Fewer inferences than this do not tell what the profiler costs.
const FEW: usize = 12;

/// What a cell's operators take. `graph` is the model file, where it can be read; `executed` the graph as the runtime
/// executes it, where it wrote one; `provider` what the cell asked to execute it.
pub(super) fn cell_profile(
    mut profiled: Profiled,
    graph: Result<&Graph, &GraphError>,
    costs: &Costs,
    executed: Option<&Graph>,
    provider: Option<&str>,
) -> CellProfile {
    let mut operators = std::mem::take(&mut profiled.profile.operators);
    let mut remarks = Vec::new();
    if let Some(executed) = executed {
        connect(&mut operators, executed);
    }
    let runs = profiled.profiled_ns.len();
    let walls: Vec<f64> = profiled.profiled_ns.iter().map(|&ns| ns as f64).collect();
    let typical = typical(&walls);
    let sums = in_runs(operators.iter().flat_map(|operator| &operator.calls), runs);
    let shares: Vec<f64> = sums.iter().zip(&walls).map(|(sum, wall)| sum / wall.max(1.0)).collect();
    let between = between(&operators, runs);
    let wall_ns = mean(&walls, &typical);

    let sources = match graph {
        Ok(graph) => sources(&operators, graph),
        Err(error) => {
            remarks.push(format!("the model file's nodes are not known: {error}"));
            vec![Vec::new(); operators.len()]
        }
    };
    let macs = macs(&operators, &sources, costs);
    let nodes: Vec<NodeView<'_>> = graph.map(|graph| graph.nodes().collect()).unwrap_or_default();
    let operators: Vec<Operator> = operators
        .into_iter()
        .zip(sources)
        .zip(macs)
        .map(|((operator, sources), macs)| {
            let file = File { nodes: &nodes, costs };
            one(operator, &sources, macs, &file, runs, &typical, provider)
        })
        .collect();
    let between_ns = mean(&between, &typical);
    let attributed_ns: f64 = operators.iter().map(|operator| operator.mean_ns).sum();

    let p50 = |samples: &[u64]| median(&samples.iter().map(|&ns| ns as f64).collect::<Vec<_>>()).unwrap_or(0.0);
    let (profiled_p50_ns, unprofiled_p50_ns) = (p50(&profiled.profiled_ns), p50(&profiled.unprofiled_ns));
    let (overhead, overhead_interval) = overhead(&profiled).unzip();
    if runs < FEW {
        remarks.push(format!("{runs} profiled inferences are few"));
    }
    if graph.is_ok() && operators.iter().all(|operator| operator.sources.is_empty()) && !operators.is_empty() {
        remarks.push("no operator could be told from the model file's nodes".to_owned());
    }
    CellProfile {
        runs,
        resolution_ns: profiled.profile.resolution_ns,
        wall_ns,
        between_ns,
        unattributed_ns: wall_ns - attributed_ns - between_ns,
        attributed: median(&shares).unwrap_or(0.0),
        profiled_p50_ns,
        unprofiled_p50_ns,
        overhead: overhead.unwrap_or(profiled_p50_ns / unprofiled_p50_ns.max(1.0) - 1.0),
        overhead_interval,
        invocations: Vec::new(),
        operators,
        remarks,
    }
}

/// What the profiler adds and its 95 % interval, from inferences paired in their order.
fn overhead(profiled: &Profiled) -> Option<(f64, Interval)> {
    let ratios: Vec<f64> = profiled
        .profiled_ns
        .iter()
        .zip(&profiled.unprofiled_ns)
        .filter(|&(&with, &without)| with > 0 && without > 0)
        .map(|(&with, &without)| (with as f64 / without as f64).ln())
        .collect();
    if ratios.len() < FEW {
        return None;
    }
    let mut interval = signed_rank_interval(&ratios, 0.95)?;
    (interval.low, interval.high) = (interval.low.exp_m1(), interval.high.exp_m1());
    Some((hodges_lehmann(&ratios)?.exp_m1(), interval))
}

/// The places of the half of the inferences whose times are in the middle; all of them where there are few.
fn typical(walls: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..walls.len()).collect();
    places.sort_by(|&a, &b| walls[a].total_cmp(&walls[b]).then(a.cmp(&b)));
    let cut = if walls.len() < 4 { 0 } else { walls.len() / 4 };
    let mut middle = places[cut..places.len() - cut].to_vec();
    middle.sort_unstable();
    middle
}

fn mean(of_runs: &[f64], places: &[usize]) -> f64 {
    places.iter().map(|&place| of_runs[place]).sum::<f64>() / places.len().max(1) as f64
}

/// The calls' time in each inference. A call of an inference that there is not, which only a broken worker tells of, is
/// left out.
fn in_runs<'a>(calls: impl Iterator<Item = &'a edgebench_api::OperatorCall>, runs: usize) -> Vec<f64> {
    let mut sums = vec![0.0; runs];
    for call in calls {
        if let Some(sum) = sums.get_mut(call.run) {
            *sum += call.duration_ns.0 as f64;
        }
    }
    sums
}

/// What passes between the end of one operator and the beginning of the next one in each inference.
fn between(operators: &[ProfiledOperator], runs: usize) -> Vec<f64> {
    let mut calls: Vec<Vec<(u64, u64)>> = vec![Vec::new(); runs];
    for call in operators.iter().flat_map(|operator| &operator.calls) {
        if let Some(calls) = calls.get_mut(call.run) {
            let span_ns = call.span_ns.unwrap_or(call.duration_ns).0;
            calls.push((call.begin_ns.0, call.begin_ns.0.saturating_add(span_ns)));
        }
    }
    let gaps = |mut calls: Vec<(u64, u64)>| {
        calls.sort_unstable();
        let mut gaps = 0_u64;
        let mut latest = calls.first().map_or(0, |&(begin, _)| begin);
        for (begin, end) in calls {
            gaps = gaps.saturating_add(begin.saturating_sub(latest));
            latest = latest.max(end);
        }
        gaps as f64
    };
    calls.into_iter().map(gaps).collect()
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
    runs: usize,
    typical: &[usize],
    provider: Option<&str>,
) -> Operator {
    let mut times = in_runs(operator.calls.iter(), runs);
    let mean_ns = mean(&times, typical);
    let begins: Vec<f64> = first_begins(&operator, runs).into_iter().flatten().collect();
    let calls = operator.calls.iter().filter(|call| call.run < runs).count() as f64 / runs.max(1) as f64;
    times.sort_by(f64::total_cmp);

    let source_ops: Vec<&str> = sources.iter().map(|&place| file.nodes[place].op).collect();
    let main = main_source(&operator, sources, file);
    let multiplies = macs.is_some_and(|macs| macs > 0);
    let kernel = canonical(&operator.op);
    let of_file = main.map(|place| canonical(file.nodes[place].op));
    // Parts of a product that do not multiply, such as the packing of its operands, are told by what executes.
    let is_product = |name: &str| role(name, false) == OperatorRole::Product;
    let canonical = of_file
        .filter(|name| multiplies || !is_product(name) || is_product(&kernel))
        .unwrap_or(kernel);
    let role = role(&canonical, multiplies);
    let (bytes_read, bytes_written) = bytes(&operator, sources, file);
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
        mean_ns,
        invocation_ns: Vec::new(),
        begin_ns: median(&begins).unwrap_or(0.0),
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

/// When the operator is first called in each inference.
fn first_begins(operator: &ProfiledOperator, runs: usize) -> Vec<Option<f64>> {
    let mut begins: Vec<Option<f64>> = vec![None; runs];
    for call in &operator.calls {
        if let Some(begin) = begins.get_mut(call.run) {
            let this = call.begin_ns.0 as f64;
            *begin = Some(begin.map_or(this, |known: f64| known.min(this)));
        }
    }
    begins
}

/// The node that gives an operator its canonical name: the one that multiplies, or the one it is named after, or the first.
fn main_source(operator: &ProfiledOperator, sources: &[usize], file: &File<'_>) -> Option<usize> {
    let multiplies = |&&place: &&usize| file.costs.operators.get(place).and_then(|cost| cost.macs).unwrap_or(0) > 0;
    let same = |&&place: &&usize| canonical(file.nodes[place].op) == canonical(&operator.op);
    sources
        .iter()
        .find(multiplies)
        .or_else(|| sources.iter().find(same))
        .or_else(|| sources.first())
        .copied()
}

/// Multiply-accumulates of each operator by the model file. Where several stand for one node, the one that the runtime says
/// multiplies has them, or the one that takes longest. `None` where a node's are not known.
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
            let mut sum = places.iter().map(|&place| of(operator, place));
            sum.try_fold(0_u64, |sum, macs| Some(sum.saturating_add(macs?)))
        })
        .collect()
}

/// Bytes read and written: by the file's formulas for an operator that is one node of it and works in the file's types,
/// otherwise by the shapes and types of what is read and written.
fn bytes(operator: &ProfiledOperator, sources: &[usize], file: &File<'_>) -> (Option<u64>, Option<u64>) {
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

/// A value's bytes; `None` where its type or shape is not known.
fn size(value: &ProfiledValue) -> Option<u64> {
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
        let cell = cell_profile(profiled, Ok(&graph), &costs, None, None);
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
