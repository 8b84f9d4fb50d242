//! Whether a suite's data fits its models: told before anything runs, and not by every runtime in its own words.

use edgebench_graph::{Dim, Graph};
use edgebench_runner::Plan;
use edgebench_suites::{Suite, Task, Variant};

use crate::failure::Failure;
use crate::models::shown;
use crate::parse::one_line;

/// Holds what the suite says of inputs and outputs against the models that the plan needs. A model that cannot be read
/// here is its own cells' affair.
pub(crate) fn fits(suite: &Suite, plan: &Plan) -> Result<(), Failure> {
    for task in &suite.tasks {
        let planned = task.variants.iter().filter(|variant| {
            plan.cells
                .iter()
                .any(|cell| cell.id.task == task.id && cell.id.variant == variant.id)
        });
        for variant in planned {
            if let Ok(graph) = edgebench_graph::read(&variant.path) {
                model_fits(task, variant, &graph)?;
            }
        }
    }
    Ok(())
}

fn model_fits(task: &Task, variant: &Variant, graph: &Graph) -> Result<(), Failure> {
    let place = format!("task `{}`, variant `{}`", task.id, variant.id);
    let wrong = |fact: String| Failure::new(format!("{place}: {fact}"));
    let names = |values: &[edgebench_graph::ValueInfo]| {
        let names: Vec<String> = values.iter().map(|value| one_line(&value.name)).collect();
        names.join(", ")
    };
    for (name, table) in &task.inputs {
        let Some(value) = graph.inputs.iter().find(|value| value.name == *name) else {
            return Err(wrong(format!("the model has no input `{name}`"))
                .hint(format!("the model's inputs are {}", names(&graph.inputs))));
        };
        if value.dtype.to_string() != table.dtype.to_string() {
            return Err(wrong(format!(
                "input `{name}` of the model takes {}, and it would get {}",
                value.dtype, table.dtype
            ))
            .hint("correct the input's dtype"));
        }
        let extents = table.shape.iter().filter(|_| value.shaped);
        for shape in extents {
            let own = value.dims.get(1..).unwrap_or_default();
            let fitting = own.len() == shape.len()
                && own.iter().zip(shape).all(|(dim, &extent)| match dim {
                    Dim::Fixed(fixed) => *fixed == extent as u64,
                    Dim::Symbol(_) | Dim::Unknown => true,
                });
            if !fitting {
                return Err(wrong(format!(
                    "input `{name}` of the model is {}, and a sample would be {shape:?}",
                    shown(value)
                ))
                .hint("the leading axis is the batch; the others are one sample's"));
            }
        }
    }
    if !task.inputs.is_empty()
        && let Some(value) = graph.inputs.iter().find(|value| !task.inputs.contains_key(&value.name))
    {
        return Err(
            wrong(format!("nothing feeds the model's input `{}`", one_line(&value.name)))
                .hint("describe it as the others, or measure models with other inputs in a run of their own"),
        );
    }
    match &task.output {
        Some(output) if graph.outputs.iter().all(|value| value.name != *output) => {
            Err(wrong(format!("the model has no output `{output}`"))
                .hint(format!("the model's outputs are {}", names(&graph.outputs))))
        }
        _ => Ok(()),
    }
}
