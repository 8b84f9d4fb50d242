//! The one trait of all sources.

use std::time::Instant;

use edgebench_record::EnergySource;

/// What a source says at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Energy since the source was opened, in joules: wrap-arounds are added up.
    Joules(f64),
    /// Power now, in watts.
    Watts(f64),
}

/// Why a source says nothing at a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ReadError {
    /// One line of fact, with the file or command and what it said.
    pub what: String,
    /// Whether what comes after cannot be joined to what came before: a counter that began anew breaks a window, one
    /// bad text between two good ones does not.
    pub lasting: bool,
}

impl ReadError {
    /// Something that the next reading may mend.
    pub fn passing(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            lasting: false,
        }
    }

    /// Something that no window may bridge.
    pub fn lasting(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            lasting: true,
        }
    }
}

/// What a source said, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When, by the clock of this process.
    pub at: Instant,
    /// What.
    pub said: Result<Reading, ReadError>,
}

/// A sensor or a meter.
pub trait Source: Send {
    /// What it is.
    fn facts(&self) -> &EnergySource;

    /// What it says now. Called from one thread, [`EnergySource::sampling_hz`] times per second.
    ///
    /// # Errors
    /// [`ReadError`]: gone, refused, no number, a counter that began anew. Never a 0 for one of those.
    fn read(&mut self) -> Result<Reading, ReadError>;

    /// All that it said since the last call, in order of time.
    ///
    /// One reading for a sensor that is asked, stamped with the middle of the time that asking took. A meter that
    /// speaks by itself gives its own times.
    fn samples(&mut self) -> Vec<Sample> {
        let begin = Instant::now();
        let said = self.read();
        let at = begin + begin.elapsed() / 2;
        vec![Sample { at, said }]
    }

    /// What a reader of its figures must know and could not be known when it was opened: lines of a meter that were
    /// no reading.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}
