//! Prints what this machine can do at most as JSON: `peaks --threads 1 --seconds 5`.

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["--threads", threads, "--seconds", seconds] = words[..] else {
        eprintln!("usage: peaks --threads NUMBER --seconds NUMBER");
        return ExitCode::FAILURE;
    };
    let (Ok(threads), Ok(seconds)) = (threads.parse(), seconds.parse()) else {
        eprintln!("peaks: `{threads}` and `{seconds}` are not both whole numbers");
        return ExitCode::FAILURE;
    };
    let peaks = edgebench_peaks::measure(threads, Duration::from_secs(seconds));
    match serde_json::to_string_pretty(&peaks) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("peaks: {error}");
            ExitCode::FAILURE
        }
    }
}
