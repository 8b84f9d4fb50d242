//! A folder with a small model in it, and the commands that are run there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const MODEL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../backends/conformance/fixtures/dense-relu.onnx"
);

/// A folder of its own, with the model as `m.onnx`. It is the home of what runs in it.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(MODEL, folder.path().join("m.onnx")).unwrap();
        Self(folder)
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn edgebench(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_edgebench"), arguments)
    }

    /// Runs a program that finds nothing of the machine's user: neither a cache nor a repository.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.root())
            .env("HOME", self.root())
            .env("EDGEBENCH_OFFLINE", "1")
            .env("GIT_CEILING_DIRECTORIES", self.root().parent().unwrap())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_COMMITTER_DATE", "2026-02-01T00:00:00Z")
            .env_remove("GIT_DIR")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_DATA_HOME")
            .output()
            .unwrap()
    }
}
