//! What a meter that is being read costs the inference beside it.
//!
//! `cargo bench -p edgebench-meters --bench overhead`: work of about 1 ms in turns of 20 with a RAPL counter of two domains being
//! read, and without, the order changing from pair to pair; everything on one processor, so that each reading takes its time
//! from the work. A turn is 20 ms and begins with a reading: that is five times as many as the ten a second of a run. Prints the
//! estimate over the pairs with its 95 % interval, and fails unless all of the interval is below 0.5 %.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use edgebench_meters::{Choice, Places, Sampler, open};
use edgebench_stats::{hodges_lehmann, median, signed_rank_interval};

const PAIRS: usize = 1_000;
const TURN: usize = 20;
const MOST: f64 = 0.005;

fn main() -> ExitCode {
    match run() {
        Ok(fits) if fits => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn std::error::Error>> {
    pin()?;
    let root = tempfile::tempdir()?;
    tree(root.path())?;
    let places = Places {
        root: root.path().to_owned(),
        ..Places::host(None)
    };
    let choice: Choice = "rapl".parse()?;
    // The first is slower than what follows.
    calibrated();
    let repeats = calibrated();
    let mut log_ratios = Vec::with_capacity(PAIRS);
    let mut plain = Vec::with_capacity(PAIRS);
    for pair in 0..PAIRS {
        let mut medians = [0.0; 2];
        for metered in [pair % 2 == 0, pair % 2 == 1] {
            let source = open(&choice, &places).map_err(|absent| absent.reason)?;
            let sampler = source.filter(|_| metered).map(Sampler::start).transpose()?;
            medians[usize::from(metered)] = mean_of_turn(repeats);
            drop(sampler);
        }
        log_ratios.push((medians[1] / medians[0]).ln());
        plain.push(medians[0]);
    }
    let estimate = hodges_lehmann(&log_ratios).ok_or("no estimate")?;
    let interval = signed_rank_interval(&log_ratios, 0.95).ok_or("no interval")?;
    let percent = |log: f64| (log.exp() - 1.0) * 100.0;
    println!(
        "inference {:.3} ms; with the meter {:+.3} % [{:+.3}, {:+.3}] over {PAIRS} pairs of {TURN}",
        median(&plain).unwrap_or(0.0) * 1e3,
        percent(estimate),
        percent(interval.low),
        percent(interval.high)
    );
    if interval.high.exp() - 1.0 <= MOST {
        return Ok(true);
    }
    if interval.low.exp() - 1.0 <= MOST {
        eprintln!("error: the machine is too noisy to tell; try again when it is idle");
    }
    Ok(false)
}

/// The mean and not the median of a turn, in seconds: the reading falls into one inference of it, and must not be left out.
fn mean_of_turn(repeats: usize) -> f64 {
    let begin = Instant::now();
    for _ in 0..TURN {
        black_box(work(repeats));
    }
    begin.elapsed().as_secs_f64() / TURN as f64
}

/// How often the work is repeated for a millisecond.
fn calibrated() -> usize {
    const TRIED: usize = 20_000;
    let begin = Instant::now();
    black_box(work(TRIED));
    ((TRIED as f64 * 1e-3 / begin.elapsed().as_secs_f64()) as usize).max(1)
}

/// A product of a small matrix and a vector, again and again.
fn work(repeats: usize) -> f32 {
    const N: usize = 32;
    // Rows that sum up to 1, so that numbers neither grow nor vanish.
    let matrix = vec![1.0 / N as f32; N * N];
    let mut vector = vec![1.0_f32; N];
    for _ in 0..repeats {
        let next: Vec<f32> = matrix
            .chunks(N)
            .map(|row| row.iter().zip(&vector).map(|(a, b)| a * b).sum::<f32>())
            .collect();
        vector = black_box(next);
    }
    vector[0]
}

/// Two domains of a counter that counts by itself as far as a file can: it stands still, which is an error to the source
/// that costs what a reading costs.
fn tree(root: &Path) -> std::io::Result<()> {
    for (domain, name) in [("intel-rapl:0", "package-0"), ("intel-rapl:1", "dram")] {
        let folder = root.join("sys/class/powercap").join(domain);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("name"), format!("{name}\n"))?;
        fs::write(folder.join("energy_uj"), "123456789\n")?;
        fs::write(folder.join("max_energy_range_uj"), "262143328850\n")?;
    }
    Ok(())
}

/// Confines this process to one processor.
#[cfg(target_os = "linux")]
fn pin() -> std::io::Result<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let allowed = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu));
    let mut one = CpuSet::new();
    one.set(first.unwrap_or(0));
    Ok(sched_setaffinity(None, &one)?)
}

#[cfg(not(target_os = "linux"))]
fn pin() -> std::io::Result<()> {
    Ok(())
}
