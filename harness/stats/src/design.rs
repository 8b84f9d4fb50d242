//! The live gate's design: what it is to find out, how surely, and how many restarts that takes.

use crate::detectable::restarts_for;
use crate::signed_rank::signed_rank_interval;

/// How often the data are looked at, at most: after n, 2n and 4n restarts.
pub const LOOKS: usize = 3;

/// The fewest restarts that have a 90 % signed-rank interval.
const FEWEST_FOR_SPREAD: usize = 5;

/// What a trial is to find out, and how surely. Effects are natural logarithms of candidate over baseline, positive for
/// worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// How much worse the candidate may be.
    pub tolerance: f64,
    /// A worsening up to here is not called a regression, however sure it is.
    pub threshold: f64,
    /// The chance to call a worsening by the threshold or less a regression, at most, before confirmation.
    pub alpha: f64,
    /// The chance to find a worsening by the tolerance, over both sets.
    pub power: f64,
}

impl Design {
    /// A tolerance as a fraction (0.03), with the threshold at a share of it. `None` unless both are positive, the share
    /// is below 1, and α and power lie strictly between 0 and 1.
    pub fn relative(tolerance: f64, share: f64, alpha: f64, power: f64) -> Option<Self> {
        let within = |value: f64| value > 0.0 && value < 1.0;
        (tolerance > 0.0 && tolerance.is_finite() && within(share) && within(alpha) && within(power)).then(|| Self {
            tolerance: tolerance.ln_1p(),
            threshold: (tolerance * share).ln_1p(),
            alpha,
            power,
        })
    }

    /// The level of one look.
    pub fn level(&self) -> f64 {
        self.alpha / LOOKS as f64
    }

    /// The fewest restarts with which the signed-rank test can reject at all: ⌈log₂(1/level)⌉, since n signs have 2ⁿ
    /// outcomes. At least as many as a spread takes.
    pub fn minimum(&self) -> usize {
        ((1.0 / self.level()).log2().ceil() as usize).max(FEWEST_FOR_SPREAD)
    }

    /// The same for the confirming set, which is looked at once.
    pub(crate) fn confirming_minimum(&self) -> usize {
        (1.0 / self.alpha).log2().ceil() as usize
    }

    /// Restarts for the first look: ⌈((z₁₋ₗ + z₁₋ᵦ)·σ / (δ − θ))²⌉ with the level l of one look and the power split over
    /// both sets, and never below [`Design::minimum`]. `spread` is σ, as [`spread`] gives it.
    pub fn restarts(&self, spread: f64) -> usize {
        let planned = restarts_for(spread, self.margin(), self.level(), self.power.sqrt());
        planned.unwrap_or(0).max(self.minimum())
    }

    /// Restarts for the confirming set: the same at α.
    pub fn confirming_restarts(&self, spread: f64) -> usize {
        let planned = restarts_for(spread, self.margin(), self.alpha, self.power.sqrt());
        planned.unwrap_or(0).max(self.confirming_minimum())
    }

    fn margin(&self) -> f64 {
        self.tolerance - self.threshold
    }

    /// The smallest true worsening that a look at n restarts and a confirming set planned for it find with 95 % probability,
    /// as a log ratio: θ + σ·(t₁₋ₗ + tᵦ)/√n·(1 + 1.7/n), with β = √0.95 for each of the two sets and Student's quantiles at
    /// n − 1 degrees of freedom, since σ is estimated from the n. The last factor is what ranks of few values cost, found by
    /// simulation. With the very fewest restarts all of them must lie above θ, which takes σ·Φ⁻¹(β^(1/n)), and a twentieth
    /// more since σ is estimated. `None` where the test cannot reject. `cargo xtask noise simulate` shows how often it holds.
    pub fn minimum_detectable(&self, spread: f64, n: usize) -> Option<f64> {
        use statrs::distribution::{ContinuousCDF as _, StudentsT};

        if n < self.minimum() {
            return None;
        }
        let count = n as f64;
        let each = 0.95_f64.sqrt();
        let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
        let quantiles = student.inverse_cdf(1.0 - self.level()) + student.inverse_cdf(each);
        let ranks = quantiles / count.sqrt() * (1.0 + 1.7 / count);
        let all_above = 1.05 * normal_quantile(each.powf(1.0 / count));
        let factor = if n == self.minimum() {
            ranks.max(all_above)
        } else {
            ranks
        };
        Some(self.threshold + spread * factor)
    }
}

/// The spread of single restarts as the signed-rank test feels it: the half-width of its 90 % interval, scaled from the
/// pseudo-median's standard error to one observation, √n·(high − low)/(2·z.₉₅). For a normal sample that is σ·√(π/3);
/// heavy tails count by as much as they hinder the test. `None` below 5 restarts.
///
/// Source: Lehmann, "Nonparametric confidence intervals for a shift parameter" (1963).
pub fn spread(log_ratios: &[f64]) -> Option<f64> {
    let interval = signed_rank_interval(log_ratios, 0.90)?;
    let width = interval.high - interval.low;
    Some((log_ratios.len() as f64).sqrt() * width / (2.0 * normal_quantile(0.95)))
}

fn normal_quantile(p: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF as _, Normal};
    Normal::standard().inverse_cdf(p)
}
