//! Readings over time, and the energy between two moments.

use std::time::{Duration, Instant};

use crate::{ReadError, Reading, Sample};

/// Between two readings that are further apart than this many periods nothing is known.
const LONGEST_GAP_PERIODS: f64 = 5.0;

/// A gap up to this is always bridged: a fast meter is held up for longer by the system's scheduler.
pub(crate) const ALWAYS_BRIDGED: Duration = Duration::from_millis(250);

/// Readings in order of time.
#[derive(Debug, Clone)]
pub struct Series {
    samples: Vec<Sample>,
    longest_gap: Duration,
}

/// The energy of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowEnergy {
    /// In joules; above 0.
    pub joules: f64,
    /// Readings in the window, those around its edges not counted.
    pub readings: usize,
}

/// Why the energy of a window is not known.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WindowError {
    /// It ends where it begins, or before.
    #[error("the window has no length")]
    Empty,
    /// There is no reading before it.
    #[error("no reading reaches back to the begin of the window{0}")]
    BeginNotCovered(Because),
    /// There is no reading after it.
    #[error("no reading reaches the end of the window{0}")]
    EndNotCovered(Because),
    /// Too long without a reading.
    #[error("{} without a reading, more than the {} that are bridged{because}", span(*.seconds), span(*.limit))]
    Gap {
        /// How long, in seconds.
        seconds: f64,
        /// How long it may be, in seconds.
        limit: f64,
        /// What was said meanwhile.
        because: Because,
    },
    /// A counter began anew, a meter ended.
    #[error("{0}")]
    Broken(String),
    /// Readings of energy and of power, or of something that is neither.
    #[error("readings that do not go together")]
    Mixed,
    /// The counter did not move or moved back, or all powers are 0.
    #[error("the source says {0} J over the window, which a machine that is on cannot need")]
    Impossible(f64),
}

/// The last error of a source at a moment, if it had one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Because(Option<String>);

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |what| write!(f, ": {what}"))
    }
}

impl Series {
    /// Readings in order of time, of a source that is read `sampling_hz` times per second. A gap of up to five periods,
    /// or 0.25 s where that is longer, is bridged.
    pub fn new(samples: Vec<Sample>, sampling_hz: f64) -> Self {
        let longest_gap = Duration::try_from_secs_f64(LONGEST_GAP_PERIODS / sampling_hz);
        Self {
            samples,
            longest_gap: longest_gap.unwrap_or(Duration::ZERO).max(ALWAYS_BRIDGED),
        }
    }

    /// How many readings there are, those that failed included.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The energy between two moments, in joules.
    ///
    /// Counters are interpolated linearly between the readings around each edge. Powers are integrated by the trapezoid
    /// rule, with the power at each edge interpolated linearly.
    ///
    /// # Errors
    /// [`WindowError`] wherever the energy is not known; never 0 for it.
    pub fn energy_j(&self, begin: Instant, end: Instant) -> Result<WindowEnergy, WindowError> {
        if end <= begin {
            return Err(WindowError::Empty);
        }
        let bracket = self.bracket(begin, end)?;
        let readings: Vec<(Instant, Reading)> = bracket
            .iter()
            .filter_map(|sample| sample.said.as_ref().ok().map(|reading| (sample.at, *reading)))
            .collect();
        self.check_gaps(&readings, bracket)?;
        let joules = if let Some(counts) = values(&readings, |reading| match reading {
            Reading::Joules(joules) => Some(joules),
            Reading::Watts(_) => None,
        }) {
            interpolated(&counts, end) - interpolated(&counts, begin)
        } else if let Some(powers) = values(&readings, |reading| match reading {
            Reading::Watts(watts) if watts >= 0.0 => Some(watts),
            _ => None,
        }) {
            trapezoids(&powers, begin, end)
        } else {
            return Err(WindowError::Mixed);
        };
        if !joules.is_finite() || joules <= 0.0 {
            return Err(WindowError::Impossible(joules));
        }
        let inside = readings.iter().filter(|(at, _)| (begin..=end).contains(at)).count();
        Ok(WindowEnergy {
            joules,
            readings: inside,
        })
    }

    /// The mean power between two moments, in watts.
    ///
    /// # Errors
    /// As for [`Series::energy_j`].
    pub fn mean_power_w(&self, begin: Instant, end: Instant) -> Result<f64, WindowError> {
        let energy = self.energy_j(begin, end)?;
        Ok(energy.joules / end.duration_since(begin).as_secs_f64())
    }

    /// The samples from the last good one at or before `begin` to the first good one at or after `end`.
    fn bracket(&self, begin: Instant, end: Instant) -> Result<&[Sample], WindowError> {
        let until_begin = self.samples.partition_point(|sample| sample.at <= begin);
        let before = self.samples[..until_begin]
            .iter()
            .rposition(|sample| sample.said.is_ok());
        let Some(first) = before else {
            return Err(WindowError::BeginNotCovered(last_error(&self.samples[..until_begin])));
        };
        let until_end = self.samples.partition_point(|sample| sample.at < end);
        let after = self.samples[until_end..].iter().position(|sample| sample.said.is_ok());
        let last = after.map(|steps| until_end + steps);
        let bracket = &self.samples[first..=last.unwrap_or(self.samples.len() - 1)];
        let mut errors = bracket.iter().filter_map(|sample| sample.said.as_ref().err());
        if let Some(error) = errors.find(|error| error.lasting) {
            return Err(WindowError::Broken(error.what.clone()));
        }
        if last.is_none() {
            return Err(WindowError::EndNotCovered(last_error(bracket)));
        }
        Ok(bracket)
    }

    fn check_gaps(&self, readings: &[(Instant, Reading)], bracket: &[Sample]) -> Result<(), WindowError> {
        for pair in readings.windows(2) {
            let (from, to) = (pair[0].0, pair[1].0);
            let gap = to.saturating_duration_since(from);
            if gap > self.longest_gap {
                let meanwhile: Vec<Sample> = bracket
                    .iter()
                    .filter(|sample| (from..=to).contains(&sample.at))
                    .cloned()
                    .collect();
                return Err(WindowError::Gap {
                    seconds: gap.as_secs_f64(),
                    limit: self.longest_gap.as_secs_f64(),
                    because: last_error(&meanwhile),
                });
            }
        }
        Ok(())
    }
}

/// The samples that the energy between two moments takes: from the last good one at or before `begin` to the first good
/// one at or after `end`, or what there is of them.
pub(crate) fn around(samples: &[Sample], begin: Instant, end: Instant) -> &[Sample] {
    let samples = &samples[first_needed(samples, begin)..];
    let until_end = samples.partition_point(|sample| sample.at < end);
    let last = samples[until_end..].iter().position(|sample| sample.said.is_ok());
    &samples[..last.map_or(samples.len(), |steps| until_end + steps + 1)]
}

/// The index of the last good sample at or before a moment; without one, of the last that tells why there is none.
pub(crate) fn first_needed(samples: &[Sample], at: Instant) -> usize {
    let until = samples.partition_point(|sample| sample.at <= at);
    let good = samples[..until].iter().rposition(|sample| sample.said.is_ok());
    good.unwrap_or(until.saturating_sub(1))
}

fn span(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

fn last_error(samples: &[Sample]) -> Because {
    let mut errors = samples.iter().filter_map(|sample| sample.said.as_ref().err());
    Because(errors.next_back().map(|ReadError { what, .. }| what.clone()))
}

/// The values of one kind; nothing where a reading is of another kind.
fn values(readings: &[(Instant, Reading)], of: impl Fn(Reading) -> Option<f64>) -> Option<Vec<(Instant, f64)>> {
    readings.iter().map(|&(at, reading)| Some((at, of(reading)?))).collect()
}

/// The value at a moment that lies between the first and the last.
fn interpolated(values: &[(Instant, f64)], at: Instant) -> f64 {
    let after = values.partition_point(|(time, _)| *time < at).min(values.len() - 1);
    let (to, above) = values[after];
    let (from, below) = values[after.saturating_sub(1)];
    let span = to.saturating_duration_since(from).as_secs_f64();
    if span <= 0.0 {
        return above;
    }
    let part = at.saturating_duration_since(from).as_secs_f64() / span;
    below + (above - below) * part.min(1.0)
}

fn trapezoids(powers: &[(Instant, f64)], begin: Instant, end: Instant) -> f64 {
    let inner = powers.iter().copied().filter(|(at, _)| *at > begin && *at < end);
    let points: Vec<(Instant, f64)> = std::iter::once((begin, interpolated(powers, begin)))
        .chain(inner)
        .chain(std::iter::once((end, interpolated(powers, end))))
        .collect();
    points
        .windows(2)
        .map(|pair| f64::midpoint(pair[0].1, pair[1].1) * pair[1].0.duration_since(pair[0].0).as_secs_f64())
        .sum()
}

#[cfg(test)]
mod tests;
