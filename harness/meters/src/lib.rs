//! Energy: the sensors of a machine and external meters, each in a file of its own behind [`Source`].
//!
//! A source is read again and again by a [`Sampler`] while a worker runs; a [`Series`] of readings is integrated over
//! the windows that the runner names. A figure that cannot be had is an error with a reason, never 0.
//!
//! | module | idea |
//! |---|---|
//! | [`powercap`], [`android`], [`ina3221`], [`pi5_pmic`], [`battery`], [`nvml`] | the sensors |
//! | [`command`] | an external meter |
//! | [`mod@find`] | which of them are there, and why the others are not |
//! | [`estimate`] | windows to joules per inference |
//! | [`proxy`] | what stands in for energy where there is no sensor |
//! | [`calibration`] | how far the processor's proxy may be trusted on one machine |
#![forbid(unsafe_code)]

pub mod android;
pub mod battery;
pub mod calibration;
pub mod command;
mod counters;
pub mod estimate;
pub mod files;
pub mod find;
pub mod ina3221;
mod lines;
pub mod nvml;
pub mod pi5_pmic;
mod places;
pub mod powercap;
mod process;
pub mod proxy;
mod sampler;
mod series;
mod source;

pub use find::{Choice, UnknownSource, find, open};
pub use places::Places;
pub use sampler::Sampler;
pub use series::{Because, Series, WindowEnergy, WindowError};
pub use source::{ReadError, Reading, Sample, Source};
