//! What the difference of two profiles comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use edgebench_api::ComputeKind;
use edgebench_record::{Operator, OperatorRole};
use edgebench_stats::holm;
use schemars::JsonSchema;
use serde::Serialize;

use super::derived::int8_in_float;
use super::diff::{ProfileDiff, Profiled, Segment, SegmentKind};
use super::names::named;
use super::noise::Processes;
use super::sound;
use super::wires::Wires;
use crate::text::counted;

/// Names of operators that one cause gives, at most.
const NAMES: usize = 3;

/// How far back a `DequantizeLinear` is followed to its `QuantizeLinear`, in operators.
const BETWEEN: usize = 4;

/// What a difference comes from, in the order in which it is attributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// Changes of the number format where the other side has none.
    Quantise,
    /// Movements of elements where the other side has none.
    Layout,
    /// Convolutions and matrix products.
    Product,
    /// Operators of one name.
    Operators,
    /// What is in no operator: between two, before, or after them.
    Unattributed,
}

/// A part of the difference of two profiles.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// B's time less A's, in nanoseconds of a typical profiled inference.
    pub delta_ns: f64,
    /// The chance of such a difference where there is none, over fresh processes and adjusted for all causes together after
    /// Holm; absent where there are too few processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// What it is in words, to follow “1.60 ms in”: plain text.
    pub words: String,
    /// A's operators in it: places in its profile.
    pub a: Vec<usize>,
    /// B's.
    pub b: Vec<usize>,
}

/// Operators are put together by the kind of cause, the side that alone has them (0 or 1; 2 for both), and a name.
type Key = (CauseKind, usize, String);

/// What the difference comes from: each operator is in one cause, and they sum up to the difference.
///
/// Attributed in this order: within a segment, changes of the number format that only one side has; movements of elements
/// that only one side has; products, by the names of the segment's products; operators by their names; what is in none.
pub(super) fn causes(a: &Profiled<'_>, b: &Profiled<'_>, diff: &ProfileDiff, processes: &Processes<'_>) -> Vec<Cause> {
    let sides = Sides::of(a, b);
    let mut groups: BTreeMap<Key, [Vec<usize>; 2]> = BTreeMap::new();
    for segment in &diff.segments {
        let products = sides.product_names(segment);
        for side in 0..2 {
            for &place in places(segment, side) {
                let key = sides.key(segment, side, place, &products);
                groups.entry(key).or_default()[side].push(place);
            }
        }
    }
    let fused = sides.fused(diff);
    let mut causes: Vec<Cause> = groups
        .into_iter()
        .map(|(key, [a, b])| Cause {
            kind: key.0,
            delta_ns: sides.time(1, &b) - sides.time(0, &a),
            p: processes.operators([&a, &b]).map(|tested| tested.p),
            words: sides.words(&key, diff, &a, &b, &fused),
            a,
            b,
        })
        .collect();
    let in_none = diff.segments.iter().find(|one| one.kind == SegmentKind::Unattributed);
    causes.extend(in_none.map(|in_none| Cause {
        kind: CauseKind::Unattributed,
        delta_ns: in_none.delta_ns,
        p: processes.in_none().map(|tested| tested.p),
        words: "no operator (between two, before the first or after the last)".to_owned(),
        a: Vec::new(),
        b: Vec::new(),
    }));
    let each: Vec<f64> = causes.iter().map(|cause| cause.p.unwrap_or(f64::NAN)).collect();
    for (cause, p) in causes.iter_mut().zip(holm(&each)) {
        cause.p = (!p.is_nan()).then_some(p);
    }
    causes
}

fn places(segment: &Segment, side: usize) -> &[usize] {
    if side == 0 {
        &segment.a.operators
    } else {
        &segment.b.operators
    }
}

/// A cell's operators; none where it has no profile.
pub(super) fn operators_of<'a>(side: &Profiled<'a>) -> &'a [Operator] {
    side.cell.profile.as_ref().map_or(&[], |profile| &profile.operators)
}

/// Both sides' operators and what is known of them; A is 0.
struct Sides<'a> {
    operators: [&'a [Operator]; 2],
    wires: [Wires<'a>; 2],
    /// Products on 8-bit integers by the file, computed in floats.
    in_float: [BTreeSet<usize>; 2],
    /// Whether the machine has dot-product instructions for 8-bit integers; `None` where that was not measured.
    dot: [Option<bool>; 2],
}

impl<'a> Sides<'a> {
    fn of(a: &Profiled<'a>, b: &Profiled<'a>) -> Self {
        let operators = [a, b].map(operators_of);
        let wires = operators.map(Wires::of);
        Self {
            operators,
            in_float: [0, 1].map(|side| int8_in_float(operators[side], &wires[side]).into_iter().collect()),
            wires,
            dot: [a, b].map(has_dot_products),
        }
    }

    fn time(&self, side: usize, places: &[usize]) -> f64 {
        sound::sum(places.iter().map(|&place| sound::mean(&self.operators[side][place])))
    }

    fn has_role(&self, segment: &Segment, side: usize, role: OperatorRole) -> bool {
        let mut places = places(segment, side).iter();
        places.any(|&place| self.operators[side][place].role == role)
    }

    /// The names of a segment's products, both sides together.
    fn product_names(&self, segment: &Segment) -> String {
        let mut names = BTreeSet::new();
        for side in 0..2 {
            let operators = places(segment, side).iter().map(|&place| &self.operators[side][place]);
            let products = operators.filter(|operator| operator.role == OperatorRole::Product);
            names.extend(products.map(|operator| operator.canonical.as_str()));
        }
        joined(&names.into_iter().collect::<Vec<_>>())
    }

    fn key(&self, segment: &Segment, side: usize, place: usize, products: &str) -> Key {
        let operator = &self.operators[side][place];
        let one_sided = !self.has_role(segment, 1 - side, operator.role);
        match operator.role {
            OperatorRole::Quantise if one_sided => (CauseKind::Quantise, side, String::new()),
            OperatorRole::Layout if one_sided => (CauseKind::Layout, side, String::new()),
            OperatorRole::Product => (CauseKind::Product, 2, products.to_owned()),
            _ => (CauseKind::Operators, 2, operator.canonical.clone()),
        }
    }

    /// For each side the places of operators that the other side runs as part of one: all of their nodes stand in an
    /// operator of the other side that stands for several nodes, or in one for several operators of this side.
    fn fused(&self, diff: &ProfileDiff) -> [BTreeSet<usize>; 2] {
        [0, 1].map(|side| {
            let segments = diff.segments.iter();
            segments.flat_map(|segment| self.fused_in(segment, side)).collect()
        })
    }

    fn fused_in(&self, segment: &Segment, side: usize) -> Vec<usize> {
        let mut standing: [BTreeMap<&String, Vec<&Operator>>; 2] = Default::default();
        for (of_side, standing) in standing.iter_mut().enumerate() {
            for operator in places(segment, of_side)
                .iter()
                .map(|&place| &self.operators[of_side][place])
            {
                for node in &operator.sources {
                    standing.entry(node).or_default().push(operator);
                }
            }
        }
        let in_one = |node: &String| {
            let [here, there] =
                [side, 1 - side].map(|of_side| standing[of_side].get(node).map_or(&[][..], Vec::as_slice));
            let is_part = there.len() == 1 && here.len() > 1;
            is_part || there.iter().any(|operator| operator.sources.len() > 1)
        };
        let is_fused = |place: &usize| {
            let sources = &self.operators[side][*place].sources;
            !sources.is_empty() && sources.iter().all(in_one)
        };
        places(segment, side).iter().copied().filter(is_fused).collect()
    }

    fn words(
        &self,
        (kind, side, name): &Key,
        diff: &ProfileDiff,
        a: &[usize],
        b: &[usize],
        fused: &[BTreeSet<usize>; 2],
    ) -> String {
        let sides = [&diff.a.name, &diff.b.name];
        let both = [a, b];
        match kind {
            CauseKind::Quantise => format!(
                "{} that no kernel of {} consumed",
                self.quantised(*side, both[*side]),
                sides[*side]
            ),
            CauseKind::Layout => format!(
                "{} that {} elements, only in {}",
                self.counted(*side, both[*side]),
                if both[*side].len() == 1 { "moves" } else { "move" },
                sides[*side]
            ),
            CauseKind::Product => format!("{}{}", named(name), self.execution(sides, both)),
            CauseKind::Operators | CauseKind::Unattributed => {
                let name = named(name);
                let only = |side: usize| {
                    let why = if both[side].iter().all(|place| fused[side].contains(place)) {
                        format!("{} runs fused", sides[1 - side])
                    } else {
                        format!("only {} runs", sides[side])
                    };
                    let noun = if both[side].len() == 1 { "operator" } else { "operators" };
                    format!("{} {name} {noun} that {why}", both[side].len())
                };
                match (a.len(), b.len()) {
                    (0, _) => only(1),
                    (_, 0) => only(0),
                    (in_a, in_b) if in_a == in_b => format!("{in_a} {name}{}", self.execution(sides, both)),
                    (in_a, in_b) => format!(
                        "{name}, {in_b} times in {} and {in_a} in {},{}",
                        sides[1],
                        sides[0],
                        self.execution(sides, both)
                    )
                    .trim_end_matches(',')
                    .to_owned(),
                }
            }
        }
    }

    /// `9 QuantizeLinear/DequantizeLinear pairs and 1 DequantizeLinear operator`: a pair is one that reads the other.
    fn quantised(&self, side: usize, places: &[usize]) -> String {
        let of = |name: &str| -> BTreeSet<usize> {
            let is = |place: &usize| self.operators[side][*place].canonical == name;
            places.iter().copied().filter(is).collect()
        };
        let quantise = of("QuantizeLinear");
        let mut pairs = BTreeMap::new();
        for back in of("DequantizeLinear") {
            // Runtimes give the tensor another form in between.
            let wires = &self.wires[side];
            let writers = std::iter::successors(wires.first_writer(back), |&place| wires.first_writer(place));
            let is_layout = |place: &usize| self.operators[side][*place].role == OperatorRole::Layout;
            let writer = writers.take(BETWEEN).find(|place| !is_layout(place));
            if let Some(writer) = writer.filter(|writer| quantise.contains(writer)) {
                pairs.entry(writer).or_insert(back);
            }
        }
        let paired: BTreeSet<usize> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
        let rest: Vec<usize> = places.iter().copied().filter(|place| !paired.contains(place)).collect();
        let words = counted(pairs.len(), "QuantizeLinear/DequantizeLinear pair");
        match (pairs.is_empty(), rest.is_empty()) {
            (true, _) => self.counted(side, places),
            (false, true) => words,
            (false, false) => format!("{words} and {}", self.counted(side, &rest)),
        }
    }

    /// `9 Transpose/Reorder operators`, in the order of execution.
    fn counted(&self, side: usize, places: &[usize]) -> String {
        let names = places
            .iter()
            .map(|&place| self.operators[side][place].canonical.as_str());
        let mut seen = BTreeSet::new();
        let each: Vec<&str> = names.filter(|name| seen.insert(*name)).collect();
        counted(places.len(), &format!("{} operator", joined(&each)))
    }

    /// ` executed in int8 as u8×i8 without dot-product instructions (…) by QLinearConv, and in fp32 as f32 by FusedConv`.
    fn execution(&self, sides: [&String; 2], places: [&[usize]; 2]) -> String {
        let kernels = [0, 1].map(|side| self.kernels(side, places[side]));
        let alike = {
            let [a, b] = kernels.each_ref().map(|names| names.iter().collect::<BTreeSet<_>>());
            a == b
        };
        let how = [0, 1].map(|side| {
            let kinds = match self.kinds(side, places[side]) {
                none if none.is_empty() => none,
                kinds => format!(" as {kinds}"),
            };
            match kernels[side].as_slice() {
                names if alike || names.is_empty() => kinds,
                names => format!("{kinds} by {}", joined(names)),
            }
        });
        let mut words = match &how {
            [a, b] if a.is_empty() && b.is_empty() => String::new(),
            [a, b] if a == b => format!(" executed{a} in both"),
            [a, b] if a.is_empty() => format!(" executed in {}{b}", sides[1]),
            [a, b] if b.is_empty() => format!(" executed in {}{a}", sides[0]),
            [a, b] => format!(" executed in {}{b}, and in {}{a}", sides[1], sides[0]),
        };
        for side in [1, 0] {
            let in_float = places[side].iter().filter(|place| self.in_float[side].contains(place));
            let count = in_float.count();
            if count > 0 {
                let it = if count == 1 { "it" } else { "them" };
                let _ = write!(
                    words,
                    ", {count} of which {} computes in floats though the file has {it} on 8-bit integers",
                    sides[side]
                );
            }
        }
        words
    }

    /// The runtime's own names for what executes these operators, what takes longest first.
    fn kernels(&self, side: usize, places: &[usize]) -> Vec<&'a str> {
        let mut times: BTreeMap<&str, f64> = BTreeMap::new();
        for &place in places {
            let operator = &self.operators[side][place];
            *times.entry(&operator.op).or_default() += sound::mean(operator);
        }
        let mut kernels: Vec<(&str, f64)> = times.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        kernels.sort_by(|one, other| other.1.total_cmp(&one.1));
        kernels.into_iter().map(|(name, _)| name).collect()
    }

    /// The arithmetic of these operators in words; empty where nobody tells.
    fn kinds(&self, side: usize, places: &[usize]) -> String {
        let mut kinds = BTreeSet::new();
        for &place in places {
            let operator = &self.operators[side][place];
            let words = match operator.arithmetic {
                None => continue,
                Some(ComputeKind::F32) => "f32".to_owned(),
                Some(ComputeKind::F16) => "f16".to_owned(),
                Some(ComputeKind::Bf16) => "bf16".to_owned(),
                Some(ComputeKind::Int8 | ComputeKind::Int8Dot) => {
                    let dot = match self.dot[side] {
                        None => "",
                        Some(true) => " on a processor with dot-product instructions",
                        Some(false) => " without dot-product instructions (this processor has none)",
                    };
                    format!("{}{dot}", factors(operator))
                }
            };
            kinds.insert(words);
        }
        let kinds: Vec<String> = kinds.into_iter().collect();
        kinds.join(" and ")
    }
}

/// `u8×i8` of a product on 8-bit integers, where its two factors' types are told: those of the first two inputs of 8 bits
/// that have at least two axes, which scales and zero points do not.
fn factors(operator: &Operator) -> String {
    let factors: Vec<&str> = operator
        .inputs
        .iter()
        .filter(|input| input.shape.as_ref().is_some_and(|shape| shape.len() > 1))
        .filter_map(|input| input.dtype.as_deref().filter(|dtype| matches!(*dtype, "u8" | "i8")))
        .collect();
    match factors[..] {
        [one, other, ..] => format!("{one}×{other}"),
        _ => "int8".to_owned(),
    }
}

/// Whether the machine that a profile is of has dot-product instructions, by its measured peaks.
fn has_dot_products(side: &Profiled<'_>) -> Option<bool> {
    let mut kinds = side
        .record
        .peaks
        .iter()
        .flat_map(|peaks| &peaks.compute)
        .map(|rate| rate.kind);
    let is_int8 = |kind| matches!(kind, ComputeKind::Int8 | ComputeKind::Int8Dot);
    kinds
        .clone()
        .any(is_int8)
        .then(|| kinds.any(|kind| kind == ComputeKind::Int8Dot))
}

/// A few names with `/` between.
fn joined(names: &[&str]) -> String {
    let more = if names.len() > NAMES { "/…" } else { "" };
    let names: Vec<String> = names.iter().take(NAMES).map(|name| named(name)).collect();
    format!("{}{more}", names.join("/"))
}
