//! Energy: the sensors of a machine and external meters, each in a file of its own behind [`Source`].
//!
//! A source is read again and again by a [`Sampler`] while a worker runs; a [`Series`] of readings is integrated over
//! the windows that the runner names. A figure that cannot be had is an error with a reason, never 0.
#![forbid(unsafe_code)]

mod source;

pub use source::{ReadError, Reading, Source};
