//! A budget's limits, read from words such as `latency_p90=20ms,rss_peak=64MiB,accuracy=-1pp`.

use std::fmt;

use edgebench_record::{Direction, Metric};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::{BudgetError, Profile};
use crate::amount::{number_and_unit, shown, units};
use crate::policy::{is_accuracy, named};

/// What a device allows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Budget {
    /// The limits, in the order in which they were given; one a metric.
    pub limits: Vec<Limit>,
    /// The profile it comes from.
    pub profile: Option<&'static Profile>,
}

/// One metric and what it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limit {
    /// The metric; `accuracy` stands for the task's own.
    #[serde(serialize_with = "metric_id")]
    pub metric: &'static Metric,
    /// What it is allowed, in the metric's unit.
    pub bound: Bound,
}

/// What a metric is allowed, in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum Bound {
    /// At most this much, of a metric of which less is better.
    AtMost(f64),
    /// At least this much, of a metric of which more is better.
    AtLeast(f64),
    /// At most this much below the baseline variant's figure; not negative.
    AtMostBelowBaseline(f64),
}

impl Budget {
    /// Reads limits between commas.
    ///
    /// # Errors
    /// [`BudgetError`] of the first limit that cannot be read.
    pub fn parse(text: &str) -> Result<Self, BudgetError> {
        let mut limits: Vec<Limit> = Vec::new();
        if text.trim().is_empty() {
            return Err(BudgetError::Empty);
        }
        for part in text.split(',') {
            let limit = Limit::parse(part)?;
            if limits.iter().any(|known| known.metric.id == limit.metric.id) {
                return Err(BudgetError::Duplicate(limit.metric.id));
            }
            limits.push(limit);
        }
        Ok(Self { limits, profile: None })
    }

    /// This budget with the limits of a profile on other metrics before its own.
    #[must_use]
    pub fn within(self, profile: &'static Profile) -> Self {
        let mut limits = profile.limits();
        limits.retain(|limit| self.limits.iter().all(|own| own.metric.id != limit.metric.id));
        limits.extend(self.limits);
        Self {
            limits,
            profile: Some(profile),
        }
    }

    /// Whether it says how accurate a cell must be, so that a loss which it allows is no objection.
    pub(crate) fn bounds_accuracy(&self) -> bool {
        self.limits.iter().any(|limit| is_accuracy(limit.metric))
    }
}

/// The limits, and the profile by its id.
impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut budget = serializer.serialize_struct("Budget", 2)?;
        budget.serialize_field("limits", &self.limits)?;
        budget.serialize_field("profile", &self.profile.map(|profile| profile.id))?;
        budget.end()
    }
}

/// `latency_p90 ≤ 20 ms, rss_peak ≤ 64 MiB`.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits: Vec<String> = self.limits.iter().map(Limit::to_string).collect();
        f.write_str(&limits.join(", "))
    }
}

impl Limit {
    /// Reads `METRIC=LIMIT`.
    ///
    /// # Errors
    /// [`BudgetError`]: no equals sign, an unknown metric, or a bound that does not go with it.
    pub fn parse(text: &str) -> Result<Self, BudgetError> {
        let (id, amount) = text
            .split_once('=')
            .ok_or_else(|| BudgetError::NoLimit(text.trim().to_owned()))?;
        let metric = named(id.trim())?;
        let bound = bound(metric, amount.trim()).map_err(|why| BudgetError::Bound {
            text: amount.trim().to_owned(),
            metric: metric.id,
            why,
        })?;
        Ok(Self { metric, bound })
    }
}

/// `latency_p90 ≤ 20 ms`, `accuracy ≥ 90 %`, `accuracy ≥ baseline − 1 pp`.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |value: f64| exact(self.metric, value);
        let id = self.metric.id;
        match self.bound {
            Bound::AtMost(most) => write!(f, "{id} ≤ {}", amount(most)),
            Bound::AtLeast(least) => write!(f, "{id} ≥ {}", amount(least)),
            Bound::AtMostBelowBaseline(drop) if drop > 0.0 => write!(f, "{id} ≥ baseline − {} pp", points(drop)),
            Bound::AtMostBelowBaseline(_) => write!(f, "{id} ≥ baseline"),
        }
    }
}

/// A fraction as percentage points.
fn points(fraction: f64) -> String {
    trimmed(fraction * 100.0)
}

/// An amount in the unit that takes the fewest digits, which is mostly the one that it was given in.
fn exact(metric: &Metric, value: f64) -> String {
    if metric.unit == "fraction" {
        return format!("{} %", points(value));
    }
    let candidates = units(metric).iter().filter(|(_, worth)| value >= *worth);
    let written = candidates.map(|(unit, worth)| (trimmed(value / worth), *unit, *worth));
    // The first of equals, and of two units the larger.
    let shortest = written.min_by(|a, b| a.0.len().cmp(&b.0.len()).then(b.2.total_cmp(&a.2)));
    match shortest {
        Some((number, unit, _)) if unit.is_empty() || unit.starts_with('/') => format!("{number}{unit}"),
        Some((number, unit, _)) => format!("{number} {unit}"),
        None => shown(metric, value),
    }
}

/// At most six decimals, without the zeros at their end.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a bound. Of a fraction, percentage points are counted down from the baseline and a per cent is the figure
/// itself.
fn bound(metric: &Metric, text: &str) -> Result<Bound, String> {
    let unsigned = text.strip_prefix(['-', '−']);
    if text.starts_with('+') {
        return Err("a limit has no plus sign".to_owned());
    }
    let (number, unit) = number_and_unit(unsigned.unwrap_or(text))?;
    let value = match (metric.unit, unit) {
        ("fraction", "pp") if is_accuracy(metric) => {
            let drop = number / 100.0;
            if drop >= 1.0 {
                return Err("it would let all of it go".to_owned());
            }
            return Ok(Bound::AtMostBelowBaseline(drop));
        }
        (_, _) if unsigned.is_some() => return Err("nothing is below 0".to_owned()),
        ("fraction", "%") if number > 100.0 => return Err("nothing is above 100 %".to_owned()),
        ("fraction", "%") => number / 100.0,
        (_, unit) => {
            let worth = units(metric)
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, worth)| *worth);
            match (worth, unit) {
                (Some(worth), _) => number * worth,
                (None, "") => return Err("its unit is missing".to_owned()),
                (None, unit) => return Err(format!("`{unit}` is no unit of it")),
            }
        }
    };
    match metric.direction {
        _ if !value.is_finite() => Err("it is beyond all bounds".to_owned()),
        Direction::Lower => Ok(Bound::AtMost(value)),
        Direction::Higher => Ok(Bound::AtLeast(value)),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn metric_id<S: Serializer>(metric: &&'static Metric, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(metric.id)
}
