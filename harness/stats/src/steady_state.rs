//! Whether and from when on a series of durations is steady.
//!
//! Source: Barrett, Bolz-Tereick, Killick, Mount & Tratt, "Virtual Machine Warmup Blows Hot and Cold", OOPSLA 2017, §4,
//! and its tool, `warmup_stats`, whose constants these are. Where it depends on the unit, the second, or would call noise a
//! warm-up, this differs: see [`steady_state`].

use crate::pelt::{Cost, pelt};
use crate::summary::quantile;

/// The share of the fastest segment's mean by which two segments may differ and still be equal, for whoever has no
/// better one: a difference that a gate with a tolerance of a few percent cannot see.
pub const EQUAL_WITHIN: f64 = 0.01;

/// Outliers are looked for in this many values.
const WINDOW: usize = 200;

/// What a series does over its course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunClass {
    /// It is equally fast throughout.
    Flat,
    /// It becomes steady, and was only ever slower before.
    WarmUp,
    /// It becomes steady, and was faster at some time before.
    SlowDown,
    /// It still changes in its last quarter.
    NoSteadyState,
}

/// The class of a series, and its steady part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SteadyState {
    /// What the series does.
    pub class: RunClass,
    /// The index from which on it is steady, 0 where it is flat; absent where it is not.
    pub start: Option<usize>,
}

/// Divides a series of durations into segments, and says whether those at its end are equal.
///
/// 1. Outliers, outside median ± 3·(P90 − P10) of the 200 values around (100 before, 99 after, fewer at the ends), are
///    left out. Those that the series begins with stay, one after the other from the first value on, as they are what a
///    warm-up looks like. (The tool keeps all in the first 100, where each then passes for a segment of its own.)
/// 2. Changes of mean or variance are found by [`pelt`] with a penalty of 15·ln n and at least 2 values to a segment.
/// 3. A segment is equal to the last one if their means differ by at most the larger of `delta`·f and σ²/f, f being the
///    mean of the fastest segment and σ² the variance of the last one. The tool has σ² in the place of σ²/f, which is
///    the same where iterations take about a second, as they do there, and depends on the unit elsewhere; and it adds
///    the variance of the other segment as well, which would make a short and steep warm-up equal to anything.
/// 4. The steady part begins after the last segment that is not equal to the last one, and no later than three quarters
///    into the series (1500 of 2000 there); otherwise there is none.
///
/// The durations are in the order of measurement, in any unit. A series that is too short for a change to outweigh the
/// penalty is flat. `None` where there are no values, one is not a finite number above 0, or `delta` is negative or not
/// finite.
pub fn steady_state(durations: &[f64], delta: f64) -> Option<SteadyState> {
    let valid = durations.iter().all(|&x| x > 0.0 && x.is_finite()) && delta >= 0.0 && delta.is_finite();
    if !valid || durations.is_empty() {
        return None;
    }
    let kept = without_outliers(durations);
    let values: Vec<f64> = kept.iter().map(|&i| durations[i]).collect();
    let changes = pelt(&values, Cost::MeanVariance, 15.0 * (values.len() as f64).ln(), 2)?;
    let segments = segments(&values, &changes);
    let last = segments.last()?;
    let fastest = segments.iter().map(|s| s.mean).fold(f64::INFINITY, f64::min);
    // Sums of enormous values have no mean.
    if segments.iter().any(|s| !s.mean.is_finite() || !s.variance.is_finite()) {
        return None;
    }
    let margin = (delta * fastest).max(last.variance / fastest);
    let equal = |segment: &Segment| (segment.mean - last.mean).abs() <= margin;
    let Some(unequal) = segments.iter().rposition(|segment| !equal(segment)) else {
        return Some(SteadyState {
            class: RunClass::Flat,
            start: Some(0),
        });
    };
    let start = kept[segments[unequal].end];
    if start > durations.len() - durations.len() / 4 {
        return Some(SteadyState {
            class: RunClass::NoSteadyState,
            start: None,
        });
    }
    let was_faster = segments.iter().any(|s| !equal(s) && s.mean < last.mean);
    Some(SteadyState {
        class: if was_faster {
            RunClass::SlowDown
        } else {
            RunClass::WarmUp
        },
        start: Some(start),
    })
}

struct Segment {
    /// One past its last value.
    end: usize,
    mean: f64,
    variance: f64,
}

fn segments(values: &[f64], changes: &[usize]) -> Vec<Segment> {
    let starts = std::iter::once(0).chain(changes.iter().copied());
    let ends = changes.iter().copied().chain([values.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| {
            let (values, n) = (&values[start..end], (end - start) as f64);
            let mean = values.iter().sum::<f64>() / n;
            Segment {
                end,
                mean,
                variance: values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n,
            }
        })
        .collect()
}

/// The indices of the values that are no outliers, or that the series begins with.
fn without_outliers(values: &[f64]) -> Vec<usize> {
    let beginning = (0..values.len()).take_while(|&i| is_outlier(values, i)).count();
    (0..values.len())
        .filter(|&i| i < beginning || !is_outlier(values, i))
        .collect()
}

fn is_outlier(values: &[f64], index: usize) -> bool {
    let half = WINDOW / 2;
    let mut window = values[index.saturating_sub(half)..values.len().min(index + half)].to_vec();
    window.sort_unstable_by(f64::total_cmp);
    let beyond = || {
        let band = 3.0 * (quantile(&window, 0.9)? - quantile(&window, 0.1)?);
        Some((values[index] - quantile(&window, 0.5)?).abs() > band)
    };
    beyond().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    /// Normal values about a level for each of several stretches of a length, in some unit.
    fn series(seed: u64, stretches: &[(usize, f64)], spread: f64) -> Vec<f64> {
        let mut normals = Normals::seeded(seed);
        stretches
            .iter()
            .flat_map(|&(n, level)| std::iter::repeat_n(level, n))
            .map(|level: f64| level * (1.0 + spread * normals.one()))
            .collect()
    }

    fn class(durations: &[f64]) -> (RunClass, Option<usize>) {
        let state = steady_state(durations, EQUAL_WITHIN).unwrap();
        (state.class, state.start)
    }

    #[test]
    fn values_beyond_arithmetic_have_no_state() {
        assert!(steady_state(&[1e308, 1e308], 0.01).is_none());
    }

    #[test]
    fn the_four_classes() {
        use RunClass::{Flat, NoSteadyState, SlowDown, WarmUp};
        let of = |stretches: &[(usize, f64)]| class(&series(1, stretches, 0.02));
        assert_eq!(of(&[(400, 5.0)]), (Flat, Some(0)));
        assert_eq!(of(&[(40, 9.0), (360, 5.0)]), (WarmUp, Some(40)));
        assert_eq!(of(&[(10, 20.0), (90, 9.0), (300, 5.0)]), (WarmUp, Some(100)));
        assert_eq!(of(&[(40, 4.0), (360, 5.0)]), (SlowDown, Some(40)));
        assert_eq!(of(&[(40, 9.0), (100, 4.0), (260, 5.0)]), (SlowDown, Some(140)));
        assert_eq!(of(&[(310, 5.0), (90, 4.0)]), (NoSteadyState, None));
        assert_eq!(of(&[(310, 5.0), (90, 6.0)]), (NoSteadyState, None));
        assert_eq!(of(&[(290, 5.0), (110, 4.0)]), (WarmUp, Some(290)));
        // Fast in the middle, and as at first at the end.
        assert_eq!(of(&[(100, 5.0), (60, 4.0), (240, 5.0)]), (SlowDown, Some(160)));
        let waves: Vec<(usize, f64)> = (0..10).map(|i| (40, if i % 2 == 0 { 5.0 } else { 6.0 })).collect();
        assert_eq!(of(&waves), (NoSteadyState, None));
    }

    /// 2% are seen, where the spread allows; 0.5% are a change, but equal; and a larger delta makes 2% equal too.
    #[test]
    fn what_is_within_delta_is_equal() {
        let moved = |by: f64| series(2, &[(150, 1.0 + by), (350, 1.0)], 0.001);
        assert_eq!(class(&moved(0.02)), (RunClass::WarmUp, Some(150)));
        assert_eq!(class(&moved(0.005)), (RunClass::Flat, Some(0)));
        let segments = pelt(&moved(0.005), Cost::MeanVariance, 15.0 * 500f64.ln(), 2);
        assert_eq!(segments, Some(vec![150]));
        let wider = steady_state(&moved(0.02), 0.03).unwrap();
        assert_eq!(wider.class, RunClass::Flat);
    }

    /// A spread of a third of the mean makes a difference of its square, a tenth, equal.
    #[test]
    fn a_wide_last_segment_is_equal_to_more() {
        let mut normals = Normals::seeded(3);
        let mut durations: Vec<f64> = (0..200).map(|_| 1.06 + 0.01 * normals.one()).collect();
        durations.extend((0..400).map(|_| (1.0 + 0.33 * normals.one()).max(0.01)));
        assert_eq!(class(&durations), (RunClass::Flat, Some(0)));
        durations[..200].iter_mut().for_each(|x| *x *= 1.25);
        assert_eq!(class(&durations).0, RunClass::WarmUp);
        // In thousandths of the unit the variance is a million times as large.
        let thousandths: Vec<f64> = durations.iter().map(|x| x * 1_000.0).collect();
        assert_eq!(class(&thousandths).0, RunClass::WarmUp);
    }

    #[test]
    fn outliers_change_nothing() {
        let mut durations = series(4, &[(120, 9.0), (480, 5.0)], 0.02);
        for i in [250, 300, 301, 430, 431, 432, 599] {
            durations[i] *= 30.0;
        }
        assert_eq!(class(&durations), (RunClass::WarmUp, Some(120)));
        let penalty = 15.0 * 600f64.ln();
        assert!(pelt(&durations, Cost::MeanVariance, penalty, 2).unwrap().len() > 1);
    }

    /// Seven outliers before the change move no index; those at the very beginning are a warm-up.
    #[test]
    fn indices_are_those_of_the_series() {
        let mut durations = series(5, &[(300, 9.0), (500, 5.0)], 0.02);
        for i in [110, 130, 150, 170, 190, 210, 230] {
            durations[i] *= 30.0;
        }
        assert_eq!(class(&durations), (RunClass::WarmUp, Some(300)));
        let mut durations = series(5, &[(800, 5.0)], 0.02);
        durations[0] = 500.0;
        durations[1] = 300.0;
        durations[40] = 200.0;
        durations[41] = 200.0;
        assert_eq!(class(&durations), (RunClass::WarmUp, Some(2)));
    }

    // python3 -c "import numpy as np; i=np.arange(1,401); x=10+np.sin(i*i); x[[50,150,260,399]]+=[20,8,-9,7]; x[200]+=3
    // def out(x,k):
    //   w=x[max(k-100,0):k+100]; return abs(x[k]-np.median(w))>3*(np.quantile(w,.9)-np.quantile(w,.1))
    // print([k for k in range(400) if out(x,k)])"
    #[test]
    fn outliers_agree_with_numpy() {
        let mut x: Vec<f64> = (1..=400).map(|i| 10.0 + f64::from(i * i).sin()).collect();
        for (i, by) in [(50, 20.0), (150, 8.0), (260, -9.0), (399, 7.0), (200, 3.0)] {
            x[i] += by;
        }
        let outliers: Vec<usize> = (0..400).filter(|&i| is_outlier(&x, i)).collect();
        assert_eq!(outliers, [50, 150, 260, 399]);
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for durations in [&[][..], &[1.0, 0.0], &[1.0, f64::NAN], &[f64::INFINITY]] {
            assert_eq!(steady_state(durations, 0.01), None);
        }
        assert_eq!(steady_state(&[1.0], -0.01), None);
        assert_eq!(steady_state(&[1.0], f64::NAN), None);
        assert_eq!(class(&[1.0]), (RunClass::Flat, Some(0)));
        assert_eq!(class(&[7.0; 300]), (RunClass::Flat, Some(0)));
    }

    /// Independent values are flat whatever their distribution, with one-sided spikes too; a warm-up by a tenth is one.
    #[test]
    fn is_right_most_of_the_time() {
        let mut seed = 0;
        let mut flat_share = |of: &dyn Fn(&mut Normals) -> f64| {
            share(40, || {
                seed += 1;
                let mut normals = Normals::seeded(seed);
                let durations: Vec<f64> = (0..240).map(|_| of(&mut normals)).collect();
                class(&durations) == (RunClass::Flat, Some(0))
            })
        };
        let skewed = flat_share(&|normals| (0.05 * normals.one()).exp());
        assert!(skewed > 0.95, "{skewed}");
        let spiked = flat_share(&|normals| {
            let spike = if normals.one() > 1.9 {
                1.0 + normals.one().abs()
            } else {
                1.0
            };
            spike * (1.0 + 0.02 * normals.one())
        });
        assert!(spiked > 0.8, "{spiked}");
        let found = share(60, || {
            seed += 1;
            let (class, start) = class(&series(seed, &[(60, 1.1), (180, 1.0)], 0.03));
            class == RunClass::WarmUp && start.unwrap().abs_diff(60) <= 5
        });
        assert!(found > 0.95, "{found}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Nanoseconds or seconds, the class is the same. (A power of two, so that rounding is too.)
        #[test]
        fn the_unit_does_not_matter(seed in any::<u64>(), levels in prop::collection::vec((1usize..60, 1u8..5), 1..5)) {
            let stretches: Vec<(usize, f64)> = levels.into_iter().map(|(n, level)| (n, f64::from(level))).collect();
            let durations = series(seed, &stretches, 0.05);
            let scaled: Vec<f64> = durations.iter().map(|x| x / 2f64.powi(30)).collect();
            prop_assert_eq!(class(&durations), class(&scaled));
        }

        #[test]
        fn the_steady_part_begins_in_time(seed in any::<u64>(), levels in prop::collection::vec((1usize..60, 1u8..5), 1..5)) {
            let stretches: Vec<(usize, f64)> = levels.into_iter().map(|(n, level)| (n, f64::from(level))).collect();
            let durations = series(seed, &stretches, 0.05);
            let (class, start) = class(&durations);
            prop_assert_eq!(class == RunClass::NoSteadyState, start.is_none());
            prop_assert_eq!(class == RunClass::Flat, start == Some(0));
            prop_assert!(start.unwrap_or(0) * 4 <= durations.len() * 3 + 3);
        }

        #[test]
        fn never_panics(durations in prop::collection::vec(any::<f64>().prop_map(f64::abs), 0..150), delta in any::<f64>()) {
            let _ = steady_state(&durations, delta);
        }
    }
}
