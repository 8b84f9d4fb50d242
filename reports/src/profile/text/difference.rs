//! A difference of two profiles as a table.

use std::fmt::Write as _;

use crate::columns::ABSENT;
use crate::profile::diff::{DiffSide, ProfileDiff, Profiled, Segment, SegmentKind, SegmentSide, operators_in_words};
use crate::profile::names::named;
use crate::profile::sentences::{Explanation, Verdict, span};
use crate::profile::sound;
use crate::profile::{Alignment, causes::operators_of};
use crate::table::aligned;
use crate::text::{TimeUnit, code, counted, escaped, shortened, signed};

/// The longest list of a segment's operators, in characters.
const OPERATORS: usize = 80;

/// What the two are, why they differ, and the `top` segments by difference; the others are one row, so that the rows sum
/// up to the whole.
pub fn diff_table(
    a: &Profiled<'_>,
    b: &Profiled<'_>,
    diff: &ProfileDiff,
    explanation: &Explanation,
    top: usize,
) -> String {
    let mut out = format!("{}\n{}\n", side("A", &diff.a), side("B", &diff.b));
    let _ = writeln!(out, "\n{}.\n", escaped(&explanation.sentence));
    for note in &explanation.notes {
        let _ = writeln!(out, "- {}", escaped(note));
    }
    if let Some(words) = aligned_by(diff.aligned_by) {
        let _ = writeln!(out, "- {words}");
    }
    if matches!(explanation.verdict, Verdict::Hidden | Verdict::WithinNoise) {
        let _ = writeln!(out, "- the table is of profiled times, and tells no reason");
    }
    let shown = &diff.segments[..top.min(diff.segments.len())];
    let others = &diff.segments[shown.len()..];
    let times = diff.segments.iter().flat_map(|one| [one.a.time_ns, one.b.time_ns]);
    let unit = TimeUnit::for_smallest(times.filter(|ns| *ns >= diff.a.wall_ns.max(diff.b.wall_ns) / 1e3));
    let operators = [a, b].map(operators_of);
    let mut rows: Vec<Vec<String>> = shown
        .iter()
        .map(|one| {
            let parts = |side: usize, part: &SegmentSide| {
                let words = operators_in_words(operators[side], &part.operators);
                let words = if words.is_empty() {
                    ABSENT.to_owned()
                } else {
                    shortened(&words, OPERATORS)
                };
                code(&words)
            };
            let mut row = figures(code(&title(one)), one.a.time_ns, one.b.time_ns, unit);
            row.extend([parts(0, &one.a), parts(1, &one.b)]);
            row
        })
        .collect();
    let mut add = |title: String, a_ns: f64, b_ns: f64| {
        let mut row = figures(title, a_ns, b_ns, unit);
        row.extend([String::new(), String::new()]);
        rows.push(row);
    };
    if !others.is_empty() {
        add(
            counted(others.len(), "more segment"),
            sound::sum(others.iter().map(|one| one.a.time_ns)),
            sound::sum(others.iter().map(|one| one.b.time_ns)),
        );
    }
    add("the inference".to_owned(), diff.a.wall_ns, diff.b.wall_ns);
    let (a_header, b_header) = (format!("A ({})", unit.symbol()), format!("B ({})", unit.symbol()));
    let headers = [
        ("segment", false),
        (&*a_header, true),
        (&*b_header, true),
        ("B − A", true),
        ("%", true),
        ("A's operators", false),
        ("B's operators", false),
    ];
    let _ = write!(out, "\n{}", aligned(&headers, &rows));
    out
}

/// `A: fashion/fp32/ort/t1/b1, profile 20261122T…, 1.23 ms a profiled inference, 1.19 ms without the profiler`.
fn side(letter: &str, side: &DiffSide) -> String {
    let without = side
        .unprofiled_p50_ns
        .map_or_else(String::new, |ns| format!(", {} without the profiler", span(ns)));
    format!(
        "- **{letter}**: {}, profile {}, {} a profiled inference{without}",
        escaped(&side.cell.to_string()),
        escaped(&side.run),
        span(side.wall_ns)
    )
}

fn aligned_by(by: Alignment) -> Option<&'static str> {
    match by {
        Alignment::Nodes => None,
        Alignment::Order => Some("no node of the model file is in both: aligned by the order of operators of one kind"),
        Alignment::Nothing => Some("nothing in the two is alike: no operator is aligned"),
    }
}

fn title(segment: &Segment) -> String {
    match segment.kind {
        SegmentKind::Unattributed => "in no operator".to_owned(),
        _ => named(&segment.name),
    }
}

fn figures(title: String, a_ns: f64, b_ns: f64, unit: TimeUnit) -> Vec<String> {
    let delta_ns = b_ns - a_ns;
    let size = |ns: f64| unit.show(ns.abs());
    let change = match size(delta_ns) {
        none if none.chars().all(|c| c == '0' || c == '.') => none,
        size if delta_ns < 0.0 => format!("−{size}"),
        size => format!("+{size}"),
    };
    // What is in no operator is below 0 where operators ran side by side.
    let shown = |ns: f64| if ns < 0.0 { format!("−{}", size(ns)) } else { size(ns) };
    let share = delta_ns / a_ns * 100.0;
    vec![
        title,
        shown(a_ns),
        shown(b_ns),
        change,
        if sound::some_time(a_ns).is_some() {
            signed(share, 0)
        } else {
            ABSENT.to_owned()
        },
    ]
}
