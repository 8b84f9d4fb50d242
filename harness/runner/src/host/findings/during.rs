//! The rules that what happened during a run breaks.

use edgebench_record::{Class, HealthReading, Host, Pressure};

/// Share of processor time taken by the hypervisor above which times are disturbed.
const STEAL: f64 = 0.02;

/// Share of the run in which something waited for a resource above which times are disturbed.
const PRESSURE: f64 = 0.1;

/// Growth of swap space in use that is more than the housekeeping of a machine at rest.
const SWAP_BYTES: u64 = 1 << 20;

/// A rise above which early and late samples come from a cool and from a warm device, °C.
const RISE: f64 = 20.0;

/// Nearer to the limit than this the next run may be slowed, °C.
const MARGIN: f64 = 5.0;

/// Share of the highest frequency below which a processor that is told to run at it does not.
const FREQUENCY: f64 = 0.9;

/// A window that is too short for a share of it, in nanoseconds.
const SHORTEST: u64 = 1_000_000_000;

/// The rules that the difference between start and end broke.
pub(super) fn during(host: &Host, found: &mut impl FnMut(Class, bool, String, &'static str)) {
    if let Some(steal) = host.steal.filter(|&steal| steal > STEAL) {
        found(
            Class::C,
            true,
            format!(
                "the hypervisor took {:.1} % of the processor time during the run",
                steal * 100.0
            ),
            "measure again when the host is less busy",
        );
    }
    let (Some(start), Some(end)) = (&host.health_at_start, &host.health_at_end) else {
        return;
    };
    pressure(start, end, found);
    throttled(start, end, found);
    if let (Some(then), Some(now)) = (start.swap_used_bytes, end.swap_used_bytes)
        && now.saturating_sub(then) > SWAP_BYTES
    {
        found(
            Class::C,
            true,
            "swap space in use grew during the run".to_owned(),
            "free some memory, or measure a smaller model or batch",
        );
    }
    temperature(start, end, found);
    frequency(host, end, found);
    let charging = |health: &HealthReading| health.battery.as_ref().and_then(|battery| battery.status.clone());
    if charging(end).as_deref() == Some("discharging") && charging(start).as_deref() != Some("discharging") {
        found(
            Class::B,
            true,
            "the battery began to discharge during the run".to_owned(),
            "keep the mains supply connected",
        );
    }
}

fn pressure(start: &HealthReading, end: &HealthReading, found: &mut impl FnMut(Class, bool, String, &'static str)) {
    let window = start
        .uptime_ns
        .zip(end.uptime_ns)
        .and_then(|(then, now)| now.0.checked_sub(then.0))
        .filter(|&window| window >= SHORTEST);
    let share = |then: Option<Pressure>, now: Option<Pressure>| {
        let waited = now?.total_ns.0.checked_sub(then?.total_ns.0)?;
        Some((waited as f64 / window? as f64).min(1.0)).filter(|&share| share > PRESSURE)
    };
    if let Some(share) = share(start.cpu_pressure, end.cpu_pressure) {
        found(
            Class::C,
            true,
            format!("something waited for a processor for {:.0} % of the run", share * 100.0),
            "end what else is running, or use fewer threads than processors",
        );
    }
    if let Some(share) = share(start.memory_pressure, end.memory_pressure) {
        found(
            Class::C,
            true,
            format!("something waited for memory for {:.0} % of the run", share * 100.0),
            "free some memory, or measure a smaller model or batch",
        );
    }
    if let Some(share) = share(start.io_pressure, end.io_pressure) {
        found(
            Class::B,
            true,
            format!("something waited for storage for {:.0} % of the run", share * 100.0),
            "end what else reads and writes; load times depend on it most",
        );
    }
}

fn throttled(start: &HealthReading, end: &HealthReading, found: &mut impl FnMut(Class, bool, String, &'static str)) {
    const HINT: &str = "cool the device, or lengthen the pauses, and measure again";
    let rose = |then: Option<u64>, now: Option<u64>| then.zip(now).is_some_and(|(then, now)| now > then);
    let then = start.throttle.unwrap_or_default();
    let now = end.throttle.unwrap_or_default();
    if rose(then.core, now.core) || rose(then.package, now.package) {
        let fact = "the processor was slowed for heat during the run";
        found(Class::C, true, fact.to_owned(), HINT);
    }
    let Some(now) = end.firmware_throttle else {
        return;
    };
    // What is so at the end, and what happened since the start that had not happened before.
    let since = (now >> 16) & !(start.firmware_throttle.unwrap_or(now) >> 16);
    let bits = (now | since) & 0xf;
    let names = [
        "under-voltage",
        "a capped frequency",
        "throttling",
        "the soft temperature limit",
    ];
    let told: Vec<&str> = names
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, name)| name)
        .collect();
    if !told.is_empty() {
        found(
            Class::C,
            true,
            format!("the firmware reports {} during the run", told.join(", ")),
            if bits & 1 == 1 {
                "use the supply that the board's maker names, and cool the board"
            } else {
                HINT
            },
        );
    }
}

fn temperature(start: &HealthReading, end: &HealthReading, found: &mut impl FnMut(Class, bool, String, &'static str)) {
    let near = end.temperatures.iter().find_map(|now| {
        let limit = now.limit_celsius?;
        (now.celsius > limit - MARGIN).then_some((now, limit))
    });
    if let Some((now, limit)) = near {
        found(
            Class::B,
            true,
            format!(
                "{} was at {:.0} °C at the end, and is limited to {limit:.0} °C",
                now.sensor, now.celsius
            ),
            "cool the device; it is about to be slowed",
        );
    }
    let rise = end.temperatures.iter().filter_map(|now| {
        let then = start.temperatures.iter().find(|then| then.sensor == now.sensor)?;
        Some((now.celsius - then.celsius, now, then))
    });
    let most = rise.max_by(|one, other| one.0.total_cmp(&other.0));
    if let Some((_, now, then)) = most.filter(|(rise, ..)| *rise > RISE) {
        found(
            Class::B,
            true,
            format!(
                "{} went from {:.0} °C to {:.0} °C during the run",
                now.sensor, then.celsius, now.celsius
            ),
            "warm the device up first, or measure for longer; what was measured first was measured cool",
        );
    }
}

/// A processor at rest is slow and with turbo each has its own highest, so this holds only where the governor asks for the
/// highest frequency always and turbo does not move it.
fn frequency(host: &Host, end: &HealthReading, found: &mut impl FnMut(Class, bool, String, &'static str)) {
    let asked = host.governor.as_deref() == Some("performance") && host.turbo != Some(true);
    let highest = host.frequency.as_ref().and_then(|limits| limits.max_khz);
    if let (true, Some(now), Some(highest)) = (asked, end.frequency, highest)
        && (now.max_khz as f64) < FREQUENCY * highest as f64
    {
        found(
            Class::B,
            true,
            format!(
                "the fastest processor ran at {:.2} GHz at the end, and {:.2} GHz is what it may",
                now.max_khz as f64 / 1e6,
                highest as f64 / 1e6
            ),
            "look for a limit on power or heat",
        );
    }
}
