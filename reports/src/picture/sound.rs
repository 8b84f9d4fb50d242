//! What of a stranger's figures can be drawn, and words for it.

use std::collections::BTreeMap;

use edgebench_api::Settings;
use edgebench_record::{Cell, CellId, Figure, OutcomeKind, OutputsVerdict};
use edgebench_stats::Interval;

use crate::columns::ABSENT;
use crate::text::{plain, shortened};

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

/// `int8-static on ort`, with the settings where asked for.
pub(crate) fn cell_name(id: &CellId, settings: bool) -> String {
    let name = format!("{} on {}", plain(&id.variant), plain(&id.backend));
    if settings {
        format!("{name}, {}", settings_words(id))
    } else {
        name
    }
}

/// `1 thread, batch 8`, with device and options where they are not the defaults.
pub(crate) fn settings_words(id: &CellId) -> String {
    let settings = &id.settings;
    let mut words = vec![match settings.threads {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    }];
    if settings.batch != 1 {
        words.push(format!("batch {}", settings.batch));
    }
    words.extend(special(&settings.device, &settings.options));
    words.join(", ")
}

/// Device and options, where they are not the defaults.
pub(crate) fn special(device: &str, options: &BTreeMap<String, String>) -> Vec<String> {
    let device = (device != Settings::default().device).then(|| plain(device));
    let options = options
        .iter()
        .map(|(name, value)| format!("{}={}", plain(name), plain(value)));
    device.into_iter().chain(options).collect()
}

/// `a, b, c and 4 more`.
pub(crate) fn listed(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| shortened(name, 60)).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
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
    fn long_lists_end_with_a_count() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&names, 3), "a, b, c");
        assert_eq!(listed(&names, 1), "a and 2 more");
    }
}
