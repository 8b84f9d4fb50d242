//! Many records over time: an index and its trends.
#![forbid(unsafe_code)]
