//! Progress on standard error. It is drawn between requests to workers and never by a thread of its own, which would
//! take processor time from the measurement.

use std::time::Duration;

use edgebench_api::Nanos;
use edgebench_runner::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::parse::one_line;

/// A bar that is hidden where standard error is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows what happened.
    pub(crate) fn tell(&self, event: Event<'_>) {
        match event {
            Event::Preparing { task } => {
                self.bar.set_message(format!("preparing {}", one_line(task)));
                self.bar.tick();
            }
            Event::Started {
                cell,
                done,
                total,
                remaining,
                ..
            } => {
                self.counts(done, total);
                let left = if done == 0 {
                    String::new()
                } else {
                    format!(", {} left", rough(remaining))
                };
                self.bar.set_message(format!("{}{left}", one_line(&cell.to_string())));
                self.bar.tick();
            }
            Event::Finished {
                cell,
                p50_ns,
                ended,
                done,
                total,
                remaining,
                ..
            } => {
                self.counts(done, total);
                if let Some(outcome) = ended.filter(|outcome| !outcome.is_measured()) {
                    let line = format!("{}: {}: {}", cell, outcome.kind.name(), outcome.reason);
                    self.bar.println(one_line(&line));
                }
                let p50 = p50_ns.map_or_else(String::new, |ns| format!(" {}", Nanos(ns.round() as u64)));
                self.bar.set_message(format!(
                    "{}{p50}, {} left",
                    one_line(&cell.to_string()),
                    rough(remaining)
                ));
                self.bar.tick();
            }
            Event::Scenario {
                cell,
                kind,
                result,
                done,
                total,
            } => {
                self.counts(done, total);
                if result.is_some() {
                    return;
                }
                let what = format!("{}: {}", cell, kind.name());
                self.bar.set_message(one_line(&what));
                self.bar.tick();
            }
            Event::Energy {
                cell,
                done,
                total,
                remaining,
            } => {
                self.counts(done, total);
                self.bar.set_message(format!(
                    "energy of {}, {} left",
                    one_line(&cell.to_string()),
                    rough(remaining)
                ));
                self.bar.tick();
            }
            Event::Waiting => {
                self.bar.set_message("waiting for the machine to be cool and idle");
                self.bar.tick();
            }
            Event::Judging => {
                self.bar.set_message("judging the outputs");
                self.bar.tick();
            }
        }
    }

    fn counts(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A duration for people: `45 s`, `3 min`, `1 h 5 min`.
pub(crate) fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().ceil() as u64;
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5_400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_reads_at_a_glance() {
        assert_eq!(rough(Duration::from_millis(1)), "1 s");
        assert_eq!(rough(Duration::from_secs(91)), "2 min");
        assert_eq!(rough(Duration::from_mins(125)), "2 h 5 min");
    }
}
