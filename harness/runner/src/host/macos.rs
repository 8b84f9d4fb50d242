//! What `sysctl` says.

#[cfg(target_os = "macos")]
use std::path::Path;

use edgebench_record::{Cache, CacheKind, CoreType, Host};

use super::root::field;

/// Instruction sets as `sysctl` names them, and as Linux does: records name them alike.
const ISA: [(&str, &str); 14] = [
    ("hw.optional.avx2_0", "avx2"),
    ("hw.optional.fma", "fma"),
    ("hw.optional.f16c", "f16c"),
    ("hw.optional.avx512f", "avx512f"),
    ("hw.optional.avx512bw", "avx512bw"),
    ("hw.optional.avx512dq", "avx512dq"),
    ("hw.optional.avx512vl", "avx512vl"),
    ("hw.optional.avx512vnni", "avx512_vnni"),
    ("hw.optional.AdvSIMD", "asimd"),
    ("hw.optional.arm.FEAT_FP16", "asimdhp"),
    ("hw.optional.arm.FEAT_DotProd", "asimddp"),
    ("hw.optional.arm.FEAT_BF16", "bf16"),
    ("hw.optional.arm.FEAT_I8MM", "i8mm"),
    ("hw.optional.arm.FEAT_SME", "sme"),
];

/// The facts of this machine.
#[cfg(target_os = "macos")]
pub(super) fn read(_: &Path) -> Host {
    let names = [
        "hw",
        "kern.osrelease",
        "kern.osproductversion",
        "machdep.cpu",
        "vm.loadavg",
        "sysctl.proc_translated",
        "kern.hv_vmm_present",
    ];
    // A name that a system does not have is left out of the answer, and the others are in it.
    let output = std::process::Command::new("/usr/sbin/sysctl").args(names).output();
    let text = output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    facts(&text)
}

fn facts(sysctl: &str) -> Host {
    let number = |name: &str| field(sysctl, name)?.parse::<u64>().ok().filter(|&number| number > 0);
    let on = |name: &str| field(sysctl, name).as_deref() == Some("1");
    let [logical, physical] = ["hw.logicalcpu", "hw.physicalcpu"].map(|name| number(name).map(|count| count as usize));
    let isa = ISA
        .iter()
        .filter(|(name, _)| on(name))
        .map(|(_, isa)| (*isa).to_owned());
    Host {
        architecture: std::env::consts::ARCH.to_owned(),
        system: std::env::consts::OS.to_owned(),
        distribution: field(sysctl, "kern.osproductversion").map(|version| format!("macOS {version}")),
        kernel: field(sysctl, "kern.osrelease"),
        cpu_model: field(sysctl, "machdep.cpu.brand_string"),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        isa: isa.collect(),
        memory_bytes: number("hw.memsize"),
        virtualisation: on("kern.hv_vmm_present").then(|| "hypervisor".to_owned()),
        emulated: on("sysctl.proc_translated"),
        // `{ 1.52 1.60 1.73 }`.
        load_at_start: field(sysctl, "vm.loadavg")
            .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .filter(|load: &f64| load.is_finite() && *load >= 0.0),
        logical_cpus: logical,
        physical_cores: physical,
        core_types: core_types(sysctl),
        caches: caches(sysctl),
        smt: logical.zip(physical).map(|(logical, physical)| logical > physical),
        page_size_bytes: number("hw.pagesize"),
        ..Host::default()
    }
}

/// Performance levels, the fastest first: on Apple's own processors `Performance` and `Efficiency`.
fn core_types(sysctl: &str) -> Vec<CoreType> {
    let level = |level: u8| {
        let cpus = field(sysctl, &format!("hw.perflevel{level}.logicalcpu"))?
            .parse()
            .ok()?;
        let name = field(sysctl, &format!("hw.perflevel{level}.name"));
        Some(CoreType {
            name,
            capacity: None,
            cpus,
        })
    };
    (0..4).map_while(level).collect()
}

/// The caches of the fastest cores. How many there are is told where each core has its own.
fn caches(sysctl: &str) -> Vec<Cache> {
    [
        ("hw.l1dcachesize", 1, CacheKind::Data),
        ("hw.l1icachesize", 1, CacheKind::Instruction),
        ("hw.l2cachesize", 2, CacheKind::Unified),
        ("hw.l3cachesize", 3, CacheKind::Unified),
    ]
    .into_iter()
    .filter_map(|(name, level, kind)| {
        let size_bytes = field(sysctl, name)?.parse().ok().filter(|&size: &u64| size > 0)?;
        Some(Cache {
            level,
            kind,
            size_bytes,
            instances: 1,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_sysctl() {
        let host = facts(
            "hw.memsize: 17179869184\nhw.logicalcpu: 8\nhw.physicalcpu: 8\nhw.perflevel0.logicalcpu: 4\n\
             hw.perflevel0.name: Performance\nhw.perflevel1.logicalcpu: 4\nhw.perflevel1.name: Efficiency\n\
             hw.optional.AdvSIMD: 1\nhw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 0\n\
             hw.l1dcachesize: 65536\nhw.l2cachesize: 4194304\nhw.l3cachesize: 0\nhw.pagesize: 16384\n\
             machdep.cpu.brand_string: Apple M1\nkern.osrelease: 24.6.0\nkern.osproductversion: 15.6\n\
             vm.loadavg: { 1.52 1.60 1.73 }\nsysctl.proc_translated: 0\n",
        );
        assert_eq!(host.cpu_model.as_deref(), Some("Apple M1"));
        assert_eq!(host.isa, ["asimd", "asimddp"]);
        assert_eq!(
            (host.memory_bytes, host.page_size_bytes),
            (Some(16 << 30), Some(16_384))
        );
        assert_eq!((host.smt, host.emulated), (Some(false), false));
        assert_eq!(host.load_at_start, Some(1.52));
        let kinds: Vec<(Option<&str>, usize)> = host
            .core_types
            .iter()
            .map(|kind| (kind.name.as_deref(), kind.cpus))
            .collect();
        assert_eq!(kinds, [(Some("Performance"), 4), (Some("Efficiency"), 4)]);
        assert_eq!(host.caches.len(), 2, "a level of size 0 is not there");
    }

    #[test]
    fn nothing_is_known_of_an_empty_answer() {
        let host = facts("vm.loadavg: { NaN 1 1 }\nhw.memsize: -1\n");
        assert_eq!((host.memory_bytes, host.load_at_start, host.smt), (None, None, None));
        assert!(host.core_types.is_empty() && host.caches.is_empty() && host.isa.is_empty());
    }
}
