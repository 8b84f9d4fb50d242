use std::fs;

use edgebench_record::{Cache, CacheKind, CgroupLimits, CoreType, FrequencyLimits};

use super::super::super::fixture::{machine, put};
use super::*;

fn host(name: &str) -> Host {
    read(machine(name).path())
}

fn core_type(name: &str, capacity: Option<u64>, cpus: usize) -> CoreType {
    CoreType {
        name: Some(name.to_owned()),
        capacity,
        cpus,
    }
}

#[test]
fn a_virtual_x86_server() {
    let host = host("x86-vm");
    assert_eq!(host.cpu_model.as_deref(), Some("AMD EPYC 7763"));
    assert_eq!(host.isa, ["avx2", "fma", "f16c"]);
    assert_eq!(host.distribution.as_deref(), Some("Debian GNU/Linux 13 (trixie)"));
    assert_eq!(host.kernel.as_deref(), Some("6.12.0-amd64"));
    assert_eq!(host.memory_bytes, Some(8_000_000 * 1024));
    assert_eq!(host.swap_total_bytes, Some(1_000_000 * 1024));
    assert_eq!(host.virtualisation.as_deref(), Some("Standard PC (Q35)"));
    assert_eq!(host.transparent_huge_pages.as_deref(), Some("madvise"));
    assert_eq!(host.address_randomisation, Some(2));
    assert_eq!((host.governor, host.turbo, host.smt), (None, None, None));
    assert_eq!((host.frequency, host.cgroup), (None, None));
    assert!(host.caches.is_empty() && host.core_types.is_empty());
}

#[test]
fn an_arm_board() {
    let host = host("arm-board");
    assert_eq!(host.cpu_model.as_deref(), Some("Raspberry Pi 5 Model B Rev 1.0"));
    assert_eq!(host.isa, ["asimd", "asimdhp", "asimddp"]);
    assert_eq!(host.governor.as_deref(), Some("ondemand"));
    assert_eq!(host.virtualisation, None);
    assert_eq!(host.swap_total_bytes, Some(0), "no swap space is a fact");
    assert_eq!((host.logical_cpus, host.physical_cores), (Some(4), Some(4)));
    assert_eq!(host.smt, Some(false), "told by the siblings");
    assert_eq!(host.core_types, [core_type("Cortex-A76", Some(1024), 4)]);
    let cache = |level, kind, kib: u64, instances| Cache {
        level,
        kind,
        size_bytes: kib << 10,
        instances,
    };
    assert_eq!(
        host.caches,
        [
            cache(1, CacheKind::Data, 64, 4),
            cache(1, CacheKind::Instruction, 64, 4),
            cache(2, CacheKind::Unified, 512, 4),
            cache(3, CacheKind::Unified, 2048, 1),
        ]
    );
}

#[test]
fn a_jetson_has_processors_that_are_off_and_a_lower_limit_than_it_can() {
    let host = host("jetson");
    assert_eq!(host.cpu_model.as_deref(), Some("NVIDIA Jetson Orin Nano Developer Kit"));
    assert_eq!(host.logical_cpus, Some(4));
    assert_eq!(host.physical_cores, None, "no topology");
    assert_eq!(host.core_types, [core_type("Cortex-A78AE", None, 4)]);
    assert_eq!(
        host.frequency,
        Some(FrequencyLimits {
            min_khz: Some(115_200),
            max_khz: Some(1_510_400),
            hardware_min_khz: Some(115_200),
            hardware_max_khz: Some(1_728_000),
        })
    );
}

#[test]
fn big_and_little_cores_differ_in_governor_and_capacity() {
    let host = host("big-little");
    assert_eq!(
        host.core_types,
        [
            core_type("Cortex-A76", Some(1024), 4),
            core_type("Cortex-A55", Some(530), 4)
        ]
    );
    assert_eq!(host.governor.as_deref(), Some("performance, schedutil"));
}

#[test]
fn a_laptop() {
    let host = host("laptop");
    assert_eq!(host.microcode.as_deref(), Some("0x430"));
    assert_eq!((host.turbo, host.smt), (Some(true), Some(true)));
    assert_eq!(host.energy_preference.as_deref(), Some("balance_power"));
    assert_eq!(
        host.core_types,
        [core_type("cpu_core", None, 2), core_type("cpu_atom", None, 2)]
    );
    assert_eq!((host.logical_cpus, host.physical_cores), (Some(4), Some(2)));
    assert_eq!(host.virtualisation, None);
    assert!(host.isa.contains(&"avx_vnni".to_owned()));
}

#[test]
fn a_bare_server() {
    let host = host("x86-metal");
    for isa in ["avx512_vnni", "avx_vnni", "amx_int8", "avx512_fp16"] {
        assert!(host.isa.iter().any(|name| name == isa), "{isa}");
    }
    assert_eq!((host.logical_cpus, host.physical_cores), (Some(4), Some(2)));
    let counts: Vec<(u8, usize)> = host.caches.iter().map(|cache| (cache.level, cache.instances)).collect();
    assert_eq!(counts, [(1, 2), (1, 2), (2, 2), (3, 1)], "siblings share");
    assert_eq!(host.frequency.unwrap().hardware_max_khz, Some(4_100_000));
}

#[test]
fn a_container_is_held_by_the_least_limit_of_all_groups_around_it() {
    let two = host("container-v2");
    assert_eq!(two.virtualisation.as_deref(), Some("kubernetes"));
    assert_eq!(
        two.cgroup,
        Some(CgroupLimits {
            cpu_quota: Some(1.5),
            cpuset_cpus: Some(3),
            memory_bytes: Some(1 << 30),
        })
    );
    let one = host("container-v1");
    assert_eq!(one.virtualisation.as_deref(), Some("docker"));
    assert_eq!(
        one.cgroup,
        Some(CgroupLimits {
            cpu_quota: Some(0.5),
            cpuset_cpus: Some(1),
            memory_bytes: Some(512 << 20),
        })
    );
}

#[test]
fn containers_and_virtual_machines_by_what_they_leave() {
    for (path, content, expected) in [
        (".dockerenv", "", Some("docker")),
        ("run/.containerenv", "", Some("podman")),
        ("run/systemd/container", "systemd-nspawn\n", Some("systemd-nspawn")),
        ("proc/self/cgroup", "0::/lxc.payload.one/x\n", Some("lxc")),
        (
            "proc/self/cgroup",
            "0::/machine.slice/systemd-nspawn@one.service\n",
            Some("systemd-nspawn"),
        ),
        ("proc/self/cgroup", "0::/user.slice/docker.service\n", None),
        ("proc/cpuinfo", "flags : fpu hypervisor\n", Some("microvm")),
        (
            "sys/class/dmi/id/product_name",
            "KVM Virtual Machine\n",
            Some("KVM Virtual Machine"),
        ),
        ("sys/class/dmi/id/product_name", "20XYZ ThinkBook\n", None),
    ] {
        let root = tempfile::tempdir().unwrap();
        put(&root, path, content);
        assert_eq!(
            read(root.path()).virtualisation.as_deref(),
            expected,
            "{path} {content}"
        );
    }
    let root = tempfile::tempdir().unwrap();
    put(&root, "sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    put(&root, "sys/class/dmi/id/product_name", "c7g.metal\n");
    assert_eq!(read(root.path()).virtualisation, None);
    put(&root, "sys/class/dmi/id/product_name", "c7g.large\n");
    assert_eq!(read(root.path()).virtualisation.as_deref(), Some("c7g.large"));
}

#[test]
fn another_architectures_cpuinfo_is_an_emulator() {
    let [x86, arm] =
        ["x86-vm", "arm-board"].map(|name| fs::read_to_string(machine(name).path().join("proc/cpuinfo")).unwrap());
    assert!(looks_foreign("aarch64", &x86));
    assert!(!looks_foreign("aarch64", &arm));
    assert!(looks_foreign("x86_64", &arm));
    assert!(!looks_foreign("x86_64", &x86));
}

/// All that a machine told is gone: what is left is what the standard library and the binary know.
fn assert_knows_nothing(host: &Host) {
    let known = Host {
        architecture: host.architecture.clone(),
        system: host.system.clone(),
        libc: host.libc.clone(),
        cpus: host.cpus,
        ..Host::default()
    };
    assert_eq!(*host, known);
}

#[test]
fn what_is_not_there_is_absent() {
    assert_knows_nothing(&read(tempfile::tempdir().unwrap().path()));
}

/// Each file of the richest machines in turn holds each kind of rubbish: nothing panics, and no fact becomes 0 or rubbish.
#[test]
fn rubbish_is_absent() {
    let rubbish: [&[u8]; 9] = [
        b"",
        b"\n",
        b"\0\0",
        b"NaN\n",
        b"-1\n",
        b"-274000",
        b"99999999999999999999999999999999\n",
        b"\xff\xfe\xfd\n",
        b"some avg10= avg60 total=x\n0-,-,:::[]",
    ];
    for name in ["x86-metal", "arm-board", "container-v2", "container-v1", "laptop"] {
        for content in rubbish {
            let root = machine(name);
            overwrite(root.path(), content);
            let host = read(root.path());
            assert_eq!((host.memory_bytes, host.page_size_bytes, host.smt), (None, None, None));
            assert_eq!(
                (&host.turbo, &host.frequency, &host.physical_cores),
                (&None, &None, &None)
            );
            assert!(host.caches.is_empty() && host.isa.is_empty() && host.core_types.is_empty());
            assert!(host.cgroup.is_none(), "{content:?} {:?}", host.cgroup);
            assert_eq!(host.address_randomisation, None);
            assert_eq!(host.transparent_huge_pages, None);
        }
    }
}

fn overwrite(folder: &Path, content: &[u8]) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            overwrite(&path, content);
        } else {
            fs::write(path, content).unwrap();
        }
    }
}

#[test]
fn single_faults_cost_their_fact_alone() {
    let cpu = "sys/devices/system/cpu";
    let root = machine("x86-metal");
    // A file that vanished, a folder where a file was, a flag that is neither, a cache of no kind.
    fs::remove_file(root.path().join(format!("{cpu}/cpu1/topology/core_id"))).unwrap();
    fs::remove_file(root.path().join(format!("{cpu}/cpu0/cpufreq/scaling_governor"))).unwrap();
    fs::create_dir(root.path().join(format!("{cpu}/cpu0/cpufreq/scaling_governor"))).unwrap();
    put(&root, &format!("{cpu}/intel_pstate/no_turbo"), "2");
    put(&root, &format!("{cpu}/cpu0/cache/index0/type"), "Trace");
    put(&root, &format!("{cpu}/cpu2/cache/index0/size"), "0K");
    put(&root, &format!("{cpu}/cpu0/cpufreq/scaling_max_freq"), "4294967295000");
    put(&root, &format!("{cpu}/cpu0/cpufreq/scaling_min_freq"), "0");
    let host = read(root.path());
    assert_eq!((host.physical_cores, host.turbo), (None, None));
    assert_eq!(host.governor.as_deref(), Some("performance"));
    let first = &host.caches[0];
    assert_eq!((first.level, first.kind, first.instances), (1, CacheKind::Data, 1));
    let limits = host.frequency.unwrap();
    assert_eq!((limits.min_khz, limits.max_khz), (Some(800_000), Some(2_100_000)));
}

#[test]
fn the_page_size_is_in_the_auxiliary_vector() {
    let vector = |words: &[usize]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
    assert_eq!(page_size(&vector(&[33, 1, 6, 16_384, 0, 0])), Some(16_384));
    assert_eq!(page_size(&vector(&[33, 6, 0, 0])), None, "6 is a value here");
    assert_eq!(page_size(&vector(&[6, 0])), None);
    assert_eq!(page_size(&vector(&[6])), None);
    assert_eq!(page_size(b"abc"), None);
}

#[test]
fn the_model_of_a_device_tree_ends_in_a_zero() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "proc/device-tree/model", b"A board\0");
    assert_eq!(read(root.path()).cpu_model.as_deref(), Some("A board"));
}

#[test]
fn the_c_library_is_the_one_that_is_mapped() {
    let root = tempfile::tempdir().unwrap();
    put(
        &root,
        "proc/self/maps",
        "7f00-7f01 r-xp 0 fe:00 3   /lib/other.so\n7f02-7f03 r--p 0 fe:00 2   /lib/libc.so.6\n",
    );
    put(
        &root,
        "lib/libc.so.6",
        b"\x7fELF\0GNU C Library (x) stable release version 2.41.\n",
    );
    let expected = if cfg!(target_env = "gnu") {
        Some("glibc 2.41")
    } else {
        None
    };
    assert_eq!(
        read(root.path()).libc.as_deref().filter(|libc| libc.contains(' ')),
        expected
    );
}
