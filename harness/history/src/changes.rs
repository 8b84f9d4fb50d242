//! Where a series changes its level, and whether it drifts.

use edgebench_stats::{Cost, pelt};

use crate::levels::{Levels, Noise};

/// The fewest runs of a level.
const SHORTEST: usize = 4;

/// The fewest runs of a series that is judged.
pub(crate) const FEWEST: usize = 2 * SHORTEST;

/// Runs on both sides that tell whether a run is like its neighbours.
const REACH: usize = 3;

/// How many standard deviations a run may lie off its neighbours' median before it is taken for one at this distance.
const FARTHEST: f64 = 3.5;

/// The median of the absolute value of a normal variable, in standard deviations.
const NORMAL_MEDIAN: f64 = 0.674_489_750_196_081_7;

/// What a change must save of the squares to be a candidate, in variances times ln n.
const PENALTY: f64 = 5.0;

/// What a change must be to count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    /// The chance of anything being found where there is nothing, at most, in one series. Half of it is for levels, half
    /// for a drift.
    pub(crate) level: f64,
    /// The smallest change that matters, on the scale of the values.
    pub(crate) magnitude: f64,
}

/// What a series does over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Course {
    /// The changes of level, oldest first; none for a series that drifts.
    pub(crate) steps: Vec<Step>,
    /// The drift, where a line fits better than levels do.
    pub(crate) drift: Option<Drift>,
    /// The noise about them.
    pub(crate) noise: Option<Noise>,
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// The first value of the new level.
    pub(crate) at: usize,
    /// The level before and after.
    pub(crate) levels: (f64, f64),
    /// Half the width of the change's 95 % interval, the place being taken for known.
    pub(crate) half: f64,
    /// The chance of such a change at any place in a series that has none, at most.
    pub(crate) p: f64,
}

/// A constant rate of change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drift {
    /// Change from one value to the next.
    pub(crate) slope: f64,
    /// Half the width of its 95 % interval.
    pub(crate) half: f64,
    /// The chance of such a slope in a series that has none.
    pub(crate) p: f64,
}

/// What the values of a series do over time, oldest first. Nothing is found in fewer than [`FEWEST`].
///
/// 1. Single values that lie far off their neighbours are brought nearer ([`tamed`]).
/// 2. PELT proposes changes of the mean, generously.
/// 3. Each is tested against the noise about all levels, which is correlated from run to run ([`Levels`]), by Student's
///    t at half of the bar's level, over all places (Bonferroni). The weakest that does not reach the bar is dropped and
///    the others tested again, until all do.
/// 4. A slope is tested likewise. It is a drift where a line fits better than the levels by the Bayesian information
///    criterion.
pub(crate) fn course(values: &[f64], bar: Bar) -> Course {
    let nothing = Course {
        steps: Vec::new(),
        drift: None,
        noise: None,
    };
    if values.len() < FEWEST || values.iter().any(|value| !value.is_finite()) {
        return nothing;
    }
    let values = tamed(values);
    let bar = Bar {
        level: bar.level / 2.0,
        ..bar
    };
    let (steps, levels, squares) = steps(&values, bar);
    let line = Line::through(&values);
    let n = values.len() as f64;
    let information = |squares: f64, parameters: usize| n * (squares / n).ln() + parameters as f64 * n.ln();
    let drifts = line.drift.is_some_and(|drift| {
        drift.p <= bar.level
            && (drift.slope * (n - 1.0)).abs() >= bar.magnitude
            && information(line.squares, 2) < information(squares, 2 * steps.len() + 1)
    });
    if drifts {
        Course {
            steps: Vec::new(),
            drift: line.drift,
            noise: line.noise,
        }
    } else {
        Course {
            steps,
            drift: None,
            noise: levels.noise,
        }
    }
}

/// Values with single ones that lie far off their neighbours brought nearer: to [`FARTHEST`] standard deviations from
/// the median of up to [`REACH`] neighbours on both sides, the deviation being 1.4826 times the median distance.
///
/// One bad night is no new level, and would hide one. A level that lasts is the median of its own neighbourhood.
///
/// Source: Hampel's identifier as a filter, in Davies & Gather, "The identification of multiple outliers", Journal of the
/// American Statistical Association 88 (1993).
pub(crate) fn tamed(values: &[f64]) -> Vec<f64> {
    let middle: Vec<f64> = (0..values.len())
        .map(|i| median(&values[i.saturating_sub(REACH)..(i + REACH + 1).min(values.len())]))
        .collect();
    let distances: Vec<f64> = values
        .iter()
        .zip(&middle)
        .map(|(value, middle)| (value - middle).abs())
        .collect();
    let farthest = FARTHEST / NORMAL_MEDIAN * median(&distances);
    values
        .iter()
        .zip(&middle)
        .map(|(value, middle)| value.max(middle - farthest).min(middle + farthest))
        .collect()
}

/// The median of finite values; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    edgebench_stats::median(values).unwrap_or_default()
}

/// The changes of level that hold, the levels, and the squares about them.
fn steps(values: &[f64], bar: Bar) -> (Vec<Step>, Levels, f64) {
    let apart: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    // A difference of two values has twice the variance of one. Correlation makes this too small, and the proposals
    // more.
    let variance = (median(&apart) / NORMAL_MEDIAN).powi(2) / 2.0;
    let penalty = PENALTY * (values.len() as f64).ln() * variance;
    let mut at = pelt(values, Cost::Mean, penalty, SHORTEST).unwrap_or_default();
    loop {
        settle(values, &mut at);
        let pieces = segments(values, &at);
        let levels = Levels::of(&pieces);
        let steps = tested(&levels, &at, values.len());
        let weakness = |step: &Step| {
            let small = (step.levels.1 - step.levels.0).abs() < bar.magnitude;
            if small { f64::INFINITY } else { step.p }
        };
        let weakest = (0..steps.len()).max_by(|&i, &j| weakness(&steps[i]).total_cmp(&weakness(&steps[j])));
        match weakest {
            Some(i) if weakness(&steps[i]) > bar.level => {
                at.remove(i);
            }
            _ => {
                let squares = pieces.iter().zip(&levels.segments).flat_map(|(piece, (mean, _))| {
                    let square = move |value: &f64| (value - mean).powi(2);
                    piece.iter().map(square)
                });
                let squares = squares.sum();
                return (steps, levels, squares);
            }
        }
    }
}

fn tested(levels: &Levels, at: &[usize], n: usize) -> Vec<Step> {
    let sides = levels.segments.iter().zip(levels.segments.iter().skip(1));
    at.iter()
        .zip(sides)
        .map(|(&at, (&(before, n_before), &(after, n_after)))| {
            let error = |noise: &Noise| noise.error(n_before).hypot(noise.error(n_after));
            let noise = levels.noise.as_ref();
            let p = noise.map_or(1.0, |noise| noise.p(after - before, error(noise)));
            Step {
                at,
                levels: (before, after),
                half: noise.map_or(f64::INFINITY, |noise| noise.quantile(0.95) * error(noise)),
                // The place was looked for.
                p: (p * n as f64).min(1.0),
            }
        })
        .collect()
}

/// The pieces between change points.
pub(crate) fn segments<'a>(values: &'a [f64], at: &[usize]) -> Vec<&'a [f64]> {
    let ends = at.iter().copied().chain([values.len()]);
    let starts = [0].into_iter().chain(at.iter().copied());
    starts.zip(ends).map(|(start, end)| &values[start..end]).collect()
}

/// Moves each change point to where the squares about the two levels beside it are least.
fn settle(values: &[f64], at: &mut [usize]) {
    for i in 0..at.len() {
        let from = if i == 0 { 0 } else { at[i - 1] };
        let to = at.get(i + 1).copied().unwrap_or(values.len());
        if let Some(split) = best_split(&values[from..to]) {
            at[i] = from + split;
        }
    }
}

/// Where two levels fit best.
fn best_split(values: &[f64]) -> Option<usize> {
    let n = values.len();
    let origin = values.first()?;
    let total: f64 = values.iter().map(|value| value - origin).sum();
    let mut left = 0.0;
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.iter().enumerate() {
        if i >= SHORTEST && n - i >= SHORTEST {
            let (before, after) = (i as f64, (n - i) as f64);
            let saved = (left / before - (total - left) / after).powi(2) * before * after;
            if best.is_none_or(|(_, most)| saved > most) {
                best = Some((i, saved));
            }
        }
        left += value - origin;
    }
    best.map(|(split, _)| split)
}

/// The line of least squares.
struct Line {
    drift: Option<Drift>,
    noise: Option<Noise>,
    squares: f64,
}

impl Line {
    /// Its slope has the standard error σ·√(g/Σ(i − ī)²), g = (1 + ρ)/(1 − ρ) being what correlation adds in the long run.
    fn through(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let centre = (n - 1.0) / 2.0;
        let spread = n * (n * n - 1.0) / 12.0;
        let mean = values[0] + values.iter().map(|value| value - values[0]).sum::<f64>() / n;
        let at = |i: usize| i as f64 - centre;
        let slope = values
            .iter()
            .enumerate()
            .map(|(i, value)| at(i) * (value - mean))
            .sum::<f64>()
            / spread;
        let left: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(i, value)| value - mean - slope * at(i))
            .collect();
        let noise = Levels::of(&[&left]).noise;
        let drift = noise.map(|noise| {
            let error = noise.deviation * ((1.0 + noise.correlation) / (1.0 - noise.correlation) / spread).sqrt();
            Drift {
                slope,
                half: noise.quantile(0.95) * error,
                p: noise.p(slope, error),
            }
        });
        Self {
            drift,
            noise,
            squares: left.iter().map(|value| value * value).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Bar = Bar {
        level: 0.001,
        magnitude: 0.01,
    };

    /// Between −0.01 and 0.01, in a fixed order that shows no pattern (`SplitMix64`).
    fn wiggle(i: usize) -> f64 {
        let mut z = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        0.02 * ((z ^ (z >> 31)) as f64 / u64::MAX as f64 - 0.5)
    }

    #[test]
    fn a_constant_series_is_quiet_and_its_step_is_exact() {
        let mut values = vec![5.0; 20];
        let quiet = course(&values, BAR);
        assert!(quiet.steps.is_empty() && quiet.drift.is_none());
        values[12..].fill(5.5);
        let steps = course(&values, BAR).steps;
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].at, 12);
        assert_eq!(steps[0].levels, (5.0, 5.5));
        assert!(steps[0].p < f64::EPSILON && steps[0].half < f64::EPSILON);
    }

    #[test]
    fn one_bad_night_is_no_level() {
        let mut values: Vec<f64> = (0..30).map(wiggle).collect();
        values[11] = 2.0;
        values[24] = 1.0;
        let found = course(&values, BAR);
        assert!(found.steps.is_empty() && found.drift.is_none(), "{found:?}");
    }

    #[test]
    fn a_step_and_a_return_are_two_steps() {
        let bump = |i| if (20..35).contains(&i) { 0.1 } else { 0.0 };
        let values: Vec<f64> = (0..60).map(|i| wiggle(i) + bump(i)).collect();
        let at: Vec<usize> = course(&values, BAR).steps.iter().map(|step| step.at).collect();
        assert_eq!(at, [20, 35]);
    }

    #[test]
    fn a_drift_is_a_drift_and_a_step_is_a_step() {
        let drifting: Vec<f64> = (0..40).map(|i| wiggle(i) + 0.003 * i as f64).collect();
        let found = course(&drifting, BAR);
        assert!(found.steps.is_empty(), "{found:?}");
        let drift = found.drift.map(|drift| drift.slope);
        assert!(drift.is_some_and(|slope| (slope - 0.003).abs() < 5e-4), "{drift:?}");

        let stepping: Vec<f64> = (0..40).map(|i| wiggle(i) + if i < 25 { 0.0 } else { 0.08 }).collect();
        let found = course(&stepping, BAR);
        assert!(found.drift.is_none());
        assert_eq!(found.steps.iter().map(|step| step.at).collect::<Vec<_>>(), [25]);
    }

    #[test]
    fn what_is_too_small_to_matter_is_left_alone() {
        let values: Vec<f64> = (0..40).map(|i| if i < 20 { 1.0 } else { 1.005 }).collect();
        assert!(course(&values, BAR).steps.is_empty());
        assert!(course(&values[..3], BAR).steps.is_empty());
        assert!(course(&[f64::NAN; 20], BAR).steps.is_empty());
        assert!(course(&[], BAR).steps.is_empty());
    }

    /// Computed with numpy 2.4.6: `numpy.polyfit(range(8), y, 1)[0]` and the sum of its squared residuals.
    #[test]
    fn the_line_is_that_of_least_squares() {
        let line = Line::through(&[1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 9.0]);
        assert!(
            line.drift
                .is_some_and(|drift| (drift.slope - 1.011_904_761_904_761_6).abs() < 1e-12)
        );
        assert!((line.squares - 6.869_047_619_047_619).abs() < 1e-12, "{}", line.squares);
    }
}
