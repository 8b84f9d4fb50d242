//! Whether a series rises or falls over its course, by how much, and whether that is more than its own scatter.

use edgebench_stats::median;

/// Two-sided 1 % of the normal distribution.
const CERTAIN: f64 = 2.576;

/// The trend of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    /// Change of y per unit of x.
    pub(crate) slope: f64,
    /// Whether it is a drift: significant, and over the whole course larger than the spread of the values.
    pub(crate) drift: bool,
}

/// The trend of points in the order of x. `None` below three points, or where one is not finite.
///
/// The slope is the median of the slopes between all pairs (Theil 1950; Sen, Journal of the American Statistical
/// Association 63, 1968). It is a drift where Mann's test of the pairs' signs says so at 1 % (Mann, Econometrica 13,
/// 1945) and where it adds up to more than the values' interquartile range.
pub(crate) fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    let n = points.len();
    if n < 3 {
        return None;
    }
    let mut slopes = Vec::with_capacity(n * (n - 1) / 2);
    let mut score = 0_i64;
    for (index, a) in points.iter().enumerate() {
        for b in &points[index + 1..] {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
            score += i64::from(b.1 > a.1) - i64::from(b.1 < a.1);
        }
    }
    let slope = median(&slopes)?;
    let n = n as f64;
    let scatter = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let significant = (score.abs() - 1) as f64 / scatter > CERTAIN;
    let change = slope * (points.last()?.0 - points.first()?.0);
    let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    let spread = edgebench_stats::quantile(&values, 0.75)? - edgebench_stats::quantile(&values, 0.25)?;
    Some(Trend {
        slope,
        drift: significant && change.abs() > spread,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(of: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..20).map(|n| (f64::from(n) * 10.0, of(f64::from(n)))).collect()
    }

    #[test]
    fn a_slope_is_the_median_of_all_pairs() {
        let line = trend(&points(|n| 100.0 + 3.0 * n)).unwrap();
        assert!((line.slope - 0.3).abs() < 1e-12 && line.drift);
        // One wild value does not move it by much.
        let wild = trend(&points(|n| if n > 18.0 { 1e9 } else { 100.0 - 3.0 * n })).unwrap();
        assert!((wild.slope + 0.3).abs() < 0.05 && wild.drift, "{wild:?}");
        // By hand: slopes 1, 2, 3 between (0, 0), (1, 1), (2, 4).
        let by_hand = trend(&[(0.0, 0.0), (1.0, 1.0), (2.0, 4.0)]).unwrap();
        assert!((by_hand.slope - 2.0).abs() < 1e-12);
    }

    #[test]
    fn scatter_is_no_drift() {
        let zigzag = trend(&points(|n| 100.0 + if n % 2.0 == 0.0 { 5.0 } else { -5.0 } + 0.01 * n)).unwrap();
        assert!(!zigzag.drift, "{zigzag:?}");
        assert!(!trend(&points(|_| 7.0)).unwrap().drift);
        // Three points in a row are no evidence.
        assert!(!trend(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]).unwrap().drift);
        assert_eq!(trend(&[(0.0, 0.0), (1.0, 1.0)]), None);
    }
}
