//! `cargo xtask noise`: how often the live gate is wrong, in simulation and on this machine.

mod machine;
mod real;
mod simulate;
mod tally;

use std::process::Command;
use std::time::{Duration, Instant};

/// What the noise commands do.
pub(crate) const USAGE: &str = "\
  noise simulate       false alarms and power of the live gate under simulated noise, and the intervals' coverage
  noise real [MIN]     A/A and +3 % gates on this machine with real workers, for MIN minutes (60); goes on where it ended
  noise report         what `noise real` has counted so far";

/// Runs one of them.
pub(crate) fn run(words: &[&str]) -> Result<bool, String> {
    match words {
        ["simulate"] => simulate::run(),
        ["real"] => real::run(Duration::from_mins(60)),
        ["real", minutes] => {
            let minutes: u64 = minutes
                .parse()
                .map_err(|_| format!("`{minutes}` is no number of minutes"))?;
            real::run(Duration::from_mins(minutes))
        }
        ["report"] => real::report(),
        // A process of its own that loads one core until it is killed.
        ["burn"] => burn(),
        _ => Err(format!("there is no such noise command; there are\n{USAGE}")),
    }
}

/// Keeps one core busy until it is killed, and not longer than an hour.
fn burn() -> Result<bool, String> {
    let begin = Instant::now();
    let mut state = 1_u64;
    while begin.elapsed() < Duration::from_mins(60) {
        for _ in 0..1_000_000 {
            state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
    Ok(true)
}

/// Another process that loads one core. It ends when this value does.
pub(crate) struct Load(std::process::Child);

impl Load {
    pub(crate) fn start() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("this program's own file: {error}"))?;
        let child = Command::new(program).args(["noise", "burn"]).spawn();
        child
            .map(Self)
            .map_err(|error| format!("the load cannot be started: {error}"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
