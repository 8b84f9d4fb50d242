//! Cores, caches, frequencies.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_record::{Cache, CacheKind, CoreType, FrequencyLimits};

use super::super::root::{Root, distinct, fields, positive};

const CPU: &str = "sys/devices/system/cpu";

/// Cores: each pair of package and core that an online processor names.
pub(super) fn physical_cores(root: Root<'_>, cpus: &[u32]) -> Option<usize> {
    // Kernels that do not know say -1.
    let part = |cpu: u32, name: &str| root.number::<u32>(&format!("{CPU}/cpu{cpu}/topology/{name}"));
    let cores: Option<BTreeSet<(u32, Option<u32>, u32)>> = cpus
        .iter()
        .map(|&cpu| {
            // Clusters of Arm may number their cores from 0 each.
            Some((
                part(cpu, "physical_package_id")?,
                part(cpu, "cluster_id"),
                part(cpu, "core_id")?,
            ))
        })
        .collect();
    cores.map(|cores| cores.len()).filter(|&cores| cores > 0)
}

/// The caches of the processors, nearest to the core first. Processors that share a cache name the same set of sharers.
pub(super) fn caches(root: Root<'_>, cpus: &[u32]) -> Vec<Cache> {
    let mut sharers: BTreeMap<(u8, CacheKind, u64), BTreeSet<String>> = BTreeMap::new();
    for &cpu in cpus {
        let folder = format!("{CPU}/cpu{cpu}/cache");
        for index in root.names(&folder).iter().filter(|name| name.starts_with("index")) {
            let line = |name: &str| root.line(&format!("{folder}/{index}/{name}"));
            let kind = match line("type").as_deref() {
                Some("Data") => CacheKind::Data,
                Some("Instruction") => CacheKind::Instruction,
                Some("Unified") => CacheKind::Unified,
                _ => continue,
            };
            let level = line("level").and_then(|level| level.parse().ok());
            let size = line("size").and_then(|size| size_bytes(&size));
            let (Some(level @ 1..=9), Some(size)) = (level, size) else {
                continue;
            };
            let shared = line("shared_cpu_list").unwrap_or_else(|| cpu.to_string());
            sharers.entry((level, kind, size)).or_default().insert(shared);
        }
    }
    sharers
        .into_iter()
        .map(|((level, kind, size_bytes), sharers)| Cache {
            level,
            kind,
            size_bytes,
            instances: sharers.len(),
        })
        .collect()
}

/// `32K`, `8192K`, `1M`.
fn size_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit).filter(|&size| size > 0)
}

/// What one file of every processor's `cpufreq` says: different words with commas between.
pub(super) fn policy_words(root: Root<'_>, cpus: &[u32], name: &str) -> Option<String> {
    distinct(
        cpus.iter()
            .filter_map(|cpu| root.line(&format!("{CPU}/cpu{cpu}/cpufreq/{name}"))),
    )
}

/// The frequencies that one file of every processor's `cpufreq` names.
fn frequencies<'a>(root: Root<'a>, cpus: &'a [u32], name: &'a str) -> impl Iterator<Item = u64> {
    cpus.iter()
        .filter_map(move |cpu| root.number(&format!("{CPU}/cpu{cpu}/cpufreq/{name}")))
        .filter_map(positive)
}

pub(super) fn frequency_limits(root: Root<'_>, cpus: &[u32]) -> Option<FrequencyLimits> {
    let limits = FrequencyLimits {
        min_khz: frequencies(root, cpus, "scaling_min_freq").min(),
        max_khz: frequencies(root, cpus, "scaling_max_freq").max(),
        hardware_min_khz: frequencies(root, cpus, "cpuinfo_min_freq").min(),
        hardware_max_khz: frequencies(root, cpus, "cpuinfo_max_freq").max(),
    };
    (limits != FrequencyLimits::default()).then_some(limits)
}

/// `intel_pstate` says whether turbo is off, other drivers whether boost is on, some of them for each policy.
pub(super) fn turbo(root: Root<'_>, cpus: &[u32]) -> Option<bool> {
    let flag = |path: &str| match root.number::<u8>(path)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    flag(&format!("{CPU}/intel_pstate/no_turbo"))
        .map(|off| !off)
        .or_else(|| flag(&format!("{CPU}/cpufreq/boost")))
        .or_else(|| {
            cpus.iter()
                .filter_map(|cpu| flag(&format!("{CPU}/cpu{cpu}/cpufreq/boost")))
                .reduce(|one, other| one || other)
        })
}

/// The kernel's word; where it has none, whether a processor has siblings on its core.
pub(super) fn smt(root: Root<'_>, cpus: &[u32]) -> Option<bool> {
    match root.number::<u8>(&format!("{CPU}/smt/active")) {
        Some(0) => return Some(false),
        Some(1) => return Some(true),
        _ => {}
    }
    cpus.iter()
        .filter_map(|cpu| root.line(&format!("{CPU}/cpu{cpu}/topology/thread_siblings_list")))
        .filter_map(|siblings| cpu_list(&siblings))
        .map(|siblings| siblings > 1)
        .reduce(|one, other| one || other)
}

/// How many processors a list such as `0-3,8` names.
pub(super) fn cpu_list(text: &str) -> Option<usize> {
    let mut count = 0_usize;
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(count)
}

/// The kinds of cores: by the design that `/proc/cpuinfo` numbers, by the kernel's lists of the two kinds of Intel's
/// hybrid processors, and by capacity. Nothing where none of them says anything.
pub(super) fn core_types(root: Root<'_>, cpus: &[u32], cpuinfo: &str) -> Vec<CoreType> {
    let designs = designs(cpuinfo);
    let hybrid: Vec<(&str, BTreeSet<u32>)> = ["cpu_core", "cpu_atom"]
        .iter()
        .filter_map(|&kind| Some((kind, expand(&root.line(&format!("sys/devices/{kind}/cpus"))?))))
        .collect();
    let mut kinds: BTreeMap<(Option<u64>, Option<String>), usize> = BTreeMap::new();
    for &cpu in cpus {
        let name = designs.get(&cpu).cloned().or_else(|| {
            let kind = hybrid.iter().find(|(_, members)| members.contains(&cpu))?;
            Some(kind.0.to_owned())
        });
        let capacity = root.number(&format!("{CPU}/cpu{cpu}/cpu_capacity")).and_then(positive);
        *kinds.entry((capacity, name)).or_default() += 1;
    }
    // One nameless kind says no more than the number of processors.
    if kinds.len() == 1 && kinds.keys().all(|(_, name)| name.is_none()) {
        return Vec::new();
    }
    kinds
        .into_iter()
        .rev()
        .map(|((capacity, name), cpus)| CoreType { name, capacity, cpus })
        .collect()
}

/// The processors of a list such as `0-3,8`; those beyond any machine's are left out.
fn expand(text: &str) -> BTreeSet<u32> {
    text.split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.trim().parse().ok()?..=last.trim().parse::<u32>().ok()?.min(65_535))
        })
        .flatten()
        .collect()
}

/// The design of each processor by its number, where `/proc/cpuinfo` tells implementer and part.
fn designs(cpuinfo: &str) -> BTreeMap<u32, String> {
    cpuinfo
        .split("\n\n")
        .filter_map(|block| {
            let one = |name| fields(block, name).next();
            let number = one("processor")?.parse().ok()?;
            let design = design(one("CPU implementer")?, one("CPU part")?)?;
            Some((number, design.to_owned()))
        })
        .collect()
}

/// The designs of Arm that edge devices and servers use, by implementer and part number (Arm's reference manuals, register
/// `MIDR_EL1`).
fn design(implementer: &str, part: &str) -> Option<&'static str> {
    let number = |text: &str| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    Some(match (number(implementer)?, number(part)?) {
        (0x41, 0xc07) => "Cortex-A7",
        (0x41, 0xc09) => "Cortex-A9",
        (0x41, 0xc0f) => "Cortex-A15",
        (0x41, 0xd03) => "Cortex-A53",
        (0x41, 0xd04) => "Cortex-A35",
        (0x41, 0xd05) => "Cortex-A55",
        (0x41, 0xd07) => "Cortex-A57",
        (0x41, 0xd08) => "Cortex-A72",
        (0x41, 0xd09) => "Cortex-A73",
        (0x41, 0xd0a) => "Cortex-A75",
        (0x41, 0xd0b) => "Cortex-A76",
        (0x41, 0xd0c) => "Neoverse-N1",
        (0x41, 0xd0d) => "Cortex-A77",
        (0x41, 0xd40) => "Neoverse-V1",
        (0x41, 0xd41) => "Cortex-A78",
        (0x41, 0xd42) => "Cortex-A78AE",
        (0x41, 0xd44) => "Cortex-X1",
        (0x41, 0xd46) => "Cortex-A510",
        (0x41, 0xd47) => "Cortex-A710",
        (0x41, 0xd48) => "Cortex-X2",
        (0x41, 0xd49) => "Neoverse-N2",
        (0x41, 0xd4b) => "Cortex-A78C",
        (0x41, 0xd4d) => "Cortex-A715",
        (0x41, 0xd4e) => "Cortex-X3",
        (0x41, 0xd4f) => "Neoverse-V2",
        (0x41, 0xd80) => "Cortex-A520",
        (0x41, 0xd81) => "Cortex-A720",
        (0x41, 0xd82) => "Cortex-X4",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size_bytes("32K"), Some(32 << 10));
        assert_eq!(size_bytes("1M"), Some(1 << 20));
        assert_eq!(size_bytes("48"), Some(48));
        for wrong in [
            "",
            "K",
            "0K",
            "-1K",
            "32k",
            "NaN",
            "99999999999999999999K",
            "18446744073709551615K",
        ] {
            assert_eq!(size_bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_of_processors_are_counted() {
        assert_eq!(cpu_list("0-3,8\n"), Some(5));
        assert_eq!(cpu_list("7"), Some(1));
        for wrong in ["", "3-1", "a-b", "0-18446744073709551615", "0,,1"] {
            assert_eq!(cpu_list(wrong), None, "{wrong}");
        }
        assert_eq!(expand("0-1,4"), BTreeSet::from([0, 1, 4]));
        assert_eq!(expand("0-4294967295").len(), 65_536);
    }
}
