//! Figures that can be. A record from elsewhere may hold any number, and one that cannot be what it is said to be is
//! absent: an accuracy above 1, a latency of nothing, an interval whose ends are the wrong way round.

use edgebench_record::{Cell, Figure, Latency};
use edgebench_stats::Interval;

/// How far a fraction may be outside its bounds by rounding alone.
const ROUNDING: f64 = 1e-9;

/// A time or a rate: finite and above 0.
pub(crate) fn positive(value: f64) -> Option<f64> {
    (value.is_finite() && value > 0.0).then_some(value)
}

/// The median latency in nanoseconds, where there are samples enough for one.
pub(crate) fn median(latency: &Latency) -> Option<Figure> {
    latency.percentile(0.5)?;
    Some(Figure {
        value: positive(latency.p50_ns)?,
        interval: interval(latency.p50_interval_ns, positive),
    })
}

/// The quantile `p` of the latency in nanoseconds, where there are samples enough for it.
pub(crate) fn percentile(latency: &Latency, p: f64) -> Option<f64> {
    latency.percentile(p).and_then(positive)
}

/// The accuracy, a fraction.
pub(crate) fn accuracy(cell: &Cell) -> Option<Figure> {
    let accuracy = cell.accuracy.as_ref()?;
    Some(Figure {
        value: share(accuracy.value)?,
        interval: interval(accuracy.interval, share),
    })
}

/// The accuracy less the baseline's, a fraction.
pub(crate) fn delta(cell: &Cell) -> Option<Figure> {
    let delta = cell.accuracy.as_ref()?.delta.as_ref()?;
    Some(Figure {
        value: difference(delta.value)?,
        interval: interval(delta.interval, difference),
    })
}

/// A fraction of 1: an accuracy, a probability.
pub(crate) fn share(value: f64) -> Option<f64> {
    within(value, 0.0)
}

/// A difference of two fractions.
fn difference(value: f64) -> Option<f64> {
    within(value, -1.0)
}

fn within(value: f64, least: f64) -> Option<f64> {
    let can_be = (least - ROUNDING..=1.0 + ROUNDING).contains(&value);
    can_be.then(|| value.clamp(least, 1.0))
}

/// An interval whose ends can be, the lower one first.
fn interval(interval: Option<Interval>, end: fn(f64) -> Option<f64>) -> Option<Interval> {
    let interval = interval?;
    let (low, high) = (end(interval.low)?, end(interval.high)?);
    (low <= high).then_some(Interval { low, high, ..interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_absent() {
        for value in [f64::NAN, f64::INFINITY, -f64::INFINITY, 1e308, -1e308, 1.01, -1.01] {
            assert_eq!((share(value), difference(value)), (None, None), "{value}");
        }
        assert_eq!((share(-0.5), difference(-0.5)), (None, Some(-0.5)));
        assert_eq!(
            (share(0.0), share(1.0), share(-1e-17)),
            (Some(0.0), Some(1.0), Some(0.0))
        );
        for value in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            assert_eq!(positive(value), None, "{value}");
        }
    }

    #[test]
    fn an_interval_has_two_ends_in_order() {
        let of = |low, high| {
            let confidence = 0.95;
            interval(Some(Interval { low, high, confidence }), share).is_some()
        };
        assert!(of(0.1, 0.2) && of(0.1, 0.1));
        assert!(!of(0.2, 0.1) && !of(f64::NAN, 0.2) && !of(0.1, 1e308));
    }
}
