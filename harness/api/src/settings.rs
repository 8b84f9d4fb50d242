//! What a cell asks of a runtime.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked of a runtime. What it really does is read back into [`crate::SessionSpec::effective`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Threads for one inference, at least 1.
    pub threads: usize,
    /// Samples in one inference (the leading axis), at least 1.
    pub batch: usize,
    /// Device or execution provider.
    #[serde(default = "cpu")]
    pub device: String,
    /// Options of the runtime, by the runtime's own names. An unknown one is [`crate::BackendError::InvalidSetting`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

fn cpu() -> String {
    "cpu".to_owned()
}

impl Default for Settings {
    /// One thread, one sample, on the CPU.
    fn default() -> Self {
        Self {
            threads: 1,
            batch: 1,
            device: cpu(),
            options: BTreeMap::new(),
        }
    }
}
