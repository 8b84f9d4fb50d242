//! How near an operator, and a model, is to what the machine can do at most.
//!
//! The roofline model: an operator takes at least as long as its multiply-accumulates at the machine's highest rate, and
//! at least as long as its bytes at the machine's highest bandwidth. Source: Williams, Waterman & Patterson, "Roofline: an
//! insightful visual performance model for multicore architectures", Communications of the ACM 52(4), 2009.

use edgebench_api::{Bandwidth, ComputeKind, MemoryLevel, Peaks};
use edgebench_record::{CellProfile, Operator, OperatorRole, ProfileRecord, ProfiledCell};
use serde::Serialize;

use super::sound;

/// An operator that reaches less than this share of both roofs is bound by neither.
pub const OVERHEAD_BELOW: f64 = 0.1;

/// An operator or a model that takes less than its bound by more than this factor shows no fast machine, but a count, a time
/// or a roof that is wrong.
pub const BEYOND: f64 = 1.2;

/// What keeps an operator from being faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoundClass {
    /// Its multiply-accumulates.
    Compute,
    /// What it reads and writes.
    Memory,
    /// Neither: it reaches less than [`OVERHEAD_BELOW`] of both roofs. Its time goes into calls, waiting, or a poor kernel.
    Overhead,
}

impl BoundClass {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Memory => "memory",
            Self::Overhead => "overhead",
        }
    }
}

/// Why an operator has no place under the roofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoRoof {
    /// The machine's peaks at this number of threads are not known.
    Peaks,
    /// Its time is below the resolution of the runtime's clock, or cannot be.
    Time,
    /// It is not known what it reads or writes.
    Bytes,
    /// It multiplies, and nobody tells how much.
    Macs,
    /// It multiplies, and nobody tells in which numbers.
    Arithmetic,
    /// The rate of its arithmetic was not measured on this machine.
    Rate,
    /// No bandwidth was measured on this machine.
    Bandwidth,
    /// It takes less than the roofs allow, by more than [`BEYOND`].
    Beyond,
}

impl NoRoof {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Peaks => "the machine's peaks at this number of threads are not known",
            Self::Time => "its time is below the clock's resolution",
            Self::Bytes => "what it reads and writes is not known",
            Self::Macs => "how much it multiplies is not known",
            Self::Arithmetic => "in what it multiplies is not known",
            Self::Rate => "the rate of its arithmetic was not measured on this machine",
            Self::Bandwidth => "no bandwidth was measured on this machine",
            Self::Beyond => "it takes less than the roofs allow: what is counted of it, its time or a roof is wrong",
        }
    }
}

/// An operator under the roofs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OperatorRoof {
    /// The least time that it could take: the longer of the two below.
    pub attainable_ns: f64,
    /// Its multiply-accumulates at the highest rate of their kind. Absent where it has none.
    pub compute_ns: Option<f64>,
    /// The kind whose rate that is: an operator on 8-bit integers is held against dot-product instructions where the
    /// machine has them.
    pub rate: Option<ComputeKind>,
    /// Its bytes at the highest bandwidths: those that fit the nearest level at that one's, the next ones at the next
    /// level's.
    pub memory_ns: f64,
    /// The nearest level that holds all that it reads and writes.
    pub level: MemoryLevel,
    /// What bounds it.
    pub class: BoundClass,
    /// `attainable_ns` over its mean time: 1 at the roof, and never more than [`BEYOND`].
    pub reached: f64,
    /// What it takes beyond `attainable_ns`; 0 where it reaches the roof.
    pub lost_ns: f64,
    /// Multiply-accumulates per byte. Absent where it has none, or moves nothing.
    pub macs_per_byte: Option<f64>,
    /// Multiply-accumulates per second, as reached. Absent where it has none.
    pub macs_per_s: Option<f64>,
}

/// The whole model under the roofs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ModelRoof {
    /// The least time of an inference: the longer of the two below.
    pub bound_ns: f64,
    /// All multiply-accumulates of the executed graph, each at the highest rate of its kind.
    pub compute_ns: f64,
    /// All bytes of the executed graph, each operator's at the bandwidths of the levels that hold them.
    pub memory_ns: f64,
    /// Operators that are not in the sums, for it is not known what they do, or they take less than the roofs allow; the
    /// bound is the lower for it.
    pub left_out: usize,
    /// Median time of an inference without the profiler.
    pub p50_ns: f64,
    /// How many times the bound the median is. Below 1 it is no bound: a count or a roof is wrong.
    pub times_bound: f64,
}

/// The peaks of the machine at a cell's number of threads.
pub fn peaks_for<'a>(record: &'a ProfileRecord, cell: &ProfiledCell) -> Option<&'a Peaks> {
    let threads = cell.id.settings.threads;
    record.peaks.iter().find(|peaks| peaks.threads == threads)
}

/// An operator under the roofs. `resolution_ns` is that of the runtime's clock ([`CellProfile::resolution_ns`]).
///
/// *Which rate*: the highest that was measured of the operator's arithmetic; for 8-bit integers that of dot-product
/// instructions where there are any. *Which bandwidth*: of what the operator reads and writes, as much as the nearest level
/// holds may come from there, as much as the next one holds beyond that from the next one, and the rest from memory. Each
/// level's bandwidth is the faster one of reading and of the triad, for a roof is what nothing goes beyond.
///
/// # Errors
/// [`NoRoof`]: what is not known.
pub fn operator_roof(operator: &Operator, peaks: &Peaks, resolution_ns: u64) -> Result<OperatorRoof, NoRoof> {
    let mean_ns = sound::some_time(operator.mean_ns)
        .filter(|mean_ns| *mean_ns >= resolution_ns as f64)
        .ok_or(NoRoof::Time)?;
    let floor = floor(operator, peaks)?;
    let compute_ns = floor.compute.map(|(ns, _)| ns);
    let attainable_ns = floor.attainable_ns();
    if attainable_ns > BEYOND * mean_ns {
        return Err(NoRoof::Beyond);
    }
    let reached = attainable_ns / mean_ns;
    let class = match compute_ns {
        _ if reached < OVERHEAD_BELOW => BoundClass::Overhead,
        Some(compute_ns) if compute_ns >= floor.memory_ns => BoundClass::Compute,
        _ => BoundClass::Memory,
    };
    let macs = floor.compute.and_then(|_| sound::macs(operator));
    Ok(OperatorRoof {
        attainable_ns,
        compute_ns,
        rate: floor.compute.map(|(_, kind)| kind),
        memory_ns: floor.memory_ns,
        level: floor.level,
        class,
        reached,
        lost_ns: (mean_ns - attainable_ns).max(0.0),
        macs_per_byte: macs.filter(|_| floor.bytes > 0.0).map(|macs| macs / floor.bytes),
        macs_per_s: macs.map(|macs| macs / mean_ns * 1e9),
    })
}

/// The whole model under the roofs: no graph like the executed one takes less than the longer of all its
/// multiply-accumulates and all its bytes.
///
/// # Errors
/// [`NoRoof`]: what is not known; of the operators' reasons the first where none of them has a place.
pub fn model_roof(profile: &CellProfile, peaks: &Peaks) -> Result<ModelRoof, NoRoof> {
    let p50_ns = sound::some_time(profile.unprofiled_p50_ns).ok_or(NoRoof::Time)?;
    let (mut compute_ns, mut memory_ns, mut left_out) = (0.0, 0.0, 0);
    let mut first = NoRoof::Bytes;
    let resolution_ns = profile.resolution_ns.0 as f64;
    for operator in &profile.operators {
        let believed = |floor: &Floor| {
            // What the clock does not tell takes up to its resolution.
            let time_ns = sound::time(operator.mean_ns)
                .unwrap_or(f64::INFINITY)
                .max(resolution_ns);
            floor.attainable_ns() <= BEYOND * time_ns
        };
        match floor(operator, peaks).and_then(|floor| believed(&floor).then_some(floor).ok_or(NoRoof::Beyond)) {
            Ok(floor) => {
                compute_ns += floor.compute.map_or(0.0, |(ns, _)| ns);
                memory_ns += floor.memory_ns;
            }
            Err(reason) => {
                if left_out == 0 {
                    first = reason;
                }
                left_out += 1;
            }
        }
    }
    let bound_ns = f64::max(compute_ns, memory_ns);
    if sound::some_time(bound_ns).is_none() {
        return Err(first);
    }
    Ok(ModelRoof {
        bound_ns,
        compute_ns,
        memory_ns,
        left_out,
        p50_ns,
        times_bound: p50_ns / bound_ns,
    })
}

/// What an operator takes at least.
struct Floor {
    compute: Option<(f64, ComputeKind)>,
    memory_ns: f64,
    level: MemoryLevel,
    bytes: f64,
}

impl Floor {
    fn attainable_ns(&self) -> f64 {
        self.compute.map_or(0.0, |(ns, _)| ns).max(self.memory_ns)
    }
}

fn floor(operator: &Operator, peaks: &Peaks) -> Result<Floor, NoRoof> {
    let bytes = sound::bytes(operator).ok_or(NoRoof::Bytes)?;
    let is_counted = operator.macs.is_some() || operator.runtime_macs.is_some();
    let compute = match sound::macs(operator) {
        None if operator.role == OperatorRole::Product && !is_counted => return Err(NoRoof::Macs),
        None => None,
        Some(macs) => {
            let kind = operator.arithmetic.ok_or(NoRoof::Arithmetic)?;
            let (per_s, kind) = rate(peaks, kind).ok_or(NoRoof::Rate)?;
            Some((sound::time(macs / per_s * 1e9).ok_or(NoRoof::Rate)?, kind))
        }
    };
    let (memory_ns, level) = memory(peaks, bytes).ok_or(NoRoof::Bandwidth)?;
    let memory_ns = sound::time(memory_ns).ok_or(NoRoof::Bandwidth)?;
    Ok(Floor {
        compute,
        memory_ns,
        level,
        bytes,
    })
}

/// The highest rate for this arithmetic in multiply-accumulates per second, and the kind that has it.
fn rate(peaks: &Peaks, kind: ComputeKind) -> Option<(f64, ComputeKind)> {
    let is_int8 = |kind| matches!(kind, ComputeKind::Int8 | ComputeKind::Int8Dot);
    let fits = |of: ComputeKind| of == kind || (is_int8(of) && is_int8(kind));
    let rates = peaks.compute.iter().filter(|rate| fits(rate.kind));
    rates
        .filter(|rate| is_rate(rate.macs_per_s))
        .map(|rate| (rate.macs_per_s, rate.kind))
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

/// What so many bytes take at least in nanoseconds, and the nearest level that holds all of them.
///
/// The bytes that fit the nearest level go at its bandwidth, those beyond that which fit the next one at the next one's, and
/// so on: more bytes never take less, and nothing changes all at once where a level is full.
fn memory(peaks: &Peaks, bytes: f64) -> Option<(f64, MemoryLevel)> {
    let fastest = |read: f64, triad: f64| [read, triad].into_iter().filter(|rate| is_rate(*rate)).reduce(f64::max);
    let mut levels: Vec<(MemoryLevel, f64, f64)> = peaks
        .bandwidth
        .iter()
        .filter_map(|one| {
            let per_s = fastest(one.read_bytes_per_s, one.triad_bytes_per_s)?;
            Some((one.level, holds(one), per_s))
        })
        .collect();
    levels.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // What is beyond the last level that is known is no nearer than that.
    levels.last_mut()?.1 = f64::INFINITY;
    let (mut memory_ns, mut held) = (0.0, 0.0);
    for (level, holds, per_s) in levels {
        let up_to = holds.clamp(held, bytes);
        memory_ns += (up_to - held) / per_s * 1e9;
        held = up_to;
        if held >= bytes {
            return Some((memory_ns, level));
        }
    }
    None
}

/// What a level holds for all threads together. Where it was measured and its size not kept, half of it was gone over.
fn holds(level: &Bandwidth) -> f64 {
    level
        .capacity_bytes
        .map_or(level.working_set_bytes.0 as f64 * 2.0, |bytes| bytes.0 as f64)
}

/// Whether a rate per second can be.
pub(super) fn is_rate(per_s: f64) -> bool {
    (f64::MIN_POSITIVE..=1e18).contains(&per_s)
}
