//! Puts a worker's command through the suite: `check COMMAND [ARGUMENT…]`.

use std::process::{Command, ExitCode};

use edgebench_conformance::{WorkerCheck, check_worker};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("error: no command is given\nhint: check COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let arguments: Vec<_> = arguments.collect();
    let mut command = || {
        let mut command = Command::new(&program);
        command.args(&arguments);
        command
    };
    let report = check_worker(&mut command, &WorkerCheck::default());
    println!("{report}");
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
