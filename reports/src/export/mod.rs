//! A record's figures for the systems that keep them: pure functions, one file per format.
//!
//! | function | who reads it |
//! |---|---|
//! | [`smaller_is_better`], [`bigger_is_better`] | github-action-benchmark |
//! | [`bencher`] | Bencher |
//! | [`openmetrics`] | Prometheus, GitLab's metrics report |
//! | [`otava`] | Apache Otava |
//!
//! Each takes a [`Source`]: a run's record, or the candidate of a gate. A figure that the record lacks is left out and
//! never 0, and a cell that is not `measured` has none.

mod bencher;
mod benchmark_action;
mod openmetrics;
mod otava;
mod source;

pub use bencher::bencher;
pub use benchmark_action::{bigger_is_better, smaller_is_better};
pub use openmetrics::openmetrics;
pub use otava::{OtavaFile, otava, otava_header, otava_tests, otava_tests_beside};
pub use source::{Measured, Source};
