//! `edgebench profile diff`.

use std::process::ExitCode;

use super::args::DiffArgs;
use crate::failure::Failure;

pub(super) fn diff(_args: &DiffArgs) -> Result<ExitCode, Failure> {
    Err(Failure::new("not yet"))
}
