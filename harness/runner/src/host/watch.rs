//! Facts and health over a run.

use std::path::{Path, PathBuf};

use edgebench_record::{HealthReading, Host};

#[cfg(target_os = "linux")]
use super::linux as platform;
#[cfg(target_os = "macos")]
use super::macos as platform;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
use super::other as platform;

use super::findings::{classify, findings, steal, warnings};
use super::health::read_health;
use super::key::{MACHINE_KEY_VARIABLE, machine_key};

/// Set by whoever starts edgebench under an emulator that does not show itself.
pub const EMULATED_VARIABLE: &str = "EDGEBENCH_EMULATED";

/// The machine's facts at the start of a run, and what is needed to tell what happened until its end.
#[derive(Debug)]
pub struct HostWatch {
    host: Host,
    root: PathBuf,
}

impl HostWatch {
    /// Reads the machine's facts and its health. `root` is `/`, or a folder that looks like it.
    pub fn start(root: &Path) -> Self {
        let mut host = platform::read(root);
        host.emulated |= std::env::var_os(EMULATED_VARIABLE).is_some_and(|value| value == "1");
        host.machine_key = std::env::var(MACHINE_KEY_VARIABLE)
            .ok()
            .and_then(|key| machine_key(root, &key));
        let health = read_health(root);
        host.load_at_start = health.load1.or(host.load_at_start);
        host.health_at_start = Some(health).filter(|health| *health != HealthReading::default());
        Self {
            host,
            root: root.to_owned(),
        }
    }

    /// The facts at the start.
    pub fn facts(&self) -> &Host {
        &self.host
    }

    /// The facts with what happened since, with warnings and the class.
    pub fn finish(self, name: Option<String>, optimised: bool) -> Host {
        let now = read_health(&self.root);
        let mut host = Host { name, ..self.host };
        host.steal = host.health_at_start.as_ref().and_then(|start| steal(start, &now));
        host.health_at_end = Some(now).filter(|health| *health != HealthReading::default());
        let findings = findings(&host, optimised);
        host.warnings = warnings(&findings);
        host.class = Some(classify(findings));
        host
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use edgebench_record::{Class, ProcessorTicks};

    use super::super::fixture::{machine, put};
    use super::*;

    #[test]
    fn what_happened_between_start_and_end_is_told() {
        let root = machine("x86-metal");
        let watch = HostWatch::start(root.path());
        put(&root, "proc/stat", "cpu  1900 0 0 9000 0 0 0 100 0 0");
        put(&root, "proc/uptime", "5010.00 9000.00");
        put(
            &root,
            "proc/pressure/cpu",
            "some avg10=9.00 avg60=0.00 avg300=0.00 total=4001000",
        );
        put(
            &root,
            "sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count",
            "4",
        );
        let host = watch.finish(Some("mine".to_owned()), true);
        assert_eq!(
            (host.name.as_deref(), host.steal, host.load_at_start),
            (Some("mine"), Some(0.1), Some(0.1))
        );
        let start = host.health_at_start.as_ref().unwrap();
        assert_eq!(
            start.processor,
            Some(ProcessorTicks {
                total: 10_000,
                idle: 9_000,
                steal: 0
            })
        );
        let facts: Vec<&str> = host.warnings.iter().map(|warning| warning.fact.as_str()).collect();
        assert_eq!(
            facts,
            [
                "the hypervisor took 10.0 % of the processor time during the run",
                "something waited for a processor for 40 % of the run",
                "the processor was slowed for heat during the run",
            ]
        );
        let class = host.class.unwrap();
        assert_eq!(class.class, Class::C);
        assert_eq!(class.reasons.len(), 5, "and turbo and SMT: {:?}", class.reasons);
    }

    #[test]
    fn an_empty_machine_has_no_health() {
        let host = HostWatch::start(tempfile::tempdir().unwrap().path()).finish(None, true);
        assert_eq!(
            (host.health_at_start, host.health_at_end, host.steal),
            (None, None, None)
        );
    }

    /// Nothing that tells one machine or its user from another is in what is written.
    #[test]
    fn no_name_serial_or_address_is_in_a_record() {
        let secrets = [
            "feedc0de",
            "kitchen",
            "feedface",
            "BATSERIAL4711",
            "MOUSESERIAL",
            "PF3SERIAL99",
            "aaaabbbb",
            "anna",
            "de:ad:be:ef",
            "0123456789abcdef",
            "7f3a",
            "beef",
            "c0ffee",
            "1421423012345",
        ];
        let mut told = 0;
        for name in ["arm-board", "laptop", "jetson", "container-v1", "container-v2"] {
            let root = machine(name);
            let tree = std::fs::read_to_string(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests/hosts")
                    .join(name)
                    .with_extension("txt"),
            )
            .unwrap();
            let host = HostWatch::start(root.path()).finish(None, true);
            let written = serde_json::to_string(&host).unwrap();
            for secret in secrets {
                told += usize::from(tree.contains(secret));
                assert!(!written.contains(secret), "{name}: {secret}");
            }
        }
        assert!(told >= secrets.len(), "the machines hold {told} secrets");
    }
}
