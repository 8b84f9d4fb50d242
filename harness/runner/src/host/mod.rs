//! Facts and health of the machine, read at the start and at the end of a run.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

use std::path::Path;

use edgebench_record::{HealthWarning, Host};

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use other as platform;

/// Set by whoever starts edgebench under an emulator that does not show itself.
pub const EMULATED_VARIABLE: &str = "EDGEBENCH_EMULATED";

/// The machine's facts at the start of a run, and what is needed to tell what happened until its end.
#[derive(Debug)]
pub struct HostWatch {
    host: Host,
    swap_used: bool,
    times: Option<ProcessorTimes>,
    root: std::path::PathBuf,
}

/// Processor time since the machine started, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessorTimes {
    pub(crate) total: u64,
    pub(crate) steal: u64,
}

impl HostWatch {
    /// Reads the machine's facts. `root` is `/`, or a folder that looks like it.
    pub fn start(root: &Path) -> Self {
        let (mut host, swap_used) = platform::read(root);
        host.emulated |= std::env::var_os(EMULATED_VARIABLE).is_some_and(|value| value == "1");
        Self {
            host,
            swap_used,
            times: platform::processor_times(root),
            root: root.to_owned(),
        }
    }

    /// The facts with what happened since, and with warnings.
    pub fn finish(self, name: Option<String>, optimised: bool) -> Host {
        let now = platform::processor_times(&self.root);
        let steal = self.times.zip(now).and_then(|(then, now)| steal(then, now));
        let mut host = Host {
            name,
            steal,
            ..self.host
        };
        host.warnings = warnings(&host, self.swap_used, optimised);
        host
    }
}

/// The share of processor time that the hypervisor took between two readings.
fn steal(then: ProcessorTimes, now: ProcessorTimes) -> Option<f64> {
    let total = now.total.checked_sub(then.total).filter(|&total| total > 0)?;
    Some(now.steal.checked_sub(then.steal)? as f64 / total as f64)
}

fn warnings(host: &Host, swap_used: bool, optimised: bool) -> Vec<HealthWarning> {
    let mut warnings = Vec::new();
    let mut warn = |fact: String, hint: &str| {
        warnings.push(HealthWarning {
            fact,
            hint: hint.to_owned(),
        });
    };
    if !optimised {
        warn("this is a debug build".to_owned(), "build with `--release`");
    }
    if host.emulated {
        warn(
            format!("the architecture {} is emulated", host.architecture),
            "measure on the device itself; times taken here are not its times",
        );
    }
    if let Some(governor) = host.governor.as_deref().filter(|&governor| governor != "performance") {
        warn(
            format!("the frequency governor is `{governor}`"),
            "set it to `performance` for the time of the run",
        );
    }
    if let Some(load) = host.load_at_start.filter(|&load| load > 0.5 * host.cpus as f64) {
        warn(
            format!(
                "the load was {load:.2} on {} processors before the run began",
                host.cpus
            ),
            "end what else is running and measure again",
        );
    }
    if let Some(name) = &host.virtualisation {
        warn(
            format!("this is a virtual machine or container ({name})"),
            "compare only what was measured side by side in one run",
        );
    }
    if let Some(steal) = host.steal.filter(|&steal| steal > 0.02) {
        warn(
            format!(
                "the hypervisor took {:.1} % of the processor time during the run",
                steal * 100.0
            ),
            "measure again when the host is less busy",
        );
    }
    if swap_used {
        warn(
            "swap space is in use".to_owned(),
            "free some memory; figures of resident memory may be too small",
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_a_share_and_absent_without_time() {
        let then = ProcessorTimes { total: 1000, steal: 10 };
        assert_eq!(steal(then, ProcessorTimes { total: 1200, steal: 20 }), Some(0.05));
        assert_eq!(steal(then, then), None);
        assert_eq!(steal(then, ProcessorTimes { total: 900, steal: 10 }), None);
    }

    #[test]
    fn a_quiet_machine_has_no_warnings_and_a_bad_one_has_all() {
        let quiet = Host {
            cpus: 4,
            load_at_start: Some(1.0),
            ..Host::default()
        };
        assert_eq!(warnings(&quiet, false, true), []);
        let bad = Host {
            cpus: 2,
            load_at_start: Some(1.5),
            governor: Some("powersave".to_owned()),
            virtualisation: Some("kvm".to_owned()),
            steal: Some(0.1),
            emulated: true,
            ..Host::default()
        };
        assert_eq!(warnings(&bad, true, false).len(), 7);
    }
}
