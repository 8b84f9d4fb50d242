//! A series as levels with noise about them, when the noise of one run resembles that of the run before.
//!
//! Runs of one night share a machine's temperature, its neighbours and its page cache, so that medians of successive runs
//! are correlated (0.45 was seen on a shared machine). Tests that take them for independent raise several times as many
//! false alarms as they promise. Here the noise is a first-order autoregression: a run's deviation is ρ times the one
//! before plus something new.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// What the correlation is held to be before anything was seen: that of 480 invocations on a shared machine
/// (lag 1, `docs/history.md`).
const PRIOR_CORRELATION: f64 = 0.45;

/// How many runs that is worth. A correlation from a dozen runs is hardly known, and one that is taken too low raises
/// false alarms.
const PRIOR_RUNS: f64 = 20.0;

/// Correlations above this leave nothing to estimate from.
const LARGEST_CORRELATION: f64 = 0.9;

/// Levels, one per segment, and the noise about them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Levels {
    /// Each segment's mean and length.
    pub(crate) segments: Vec<(f64, usize)>,
    /// The noise, where there are values enough to tell.
    pub(crate) noise: Option<Noise>,
}

/// Noise from run to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Noise {
    /// Standard deviation of one run.
    pub(crate) deviation: f64,
    /// Correlation of a run with the next, 0 or more.
    pub(crate) correlation: f64,
    /// Independent values that the deviation is worth.
    pub(crate) freedom: f64,
}

impl Levels {
    /// Takes segments for constant but for noise that is the same in all of them. Empty ones are left out.
    ///
    /// With residuals e about the segments' means, the correlation is r = Σ eᵢeᵢ₊₁ / Σ eᵢ² within segments, corrected for
    /// the means that were taken out: E r ≈ ρ − k(1 + 3ρ)/n for k segments of n values together (Kendall 1954; Marriott &
    /// Pope, "Bias in the estimation of autocorrelations", Biometrika 41, 1954), and then averaged with a prior one of
    /// 0.45 that is worth 20 runs and never lowers it. The variance is Σe² / Σ(nₖ − g(nₖ)),
    /// since a mean of nₖ values takes g(nₖ)/nₖ of the variance with it ([`Noise::inflation`]).
    pub(crate) fn of(segments: &[&[f64]]) -> Self {
        let mut means = Vec::with_capacity(segments.len());
        let (mut squares, mut products) = (0.0, 0.0);
        for values in segments.iter().filter(|values| !values.is_empty()) {
            // About the first value, so that equal values have no spread at all.
            let (origin, n) = (values[0], values.len());
            let mean = origin + values.iter().map(|value| value - origin).sum::<f64>() / n as f64;
            squares += values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            products += values
                .windows(2)
                .map(|pair| (pair[0] - mean) * (pair[1] - mean))
                .sum::<f64>();
            means.push((mean, n));
        }
        Self {
            noise: noise(squares, products, &means),
            segments: means,
        }
    }
}

fn noise(squares: f64, products: f64, segments: &[(f64, usize)]) -> Option<Noise> {
    let n: usize = segments.iter().map(|(_, n)| n).sum();
    let share = segments.len() as f64 / n as f64;
    if n < segments.len() + 2 || !squares.is_finite() {
        return None;
    }
    let raw = if squares > 0.0 { products / squares } else { 0.0 };
    let seen = ((raw + share) / (1.0 - 3.0 * share).max(0.25)).clamp(0.0, LARGEST_CORRELATION);
    let runs = n as f64;
    let correlation = (runs * seen + PRIOR_RUNS * seen.max(PRIOR_CORRELATION)) / (runs + PRIOR_RUNS);
    let mut noise = Noise {
        deviation: 0.0,
        correlation,
        freedom: 0.0,
    };
    let worth: f64 = segments.iter().map(|&(_, n)| n as f64 - noise.inflation(n)).sum();
    if worth <= 0.0 {
        return None;
    }
    noise.deviation = (squares / worth).sqrt();
    // The squares of correlated values are correlated with ρ², so that their mean is worth fewer of them.
    noise.freedom = worth * (1.0 - correlation.powi(2)) / (1.0 + correlation.powi(2));
    Some(noise)
}

impl Noise {
    /// How many times the variance of a mean of `n` values is that of independent ones:
    /// (1 + ρ)/(1 − ρ) − 2ρ(1 − ρⁿ)/(n(1 − ρ)²).
    pub(crate) fn inflation(&self, n: usize) -> f64 {
        let (rho, n) = (self.correlation, n as f64);
        (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho.powf(n)) / (n * (1.0 - rho).powi(2))
    }

    /// Standard error of a mean of `n` successive values.
    pub(crate) fn error(&self, n: usize) -> f64 {
        self.deviation * (self.inflation(n) / n as f64).sqrt()
    }

    /// The two-sided p of a difference with this standard error, by Student's distribution.
    pub(crate) fn p(&self, difference: f64, error: f64) -> f64 {
        if difference == 0.0 {
            return 1.0;
        }
        if error <= 0.0 {
            return 0.0;
        }
        StudentsT::new(0.0, 1.0, self.freedom).map_or(1.0, |student| 2.0 * student.cdf(-(difference / error).abs()))
    }

    /// The quantile of Student's distribution for a two-sided interval; infinite where there is none.
    pub(crate) fn quantile(&self, confidence: f64) -> f64 {
        let quantile = StudentsT::new(0.0, 1.0, self.freedom).map_or(f64::INFINITY, |student| {
            student.inverse_cdf(f64::midpoint(1.0, confidence))
        });
        if quantile.is_nan() { f64::INFINITY } else { quantile }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with numpy 2.4.6: the covariance matrix ρ^|i−j| summed over n × n and divided by n.
    #[test]
    fn the_variance_of_a_correlated_mean() {
        let noise = Noise {
            deviation: 1.0,
            correlation: 0.5,
            freedom: 10.0,
        };
        for (n, expected) in [(1, 1.0), (2, 1.5), (5, 2.225), (50, 2.92)] {
            assert!(
                (noise.inflation(n) - expected).abs() < 1e-12,
                "{n}: {}",
                noise.inflation(n)
            );
        }
    }

    #[test]
    fn equal_values_have_no_spread_and_any_difference_is_certain() {
        let levels = Levels::of(&[&[0.1; 5], &[0.3; 5]]);
        let noise = levels.noise.unwrap();
        assert!(noise.deviation.abs() < f64::EPSILON);
        assert!(noise.p(0.2, noise.error(5)) < f64::EPSILON);
        assert!((noise.p(0.0, 0.0) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn too_few_values_have_no_noise() {
        assert_eq!(Levels::of(&[&[1.0, 2.0], &[3.0]]).noise, None);
        assert_eq!(Levels::of(&[]).noise, None);
        assert_eq!(Levels::of(&[&[]]).segments, []);
    }

    /// A long series of alternating values is no less quiet than an independent one: correlation is never negative.
    #[test]
    fn a_prior_correlation_fades_with_the_runs() {
        let alternating: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let long = Levels::of(&[&alternating]).noise.unwrap().correlation;
        let short = Levels::of(&[&alternating[..10]]).noise.unwrap().correlation;
        assert!((long - 20.0 * 0.45 / 420.0).abs() < 1e-12, "{long}");
        assert!((short - 20.0 * 0.45 / 30.0).abs() < 1e-12, "{short}");
    }
}
