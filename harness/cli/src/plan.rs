//! `edgebench plan`: what `run` would do, before anything runs.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

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
    Duration::from_nanos(plan.measure.warm_up_ns + plan.measure.measure_ns).saturating_mul(invocations as u32)
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
    for (round, order) in plan.order.iter().enumerate() {
        let _ = writeln!(out, "round {}", round + 1);
        for cell in order.iter().filter_map(|&index| plan.cells.get(index)) {
            let _ = writeln!(out, "  {}", one_line(&cell.id.to_string()));
        }
    }
    out
}
