//! Counters of energy that grow, wrap around and begin anew.

use std::time::{Duration, Instant};

use crate::ReadError;

/// No part that a counter covers draws more, so that a greater step is no energy: twice what the largest sockets and
/// GPUs may draw for a moment.
const MOST_WATTS: f64 = 4_000.0;

/// Counters are not refreshed at the moment they are read, and a reading takes its time.
const SLACK: Duration = Duration::from_secs(1);

/// One counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    /// What its errors call it.
    pub(crate) name: String,
    /// Where it starts again from 0; absent where that is not known.
    pub(crate) range: Option<u64>,
    /// What it said last.
    pub(crate) last: u64,
}

/// Counters whose energies add up.
#[derive(Debug)]
pub(crate) struct Counters {
    each: Vec<Counter>,
    joules_per_count: f64,
    total_j: f64,
    at: Instant,
}

impl Counters {
    /// Starts at 0 J at `at`.
    pub(crate) fn new(each: Vec<Counter>, joules_per_count: f64, at: Instant) -> Self {
        Self {
            each,
            joules_per_count,
            total_j: 0.0,
            at,
        }
    }

    /// Energy since the start in joules, given what the counters say `now`, in their order.
    ///
    /// # Errors
    /// A lasting one where a counter went back without a wrap, or by more than can be: counting goes on from there,
    /// without that step. One where the number of values is not that of the counters.
    pub(crate) fn advance(&mut self, values: &[u64], now: Instant) -> Result<f64, ReadError> {
        if values.len() != self.each.len() {
            return Err(ReadError::passing(format!(
                "{} values for {} counters",
                values.len(),
                self.each.len()
            )));
        }
        let most_j = MOST_WATTS * (now.saturating_duration_since(self.at) + SLACK).as_secs_f64();
        let mut steps_j = 0.0;
        let mut error = None;
        for (counter, &value) in self.each.iter_mut().zip(values) {
            match counter.step(value) {
                Ok(step) if step as f64 * self.joules_per_count <= most_j => {
                    steps_j += step as f64 * self.joules_per_count;
                }
                Ok(_) => {
                    error = Some(format!(
                        "{} went from {} to {value}, which is more energy than can be: it began anew",
                        counter.name, counter.last
                    ));
                }
                Err(what) => error = Some(what),
            }
            counter.last = value;
        }
        self.at = now;
        if let Some(what) = error {
            return Err(ReadError::lasting(what));
        }
        self.total_j += steps_j;
        Ok(self.total_j)
    }
}

impl Counter {
    /// ΔE = e₁ − e₀ if e₁ ≥ e₀, else e₁ + range − e₀.
    ///
    /// Source: Linux, Documentation/power/powercap/powercap.rst, `max_energy_range_uj`.
    fn step(&self, value: u64) -> Result<u64, String> {
        let Self { name, range, last } = self;
        if value >= *last {
            return Ok(value - last);
        }
        match range {
            None => Err(format!(
                "{name} went back from {last} to {value}, and where it wraps around is not known"
            )),
            Some(range) if last > range => Err(format!(
                "{name} went back from {last} to {value}, and {last} is beyond its range of {range}"
            )),
            Some(range) => Ok(range - last + value),
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;

    fn counters(range: Option<u64>, last: u64) -> (Counters, Instant) {
        let start = Instant::now();
        let counter = Counter {
            name: "c".to_owned(),
            range,
            last,
        };
        (Counters::new(vec![counter], 0.5, start), start)
    }

    #[test]
    fn steps_add_up_and_a_wrap_is_one_of_them() {
        let (mut counters, start) = counters(Some(1000), 990);
        assert_eq!(counters.advance(&[998], start).unwrap(), 4.0);
        assert_eq!(counters.advance(&[4], start).unwrap(), 7.0);
        assert_eq!(counters.advance(&[4], start).unwrap(), 7.0);
    }

    #[test]
    fn going_back_is_no_wrap_without_a_range_or_beyond_it() {
        for (range, last) in [(None, 50), (Some(40), 50)] {
            let (mut counters, start) = counters(range, last);
            let error = counters.advance(&[10], start).unwrap_err();
            assert!(
                error.lasting && error.what.contains("went back from 50 to 10"),
                "{error:?}"
            );
            assert_eq!(counters.advance(&[12], start).unwrap(), 1.0, "counting goes on");
        }
    }

    #[test]
    fn a_step_that_no_power_explains_is_a_beginning_anew() {
        let (mut first, start) = counters(Some(1_000_000), 500_000);
        assert!(first.advance(&[0], start).unwrap_err().lasting);
        let (mut second, start) = counters(Some(1_000_000), 500_000);
        let later = start + Duration::from_mins(2);
        assert_eq!(
            second.advance(&[0], later).unwrap(),
            250_000.0,
            "over two minutes it may be"
        );
        let (mut forward, start) = counters(None, 0);
        assert!(forward.advance(&[u64::MAX], start).unwrap_err().lasting);
    }

    #[test]
    fn another_number_of_values_is_an_error_and_moves_nothing() {
        let (mut counters, start) = counters(None, 10);
        assert!(!counters.advance(&[], start).unwrap_err().lasting);
        assert_eq!(counters.advance(&[12], start).unwrap(), 1.0);
    }
}
