//! The machine's health at one moment.

use std::collections::BTreeMap;
use std::path::Path;

use edgebench_api::Nanos;
use edgebench_record::{Battery, FrequencySpan, HealthReading, Pressure, ProcessorTicks, Temperature, ThrottleCounts};

use super::root::{Root, meminfo, positive};
use super::vcgencmd;

/// Drivers of `hwmon` that measure the processor. Drives, network cards and the like have sensors too.
const PROCESSOR_SENSORS: [&str; 5] = ["coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal"];

/// What a sensor at work can say, °C. Broken ones say -274, 255 or 65535.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = -60.0..=150.0;

/// Lower limits start a fan or tell a user; they slow nothing.
const LOWEST_LIMIT: f64 = 50.0;

/// Reads the machine's health under a root, `/` or a folder that looks like it. A few dozen small files, a few
/// milliseconds: not for within timed regions.
pub fn read_health(root: &Path) -> HealthReading {
    let root = Root(root);
    let cpus = root.cpus();
    let memory = root.text("proc/meminfo").unwrap_or_default();
    let (mains_online, battery) = power(root);
    HealthReading {
        uptime_ns: root.line("proc/uptime").and_then(|line| uptime(&line)),
        load1: root
            .line("proc/loadavg")
            .and_then(|line| share(line.split_whitespace().next()?)),
        processor: root.text("proc/stat").and_then(|text| ticks(&text)),
        cpu_pressure: pressure(root, "cpu"),
        memory_pressure: pressure(root, "memory"),
        io_pressure: pressure(root, "io"),
        temperatures: temperatures(root),
        frequency: frequency(root, &cpus),
        throttle: throttle(root, &cpus),
        firmware_throttle: vcgencmd::throttled(root),
        mains_online,
        battery,
        swap_used_bytes: meminfo(&memory, "SwapTotal")
            .zip(meminfo(&memory, "SwapFree"))
            .and_then(|(total, free)| total.checked_sub(free)),
    }
}

/// A number that is neither negative nor endless.
fn share(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite() && *value >= 0.0)
}

/// Seconds since the machine started, and the idle seconds of its processors.
fn uptime(line: &str) -> Option<Nanos> {
    let seconds = share(line.split_whitespace().next()?)?;
    std::time::Duration::try_from_secs_f64(seconds).ok().map(Nanos::from)
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal, and two that the first two
/// contain.
fn ticks(stat: &str) -> Option<ProcessorTicks> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .take(8)
        .collect();
    let steal = *ticks.get(7)?;
    Some(ProcessorTicks {
        total: ticks.iter().try_fold(0_u64, |sum, &part| sum.checked_add(part))?,
        idle: ticks[3].checked_add(ticks[4])?,
        steal,
    })
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`.
fn pressure(root: Root<'_>, resource: &str) -> Option<Pressure> {
    let text = root.text(&format!("proc/pressure/{resource}"))?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let value = |name: &str| {
        some.split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    let percent = share(value("avg10")?).filter(|&percent| percent <= 100.0)?;
    let total_us: u64 = value("total")?.parse().ok()?;
    Some(Pressure {
        avg10: percent / 100.0,
        total_ns: Nanos(total_us.checked_mul(1000)?),
    })
}

/// Thousandths of a degree. Exactly 0 is what firmware without a sensor says, and no die at work.
fn celsius(thousandths: i64) -> Option<f64> {
    let celsius = thousandths as f64 / 1000.0;
    (thousandths != 0 && PLAUSIBLE.contains(&celsius)).then_some(celsius)
}

fn temperatures(root: Root<'_>) -> Vec<Temperature> {
    let mut hottest: BTreeMap<String, Temperature> = BTreeMap::new();
    let mut add = |found: Temperature| {
        let known = hottest.entry(found.sensor.clone()).or_insert_with(|| found.clone());
        known.celsius = known.celsius.max(found.celsius);
        known.limit_celsius = match (known.limit_celsius, found.limit_celsius) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    };
    for zone in root.names("sys/class/thermal") {
        let folder = format!("sys/class/thermal/{zone}");
        let reading = root.number(&format!("{folder}/temp")).and_then(celsius);
        if let (true, Some(celsius)) = (zone.starts_with("thermal_zone"), reading) {
            add(Temperature {
                sensor: root.line(&format!("{folder}/type")).unwrap_or(zone),
                celsius,
                limit_celsius: limit(root, &folder),
            });
        }
    }
    for chip in root.names("sys/class/hwmon") {
        let folder = format!("sys/class/hwmon/{chip}");
        let driver = root.line(&format!("{folder}/name"));
        let Some(driver) = driver.filter(|name| PROCESSOR_SENSORS.contains(&name.as_str())) else {
            continue;
        };
        for file in root.names(&folder) {
            let number = file.strip_prefix("temp").and_then(|rest| rest.strip_suffix("_input"));
            let reading = number.and_then(|_| root.number(&format!("{folder}/{file}")).and_then(celsius));
            if let (Some(number), Some(celsius)) = (number, reading) {
                let limit: Option<i64> = root.number(&format!("{folder}/temp{number}_crit"));
                add(Temperature {
                    sensor: driver.clone(),
                    celsius,
                    limit_celsius: limit.and_then(self::celsius).filter(|&limit| limit >= LOWEST_LIMIT),
                });
            }
        }
    }
    hottest.into_values().collect()
}

/// The lowest trip point of a zone at which the kernel slows the device or turns it off.
fn limit(root: Root<'_>, folder: &str) -> Option<f64> {
    root.names(folder)
        .iter()
        .filter_map(|name| {
            let point = name
                .strip_suffix("_type")
                .filter(|point| point.starts_with("trip_point_"))?;
            let kind = root.line(&format!("{folder}/{name}"))?;
            ["passive", "hot", "critical"].contains(&kind.as_str()).then_some(())?;
            root.number(&format!("{folder}/{point}_temp")).and_then(celsius)
        })
        .filter(|&limit| limit >= LOWEST_LIMIT)
        .min_by(f64::total_cmp)
}

fn frequency(root: Root<'_>, cpus: &[u32]) -> Option<FrequencySpan> {
    let now = |&cpu: &u32| {
        root.number(&format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq"))
            .and_then(positive)
    };
    let all: Vec<u64> = cpus.iter().filter_map(now).collect();
    Some(FrequencySpan {
        min_khz: *all.iter().min()?,
        max_khz: *all.iter().max()?,
    })
}

fn throttle(root: Root<'_>, cpus: &[u32]) -> Option<ThrottleCounts> {
    let sum = |name: &str| {
        cpus.iter()
            .filter_map(|cpu| root.number(&format!("sys/devices/system/cpu/cpu{cpu}/thermal_throttle/{name}")))
            .reduce(u64::saturating_add)
    };
    let counts = ThrottleCounts {
        core: sum("core_throttle_count"),
        package: sum("package_throttle_count"),
    };
    (counts != ThrottleCounts::default()).then_some(counts)
}

/// Whether a mains supply is connected, and the first battery. Batteries of mice and the like are of the scope `Device`.
fn power(root: Root<'_>) -> (Option<bool>, Option<Battery>) {
    let mut mains: Option<bool> = None;
    let mut battery = None;
    for supply in root.names("sys/class/power_supply") {
        let line = |name: &str| root.line(&format!("sys/class/power_supply/{supply}/{name}"));
        if line("scope").as_deref() == Some("Device") {
            continue;
        }
        match line("type").as_deref() {
            Some("Mains" | "USB" | "USB_C" | "Wireless") => {
                // Some chargers tell 2 for a line that is programmable.
                let online = line("online")
                    .and_then(|online| online.parse::<u8>().ok())
                    .map(|online| online > 0);
                mains = match (mains, online) {
                    (Some(one), Some(other)) => Some(one || other),
                    (one, other) => one.or(other),
                };
            }
            // Boards without a battery have gauges that say so.
            Some("Battery") if battery.is_none() && line("present").as_deref() != Some("0") => {
                let status = line("status").map(|status| status.to_ascii_lowercase());
                let known = ["charging", "discharging", "not charging", "full"];
                let charge = line("capacity").and_then(|charge| charge.parse().ok());
                let found = Battery {
                    status: status.filter(|status| known.contains(&status.as_str())),
                    charge_percent: charge.filter(|&percent: &u8| percent <= 100),
                };
                if found.status.is_some() || found.charge_percent.is_some() {
                    battery = Some(found);
                }
            }
            _ => {}
        }
    }
    (mains, battery)
}

#[cfg(test)]
mod tests;
