//! What follows from one cell's profile.

use edgebench_api::ComputeKind;
use edgebench_record::{CellProfile, Operator, OperatorRole, ProfileRecord, ProfiledCell};
use serde::Serialize;

use super::efficiency::{at_one_thread, parallel_efficiency, together};
use super::fusions::{MissedFusion, missed_fusions};
use super::roofline::{ModelRoof, NoRoof, OperatorRoof, model_roof, operator_roof, peaks_for};
use super::sound;
use super::wires::Wires;

/// Shares of the time that changes of the number format take, from which on one looks at it, and from which on it is bad.
pub const QUANTISE_WARN: f64 = 0.05;
/// See [`QUANTISE_WARN`].
pub const QUANTISE_BAD: f64 = 0.15;
/// Share of the profiled time below which the operators explain too little.
pub const ATTRIBUTED_WARN: f64 = 0.95;
/// Ratio of the profiler's overhead above which a profile is a poor picture of an inference without it.
pub const OVERHEAD_WARN: f64 = 0.10;
/// An operator's times vary when its p90 is this many times its median …
pub const SPREAD_HOT: f64 = 1.25;
/// … and it takes at least this share of the time.
pub const HOT_SHARE: f64 = 0.01;
/// A median below this many times the clock's resolution has no ratio to its p90.
const RESOLUTIONS: f64 = 10.0;
/// Operators that may stand between a `DequantizeLinear` and the product that reads it: a strided convolution is up to six.
const MOVES: usize = 16;
/// What hands elements on as they are, or some of them, or zeros beside them, without being there for the layout alone.
const MOVERS: [&str; 5] = ["Concat", "Downsample", "Pad", "Slice", "Split"];

/// How one should take a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing to see to.
    Fine,
    /// Worth a look.
    Warn,
    /// Most likely a fault.
    Bad,
}

/// Where the time of a typical profiled inference goes, as shares of it. The six sum up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shares {
    /// Convolutions and matrix products.
    pub product: f64,
    /// What moves elements and changes none.
    pub layout: f64,
    /// What changes the number format.
    pub quantise: f64,
    /// All else that is an operator.
    pub other: f64,
    /// What passes between the end of an operator and the beginning of the next one.
    pub between: f64,
    /// What is neither; 0 where operators ran side by side and take more than the inference.
    pub unattributed: f64,
}

impl Shares {
    /// The share of all operators.
    pub fn in_operators(&self) -> f64 {
        self.product + self.layout + self.quantise + self.other
    }

    /// The share of a role.
    pub fn of(&self, role: OperatorRole) -> f64 {
        match role {
            OperatorRole::Product => self.product,
            OperatorRole::Layout => self.layout,
            OperatorRole::Quantise => self.quantise,
            OperatorRole::Other => self.other,
        }
    }
}

/// What something else executes than what the cell asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fallback {
    /// Share of the time.
    pub share: f64,
    /// Operators.
    pub operators: usize,
    /// Partitions: stretches of them in the order of execution.
    pub partitions: usize,
}

/// What follows for one operator; in the same place as the operator in [`CellProfile::operators`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OperatorFacts {
    /// Mean time in a typical inference; absent where the record's figure cannot be.
    pub time_ns: Option<f64>,
    /// That as a share of the time.
    pub share: Option<f64>,
    /// Its place among all by time, from 0.
    pub rank: usize,
    /// Share of it and of all that take longer.
    pub cumulative: Option<f64>,
    /// Where it is under the roofs.
    pub roof: Option<OperatorRoof>,
    /// Why it is not.
    pub no_roof: Option<NoRoof>,
    /// p90 over median; absent where the clock is too coarse for it.
    pub spread: Option<f64>,
    /// t₁ ⁄ (n · tₙ) against the same cell at one thread: 1 where n threads are n times as fast. Absent where there is no
    /// such cell.
    pub efficiency: Option<f64>,
}

/// What follows from one cell's profile. Numbers of operators are places in [`CellProfile::operators`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DerivedCell {
    /// Time of a typical profiled inference, of which shares are: the record's, or the operators' sum where that is more.
    pub total_ns: f64,
    /// Where the time goes; absent where there is none.
    pub shares: Option<Shares>,
    /// How to take the share of changes of the number format.
    pub quantise_level: Level,
    /// How to take the profiler's overhead.
    pub overhead_level: Level,
    /// How to take the share of the time that is in operators.
    pub attributed_level: Level,
    /// What something else executes; absent where nothing does.
    pub fallback: Option<Fallback>,
    /// One for each operator.
    pub operators: Vec<OperatorFacts>,
    /// The operators by time, the longest first.
    pub by_time: Vec<usize>,
    /// Those with a place under the roofs by the time lost, the most first.
    pub by_lost: Vec<usize>,
    /// Those whose times vary, by p90 less median.
    pub hot_spots: Vec<usize>,
    /// The same of all operators together that have one: the sum of their times at one thread ⁄ (n · that at n).
    pub efficiency: Option<f64>,
    /// Products on 8-bit integers by the model file that are computed in 32-bit floats.
    pub int8_in_float: Vec<usize>,
    /// Operators that take less than the roofs allow.
    pub beyond_roofs: Vec<usize>,
    /// Operators that are usually one kernel and here are not.
    pub missed_fusions: Vec<MissedFusion>,
    /// The whole model under the roofs.
    pub model: Option<ModelRoof>,
    /// Why it is not.
    pub no_model: Option<NoRoof>,
}

/// What follows from a cell's profile; `None` where it has none.
pub fn derive(record: &ProfileRecord, cell: &ProfiledCell) -> Option<DerivedCell> {
    let profile = cell.profile.as_ref()?;
    let wires = Wires::of(&profile.operators);
    let attributed = sound::attributed(profile);
    let total_ns = sound::time(profile.wall_ns).unwrap_or(0.0).max(attributed);
    let shares = shares(profile, total_ns);
    let peaks = peaks_for(record, cell);
    let mut operators: Vec<OperatorFacts> = profile
        .operators
        .iter()
        .map(|operator| {
            let roof = peaks.ok_or(NoRoof::Peaks);
            let roof = roof.and_then(|peaks| operator_roof(operator, peaks, profile.resolution_ns.0));
            let time_ns = sound::time(operator.mean_ns);
            OperatorFacts {
                time_ns,
                share: time_ns.filter(|_| total_ns > 0.0).map(|ns| ns / total_ns),
                rank: 0,
                cumulative: None,
                roof: roof.ok(),
                no_roof: roof.err(),
                spread: spread(operator, profile.resolution_ns.0),
                efficiency: None,
            }
        })
        .collect();
    let by_time = descending(&operators, |facts| facts.time_ns);
    let mut cumulative = 0.0;
    for (rank, &place) in by_time.iter().enumerate() {
        let facts = &mut operators[place];
        facts.rank = rank;
        cumulative += facts.share.unwrap_or(0.0);
        facts.cumulative = facts.share.map(|_| cumulative);
    }
    let single = at_one_thread(record, cell);
    if let Some(single) = single {
        let efficiencies = parallel_efficiency(single, cell);
        for (facts, efficiency) in operators.iter_mut().zip(efficiencies) {
            facts.efficiency = efficiency;
        }
    }
    let mut by_lost = descending(&operators, |facts| facts.roof.map(|roof| roof.lost_ns));
    by_lost.retain(|&place| operators[place].roof.is_some());
    let model = peaks.ok_or(NoRoof::Peaks).and_then(|peaks| model_roof(profile, peaks));
    Some(DerivedCell {
        total_ns,
        shares,
        quantise_level: quantise_level(shares.map_or(0.0, |shares| shares.quantise)),
        overhead_level: warn_unless(profile.overhead <= OVERHEAD_WARN),
        attributed_level: warn_unless(shares.is_some_and(|shares| shares.in_operators() >= ATTRIBUTED_WARN)),
        fallback: fallback(profile, total_ns),
        by_lost,
        hot_spots: hot_spots(profile, &operators),
        efficiency: together(&operators),
        int8_in_float: int8_in_float(&profile.operators, &wires),
        beyond_roofs: by_time
            .iter()
            .copied()
            .filter(|&place| operators[place].no_roof == Some(NoRoof::Beyond))
            .collect(),
        missed_fusions: missed_fusions(&profile.operators, &wires),
        model: model.ok(),
        no_model: model.err(),
        operators,
        by_time,
    })
}

fn shares(profile: &CellProfile, total_ns: f64) -> Option<Shares> {
    if total_ns <= 0.0 {
        return None;
    }
    let of = |role: OperatorRole| {
        let operators = profile.operators.iter().filter(|operator| operator.role == role);
        sound::sum(operators.map(sound::mean)) / total_ns
    };
    Some(Shares {
        product: of(OperatorRole::Product),
        layout: of(OperatorRole::Layout),
        quantise: of(OperatorRole::Quantise),
        other: of(OperatorRole::Other),
        between: sound::between(profile) / total_ns,
        unattributed: ((total_ns - sound::attributed(profile) - sound::between(profile)) / total_ns).max(0.0),
    })
}

fn quantise_level(share: f64) -> Level {
    match share {
        share if share >= QUANTISE_BAD => Level::Bad,
        share if share >= QUANTISE_WARN => Level::Warn,
        _ => Level::Fine,
    }
}

/// NaN is no good sign.
fn warn_unless(fine: bool) -> Level {
    if fine { Level::Fine } else { Level::Warn }
}

fn fallback(profile: &CellProfile, total_ns: f64) -> Option<Fallback> {
    let fallen: Vec<&Operator> = profile.operators.iter().filter(|operator| operator.fallback).collect();
    if fallen.is_empty() {
        return None;
    }
    let stretches = profile.operators.chunk_by(|a, b| a.fallback == b.fallback);
    Some(Fallback {
        share: if total_ns > 0.0 {
            sound::sum(fallen.iter().map(|operator| sound::mean(operator))) / total_ns
        } else {
            0.0
        },
        operators: fallen.len(),
        partitions: stretches
            .filter(|stretch| stretch.iter().all(|operator| operator.fallback))
            .count(),
    })
}

/// Places of the operators, the largest figure first, those without one last; of equals the earlier one first.
fn descending(operators: &[OperatorFacts], figure: impl Fn(&OperatorFacts) -> Option<f64>) -> Vec<usize> {
    let key = |place: &usize| figure(&operators[*place]).unwrap_or(-1.0);
    let mut places: Vec<usize> = (0..operators.len()).collect();
    places.sort_by(|a, b| key(b).total_cmp(&key(a)));
    places
}

fn spread(operator: &Operator, resolution_ns: u64) -> Option<f64> {
    let median_ns = sound::some_time(operator.median_ns)?;
    let p90_ns = sound::time(operator.p90_ns)?;
    let tells = median_ns >= RESOLUTIONS * resolution_ns as f64 && p90_ns >= median_ns;
    tells.then_some(p90_ns / median_ns)
}

fn hot_spots(profile: &CellProfile, facts: &[OperatorFacts]) -> Vec<usize> {
    let is_hot = |facts: &OperatorFacts| {
        facts.spread.is_some_and(|spread| spread >= SPREAD_HOT) && facts.share.is_some_and(|share| share >= HOT_SHARE)
    };
    let mut places: Vec<usize> = (0..facts.len()).filter(|&place| is_hot(&facts[place])).collect();
    let excess = |place: usize| profile.operators[place].p90_ns - profile.operators[place].median_ns;
    places.sort_by(|&a, &b| excess(b).total_cmp(&excess(a)));
    places
}

/// Products that compute in 32-bit floats though the model file has them on 8-bit integers: they stand for an integer
/// operator or for a product between `DequantizeLinear` and `QuantizeLinear`, or what they read first is written by a
/// `DequantizeLinear` of something that is no constant. A `DequantizeLinear` of weights alone makes no integer operator.
pub(super) fn int8_in_float(operators: &[Operator], wires: &Wires<'_>) -> Vec<usize> {
    let dequantises = |place: usize| {
        let operator = &operators[place];
        operator.canonical == "DequantizeLinear" && operator.inputs.first().is_some_and(|input| !input.constant)
    };
    // Runtimes move elements between the two: they pad them, and take every second one for a strided convolution.
    let moves =
        |operator: &Operator| operator.role == OperatorRole::Layout || MOVERS.contains(&operator.canonical.as_str());
    let read = |place: usize| {
        let mut writer = wires.first_writer(place)?;
        for _ in 0..MOVES {
            if !moves(&operators[writer]) {
                break;
            }
            writer = wires.first_writer(writer)?;
        }
        Some(writer)
    };
    let is_int8 = |place: usize| {
        let ops = &operators[place].source_ops;
        let has = |op: &str| ops.iter().any(|source| source == op);
        has("ConvInteger")
            || has("MatMulInteger")
            || has("QLinearConv")
            || has("QLinearMatMul")
            || (has("DequantizeLinear") && has("QuantizeLinear"))
            || read(place).is_some_and(dequantises)
    };
    let in_float =
        |operator: &Operator| operator.role == OperatorRole::Product && operator.arithmetic == Some(ComputeKind::F32);
    (0..operators.len())
        .filter(|&place| in_float(&operators[place]) && is_int8(place))
        .collect()
}
