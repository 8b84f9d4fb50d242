//! The scenarios of a plan.

use std::time::Duration;

use edgebench_record::{Mode, ScenarioKind, ScenarioPlan};

use super::once;
use crate::PlanError;

/// `LoadGen`'s default length of a run.
const STANDARD: Duration = Duration::from_secs(10);

/// The length that the inference benchmark rules of `MLPerf` ask for.
const PUBLISH: Duration = Duration::from_mins(10);

/// Long enough to see that a scenario works; its figures are no results.
const QUICK: Duration = Duration::from_millis(500);

/// A quick run's soak.
const QUICK_SOAK: Duration = Duration::from_secs(2);

/// `LoadGen`'s default bound of the server scenario's latency.
const TARGET_LATENCY: Duration = Duration::from_millis(100);

/// Thirty frames a second.
const PERIOD: Duration = Duration::from_nanos(33_333_333);

/// Processes of a cold start, for each state of the page cache.
const COLD_STARTS: usize = 10;

/// The same in a quick run: as few as a median is taken of.
const QUICK_COLD_STARTS: usize = 5;

/// What is asked of scenarios. Whatever is absent is decided by the mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScenarioRequest {
    /// Which; each runs once.
    pub kinds: Vec<ScenarioKind>,
    /// How long a load lasts, at least.
    pub length: Option<Duration>,
    /// Sessions of `server` and `offline`.
    pub sessions: Option<usize>,
    /// The bound of `server`.
    pub target_latency: Option<Duration>,
    /// The period of `paced`.
    pub period: Option<Duration>,
    /// The deadline of `paced`; the period when absent.
    pub deadline: Option<Duration>,
    /// How long `soak` lasts. It asks for the soak as well.
    pub soak: Option<Duration>,
}

impl ScenarioRequest {
    /// The plan of scenarios; `None` where none is asked for.
    pub(super) fn plan(&self, mode: Mode) -> Result<Option<ScenarioPlan>, PlanError> {
        let mut kinds = once(&self.kinds);
        if self.soak.is_some() && !kinds.contains(&ScenarioKind::Soak) {
            kinds.push(ScenarioKind::Soak);
        }
        if kinds.is_empty() {
            return Ok(None);
        }
        let quick = mode == Mode::Quick;
        let valid = if mode == Mode::Publish { PUBLISH } else { STANDARD };
        let length = self.length.unwrap_or(if quick { QUICK } else { valid });
        let soak = self.soak.unwrap_or(if quick { QUICK_SOAK } else { PUBLISH });
        let period = self.period.unwrap_or(PERIOD);
        let sessions = self.sessions.unwrap_or(1);
        if sessions == 0 || sessions > 256 {
            return Err(PlanError::Value {
                what: "sessions",
                rule: "from 1 to 256",
                value: sessions.to_string(),
            });
        }
        Ok(Some(ScenarioPlan {
            kinds,
            min_ns: nanoseconds("a scenario's length", length)?,
            valid_ns: nanoseconds("a scenario's length", valid)?,
            sessions,
            target_latency_ns: nanoseconds("the target latency", self.target_latency.unwrap_or(TARGET_LATENCY))?,
            period_ns: nanoseconds("the period", period)?,
            deadline_ns: nanoseconds("the deadline", self.deadline.unwrap_or(period))?,
            cold_starts: if quick { QUICK_COLD_STARTS } else { COLD_STARTS },
            soak_ns: nanoseconds("the soak", soak)?,
            soak_interval_ns: interval(soak),
            cool_down_ns: if quick {
                0
            } else {
                (soak / 10).min(Duration::from_mins(1)).as_nanos() as u64
            },
        }))
    }
}

/// Sixty intervals, none shorter than a tenth of a second and none longer than a minute.
fn interval(soak: Duration) -> u64 {
    (soak / 60)
        .clamp(Duration::from_millis(100), Duration::from_mins(1))
        .as_nanos() as u64
}

fn nanoseconds(what: &'static str, length: Duration) -> Result<u64, PlanError> {
    // A week bounds what a typing error can cost.
    if length.is_zero() || length > Duration::from_hours(24 * 7) {
        return Err(PlanError::Value {
            what,
            rule: "above 0 s and at most a week",
            value: format!("{} s", length.as_secs_f64()),
        });
    }
    Ok(length.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kinds: &[ScenarioKind]) -> ScenarioRequest {
        ScenarioRequest {
            kinds: kinds.to_vec(),
            ..ScenarioRequest::default()
        }
    }

    #[test]
    fn none_asked_for_is_none_planned() {
        assert_eq!(request(&[]).plan(Mode::Standard), Ok(None));
    }

    #[test]
    fn the_mode_decides_the_length() {
        let of = |mode| request(&[ScenarioKind::Server]).plan(mode).unwrap().unwrap();
        let (quick, standard, publish) = (of(Mode::Quick), of(Mode::Standard), of(Mode::Publish));
        assert_eq!((standard.min_ns, standard.valid_ns), (10_000_000_000, 10_000_000_000));
        assert_eq!((publish.min_ns, publish.valid_ns), (600_000_000_000, 600_000_000_000));
        // A quick run is shorter than the rule, so that none of its loads is valid.
        assert!(quick.min_ns < quick.valid_ns);
        assert_eq!(quick.valid_ns, standard.valid_ns);
    }

    #[test]
    fn each_kind_runs_once_and_a_length_asks_for_the_soak() {
        let asked = ScenarioRequest {
            soak: Some(Duration::from_mins(10)),
            ..request(&[ScenarioKind::Paced, ScenarioKind::Offline, ScenarioKind::Paced])
        };
        let plan = asked.plan(Mode::Standard).unwrap().unwrap();
        assert_eq!(
            plan.kinds,
            [ScenarioKind::Paced, ScenarioKind::Offline, ScenarioKind::Soak]
        );
        assert_eq!((plan.soak_ns, plan.soak_interval_ns), (600_000_000_000, 10_000_000_000));
        assert_eq!(plan.deadline_ns, plan.period_ns);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let zero = ScenarioRequest {
            period: Some(Duration::ZERO),
            ..request(&[ScenarioKind::Paced])
        };
        assert!(matches!(
            zero.plan(Mode::Quick),
            Err(PlanError::Value { what: "the period", .. })
        ));
        let none = ScenarioRequest {
            sessions: Some(0),
            ..request(&[ScenarioKind::Server])
        };
        assert!(none.plan(Mode::Quick).is_err());
    }
}
