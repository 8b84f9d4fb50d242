//! The live gate's decision: how many restarts, when to look, what to call.
//!
//! One restart gives one figure, the natural logarithm of candidate over baseline. [`Trial`] says which set the next
//! one is for, is given figures one by one, and comes to a [`Call`]. It knows no clock and no process, so that the same
//! code decides in simulation and on a machine.
//!
//! The rules, for a tolerance δ and a relevance threshold θ < δ on the log scale:
//!
//! - A **pilot** of [`Design::minimum`] restarts gives the spread, and that gives n ([`Design::restarts`]).
//! - The data are **looked at** n, 2n and 4n restarts, each time at a third of α (Bonferroni), so that ending early is
//!   no peeking.
//! - **Regressed**: Wilcoxon's signed-rank test, shifted by θ, rejects "worse by θ at most"; then an independent second
//!   set, planned for the same power, rejects it at α as well. A second set that does not is added to the first, and
//!   the next look decides.
//! - **Improved**: the same test mirrored. It fails nobody, so it needs no second set.
//! - **Passed**: the one-sided upper bound of the pseudo-median lies under δ (non-inferiority).
//! - Otherwise **undecided** until the last look, and then inconclusive.

use crate::detectable::restarts_for;
use crate::interval::Interval;
use crate::signed_rank::{hodges_lehmann, signed_rank_greater, signed_rank_interval, signed_rank_upper};

pub use crate::design::{Design, LOOKS, spread};

/// Which set a restart is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// The set that is looked at.
    First,
    /// The independent set that confirms a regression.
    Confirming,
}

/// What a trial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Worse by more than the threshold, confirmed.
    Regressed,
    /// Better by more than the threshold.
    Improved,
    /// Not worse by the tolerance.
    Passed,
    /// None of these.
    Inconclusive,
}

/// The confirming set's result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confirmed {
    /// Restarts in it.
    pub n: usize,
    /// Its one-sided p of "worse by more than the threshold".
    pub p: f64,
    /// Whether it lies at or below α.
    pub confirmed: bool,
}

/// A trial: restarts in, a call out.
#[derive(Debug, Clone)]
pub struct Trial {
    design: Design,
    first: Vec<f64>,
    confirming: Vec<f64>,
    /// Restarts of the first look, once the pilot is done.
    planned: Option<usize>,
    /// Restarts that a confirming set takes, by the spread at the last look.
    confirming_size: usize,
    /// Restarts of the confirming set that is under way; 0 when there is none.
    confirming_planned: usize,
    /// The most restarts that there is time for, over both sets.
    capacity: usize,
    looks: usize,
    p: Option<f64>,
    confirmed: Option<Confirmed>,
    call: Option<Call>,
}

impl Trial {
    /// A trial that has seen nothing.
    pub fn new(design: Design) -> Self {
        Self {
            design,
            first: Vec::new(),
            confirming: Vec::new(),
            planned: None,
            confirming_size: design.confirming_minimum(),
            confirming_planned: 0,
            capacity: usize::MAX,
            looks: 0,
            p: None,
            confirmed: None,
            call: None,
        }
    }

    /// Which set the next restart is for; `None` when the trial is over.
    pub fn wants(&self) -> Option<Set> {
        match self.call {
            Some(_) => None,
            None if self.confirming_planned > 0 => Some(Set::Confirming),
            None => Some(Set::First),
        }
    }

    /// How many restarts there is time for, over both sets, those behind included. It may be told as often as it becomes
    /// clearer, and must not depend on the log ratios.
    pub fn allow(&mut self, restarts: usize) {
        self.capacity = restarts;
    }

    /// Restarts until the next decision, if nothing comes between.
    pub fn until_next_look(&self) -> usize {
        match self.wants() {
            None => 0,
            Some(Set::Confirming) => self.confirming_planned.saturating_sub(self.confirming.len()),
            Some(Set::First) => self.next_look().saturating_sub(self.first.len()),
        }
    }

    /// Takes the log ratio of the restart that [`Trial::wants`] asked for.
    pub fn push(&mut self, log_ratio: f64) {
        match self.wants() {
            None => {}
            Some(Set::First) => {
                self.first.push(log_ratio);
                if self.planned.is_none() && self.first.len() >= self.design.minimum() {
                    self.plan();
                }
                if self.first.len() >= self.next_look() {
                    self.look();
                }
            }
            Some(Set::Confirming) => {
                self.confirming.push(log_ratio);
                if self.confirming.len() >= self.confirming_planned {
                    self.confirm();
                }
            }
        }
    }

    /// Ends the trial with what is there. A confirming set that can reject is tested as it is; the data are not looked at
    /// otherwise, since where time is short [`Trial::allow`] has already moved the last look forward.
    pub fn stop(&mut self) {
        if self.wants() == Some(Set::Confirming) && self.confirming.len() >= self.design.confirming_minimum() {
            let p = signed_rank_greater(&self.confirming, self.design.threshold);
            if p.is_some_and(|p| p <= self.design.alpha) {
                self.confirm();
            }
        }
        self.call.get_or_insert(Call::Inconclusive);
    }

    /// Gives an undecided trial a larger α, which others have left over (Holm). Where the last look's p lies under the new
    /// level and there is time, the trial goes on with a confirming set. No look is taken anew.
    pub fn relax(&mut self, alpha: f64) {
        if self.call != Some(Call::Inconclusive) || alpha <= self.design.alpha {
            return;
        }
        self.design.alpha = alpha;
        let room = self.capacity.saturating_sub(self.restarts()).min(self.confirming_size);
        let rejects = self.p.is_some_and(|p| p <= self.design.level());
        // A set that did not confirm has become part of the first, which was not looked at since.
        if rejects && self.confirmed.is_none() && room >= self.design.confirming_minimum() {
            self.confirming_planned = room;
            self.call = None;
        }
    }

    fn plan(&mut self) {
        let spread = spread(&self.first).unwrap_or(0.0);
        self.planned = Some(self.design.restarts(spread));
        self.confirming_size = self.design.confirming_restarts(spread);
    }

    /// Restarts at which the next look is due. The last look leaves time for a confirming set.
    fn next_look(&self) -> usize {
        let Some(planned) = self.planned else {
            return self.design.minimum();
        };
        let due = planned.saturating_mul(1 << self.looks);
        due.min(self.last_look()).max(self.design.minimum())
    }

    /// Restarts at which time makes a look the last one.
    fn last_look(&self) -> usize {
        let confirming = self.confirming_size.min(self.capacity / 2);
        self.capacity.saturating_sub(confirming)
    }

    fn look(&mut self) {
        self.looks += 1;
        let level = self.design.level();
        if let Some(spread) = spread(&self.first) {
            self.confirming_size = self.design.confirming_restarts(spread);
        }
        let last = self.looks >= LOOKS || self.first.len() >= self.last_look();
        self.p = signed_rank_greater(&self.first, self.design.threshold);
        if self.p.is_some_and(|p| p <= level) {
            let room = self.capacity.saturating_sub(self.first.len());
            let size = self.confirming_size.min(room);
            if size >= self.design.confirming_minimum() {
                self.confirming_planned = size;
                return;
            }
            self.call = Some(Call::Inconclusive);
            return;
        }
        let mirrored: Vec<f64> = self.first.iter().map(|value| -value).collect();
        let better = signed_rank_greater(&mirrored, self.design.threshold).is_some_and(|p| p <= level);
        let not_worse = signed_rank_upper(&self.first, level).is_some_and(|upper| upper < self.design.tolerance);
        if better {
            self.call = Some(Call::Improved);
        } else if not_worse {
            self.call = Some(Call::Passed);
        } else if last {
            self.call = Some(Call::Inconclusive);
        }
    }

    fn confirm(&mut self) {
        let p = signed_rank_greater(&self.confirming, self.design.threshold).unwrap_or(1.0);
        let confirmed = p <= self.design.alpha;
        self.confirmed = Some(Confirmed {
            n: self.confirming.len(),
            p,
            confirmed,
        });
        if confirmed {
            self.call = Some(Call::Regressed);
            return;
        }
        // All that was seen counts for the next look, whose level is its own.
        self.first.append(&mut self.confirming);
        self.confirming_planned = 0;
        if self.looks >= LOOKS || self.first.len() >= self.last_look() {
            self.call = Some(Call::Inconclusive);
        } else if self.first.len() >= self.next_look() {
            self.look();
        }
    }

    /// What it came to; `None` while it goes on.
    pub fn call(&self) -> Option<Call> {
        self.call
    }

    /// The design.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Restarts of the first look, once the pilot has settled them.
    pub fn planned(&self) -> Option<usize> {
        self.planned
    }

    /// Looks so far.
    pub fn looks(&self) -> usize {
        self.looks
    }

    /// The last look's one-sided p of "worse by more than the threshold".
    pub fn p(&self) -> Option<f64> {
        self.p
    }

    /// The last confirming set's result.
    pub fn confirmed(&self) -> Option<Confirmed> {
        self.confirmed
    }

    /// Restarts that count, over both sets.
    pub fn restarts(&self) -> usize {
        self.first.len() + self.confirming.len()
    }

    /// All log ratios that count, over both sets.
    pub fn log_ratios(&self) -> Vec<f64> {
        self.first.iter().chain(&self.confirming).copied().collect()
    }

    /// The estimate of the log ratio over both sets, Hodges and Lehmann's, with its 95 % interval where the count
    /// supports one.
    pub fn estimate(&self) -> Option<(f64, Option<Interval>)> {
        let all = self.log_ratios();
        Some((hodges_lehmann(&all)?, signed_rank_interval(&all, 0.95)))
    }

    /// The smallest true worsening that these restarts find with 95 % probability, as a log ratio: of the set that is looked
    /// at, for the confirming set only says it again.
    pub fn minimum_detectable(&self) -> Option<f64> {
        self.design.minimum_detectable(spread(&self.first)?, self.first.len())
    }

    /// Whether the last look rejected, and no second set was to be had.
    pub fn unconfirmed(&self) -> bool {
        self.call == Some(Call::Inconclusive)
            && self.confirmed.is_none()
            && self.p.is_some_and(|p| p <= self.design.level())
    }

    /// How many more restarts would probably decide, were the truth what the estimate says: enough for the upper bound
    /// to come under the tolerance, or for the test to reject and be confirmed. `None` without an estimate.
    pub fn further(&self) -> Option<usize> {
        let all = self.log_ratios();
        let (estimate, _) = self.estimate()?;
        let spread = spread(&all)?;
        let Design {
            tolerance, threshold, ..
        } = self.design;
        let level = self.design.level();
        let behind = all.len();
        let confirming = self.design.confirming_restarts(spread);
        if self.unconfirmed() {
            return Some(confirming);
        }
        let missing = |n: usize| n.max(self.design.minimum()).saturating_sub(behind);
        let passing = (estimate < tolerance)
            .then(|| restarts_for(spread, tolerance - estimate, level, 0.95))
            .flatten()
            .map(missing);
        let failing = (estimate > threshold)
            .then(|| restarts_for(spread, estimate - threshold, level, 0.95))
            .flatten()
            .map(|n| missing(n) + confirming);
        Some(passing.into_iter().chain(failing).min()?.max(1))
    }
}

#[cfg(test)]
mod tests;
