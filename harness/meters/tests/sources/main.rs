//! Every source against fake trees of files and fake commands.
#![expect(clippy::unwrap_used, reason = "a test fails where something is not there")]

mod android;
mod battery;
#[cfg(unix)]
mod command;
mod find;
mod ina3221;
#[cfg(unix)]
mod pi5_pmic;
mod powercap;
mod sampler;
mod tree;
