//! What a machine can do at most, as measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Bytes;

/// The most that a machine multiplies and moves, measured on it by small kernels: the roofs of a roofline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Peaks {
    /// Threads that worked at once.
    pub threads: usize,
    /// Rates of arithmetic, one per kind and instruction set that this processor has. The fastest of a kind is its roof.
    pub compute: Vec<ComputeRate>,
    /// Bandwidths, from the nearest level to memory.
    pub bandwidth: Vec<Bandwidth>,
    /// What could not be measured, or not beyond doubt, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
}

impl Peaks {
    /// The fastest rate of a kind: its roof.
    pub fn fastest(&self, kind: ComputeKind) -> Option<&ComputeRate> {
        let rates = self.compute.iter().filter(|rate| rate.kind == kind);
        rates.max_by(|one, other| one.macs_per_s.total_cmp(&other.macs_per_s))
    }
}

/// How fast one kind of multiply-accumulate goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComputeRate {
    /// The kind.
    pub kind: ComputeKind,
    /// The instructions, such as `AVX-512F vfmadd231ps`.
    pub instructions: String,
    /// Multiply-accumulates per second, all threads together.
    pub macs_per_s: f64,
}

/// What is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComputeKind {
    /// 32-bit floats, fused multiply-add.
    F32,
    /// 16-bit floats multiplied as such.
    F16,
    /// Brain floats, summed in 32-bit floats.
    Bf16,
    /// 8-bit integers, summed in 32-bit ones, with the instructions that every processor of the architecture's level has.
    Int8,
    /// The same with instructions for products of vectors or matrices: VNNI, AMX, dotprod, i8mm.
    Int8Dot,
}

/// How fast one level of memory is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bandwidth {
    /// The level.
    pub level: MemoryLevel,
    /// What all threads together go over.
    pub working_set_bytes: Bytes,
    /// What the level holds for all threads together; absent for memory and where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_bytes: Option<Bytes>,
    /// Bytes read per second, all threads together.
    pub read_bytes_per_s: f64,
    /// Bytes read and written per second by `a[i] = b[i] + s × c[i]`, all threads together, counted as the program asks for
    /// them.
    pub triad_bytes_per_s: f64,
}

/// A level of the memory hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryLevel {
    /// First-level data cache.
    L1,
    /// Second-level cache.
    L2,
    /// Third-level cache.
    L3,
    /// Main memory.
    Memory,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_of_a_kind_is_its_roof() {
        let rate = |kind, macs_per_s| ComputeRate {
            kind,
            instructions: String::new(),
            macs_per_s,
        };
        let peaks = Peaks {
            compute: vec![
                rate(ComputeKind::F32, 2.0),
                rate(ComputeKind::Int8, 9.0),
                rate(ComputeKind::F32, 5.0),
                rate(ComputeKind::F32, 3.0),
            ],
            ..Peaks::default()
        };
        assert_eq!(peaks.fastest(ComputeKind::F32), Some(&peaks.compute[2]));
        assert_eq!(peaks.fastest(ComputeKind::F16), None);
    }
}
