//! The rules that facts break.

use edgebench_record::{Battery, Class, HealthReading, Host};

use super::Finding;
use super::during::during;

/// Load on processors above which a machine is busy before a run.
const BUSY: f64 = 0.5;

/// Pressure in the ten seconds before a run above which a machine is busy.
const PRESSED: f64 = 0.1;

/// The rules that a machine broke, in the order of reading.
pub(in super::super) fn findings(host: &Host, optimised: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |limits_to: Class, warns: bool, fact: String, hint: &'static str| {
        findings.push(Finding {
            fact,
            hint,
            limits_to,
            warns,
        });
    };
    if !optimised {
        found(
            Class::C,
            true,
            "this is a debug build".to_owned(),
            "build with `--release`",
        );
    }
    if host.emulated {
        found(
            Class::C,
            true,
            format!("the architecture {} is emulated", host.architecture),
            "measure on the device itself; times taken here are not its times",
        );
    }
    if let Some(governor) = host.governor.as_deref().filter(|&governor| governor != "performance") {
        found(
            Class::B,
            true,
            format!("the frequency governor is `{governor}`"),
            "set it to `performance` for the time of the run",
        );
    }
    if host.turbo == Some(true) {
        found(
            Class::B,
            false,
            "turbo is on".to_owned(),
            "turn it off for figures that last; burst and sustained speed differ with it",
        );
    }
    if host.smt == Some(true) {
        found(
            Class::B,
            false,
            "several logical processors share a core (SMT)".to_owned(),
            "turn SMT off, or pin the worker to one logical processor of each core",
        );
    }
    busy(host, &mut found);
    if let Some(name) = &host.virtualisation {
        found(
            Class::B,
            true,
            format!("this is a virtual machine or container ({name})"),
            "compare only what was measured side by side in one run",
        );
    }
    if let Some(quota) = quota(host) {
        found(
            Class::B,
            false,
            format!(
                "the control group allows the time of {quota:.2} processors, and {} are in use",
                host.cpus
            ),
            "run with fewer threads than that, or without the quota",
        );
    }
    if let Some(health) = &host.health_at_start {
        if let Some(power) = on_battery(health) {
            found(Class::B, true, power.to_owned(), "connect the mains supply");
        }
        if health.swap_used_bytes.is_some_and(|bytes| bytes > 0) {
            found(
                Class::B,
                true,
                "swap space is in use".to_owned(),
                "free some memory; figures of resident memory may be too small",
            );
        }
    }
    let unknown = unknown(host);
    if !unknown.is_empty() {
        found(
            Class::B,
            false,
            format!("not readable here: {}", unknown.join(", ")),
            "measure on the bare machine, where the kernel tells them",
        );
    }
    during(host, &mut found);
    findings
}

fn busy(host: &Host, found: &mut impl FnMut(Class, bool, String, &'static str)) {
    const HINT: &str = "end what else is running and measure again";
    if let Some(load) = host.load_at_start.filter(|&load| load > BUSY * host.cpus as f64) {
        found(
            Class::B,
            true,
            format!(
                "the load was {load:.2} on {} processors before the run began",
                host.cpus
            ),
            HINT,
        );
        return;
    }
    let pressure = host.health_at_start.as_ref().and_then(|health| health.cpu_pressure);
    if let Some(pressure) = pressure.filter(|pressure| pressure.avg10 > PRESSED) {
        found(
            Class::B,
            true,
            format!(
                "something waited for a processor for {:.0} % of the ten seconds before the run",
                pressure.avg10 * 100.0
            ),
            HINT,
        );
    }
}

/// The quota on processor time, where it is less than the processors in use could take.
fn quota(host: &Host) -> Option<f64> {
    let quota = host.cgroup.as_ref()?.cpu_quota?;
    (quota < host.cpus as f64).then_some(quota)
}

fn on_battery(health: &HealthReading) -> Option<&'static str> {
    let battery: &Battery = health.battery.as_ref()?;
    if battery.status.as_deref() == Some("discharging") {
        return Some("the battery is discharging");
    }
    (health.mains_online == Some(false)).then_some("no mains supply is connected")
}

/// What a machine must tell before it can be of class A.
fn unknown(host: &Host) -> Vec<&'static str> {
    let end = host.health_at_end.as_ref().or(host.health_at_start.as_ref());
    let missing = |known: bool, name: &'static str| (!known).then_some(name);
    [
        missing(end.is_some_and(|health| !health.temperatures.is_empty()), "temperature"),
        missing(host.governor.is_some(), "frequency governor"),
        missing(
            end.is_some_and(|health| health.cpu_pressure.is_some()),
            "processor pressure",
        ),
        missing(host.load_at_start.is_some(), "load"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
