//! What a set of samples looks like.

/// Where a set of samples lies and how far it spreads, in the unit of the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many samples.
    pub n: usize,
    /// The smallest sample.
    pub min: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The median; for an even number of samples, the mean of the middle two.
    pub median: f64,
    /// The median absolute deviation from the median, unscaled: multiply by 1.4826 to compare it with a standard
    /// deviation of normal samples.
    pub mad: f64,
    /// The largest sample.
    pub max: f64,
    /// The sample standard deviation (divisor n − 1); absent for a single sample.
    pub sd: Option<f64>,
}

/// Summarises samples given in any order.
///
/// `None` where there are no samples, where any of them is NaN or infinite, or where their sum of squares is beyond
/// the range of `f64`.
pub fn summarise(samples: &[f64]) -> Option<Summary> {
    let n = samples.len();
    let mut scratch = finite_copy(samples)?;
    let median = median_in_place(&mut scratch)?;
    let (min, max) = samples
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
            (low.min(x), high.max(x))
        });
    // Rounding puts the mean of equal samples a step outside their range.
    let mean = (samples.iter().sum::<f64>() / n as f64).clamp(min, max);
    let squares: f64 = samples.iter().map(|x| (x - mean).powi(2)).sum();
    for deviation in &mut scratch {
        *deviation = (*deviation - median).abs();
    }
    let mad = median_in_place(&mut scratch)?;
    let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
    (mean.is_finite() && squares.is_finite() && mad.is_finite()).then_some(Summary {
        n,
        min,
        mean,
        median,
        mad,
        max,
        sd,
    })
}

/// The quantile `p` (0 to 1) of samples in ascending order, interpolated linearly: type 7 of Hyndman & Fan, "Sample
/// Quantiles in Statistical Packages", The American Statistician 50 (1996), the default of `NumPy` and R.
///
/// With h = p·(n − 1), it is `x[⌊h⌋] + (h − ⌊h⌋)·(x[⌊h⌋+1] − x[⌊h⌋])`. `None` where there are no samples, `p` is not
/// between 0 and 1, a sample is NaN, or the answer is infinite.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let (below, above, part) = neighbours(sorted, p)?;
    let value = interpolate(below, above, part);
    // Sorted by any total order, a NaN sits at one of the ends.
    let whole = !sorted.first()?.is_nan() && !sorted.last()?.is_nan();
    (whole && value.is_finite()).then_some(value)
}

/// The median of samples given in any order. `None` where there are none, or any is NaN or infinite.
pub fn median(samples: &[f64]) -> Option<f64> {
    median_in_place(&mut finite_copy(samples)?)
}

/// The geometric mean, exp(mean ln x): the mean of ratios that does not depend on which side is the baseline
/// (Fleming & Wallace, Communications of the ACM 29(3), 1986).
///
/// `None` where there are no values, or any is not a finite number above 0.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logs = logarithms(values)?;
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

/// The natural logarithms; `None` where a value is not a finite number above 0.
pub(crate) fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    values
        .iter()
        .map(|&x| (x > 0.0 && x.is_finite()).then(|| x.ln()))
        .collect()
}

/// The two order statistics around quantile `p` of ascending values, and how far between them it lies.
pub(crate) fn neighbours<T: Copy>(sorted: &[T], p: f64) -> Option<(T, T, f64)> {
    if !(0.0..=1.0).contains(&p) || sorted.is_empty() {
        return None;
    }
    let last = sorted.len() - 1;
    let position = p * last as f64;
    let below = (position.floor() as usize).min(last);
    Some((sorted[below], sorted[(below + 1).min(last)], position - below as f64))
}

/// The point `part` of the way from `below` to `above`, from the nearer end, so that the result stays between them.
pub(crate) fn interpolate(below: f64, above: f64, part: f64) -> f64 {
    let gap = above - below;
    if part < 0.5 {
        below + gap * part
    } else {
        above - gap * (1.0 - part)
    }
}

fn finite_copy(samples: &[f64]) -> Option<Vec<f64>> {
    samples.iter().all(|x| x.is_finite()).then(|| samples.to_vec())
}

/// By selection rather than a sort: linear time, which a million samples notice.
fn median_in_place(samples: &mut [f64]) -> Option<f64> {
    let n = samples.len();
    if n == 0 {
        return None;
    }
    let (lower, &mut middle, _) = samples.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return Some(middle);
    }
    let before = lower.iter().copied().max_by(f64::total_cmp)?;
    Some(f64::midpoint(before, middle))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    const SAMPLES: [f64; 7] = [3.1, 2.7, 9.5, 3.3, 2.9, 3.0, 4.4];

    // python3 -c "import numpy as np; x=[3.1,2.7,9.5,3.3,2.9,3.0,4.4]; m=np.median(x);
    //   print(np.mean(x), m, np.median(np.abs(np.array(x)-m)), np.std(x,ddof=1))"
    #[test]
    fn agrees_with_numpy() {
        let summary = summarise(&SAMPLES).unwrap();
        assert_eq!(
            (summary.n, summary.min, summary.median, summary.max),
            (7, 2.7, 3.1, 9.5)
        );
        close(summary.mean, 4.128_571_428_571_428, 1e-15);
        close(summary.mad, 0.2, 1e-14);
        close(summary.sd.unwrap(), 2.432_224_143_806_299, 1e-14);
    }

    // python3 -c "import numpy as np; x=[3.1,2.7,9.5,3.3,2.9,3.0,4.4];
    //   print([float(np.quantile(x,p)) for p in (0,.1,.25,.9,.99,1)])"
    #[test]
    fn quantiles_are_type_7() {
        let mut sorted = SAMPLES;
        sorted.sort_by(f64::total_cmp);
        let expected = [
            (0.0, 2.7),
            (0.1, 2.82),
            (0.25, 2.95),
            (0.9, 6.440_000_000_000_002),
            (0.99, 9.194),
            (1.0, 9.5),
        ];
        for (p, value) in expected {
            close(quantile(&sorted, p).unwrap(), value, 1e-14);
        }
        assert_eq!(quantile(&sorted, 1.01), None);
        assert_eq!(quantile(&sorted, f64::NAN), None);
        assert_eq!(quantile(&[1.0, 2.0, f64::NAN], 0.1), None);
    }

    // python3 -c "from scipy.stats import gmean; print(gmean([1.2,.8,3,.05]))"
    #[test]
    fn geometric_mean_agrees_with_scipy() {
        close(
            geometric_mean(&[1.2, 0.8, 3.0, 0.05]).unwrap(),
            0.616_014_057_648_204_6,
            1e-14,
        );
        assert_eq!(geometric_mean(&[1.0, 0.0]), None);
        assert_eq!(geometric_mean(&[]), None);
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        assert_eq!(summarise(&[]), None);
        assert_eq!(summarise(&[1.0, f64::NAN]), None);
        assert_eq!(summarise(&[1.0, f64::INFINITY]), None);
        assert_eq!(median(&[f64::NAN]), None);
        assert_eq!(median(&[1.0, 4.0]), Some(2.5));
        assert_eq!(summarise(&[2.0]).unwrap().sd, None);
    }

    proptest! {
        #[test]
        fn never_panics(samples in prop::collection::vec(any::<f64>(), 0..40), p in any::<f64>()) {
            let _ = (summarise(&samples), median(&samples), quantile(&samples, p), geometric_mean(&samples));
        }

        #[test]
        fn is_ordered_and_ignores_the_order_of_samples(mut samples in prop::collection::vec(-1e9..1e9f64, 1..60)) {
            let summary = summarise(&samples).unwrap();
            prop_assert!(summary.min <= summary.median && summary.median <= summary.max);
            prop_assert!(summary.min <= summary.mean && summary.mean <= summary.max);
            samples.sort_by(f64::total_cmp);
            prop_assert_eq!(median(&samples).unwrap(), summary.median);
            prop_assert!((quantile(&samples, 0.5).unwrap() - summary.median).abs() <= 1e-6);
            prop_assert_eq!(quantile(&samples, 0.0).unwrap(), summary.min);
            prop_assert_eq!(quantile(&samples, 1.0).unwrap(), summary.max);
        }

        #[test]
        fn quantiles_rise_with_p(mut samples in prop::collection::vec(-1e9..1e9f64, 1..60), a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
            samples.sort_by(f64::total_cmp);
            prop_assert!(quantile(&samples, a.min(b)).unwrap() <= quantile(&samples, a.max(b)).unwrap());
        }
    }
}
