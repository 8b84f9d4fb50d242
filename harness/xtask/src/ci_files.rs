//! What CI systems read, before their own parsers and schemas: `tools/ci_files.py`.

use std::path::Path;
use std::process::Command;

use crate::report::Outcome;

/// What the script ends with where a checker is missing and all else holds, as automake's tests do.
const INCOMPLETE: i32 = 77;

/// Checks the reports' snapshots, `action.yml` and the example workflows.
pub(crate) fn check(root: &Path, interpreter: Option<&Path>) -> Outcome {
    let Some(python) = interpreter else {
        return Outcome::NotRun("the checkers come with the tests' Python".into());
    };
    let status = Command::new(python).current_dir(root).arg("tools/ci_files.py").status();
    match status {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) if status.code() == Some(INCOMPLETE) => Outcome::NotRun("a checker is missing".into()),
        Ok(status) => Outcome::Failed(format!("{status}: tools/ci_files.py")),
        Err(error) => Outcome::Failed(format!("{}: {error}", python.display())),
    }
}
