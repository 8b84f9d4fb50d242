//! The edgebench command: arguments, progress, exit codes, and the list of backends.

mod args;
mod arrays;
mod backends;
mod budget;
mod calibrate;
mod carbon;
mod compare;
mod conformance;
mod doctor;
mod energy;
mod export;
mod failure;
mod fits;
mod gate;
mod get;
mod history;
mod init;
mod inspect;
mod list;
mod manual;
mod models;
mod output;
mod parse;
mod plan;
mod profile;
mod progress;
mod recommend;
mod report;
mod run;
mod scenarios;
mod schema;
mod select;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::failure::{Failure, exit};
use crate::output::tell;

/// Counts what runtimes written in Rust allocate, when a worker asks; the system's allocator otherwise.
#[global_allocator]
static ALLOCATOR: edgebench_worker::CountingAllocator = edgebench_worker::CountingAllocator;

fn main() -> ExitCode {
    // A worker is this binary again. It comes before everything else, so that its process holds nothing of ours.
    if std::env::args_os().nth(1).is_some_and(|first| first == "worker") {
        return edgebench_worker::serve(backends::BACKENDS, "edgebench", env!("CARGO_PKG_VERSION"));
    }
    std::panic::set_hook(Box::new(|panic| {
        tell(format_args!(
            "error: this is a bug in edgebench {}: {panic}",
            env!("CARGO_PKG_VERSION")
        ));
        tell("hint: what was measured so far is in the run's folder, and `--resume` goes on from it");
    }));
    match std::panic::catch_unwind(|| dispatch(Cli::parse())) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            tell(failure.to_string().trim_end());
            ExitCode::from(failure.code())
        }
        Err(_) => ExitCode::from(exit::BUG),
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Run(args) => run::run(*args),
        Command::Plan(args) => plan::plan(&args),
        Command::Profile(args) => profile::profile(&args),
        Command::Recommend(args) => recommend::recommend(&args),
        Command::Report(args) => report::report(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Export(args) => export::export(&args),
        Command::Gate(args) => gate::gate(&args),
        Command::History(args) => history::history(&args),
        Command::List(args) => list::list(&args),
        Command::Calibrate(args) => calibrate::calibrate(&args),
        Command::Carbon(args) => carbon::carbon_of(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Init(args) => init::init(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Conformance(args) => conformance::conformance(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    }
}
