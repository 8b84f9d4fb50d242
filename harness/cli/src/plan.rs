//! `edgebench plan`: what `run` would do, before anything runs.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use edgebench_record::ScenarioKind;
use edgebench_runner::Plan;
use serde_json::json;

use crate::args::{PlanArgs, TextFormat};
use crate::failure::Failure;
use crate::output::print;
use crate::parse::one_line;
use crate::select::select;

pub(crate) fn plan(args: &PlanArgs) -> Result<ExitCode, Failure> {
    let plan = select(&args.selection)?.plan;
    let text = match args.format {
        TextFormat::Text => text(&plan),
        TextFormat::Json => {
            let shown =
                json!({ "plan": &plan, "sha256": plan.sha256(), "at_least_ns": at_least(&plan).as_nanos() as u64 });
            format!("{}\n", serde_json::to_string_pretty(&shown)?)
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What warm-up and measurement take by themselves. Starting, loading and evaluating depend on model and machine.
fn at_least(plan: &Plan) -> Duration {
    let invocations: usize = plan.order.iter().map(Vec::len).sum();
    Duration::from_nanos(plan.measure.warm_up_ns + plan.measure.measure_ns)
        .saturating_mul(invocations as u32)
        .saturating_add(scenarios_at_least(plan))
}

/// What the loads of scenarios take by themselves; the search of a server scenario takes several times as long.
fn scenarios_at_least(plan: &Plan) -> Duration {
    let Some(scenarios) = &plan.scenarios else {
        return Duration::ZERO;
    };
    let one = |kind: &ScenarioKind| match kind {
        ScenarioKind::ColdStart => Duration::ZERO,
        ScenarioKind::Soak => Duration::from_nanos(scenarios.soak_ns.saturating_add(scenarios.cool_down_ns)),
        _ => Duration::from_nanos(scenarios.min_ns),
    };
    let all = scenarios
        .kinds
        .iter()
        .map(one)
        .fold(Duration::ZERO, Duration::saturating_add);
    all.saturating_mul(plan.cells.len() as u32)
}

fn text(plan: &Plan) -> String {
    let measure = &plan.measure;
    let mut out = format!(
        "{}: {} × {} invocations, {} s warm-up and {} s measurement each, seed {}, reference {}\n",
        one_line(&plan.suite),
        match plan.cells.len() {
            1 => "1 cell".to_owned(),
            cells => format!("{cells} cells"),
        },
        measure.invocations,
        measure.warm_up_ns as f64 / 1e9,
        measure.measure_ns as f64 / 1e9,
        plan.seed,
        one_line(&plan.reference)
    );
    let _ = writeln!(
        out,
        "at least {} by these bounds; starting, loading and accuracy come on top",
        crate::progress::rough(at_least(plan))
    );
    if let Some(scenarios) = &plan.scenarios {
        let names: Vec<&str> = scenarios.kinds.iter().map(|kind| kind.name()).collect();
        let _ = writeln!(out, "then, once per cell: {}", names.join(", "));
    }
    for (round, order) in plan.order.iter().enumerate() {
        let _ = writeln!(out, "round {}", round + 1);
        for cell in order.iter().filter_map(|&index| plan.cells.get(index)) {
            let _ = writeln!(out, "  {}", one_line(&cell.id.to_string()));
        }
    }
    out
}
