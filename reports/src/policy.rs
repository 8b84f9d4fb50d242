//! What counts for a gate, and how much: a policy, from TOML and from flags.

use edgebench_record::{
    Direction, METRICS, Metric, OnInconclusive, PolicyFacts, RuleFacts, Scale, Tolerance, metric as metric_of,
};

use crate::policy::amount::amount;
use crate::records::Basis;

mod amount;
mod file;

/// The share of a tolerance up to which a worsening is not called one: the relevance threshold.
pub(crate) const THRESHOLD_SHARE: f64 = 1.0 / 3.0;

/// The rules of a policy that names none: what most users notice first.
const DEFAULT_RULES: [&str; 4] = ["latency_p50:3%", "accuracy:0.5pp", "rss_peak:1%", "model_bytes:1%"];

/// What counts for a gate, and how much.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// The rules, one per metric: those of a file by name, then those of flags as they were given.
    pub rules: Vec<Rule>,
    /// How much the share of right answers among a class's samples may drop, as a fraction; no limit when absent.
    pub max_class_drop: Option<f64>,
    /// Whether the rules are those of [`Policy::with_default_rules`]: where nothing answers one of them, nobody asked.
    pub default_rules: bool,
    /// What an inconclusive verdict does.
    pub inconclusive: OnInconclusive,
    /// Whether times of records, which were measured at different times, count. Otherwise they are advice.
    pub trust_recorded_times: bool,
}

/// One rule: a metric and how much worse it may get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The metric; `accuracy` stands for the task's own.
    pub metric: &'static Metric,
    /// How much worse it may get.
    pub tolerance: Tolerance,
}

/// Why a policy cannot be used. The message is one line of fact; [`PolicyError::hint`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A rule without a colon.
    #[error("`{0}` is no rule")]
    NoRule(String),
    /// A name that means nothing here.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What the name would be of.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest one that is known.
        nearest: Option<&'static str>,
        /// All that are known.
        known: Vec<&'static str>,
    },
    /// A tolerance that cannot be read, or cannot be.
    #[error("`{text}` is no tolerance for {metric}: {why}")]
    Tolerance {
        /// As it was given.
        text: String,
        /// The metric's id.
        metric: String,
        /// What is wrong.
        why: String,
    },
    /// A limit on a class's drop that cannot be read, or cannot be.
    #[error("`{text}` is no drop of a class: {why}")]
    ClassDrop {
        /// As it was given.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The text is not TOML.
    #[error("the policy is not TOML: {0}")]
    Syntax(String),
    /// A value of another type.
    #[error("`{key}` must be {wanted}")]
    Type {
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
    },
}

impl PolicyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRule(_) => "write METRIC:TOLERANCE, such as latency_p50:3%".to_owned(),
            Self::Unknown {
                nearest: Some(nearest), ..
            } => format!("did you mean `{nearest}`?"),
            Self::Unknown { known, .. } => format!("there are {}", known.join(", ")),
            Self::Tolerance { metric, .. } => match metric_of(metric) {
                Some(metric) => format!("write {}", amount::examples(metric)),
                None => return None,
            },
            Self::ClassDrop { .. } => "write 5pp or 0".to_owned(),
            Self::Syntax(_) | Self::Type { .. } => return None,
        })
    }
}

impl Rule {
    /// Reads `METRIC:TOLERANCE`, as `--fail-on` takes it.
    ///
    /// # Errors
    /// [`PolicyError`]: no colon, an unknown metric, or a tolerance that does not go with it.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let (metric, tolerance) = text
            .split_once(':')
            .ok_or_else(|| PolicyError::NoRule(text.to_owned()))?;
        Self::of(metric.trim(), tolerance)
    }

    /// A metric by its id with its tolerance in words.
    fn of(id: &str, tolerance: &str) -> Result<Self, PolicyError> {
        let metric = named(id)?;
        let tolerance = amount(metric, tolerance).map_err(|why| PolicyError::Tolerance {
            text: tolerance.trim().to_owned(),
            metric: id.to_owned(),
            why,
        })?;
        Ok(Self { metric, tolerance })
    }
}

impl Policy {
    /// The policy where nobody states one: [`Policy::default`] with its rules, which are `latency_p50:3%`,
    /// `accuracy:0.5pp`, `rss_peak:1%` and `model_bytes:1%`.
    pub fn standard() -> Self {
        Self::default().with_default_rules()
    }

    /// Reads a policy from TOML; [`Policy::with_default_rules`] is up to the caller, after flags.
    ///
    /// # Errors
    /// [`PolicyError`] with the key.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        file::policy(text)
    }

    /// Adds a rule, in the place of one on the same metric where there is one.
    pub fn set(&mut self, rule: Rule) {
        match self.rules.iter_mut().find(|known| known.metric.id == rule.metric.id) {
            Some(known) => *known = rule,
            None => self.rules.push(rule),
        }
    }

    /// With the default rules where it has none.
    #[must_use]
    pub fn with_default_rules(mut self) -> Self {
        if self.rules.is_empty() {
            self.default_rules = true;
            self.rules = DEFAULT_RULES.iter().filter_map(|rule| Rule::parse(rule).ok()).collect();
        }
        self
    }

    /// The tolerance of a metric's rule.
    pub fn tolerance(&self, metric: &str) -> Option<Tolerance> {
        let rule = self.rules.iter().find(|rule| rule.metric.id == metric);
        rule.map(|rule| rule.tolerance)
    }

    /// As a gate's record keeps it.
    pub fn facts(&self) -> PolicyFacts {
        PolicyFacts {
            rules: self
                .rules
                .iter()
                .map(|rule| RuleFacts {
                    metric: rule.metric.id.to_owned(),
                    tolerance: rule.tolerance,
                })
                .collect(),
            max_class_drop: self.max_class_drop,
            inconclusive: self.inconclusive,
        }
    }
}

/// A metric by its id.
///
/// # Errors
/// [`PolicyError::Unknown`] with the nearest one.
pub fn named(id: &str) -> Result<&'static Metric, PolicyError> {
    metric_of(id).ok_or_else(|| unknown("metric", id, METRICS.iter().map(|metric| metric.id)))
}

/// Reads how much a class's accuracy may drop, such as `5pp`: a fraction.
///
/// # Errors
/// [`PolicyError::ClassDrop`].
pub fn class_drop(text: &str) -> Result<f64, PolicyError> {
    let wrong = |why: String| PolicyError::ClassDrop {
        text: text.trim().to_owned(),
        why,
    };
    let tolerance = amount(named("accuracy")?, text).map_err(wrong)?;
    match tolerance.scale {
        Scale::Absolute => Ok(tolerance.amount),
        Scale::Relative => Err(wrong("it is counted in percentage points".to_owned())),
    }
}

/// Reads what an inconclusive verdict does: `report`, `pass` or `fail`.
///
/// # Errors
/// [`PolicyError::Unknown`].
pub fn on_inconclusive(text: &str) -> Result<OnInconclusive, PolicyError> {
    match text {
        "report" => Ok(OnInconclusive::Report),
        "pass" => Ok(OnInconclusive::Pass),
        "fail" => Ok(OnInconclusive::Fail),
        other => Err(unknown("answer to inconclusive", other, ["report", "pass", "fail"])),
    }
}

/// Whether a metric is a time, made of times or an energy, which a record holds for its own moment only.
pub fn is_time(metric: &Metric) -> bool {
    Basis::of(metric).is_of_moment()
}

/// Whether a metric is a task's accuracy, over its samples.
pub(crate) fn is_accuracy(metric: &Metric) -> bool {
    metric.unit == "fraction" && metric.direction == Direction::Higher
}

/// Which way a change must not go: 1 where more is worse, −1 where less is.
pub(crate) fn worse(direction: Direction) -> f64 {
    match direction {
        Direction::Lower => 1.0,
        Direction::Higher => -1.0,
    }
}

pub(crate) fn unknown(what: &'static str, name: &str, known: impl IntoIterator<Item = &'static str>) -> PolicyError {
    let known: Vec<&'static str> = known.into_iter().collect();
    let nearest = known
        .iter()
        .map(|&candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 2)
        .min()
        .map(|(_, candidate)| candidate);
    PolicyError::Unknown {
        what,
        name: name.to_owned(),
        nearest,
        known,
    }
}

#[cfg(test)]
mod tests;
