//! From changes to verdicts: what is tested, at which level, and what comes of it.
//!
//! With a tolerance δ and the relevance threshold θ = δ/3, as the live gate has them (memory: θ = δ):
//!
//! - **regressed**: the one-sided test of "worse by more than θ" rejects at α = 1 % for the whole gate, by Holm's
//!   correction over its tests; looked at first;
//! - **improved**: the same test mirrored, with a correction of its own;
//! - **passed**: the one-sided 95 % bound of the worsening lies under δ (non-inferiority); where no sample flipped, the
//!   bound is that of the rule of three;
//! - otherwise **inconclusive**, with how many more would probably decide.

use edgebench_record::{Change, Scale, Verdict, VerdictKind};
use edgebench_stats::{Interval, holm};

use super::estimate::Estimate;

/// The chance of any false alarm among the verdicts that count, at most.
const ALPHA: f64 = 0.01;

/// The level at which "worse by the tolerance" must be rejected for a pass.
const PASS_LEVEL: f64 = 0.05;

/// The confidence of the intervals that are shown.
const CONFIDENCE: f64 = 0.95;

/// A verdict with all but its kind, and the test that gives it.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) verdict: Verdict,
    pub(crate) trial: Option<Trial>,
}

/// A change held against its limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) estimate: Estimate,
    /// 1 where more is worse, −1 where less is.
    pub(crate) worse: f64,
    /// How much worse it may get, on the estimate's scale; not negative.
    pub(crate) tolerance: f64,
    /// The relevance threshold, on the estimate's scale.
    pub(crate) threshold: f64,
    /// How it is shown.
    pub(crate) view: View,
    /// Whether not one sample flipped, so that no spread shows what could.
    pub(crate) unflipped: bool,
    /// What is counted.
    pub(crate) unit: &'static str,
}

/// How a change is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// Whether the estimate is a logarithm of a ratio; otherwise a difference.
    pub(crate) logarithm: bool,
    /// Relative to the baseline's figure, or in the metric's unit.
    pub(crate) scale: Scale,
    /// The baseline's figure.
    pub(crate) baseline: f64,
}

impl View {
    /// A change on the estimate's scale as it is shown.
    fn show(&self, change: f64) -> f64 {
        match (self.logarithm, self.scale) {
            (true, Scale::Relative) => change.exp_m1(),
            (true, Scale::Absolute) => change.exp_m1() * self.baseline,
            (false, Scale::Relative) => change / self.baseline,
            (false, Scale::Absolute) => change,
        }
    }
}

impl Trial {
    fn p_worse(&self) -> f64 {
        self.p_beyond(self.worse, self.threshold)
    }

    fn p_better(&self) -> f64 {
        self.p_beyond(-self.worse, self.threshold)
    }

    /// The p of "the change in the direction of `sign` is more than `limit`".
    fn p_beyond(&self, sign: f64, limit: f64) -> f64 {
        if sign > 0.0 {
            self.estimate.p_above(limit)
        } else {
            self.estimate.p_below(-limit)
        }
    }

    /// Whether "worse by the tolerance or more" is rejected. Where no sample flipped, whether the tolerance is no less
    /// than the share of flips that this many samples would have shown 19 times of 20: −ln(0.05)/n, the "rule of three".
    ///
    /// Source: Hanley & Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983).
    fn passes(&self) -> bool {
        if self.unflipped {
            return self.estimate.n() as f64 * self.tolerance >= -PASS_LEVEL.ln();
        }
        self.p_beyond(-self.worse, -self.tolerance) <= PASS_LEVEL
    }

    /// The change as it is shown: estimate, interval and minimum detectable change are all of one estimator.
    fn change(&self, level: f64) -> Change {
        let interval = self.estimate.interval(CONFIDENCE);
        let shown = interval.map(|interval| Interval {
            low: self.view.show(interval.low),
            high: self.view.show(interval.high),
            confidence: interval.confidence,
        });
        let detectable = self
            .estimate
            .reach(level)
            .map(|reach| self.view.show(self.worse * (self.threshold + reach)).abs());
        Change {
            scale: self.view.scale,
            estimate: self.view.show(self.estimate.value()),
            interval: shown.filter(|interval| interval.low.is_finite() && interval.high.is_finite()),
            minimum_detectable: detectable.filter(|change| change.is_finite()),
            significant: interval.is_some_and(|interval| !interval.contains(0.0)),
        }
    }

    /// How many more would probably decide: those that tell the tolerance from the threshold, or where these are one the
    /// estimate from it; where there are as many already, as many again.
    fn further(&self, level: f64) -> Option<usize> {
        let n = self.estimate.n();
        if self.unflipped {
            let needed = (-PASS_LEVEL.ln() / self.tolerance).ceil();
            return (needed < 1e12).then(|| (needed as usize).saturating_sub(n));
        }
        let distance = if self.tolerance > self.threshold {
            self.tolerance - self.threshold
        } else {
            (self.worse * self.estimate.value() - self.tolerance).abs()
        };
        let needed = self.estimate.needed(distance, level)?;
        Some(if needed > n { needed - n } else { n })
    }
}

/// Gives every draft its kind. Those that count share one α, and so do those that are advice.
pub(crate) fn decide(drafts: Vec<Draft>) -> Vec<Verdict> {
    let mut out: Vec<Verdict> = Vec::with_capacity(drafts.len());
    let mut families: [Vec<(usize, Trial)>; 2] = [Vec::new(), Vec::new()];
    for (index, draft) in drafts.into_iter().enumerate() {
        if let Some(trial) = draft.trial {
            families[usize::from(draft.verdict.gating)].push((index, trial));
        }
        out.push(draft.verdict);
    }
    for family in families {
        let worse: Vec<f64> = family.iter().map(|(_, trial)| trial.p_worse()).collect();
        let better: Vec<f64> = family.iter().map(|(_, trial)| trial.p_better()).collect();
        let (adjusted, improved) = (holm(&worse), holm(&better));
        let first = ALPHA / family.len().max(1) as f64;
        for (place, (index, trial)) in family.iter().enumerate() {
            let level = if adjusted[place] > 0.0 && adjusted[place] < 1.0 {
                ALPHA * worse[place] / adjusted[place]
            } else {
                first
            };
            let kind = if adjusted[place] <= ALPHA {
                VerdictKind::Regressed
            } else if improved[place] <= ALPHA {
                VerdictKind::Improved
            } else if trial.passes() {
                VerdictKind::Passed
            } else {
                VerdictKind::Inconclusive
            };
            settle(&mut out[*index], trial, kind, worse[place], level, first);
        }
    }
    out
}

fn settle(verdict: &mut Verdict, trial: &Trial, kind: VerdictKind, p_worse: f64, level: f64, first: f64) {
    verdict.kind = kind;
    verdict.change = Some(trial.change(first));
    verdict.evidence.n = Some(trial.estimate.n());
    verdict.evidence.p_worse = Some(p_worse);
    verdict.evidence.level = Some(level);
    if kind == VerdictKind::Inconclusive {
        let further = match trial.further(first) {
            Some(further) => format!("{further} more {} would probably decide", trial.unit),
            None => format!("no number of {} decides it", trial.unit),
        };
        append(&mut verdict.reason, &further);
    }
}

/// Adds to a reason after a semicolon.
pub(crate) fn append(reason: &mut String, more: &str) {
    if !reason.is_empty() && !more.is_empty() {
        reason.push_str("; ");
    }
    reason.push_str(more);
}
