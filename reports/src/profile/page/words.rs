//! Figures and names as the page writes them.

use edgebench_record::Operator;

use crate::columns::ABSENT;
use crate::html::Field;
use crate::picture::Unit;
use crate::picture::canvas::{fitted, width};
use crate::profile::sound;
use crate::text::{counted, plain};

/// Above this a share is damaged, not large.
const LARGEST_SHARE: f64 = 1e6;
/// The longest name, in characters.
const LONGEST: usize = 60;

/// A time in nanoseconds.
pub(super) fn time(ns: f64) -> String {
    // Nothing has no sign.
    sound::time(ns).map_or_else(|| ABSENT.to_owned(), |ns| Unit::Time.show(ns + 0.0))
}

/// A difference of two times, with its sign.
pub(super) fn signed_time(ns: f64) -> String {
    match sound::time(ns.abs()) {
        None => ABSENT.to_owned(),
        Some(0.0) => Unit::Time.show(0.0),
        Some(size) => format!("{}{}", if ns < 0.0 { '−' } else { '+' }, Unit::Time.show(size)),
    }
}

/// A share in per cent.
pub(super) fn percent(share: f64) -> String {
    if share.abs() <= LARGEST_SHARE {
        format!("{:.1} %", share * 100.0)
            .replace("-0.0 %", "0.0 %")
            .replace('-', "−")
    } else {
        ABSENT.to_owned()
    }
}

/// A large number: `1.23 M`.
pub(super) fn large(value: f64) -> String {
    let (divisor, prefix) = match value.abs() {
        v if v < 1e3 => return Unit::Number.show(value),
        v if v < 1e6 => (1e3, "k"),
        v if v < 1e9 => (1e6, "M"),
        v if v < 1e12 => (1e9, "G"),
        _ => (1e12, "T"),
    };
    format!("{} {prefix}", Unit::Number.show(value / divisor))
}

/// What is left of several: `3 more operators`.
pub(super) fn more(count: usize, noun: &str) -> String {
    counted(count, &format!("more {noun}"))
}

/// A field of a time.
pub(super) fn time_field(ns: Option<f64>) -> Field {
    let ns = ns.and_then(sound::time);
    Field::number(ns.map_or_else(|| ABSENT.to_owned(), time), ns)
}

/// A field of a share.
pub(super) fn share_field(share: Option<f64>) -> Field {
    let share = share.filter(|share| share.abs() <= LARGEST_SHARE);
    Field::number(share.map_or_else(|| ABSENT.to_owned(), percent), share)
}

/// A field of a number that is shown in this way.
pub(super) fn number_field(value: Option<f64>, show: impl Fn(f64) -> String) -> Field {
    let value = value.filter(|value| value.is_finite());
    Field::number(value.map_or_else(|| ABSENT.to_owned(), show), value)
}

/// A name from a record. One of nothing that can be seen is said to be so, for a row is found by its name.
///
/// Nodes have paths for names: what is too long loses its middle, for the end tells one from another.
pub(super) fn named(text: &str) -> String {
    let name = plain(text);
    let count = name.chars().count();
    if count == 0 {
        return "(no name)".to_owned();
    }
    if count <= LONGEST {
        return name;
    }
    let end = LONGEST * 2 / 3;
    let begin: String = name.chars().take(LONGEST - 1 - end).collect();
    let end: String = name.chars().skip(count - end).collect();
    format!("{begin}…{end}")
}

/// The end of a text, with `…` before it where it has not the room, in the SVG's units.
pub(super) fn ending(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let reversed: String = text.chars().rev().collect();
    fitted(&reversed, size, room).chars().rev().collect()
}

/// An operator by its kind and name: `Conv conv1`.
pub(super) fn operator_name(operator: &Operator) -> String {
    format!("{} {}", named(&operator.canonical), named(&operator.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_cannot_be_are_absent() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!([time(value), percent(value), signed_time(value)], [ABSENT; 3]);
        }
        assert_eq!(time_field(Some(f64::NAN)).key, "none");
        assert_eq!(share_field(Some(f64::INFINITY)).key, "none");
    }

    #[test]
    fn figures_have_units_and_signs() {
        assert_eq!(time(1_234_000.0), "1.23 ms");
        assert_eq!(signed_time(-1500.0), "−1.5 µs");
        assert_eq!(signed_time(0.0), "0 ns");
        assert_eq!(percent(-0.0001), "0.0 %");
        assert_eq!(percent(-0.021), "−2.1 %");
        assert_eq!(large(950.0), "950");
        assert_eq!(large(34_300_000.0), "34.3 M");
        assert_eq!(large(0.1), "0.1");
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(named("\u{202e}"), "(no name)");
        assert_eq!(named("conv1"), "conv1");
        let name = named(&format!("/begin{}/end", "x".repeat(200_000)));
        assert!(
            name.starts_with("/begin") && name.ends_with("/end") && name.chars().count() == 60,
            "{name}"
        );
        let cut = ending("/features/features.16/conv/Conv", 10.0, 80.0);
        assert!(
            cut.starts_with('…') && cut.ends_with("/Conv") && width(&cut, 10.0) <= 80.0,
            "{cut}"
        );
        assert_eq!(ending("Conv", 10.0, 80.0), "Conv");
    }
}
