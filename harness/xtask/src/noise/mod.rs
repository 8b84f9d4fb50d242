//! `cargo xtask noise`: how often the live gate is wrong, in simulation and on this machine.

mod machine;
mod peers;
mod real;
mod simulate;
mod tally;

use std::process::Command;
use std::time::{Duration, Instant};

/// What the noise commands do.
pub(crate) const USAGE: &str = "\
  noise simulate       false alarms and power of the live gate under simulated noise, and the intervals' coverage
  noise real [MIN]     A/A and +3 % gates on this machine with real workers, for MIN minutes (60); goes on where it ended
  noise report         what `noise real` has counted so far
  noise peers [MIN]    the same pairs judged by criterion, hyperfine, a mean with a threshold, and edgebench";

const HOUR: Duration = Duration::from_hours(1);

/// Runs one of them.
pub(crate) fn run(words: &[&str]) -> Result<bool, String> {
    match words {
        ["simulate"] => Ok(simulate::run()),
        ["real"] => real::run(HOUR),
        ["real", minutes] => real::run(parsed(minutes)?),
        ["peers"] => peers::run(HOUR),
        ["peers", minutes] => peers::run(parsed(minutes)?),
        ["report"] => real::report(),
        // A process of its own that loads one core until it is killed.
        ["burn"] => {
            burn();
            Ok(true)
        }
        _ => Err(format!("there is no such noise command; there are\n{USAGE}")),
    }
}

fn parsed(minutes: &str) -> Result<Duration, String> {
    let number = minutes
        .parse()
        .map_err(|_| format!("`{minutes}` is no number of minutes"))?;
    Ok(Duration::from_mins(number))
}

/// Keeps one core busy until it is killed, and not longer than an hour.
fn burn() {
    let begin = Instant::now();
    let mut state = 1_u64;
    while begin.elapsed() < HOUR {
        for _ in 0..1_000_000 {
            state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
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
