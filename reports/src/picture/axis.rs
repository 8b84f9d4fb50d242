//! Ranges and ticks that read well, linear and logarithmic.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::canvas::width;
use crate::text::{JouleUnit, significant};

/// From this ratio of the largest to the smallest value on, an axis is logarithmic.
const LOG_FROM: f64 = 12.0;

/// One axis: where values go, and what its ticks say.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    title: String,
    log: bool,
    low: f64,
    high: f64,
    /// Placed, with their words.
    ticks: Vec<(f64, String)>,
    grid: bool,
}

/// What an axis counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nanoseconds, shown in the unit that reads best.
    Time,
    /// Bytes, shown in KiB, MiB or GiB.
    Size,
    /// Joules, shown with the prefix that reads best.
    Energy,
    /// Proxy joules, which are no energy and never shown as joules.
    Proxy,
    /// A fraction, shown in per cent.
    Share,
    /// A plain number.
    Number,
}

impl Unit {
    /// A value in words, with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        let (divisor, symbol) = match self {
            Self::Time => match value.abs() {
                v if v < 1e3 => (1.0, "ns"),
                v if v < 1e6 => (1e3, "µs"),
                v if v < 1e9 => (1e6, "ms"),
                _ => (1e9, "s"),
            },
            Self::Size => match value.abs() {
                v if v < 1024.0 => (1.0, "B"),
                v if v < 1_048_576.0 => (1024.0, "KiB"),
                v if v < 1_073_741_824.0 => (1_048_576.0, "MiB"),
                _ => (1_073_741_824.0, "GiB"),
            },
            Self::Energy | Self::Proxy => {
                let unit = JouleUnit::for_smallest([value]);
                let kind = if self == Self::Energy { "J" } else { "proxy-J" };
                (unit.joules(), unit.symbol(kind))
            }
            Self::Share => (0.01, "%"),
            Self::Number => (1.0, ""),
        };
        let number = trimmed(&significant(value / divisor));
        if symbol.is_empty() {
            number
        } else {
            format!("{number} {symbol}")
        }
    }

    /// How many of the base unit the ticks' steps are round in.
    fn base(self, largest: f64) -> f64 {
        match self {
            Self::Size => match largest {
                v if v < 1024.0 => 1.0,
                v if v < 1_048_576.0 => 1024.0,
                v if v < 1_073_741_824.0 => 1_048_576.0,
                _ => 1_073_741_824.0,
            },
            Self::Share => 0.01,
            Self::Energy | Self::Proxy => JouleUnit::for_smallest([largest]).joules(),
            Self::Time | Self::Number => 1.0,
        }
    }
}

/// `2.50` as `2.5`, `10.0` as `10`.
fn trimmed(number: &str) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

impl Axis {
    /// An axis that holds all values that can be drawn, with a little room, logarithmic where they span much and are
    /// all above 0. `None` where there is no such value.
    pub(crate) fn over(title: &str, unit: Unit, values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(values)?;
        if low > 0.0 && high / low >= LOG_FROM {
            Some(Self::log(title, unit, low, high))
        } else {
            Some(Self::linear(title, unit, low, high))
        }
    }

    /// A linear axis from 0, for lengths of bars.
    pub(crate) fn from_zero(title: &str, unit: Unit, values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (_, high) = extent(values)?;
        let mut axis = Self::linear(title, unit, 0.0, high.max(f64::MIN_POSITIVE));
        axis.low = 0.0;
        Some(axis)
    }

    /// A linear axis over these values with a little room.
    pub(crate) fn linear(title: &str, unit: Unit, low: f64, high: f64) -> Self {
        let room = match high - low {
            // One value alone has its own size as a measure.
            0.0 => (low.abs() * 0.1).max(f64::MIN_POSITIVE),
            span => span * 0.06,
        };
        let (from, to) = (low - room, high + room);
        let from = if low >= 0.0 { from.max(0.0) } else { from };
        let base = unit.base(high.abs().max(low.abs()));
        let step = nice_step((to - from) / base, 6) * base;
        let first = (from / step).ceil() as i64;
        let ticks = (first..first.saturating_add(12))
            .map(|n| n as f64 * step)
            .take_while(|&tick| tick <= to)
            .map(|tick| (tick, unit.show(tick)))
            .collect();
        Self::with(title, false, (from, to), ticks)
    }

    /// A logarithmic axis over these values, above 0, with a little room.
    pub(crate) fn log(title: &str, unit: Unit, low: f64, high: f64) -> Self {
        let room = (high / low).powf(0.06).max(1.05);
        let (from, to) = (low / room, high * room);
        let steps: &[f64] = if (to / from).log10() > 2.5 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let mut ticks = Vec::new();
        let (first, last) = (from.log10().floor() as i32, to.log10().ceil() as i32);
        for power in first..=last.min(first + 40) {
            for step in steps {
                let tick = step * 10_f64.powi(power) * log_base(unit, from);
                if (from..=to).contains(&tick) {
                    ticks.push((tick.log10(), unit.show(tick)));
                }
            }
        }
        Self::with(&format!("{title}, log scale"), true, (from.log10(), to.log10()), ticks)
    }

    /// Counts above 0 in ascending order, each with a tick of its own, logarithmic where they span much.
    pub(crate) fn counts(title: &str, counts: &[usize]) -> Option<Self> {
        let mut axis = Self::over(title, Unit::Number, counts.iter().map(|&count| count as f64))?;
        let room = (axis.high - axis.low) / 20.0;
        let mut last = f64::NEG_INFINITY;
        axis.ticks = counts
            .iter()
            .map(|&count| (axis.place(count as f64), count.to_string()))
            .filter(|(placed, _)| {
                let fits = placed - last >= room;
                if fits {
                    last = *placed;
                }
                fits
            })
            .collect();
        Some(axis)
    }

    /// Rows or columns with a name each; value `n` is the middle of the `n`th.
    pub(crate) fn rows(title: &str, names: &[String]) -> Self {
        let ticks = names
            .iter()
            .enumerate()
            .map(|(index, name)| (index as f64, name.clone()))
            .collect();
        let mut axis = Self::with(title, false, (-0.6, names.len() as f64 - 0.4), ticks);
        axis.grid = false;
        axis
    }

    /// The same with the first value at the far end: rows are read from the top.
    pub(crate) fn downwards(mut self) -> Self {
        (self.low, self.high) = (self.high, self.low);
        self
    }

    /// The same with ticks of one's own, at places and with their words.
    pub(crate) fn ticked(mut self, ticks: Vec<(f64, String)>) -> Self {
        self.ticks = ticks;
        self
    }

    /// The same with only as many ticks as there is room for their words side by side, in the SVG's units.
    pub(crate) fn fitting(mut self, room: f64) -> Self {
        let wide = |ticks: &[(f64, String)]| ticks.iter().map(|(_, words)| width(words, 12.0) + 18.0).sum::<f64>();
        while self.ticks.len() > 2 && wide(&self.ticks) > room {
            self.ticks = std::mem::take(&mut self.ticks).into_iter().step_by(2).collect();
        }
        self
    }

    fn with(title: &str, log: bool, (low, high): (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        Self {
            title: title.to_owned(),
            log,
            low,
            high,
            ticks,
            grid: true,
        }
    }

    /// Where a value goes. One that a logarithm has no place for goes to the low end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let placed = if self.log { value.log10() } else { value };
        if placed.is_nan() {
            self.low
        } else {
            placed.clamp(self.low.min(self.high), self.low.max(self.high))
        }
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn ticks(&self) -> &[(f64, String)] {
        &self.ticks
    }

    pub(crate) fn is_log(&self) -> bool {
        self.log
    }

    pub(crate) fn has_grid(&self) -> bool {
        self.grid
    }

    /// Both ends, placed.
    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.low) / (self.high - self.low);
        let span = f64::from(limit.1) - f64::from(limit.0);
        (f64::from(limit.0) + part * span).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(placed, _)| *placed).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// The words of the tick that lies there.
impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, placed: &f64) -> String {
        let nearest = self
            .ticks
            .iter()
            .min_by(|(a, _), (b, _)| (a - placed).abs().total_cmp(&(b - placed).abs()));
        nearest.map(|(_, words)| words.clone()).unwrap_or_default()
    }
}

/// Sizes are round in powers of 1024, so that their ticks are 1, 2, 5 … of the unit that the smallest is shown in.
fn log_base(unit: Unit, smallest: f64) -> f64 {
    match unit {
        Unit::Size => {
            let base = unit.base(smallest);
            base / 10_f64.powi(base.log10().round() as i32)
        }
        _ => 1.0,
    }
}

/// The smallest and largest of the values that are finite.
fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(None, |extent, value| match extent {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        })
}

/// 1, 2 or 5 times a power of ten, such that about `count` steps make up the span.
fn nice_step(span: f64, count: usize) -> f64 {
    let rough = (span / count as f64).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let step = match rough / power {
        r if r <= 1.0 => 1.0,
        r if r <= 2.0 => 2.0,
        r if r <= 5.0 => 5.0,
        _ => 10.0,
    };
    step * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis) -> Vec<&str> {
        axis.ticks().iter().map(|(_, words)| words.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_in_the_unit_that_is_shown() {
        let axis = Axis::over("latency", Unit::Time, [13_700.0, 177_325_000.0]).unwrap();
        assert_eq!(ticks(&axis), ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms"].map(|t| t));
        let axis = Axis::over("accuracy", Unit::Share, [0.91, 0.925]).unwrap();
        assert_eq!(ticks(&axis), ["91 %", "91.5 %", "92 %", "92.5 %"]);
        let axis = Axis::from_zero("memory", Unit::Size, [37.0 * 1_048_576.0]).unwrap();
        assert_eq!(ticks(&axis), ["0 B", "10 MiB", "20 MiB", "30 MiB"]);
    }

    #[test]
    fn ticks_without_room_are_left_out() {
        let axis = Axis::over("latency", Unit::Time, [1e3, 1e9]).unwrap();
        assert_eq!(axis.ticks().len(), 7);
        assert_eq!(ticks(&axis.clone().fitting(260.0)), ["1 µs", "100 µs", "10 ms", "1 s"]);
        assert_eq!(axis.clone().fitting(700.0).ticks().len(), 7);
    }

    #[test]
    fn what_cannot_be_drawn_makes_no_axis() {
        assert!(Axis::over("latency", Unit::Time, [f64::NAN, f64::INFINITY]).is_none());
        let axis = Axis::over("latency", Unit::Time, [1.0, 1e300]).unwrap();
        assert!(axis.place(-1.0).is_finite());
        assert!(axis.place(f64::NAN).is_finite());
        assert!(axis.ticks().len() < 200);
    }
}
