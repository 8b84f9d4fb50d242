//! What the standard library knows of any machine.

use std::path::Path;

use edgebench_record::Host;

use super::ProcessorTimes;

pub(super) fn read(_: &Path) -> (Host, bool) {
    let host = Host {
        architecture: std::env::consts::ARCH.to_owned(),
        system: std::env::consts::OS.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        ..Host::default()
    };
    (host, false)
}

pub(super) fn processor_times(_: &Path) -> Option<ProcessorTimes> {
    None
}
