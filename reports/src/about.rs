//! What a task's table is about, in parts: the metric and its samples, the baseline, settings that all cells share.

use edgebench_record::{Cell, TaskFacts};

use crate::columns::Escape;
use crate::ranking::Rank;

/// `top1 over 10000 samples`, `baseline fp32`, `1 thread`, `batch 1`.
pub(crate) fn about(task: &TaskFacts, cells: &[(Rank, &Cell)], escape: Escape) -> Vec<String> {
    let mut parts = vec![match &task.metric {
        Some(metric) => format!("{}{}", escape(metric), over(task, cells)),
        None => format!("accuracy not measured, inputs {}", escape(&task.inputs)),
    }];
    parts.push(format!("baseline {}", escape(&task.baseline)));
    let same = |part: fn(&edgebench_api::Settings) -> usize| {
        let first = part(&cells.first()?.1.id.settings);
        cells
            .iter()
            .all(|(_, cell)| part(&cell.id.settings) == first)
            .then_some(first)
    };
    match same(|settings| settings.threads) {
        Some(1) => parts.push("1 thread".to_owned()),
        Some(threads) => parts.push(format!("{threads} threads")),
        None => {}
    }
    if let Some(batch) = same(|settings| settings.batch) {
        parts.push(format!("batch {batch}"));
    }
    parts
}

/// How many samples the metric was computed over: all, or the part that cells were given. Where they differ, a column
/// tells.
fn over(task: &TaskFacts, cells: &[(Rank, &Cell)]) -> String {
    let Some(all) = task.samples else {
        return String::new();
    };
    let used = cells
        .iter()
        .filter_map(|(_, cell)| Some(cell.accuracy.as_ref()?.samples));
    match used.max() {
        Some(most) if most < all => format!(" over {most} of {all} samples"),
        _ => format!(" over {all} samples"),
    }
}
