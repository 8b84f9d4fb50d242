//! Facts and health of the machine: read at the start and at the end of a run, and how far its numbers can be trusted.
//!
//! Everything is read under a root, `/` or a folder that looks like it, and what cannot be read is absent. Nothing that
//! identifies the machine or its user is read but the machine's id, and that only under a key of the user's.
//!
//! | module | idea |
//! |---|---|
//! | `root` | small files |
//! | `linux` | facts of `/proc`, `/sys`, `/etc` |
//! | `macos`, `other` | facts elsewhere |
//! | `health` | what changes while the machine works |
//! | `vcgencmd` | the firmware of a Raspberry Pi |
//! | `key` | the machine's id as a keyed hash |
//! | `findings` | the rules: warnings and class |
//! | `gate` | waiting for the machine to be fit |
//! | `watch` | all of it over a run |

mod findings;
#[cfg(test)]
mod fixture;
mod gate;
mod health;
mod key;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, target_os = "macos"))]
mod macos;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod other;
mod root;
mod vcgencmd;
mod watch;

pub use gate::{start_gate, wait_until_fit};
pub use health::read_health;
pub use key::{MACHINE_KEY_VARIABLE, machine_key};
pub use watch::{EMULATED_VARIABLE, HostWatch};
