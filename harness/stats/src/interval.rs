//! Intervals for latencies and their ratios, from one median per process.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::summary::{logarithms, median};

/// Fewer values than this say next to nothing about their own spread.
const FEWEST: usize = 3;

/// A confidence interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence it was made for, 0.95 for 95%.
    pub confidence: f64,
}

impl Interval {
    /// Whether `value` lies in the interval.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The median of the medians of several processes, and Student's t interval over their logarithms.
///
/// The interval is exp(m ± t·s/√n), m and s being the mean and the standard deviation of the logarithms and t the
/// quantile of Student's distribution with n − 1 degrees of freedom. It is centred on the *geometric mean* of the
/// medians, which is what it bounds at `confidence` if their logarithms are normal; the estimate beside it is their
/// *median*, which one bad process cannot move. At 95% the estimate is inside for any 3 to 6 values; with more, strongly
/// skewed ones, it may fall outside, which then says that the processes are not of one kind.
///
/// The unit is that of the medians. `None` for fewer than 3 medians, one that is not a finite number above 0, or a
/// confidence that does not lie strictly between 0 and 1.
///
/// Source: Student's interval as in Georges, Buytaert & Eeckhout, "Statistically Rigorous Java Performance
/// Evaluation", OOPSLA 2007, §3.2, on logarithms because latencies are skewed and compared as ratios.
pub fn t_interval_of_log(medians: &[f64], confidence: f64) -> Option<(f64, Interval)> {
    let estimate = median(medians)?;
    let logs = Moments::of_logs(medians)?;
    let half = student(logs.n - 1.0, confidence)? * logs.square_of_error().sqrt();
    Some((estimate, logs.interval(half, confidence)))
}

/// The ratio a ÷ b of two independent sets of medians, and Welch's interval for it.
///
/// The estimate is the median of `a` over the median of `b`. The interval is `exp(mₐ − m_b ± t·√(sₐ²/nₐ + s_b²/n_b))` on
/// the logarithms, with the degrees of freedom of Welch and Satterthwaite: it is centred on the ratio of the geometric
/// means, so that, as in [`t_interval_of_log`], the estimate is not always inside.
///
/// `None` where either set has fewer than 3 values or one that is not a finite number above 0, or `confidence` does
/// not lie strictly between 0 and 1.
///
/// Source: Welch, "The generalization of 'Student's' problem when several different population variances are
/// involved", Biometrika 34 (1947).
pub fn ratio_interval(a: &[f64], b: &[f64], confidence: f64) -> Option<(f64, Interval)> {
    let estimate = median(a)? / median(b)?;
    let (above, below) = (Moments::of_logs(a)?, Moments::of_logs(b)?);
    let (error, freedom) = above.welch(&below);
    let half = student(freedom, confidence)? * error;
    let ratio = Moments {
        n: above.n,
        mean: above.mean - below.mean,
        variance: 0.0,
    };
    Some((estimate, ratio.interval(half, confidence)))
}

/// Number, mean and variance of some values.
pub(crate) struct Moments {
    pub(crate) n: f64,
    pub(crate) mean: f64,
    variance: f64,
}

impl Moments {
    /// Those of finite values; `None` of too few.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        if values.len() < FEWEST || !values.iter().all(|x| x.is_finite()) {
            return None;
        }
        let n = values.len() as f64;
        // About the first value, so that equal values have a mean without rounding and no spread at all.
        let origin = values[0];
        let shift = values.iter().map(|x| x - origin).sum::<f64>() / n;
        let mean = origin + shift;
        let variance = values.iter().map(|x| (x - origin - shift).powi(2)).sum::<f64>() / (n - 1.0);
        Some(Self { n, mean, variance })
    }

    fn of_logs(values: &[f64]) -> Option<Self> {
        Self::of(&logarithms(values)?)
    }

    pub(crate) fn square_of_error(&self) -> f64 {
        self.variance / self.n
    }

    /// The error of the difference of two means, and its degrees of freedom by Welch and Satterthwaite.
    pub(crate) fn welch(&self, other: &Self) -> (f64, f64) {
        let (first, second) = (self.square_of_error(), other.square_of_error());
        let error = first + second;
        if error == 0.0 {
            return (0.0, self.n + other.n - 2.0);
        }
        // As shares of the whole, because the squares of tiny errors vanish.
        let (first, second) = (first / error, second / error);
        let freedom = 1.0 / (first.powi(2) / (self.n - 1.0) + second.powi(2) / (other.n - 1.0));
        (error.sqrt(), freedom)
    }

    fn interval(&self, half: f64, confidence: f64) -> Interval {
        Interval {
            low: (self.mean - half).exp(),
            high: (self.mean + half).exp(),
            confidence,
        }
    }
}

/// The two-sided quantile of Student's distribution.
pub(crate) fn student(freedom: f64, confidence: f64) -> Option<f64> {
    if !is_confidence(confidence) {
        return None;
    }
    let quantile = StudentsT::new(0.0, 1.0, freedom)
        .ok()?
        .inverse_cdf(f64::midpoint(1.0, confidence));
    quantile.is_finite().then_some(quantile)
}

/// How likely Student's distribution is at least so far from 0, to either side.
pub(crate) fn tail(t: f64, freedom: f64) -> Option<f64> {
    let p = 2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(t.abs());
    p.is_finite().then_some(p.clamp(0.0, 1.0))
}

/// Whether a confidence lies strictly between 0 and 1.
pub(crate) fn is_confidence(confidence: f64) -> bool {
    confidence > 0.0 && confidence < 1.0
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::summary::geometric_mean;
    use proptest::prelude::*;

    // python3 -c "from scipy import stats; print([float(stats.t.ppf(.975,d)) for d in (1,2,3.7,9,29,1000)])"
    #[test]
    fn quantiles_of_student_agree_with_scipy() {
        let expected = [
            (1.0, 12.706_204_736_174_694),
            (2.0, 4.302_652_729_749_462),
            (3.7, 2.867_520_707_191_189_5),
            (9.0, 2.262_157_162_798_205),
            (29.0, 2.045_229_642_132_703),
            (1000.0, 1.962_339_080_826_408_3),
        ];
        for (freedom, value) in expected {
            close(student(freedom, 0.95).unwrap(), value, 1e-9);
        }
    }

    // python3 -c "import numpy as np; from scipy import stats; x=np.log([1.52,1.47,1.61,1.49,1.55]);
    //   print(np.exp(stats.t.interval(.95,len(x)-1,x.mean(),stats.sem(x))))"   (and [1.52,1.47,1.61] at .99)
    #[test]
    fn the_interval_of_logs_agrees_with_scipy() {
        let (estimate, interval) = t_interval_of_log(&[1.52, 1.47, 1.61, 1.49, 1.55], 0.95).unwrap();
        assert_eq!(estimate, 1.52);
        close(interval.low, 1.461_017_977_022_856_4, 1e-9);
        close(interval.high, 1.596_417_009_296_226_2, 1e-9);
        let (_, interval) = t_interval_of_log(&[1.52, 1.47, 1.61], 0.99).unwrap();
        close(interval.low, 1.177_120_773_521_2, 1e-9);
        close(interval.high, 1.994_512_864_037_792_5, 1e-9);
    }

    // python3 -c "import numpy as np; from scipy import stats
    // a=np.log([1.52,1.47,1.61,1.49,1.55]); b=np.log([1.31,1.12,1.22,1.40])
    // ci=stats.ttest_ind(a,b,equal_var=False).confidence_interval(.95); print(np.exp(ci.low), np.exp(ci.high))"
    #[test]
    fn the_interval_of_a_ratio_agrees_with_scipy() {
        let (estimate, interval) =
            ratio_interval(&[1.52, 1.47, 1.61, 1.49, 1.55], &[1.31, 1.12, 1.22, 1.40], 0.95).unwrap();
        close(estimate, 1.52 / 1.265, 1e-15);
        close(interval.low, 1.049_700_563_365_333, 1e-9);
        close(interval.high, 1.403_614_621_085_575, 1e-9);
    }

    #[test]
    fn equal_medians_have_an_interval_without_width() {
        let (_, interval) = t_interval_of_log(&[0.7; 5], 0.95).unwrap();
        assert_eq!(interval.low, interval.high);
        let (ratio, interval) = ratio_interval(&[3.0; 3], &[2.0; 4], 0.95).unwrap();
        assert_eq!(ratio, 1.5);
        close(interval.low, 1.5, 1e-15);
        assert_eq!(interval.low, interval.high);
    }

    #[test]
    fn too_little_is_absent() {
        assert_eq!(t_interval_of_log(&[1.0, 2.0], 0.95), None);
        assert_eq!(t_interval_of_log(&[1.0, 2.0, 0.0], 0.95), None);
        assert_eq!(t_interval_of_log(&[1.0, 2.0, f64::NAN], 0.95), None);
        assert_eq!(t_interval_of_log(&[1.0, 2.0, 3.0], 1.0), None);
        assert_eq!(ratio_interval(&[1.0, 2.0, 3.0], &[1.0, 2.0], 0.95), None);
    }

    proptest! {
        #[test]
        fn never_panics(a in prop::collection::vec(any::<f64>(), 0..9), b in prop::collection::vec(any::<f64>(), 0..9), c in any::<f64>()) {
            let _ = (t_interval_of_log(&a, c), ratio_interval(&a, &b, c), ratio_interval(&a, &b, 0.95));
        }

        #[test]
        fn holds_the_geometric_mean_and_the_median_of_a_few(a in prop::collection::vec(1e-3..1e3f64, 3..7)) {
            let (estimate, interval) = t_interval_of_log(&a, 0.95).unwrap();
            let slack = 1.0 + 1e-12;
            let wide = Interval { low: interval.low / slack, high: interval.high * slack, ..interval };
            prop_assert!(wide.contains(geometric_mean(&a).unwrap()));
            prop_assert!(wide.contains(estimate));
        }

        #[test]
        fn swapping_the_sets_inverts_the_ratio(a in prop::collection::vec(1e-3..1e3f64, 3..9), b in prop::collection::vec(1e-3..1e3f64, 3..9)) {
            let (ratio, there) = ratio_interval(&a, &b, 0.95).unwrap();
            let (inverse, back) = ratio_interval(&b, &a, 0.95).unwrap();
            prop_assert!((ratio * inverse - 1.0).abs() < 1e-12);
            prop_assert!((there.low * back.high - 1.0).abs() < 1e-9);
            prop_assert!((there.high * back.low - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_change_of_unit_changes_nothing_else(a in prop::collection::vec(1e-3..1e3f64, 3..9), unit in 1e-3..1e3f64) {
            let scaled: Vec<f64> = a.iter().map(|x| x * unit).collect();
            let (_, one) = t_interval_of_log(&a, 0.95).unwrap();
            let (_, other) = t_interval_of_log(&scaled, 0.95).unwrap();
            prop_assert!((other.low / (one.low * unit) - 1.0).abs() < 1e-9);
        }
    }
}
