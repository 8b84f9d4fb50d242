//! The live gate on a simulated clock: the decision, the turns and the medians are the real ones, the durations are
//! drawn.

use std::thread;
use std::time::Instant;

use edgebench_stats::sequential::{Call, Design, Trial, spread};
use edgebench_stats::{signed_rank_greater, signed_rank_interval, t_interval_of_log, turn_log_ratio};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Gates without a difference, per noise model.
const QUIET: usize = 10_000;

/// Gates per injected effect and noise model.
const EACH: usize = 2_000;

const EFFECTS: [f64; 6] = [-0.03, 0.01, 0.02, 0.03, 0.05, 0.10];

/// Pairs of turns in a restart and samples of a turn that count, an odd number.
const PAIRS: usize = 16;
const SAMPLES: usize = 7;

/// A noise model: what the machine does to a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noise {
    Gaussian,
    LogNormal,
    Autoregressive,
    Contaminated,
    Drift,
    Step,
    Placement,
}

const MODELS: [(Noise, &str); 7] = [
    (Noise::Gaussian, "Gaussian: samples 5 %, processes 1 %"),
    (Noise::LogNormal, "log-normal: samples 15 %, processes 2 %"),
    (
        Noise::Autoregressive,
        "AR(1): the machine 8 % with ρ = 0.5 from turn to turn, processes 1 %",
    ),
    (
        Noise::Contaminated,
        "contaminated: 5 % of samples tenfold, 5 % of processes 10 % slower, processes 1 %",
    ),
    (
        Noise::Drift,
        "drift: each restart begins anew and becomes 20 % slower, processes 1 %",
    ),
    (
        Noise::Step,
        "step: 15 % up or down at a random turn of each restart, processes 1 %",
    ),
    (
        Noise::Placement,
        "two-state placement: half of the processes 4 % slower, processes 0.5 %",
    ),
];

/// A machine whose clock is drawn.
struct Machine {
    noise: Noise,
    random: ChaCha8Rng,
    /// The autoregressive state.
    state: f64,
    /// Turns of this restart so far.
    turns: usize,
    /// The turn at which the machine steps, and to where.
    step: (usize, f64),
}

impl Machine {
    fn new(noise: Noise, seed: u64) -> Self {
        Self {
            noise,
            random: ChaCha8Rng::seed_from_u64(seed),
            state: 0.0,
            turns: 0,
            step: (0, 0.0),
        }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.random)
    }

    /// What a fresh process adds to the logarithm of all its durations.
    fn process(&mut self) -> f64 {
        let usual = match self.noise {
            Noise::LogNormal => 0.02,
            Noise::Placement => 0.005,
            _ => 0.01,
        };
        let disturbed = match self.noise {
            Noise::Contaminated if self.random.random_bool(0.05) => 0.10_f64.ln_1p(),
            Noise::Placement if self.random.random_bool(0.5) => 0.04_f64.ln_1p(),
            _ => 0.0,
        };
        usual * self.normal() + disturbed
    }

    /// What the machine adds in one turn, to either side.
    fn turn(&mut self) -> f64 {
        self.turns += 1;
        match self.noise {
            Noise::Autoregressive => {
                let innovation = 0.08 * (1.0_f64 - 0.25).sqrt() * self.normal();
                self.state = 0.5 * self.state + innovation;
                self.state
            }
            // From 0 to 20 % within a restart: the side that comes second in a pair is always the slower one.
            Noise::Drift => 0.20 * self.turns as f64 / (2 * PAIRS) as f64,
            Noise::Step if self.turns >= self.step.0 => self.step.1,
            _ => 0.0,
        }
    }

    /// One duration, given the logarithm of what it would be without noise of its own.
    fn sample(&mut self, log: f64) -> f64 {
        match self.noise {
            Noise::LogNormal => (log + 0.15 * self.normal()).exp(),
            Noise::Contaminated if self.random.random_bool(0.05) => 10.0 * log.exp(),
            _ => log.exp() * (1.0 + 0.05 * self.normal()).max(0.1),
        }
    }

    /// The log ratio of one restart of two sides, the second of which is slower by `effect` on the log scale.
    fn restart(&mut self, effect: f64) -> f64 {
        let processes = [self.process(), self.process() + effect];
        self.turns = 0;
        let height = if self.random.random_bool(0.5) { 0.15 } else { -0.15 };
        self.step = (self.random.random_range(0..2 * PAIRS), height);
        let mut medians = [Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS)];
        let mut order = if self.random.random_bool(0.5) { [0, 1] } else { [1, 0] };
        for _ in 0..PAIRS {
            for side in order {
                let log = processes[side] + self.turn();
                let mut samples: [f64; SAMPLES] = std::array::from_fn(|_| self.sample(log));
                samples.sort_unstable_by(f64::total_cmp);
                medians[side].push(samples[SAMPLES / 2]);
            }
            order.reverse();
        }
        turn_log_ratio(&medians[0], &medians[1]).unwrap_or(f64::NAN)
    }
}

/// What gates of one model and effect came to.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    gates: usize,
    regressed: usize,
    improved: usize,
    passed: usize,
    covered: usize,
    intervals: usize,
    restarts: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.gates += other.gates;
        self.regressed += other.regressed;
        self.improved += other.improved;
        self.passed += other.passed;
        self.covered += other.covered;
        self.intervals += other.intervals;
        self.restarts += other.restarts;
    }

    fn share(&self, count: usize) -> f64 {
        count as f64 / self.gates.max(1) as f64
    }
}

/// The design of a gate of one cell with the default tolerance.
pub(super) fn design() -> Design {
    Design::relative(0.03, 1.0 / 3.0, 0.01, 0.95).unwrap_or_else(|| unreachable!("these are within bounds"))
}

fn gates(noise: Noise, effect: f64, count: usize, seed: u64) -> Counts {
    let mut counts = Counts::default();
    for number in 0..count {
        let mut machine = Machine::new(noise, seed.wrapping_add(number as u64));
        let mut trial = Trial::new(design());
        while trial.wants().is_some() {
            trial.push(machine.restart(effect.ln_1p()));
        }
        counts.gates += 1;
        counts.restarts += trial.restarts();
        match trial.call() {
            Some(Call::Regressed) => counts.regressed += 1,
            Some(Call::Improved) => counts.improved += 1,
            Some(Call::Passed) => counts.passed += 1,
            _ => {}
        }
        if let Some((_, Some(interval))) = trial.estimate() {
            counts.intervals += 1;
            counts.covered += usize::from(interval.contains(effect.ln_1p()));
        }
    }
    counts
}

/// The same on all processors.
fn gates_in_parallel(noise: Noise, effect: f64, count: usize, seed: u64) -> Counts {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut sum = Counts::default();
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                let (from, to) = (part * count / threads, (part + 1) * count / threads);
                scope.spawn(move || gates(noise, effect, to - from, seed.wrapping_add(from as u64)))
            })
            .collect();
        for part in parts {
            if let Ok(counts) = part.join() {
                sum.add(&counts);
            }
        }
    });
    sum
}

/// Prints all rates. False where one of those that are claimed does not hold.
pub(super) fn run() -> bool {
    let begin = Instant::now();
    let mut holds = true;
    println!(
        "| noise | A/A regressed | −3 % improved | +1 % regressed | +2 % regressed | +3 % regressed | +5 % | +10 % | restarts A/A | restarts +3 % | interval covers |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (index, (noise, name)) in MODELS.into_iter().enumerate() {
        let seed = 1_000_000 * (index as u64 + 1);
        let quiet = gates_in_parallel(noise, 0.0, QUIET, seed);
        let each: Vec<Counts> = EFFECTS
            .iter()
            .enumerate()
            .map(|(number, &effect)| gates_in_parallel(noise, effect, EACH, seed + 20_000 * (number as u64 + 1)))
            .collect();
        let rate = |counts: &Counts, count: usize| format!("{:.2} %", 100.0 * counts.share(count));
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.1} % |",
            rate(&quiet, quiet.regressed),
            rate(&each[0], each[0].improved),
            rate(&each[1], each[1].regressed),
            rate(&each[2], each[2].regressed),
            rate(&each[3], each[3].regressed),
            rate(&each[4], each[4].regressed),
            rate(&each[5], each[5].regressed),
            quiet.restarts as f64 / quiet.gates as f64,
            each[3].restarts as f64 / each[3].gates as f64,
            100.0 * quiet.covered as f64 / quiet.intervals.max(1) as f64,
        );
        holds &= (0.93..=0.97).contains(&(quiet.covered as f64 / quiet.intervals.max(1) as f64))
            && quiet.share(quiet.regressed) <= 0.01
            && each[1].share(each[1].regressed) <= 0.05
            && each[3..].iter().all(|counts| counts.share(counts.regressed) >= 0.95);
    }
    println!("\n{QUIET} A/A gates and {EACH} per effect in each row; tolerance 3 %, α 1 %, no limit of time.\n");
    holds &= coverage();
    detectable();
    println!(
        "\n{:.1} s in all; {}",
        begin.elapsed().as_secs_f64(),
        if holds {
            "every claim holds"
        } else {
            "a claim does NOT hold"
        }
    );
    holds
}

/// How often a slowdown of the size that the first look prints as detectable is found, both sets together.
fn detectable() {
    const GATES: usize = 4_000;
    let mut random = ChaCha8Rng::seed_from_u64(9);
    println!("\n| restarts | a slowdown by the minimum detectable effect is found |\n|---:|---:|");
    for n in [9, 10, 12, 15, 20, 30, 50, 100] {
        let mut set = |centre: f64, n: usize| -> Vec<f64> {
            (0..n)
                .map(|_| {
                    let normal: f64 = StandardNormal.sample(&mut random);
                    centre + 0.01 * normal
                })
                .collect()
        };
        let found = (0..GATES).filter(|_| {
            // What is printed is of one set of data; what is found, of others like it.
            let printed = set(0.0, n);
            let Some(effect) = spread(&printed).and_then(|spread| design().minimum_detectable(spread, n)) else {
                return false;
            };
            let p = |set: &[f64]| signed_rank_greater(set, design().threshold).unwrap_or(1.0);
            p(&set(effect, n)) <= design().level() && p(&set(effect, n)) <= design().alpha
        });
        println!("| {n} | {:.1} % |", 100.0 * found.count() as f64 / GATES as f64);
    }
}

/// How often 95 % intervals contain the truth, for figures that reports print.
fn coverage() -> bool {
    const GATES: usize = 10_000;
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut normal = move || -> f64 { StandardNormal.sample(&mut random) };
    let mut holds = true;
    println!("| 95 % interval | covers |\n|---|---:|");
    let mut say = |name: &str, covered: usize| {
        let share = covered as f64 / GATES as f64;
        println!("| {name} | {:.1} % |", 100.0 * share);
        holds &= (0.93..=0.97).contains(&share);
    };
    for n in [10, 20, 50, 100] {
        let covered = (0..GATES)
            .filter(|_| {
                let values: Vec<f64> = (0..n).map(|_| 0.02 + 0.015 * normal()).collect();
                signed_rank_interval(&values, 0.95).is_some_and(|interval| interval.contains(0.02))
            })
            .count();
        say(&format!("signed-rank, {n} restarts, normal"), covered);
    }
    let heavy = (0..GATES)
        .filter(|_| {
            let values: Vec<f64> = (0..20)
                .map(|_| {
                    let spread = if normal() > 1.645 { 0.10 } else { 0.01 };
                    0.02 + spread * normal()
                })
                .collect();
            signed_rank_interval(&values, 0.95).is_some_and(|interval| interval.contains(0.02))
        })
        .count();
    say("signed-rank, 20 restarts, one in twenty tenfold spread", heavy);
    for n in [3, 5, 10] {
        let covered = (0..GATES)
            .filter(|_| {
                let medians: Vec<f64> = (0..n).map(|_| 100.0 * (0.05 * normal()).exp()).collect();
                t_interval_of_log(&medians, 0.95).is_some_and(|(_, interval)| interval.contains(100.0))
            })
            .count();
        say(&format!("t of log medians, {n} invocations"), covered);
    }
    holds
}
