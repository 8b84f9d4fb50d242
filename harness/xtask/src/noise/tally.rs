//! Counts of gates, and what they show.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// One gate whose truth is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The injected slowdown: 0 for A/A, 0.03 for +3 %.
    pub(crate) truth: f64,
    /// Whether another process loaded one core.
    pub(crate) loaded: bool,
    /// The verdict on the median latency.
    pub(crate) verdict: String,
    /// The estimated change, a fraction.
    pub(crate) estimate: Option<f64>,
    /// Restarts that counted and that were rejected.
    pub(crate) restarts: [usize; 2],
    /// How long the gate took.
    pub(crate) seconds: f64,
    /// RFC 3339, UTC.
    pub(crate) at: String,
    /// Each restart's log ratio, and the share of time in which some task waited for a processor.
    pub(crate) samples: Vec<[f64; 2]>,
}

/// What gates of one truth came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) gates: usize,
    pub(crate) regressed: usize,
    pub(crate) inconclusive: usize,
    pub(crate) others: usize,
    pub(crate) longest_s: f64,
    total_s: f64,
}

impl Tally {
    /// Counts the trials that a filter takes.
    pub(crate) fn of<'a>(trials: impl Iterator<Item = &'a Trial>) -> Self {
        let mut tally = Self::default();
        for trial in trials {
            tally.gates += 1;
            match trial.verdict.as_str() {
                "regressed" => tally.regressed += 1,
                "inconclusive" => tally.inconclusive += 1,
                _ => tally.others += 1,
            }
            tally.longest_s = tally.longest_s.max(trial.seconds);
            tally.total_s += trial.seconds;
        }
        tally
    }

    fn row(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {} | {} | {} | {:.1} | {:.1} |",
            self.gates,
            self.regressed,
            self.inconclusive,
            self.others,
            self.total_s / self.gates.max(1) as f64,
            self.longest_s
        )
    }
}

/// All counts as a table.
pub(crate) fn table(trials: &[Trial]) -> String {
    let mut text = String::from(
        "| gates | n | regressed | inconclusive | passed or improved | mean s | longest s |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let quiet = |trial: &&Trial| trial.truth == 0.0;
    let slow = |trial: &&Trial| trial.truth > 0.0;
    for (name, loaded) in [("A/A, idle", false), ("A/A, one core loaded", true)] {
        let tally = Tally::of(trials.iter().filter(quiet).filter(|trial| trial.loaded == loaded));
        let _ = writeln!(text, "{}", tally.row(name));
    }
    for (name, loaded) in [("+3 %, idle", false), ("+3 %, one core loaded", true)] {
        let tally = Tally::of(trials.iter().filter(slow).filter(|trial| trial.loaded == loaded));
        let _ = writeln!(text, "{}", tally.row(name));
    }
    let _ = writeln!(text, "{}", Tally::of(trials.iter().filter(quiet)).row("A/A, all"));
    let _ = writeln!(text, "{}", Tally::of(trials.iter().filter(slow)).row("+3 %, all"));
    text
}

/// What the counts demonstrate with 95 % confidence: false alarms ≤ 1 % (0 in 299, or 1 in 473), power ≥ 95 % (59 of 59,
/// or 92 of 93). An inconclusive verdict is a miss.
pub(crate) fn demonstrated(trials: &[Trial]) -> (Option<&'static str>, Option<&'static str>) {
    let quiet = Tally::of(trials.iter().filter(|trial| trial.truth == 0.0));
    let slow = Tally::of(trials.iter().filter(|trial| trial.truth > 0.0));
    let alarms = match (quiet.regressed, quiet.gates) {
        (0, 299..) | (1, 473..) => Some("false alarms ≤ 1 %"),
        _ => None,
    };
    let power = match (slow.gates - slow.regressed, slow.gates) {
        (0, 59..) | (1, 93..) => Some("+3 % found ≥ 95 %"),
        _ => None,
    };
    (alarms, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(truth: f64, verdict: &str, count: usize) -> Vec<Trial> {
        let trial = Trial {
            truth,
            loaded: false,
            verdict: verdict.to_owned(),
            estimate: None,
            restarts: [9, 0],
            seconds: 5.0,
            at: String::new(),
            samples: Vec::new(),
        };
        vec![trial; count]
    }

    #[test]
    fn an_inconclusive_verdict_is_a_miss_and_no_alarm() {
        let mut all = trials(0.0, "passed", 298);
        all.extend(trials(0.0, "inconclusive", 1));
        all.extend(trials(0.03, "regressed", 58));
        all.extend(trials(0.03, "inconclusive", 1));
        assert_eq!(demonstrated(&all), (Some("false alarms ≤ 1 %"), None));
        all.extend(trials(0.03, "regressed", 34));
        assert_eq!(demonstrated(&all).1, Some("+3 % found ≥ 95 %"));
        all.extend(trials(0.0, "regressed", 1));
        assert_eq!(demonstrated(&all).0, None);
    }
}
