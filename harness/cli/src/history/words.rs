//! Figures and changes of a history as words.

use edgebench_api::{Bytes, Nanos};
use edgebench_history::Trend;
use edgebench_record::{Change, Scale};

/// Digits of a commit that are shown.
const COMMIT_DIGITS: usize = 12;

/// A figure in its metric's unit.
pub(super) fn figure(trend: &Trend, value: f64) -> String {
    match trend.unit {
        "ns" => Nanos(value.round() as u64).to_string(),
        "bytes" => Bytes(value.round() as u64).to_string(),
        "fraction" => format!("{:.2} %", 100.0 * value),
        "1/s" => format!("{value:.1}/s"),
        _ => format!("{value}"),
    }
}

pub(super) fn change(trend: &Trend, change: &Change, decimals: usize) -> String {
    amount(trend, change.scale, change.estimate, decimals)
}

pub(super) fn change_with_interval(trend: &Trend, of: &Change) -> String {
    let small = of.scale == Scale::Relative && of.estimate.abs() < 0.01;
    let decimals = if small { 2 } else { 1 };
    let estimate = change(trend, of, decimals);
    of.interval.map_or_else(
        || estimate.clone(),
        |interval| {
            let end = |value: f64| amount(trend, of.scale, value, decimals);
            format!("{estimate} ({} to {})", end(interval.low), end(interval.high))
        },
    )
}

/// An amount of change with its sign.
pub(super) fn amount(trend: &Trend, scale: Scale, value: f64, decimals: usize) -> String {
    let sign = if value < 0.0 { '−' } else { '+' };
    format!("{sign}{}", digits(trend, scale, value.abs(), decimals))
}

pub(super) fn unsigned(trend: &Trend, scale: Scale, value: f64) -> String {
    digits(trend, scale, value, 1)
}

fn digits(trend: &Trend, scale: Scale, value: f64, decimals: usize) -> String {
    match (scale, trend.unit) {
        (Scale::Relative, _) => format!("{:.decimals$} %", 100.0 * value),
        (Scale::Absolute, "fraction") => format!("{:.2} pp", 100.0 * value),
        (Scale::Absolute, _) => figure(trend, value),
    }
}

pub(super) fn chance(p: f64) -> String {
    if p < 1e-12 {
        "< 1e-12".to_owned()
    } else if p < 1e-4 {
        format!("{p:.0e}")
    } else {
        format!("{p:.5}")
    }
}

/// The first digits of a commit; other words as they are.
pub(super) fn short(commit: &str) -> String {
    let hexadecimal = commit.len() >= COMMIT_DIGITS && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
    if hexadecimal {
        commit[..COMMIT_DIGITS].to_owned()
    } else {
        commit.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_cut_and_other_words_are_not() {
        assert_eq!(short("0123456789abcdef0123"), "0123456789ab");
        assert_eq!(short("release-2026-11-21"), "release-2026-11-21");
        assert_eq!(chance(0.000_31), "0.00031");
        assert_eq!(chance(3e-7), "3e-7");
    }
}
