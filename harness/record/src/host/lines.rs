//! A machine in words: one line a fact.

use edgebench_api::Bytes;

use super::{Cache, CacheKind, CgroupLimits, CoreType, FrequencyLimits, HealthReading, Host, Pressure};

impl Host {
    /// What is known of the machine, each fact with its name, in the order of reading. Strings are the machine's own and
    /// may hold anything. What is unknown is left out.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let emulated = if self.emulated { ", emulated" } else { "" };
        let mut facts = vec![("machine", format!("{} {}{emulated}", self.architecture, self.system))];
        let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
        fact("virtualisation", self.virtualisation.clone());
        fact("processor", self.cpu_model.clone());
        fact("processors", self.processors());
        fact("core types", list(&self.core_types, core_type));
        fact("microcode", self.microcode.clone());
        fact(
            "instruction sets",
            Some(self.isa.join(" ")).filter(|isa| !isa.is_empty()),
        );
        fact("caches", list(&self.caches, cache));
        fact("governor", self.governor.clone());
        fact("energy preference", self.energy_preference.clone());
        fact("frequency limits", self.frequency.as_ref().and_then(frequency_limits));
        fact("turbo", self.turbo.map(on));
        fact("SMT", self.smt.map(on));
        fact("memory", self.memory_bytes.map(|bytes| Bytes(bytes).to_string()));
        fact("swap space", self.swap_total_bytes.map(none_or_bytes));
        fact(
            "cgroup limits",
            self.cgroup
                .as_ref()
                .and_then(|limits| cgroup(limits, self.logical_cpus)),
        );
        fact("page size", self.page_size_bytes.map(|bytes| Bytes(bytes).to_string()));
        fact("huge pages", self.transparent_huge_pages.clone());
        fact("address layout", self.address_randomisation.map(randomisation));
        fact("distribution", self.distribution.clone());
        fact("kernel", self.kernel.clone());
        fact("C library", self.libc.clone());
        fact("machine key", self.machine_key.clone());
        facts
    }

    fn processors(&self) -> Option<String> {
        let mut parts = Vec::new();
        match self.logical_cpus {
            Some(online) if self.cpus > 0 && online != self.cpus => {
                parts.push(format!("{} of {online} for this process", self.cpus));
            }
            Some(online) => parts.push(online.to_string()),
            None if self.cpus > 0 => parts.push(self.cpus.to_string()),
            None => {}
        }
        parts.extend(self.physical_cores.map(|cores| format!("{cores} cores")));
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl HealthReading {
    /// What is known of the machine's health, each fact with its name.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
        fact("load", self.load1.map(|load| format!("{load:.2}")));
        fact("pressure", self.pressure());
        fact(
            "temperature",
            self.hottest().map(|hottest| {
                let limit = hottest
                    .limit_celsius
                    .map_or_else(String::new, |limit| format!(", limit {limit:.0} °C"));
                format!("{:.1} °C ({}{limit})", hottest.celsius, hottest.sensor)
            }),
        );
        fact(
            "frequency now",
            self.frequency.map(|span| {
                if span.min_khz == span.max_khz {
                    gigahertz(span.max_khz)
                } else {
                    format!("{} to {}", gigahertz(span.min_khz), gigahertz(span.max_khz))
                }
            }),
        );
        fact("throttled", self.throttled());
        fact("power", self.power());
        fact("swap in use", self.swap_used_bytes.map(none_or_bytes));
        facts
    }

    fn pressure(&self) -> Option<String> {
        let one = |name: &str, pressure: Option<Pressure>| {
            pressure.map(|pressure| format!("{name} {:.1} %", pressure.avg10 * 100.0))
        };
        let parts: Vec<String> = [
            one("processor", self.cpu_pressure),
            one("memory", self.memory_pressure),
            one("storage", self.io_pressure),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn throttled(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(counts) = self.throttle {
            parts.extend(counts.core.map(|count| format!("cores {count} times")));
            parts.extend(counts.package.map(|count| format!("packages {count} times")));
        }
        parts.extend(self.firmware_throttle.map(|bits| format!("firmware flags {bits:#x}")));
        (!parts.is_empty()).then(|| format!("{} since the start of the machine", parts.join(", ")))
    }

    fn power(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(
            self.mains_online
                .map(|online| if online { "mains" } else { "no mains" }.to_owned()),
        );
        if let Some(battery) = &self.battery {
            let status = battery.status.iter().cloned();
            let charge = battery.charge_percent.map(|percent| format!("{percent} %"));
            let words: Vec<String> = status.chain(charge).collect();
            parts.push(format!("battery {}", words.join(" ")).trim_end().to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn list<T>(items: &[T], word: impl Fn(&T) -> String) -> Option<String> {
    (!items.is_empty()).then(|| items.iter().map(word).collect::<Vec<String>>().join(", "))
}

fn on(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn none_or_bytes(bytes: u64) -> String {
    match bytes {
        0 => "none".to_owned(),
        bytes => Bytes(bytes).to_string(),
    }
}

fn gigahertz(khz: u64) -> String {
    format!("{:.2} GHz", khz as f64 / 1e6)
}

fn core_type(kind: &CoreType) -> String {
    let name = match (&kind.name, kind.capacity) {
        (Some(name), _) => name.clone(),
        (None, Some(capacity)) => format!("capacity {capacity}"),
        (None, None) => "unknown".to_owned(),
    };
    format!("{} × {name}", kind.cpus)
}

fn cache(cache: &Cache) -> String {
    let kind = match cache.kind {
        CacheKind::Data => "d",
        CacheKind::Instruction => "i",
        CacheKind::Unified => "",
    };
    let instances = match cache.instances {
        0 | 1 => String::new(),
        several => format!("{several} × "),
    };
    format!("L{}{kind} {instances}{}", cache.level, Bytes(cache.size_bytes))
}

fn frequency_limits(limits: &FrequencyLimits) -> Option<String> {
    let span = |min: Option<u64>, max: Option<u64>| match (min, max) {
        (Some(min), Some(max)) => Some(format!("{} to {}", gigahertz(min), gigahertz(max))),
        (None, Some(max)) => Some(format!("up to {}", gigahertz(max))),
        (Some(min), None) => Some(format!("from {}", gigahertz(min))),
        (None, None) => None,
    };
    let now = span(limits.min_khz, limits.max_khz);
    let hardware = span(limits.hardware_min_khz, limits.hardware_max_khz);
    match (now, hardware) {
        (Some(now), Some(hardware)) if now != hardware => Some(format!("{now} (hardware {hardware})")),
        (now, hardware) => now.or(hardware),
    }
}

/// A set that holds all processors limits nothing.
fn cgroup(limits: &CgroupLimits, online: Option<usize>) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(limits.cpu_quota.map(|quota| format!("time of {quota:.2} processors")));
    let set = limits
        .cpuset_cpus
        .filter(|&cpus| online.is_none_or(|online| cpus < online));
    parts.extend(set.map(|cpus| format!("set of {cpus} processors")));
    parts.extend(limits.memory_bytes.map(|bytes| format!("memory {}", Bytes(bytes))));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn randomisation(value: u8) -> String {
    match value {
        0 => "fixed",
        1 => "random but for the heap",
        _ => "random",
    }
    .to_owned()
}
