//! Whether two cells differ by more than fresh processes of one cell do.

use edgebench_record::{CellProfile, ProfiledInvocation};
use edgebench_stats::{Interval, MeanDifference, mean_difference, paired_mean_difference};
use schemars::JsonSchema;
use serde::Serialize;

use super::diff::Profiled;
use super::sound;

/// A difference that chance brings about as seldom as this, or more seldom, is more than noise.
const LEVEL: f64 = 0.05;

/// B's time less A's.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// The difference in nanoseconds.
    pub delta_ns: f64,
    /// Its 95 % interval over fresh processes, Student's where both cells were profiled in the same rounds and Welch's
    /// otherwise. Absent where a side has fewer than 3 processes, or a figure of one cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The chance of such a difference where there is none, by the test that belongs to the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

impl Change {
    pub(super) fn of(delta_ns: f64, tested: Option<MeanDifference>) -> Self {
        Self {
            delta_ns,
            interval: tested.map(|tested| tested.interval),
            p: tested.map(|tested| tested.p),
        }
    }

    /// Whether it is more than noise; `None` where that is not known.
    pub fn is_apart(&self) -> Option<bool> {
        self.p.map(is_apart)
    }
}

pub(super) fn is_apart(p: f64) -> bool {
    p <= LEVEL
}

/// The fresh processes of two cells: A's are 0.
pub(super) struct Processes<'a> {
    profiles: [Option<&'a CellProfile>; 2],
    paired: bool,
}

impl<'a> Processes<'a> {
    pub(super) fn of(a: &Profiled<'a>, b: &Profiled<'a>) -> Self {
        let profiles = [a, b].map(|side| side.cell.profile.as_ref());
        let counts = profiles.map(|profile| profile.map(|one| one.invocations.len()));
        Self {
            profiles,
            // All cells of a profile take turns, so that what the machine does in the meantime meets both.
            paired: a.record.id == b.record.id && counts[0] == counts[1],
        }
    }

    /// How a figure of whole inferences differs.
    pub(super) fn whole(&self, of: fn(&ProfiledInvocation) -> f64) -> Option<MeanDifference> {
        self.difference(|side| each(self.profiles[side]?, of))
    }

    /// How the times of these operators differ.
    pub(super) fn operators(&self, places: [&[usize]; 2]) -> Option<MeanDifference> {
        self.difference(|side| operators_of(self.profiles[side]?, places[side].iter().copied()))
    }

    /// How what is in no operator differs.
    pub(super) fn in_none(&self) -> Option<MeanDifference> {
        self.difference(|side| {
            let profile = self.profiles[side]?;
            let walls = each(profile, |one| one.wall_ns)?;
            let operators = operators_of(profile, 0..profile.operators.len())?;
            Some(walls.iter().zip(operators).map(|(wall, ns)| wall - ns).collect())
        })
    }

    fn difference(&self, of: impl Fn(usize) -> Option<Vec<f64>>) -> Option<MeanDifference> {
        let (a, b) = (of(0)?, of(1)?);
        let test = if self.paired {
            paired_mean_difference
        } else {
            mean_difference
        };
        test(&b, &a, 1.0 - LEVEL)
    }
}

/// A figure of each process; `None` where there are none or one's cannot be.
fn each(profile: &CellProfile, of: fn(&ProfiledInvocation) -> f64) -> Option<Vec<f64>> {
    let figures = profile.invocations.iter().map(|one| sound::some_time(of(one)));
    figures.collect::<Option<Vec<f64>>>().filter(|each| !each.is_empty())
}

/// The times of some operators together in each process.
fn operators_of(profile: &CellProfile, places: impl Iterator<Item = usize>) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; profile.invocations.len()];
    for place in places {
        let times = &profile.operators.get(place)?.invocation_ns;
        if times.len() != sums.len() {
            return None;
        }
        for (sum, &ns) in sums.iter_mut().zip(times) {
            *sum += sound::time(ns)?;
        }
    }
    Some(sums)
}
