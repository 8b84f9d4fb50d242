//! How much to go over for each level of memory.

use std::fs;
use std::path::Path;

use edgebench_api::{Bytes, MemoryLevel};

use crate::cache::Cache;

/// No more is taken from a machine, however large its last cache: it also has to be filled.
const MOST: u64 = 2 << 30;
/// Memory that is taken to be free where the system does not say.
const PRESUMED_FREE: u64 = 1 << 30;
/// Memory is measured with no less, so that a pass takes long beside its beginning and end.
const LEAST: u64 = 64 << 20;
/// So many times the last caches are gone over for memory: little of it is still there when its turn comes again.
const BEYOND: u64 = 4;
/// Usual sizes, of one processor each, where the system names no cache.
const USUAL: [Cache; 2] = [
    Cache {
        level: 1,
        bytes: 32 << 10,
        shared_by: 1,
    },
    Cache {
        level: 2,
        bytes: 256 << 10,
        shared_by: 1,
    },
];

/// The machine as far as it decides what to go over.
pub(crate) struct Machine {
    /// Its caches, the nearest first.
    pub(crate) caches: Vec<Cache>,
    /// Processors that this process may use.
    pub(crate) processors: usize,
    /// Bytes of memory that could be had, where known.
    pub(crate) free: Option<u64>,
}

/// What to go over, and what not for which reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkingSets {
    /// For each level, what all threads together go over.
    pub(crate) sets: Vec<(MemoryLevel, u64)>,
    /// What is missing or less than it should be.
    pub(crate) absent: Vec<String>,
}

/// Half of what a thread has of each cache, and a multiple of the last for memory.
///
/// A thread's share is a cache's size over the threads that are on it when the system spreads them evenly. Of the third
/// level no more than eight times the second is taken: a virtual machine or a container is told the size of its host's,
/// which others use too.
pub(crate) fn working_sets(machine: &Machine, threads: usize) -> WorkingSets {
    let mut found = WorkingSets::default();
    let known: &[Cache] = if machine.caches.is_empty() {
        found.absent.push(
            "cache sizes: the system does not tell them; first and second level were measured with what fits 32 KiB and \
             256 KiB"
                .to_owned(),
        );
        &USUAL
    } else {
        &machine.caches
    };
    let share = |level: u32| {
        let cache = known.iter().find(|cache| cache.level == level)?;
        let sharing = threads
            .saturating_mul(cache.shared_by)
            .div_ceil(machine.processors.max(1))
            .clamp(1, cache.shared_by.max(1));
        Some(cache.bytes / sharing as u64)
    };
    let total = |per_thread: u64| per_thread.saturating_mul(threads as u64);

    let (first, second, third) = (share(1), share(2), share(3));
    match first {
        Some(first) => found.sets.push((MemoryLevel::L1, total(first / 2))),
        None => found.absent.push("L1: the system does not tell its size".to_owned()),
    }
    match (first.unwrap_or(0), second) {
        (first, Some(second)) if second >= first.saturating_mul(4) => {
            found.sets.push((MemoryLevel::L2, total(second / 2)));
        }
        (_, Some(second)) => found.absent.push(format!(
            "L2: a thread's share of {} is too little more than its share of L1 to tell them apart",
            Bytes(second)
        )),
        (_, None) => found.absent.push("L2: the system names none".to_owned()),
    }
    match (second.or(first).unwrap_or(0), third) {
        (nearer, Some(third)) if third >= nearer.saturating_mul(4) => {
            found.sets.push((
                MemoryLevel::L3,
                total((third / 2).min(nearer.max(1 << 20).saturating_mul(8))),
            ));
        }
        // A victim cache holds what the nearer one does not, so that twice the nearer one's size reaches it.
        (nearer, Some(third)) if third >= nearer.saturating_mul(2) => {
            found.sets.push((MemoryLevel::L3, total(nearer.saturating_mul(2))));
        }
        (_, Some(third)) => found.absent.push(format!(
            "L3: a thread's share of {} is too little more than its share of L2 to tell them apart",
            Bytes(third)
        )),
        (_, None) => found.absent.push("L3: the system names none".to_owned()),
    }
    let most = MOST.min(machine.free.unwrap_or(PRESUMED_FREE) / 4);
    found.sets.retain(|(level, bytes)| {
        if *bytes > most {
            found
                .absent
                .push(format!("{level:?}: no more than {} may be taken for it", Bytes(most)));
        }
        *bytes <= most
    });
    memory(machine, known, threads, most, &mut found);
    found
}

fn memory(machine: &Machine, known: &[Cache], threads: usize, most: u64, found: &mut WorkingSets) {
    let last = known.iter().max_by_key(|cache| cache.level);
    let last = last.map_or(0, |cache| together(machine, threads, cache));
    let wanted = last.saturating_mul(BEYOND).max(LEAST);
    if wanted <= most {
        found.sets.push((MemoryLevel::Memory, wanted));
    } else if most >= last.saturating_mul(2) && most > 0 {
        found.sets.push((MemoryLevel::Memory, most));
        found.absent.push(format!(
            "memory beyond doubt: {} were gone over, less than {BEYOND} times the last cache's {}, so some may have been read \
             from it",
            Bytes(most),
            Bytes(last)
        ));
    } else {
        found.absent.push(format!(
            "memory: no more than {} may be taken for it, too little beside the last cache's {}",
            Bytes(most),
            Bytes(last)
        ));
    }
}

/// What all caches of a kind hold together that so many threads can be on.
fn together(machine: &Machine, threads: usize, cache: &Cache) -> u64 {
    let caches = machine.processors.div_ceil(cache.shared_by.max(1)).min(threads).max(1);
    cache.bytes.saturating_mul(caches as u64)
}

/// What a level holds for all threads together, `next` being the next one that is measured. What is left out between the
/// two belongs to the nearer one, from which it could not be told. `None` for memory, and where the system does not tell.
pub(crate) fn capacity(
    machine: &Machine,
    threads: usize,
    level: MemoryLevel,
    next: Option<MemoryLevel>,
) -> Option<Bytes> {
    let number = |level| match level {
        MemoryLevel::L1 => 1,
        MemoryLevel::L2 => 2,
        MemoryLevel::L3 => 3,
        MemoryLevel::Memory => u32::MAX,
    };
    let levels = number(level)..next.map_or(u32::MAX, number);
    let caches = machine.caches.iter().filter(|cache| levels.contains(&cache.level));
    caches.map(|cache| Bytes(together(machine, threads, cache))).max()
}

/// Bytes that could be had: what Linux estimates, and no more than the limit of this process's control group.
pub(crate) fn free_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let limits = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let limits = limits.iter().filter_map(|path| limit(Path::new(path)));
    limits.chain(available(&text)).min()
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// A control group's limit; `max` is none.
fn limit(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn machine(sizes: [(u64, usize); 3], processors: usize, free: u64) -> Machine {
        let caches = sizes.iter().zip(1..).map(|(size, level)| Cache {
            level,
            bytes: size.0,
            shared_by: size.1,
        });
        Machine {
            caches: caches.collect(),
            processors,
            free: Some(free),
        }
    }

    #[test]
    fn a_desktop_is_measured_at_every_level() {
        let desktop = machine([(32 << 10, 1), (1 << 20, 1), (32 << 20, 8)], 8, 16 * GIB);
        let one = working_sets(&desktop, 1);
        assert_eq!(
            one.sets,
            [
                (MemoryLevel::L1, 16 << 10),
                (MemoryLevel::L2, 512 << 10),
                // Half of it all, but no more than eight times the second level.
                (MemoryLevel::L3, 8 << 20),
                (MemoryLevel::Memory, 128 << 20),
            ]
        );
        assert_eq!(one.absent, [""; 0]);
        let all = working_sets(&desktop, 8);
        assert_eq!(
            all.sets,
            [
                (MemoryLevel::L1, (8 * 16) << 10),
                (MemoryLevel::L2, (8 * 512) << 10),
                (MemoryLevel::L3, 16 << 20),
                (MemoryLevel::Memory, 128 << 20),
            ]
        );
    }

    #[test]
    fn threads_on_one_core_share_its_caches() {
        // Four processors on two cores: three threads put two on one of them.
        let shared = machine([(32 << 10, 2), (1 << 20, 2), (16 << 20, 4)], 4, 16 * GIB);
        assert_eq!(working_sets(&shared, 2).sets[0], (MemoryLevel::L1, (2 * 16) << 10));
        assert_eq!(working_sets(&shared, 3).sets[0], (MemoryLevel::L1, (3 * 8) << 10));
    }

    #[test]
    fn a_level_holds_its_caches_and_what_could_not_be_told_from_it() {
        use MemoryLevel::{L1, L2, L3, Memory};
        let shared = machine([(32 << 10, 2), (1 << 20, 2), (16 << 20, 4)], 4, 16 * GIB);
        let of = |threads, level, next| capacity(&shared, threads, level, next).map(|bytes| bytes.0);
        // Three threads are on two cores.
        assert_eq!(
            [1, 2, 3].map(|n| of(n, L1, Some(L2))),
            [32, 64, 64].map(|kib| Some(kib << 10))
        );
        assert_eq!(of(3, L2, Some(L3)), Some(2 << 20));
        assert_eq!(of(3, L3, Some(Memory)), Some(16 << 20));
        assert_eq!(of(1, L1, Some(L3)), Some(1 << 20), "the second level was not measured");
        assert_eq!(of(1, L3, None), Some(16 << 20));
        assert_eq!(of(1, Memory, None), None);
        let silent = Machine {
            caches: Vec::new(),
            ..shared
        };
        assert_eq!(capacity(&silent, 1, L1, Some(L2)), None);
    }

    #[test]
    fn a_third_level_that_is_hardly_more_than_the_second_is_left_out() {
        let server = machine([(32 << 10, 1), (1 << 20, 1), (22 << 20, 16)], 16, 16 * GIB);
        let found = working_sets(&server, 16);
        assert!(
            found.sets.iter().all(|(level, _)| *level != MemoryLevel::L3),
            "{found:?}"
        );
        assert!(
            found.absent[0].starts_with("L3: a thread's share of 1.4 MiB"),
            "{found:?}"
        );
    }

    #[test]
    fn memory_is_left_out_or_doubted_where_little_may_be_taken() {
        let sizes = [(48 << 10, 1), (2 << 20, 1), (480 << 20, 2)];
        let memory = |free| working_sets(&machine(sizes, 2, free), 2);
        let plenty = memory(20 * GIB);
        assert_eq!(plenty.sets[3], (MemoryLevel::Memory, 1920 << 20));
        assert_eq!(plenty.absent, [""; 0]);
        let scarce = memory(4 * GIB);
        assert_eq!(scarce.sets[3], (MemoryLevel::Memory, 1 << 30));
        assert!(
            scarce.absent[0].starts_with("memory beyond doubt: 1.00 GiB"),
            "{scarce:?}"
        );
        let little = memory(GIB);
        assert_eq!(little.sets.len(), 3);
        assert!(
            little.absent[0].starts_with("memory: no more than 256.0 MiB"),
            "{little:?}"
        );
    }

    #[test]
    fn what_the_system_does_not_tell_is_presumed_and_said() {
        let unknown = Machine {
            caches: Vec::new(),
            processors: 4,
            free: None,
        };
        let found = working_sets(&unknown, 1);
        assert_eq!(
            found.sets,
            [
                (MemoryLevel::L1, 16 << 10),
                (MemoryLevel::L2, 128 << 10),
                (MemoryLevel::Memory, 64 << 20),
            ]
        );
        assert_eq!(found.absent.len(), 2, "{found:?}");
    }

    #[test]
    fn a_system_may_say_anything() {
        for size in [1, u64::MAX] {
            for shared in [1, usize::MAX / 4096] {
                for processors in [0, 1, usize::MAX] {
                    let machine = machine([(size, shared); 3], processors, u64::MAX);
                    for threads in [1, 1024] {
                        let found = working_sets(&machine, threads);
                        assert!(found.sets.iter().all(|(_, bytes)| *bytes <= MOST), "{found:?}");
                        assert!(found.sets.len() + found.absent.len() >= 4, "{found:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn free_memory_is_read_from_what_linux_estimates() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:     20 kB\n"), Some(20 << 10));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
        assert_eq!(available("MemAvailable: many kB\n"), None);
    }
}
