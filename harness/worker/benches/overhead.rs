//! What the timed region adds to a sample: a session that does no work, timed as the worker times it, beside the same
//! calls in a bare loop.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use edgebench_api::{Backend, DType, LoadRequest, Session, Settings, Slot, Tensor};
use edgebench_worker::{Bounds, time_samples};

/// Samples of one measurement.
const SAMPLES: usize = 10_000;

fn session() -> (Box<dyn Session>, Vec<Slot>) {
    let shapes = BTreeMap::from([("x".to_owned(), vec![1, 4])]);
    let settings = Settings::default();
    // The null backend looks only whether the model is there.
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let request = LoadRequest {
        model: &model,
        shapes: &shapes,
        settings: &settings,
    };
    let mut session = edgebench_null::BACKEND.load(&request).expect("the null backend loads");
    let slots = (0..64u8)
        .map(|k| {
            let input = Tensor::new("x", DType::F32, [1, 4], &[f32::from(k); 4]).expect("four elements");
            session
                .prepare(&[input.view().expect("four elements")])
                .expect("the input fits")
        })
        .collect();
    (session, slots)
}

fn overhead(criterion: &mut Criterion) {
    let (mut session, slots) = session();
    let bounds = Bounds {
        min_ns: 0,
        min_samples: SAMPLES,
        max_ns: u64::MAX,
        max_samples: SAMPLES,
    };
    let mut samples = Vec::with_capacity(SAMPLES);
    let mut next = 0;
    let mut group = criterion.benchmark_group("per_sample");
    group.bench_function("timed", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut total = Duration::ZERO;
            for _ in 0..iterations {
                samples.clear();
                let begin = Instant::now();
                time_samples(session.as_mut(), &slots, &mut next, begin, &bounds, &mut samples)
                    .expect("the null session runs");
                total += begin.elapsed();
            }
            total / SAMPLES as u32
        });
    });
    group.bench_function("bare", |bencher| {
        bencher.iter_custom(|iterations| {
            let begin = Instant::now();
            for _ in 0..iterations {
                for k in 0..SAMPLES {
                    black_box(&mut session)
                        .run(slots[k % slots.len()])
                        .expect("the null session runs");
                }
            }
            begin.elapsed() / SAMPLES as u32
        });
    });
    group.finish();

    samples.sort_unstable();
    println!(
        "median of the samples themselves, which hold no work: {} ns",
        samples[SAMPLES / 2]
    );
}

criterion_group!(benches, overhead);
criterion_main!(benches);
