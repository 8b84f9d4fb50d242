//! Divides the time among the kernels and fills the peaks.

use std::hint::black_box;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use edgebench_api::{Bandwidth, Bytes, ComputeKind, ComputeRate, MemoryLevel, Peaks};

use crate::cache::{SYSTEM, caches};
use crate::compute::{ELEMENTS, Kernel, kernels, why_absent};
use crate::repetitions::seconds_per_round;
use crate::stream::{BLOCK, LINE, Line, Stream, Triad, widest};
use crate::working_set::{Machine, capacity, free_memory, working_sets};

/// More threads are not started.
pub const MAX_THREADS: usize = 1024;

/// Turns of each kernel, one after the other, so that whatever else the machine does for a second slows down one turn of
/// several kernels and not all of one.
const TURNS: u32 = 4;

/// Measures what this machine does at most with `threads` threads at once, in about `time`.
///
/// Every kernel has four turns of at least five repetitions of 5 ms or longer, so that a very short `time` is exceeded.
/// The fastest repetition is the rate. Threads are not bound to processors. No less than one thread and no more than
/// [`MAX_THREADS`] are started; `Peaks.threads` says how many.
///
/// What this processor cannot do, and what could not be measured, stands in `Peaks.absent`.
pub fn measure(threads: usize, time: Duration) -> Peaks {
    let machine = Machine {
        caches: caches(Path::new(SYSTEM)),
        processors: available_parallelism().map_or(1, usize::from),
        free: free_memory(),
    };
    measure_on(&machine, threads.clamp(1, MAX_THREADS), time)
}

fn measure_on(machine: &Machine, threads: usize, time: Duration) -> Peaks {
    let mut kernels = kernels();
    kernels.sort_by_key(|kernel| kernel.kind);
    let levels = working_sets(machine, threads);
    let turn = time / TURNS / (kernels.len() + 2 * levels.sets.len()).max(1) as u32;

    let mut rates = vec![None; kernels.len()];
    let mut bandwidths = vec![Err(String::new()); levels.sets.len()];
    for _ in 0..TURNS {
        for (best, kernel) in rates.iter_mut().zip(&kernels) {
            *best = fastest(*best, macs_per_s(kernel, threads, turn));
        }
        for (best, (level, bytes)) in bandwidths.iter_mut().zip(&levels.sets) {
            // Filling its buffers takes longer than going over them, so memory has one turn for all four.
            if *level != MemoryLevel::Memory {
                *best = faster(best.clone(), bandwidth(*level, *bytes, threads, turn));
            }
        }
    }
    for (best, (level, bytes)) in bandwidths.iter_mut().zip(&levels.sets) {
        if *level == MemoryLevel::Memory {
            *best = bandwidth(*level, *bytes, threads, turn * TURNS);
        }
    }

    let mut peaks = Peaks {
        threads,
        ..Peaks::default()
    };
    for (kernel, rate) in kernels.iter().zip(rates) {
        match rate {
            Some(macs_per_s) => peaks.compute.push(ComputeRate {
                kind: kernel.kind,
                instructions: kernel.instructions.to_owned(),
                macs_per_s,
            }),
            None => peaks.absent.push(not_started(kernel.instructions, threads)),
        }
    }
    for kind in [
        ComputeKind::F32,
        ComputeKind::F16,
        ComputeKind::Bf16,
        ComputeKind::Int8,
        ComputeKind::Int8Dot,
    ] {
        if kernels.iter().all(|kernel| kernel.kind != kind) {
            peaks.absent.push(why_absent(kind));
        }
    }
    peaks.absent.extend(levels.absent);
    for bandwidth in bandwidths {
        match bandwidth {
            Ok(bandwidth) => peaks.bandwidth.push(bandwidth),
            Err(why) => peaks.absent.push(why),
        }
    }
    let mut next = None;
    for bandwidth in peaks.bandwidth.iter_mut().rev() {
        bandwidth.capacity_bytes = capacity(machine, threads, bandwidth.level, next.replace(bandwidth.level));
    }
    peaks
}

/// The greater rate of those that there are.
fn fastest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    [one, other].into_iter().flatten().reduce(f64::max)
}

/// The better figures of two turns; a turn that failed gives none.
fn faster(one: Result<Bandwidth, String>, other: Result<Bandwidth, String>) -> Result<Bandwidth, String> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok(Bandwidth {
            read_bytes_per_s: one.read_bytes_per_s.max(other.read_bytes_per_s),
            triad_bytes_per_s: one.triad_bytes_per_s.max(other.triad_bytes_per_s),
            ..one
        }),
        (Ok(bandwidth), Err(_)) => Ok(bandwidth),
        (Err(_), other) => other,
    }
}

fn not_started(what: &str, threads: usize) -> String {
    format!("{what}: the system would not start {threads} threads")
}

fn macs_per_s(kernel: &Kernel, threads: usize, time: Duration) -> Option<f64> {
    let seconds = seconds_per_round(threads, time, || {
        |rounds| {
            let ones = black_box([1; ELEMENTS]);
            black_box((kernel.run)(rounds, &ones, &ones));
        }
    })?;
    Some(rate(threads as f64 * kernel.macs() as f64, seconds))
}

fn bandwidth(level: MemoryLevel, bytes: u64, threads: usize, time: Duration) -> Result<Bandwidth, String> {
    let lines = bytes as usize / threads / LINE;
    // A third of a buffer is a whole number of blocks, so that all of it is gone over.
    let lines = lines - lines % (3 * BLOCK);
    let name = format!("{level:?}");
    if lines == 0 {
        return Err(format!("{name}: {} are too few for {threads} threads", Bytes(bytes)));
    }
    if Vec::<Line>::new().try_reserve_exact(lines * threads).is_err() {
        return Err(format!("{name}: the system would not give {}", Bytes(bytes)));
    }
    let stream = widest();
    let all = (lines * LINE * threads) as f64;
    let seconds = |work: fn(Stream, &mut [Line], u64)| {
        seconds_per_round(threads, time, || {
            // Touched by the thread that goes over it, and with something else than zeros, which need no memory yet.
            let mut buffer = vec![Line([1.0; 16]); lines];
            move |passes| work(stream, &mut buffer, passes)
        })
        .ok_or_else(|| not_started(&name, threads))
    };
    let read = seconds(|stream, buffer, passes| {
        black_box((stream.read)(buffer, passes));
    })?;
    let triad = seconds(|stream, buffer, passes| {
        let third = buffer.len() / 3;
        let (a, rest) = buffer.split_at_mut(third);
        let (b, c) = rest.split_at(third);
        (stream.triad)(
            Triad {
                a,
                b,
                c,
                s: black_box(0.5),
            },
            passes,
        );
        black_box(buffer);
    })?;
    Ok(Bandwidth {
        level,
        working_set_bytes: Bytes(all as u64),
        capacity_bytes: None,
        read_bytes_per_s: rate(all, read),
        // Each third is read or written once.
        triad_bytes_per_s: rate(all, triad),
    })
}

/// `amount` in `seconds`, per second.
fn rate(amount: f64, seconds: f64) -> f64 {
    amount / seconds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;

    #[test]
    fn each_level_says_what_it_holds() {
        let cache = |level, bytes| Cache {
            level,
            bytes,
            shared_by: 1,
        };
        let machine = Machine {
            caches: vec![cache(1, 32 << 10), cache(2, 64 << 10), cache(3, 1 << 20)],
            processors: 1,
            free: None,
        };
        let peaks = measure_on(&machine, 1, Duration::from_millis(1));
        let holds: Vec<_> = peaks
            .bandwidth
            .iter()
            .map(|one| (one.level, one.capacity_bytes))
            .collect();
        // The second level is too little more than the first to be measured by itself.
        let expected = [
            (MemoryLevel::L1, Some(Bytes(64 << 10))),
            (MemoryLevel::L3, Some(Bytes(1 << 20))),
            (MemoryLevel::Memory, None),
        ];
        assert_eq!(holds, expected);
    }

    #[test]
    fn whatever_is_measured_is_positive_and_whatever_is_not_has_a_reason() {
        // Caches so small that memory is gone over quickly.
        let machine = Machine {
            caches: Vec::new(),
            processors: 2,
            free: None,
        };
        let peaks = measure_on(&machine, 2, Duration::from_millis(1));
        assert_eq!(peaks.threads, 2);
        for rate in &peaks.compute {
            // The slowest board multiplies ten million times a second, no core a hundred million million times.
            assert!((1e7..1e14).contains(&rate.macs_per_s), "{rate:?}");
        }
        let levels: Vec<MemoryLevel> = peaks.bandwidth.iter().map(|bandwidth| bandwidth.level).collect();
        assert_eq!(levels, [MemoryLevel::L1, MemoryLevel::L2, MemoryLevel::Memory]);
        for level in &peaks.bandwidth {
            assert!((1e7..1e14).contains(&level.read_bytes_per_s), "{level:?}");
            assert!((1e7..1e14).contains(&level.triad_bytes_per_s), "{level:?}");
            assert!(level.working_set_bytes.0 > 0);
        }
        assert!(peaks.compute.iter().any(|rate| rate.kind == ComputeKind::F32));
        for kind in [
            ComputeKind::F16,
            ComputeKind::Bf16,
            ComputeKind::Int8,
            ComputeKind::Int8Dot,
        ] {
            let measured = peaks.compute.iter().any(|rate| rate.kind == kind);
            assert_ne!(measured, peaks.absent.contains(&why_absent(kind)), "{kind:?}");
        }
    }
}
