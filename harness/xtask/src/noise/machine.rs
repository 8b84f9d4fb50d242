//! The machine that counts were taken on.

use std::fs;

/// The processor's name and the number of processors, for the reader of a count.
pub(crate) fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(':')
            .map(|(_, name)| name.trim().to_owned())
    });
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "{}, {cpus} processors",
        model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
    )
}
