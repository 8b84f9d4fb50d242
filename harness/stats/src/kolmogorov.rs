//! The test of Kolmogorov and Smirnov: whether a sample follows a distribution that is fully known.

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// How many values there were.
    pub n: usize,
    /// The largest distance of the two distribution functions, 0 to 1.
    pub statistic: f64,
    /// How likely a distance at least this large is where the values follow the distribution.
    pub p_value: f64,
}

/// Tests whether values follow the exponential distribution with this rate, which is not estimated from them.
///
/// The p-value is Kolmogorov's limit with Vrbik's correction for n (“Small-sample corrections to Kolmogorov–Smirnov test
/// statistic”, Pioneer Journal of Theoretical and Applied Statistics 15, 2018): within 0.001 from n = 20 on. `None` without values, with one that is not finite, and without a rate
/// above 0.
pub fn exponential_fit(values: &[f64], rate: f64) -> Option<Fit> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) || !(rate.is_finite() && rate > 0.0) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let statistic = sorted.iter().enumerate().fold(0.0f64, |largest, (index, &value)| {
        let below = -(-rate * value.max(0.0)).exp_m1();
        largest
            .max((index + 1) as f64 / n - below)
            .max(below - index as f64 / n)
    });
    let scaled = n.sqrt() * statistic;
    let lambda = scaled + 1.0 / (6.0 * n.sqrt()) + (scaled - 1.0) / (4.0 * n);
    Some(Fit {
        n: sorted.len(),
        statistic,
        p_value: kolmogorov_tail(lambda),
    })
}

/// P[K > λ] = 2 Σ (−1)^(k−1) exp(−2 k² λ²).
fn kolmogorov_tail(lambda: f64) -> f64 {
    // The series does not converge there, and the tail is 1 to all digits.
    if lambda < 0.2 {
        return 1.0;
    }
    let sum: f64 = (1..=100)
        .map(|k| {
            let term = (-2.0 * f64::from(k * k) * lambda * lambda).exp();
            if k % 2 == 1 { term } else { -term }
        })
        .sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;

    // python3 -c "from scipy.stats import kstwobign; print([kstwobign.sf(x) for x in (.3,.8,1.2,1.6276)])"
    #[test]
    fn the_tail_is_scipys() {
        for (lambda, expected) in [
            (0.3, 0.999_990_694_198_665_5),
            (0.8, 0.544_142_411_574_198_1),
            (1.2, 0.112_249_666_670_724_97),
            (1.6276, 0.010_001_537_333_060_776),
        ] {
            close(kolmogorov_tail(lambda), expected, 1e-12);
        }
        close(kolmogorov_tail(0.1), 1.0, 0.0);
        close(kolmogorov_tail(20.0), 0.0, 1e-12);
    }

    // python3 -c "from scipy.stats import kstest; x=[(k+.5)**2/400 for k in range(20)]
    // print(kstest(x, 'expon', args=(0, 1/2.0)))"
    #[test]
    fn the_statistic_is_scipys() {
        let values: Vec<f64> = (0..20).map(|k| (f64::from(k) + 0.5).powi(2) / 400.0).collect();
        let fit = exponential_fit(&values, 2.0).unwrap();
        close(fit.statistic, 0.159_632_763_602_542_25, 1e-12);
        // scipy's is exact for n = 20; this is the corrected limit.
        close(fit.p_value, 0.631_316_670_230_308_9, 1e-3);
    }

    #[test]
    fn what_is_no_sample_has_no_fit() {
        assert_eq!(exponential_fit(&[], 1.0), None);
        assert_eq!(exponential_fit(&[1.0, f64::NAN], 1.0), None);
        assert_eq!(exponential_fit(&[1.0], 0.0), None);
        assert_eq!(exponential_fit(&[1.0], f64::NAN), None);
        // Below 0 the exponential distribution has nothing.
        assert!((exponential_fit(&[-1.0; 50], 1.0).unwrap().statistic - 1.0).abs() < 1e-12);
    }
}
