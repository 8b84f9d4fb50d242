//! What `/proc`, `/sys` and `/etc` say.

use std::fs;
use std::path::Path;

use edgebench_record::Host;

use super::ProcessorTimes;

/// Instruction sets that decide the speed of inference, as `/proc/cpuinfo` names them.
const ISA: [&str; 22] = [
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
    "asimd",
    "asimdhp",
    "asimddp",
    "bf16",
    "i8mm",
    "sve",
    "sve2",
    "sme",
];

/// The facts under a root, and whether swap is in use.
pub(super) fn read(root: &Path) -> (Host, bool) {
    let text = |path: &str| fs::read_to_string(root.join(path)).ok();
    let line = |path: &str| {
        text(path)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let cpu = text("proc/cpuinfo").unwrap_or_default();
    let memory = text("proc/meminfo").unwrap_or_default();
    let kib = |name: &str| field(&memory, name)?.strip_suffix("kB")?.trim().parse::<u64>().ok();
    let flags = ["flags", "Features"]
        .iter()
        .find_map(|name| field(&cpu, name))
        .unwrap_or_default();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let host = Host {
        name: None,
        architecture: std::env::consts::ARCH.to_owned(),
        system: std::env::consts::OS.to_owned(),
        distribution: text("etc/os-release").and_then(|text| distribution(&text)),
        kernel: line("proc/sys/kernel/osrelease"),
        libc: libc_name(),
        cpu_model: ["model name", "Model", "Hardware"]
            .iter()
            .find_map(|name| field(&cpu, name))
            .or_else(|| line("proc/device-tree/model").map(|model| model.trim_end_matches('\0').to_owned())),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        isa: ISA
            .iter()
            .filter(|name| flags.contains(name))
            .map(|&name| name.to_owned())
            .collect(),
        memory_bytes: kib("MemTotal").map(|kib| kib * 1024),
        governor: line("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        virtualisation: virtualisation(root, &flags, line("sys/class/dmi/id/product_name")),
        emulated: looks_foreign(std::env::consts::ARCH, &cpu),
        load_at_start: text("proc/loadavg").and_then(|text| text.split_whitespace().next()?.parse().ok()),
        steal: None,
        warnings: Vec::new(),
    };
    let swap_used = kib("SwapTotal")
        .zip(kib("SwapFree"))
        .is_some_and(|(total, free)| free < total);
    (host, swap_used)
}

/// The value of the first `name : value` line.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name && !value.trim().is_empty()).then(|| value.trim().to_owned())
    })
}

fn distribution(os_release: &str) -> Option<String> {
    let line = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim().trim_matches('"').to_owned())
}

/// What the binary was built for; the version is known where the library tells it.
fn libc_name() -> Option<String> {
    if cfg!(target_env = "gnu") {
        Some("glibc".to_owned())
    } else if cfg!(target_env = "musl") {
        Some("musl".to_owned())
    } else {
        None
    }
}

fn virtualisation(root: &Path, flags: &[&str], product: Option<String>) -> Option<String> {
    if root.join(".dockerenv").exists() {
        return Some("docker".to_owned());
    }
    if root.join("run/.containerenv").exists() {
        return Some("podman".to_owned());
    }
    // The processor's own flag for software that runs on a hypervisor.
    flags
        .contains(&"hypervisor")
        .then(|| product.unwrap_or_else(|| "hypervisor".to_owned()))
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

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal, and two that the first two
/// contain.
pub(super) fn processor_times(root: &Path) -> Option<ProcessorTimes> {
    let text = fs::read_to_string(root.join("proc/stat")).ok()?;
    let fields = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .take(8)
        .collect();
    Some(ProcessorTimes {
        total: ticks.iter().sum(),
        steal: *ticks.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(name)
    }

    #[test]
    fn a_virtual_x86_server() {
        let (host, swap_used) = read(&fixture("x86-vm"));
        assert_eq!(host.cpu_model.as_deref(), Some("AMD EPYC 7763"));
        assert_eq!(host.isa, ["avx2", "fma", "f16c"]);
        assert_eq!(host.distribution.as_deref(), Some("Debian GNU/Linux 13 (trixie)"));
        assert_eq!(host.kernel.as_deref(), Some("6.12.0-amd64"));
        assert_eq!(host.memory_bytes, Some(8_000_000 * 1024));
        assert_eq!(host.virtualisation.as_deref(), Some("Standard PC (Q35)"));
        assert_eq!(host.load_at_start, Some(0.42));
        assert_eq!(host.governor, None);
        assert!(swap_used);
    }

    #[test]
    fn an_arm_board() {
        let (host, swap_used) = read(&fixture("arm-board"));
        assert_eq!(host.cpu_model.as_deref(), Some("Raspberry Pi 5 Model B Rev 1.0"));
        assert_eq!(host.isa, ["asimd", "asimdhp", "asimddp"]);
        assert_eq!(host.governor.as_deref(), Some("ondemand"));
        assert_eq!(host.virtualisation, None);
        assert!(!swap_used);
    }

    #[test]
    fn another_architectures_cpuinfo_is_an_emulator() {
        let x86 = fs::read_to_string(fixture("x86-vm").join("proc/cpuinfo")).unwrap();
        let arm = fs::read_to_string(fixture("arm-board").join("proc/cpuinfo")).unwrap();
        assert!(looks_foreign("aarch64", &x86));
        assert!(!looks_foreign("aarch64", &arm));
        assert!(looks_foreign("x86_64", &arm));
        assert!(!looks_foreign("x86_64", &x86));
    }

    #[test]
    fn what_is_not_there_is_absent() {
        let (host, swap_used) = read(&fixture("nothing"));
        assert_eq!(
            (host.cpu_model, host.memory_bytes, host.load_at_start),
            (None, None, None)
        );
        assert!(host.isa.is_empty() && !swap_used && !host.emulated);
        assert_eq!(processor_times(&fixture("nothing")), None);
    }

    #[test]
    fn steal_is_the_eighth_field() {
        let times = processor_times(&fixture("x86-vm")).unwrap();
        assert_eq!(times, ProcessorTimes { total: 1080, steal: 30 });
    }
}
