//! The machine's facts and what happened to it during a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cache, CgroupLimits, CoreType, FrequencyLimits, HealthReading, HostClass};

/// The machine, without anything that identifies it. What could not be read is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// A name that the user chose to publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Processor architecture, such as `x86_64`.
    pub architecture: String,
    /// Operating system, such as `linux`.
    pub system: String,
    /// Distribution and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// Kernel release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// C library, and its version where it tells it, such as `glibc 2.36`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libc: Option<String>,
    /// Processor model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// Processors that this process may use.
    pub cpus: usize,
    /// Instruction sets that decide the speed of inference, such as `avx2`, `avx512_vnni`, `asimddp`.
    pub isa: Vec<String>,
    /// Main memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Frequency governor; where processors differ, all of them with commas between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// Name of the virtual machine or container, where one shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtualisation: Option<String>,
    /// The virtual machine that this is, whether in a container or not: it has no energy sensors of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_machine: Option<String>,
    /// Whether another architecture emulates this one. Times then mean nothing.
    pub emulated: bool,
    /// One-minute load average at the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_at_start: Option<f64>,
    /// Share of processor time that the hypervisor took during the run, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// What makes the figures less trustworthy.
    pub warnings: Vec<HealthWarning>,
    /// Revision of the processor's microcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microcode: Option<String>,
    /// Logical processors that are online, whether this process may use them or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical_cpus: Option<usize>,
    /// Physical cores that are online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_cores: Option<usize>,
    /// Kinds of cores, fastest first. Empty where nothing tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub core_types: Vec<CoreType>,
    /// Caches of the online processors, level by level, each kind and size once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// The frequencies between which the processors may move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<FrequencyLimits>,
    /// Energy performance preference; where processors differ, all of them with commas between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_preference: Option<String>,
    /// Whether processors may exceed their base frequency while power and heat allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turbo: Option<bool>,
    /// Whether several logical processors share one core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smt: Option<bool>,
    /// What the control group of this process allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<CgroupLimits>,
    /// Swap space. 0 where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_total_bytes: Option<u64>,
    /// When the kernel uses huge pages by itself: `always`, `madvise` or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transparent_huge_pages: Option<String>,
    /// Linux's `randomize_va_space`: 0 no address is randomised, 1 all but the heap, 2 all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_randomisation: Option<u8>,
    /// Size of a page of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size_bytes: Option<u64>,
    /// HMAC-SHA-256 of the machine's id under a key that the user gave, 64 hexadecimal digits. Tells two records of one
    /// machine to whoever has the key, and nothing to anybody else. Absent without a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_key: Option<String>,
    /// Health before the run's first inference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_at_start: Option<HealthReading>,
    /// Health after the run's last inference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_at_end: Option<HealthReading>,
    /// How far the figures can be trusted. Absent in records of before the class was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<HostClass>,
}

/// Something that makes figures less trustworthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthWarning {
    /// What was seen.
    pub fact: String,
    /// What would mend it.
    pub hint: String,
}
