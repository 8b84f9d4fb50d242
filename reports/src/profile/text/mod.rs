//! Profiles and differences as text that reads in a terminal and is Markdown as well.

mod bars;
mod difference;
mod findings;
mod operators;
mod peaks;
mod tensors;
mod tree;

use std::fmt::Write as _;

use edgebench_record::{CellProfile, ProfileRecord, ProfiledCell};

use super::derived::{DerivedCell, derive};
use super::sentences::span;
use super::sound;
use crate::site::device_name;
use crate::text::{counted, escaped, plain, signed, significant};

pub use difference::diff_table;
pub use findings::findings;
pub use peaks::peaks_in_words;
pub(crate) use peaks::{kind_name, level_name};

/// The largest overhead of the profiler that is shown.
const BELIEVED: f64 = 1e3;

/// What the profile tells: the machine's peaks, and for each cell what it is, a tree of where the time goes, the `top`
/// operators by time, and what is worth knowing.
pub fn profile_table(record: &ProfileRecord, top: usize) -> String {
    let mut out = format!(
        "## {} on {}, profile {}\n\n",
        escaped(&record.suite),
        escaped(&device_name(&record.host)),
        escaped(&record.id)
    );
    for line in peaks_in_words(record) {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    if record.interrupted {
        out.push_str("- the profile ended before its plan did\n");
    }
    for cell in &record.cells {
        let _ = write!(out, "\n{}", one(record, cell, top));
    }
    out
}

fn one(record: &ProfileRecord, cell: &ProfiledCell, top: usize) -> String {
    let mut out = format!("**{}**", escaped(&plain(&cell.id.to_string())));
    if let Some(runtime) = &cell.runtime {
        let _ = write!(out, " · {} {}", escaped(&runtime.runtime), escaped(&runtime.version));
    }
    let (Some(profile), Some(derived)) = (&cell.profile, derive(record, cell)) else {
        let reason = match cell.outcome.reason.as_str() {
            "" => String::new(),
            reason => format!(": {}", escaped(reason)),
        };
        return format!("{out} · {}{reason}\n", cell.outcome.kind.name());
    };
    out.push('\n');
    for line in header(cell, profile, &derived) {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    let _ = write!(
        out,
        "\n```text\n{}```\n\n{}",
        tree::tree(cell, profile, &derived),
        operators::operators(profile, &derived, top)
    );
    let found = findings(profile, &derived);
    if !found.is_empty() {
        out.push('\n');
    }
    for line in found {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    out + &tensors::tensors(cell, top)
}

/// How far the profile can be trusted: plain text.
fn header(cell: &ProfiledCell, profile: &CellProfile, derived: &DerivedCell) -> Vec<String> {
    let what = if sound::in_none(profile).is_some_and(|ns| ns < 0.0) {
        "of operators, some side by side, in a profiled inference"
    } else {
        "a profiled inference"
    };
    let mut facts = vec![format!(
        "{} {what}, mean of the typical ones among {}; no latency",
        span(derived.total_ns),
        profile.runs
    )];
    if let Some(shares) = derived.shares {
        facts.push(format!("{:.1} % of it in operators", shares.in_operators() * 100.0));
    }
    let is_overhead = |overhead: f64| (-1.0..=BELIEVED).contains(&overhead);
    if is_overhead(profile.overhead) {
        let interval = profile
            .overhead_interval
            .filter(|interval| is_overhead(interval.low) && is_overhead(interval.high))
            .map_or_else(String::new, |interval| {
                format!(
                    " [{}, {}]",
                    signed(interval.low * 100.0, 1),
                    signed(interval.high * 100.0, 1)
                )
            });
        facts.push(format!(
            "the profiler adds {} %{interval}",
            signed(profile.overhead * 100.0, 1)
        ));
    }
    if profile.resolution_ns.0 > 0 {
        facts.push(format!("the clock tells {}", profile.resolution_ns));
    }
    let mut lines = vec![facts.join("; ")];
    match (derived.model, derived.no_model) {
        (Some(model), _) if model.times_bound < 1.0 => lines.push(format!(
            "no lower bound: at the machine's peaks the model would take {}, more than the median without the profiler, {}, so \
             that what is counted of it or a roof is wrong",
            span(model.bound_ns),
            span(model.p50_ns)
        )),
        (Some(model), _) => {
            let of = if model.compute_ns >= model.memory_ns {
                "arithmetic"
            } else {
                "memory"
            };
            let left_out = match model.left_out {
                0 => String::new(),
                count => format!("; {} not counted", counted(count, "operator")),
            };
            lines.push(format!(
                "the machine's {of} allows no less than {}{left_out}; the median without the profiler, {}, is {} times that",
                span(model.bound_ns),
                span(model.p50_ns),
                significant(model.times_bound),
            ));
        }
        (None, Some(reason)) => lines.push(format!("no lower bound: {}", reason.words())),
        (None, None) => {}
    }
    if let Some(efficiency) = derived.efficiency {
        let threads = cell.id.settings.threads;
        lines.push(format!(
            "with {} the operators that the profile with one has too are {} times as fast: a parallel efficiency of {efficiency:.2}",
            counted(threads, "thread"),
            significant(threads as f64 * efficiency)
        ));
    }
    lines.extend(profile.remarks.iter().map(|remark| plain(remark)));
    lines
}
