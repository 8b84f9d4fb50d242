//! `edgebench profile`: what each operator takes, and what differs between two profiles.

mod args;
mod cells;
mod diff;
mod measure;
mod peaks;

use std::process::ExitCode;

use crate::failure::Failure;

pub(crate) use args::ProfileArgs;
use args::ProfileCommand;

pub(crate) fn profile(args: &ProfileArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        Some(ProfileCommand::Diff(args)) => diff::diff(args),
        None => measure::measure(args),
    }
}
