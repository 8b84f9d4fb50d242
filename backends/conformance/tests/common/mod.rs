//! The worker under test.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The example `null_worker`, which cargo builds beside the tests.
pub(crate) fn null_worker() -> Command {
    let mut path: PathBuf = std::env::current_exe().expect("a test knows its path");
    path.pop();
    path.set_file_name("examples");
    path.push(format!("null_worker{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "{} is not built: `cargo build -p edgebench-conformance --examples`",
        path.display()
    );
    let mut command = Command::new(path);
    command.stderr(Stdio::null());
    command
}
