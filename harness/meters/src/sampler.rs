//! A thread that reads a source.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use edgebench_record::EnergySource;

use crate::series::{ALWAYS_BRIDGED, around, first_needed};
use crate::{Sample, Series, Source, WindowEnergy, WindowError};

/// A source that speaks more often by itself is fetched from this often.
const MOST_HZ: f64 = 10.0;

/// How long is waited for the reading after a window, in periods: as long as a gap may be.
const PATIENCE_PERIODS: f64 = 6.0;

/// The most readings that are kept: more than half an hour of a meter that speaks a thousand times a second.
const MOST_KEPT: usize = 2_000_000;

/// Reads a source at its rate until it is stopped or dropped.
#[derive(Debug)]
pub struct Sampler {
    facts: EnergySource,
    kept: Arc<Mutex<Kept>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Kept {
    samples: Vec<Sample>,
    remarks: Vec<String>,
    /// Whether readings were dropped that nobody had given up.
    dropped: bool,
}

impl Kept {
    /// Adds readings. Of too many the oldest are dropped, a quarter at once, since each time all others have to move up.
    fn add(&mut self, samples: Vec<Sample>, most: usize) {
        self.samples.extend(samples);
        let over = self.samples.len().saturating_sub(most);
        if over > 0 {
            self.samples.drain(..over.max(most / 4));
            self.dropped = true;
        }
    }
}

impl Sampler {
    /// Starts to read.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(mut source: Box<dyn Source>) -> io::Result<Self> {
        let facts = source.facts().clone();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (stop, stopped) = mpsc::channel();
        let period = period(facts.sampling_hz.min(MOST_HZ));
        let thread = {
            let kept = Arc::clone(&kept);
            thread::Builder::new().name("energy".to_owned()).spawn(move || {
                let mut next = Instant::now();
                loop {
                    let samples = source.samples();
                    let remarks = source.remarks();
                    {
                        let mut kept = lock(&kept);
                        kept.add(samples, MOST_KEPT);
                        kept.remarks = remarks;
                    }
                    // By the clock and not by sleeping, so that slow readings do not make the rate drift; a reading that
                    // took several periods is not made up for.
                    next = (next + period).max(Instant::now());
                    match stopped.recv_timeout(next.saturating_duration_since(Instant::now())) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            })?
        };
        Ok(Self {
            facts,
            kept,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What the source is.
    pub fn facts(&self) -> &EnergySource {
        &self.facts
    }

    /// What was read so far and is still kept: the last two million readings at most, less what
    /// [`Sampler::forget_before`] gave up.
    pub fn series(&self) -> Series {
        Series::new(lock(&self.kept).samples.clone(), self.facts.sampling_hz)
    }

    /// The readings that the energy between two moments takes, and no others.
    pub fn series_between(&self, begin: Instant, end: Instant) -> Series {
        let samples = around(&lock(&self.kept).samples, begin, end).to_vec();
        Series::new(samples, self.facts.sampling_hz)
    }

    /// Gives up the readings that no window takes that begins at `at` or later.
    pub fn forget_before(&self, at: Instant) {
        let kept = &mut lock(&self.kept).samples;
        let first = first_needed(kept, at);
        kept.drain(..first);
    }

    /// Why the source gives no readings any more, such as that the meter's command has ended.
    ///
    /// That is so once two lasting errors follow each other: a counter that began anew says so once and goes on.
    pub fn failed(&self) -> Option<String> {
        let kept = lock(&self.kept);
        let mut lasting = kept.samples.iter().rev().take(2).map(|sample| {
            let error = sample.said.as_ref().err()?;
            error.lasting.then(|| error.what.clone())
        });
        let (last, before) = (lasting.next()??, lasting.next()?);
        before.map(|_| last)
    }

    /// What the source has to say about its readings so far.
    pub fn remarks(&self) -> Vec<String> {
        let kept = lock(&self.kept);
        let dropped = kept
            .dropped
            .then(|| format!("of more than {MOST_KEPT} readings the oldest were dropped"));
        kept.remarks.iter().cloned().chain(dropped).collect()
    }

    /// The energy between two moments, for which it waits until a reading after `end` is there, or should have been.
    ///
    /// # Errors
    /// As for [`Series::energy_j`].
    pub fn energy_j(&self, begin: Instant, end: Instant) -> Result<WindowEnergy, WindowError> {
        self.wait_for(end);
        self.series_between(begin, end).energy_j(begin, end)
    }

    /// Waits until a reading at or after `at` is there, or should have been.
    pub fn wait_for(&self, at: Instant) {
        let step = period(self.facts.sampling_hz.min(MOST_HZ));
        let longest_gap = period(self.facts.sampling_hz)
            .mul_f64(PATIENCE_PERIODS)
            .max(ALWAYS_BRIDGED);
        let patience = longest_gap + step * 2;
        let deadline = at.max(Instant::now()) + patience;
        while Instant::now() < deadline && lock(&self.kept).samples.last().is_none_or(|sample| sample.at < at) {
            thread::sleep(step.min(Duration::from_millis(20)));
        }
    }

    /// Stops, and gives what was read.
    pub fn stop(mut self) -> Series {
        self.end();
        self.series()
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A source that panicked has stopped reading, which the series shows.
            let _ = thread.join();
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.end();
    }
}

/// A source that gives no sensible rate is read once a second.
fn period(hz: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / hz)
        .ok()
        .filter(|period| *period > Duration::ZERO && *period < Duration::from_mins(10))
        .unwrap_or(Duration::from_secs(1))
}

/// A thread that panicked left whole values behind.
fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reading;

    #[test]
    fn the_oldest_of_too_many_readings_are_dropped() {
        let origin = Instant::now();
        let samples = |from: u64, to: u64| -> Vec<Sample> {
            let sample = |i| Sample {
                at: origin + Duration::from_millis(i),
                said: Ok(Reading::Watts(1.0)),
            };
            (from..to).map(sample).collect()
        };
        let mut kept = Kept::default();
        kept.add(samples(0, 8), 8);
        assert_eq!((kept.samples.len(), kept.dropped), (8, false));
        kept.add(samples(8, 9), 8);
        assert_eq!((&kept.samples, kept.dropped), (&samples(2, 9), true));
        kept.add(samples(9, 30), 8);
        assert_eq!(kept.samples, samples(22, 30));
    }
}
