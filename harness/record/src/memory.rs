//! What of memory does not come from one process's own counters.

use edgebench_api::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run under a given memory limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryLimit {
    /// The limit.
    pub limit_bytes: Bytes,
    /// How it was held.
    pub by: LimitedBy,
    /// Whether the cell fits.
    pub fits: bool,
    /// The figure and the rule behind the verdict, in one line.
    pub why: String,
}

/// How a memory limit was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LimitedBy {
    /// A control group of the kernel: what does not fit is killed.
    Cgroup,
    /// Nothing held it: it is judged from the peak.
    Peak,
}
