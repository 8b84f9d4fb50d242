//! Two profiled cells side by side, in segments that both have.

use edgebench_record::{CellId, CellProfile, Operator, OperatorRole, ProfileRecord, ProfiledCell};
use schemars::JsonSchema;
use serde::Serialize;

use super::align::{Alignment, Placed, align};
use super::names::{Names, names};
use super::sound;
use crate::text::plain;

/// A profiled cell and the record that it is in.
#[derive(Debug, Clone, Copy)]
pub struct Profiled<'a> {
    /// The record.
    pub record: &'a ProfileRecord,
    /// One of its cells.
    pub cell: &'a ProfiledCell,
}

/// Why two cells cannot be held against each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDiff {
    /// A cell has no profile.
    #[error("{cell} has no profile: {outcome}")]
    NoProfile {
        /// Which.
        cell: String,
        /// What became of it.
        outcome: String,
    },
    /// The time of its profiled inferences cannot be.
    #[error("the profile of {0} has no time of an inference")]
    NoTime(String),
}

/// Two profiled cells: B's times less A's. All times are of typical profiled inferences, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProfileDiff {
    /// What B is held against.
    pub a: DiffSide,
    /// The other one.
    pub b: DiffSide,
    /// What both have in common, for a sentence: `on ort`, `of int8-static`; empty where there is nothing to say.
    pub common: String,
    /// Time of B's inference less that of A's. The segments' differences sum up to it.
    pub delta_ns: f64,
    /// By what the operators were aligned.
    pub aligned_by: Alignment,
    /// The segments, the largest difference first.
    pub segments: Vec<Segment>,
    /// What to keep in mind.
    pub remarks: Vec<String>,
}

/// One of the two cells.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DiffSide {
    /// The cell.
    pub cell: CellId,
    /// What tells it from the other one, for a sentence: plain text.
    pub name: String,
    /// The profile that it is in.
    pub run: String,
    /// Time of a typical profiled inference.
    pub wall_ns: f64,
    /// Fresh processes that it was profiled in; 0 where the record does not tell them apart.
    pub processes: usize,
    /// Median time of an inference without the profiler, the mean over the processes; absent where the record's figure
    /// cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unprofiled_p50_ns: Option<f64>,
}

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentKind {
    /// Both have operators in it.
    Common,
    /// Only A has.
    OnlyA,
    /// Only B has.
    OnlyB,
    /// What is in no operator: between two, before, or after them.
    Unattributed,
}

/// Operators of both sides that stand for the same nodes, with those around them that only one side has.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Segment {
    /// What it is.
    pub kind: SegmentKind,
    /// The node of its product, or of what computes longest: `conv1`; of several products the first and the last
    /// one's: `conv1 … conv3`. From the record.
    pub name: String,
    /// A's part.
    pub a: SegmentSide,
    /// B's part.
    pub b: SegmentSide,
    /// B's time less A's.
    pub delta_ns: f64,
    /// That over A's time; absent where A takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta_share: Option<f64>,
}

/// One side's part of a segment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct SegmentSide {
    /// Places of its operators in [`CellProfile::operators`], in the order of execution.
    pub operators: Vec<usize>,
    /// Those of them that the other side has nothing for.
    pub alone: Vec<usize>,
    /// Their time together.
    pub time_ns: f64,
}

/// Holds `b` against `a`, in segments.
///
/// Operators of both sides that stand for a node that both have are one segment, and so are all that are joined by such
/// nodes: where one side fuses what the other does not, the segment is what is fused. An operator without such a node
/// (changes of the number format that quantisation put in, layout operators that a runtime put in) belongs to the segment
/// of the operator that reads what it writes, else of the next one in order of execution, else of the one before. What is
/// in no operator is a segment of its own, so that the differences of all sum up to the difference of the inferences.
///
/// # Errors
/// [`NoDiff`] where one has no profile.
pub fn diff(a: &Profiled<'_>, b: &Profiled<'_>) -> Result<ProfileDiff, NoDiff> {
    let Names {
        a: name_a,
        b: name_b,
        common,
    } = names(&a.cell.id, &b.cell.id);
    let (profile_a, side_a) = side(a, name_a)?;
    let (profile_b, side_b) = side(b, name_b)?;
    let aligned = align(&profile_a.operators, &profile_b.operators);
    let mut segments: Vec<Segment> = aligned
        .segments
        .iter()
        .map(|placed| segment(placed, &profile_a.operators, &profile_b.operators))
        .collect();
    segments.push(unattributed(profile_a, &side_a, profile_b, &side_b));
    segments.sort_by(|one, other| other.delta_ns.abs().total_cmp(&one.delta_ns.abs()));
    Ok(ProfileDiff {
        delta_ns: side_b.wall_ns - side_a.wall_ns,
        remarks: remarks(a, b),
        aligned_by: aligned.by,
        a: side_a,
        b: side_b,
        common,
        segments,
    })
}

fn side<'a>(of: &Profiled<'a>, name: String) -> Result<(&'a CellProfile, DiffSide), NoDiff> {
    let id = || plain(&of.cell.id.to_string());
    let profile = of.cell.profile.as_ref().ok_or_else(|| NoDiff::NoProfile {
        cell: id(),
        outcome: match of.cell.outcome.reason.as_str() {
            "" => of.cell.outcome.kind.name().to_owned(),
            reason => format!("{}, {}", of.cell.outcome.kind.name(), plain(reason)),
        },
    })?;
    let side = DiffSide {
        cell: of.cell.id.clone(),
        name,
        run: of.record.id.clone(),
        wall_ns: sound::some_time(profile.wall_ns).ok_or_else(|| NoDiff::NoTime(id()))?,
        processes: profile.invocations.len(),
        unprofiled_p50_ns: sound::some_time(profile.unprofiled_p50_ns),
    };
    Ok((profile, side))
}

fn segment(placed: &Placed, a: &[Operator], b: &[Operator]) -> Segment {
    let part = |places: &[usize], alone: &[usize], operators: &[Operator]| SegmentSide {
        operators: places.to_vec(),
        alone: alone.to_vec(),
        time_ns: sound::sum(places.iter().map(|&place| sound::mean(&operators[place]))),
    };
    let kind = match (placed.a.is_empty(), placed.b.is_empty()) {
        (_, true) => SegmentKind::OnlyA,
        (true, false) => SegmentKind::OnlyB,
        (false, false) => SegmentKind::Common,
    };
    let name = segment_name(placed, a, b);
    let (a, b) = (part(&placed.a, &placed.alone_a, a), part(&placed.b, &placed.alone_b, b));
    finished(kind, name, a, b)
}

/// What tells a segment best: its products, A's where both have some, else what takes longest of all that computes.
fn segment_name(placed: &Placed, a: &[Operator], b: &[Operator]) -> String {
    let of_a: Vec<&Operator> = placed.a.iter().map(|&place| &a[place]).collect();
    let of_b: Vec<&Operator> = placed.b.iter().map(|&place| &b[place]).collect();
    let mut best: Vec<&Operator> = Vec::new();
    for side in [&of_a, &of_b] {
        if best.is_empty() {
            best.extend(side.iter().filter(|operator| operator.role == OperatorRole::Product));
        }
    }
    if best.is_empty() {
        let all = of_a.iter().chain(&of_b).rev();
        best.extend(all.max_by(|one, other| {
            let computes = |operator| !is_put_in(operator);
            computes(one)
                .cmp(&computes(other))
                .then(sound::mean(one).total_cmp(&sound::mean(other)))
        }));
    }
    let name = |operator| node(operator, &placed.nodes);
    match best[..] {
        [] => String::new(),
        [first, .., last] if name(first) != name(last) => format!("{} … {}", name(first), name(last)),
        [first, ..] => name(first).to_owned(),
    }
}

/// Of the nodes that an operator stands for the one that it is called after in the file, else one that both sides have.
fn node<'a>(operator: &'a Operator, common: &[String]) -> &'a str {
    let nodes = operator.sources.iter().zip(&operator.source_ops);
    let best = nodes.min_by_key(|(name, op)| {
        let changes_format = op.ends_with("QuantizeLinear") || op.ends_with("DequantizeLinear");
        (**op != operator.canonical, changes_format, !common.contains(name))
    });
    best.map_or(&operator.name, |(name, _)| name)
}

fn finished(kind: SegmentKind, name: String, a: SegmentSide, b: SegmentSide) -> Segment {
    let delta_ns = b.time_ns - a.time_ns;
    Segment {
        kind,
        name,
        delta_ns,
        delta_share: sound::some_time(a.time_ns).map(|a_ns| delta_ns / a_ns),
        a,
        b,
    }
}

fn unattributed(a: &CellProfile, side_a: &DiffSide, b: &CellProfile, side_b: &DiffSide) -> Segment {
    let rest = |profile: &CellProfile, side: &DiffSide| SegmentSide {
        time_ns: side.wall_ns - sound::attributed(profile),
        ..SegmentSide::default()
    };
    finished(
        SegmentKind::Unattributed,
        "unattributed".to_owned(),
        rest(a, side_a),
        rest(b, side_b),
    )
}

/// What makes the two less comparable than they seem.
fn remarks(a: &Profiled<'_>, b: &Profiled<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    let (host_a, host_b) = (&a.record.host, &b.record.host);
    let machine = |host: &edgebench_record::Host| {
        let model = host
            .cpu_model
            .as_deref()
            .map_or_else(|| plain(&host.architecture), plain);
        format!("{model}, {}", crate::text::counted(host.cpus, "processor"))
    };
    if (&host_a.cpu_model, &host_a.architecture, host_a.cpus) != (&host_b.cpu_model, &host_b.architecture, host_b.cpus)
    {
        remarks.push(format!(
            "the machines differ: {} against {}",
            machine(host_b),
            machine(host_a)
        ));
    }
    let (id_a, id_b) = (&a.cell.id, &b.cell.id);
    if id_a.task != id_b.task {
        remarks.push(format!(
            "the tasks differ: {} against {}",
            plain(&id_b.task),
            plain(&id_a.task)
        ));
    }
    for (what, a, b) in [
        ("threads", id_a.settings.threads, id_b.settings.threads),
        ("batches", id_a.settings.batch, id_b.settings.batch),
    ] {
        if a != b {
            remarks.push(format!("the {what} differ: {b} against {a}"));
        }
    }
    let same_cell = (&id_a.task, &id_a.variant) == (&id_b.task, &id_b.variant);
    if let (true, Some(model_a), Some(model_b)) = (same_cell, &a.cell.model, &b.cell.model)
        && model_a.sha256 != model_b.sha256
    {
        remarks.push("the model files differ".to_owned());
    }
    if let (Some(one), Some(other)) = (&a.cell.runtime, &b.cell.runtime)
        && id_a.backend == id_b.backend
        && one.version != other.version
    {
        remarks.push(format!(
            "the runtime's versions differ: {} against {}",
            plain(&other.version),
            plain(&one.version)
        ));
    }
    remarks
}

/// The operators of a segment in words: `2 QuantizeLinear, Conv (QLinearConv)`, each kernel once, in order of execution,
/// with the runtime's own name where that is another one and it computes something.
pub fn operators_in_words(operators: &[Operator], places: &[usize]) -> String {
    // So many kinds no line has room for.
    const KINDS: usize = 16;
    let mut counts: Vec<((&str, &str), usize)> = Vec::new();
    for operator in places.iter().filter_map(|&place| operators.get(place)) {
        let canonical = operator.canonical.as_str();
        let kernel = (canonical, if is_put_in(operator) { canonical } else { &*operator.op });
        match counts.iter().position(|(other, _)| *other == kernel) {
            Some(at) => counts[at].1 += 1,
            None if counts.len() < KINDS => counts.push((kernel, 1)),
            None => {}
        }
    }
    let words = counts.iter().map(|((canonical, op), count)| {
        let count = if *count == 1 {
            String::new()
        } else {
            format!("{count} ")
        };
        let kernel = if op == canonical || op.is_empty() {
            String::new()
        } else {
            format!(" ({})", plain(op))
        };
        format!("{count}{}{kernel}", plain(canonical))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Whether an operator only moves elements or changes their format, which runtimes and quantisation put in.
pub(super) fn is_put_in(operator: &Operator) -> bool {
    matches!(operator.role, OperatorRole::Quantise | OperatorRole::Layout)
}
