//! What else is worth naming beside the best cell, and what it costs.

use edgebench_record::{Cell, TaskFacts};
use serde::Serialize;

use super::against::{Ratio, per_sample, size, speed};
use super::name::Named;
use crate::budget::Fitness;
use crate::ranking::{Rank, significant};

/// A smaller gain in size is not worth a clause.
const WORTH: f64 = 1.05;

/// A smaller gain in accuracy, a fraction, is none in the digits that are shown.
const SHOWN: f64 = 0.000_05;

/// Another cell that is better in something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// The cell.
    #[serde(flatten)]
    pub named: Named,
    /// What it is named for.
    pub reasons: Vec<Reason>,
    /// How much smaller than the best cell it is: the best's size over its own; absent where one is unknown.
    pub size: Option<f64>,
    /// How much faster than the best cell it is: the best's time for a sample over its own; absent under emulation, and
    /// where it cannot be told.
    pub speed: Option<Ratio>,
    /// Its accuracy less the best's, a fraction; absent where one of them was not held against the baseline.
    pub gain: Option<f64>,
    /// Its accuracy less the baseline's, a fraction; absent where it is the baseline.
    pub delta: Option<f64>,
    /// Whether that difference is significant; absent where it was not tested.
    pub significant: Option<bool>,
    /// How it stands to the budget; absent without one.
    pub fitness: Option<Fitness>,
}

/// What an alternative is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its files are smaller.
    Smaller,
    /// It is faster, and the interval shows it.
    Faster,
    /// It is more accurate, and the intervals show it.
    MoreAccurate,
}

/// A cell that may be an alternative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other<'a> {
    pub(super) cell: &'a Cell,
    pub(super) rank: Rank,
    pub(super) fitness: Option<Fitness>,
}

/// What alternatives are sought to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) best: &'a Cell,
    pub(super) task: &'a TaskFacts,
    /// Nothing is known of speed under emulation.
    pub(super) emulated: bool,
}

impl Search<'_> {
    /// Of the cells that are smaller, and of those that are faster, the one that loses least accuracy; of those that are
    /// more accurate, the fastest. `others` are in the order of their latency, under emulation of their size.
    pub(super) fn alternatives(&self, others: &[Other<'_>], name: impl Fn(&Cell) -> Named) -> Vec<Alternative> {
        let best = self.best;
        let known = || {
            let all = others.iter();
            all.filter_map(|other| Some((other, self.loss(other.cell)?)))
        };
        // The first of equals is the fastest.
        let smaller = known()
            .filter(|(other, _)| size(other.cell, best).is_some_and(|ratio| ratio >= WORTH))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let faster = known()
            .filter(|(other, _)| !self.emulated && is_faster(other.cell, best))
            .min_by(|a, b| {
                let of = |cell: &Cell| per_sample(cell).unwrap_or(f64::INFINITY);
                a.1.total_cmp(&b.1).then_with(|| of(a.0.cell).total_cmp(&of(b.0.cell)))
            });
        let better = known().find(|(other, _)| self.is_more_accurate(other.cell));
        let mut out: Vec<Alternative> = Vec::new();
        for (reason, other) in [
            (Reason::Smaller, smaller),
            (Reason::Faster, faster),
            (Reason::MoreAccurate, better),
        ] {
            let Some((other, _)) = other else { continue };
            match out.iter_mut().find(|known| known.named.cell == other.cell.id) {
                Some(known) => known.reasons.push(reason),
                None => out.push(self.alternative(other, reason, name(other.cell))),
            }
        }
        out
    }

    /// What a cell loses against the baseline, as a fraction; a loss within the noise is none, and there is none where
    /// nothing measures accuracy. `None` where it is unknown.
    fn loss(&self, cell: &Cell) -> Option<f64> {
        if self.task.metric.is_none() {
            return Some(0.0);
        }
        let accuracy = cell.accuracy.as_ref()?;
        if cell.id.variant == self.task.baseline {
            return Some(0.0);
        }
        let delta = accuracy
            .delta
            .as_ref()
            .filter(|delta| (-1.0..=1.0).contains(&delta.value))?;
        Some(match significant(accuracy, delta) {
            Some(false) => 0.0,
            _ => (-delta.value).max(0.0),
        })
    }

    /// Whether the intervals of both differences to the baseline lie apart, by as much as can be shown. A difference of the two cells, sample by
    /// sample, would show more; this never shows what is not there.
    fn is_more_accurate(&self, cell: &Cell) -> bool {
        let ends = |cell: &Cell| -> Option<(f64, f64)> {
            if cell.id.variant == self.task.baseline {
                return Some((0.0, 0.0));
            }
            let interval = cell.accuracy.as_ref()?.delta.as_ref()?.interval?;
            Some((interval.low, interval.high))
        };
        let is_gain = self.gain(cell).is_some_and(|gain| gain >= SHOWN);
        match (ends(cell), ends(self.best)) {
            (Some((low, _)), Some((_, high))) => is_gain && low > high,
            _ => false,
        }
    }
}

impl Search<'_> {
    /// Its accuracy less the best's, by both differences to the baseline.
    fn gain(&self, cell: &Cell) -> Option<f64> {
        let delta = |cell: &Cell| -> Option<f64> {
            if cell.id.variant == self.task.baseline {
                return Some(0.0);
            }
            let delta = cell.accuracy.as_ref()?.delta.as_ref()?.value;
            (-1.0..=1.0).contains(&delta).then_some(delta)
        };
        Some(delta(cell)? - delta(self.best)?)
    }

    /// A cell with what it is better and worse in than the best.
    pub(super) fn alternative(&self, other: &Other<'_>, reason: Reason, named: Named) -> Alternative {
        let best = self.best;
        let accuracy = other.cell.accuracy.as_ref();
        let delta = accuracy.and_then(|accuracy| accuracy.delta.as_ref());
        Alternative {
            named,
            reasons: vec![reason],
            size: size(other.cell, best),
            speed: speed(other.cell, best).ok().filter(|_| !self.emulated),
            gain: self.gain(other.cell),
            delta: delta
                .map(|delta| delta.value)
                .filter(|value| (-1.0..=1.0).contains(value)),
            significant: accuracy
                .zip(delta)
                .and_then(|(accuracy, delta)| significant(accuracy, delta)),
            fitness: other.fitness,
        }
    }
}

fn is_faster(cell: &Cell, best: &Cell) -> bool {
    // Of these few alone the samples have to be gone through.
    let is_less = per_sample(cell)
        .zip(per_sample(best))
        .is_some_and(|(its, bests)| its < bests);
    is_less && speed(cell, best).is_ok_and(|ratio| ratio.is_shown() && ratio.value > 1.0)
}
