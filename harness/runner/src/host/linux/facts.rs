//! The facts together.

use std::path::Path;

use edgebench_record::Host;

use super::super::root::{Root, field, meminfo};
use super::{cgroup, container, cpu, libc};

/// Instruction sets that decide the speed of inference, as `/proc/cpuinfo` names them.
const ISA: [&str; 23] = [
    "avx2",
    "fma",
    "f16c",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "neon",
    "asimd",
    "asimdhp",
    "asimddp",
    "bf16",
    "i8mm",
    "sve",
    "sve2",
    "sme",
];

/// The facts under a root.
pub(in super::super) fn read(root: &Path) -> Host {
    let root = Root(root);
    let cpu = root.text("proc/cpuinfo").unwrap_or_default();
    let memory = root.text("proc/meminfo").unwrap_or_default();
    let flags = ["flags", "Features"]
        .iter()
        .find_map(|name| field(&cpu, name))
        .unwrap_or_default();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let cpus = root.cpus();
    Host {
        architecture: std::env::consts::ARCH.to_owned(),
        system: std::env::consts::OS.to_owned(),
        distribution: root.text("etc/os-release").and_then(|text| distribution(&text)),
        kernel: root.line("proc/sys/kernel/osrelease"),
        libc: libc::name(root),
        cpu_model: ["model name", "Model", "Hardware"]
            .iter()
            .find_map(|name| field(&cpu, name))
            .or_else(|| root.line("proc/device-tree/model")),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        isa: ISA
            .iter()
            .filter(|name| flags.contains(name))
            .map(|&name| name.to_owned())
            .collect(),
        memory_bytes: meminfo(&memory, "MemTotal"),
        governor: cpu::policy_words(root, &cpus, "scaling_governor"),
        virtualisation: container::virtualisation(root, &flags),
        virtual_machine: container::virtual_machine(root, &flags),
        emulated: looks_foreign(std::env::consts::ARCH, &cpu),
        microcode: field(&cpu, "microcode"),
        logical_cpus: Some(cpus.len()).filter(|&cpus| cpus > 0),
        physical_cores: cpu::physical_cores(root, &cpus),
        core_types: cpu::core_types(root, &cpus, &cpu),
        caches: cpu::caches(root, &cpus),
        frequency: cpu::frequency_limits(root, &cpus),
        energy_preference: cpu::policy_words(root, &cpus, "energy_performance_preference"),
        turbo: cpu::turbo(root, &cpus),
        smt: cpu::smt(root, &cpus),
        cgroup: cgroup::limits(root),
        swap_total_bytes: meminfo(&memory, "SwapTotal"),
        transparent_huge_pages: root
            .line("sys/kernel/mm/transparent_hugepage/enabled")
            .and_then(|line| chosen(&line)),
        address_randomisation: root
            .number("proc/sys/kernel/randomize_va_space")
            .filter(|&value: &u8| value <= 2),
        page_size_bytes: root.bytes("proc/self/auxv").and_then(|vector| page_size(&vector)),
        ..Host::default()
    }
}

fn distribution(os_release: &str) -> Option<String> {
    let line = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    let name = line.trim().trim_matches('"');
    (!name.is_empty()).then(|| name.to_owned())
}

/// The word in brackets of `always [madvise] never`.
fn chosen(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('[')?;
    let (word, _) = rest.split_once(']')?;
    (!word.is_empty()).then(|| word.to_owned())
}

/// The entry `AT_PAGESZ` of the auxiliary vector, pairs of machine words that the kernel hands to each process.
fn page_size(vector: &[u8]) -> Option<u64> {
    const AT_PAGESZ: usize = 6;
    let (words, _) = vector.as_chunks::<{ size_of::<usize>() }>();
    let mut words = words.iter().map(|word| usize::from_ne_bytes(*word));
    while let (Some(kind), Some(value)) = (words.next(), words.next()) {
        if kind == AT_PAGESZ {
            return value.is_power_of_two().then_some(value as u64);
        }
    }
    None
}

/// Whether `/proc/cpuinfo` speaks of another architecture than the binary's: user-mode emulators pass the host's file
/// through, or make one that has the fields of neither.
fn looks_foreign(architecture: &str, cpuinfo: &str) -> bool {
    let x86 = field(cpuinfo, "vendor_id").is_some();
    let arm = field(cpuinfo, "CPU implementer").is_some();
    match architecture {
        "x86_64" | "x86" => arm && !x86,
        "aarch64" | "arm" => x86 && !arm,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
