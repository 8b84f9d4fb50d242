//! What more threads bring to each operator.

use std::collections::BTreeMap;

use edgebench_record::{ProfileRecord, ProfiledCell};

use super::derived::OperatorFacts;
use super::sound;

/// The same cell at one thread, where the record has it and this one has more.
pub(super) fn at_one_thread<'a>(record: &'a ProfileRecord, cell: &ProfiledCell) -> Option<&'a ProfiledCell> {
    if cell.id.settings.threads < 2 {
        return None;
    }
    let mut single = cell.id.clone();
    single.settings.threads = 1;
    let cells = record.cells.iter();
    cells
        .into_iter()
        .find(|other| other.id == single && other.profile.is_some())
}

/// t₁ ⁄ (n · tₙ) of each operator of `many`, whose cell has n threads, `single`'s one: 1 where n threads are n times as
/// fast, 1 ⁄ n where they bring nothing. An operator is the other cell's of the same name and kind; `None` where that has
/// none, and where one of the two times cannot be or is below the clock's resolution.
pub fn parallel_efficiency(single: &ProfiledCell, many: &ProfiledCell) -> Vec<Option<f64>> {
    let Some(profile) = &many.profile else {
        return Vec::new();
    };
    let Some(of_single) = &single.profile else {
        return vec![None; profile.operators.len()];
    };
    let resolution_ns = profile.resolution_ns.max(of_single.resolution_ns).0 as f64;
    let told = |ns: f64| sound::some_time(ns).filter(|ns| *ns >= resolution_ns);
    let by_name: BTreeMap<(&str, &str), f64> = of_single
        .operators
        .iter()
        .filter_map(|operator| Some(((&*operator.name, &*operator.canonical), told(operator.mean_ns)?)))
        .collect();
    let threads = many.id.settings.threads as f64 / single.id.settings.threads as f64;
    let of = |name: (&str, &str), ns: f64| {
        let efficiency = by_name.get(&name)? / (threads * told(ns)?);
        efficiency.is_finite().then_some(efficiency)
    };
    let operators = profile.operators.iter();
    operators
        .map(|operator| of((&operator.name, &operator.canonical), operator.mean_ns))
        .collect()
}

/// The efficiency of all operators together that have one. What each takes at one thread is its efficiency times its time
/// here, but for the number of threads.
pub(super) fn together(operators: &[OperatorFacts]) -> Option<f64> {
    let known = operators.iter().filter_map(|facts| {
        let ns = facts.time_ns.and_then(sound::some_time)?;
        Some((facts.efficiency? * ns, ns))
    });
    let (single_ns, many_ns) = known.fold((0.0, 0.0), |sum, (single, many)| (sum.0 + single, sum.1 + many));
    (many_ns > 0.0).then(|| single_ns / many_ns)
}
