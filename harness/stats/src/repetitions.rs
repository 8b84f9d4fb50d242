//! How often to repeat an experiment at each of its levels: iterations within invocations within builds.
//!
//! Levels are counted from 1, the lowest, as in the source, and every slice over levels has the lowest first.
//!
//! Source: Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013, in the corrected version that the
//! authors keep, whose Tᵢ² differs from the first printing, and in `libkalibera`.

use crate::interval::{Interval, student};

/// How much the repetitions at each level vary.
#[derive(Debug, Clone, PartialEq)]
pub struct VarianceComponents {
    /// The mean of all values, in their unit.
    pub mean: f64,
    /// How often each level was repeated within the one above.
    pub repetitions: Vec<usize>,
    /// Sᵢ², the variance of the means at each level, which holds that of the levels below: the square of the unit.
    pub biased: Vec<f64>,
    /// Tᵢ² = Sᵢ² − Sᵢ₋₁²/rᵢ₋₁, the variance that the level itself adds; T₁² = S₁². Zero or less says that the level adds
    /// none that can be told from that of the levels below.
    pub unbiased: Vec<f64>,
}

/// Splits the variance of a balanced nested experiment into its levels.
///
/// `values` holds the iterations of the first invocation of the first build, then those of the next invocation, and so
/// on; `repetitions` is how many iterations an invocation has, how many invocations a build, and so on, for any number
/// of levels. With Ȳ the means over everything below a level,
/// Sᵢ² = Σ(Ȳ at level i − Ȳ at level i + 1)² / (∏ rₖ over k > i · (rᵢ − 1)).
///
/// `None` where there are no levels, a level has fewer than 2 repetitions, the number of values is not the product of the
/// repetitions, a value is NaN or infinite, or a figure is beyond the range of `f64`.
pub fn variance_components(values: &[f64], repetitions: &[usize]) -> Option<VarianceComponents> {
    let expected = repetitions.iter().try_fold(1usize, |all, &r| all.checked_mul(r));
    let balanced = expected == Some(values.len()) && repetitions.iter().all(|&r| r > 1);
    if repetitions.is_empty() || !balanced {
        return None;
    }
    let mut means = values.to_vec();
    let mut biased = Vec::with_capacity(repetitions.len());
    for &r in repetitions {
        let mut squares = 0.0;
        let above: Vec<f64> = means
            .chunks(r)
            .map(|group| {
                let mean = group.iter().sum::<f64>() / r as f64;
                squares += group.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                mean
            })
            .collect();
        biased.push(squares / (above.len() * (r - 1)) as f64);
        means = above;
    }
    let below = biased.iter().zip(repetitions).map(|(s, &r)| s / r as f64);
    let below = std::iter::once(0.0).chain(below);
    let unbiased = biased.iter().zip(below).map(|(s, below)| s - below).collect();
    let mean = means[0];
    (mean.is_finite() && biased.iter().all(|s| s.is_finite())).then(|| VarianceComponents {
        mean,
        repetitions: repetitions.to_vec(),
        biased,
        unbiased,
    })
}

impl VarianceComponents {
    /// How often to repeat `level` (from 1, below the highest) in each repetition of the one above, for the narrowest
    /// interval in a given time: ⌈√(cⱼ/cᵢ · Tᵢ²/Tⱼ²)⌉ with j = i + 1. `costs` are what one repetition of each level
    /// takes without those below it, in any unit: an iteration, the start of a process, a build.
    ///
    /// 1 where Tᵢ² ≤ 0: repeating the level tells nothing. A level above that adds no variance is left out, being
    /// repeated once: j is the next level with Tⱼ² > 0.
    ///
    /// `None` where `level` is not between 1 and the one below the highest, there are not as many costs as levels, a cost
    /// is not a finite number above 0, the number is beyond counting, or no level above adds variance, so that the more
    /// repetitions of this one the better.
    pub fn optimal_repetitions(&self, level: usize, costs: &[f64]) -> Option<usize> {
        let levels = self.unbiased.len();
        let valid = costs.len() == levels && costs.iter().all(|&c| c > 0.0 && c.is_finite());
        if !valid || level == 0 || level >= levels {
            return None;
        }
        let own = self.unbiased[level - 1];
        if own <= 0.0 {
            return Some(1);
        }
        let above = (level..levels).find(|&j| self.unbiased[j] > 0.0)?;
        let repetitions = (costs[above] / costs[level - 1] * own / self.unbiased[above])
            .sqrt()
            .ceil();
        (repetitions < f64::from(u32::MAX)).then(|| (repetitions as usize).max(1))
    }

    /// The interval of the mean: Ȳ ± t·√(Sₙ²/rₙ), t being the quantile of Student's distribution with rₙ − 1 degrees of
    /// freedom, n the highest level. Only how often that one is repeated makes it narrow.
    ///
    /// `None` where `confidence` does not lie strictly between 0 and 1.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let (&highest, &squares) = (self.repetitions.last()?, self.biased.last()?);
        let r = highest as f64;
        let half = student(r - 1.0, confidence)? * (squares / r).sqrt();
        Some(Interval {
            low: self.mean - half,
            high: self.mean + half,
            confidence,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    /// 2 builds of 2 invocations of 2 iterations, of which the invocations add no variance.
    const EIGHT: [f64; 8] = [9.0, 5.0, 8.0, 3.0, 10.0, 6.0, 7.0, 11.0];
    const COSTS: [f64; 3] = [1.0, 10.0, 300.0];

    // python3 -c "import numpy as np; from scipy.stats import t
    // def print_all(y,c):
    //   n=y.ndim; m=[y]+[y.mean(axis=tuple(range(n-k,n))) for k in range(1,n+1)]; r=y.shape[::-1]
    //   S=[m[k].var(axis=-1,ddof=1).mean() for k in range(n)]; T=[S[k]-(S[k-1]/r[k-1] if k else 0) for k in range(n)]
    //   h=t.ppf(.975,r[-1]-1)*(S[-1]/r[-1])**.5; print(S,T,m[n]-h,m[n]+h,[(c[k+1]/c[k]*T[k]/T[k+1])**.5 for k in range(n-1)])
    // print_all(np.array([9,5,8,3,10,6,7,11.]).reshape(2,2,2),(1,10,300))
    // i=np.arange(60); y=10+np.sin(i*i)+2*np.sin((i//5)**2+1)+4*np.sin((i//20)**2+2)
    // print_all(y.reshape(3,4,5),(1,10,300)); print_all(y.reshape(12,5),(1,10))"
    // The first has T₂² < 0, so its iterations are weighed against builds: √(300·9.125/2.125) = 35.9.
    #[test]
    fn agrees_with_numpy() {
        let waves: Vec<f64> = (0..60u32)
            .map(|i| {
                let of = |i: u32, phase: u32| f64::from(i * i + phase).sin();
                10.0 + of(i, 0) + 2.0 * of(i / 5, 1) + 4.0 * of(i / 20, 2)
            })
            .collect();
        let expected: [Expected; 3] = [
            (
                8,
                &[2, 2, 2],
                &[9.125, 0.812_5, 2.531_25],
                &[9.125, -3.75, 2.125],
                [-6.919_480_328_196_531, 21.669_480_328_196_53],
                &[Some(36), Some(1)],
            ),
            (
                60,
                &[5, 4, 3],
                &[
                    0.515_133_404_905_024_4,
                    1.804_612_209_557_853_6,
                    4.297_589_711_416_951_5,
                ],
                &[0.515_133_404_905_024_4, 1.701_585_528_576_848_6, 3.846_436_659_027_488],
                [6.051_763_759_284_494, 16.351_311_125_727_744],
                &[Some(2), Some(4)],
            ),
            (
                60,
                &[5, 12],
                &[0.515_133_404_905_024_4, 4.602_020_688_850_571],
                &[0.515_133_404_905_024_4, 4.498_994_007_869_566],
                [9.838_522_004_838_977, 12.564_552_880_173_261],
                &[Some(2)],
            ),
        ];
        for (values, repetitions, biased, unbiased, [low, high], optimal) in expected {
            let values = if values == 8 { &EIGHT[..] } else { &waves };
            let components = variance_components(values, repetitions).unwrap();
            for (actual, expected) in components.biased.iter().zip(biased) {
                close(*actual, *expected, 1e-12);
            }
            for (actual, expected) in components.unbiased.iter().zip(unbiased) {
                close(*actual, *expected, 1e-12);
            }
            let interval = components.interval(0.95).unwrap();
            close(interval.low, low, 1e-9);
            close(interval.high, high, 1e-9);
            for (i, &expected) in optimal.iter().enumerate() {
                let costs = &COSTS[..repetitions.len()];
                assert_eq!(
                    components.optimal_repetitions(i + 1, costs),
                    expected,
                    "{repetitions:?} {i}"
                );
            }
        }
    }

    type Expected<'a> = (usize, &'a [usize], &'a [f64], &'a [f64], [f64; 2], &'a [Option<usize>]);

    fn components(unbiased: &[f64]) -> VarianceComponents {
        VarianceComponents {
            mean: 0.0,
            repetitions: vec![2; unbiased.len()],
            biased: unbiased.to_vec(),
            unbiased: unbiased.to_vec(),
        }
    }

    #[test]
    fn a_level_without_variance_is_left_out() {
        let of = |unbiased: &[f64], level| components(unbiased).optimal_repetitions(level, &COSTS);
        assert_eq!(of(&[4.0, 10.0, 1.0], 1), Some(2));
        assert_eq!(of(&[4.0, 10.0, 1.0], 2), Some(18));
        assert_eq!(of(&[-1.0, 10.0, 1.0], 1), Some(1));
        assert_eq!(of(&[0.0, -1.0, -1.0], 1), Some(1));
        assert_eq!(of(&[3.0, -1.0, 1.0], 1), Some(30));
        assert_eq!(of(&[3.0, 1.0, -1.0], 2), None);
        assert_eq!(of(&[3.0, -1.0, -1.0], 1), None);
        assert_eq!(of(&[1e-9, 1.0, 1.0], 1), Some(1));
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        assert_eq!(variance_components(&[], &[]), None);
        assert_eq!(variance_components(&EIGHT, &[]), None);
        assert_eq!(variance_components(&EIGHT, &[2, 3]), None);
        assert_eq!(variance_components(&EIGHT, &[8, 1]), None);
        assert_eq!(variance_components(&EIGHT, &[0, 2]), None);
        assert_eq!(variance_components(&EIGHT, &[usize::MAX, usize::MAX]), None);
        assert_eq!(variance_components(&[1.0, f64::NAN], &[2]), None);
        assert_eq!(variance_components(&[1e300, -1e300], &[2]), None);
        let whole = variance_components(&EIGHT, &[2, 2, 2]).unwrap();
        for (level, costs) in [
            (0, &COSTS[..]),
            (3, &COSTS),
            (1, &COSTS[..2]),
            (1, &[1.0, 0.0, 1.0]),
            (1, &[1.0, f64::NAN, 1.0]),
        ] {
            assert_eq!(whole.optimal_repetitions(level, costs), None);
        }
        assert_eq!(whole.interval(1.0), None);
        assert_eq!(variance_components(&EIGHT, &[8]).unwrap().unbiased.len(), 1);
    }

    /// Builds of spread 3, invocations of 2, iterations of 1.
    fn simulated(normals: &mut Normals, [r1, r2, r3]: [usize; 3]) -> Vec<f64> {
        let mut values = Vec::new();
        for _ in 0..r3 {
            let build = 100.0 + 3.0 * normals.one();
            for _ in 0..r2 {
                let invocation = build + 2.0 * normals.one();
                values.extend((0..r1).map(|_| invocation + normals.one()));
            }
        }
        values
    }

    /// On average the components are the true ones, 1, 4 and 9, and the interval covers.
    #[test]
    fn recovers_the_components() {
        let (mut normals, repetitions, trials) = (Normals::seeded(12), [3, 4, 6], 1_500);
        let mut sums = [0.0; 3];
        let covered = share(trials, || {
            let components = variance_components(&simulated(&mut normals, repetitions), &repetitions).unwrap();
            for (sum, t) in sums.iter_mut().zip(&components.unbiased) {
                *sum += t / trials as f64;
            }
            components.interval(0.95).unwrap().contains(100.0)
        });
        for (mean, truth) in sums.into_iter().zip([1.0, 4.0, 9.0]) {
            assert!((mean / truth - 1.0).abs() < 0.06, "{mean} is not {truth}");
        }
        assert!((0.935..=0.965).contains(&covered), "{covered}");
    }

    proptest! {
        #[test]
        fn order_within_a_level_and_unit_do_not_matter(mut values in prop::collection::vec(-1e3..1e3f64, 24)) {
            let before = variance_components(&values, &[2, 3, 4]).unwrap();
            values.reverse();
            for x in &mut values {
                *x *= -4.0;
            }
            let after = variance_components(&values, &[2, 3, 4]).unwrap();
            for (a, b) in before.biased.iter().zip(&after.biased) {
                close(*b, 16.0 * a, 1e-9);
            }
            let (a, b) = (before.interval(0.9).unwrap(), after.interval(0.9).unwrap());
            close(b.low, -4.0 * a.high, 1e-9);
            prop_assert_eq!(before.optimal_repetitions(1, &COSTS).is_none(), after.optimal_repetitions(1, &COSTS).is_none());
        }

        #[test]
        fn never_panics(values in prop::collection::vec(any::<f64>(), 0..30), repetitions in prop::collection::vec(0usize..6, 0..4)) {
            if let Some(components) = variance_components(&values, &repetitions) {
                let _ = (components.interval(0.5), components.optimal_repetitions(1, &values));
            }
        }
    }
}
