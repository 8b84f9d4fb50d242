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
use crate::site::device_name;
use crate::text::{escaped, plain, signed};

pub use difference::diff_table;
pub use findings::findings;
pub use peaks::peaks_in_words;
pub(crate) use peaks::{kind_name, level_name};

/// The largest ratio of two times of one inference that is shown.
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
    for line in header(profile, &derived) {
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
fn header(profile: &CellProfile, derived: &DerivedCell) -> Vec<String> {
    let mut facts = vec![format!(
        "{} a profiled inference, mean of the typical ones among {}; no latency",
        span(derived.total_ns),
        profile.runs
    )];
    if (0.0..=BELIEVED).contains(&profile.attributed) {
        facts.push(format!("{:.1} % of it in operators", profile.attributed * 100.0));
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
        (Some(model), _) => {
            let of = if model.compute_ns >= model.memory_ns {
                "arithmetic"
            } else {
                "memory"
            };
            let left_out = match model.left_out {
                0 => String::new(),
                count => format!("; {} not counted", crate::text::counted(count, "operator")),
            };
            lines.push(format!(
                "the machine's {of} allows no less than {}{left_out}; the median without the profiler, {}, is {} times that",
                span(model.bound_ns),
                span(model.p50_ns),
                crate::text::significant(model.times_bound),
            ));
        }
        (None, Some(reason)) => lines.push(format!("no lower bound: {}", reason.words())),
        (None, None) => {}
    }
    lines.extend(profile.remarks.iter().map(|remark| plain(remark)));
    lines
}
