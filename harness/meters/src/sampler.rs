//! A thread that reads a source.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use edgebench_record::EnergySource;

use crate::{Sample, Series, Source, WindowEnergy, WindowError};

/// A source that speaks more often by itself is fetched from this often.
const MOST_HZ: f64 = 10.0;

/// How long is waited for the reading after a window, in periods: as long as a gap may be.
const PATIENCE_PERIODS: f64 = 6.0;

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
                        kept.samples.extend(samples);
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

    /// What was read so far.
    pub fn series(&self) -> Series {
        Series::new(lock(&self.kept).samples.clone(), self.facts.sampling_hz)
    }

    /// What the source has to say about its readings so far.
    pub fn remarks(&self) -> Vec<String> {
        lock(&self.kept).remarks.clone()
    }

    /// The energy between two moments, for which it waits until a reading after `end` is there, or should have been.
    ///
    /// # Errors
    /// As for [`Series::energy_j`].
    pub fn energy_j(&self, begin: Instant, end: Instant) -> Result<WindowEnergy, WindowError> {
        self.wait_for(end);
        self.series().energy_j(begin, end)
    }

    /// Waits until a reading at or after `at` is there, or should have been.
    pub fn wait_for(&self, at: Instant) {
        let step = period(self.facts.sampling_hz.min(MOST_HZ));
        let patience = period(self.facts.sampling_hz).mul_f64(PATIENCE_PERIODS) + step * 2;
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
