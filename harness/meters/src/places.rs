//! Where sources are looked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgebench_record::AbsentSource;

use crate::files::{FileError, Files, HostFiles};

/// Where sources are looked for.
#[derive(Debug, Clone)]
pub struct Places {
    /// What lies above `sys` and `proc`: `/`, or the root of a copy.
    pub root: PathBuf,
    /// Who reads the files.
    pub files: Arc<dyn Files>,
    /// The command that reads a Raspberry Pi's power management chip.
    pub vcgencmd: PathBuf,
    /// The kind of virtual machine this is, `kvm`; absent on bare metal.
    pub virtual_machine: Option<String>,
}

impl Places {
    /// Those of this machine.
    pub fn host(virtual_machine: Option<String>) -> Self {
        Self {
            root: PathBuf::from("/"),
            files: Arc::new(HostFiles),
            vcgencmd: PathBuf::from("vcgencmd"),
            virtual_machine,
        }
    }

    /// A path below the root.
    pub(crate) fn below(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }
}

/// A source that is not there.
pub(crate) fn absent(name: &str, reason: impl Into<String>, hint: Option<&str>) -> AbsentSource {
    AbsentSource {
        name: name.to_owned(),
        reason: reason.into(),
        hint: hint.map(str::to_owned),
    }
}

/// A source that is not there because of a file; `remedy` is for a file that may not be read.
pub(crate) fn refused(name: &str, error: &FileError, remedy: &str) -> AbsentSource {
    let hint = matches!(error, FileError::Denied(_)).then_some(remedy);
    absent(name, error.to_string(), hint)
}
