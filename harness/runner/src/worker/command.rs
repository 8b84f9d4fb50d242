//! The command that starts a worker.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The command that starts a worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerCommand {
    /// What goes before the program: an emulator, `taskset`, `ssh` to a board. Empty when there is none.
    pub prefix: Vec<String>,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables added to the runner's own environment.
    pub environment: BTreeMap<String, String>,
}

impl WorkerCommand {
    /// The program that the system is asked to start: the prefix's first word, where there is a prefix.
    pub(super) fn first(&self) -> String {
        self.prefix
            .first()
            .cloned()
            .unwrap_or_else(|| self.program.display().to_string())
    }

    /// Starts it in a process group of its own, with all three pipes.
    pub(super) fn start(&self, environment: &BTreeMap<String, String>) -> io::Result<Child> {
        let words: Vec<OsString> = self
            .prefix
            .iter()
            .map(OsString::from)
            .chain([self.program.clone().into_os_string()])
            .chain(self.arguments.iter().map(OsString::from))
            .collect();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .envs(&self.environment)
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A terminal's interrupt then reaches the runner alone, and a kill reaches all that the worker started.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }
}
