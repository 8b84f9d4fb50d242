//! The machine, without anything that identifies it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// C library and version.
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
    /// Frequency governor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// Name of the virtual machine or container, where one shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtualisation: Option<String>,
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
}

/// Something that makes figures less trustworthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthWarning {
    /// What was seen.
    pub fact: String,
    /// What would mend it.
    pub hint: String,
}
