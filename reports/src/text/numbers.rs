//! Figures in three digits, and in the unit that reads best.

/// From here on a number is written with an exponent: no figure of a measurement is as large, and all its digits would
/// widen a whole column.
const WITH_EXPONENT: f64 = 1e15;

/// Three significant digits.
pub(crate) fn significant(value: f64) -> String {
    if value.abs() >= WITH_EXPONENT {
        return format!("{value:.2e}");
    }
    let decimals = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// A number with a real minus sign.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    if text.chars().all(|c| c == '0' || c == '.') {
        text
    } else if value < 0.0 {
        format!("−{text}")
    } else {
        format!("+{text}")
    }
}

/// `1 cell`, `2 cells`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// The unit that a table's times are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
}

impl TimeUnit {
    /// The unit in which the smallest of these times, in nanoseconds, still reads well.
    pub(crate) fn for_smallest(times_ns: impl IntoIterator<Item = f64>) -> Self {
        let smallest = times_ns.into_iter().fold(f64::INFINITY, f64::min);
        match smallest {
            ns if ns < 1e3 => Self::Ns,
            ns if ns < 1e5 => Self::Us,
            ns if ns < 1e9 || ns.is_infinite() => Self::Ms,
            _ => Self::S,
        }
    }

    /// Its symbol.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Ns => "ns",
            Self::Us => "µs",
            Self::Ms => "ms",
            Self::S => "s",
        }
    }

    /// A time in nanoseconds as a number in this unit.
    pub(crate) fn show(self, ns: f64) -> String {
        significant(match self {
            Self::Ns => ns,
            Self::Us => ns / 1e3,
            Self::Ms => ns / 1e6,
            Self::S => ns / 1e9,
        })
    }
}

/// The unit that joules are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JouleUnit {
    /// Nanojoules.
    Nj,
    /// Microjoules.
    Uj,
    /// Millijoules.
    Mj,
    /// Joules.
    J,
}

impl JouleUnit {
    /// The unit in which the smallest of these, in joules, still reads well. An energy net of idle may be below 0.
    pub(crate) fn for_smallest(joules: impl IntoIterator<Item = f64>) -> Self {
        let sizes = joules.into_iter().map(f64::abs).filter(|size| *size > 0.0);
        match sizes.fold(f64::INFINITY, f64::min) {
            j if j < 1e-7 => Self::Nj,
            j if j < 1e-4 => Self::Uj,
            j if j < 1.0 => Self::Mj,
            _ => Self::J,
        }
    }

    /// Its symbol, by a metric's unit: `J` for energy, `proxy-J` for what stands in for it and is none.
    pub(crate) fn symbol(self, unit: &str) -> &'static str {
        match (self, unit) {
            (Self::Nj, "J") => "nJ",
            (Self::Uj, "J") => "µJ",
            (Self::Mj, "J") => "mJ",
            (Self::J, "J") => "J",
            (Self::Nj, _) => "proxy-nJ",
            (Self::Uj, _) => "proxy-µJ",
            (Self::Mj, _) => "proxy-mJ",
            (Self::J, _) => "proxy-J",
        }
    }

    /// Joules as a number in this unit.
    pub(crate) fn show(self, joules: f64) -> String {
        let text = significant(joules / self.joules());
        // Nothing has no sign.
        match text.strip_prefix('-') {
            Some(size) if size.chars().all(|c| c == '0' || c == '.') => size.to_owned(),
            _ => text,
        }
    }

    /// How many joules one of it is.
    pub(crate) fn joules(self) -> f64 {
        match self {
            Self::Nj => 1e-9,
            Self::Uj => 1e-6,
            Self::Mj => 1e-3,
            Self::J => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(significant(0.21345), "0.213");
        assert_eq!(significant(9.999), "10.0");
        assert_eq!(significant(123.4), "123");
        assert_eq!(significant(0.0123), "0.0123");
        assert_eq!(significant(9.9e14), "990000000000000");
        assert_eq!(significant(1e15), "1.00e15");
        assert_eq!(significant(-1.236e308), "-1.24e308");
        assert_eq!(signed(-0.21, 1), "−0.2");
        assert_eq!(signed(0.04, 1), "0.0");
        assert_eq!(signed(-0.04, 1), "0.0");
        assert_eq!(signed(1.25, 2), "+1.25");
    }

    #[test]
    fn times_share_the_unit_of_the_smallest() {
        assert_eq!(TimeUnit::for_smallest([2e5, 9e7]).show(2.1e5), "0.210");
        assert_eq!(TimeUnit::for_smallest([2e4, 9e7]).symbol(), "µs");
        assert_eq!(TimeUnit::for_smallest([]).symbol(), "ms");
    }

    #[test]
    fn joules_share_the_unit_of_the_smallest() {
        assert_eq!(JouleUnit::for_smallest([2.1e-4, 3.0]).show(2.1e-4), "0.210");
        assert_eq!(JouleUnit::for_smallest([2.1e-5, 3.0]).symbol("J"), "µJ");
        assert_eq!(JouleUnit::Uj.show(-1e-14), "0.0000");
        assert_eq!(JouleUnit::for_smallest([-3e-3, 0.0]).show(-3e-3), "-3.00");
        assert_eq!(JouleUnit::for_smallest([f64::NAN]).symbol("proxy-J"), "proxy-J");
    }
}
