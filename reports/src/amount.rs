//! Amounts with units: as people write them, and as they read.

use edgebench_api::{Bytes, Nanos};
use edgebench_record::Metric;

use crate::text::{JouleUnit, signed, significant};

/// Units of a metric's own unit, with what one is worth in it; of those worth the same, the first is the one to print.
pub(crate) fn units(metric: &Metric) -> &'static [(&'static str, f64)] {
    match metric.unit {
        "ns" => &[
            ("ns", 1.0),
            ("µs", 1e3),
            ("us", 1e3),
            ("μs", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
        ],
        "bytes" => &[
            ("B", 1.0),
            ("kB", 1e3),
            ("MB", 1e6),
            ("GB", 1e9),
            ("KiB", 1024.0),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
        ],
        "fraction" => &[("pp", 0.01)],
        "1/s" => &[("/s", 1.0)],
        "J" => &[
            ("J", 1.0),
            ("mJ", 1e-3),
            ("µJ", 1e-6),
            ("uJ", 1e-6),
            ("μJ", 1e-6),
            ("nJ", 1e-9),
        ],
        "proxy-J" => &[
            ("proxy-J", 1.0),
            ("proxy-mJ", 1e-3),
            ("proxy-µJ", 1e-6),
            ("proxy-uJ", 1e-6),
            ("proxy-μJ", 1e-6),
            ("proxy-nJ", 1e-9),
        ],
        _ => &[("", 1.0)],
    }
}

/// A number without a sign, and the unit after it.
pub(crate) fn number_and_unit(text: &str) -> Result<(f64, &str), String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = number.parse().map_err(|_| "it begins with no number".to_owned())?;
    Ok((number, unit.trim()))
}

/// Whether a figure in nanoseconds can be a time that was measured: what a record holds is at least one, and fits 64 bits.
pub(crate) fn is_time(ns: f64) -> bool {
    (1.0..u64::MAX as f64).contains(&ns)
}

/// A fraction as percentage points with their sign: with two decimals as in a table, of which the second is left out where
/// it is 0.
pub(crate) fn points(fraction: f64) -> String {
    let mut text = signed(fraction * 100.0, 2);
    if text.ends_with('0') {
        text.pop();
    }
    text
}

/// A figure in its metric's unit as it reads best: `1.23 ms`, `64.0 MiB`, `91.4 %`, `50.0/s`.
pub(crate) fn shown(metric: &Metric, value: f64) -> String {
    match metric.unit {
        "ns" => Nanos(value.round() as u64).to_string(),
        "bytes" => Bytes(value.round() as u64).to_string(),
        "fraction" => format!("{} %", points(value).trim_start_matches(['+', '−'])),
        "1/s" if value < 1e9 => format!("{}/s", significant(value)),
        "1/s" => format!("{value:.2e}/s"),
        "J" | "proxy-J" => {
            let unit = JouleUnit::for_smallest([value]);
            format!("{} {}", unit.show(value), unit.symbol(metric.unit))
        }
        _ if value.fract() != 0.0 && value.abs() < 1e3 => significant(value),
        _ => format!("{value:.0}"),
    }
}
