//! `edgebench conformance`: a worker in any language through the conformance suite.

use std::process::{Command, ExitCode};

use edgebench_conformance::{WorkerCheck, check_worker};

use crate::args::ConformanceArgs;
use crate::failure::{Failure, exit};
use crate::output::print;

pub(crate) fn conformance(args: &ConformanceArgs) -> Result<ExitCode, Failure> {
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Failure::new("no command is given").hint("edgebench conformance -- python3 worker.py"));
    };
    let mut command = || {
        let mut command = Command::new(program);
        command.args(rest);
        command
    };
    let check = WorkerCheck {
        backend: args.backend.clone(),
        deadline: args.timeout,
        ..WorkerCheck::default()
    };
    let report = check_worker(&mut command, &check);
    print(&format!("{report}\n"))?;
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::CELLS)
    })
}
