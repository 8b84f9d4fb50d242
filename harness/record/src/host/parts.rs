//! Facts that come in groups: caches, cores, frequencies, limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All caches of one level, kind and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cache {
    /// 1 is nearest to the core.
    pub level: u8,
    /// What it holds.
    pub kind: CacheKind,
    /// Size of one of them.
    pub size_bytes: u64,
    /// How many of them the online processors have. Processors that share one count it once.
    pub instances: usize,
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheKind {
    /// Data.
    Data,
    /// Instructions.
    Instruction,
    /// Both.
    Unified,
}

/// Cores of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoreType {
    /// Name of the design, such as `Cortex-A76`, or the kernel's word for the kind, such as `cpu_atom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kernel's figure for its speed: 1024 is the fastest kind of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// Online logical processors of the kind.
    pub cpus: usize,
}

/// The frequencies between which processors may move, over all of them: the lowest lower and the highest upper limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrequencyLimits {
    /// Lower limit now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_khz: Option<u64>,
    /// Upper limit now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_khz: Option<u64>,
    /// The least that the hardware can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware_min_khz: Option<u64>,
    /// The most that the hardware can, turbo included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware_max_khz: Option<u64>,
}

/// What a control group allows: the least of the group's own limit and those of the groups that contain it. A limit that
/// is absent is not set or cannot be seen from inside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CgroupLimits {
    /// Processor time per time, in processors: 1.5 is three halves of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_quota: Option<f64>,
    /// Logical processors in its set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpuset_cpus: Option<usize>,
    /// Memory, page cache included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}
