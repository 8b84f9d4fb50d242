//! What follows from profiles made by hand, whose right reading is known.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod absurd;
mod derived;
mod differences;
mod files;
mod made;
mod noise;
mod roofline;
mod texts;
