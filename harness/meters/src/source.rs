//! The one trait of all sources.

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
    /// Whether later readings can still be used: a counter that began anew cannot be bridged, one bad text can.
    pub lasting: bool,
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
}
