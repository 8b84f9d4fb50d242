//! Whether the harness changes what it measures: `starter`'s fp32 model on every runtime, timed as a worker times it and
//! in a bare loop over the same session. The two take turns of some 10 ms in ABBA order, and the ratio is taken within
//! each pair of turns, so that a change of the machine's speed falls on both.
//!
//! ONNX Runtime is looked for where edgebench looks for it; without it its part is left out, and the bench says so.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use edgebench_api::{Backend, BackendError, DType, LoadRequest, Session, Settings, Slot, Tensor};
use edgebench_worker::{Bounds, time_samples};

/// The backends by name.
const BACKENDS: [&dyn Backend; 3] = [
    &edgebench_ort::BACKEND,
    &edgebench_tract::BACKEND,
    &edgebench_candle::BACKEND,
];

/// The length of one turn.
const TURN: Duration = Duration::from_millis(10);

/// Inputs that rotate, as many as a worker's ring holds.
const RING: usize = 64;

/// One picture.
const SHAPE: [usize; 4] = [1, 1, 28, 28];

fn prepared(backend: &dyn Backend) -> Result<(Box<dyn Session>, Vec<Slot>), BackendError> {
    let shapes = BTreeMap::from([("image".to_owned(), SHAPE.to_vec())]);
    let settings = Settings::default();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/starter/fashion/models/fp32.onnx");
    let mut session = backend.load(&LoadRequest {
        model: &model,
        shapes: &shapes,
        settings: &settings,
    })?;
    let elements: usize = SHAPE.iter().product();
    let slots = (0..RING)
        .map(|k| {
            let pixels: Vec<f32> = (0..elements)
                .map(|i| ((i * 7 + k * 13) % 256) as f32 / 128.0 - 1.0)
                .collect();
            let input = Tensor::new("image", DType::F32, SHAPE, &pixels).expect("as many as SHAPE holds");
            session.prepare(&[input.view().expect("a whole tensor")])
        })
        .collect::<Result<_, _>>()?;
    Ok((session, slots))
}

/// The two arms over one session.
struct Arms {
    session: Box<dyn Session>,
    slots: Vec<Slot>,
    next: usize,
    samples: Vec<u64>,
    runs: usize,
}

impl Arms {
    /// Nanoseconds per inference: the mean of a turn's samples, as a worker takes them.
    fn timed(&mut self) -> f64 {
        let bounds = Bounds {
            min_ns: 0,
            min_samples: self.runs,
            max_ns: u64::MAX,
            max_samples: self.runs,
        };
        self.samples.clear();
        time_samples(
            self.session.as_mut(),
            &self.slots,
            &mut self.next,
            Instant::now(),
            &bounds,
            &mut self.samples,
        )
        .expect("the session runs");
        self.samples.iter().sum::<u64>() as f64 / self.runs as f64
    }

    /// Nanoseconds per inference: a turn's wall time over its runs.
    fn bare(&mut self) -> f64 {
        let begin = Instant::now();
        for _ in 0..self.runs {
            black_box(&mut self.session)
                .run(self.slots[self.next])
                .expect("the session runs");
            self.next = (self.next + 1) % self.slots.len();
        }
        begin.elapsed().as_nanos() as f64 / self.runs as f64
    }
}

fn fidelity(criterion: &mut Criterion) {
    for backend in BACKENDS {
        let name = backend.name();
        let (session, slots) = match prepared(backend) {
            Ok(prepared) => prepared,
            Err(BackendError::Unavailable { .. }) => {
                println!("{name}: left out, its library is not on this machine");
                continue;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let mut arms = Arms {
            session,
            slots,
            next: 0,
            samples: Vec::new(),
            runs: RING,
        };
        // Warm, and long enough to know how many runs a turn holds.
        arms.samples.reserve(RING);
        let single = (0..4).map(|_| arms.bare()).fold(f64::INFINITY, f64::min);
        arms.runs = ((TURN.as_nanos() as f64 / single) as usize).max(1);
        arms.samples.reserve(arms.runs);

        let mut ratios = Vec::new();
        let mut timed_first = false;
        let mut group = criterion.benchmark_group(name);
        for arm in ["timed", "bare"] {
            group.bench_function(arm, |bencher| {
                bencher.iter_custom(|iterations| {
                    let mut total = 0.0;
                    for _ in 0..iterations {
                        timed_first = !timed_first;
                        let (timed, bare) = if timed_first {
                            let timed = arms.timed();
                            (timed, arms.bare())
                        } else {
                            let bare = arms.bare();
                            (arms.timed(), bare)
                        };
                        ratios.push(timed / bare);
                        total += if arm == "timed" { timed } else { bare };
                    }
                    Duration::from_nanos(total as u64)
                });
            });
        }
        group.finish();
        ratios.sort_unstable_by(f64::total_cmp);
        println!(
            "{name}: timed / bare {:.4}, median of {} pairs of turns",
            ratios[ratios.len() / 2],
            ratios.len()
        );
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(6));
    targets = fidelity
}
/// candle's pool has the size that its environment says, and is made once: the bench starts itself again with it.
fn main() -> ExitCode {
    const POOL: &str = "RAYON_NUM_THREADS";
    if std::env::var_os(POOL).is_some() {
        benches();
        Criterion::default().configure_from_args().final_summary();
        return ExitCode::SUCCESS;
    }
    let again = std::env::current_exe().map(|this| {
        Command::new(this)
            .args(std::env::args_os().skip(1))
            .env(POOL, "1")
            .status()
    });
    match again {
        Ok(Ok(status)) if status.success() => ExitCode::SUCCESS,
        other => {
            eprintln!("the bench did not run: {other:?}");
            ExitCode::FAILURE
        }
    }
}
