//! A change, and how sure it is: Student's t on logarithms, the normal distribution, or Newcombe's interval.
//!
//! A p here is one-sided: the chance of data at least as far beyond a limit, were the true change the limit itself.

use edgebench_stats::{Interval, PairedTable, newcombe_paired, paired_mde, samples_for_paired_mde};
use statrs::distribution::{ContinuousCDF, Normal as Gauss, StudentsT};

/// The chance to be found that a minimum detectable change is stated for.
pub(crate) const POWER: f64 = 0.95;

/// Fewer processes say next to nothing about their own spread.
pub(crate) const FEWEST: usize = 3;

/// Where fewer samples flipped, this many are reckoned with: the most that 95 of 100 sets of samples without a flip have
/// hidden ("rule of three": Hanley & Lippman-Hand, JAMA 249, 1983).
const FEWEST_FLIPS: f64 = 3.0;

/// The smallest p that is told apart from 0.
const SMALLEST_P: f64 = 1e-15;

/// A change with what it takes to doubt it. Positive is more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Estimate {
    /// The logarithm of candidate over baseline, of two independent sets of processes.
    LogRatio(LogRatio),
    /// A difference of fractions whose standard error is known, over paired samples.
    Difference(Difference),
    /// A difference of shares of right answers, over paired samples.
    Shares(PairedTable),
}

/// Welch's comparison of the logarithms of two sets of figures.
///
/// Source: Welch, "The generalization of 'Student's' problem when several different population variances are
/// involved", Biometrika 34 (1947), with the degrees of freedom of Satterthwaite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LogRatio {
    /// Mean logarithm of the candidate's figures less that of the baseline's.
    value: f64,
    /// Its standard error.
    error: f64,
    /// Degrees of freedom.
    freedom: f64,
    /// The smaller of the two counts.
    n: usize,
    /// The sum of the two variances of one figure's logarithm.
    variance: f64,
}

/// A difference with its standard error, as the normal distribution takes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Difference {
    /// Candidate less baseline.
    pub(crate) value: f64,
    /// Its standard error, as the samples show it: 0 where none differs.
    pub(crate) error: f64,
    /// Paired samples.
    pub(crate) n: usize,
}

impl Difference {
    /// The standard error to reckon with: that of [`FEWEST_FLIPS`] samples right for one side alone at least.
    fn spread(&self) -> f64 {
        self.error.max(FEWEST_FLIPS.sqrt() / self.n.max(1) as f64)
    }
}

impl LogRatio {
    /// Compares figures above 0. `None` with fewer than three on a side, or one that has no logarithm.
    pub(crate) fn of(baseline: &[f64], candidate: &[f64]) -> Option<Self> {
        let (before, after) = (moments(baseline)?, moments(candidate)?);
        let [first, second] = [before, after].map(|(n, _, variance)| variance / n);
        let square = first + second;
        let freedom = if square > 0.0 {
            // As shares of the whole, because the squares of tiny errors vanish.
            let (first, second) = (first / square, second / square);
            1.0 / (first.powi(2) / (before.0 - 1.0) + second.powi(2) / (after.0 - 1.0))
        } else {
            before.0 + after.0 - 2.0
        };
        Some(Self {
            value: after.1 - before.1,
            error: square.sqrt(),
            freedom,
            n: baseline.len().min(candidate.len()),
            variance: before.2 + after.2,
        })
    }

    /// The logarithm itself.
    pub(crate) fn value(&self) -> f64 {
        self.value
    }

    fn student(&self) -> Option<StudentsT> {
        StudentsT::new(0.0, 1.0, self.freedom).ok()
    }

    /// The variance of the estimate, which ratios of several cells are put together by.
    pub(crate) fn square_of_error(&self) -> f64 {
        self.error.powi(2)
    }

    /// Degrees of freedom.
    pub(crate) fn freedom(&self) -> f64 {
        self.freedom
    }
}

/// Count, mean and variance of the logarithms.
fn moments(values: &[f64]) -> Option<(f64, f64, f64)> {
    if values.len() < FEWEST || values.iter().any(|&value| !(value > 0.0 && value.is_finite())) {
        return None;
    }
    let n = values.len() as f64;
    // About the first value, so that equal values have no spread at all.
    let origin = values[0];
    let logs = || values.iter().map(|value| (value / origin).ln());
    let shift = logs().sum::<f64>() / n;
    let variance = logs().map(|x| (x - shift).powi(2)).sum::<f64>() / (n - 1.0);
    let mean = origin.ln() + shift;
    (mean.is_finite() && variance.is_finite()).then_some((n, mean, variance))
}

impl Estimate {
    /// The change itself.
    pub(crate) fn value(&self) -> f64 {
        match self {
            Self::LogRatio(ratio) => ratio.value,
            Self::Difference(difference) => difference.value,
            Self::Shares(table) => table.delta().unwrap_or(0.0),
        }
    }

    /// What was counted: processes of the smaller side, or pairs.
    pub(crate) fn n(&self) -> usize {
        match self {
            Self::LogRatio(ratio) => ratio.n,
            Self::Difference(difference) => difference.n,
            Self::Shares(table) => table.n() as usize,
        }
    }

    /// The two-sided interval.
    pub(crate) fn interval(&self, confidence: f64) -> Option<Interval> {
        let about = |value: f64, half: f64| {
            (half.is_finite()).then_some(Interval {
                low: value - half,
                high: value + half,
                confidence,
            })
        };
        let p = f64::midpoint(1.0, confidence);
        match self {
            Self::LogRatio(ratio) => about(ratio.value, ratio.student()?.inverse_cdf(p) * ratio.error),
            Self::Difference(it) => about(it.value, gauss(p) * it.spread()),
            Self::Shares(table) => newcombe_paired(*table, confidence),
        }
    }

    /// The p of "the true change lies above `limit`".
    pub(crate) fn p_above(&self, limit: f64) -> f64 {
        match self {
            Self::LogRatio(ratio) => tail(ratio.value - limit, ratio.error, |z| {
                ratio.student().map_or(1.0, |student| student.sf(z))
            }),
            Self::Difference(it) => tail(it.value - limit, it.spread(), |z| Gauss::standard().sf(z)),
            Self::Shares(table) => share_p(*table, limit),
        }
    }

    /// The p of "the true change lies below `limit`".
    pub(crate) fn p_below(&self, limit: f64) -> f64 {
        self.mirrored().p_above(-limit)
    }

    /// The change from the candidate to the baseline.
    fn mirrored(&self) -> Self {
        match *self {
            Self::LogRatio(ratio) => Self::LogRatio(LogRatio {
                value: -ratio.value,
                ..ratio
            }),
            Self::Difference(it) => Self::Difference(Difference { value: -it.value, ..it }),
            Self::Shares(table) => Self::Shares(PairedTable {
                only_baseline: table.only_variant,
                only_variant: table.only_baseline,
                ..table
            }),
        }
    }

    /// How far beyond a limit the true change must lie to be told from it at `level` with the probability [`POWER`]: the
    /// two quantiles times the standard error. Of shares, the flips stand for the error.
    pub(crate) fn reach(&self, level: f64) -> Option<f64> {
        let reach = match self {
            Self::LogRatio(ratio) => {
                let student = ratio.student()?;
                (student.inverse_cdf(1.0 - level) + student.inverse_cdf(POWER)) * ratio.error
            }
            Self::Difference(it) => (gauss(1.0 - level) + gauss(POWER)) * it.spread(),
            Self::Shares(table) => paired_mde(flips(table), table.n(), 2.0 * level, POWER)?,
        };
        reach.is_finite().then_some(reach)
    }

    /// How many processes a side, or pairs, reach `distance`.
    pub(crate) fn needed(&self, distance: f64, level: f64) -> Option<usize> {
        if distance <= 0.0 {
            return None;
        }
        let needed = match self {
            Self::LogRatio(ratio) => ((gauss(1.0 - level) + gauss(POWER)) / distance).powi(2) * ratio.variance,
            Self::Difference(it) => (self.reach(level)? / distance).powi(2) * it.n as f64,
            Self::Shares(table) => samples_for_paired_mde(flips(table), distance, 2.0 * level, POWER)? as f64,
        };
        (needed < 1e12).then(|| needed.ceil() as usize)
    }
}

/// The share of samples that flipped, [`FEWEST_FLIPS`] at least.
fn flips(table: &PairedTable) -> f64 {
    ((table.discordant() as f64).max(FEWEST_FLIPS) / table.n().max(1) as f64).min(1.0)
}

fn gauss(p: f64) -> f64 {
    Gauss::standard().inverse_cdf(p)
}

/// The upper tail at `excess` standard errors; without any error the sign decides.
fn tail(excess: f64, error: f64, sf: impl Fn(f64) -> f64) -> f64 {
    if error > 0.0 {
        sf(excess / error)
    } else if excess > 0.0 {
        0.0
    } else {
        1.0
    }
}

/// The p at which the lower end of Newcombe's one-sided interval comes down to the limit, by bisection of ln p.
fn share_p(table: PairedTable, limit: f64) -> f64 {
    let Some(delta) = table.delta() else { return 1.0 };
    if delta <= limit {
        // From the other side; a half where the estimate is the limit.
        let mirrored = PairedTable {
            only_baseline: table.only_variant,
            only_variant: table.only_baseline,
            ..table
        };
        return if delta < limit {
            1.0 - share_p(mirrored, -limit)
        } else {
            0.5
        };
    }
    let reaches = |p: f64| newcombe_paired(table, 1.0 - 2.0 * p).is_none_or(|interval| interval.low > limit);
    let (mut low, mut high) = (SMALLEST_P.ln(), 0.5_f64.ln());
    if reaches(SMALLEST_P) {
        return SMALLEST_P;
    }
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if reaches(middle.exp()) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: f64, expected: f64, tolerance: f64) {
        assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
    }

    const BEFORE: [f64; 4] = [1.31, 1.12, 1.22, 1.40];
    const AFTER: [f64; 5] = [1.52, 1.47, 1.61, 1.49, 1.55];

    // python3 -c "import numpy as np; from scipy import stats
    // a=np.log([1.52,1.47,1.61,1.49,1.55]); b=np.log([1.31,1.12,1.22,1.40])
    // print([stats.ttest_ind(a-l,b,equal_var=False,alternative='greater').pvalue for l in (0,np.log(1.01),np.log(1.3))])"
    #[test]
    fn the_shifted_test_agrees_with_scipy() {
        let ratio = LogRatio::of(&BEFORE, &AFTER).unwrap();
        close(ratio.freedom(), 3.669_530_823_341_177_4, 1e-9);
        let ratio = Estimate::LogRatio(ratio);
        for (limit, p) in [
            (1.0_f64, 0.010_836_455_821_104_186),
            (1.01, 0.012_716_008_681_213_09),
            (1.3, 0.874_126_870_857_198),
        ] {
            close(ratio.p_above(limit.ln()), p, 1e-9);
            close(ratio.p_below(limit.ln()), 1.0 - p, 1e-9);
        }
        let interval = ratio.interval(0.95).unwrap();
        let (_, expected) = edgebench_stats::ratio_interval(&AFTER, &BEFORE, 0.95).unwrap();
        close(interval.low.exp(), expected.low, 1e-9);
        close(interval.high.exp(), expected.high, 1e-9);
    }

    #[test]
    fn the_p_of_shares_is_where_the_interval_ends() {
        let table = PairedTable {
            both_right: 880,
            only_baseline: 40,
            only_variant: 15,
            neither: 65,
        };
        let shares = Estimate::Shares(table);
        for confidence in [0.5, 0.9, 0.95, 0.999] {
            let interval = newcombe_paired(table, confidence).unwrap();
            close(shares.p_below(interval.high), (1.0 - confidence) / 2.0, 1e-9);
            close(shares.p_above(interval.low), (1.0 - confidence) / 2.0, 1e-9);
            close(shares.p_above(interval.high), f64::midpoint(1.0, confidence), 1e-9);
        }
        close(shares.p_below(-0.025), 0.5, 0.0);
        assert!(shares.p_below(0.5) <= SMALLEST_P && shares.p_above(-1.0) <= SMALLEST_P);
        assert!(shares.p_above(1.0) > 0.999);
    }

    #[test]
    fn without_any_spread_the_sign_decides() {
        let same = Estimate::LogRatio(LogRatio::of(&[2.0; 3], &[2.0; 4]).unwrap());
        assert_eq!(
            (same.p_above(0.0), same.p_above(-0.1), same.p_above(0.1)),
            (1.0, 0.0, 1.0)
        );
        let interval = same.interval(0.95).unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
    }

    #[test]
    fn what_reaches_a_distance_reaches_it() {
        let table = PairedTable {
            both_right: 900,
            only_baseline: 20,
            only_variant: 20,
            neither: 60,
        };
        for estimate in [
            Estimate::Shares(table),
            Estimate::Difference(Difference {
                value: 0.0,
                error: 0.01,
                n: 1000,
            }),
        ] {
            let reach = estimate.reach(0.01).unwrap();
            let needed = estimate.needed(reach, 0.01).unwrap();
            assert!((999..=1001).contains(&needed), "{needed}");
            assert!((3998..=4002).contains(&estimate.needed(reach / 2.0, 0.01).unwrap()));
            assert_eq!(estimate.needed(0.0, 0.01), None);
        }
        assert!(LogRatio::of(&[1.0, 2.0], &[1.0, 2.0, 3.0]).is_none());
        assert!(LogRatio::of(&[1.0, 2.0, 0.0], &[1.0, 2.0, 3.0]).is_none());
        assert!(LogRatio::of(&[1.0, 2.0, f64::INFINITY], &[1.0, 2.0, 3.0]).is_none());
    }
}
