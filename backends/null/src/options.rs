//! The options and their values.

use std::collections::BTreeMap;
use std::time::Duration;

use edgebench_api::{BackendError, DType};

use crate::fault::{Faults, Place};

/// What the outputs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// The sum of a sample's elements over all inputs.
    #[default]
    Sum,
    /// The first input.
    Echo,
    /// The input `state` with the sum of all others added to each of its elements; it becomes the next `state`.
    Accumulate,
}

/// Everything that can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) latency: Duration,
    pub(crate) jitter: f64,
    pub(crate) seed: u64,
    pub(crate) allocate: usize,
    pub(crate) map: usize,
    pub(crate) share: usize,
    pub(crate) churn: usize,
    pub(crate) stdout: Option<String>,
    pub(crate) output: Output,
    pub(crate) dtype: DType,
    pub(crate) faults: Faults,
    pub(crate) unsupported: Option<String>,
}

impl Options {
    /// Reads the options; an unknown one, or a value that is none, is an invalid setting.
    pub(crate) fn parse(options: &BTreeMap<String, String>) -> Result<Self, BackendError> {
        let mut parsed = Self {
            latency: Duration::ZERO,
            jitter: 0.0,
            seed: 0,
            allocate: 0,
            map: 0,
            share: 0,
            churn: 0,
            stdout: None,
            output: Output::default(),
            dtype: DType::F32,
            faults: Faults::default(),
            unsupported: None,
        };
        for (name, value) in options {
            parsed
                .set(name, value)
                .map_err(|why| BackendError::invalid_setting(name, value, why))?;
        }
        Ok(parsed)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        const PLACE: &str = "it is `load` or `run:N` with N from 1";
        match name {
            "latency" => self.latency = duration(value).ok_or("it is a duration such as `250us` or `1ms`")?,
            "jitter" => {
                self.jitter = value
                    .parse()
                    .ok()
                    .filter(|fraction| (0.0..=1.0).contains(fraction))
                    .ok_or("it is a fraction from 0 to 1")?;
            }
            "seed" => self.seed = value.parse().map_err(|_| "it is a whole number")?,
            "allocate" => self.allocate = size(value).ok_or("it is a size such as `64MiB`")?,
            "map" => self.map = size(value).ok_or("it is a size such as `64MiB`")?,
            "share" => self.share = size(value).ok_or("it is a size such as `64MiB`")?,
            "churn" => self.churn = size(value).ok_or("it is a size such as `64MiB`")?,
            "stdout" => self.stdout = Some(value.to_owned()),
            "output" => {
                self.output = match value {
                    "sum" => Output::Sum,
                    "echo" => Output::Echo,
                    "accumulate" => Output::Accumulate,
                    _ => return Err("it is `sum`, `echo` or `accumulate`"),
                }
            }
            "dtype" => self.dtype = value.parse().map_err(|_| "it is an element type such as `f32`")?,
            "crash" => self.faults.crash = Some(Place::parse(value).ok_or(PLACE)?),
            "panic" => self.faults.panic = Some(Place::parse(value).ok_or(PLACE)?),
            "hang" => self.faults.hang = Some(Place::parse(value).ok_or(PLACE)?),
            "fail" => self.faults.fail = Some(Place::parse(value).ok_or(PLACE)?),
            "unsupported" => self.unsupported = Some(value.to_owned()),
            _ => return Err("the null backend has no such option"),
        }
        Ok(())
    }
}

/// A number with a unit, such as `1.5ms`.
fn duration(text: &str) -> Option<Duration> {
    let (number, seconds) = split(text, &[("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0)])?;
    Duration::try_from_secs_f64(number * seconds).ok()
}

/// A number with a unit, such as `64MiB`.
fn size(text: &str) -> Option<usize> {
    let units = [
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("B", 1.0),
    ];
    let (number, unit) = split(text, &units)?;
    let bytes = number * unit;
    (0.0..=1e15).contains(&bytes).then_some(bytes as usize)
}

fn split(text: &str, units: &[(&str, f64)]) -> Option<(f64, f64)> {
    units.iter().find_map(|&(name, factor)| {
        let number = text.strip_suffix(name)?.trim().parse().ok()?;
        Some((number, factor))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<Options, BackendError> {
        Options::parse(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn values_are_read() {
        assert_eq!(parse("latency", "250us").unwrap().latency, Duration::from_micros(250));
        assert_eq!(parse("latency", "1.5ms").unwrap().latency, Duration::from_micros(1500));
        assert_eq!(parse("latency", "2s").unwrap().latency, Duration::from_secs(2));
        assert_eq!(parse("allocate", "64MiB").unwrap().allocate, 64 << 20);
        assert_eq!(parse("map", "10B").unwrap().map, 10);
        assert_eq!(parse("crash", "run:3").unwrap().faults.crash, Some(Place::Run(3)));
        assert_eq!(parse("dtype", "i64").unwrap().dtype, DType::I64);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let wrong = [
            ("latency", "5"),
            ("latency", "-1ms"),
            ("latency", "inf s"),
            ("jitter", "2"),
            ("jitter", "nan"),
            ("allocate", "1MB"),
            ("map", "-1B"),
            ("crash", "run:0"),
            ("hang", "later"),
            ("output", "x"),
            ("no-such", "1"),
        ];
        for (name, value) in wrong {
            let error = parse(name, value).unwrap_err();
            assert!(
                matches!(error, BackendError::InvalidSetting { .. }),
                "{name}={value}: {error}"
            );
        }
    }
}
