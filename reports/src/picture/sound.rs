//! What of a stranger's figures can be drawn, and words for it.

use edgebench_record::{Cell, Figure, OutcomeKind, OutputsVerdict, figure};
use edgebench_stats::{Interval, t_interval_of_log};

use crate::columns::ABSENT;
use crate::records::values::values;

/// From here on a time or a size is damaged, not large: 10^18 ns are 31 years.
const LARGEST: f64 = 1e18;

/// A time, size or rate above 0 that a chart has a place for.
pub(crate) fn positive(figure: Figure) -> Option<Figure> {
    let fits = |value: f64| value > 0.0 && value < LARGEST;
    let interval = figure.interval.and_then(ordered);
    fits(figure.value).then_some(Figure {
        interval: interval.filter(|interval| fits(interval.low) && fits(interval.high)),
        ..figure
    })
}

/// A fraction from 0 to 1.
pub(crate) fn fraction(figure: Figure) -> Option<Figure> {
    let fits = |value: f64| (0.0..=1.0).contains(&value);
    let interval = figure.interval.and_then(ordered);
    fits(figure.value).then_some(Figure {
        interval: interval.filter(|interval| fits(interval.low) && fits(interval.high)),
        ..figure
    })
}

/// An interval whose ends are numbers, the lower one first.
fn ordered(interval: Interval) -> Option<Interval> {
    (interval.low <= interval.high && interval.low.is_finite() && interval.high.is_finite()).then_some(interval)
}

/// A figure and the ends of its interval.
pub(crate) fn spread(figure: Figure) -> impl Iterator<Item = f64> {
    let ends = figure.interval.map(|interval| [interval.low, interval.high]);
    std::iter::once(figure.value).chain(ends.into_iter().flatten())
}

/// Both ends in these words, or what stands for an interval that is absent.
pub(crate) fn ends(interval: Option<Interval>, show: impl Fn(f64) -> String) -> String {
    interval.map_or_else(
        || ABSENT.to_owned(),
        |interval| format!("{} to {}", show(interval.low), show(interval.high)),
    )
}

/// What became of a cell that has no figures: its name, and a shorter one where there is little room.
pub(crate) fn outcome(kind: OutcomeKind) -> [&'static str; 2] {
    let short = match kind {
        OutcomeKind::Measured => "no data",
        OutcomeKind::Unsupported => "unsup.",
        OutcomeKind::Unavailable => "absent",
        OutcomeKind::Failed => "failed",
        OutcomeKind::Crashed => "crash",
        OutcomeKind::TimedOut => "time",
        OutcomeKind::OutOfMemory => "mem.",
        OutcomeKind::Skipped => "skip",
    };
    match kind {
        OutcomeKind::Measured => ["no figure", short],
        _ => [kind.name(), short],
    }
}

/// The same of a record's cell, whose outputs may differ.
pub(crate) fn failure(cell: &Cell) -> [&'static str; 2] {
    if cell.outputs.verdict == OutputsVerdict::Differ {
        ["outputs differ", "differ"]
    } else {
        outcome(cell.outcome.kind)
    }
}

/// A cell's figure with its 95 % interval. Those of memory and throughput the record leaves to its processes: Student's t
/// over the logarithms of their own figures, from three on. An interval that leaves out the record's own figure contradicts it
/// and is none.
pub(crate) fn measured(cell: &Cell, metric: &str) -> Option<Figure> {
    let known = figure(cell, metric)?;
    let own = || {
        let (_, interval) = t_interval_of_log(&values(cell, metric)?, 0.95)?;
        interval.contains(known.value).then_some(interval)
    };
    let interval = match metric {
        "rss_peak" | "throughput" => known.interval.or_else(own),
        _ => known.interval,
    };
    positive(Figure { interval, ..known })
}

/// Three significant digits, however small the ratio.
pub(crate) fn ratio_digits(ratio: f64) -> String {
    if ratio < 1e-6 {
        return "< 0.000001".to_owned();
    }
    let decimals = (2.0 - ratio.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{ratio:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_figures_are_not_drawn() {
        let figure = |value, low, high| Figure {
            value,
            interval: Some(Interval {
                low,
                high,
                confidence: 0.95,
            }),
        };
        assert!(positive(figure(5.0, 4.0, 6.0)).unwrap().interval.is_some());
        assert!(positive(figure(5.0, 6.0, 4.0)).unwrap().interval.is_none());
        assert!(positive(figure(5.0, 4.0, f64::INFINITY)).unwrap().interval.is_none());
        assert!(positive(figure(5.0, f64::NAN, 6.0)).unwrap().interval.is_none());
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(positive(figure(value, 1.0, 2.0)).is_none(), "{value}");
        }
        assert!(fraction(figure(0.0, 0.0, 0.1)).is_some());
        assert!(fraction(figure(1.5, 0.0, 0.1)).is_none());
    }

    #[test]
    fn ratios_have_three_digits() {
        let ratios = [0.000_123_4, 0.0499, 0.5, 1.0, 2.1172, 1234.5, 1e-9, 0.0];
        let expected = [
            "0.000123",
            "0.0499",
            "0.500",
            "1.00",
            "2.12",
            "1234",
            "< 0.000001",
            "< 0.000001",
        ];
        assert_eq!(ratios.map(ratio_digits), expected);
    }
}
