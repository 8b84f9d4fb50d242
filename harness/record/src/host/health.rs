//! What of a machine changes while it works.

use edgebench_api::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine's health at one moment. What could not be read is absent, never 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HealthReading {
    /// Time since the machine started, in steps of 10 ms: what tells how long lies between two readings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_ns: Option<Nanos>,
    /// One-minute load average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load1: Option<f64>,
    /// Processor time since the machine started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<ProcessorTicks>,
    /// Pressure on the processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<Pressure>,
    /// Pressure on memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_pressure: Option<Pressure>,
    /// Pressure on storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_pressure: Option<Pressure>,
    /// Temperatures by name of the sensor; of sensors with one name the hottest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub temperatures: Vec<Temperature>,
    /// Frequencies of the processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<FrequencySpan>,
    /// How often processors were slowed for heat since the machine started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleCounts>,
    /// `vcgencmd get_throttled` of a Raspberry Pi. Bits now: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft
    /// temperature limit. The same 16 higher: it happened since the machine started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_throttle: Option<u32>,
    /// Whether a mains supply is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mains_online: Option<bool>,
    /// The machine's battery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery: Option<Battery>,
    /// Swap space in use. 0 where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_used_bytes: Option<u64>,
}

impl HealthReading {
    /// The hottest sensor.
    pub fn hottest(&self) -> Option<&Temperature> {
        self.temperatures
            .iter()
            .max_by(|one, other| one.celsius.total_cmp(&other.celsius))
    }
}

/// Processor time since the machine started, in ticks of the kernel, over all processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessorTicks {
    /// All time, idle included.
    pub total: u64,
    /// Time without work, and time without work while storage was awaited.
    pub idle: u64,
    /// Time that the hypervisor gave to others while there was work.
    pub steal: u64,
}

/// Linux's pressure stall information, the line `some`: time in which at least one task waited for the resource.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pressure {
    /// Share of the last ten seconds, 0 to 1.
    pub avg10: f64,
    /// Since the machine started.
    pub total_ns: Nanos,
}

/// One temperature sensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Temperature {
    /// The kernel's name of the sensor, such as `x86_pkg_temp` or `cpu-thermal`.
    pub sensor: String,
    /// What it says.
    pub celsius: f64,
    /// The lowest temperature at which the kernel slows the device or turns it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_celsius: Option<f64>,
}

/// Slowest and fastest of the processors at one moment. A processor at rest is slow whatever it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrequencySpan {
    /// The slowest.
    pub min_khz: u64,
    /// The fastest.
    pub max_khz: u64,
}

/// Events of throttling since the machine started, summed over logical processors: those of one core and of one package
/// each count theirs. What it says is whether it rose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThrottleCounts {
    /// For the heat of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<u64>,
    /// For the heat of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<u64>,
}

/// A battery that powers the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Battery {
    /// `charging`, `discharging`, `not charging` or `full`. Absent where the driver does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Charge, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_percent: Option<u8>,
}
