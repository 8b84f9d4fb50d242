//! `edgebench inspect`: a model file's static facts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use edgebench_api::Bytes;
use edgebench_graph::{Costs, DType, Dim, Graph, Totals, ValueInfo};
use serde_json::json;

use crate::args::{InspectArgs, TextFormat};
use crate::failure::Failure;
use crate::models::shown;
use crate::output::print;
use crate::parse::one_line;

pub(crate) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let graph = edgebench_graph::read(&args.file)?;
    let mut shapes: BTreeMap<String, Vec<u64>> = graph.inputs.iter().filter_map(one_sample).collect();
    for shape in &args.shape {
        if graph.inputs.iter().all(|input| input.name != shape.name) {
            let names: Vec<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(Failure::new(format!("the model has no input `{}`", shape.name))
                .hint(format!("its inputs are {}", names.join(", "))));
        }
        shapes.insert(
            shape.name.clone(),
            shape.extents.iter().map(|&extent| extent as u64).collect(),
        );
    }
    let costs = graph.costs(&shapes);
    let text = match args.format {
        TextFormat::Text => text(&graph, &costs),
        TextFormat::Json => {
            format!(
                "{}\n",
                serde_json::to_string_pretty(&json!({ "graph": graph, "shapes": shapes, "costs": costs }))?
            )
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// An input's shape for one sample, where only the leading axis is open.
fn one_sample(input: &ValueInfo) -> Option<(String, Vec<u64>)> {
    let extents: Option<Vec<u64>> = input
        .dims
        .iter()
        .enumerate()
        .map(|(axis, dim)| match dim {
            Dim::Fixed(extent) => Some(*extent),
            Dim::Symbol(_) | Dim::Unknown => (axis == 0).then_some(1),
        })
        .collect();
    Some((input.name.clone(), extents.filter(|_| input.shaped)?))
}

fn text(graph: &Graph, costs: &Costs) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<12} {value}");
    };
    if !graph.producer.is_empty() {
        line("producer", one_line(&graph.producer));
    }
    let opsets: Vec<String> = graph
        .opsets
        .iter()
        .map(|opset| {
            let domain = if opset.domain.is_empty() {
                "ai.onnx"
            } else {
                &opset.domain
            };
            format!("{} {}", one_line(domain), opset.version)
        })
        .collect();
    line("opsets", opsets.join(", "));
    for input in &graph.inputs {
        line("input", value(input));
    }
    for output in &graph.outputs {
        line("output", value(output));
    }
    let external: u64 = graph.external.iter().map(|file| file.bytes).sum();
    line("size", Bytes(graph.file_bytes + external).to_string());
    for file in &graph.external {
        line(
            "external",
            format!(
                "{} ({}, {} tensors)",
                one_line(&file.location),
                Bytes(file.bytes),
                file.tensors
            ),
        );
    }
    let share = |part: u64| part as f64 * 100.0 / graph.parameters.max(1) as f64;
    line(
        "parameters",
        format!(
            "{} ({} zero, {:.1} %)",
            graph.parameters,
            graph.zero_parameters,
            share(graph.zero_parameters)
        ),
    );
    if graph.zeros_unknown > 0 {
        line(
            "",
            format!("of {} nobody can tell whether they are zero", graph.zeros_unknown),
        );
    }
    for weights in &graph.weights {
        let bits = weights
            .bits_per_weight
            .map_or_else(String::new, |bits| format!(", {bits:.2} bits each"));
        line(
            "weights",
            format!(
                "{}: {} ({:.1} %), {}{bits}",
                weights.dtype,
                weights.elements,
                share(weights.elements),
                Bytes(weights.bytes)
            ),
        );
    }
    for (name, value) in cost_lines(costs) {
        line(name, value);
    }
    let mut operators: Vec<(&String, &usize)> = graph.operators.iter().collect();
    operators.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    for (name, count) in operators {
        line("operator", format!("{} × {count}", one_line(name)));
    }
    out
}

/// What one inference costs, by the name of the line.
fn cost_lines(costs: &Costs) -> Vec<(&'static str, String)> {
    let mut lines = figures(costs, &costs.written);
    if costs.fused != costs.written {
        let pairs = "quantise–dequantise pairs as the integer operators they stand for:";
        lines.push(("fused", pairs.to_owned()));
        lines.extend(figures(costs, &costs.fused));
    }
    lines.push(("stored", format!("{} of weights", Bytes(costs.weight_bytes))));
    if let Some(peak) = &costs.fused.live {
        let least = costs.weight_bytes.saturating_add(peak.bytes);
        lines.push(("memory", format!("{} of weights and live activations", Bytes(least))));
    }
    lines.extend(costs.uncounted.iter().map(|op| ("uncounted", one_line(op))));
    lines
}

/// One reading's sums, or why they are absent.
fn figures(costs: &Costs, totals: &Totals) -> Vec<(&'static str, String)> {
    let or_reason = |figure: Option<String>, reason: &Option<String>| {
        let unknown = || {
            format!(
                "unknown: {}",
                one_line(reason.as_deref().unwrap_or("no reason is known"))
            )
        };
        figure.unwrap_or_else(unknown)
    };
    let macs = costs
        .macs
        .map(|macs| format!("{macs}{}", shares(&totals.macs_by_dtype)));
    let bytes = totals.bytes_read.zip(totals.bytes_written);
    let moved = bytes.map(|(read, written)| format!("{} read, {} written", Bytes(read), Bytes(written)));
    let live = totals
        .live
        .as_ref()
        .map(|peak| format!("{} at `{}`", Bytes(peak.bytes), one_line(&peak.node)));
    vec![
        ("MACs", or_reason(macs, &costs.macs_unknown)),
        ("moved", or_reason(moved, &costs.bytes_unknown)),
        ("live", or_reason(live, &costs.live_unknown)),
    ]
}

/// Multiply-accumulates by element type, where there are any.
fn shares(macs: &BTreeMap<DType, u64>) -> String {
    let parts: Vec<String> = macs.iter().map(|(dtype, macs)| format!("{dtype} {macs}")).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}

fn value(value: &ValueInfo) -> String {
    format!("{} {} {}", one_line(&value.name), value.dtype, shown(value))
}
