//! The project's own chores: `cargo xtask test`, `cargo xtask cross`, `cargo xtask dist`.

mod browser;
mod ci_files;
mod cross;
mod dist;
mod memory;
mod noise;
mod report;
mod system;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND
  test [--install]     everything that must pass; --install gets system packages with apt (as root it does so unasked)
  browser              the step of `test` that looks at the reports in Chromium, on what `test` has left
  cross aarch64        build for 64-bit Arm and run `starter --quick` with tract and null under qemu-user
  figures memory [DIR] how far the peak memory of the starter suite's cells repeats; of a record where DIR has one
  dist                 one archive that runs on a bare board: binary, ONNX Runtime, starter suite, licences";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => test::run(false),
        ["test", "--install"] => test::run(true),
        ["browser"] => browser::run(),
        ["cross", "aarch64"] => cross::run(),
        ["dist"] => dist::run(),
        ["figures", "memory"] => memory::run(None),
        ["figures", "memory", folder] => memory::run(Some(folder)),
        ["noise", rest @ ..] => noise::run(rest),
        _ => {
            eprintln!("{USAGE}\n{}", noise::USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
