//! What a cell asks of a runtime.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::BackendError;

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

impl Settings {
    /// What a backend checks that offers no device but the CPU.
    ///
    /// # Errors
    /// [`BackendError::InvalidSetting`] for another device than `cpu`, and for no threads.
    pub fn require_cpu(&self) -> Result<(), BackendError> {
        if self.device != "cpu" {
            let why = "this backend offers `cpu` alone";
            return Err(BackendError::invalid_setting("device", &self.device, why));
        }
        if self.threads == 0 {
            let why = "an inference needs at least one thread";
            return Err(BackendError::invalid_setting("threads", "0", why));
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_device_and_no_threads_are_refused() {
        assert!(Settings::default().require_cpu().is_ok());
        let elsewhere = Settings {
            device: "gpu".to_owned(),
            ..Settings::default()
        };
        let idle = Settings {
            threads: 0,
            ..Settings::default()
        };
        for (settings, name) in [(elsewhere, "device"), (idle, "threads")] {
            match settings.require_cpu() {
                Err(BackendError::InvalidSetting { name: found, .. }) => assert_eq!(found, name),
                other => panic!("{other:?}"),
            }
        }
    }
}
