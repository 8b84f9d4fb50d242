//! The same inference with the same extra work as `slower_worker`, for the ways in which people compare two programs
//! otherwise:
//!
//! - `slower_peers criterion NAME …`: a criterion benchmark with its defaults; more arguments are criterion's own.
//! - `slower_peers repeat N`: N inferences, to be timed from outside.
//! - `slower_peers mean SECONDS`: the mean of what fits, printed in nanoseconds.
//!
//! `EXTRA_WORK` is the number of steps, `MODEL` the file.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::Criterion;
use edgebench_api::{Backend as _, DType, LoadRequest, Session, Settings, Slot, Tensor};

/// A loaded session, its inputs, and the steps of extra work.
struct Slower {
    session: Box<dyn Session>,
    slot: Slot,
    extra_work: u64,
}

impl Slower {
    fn load() -> Result<Self, Box<dyn Error>> {
        let model = std::env::var("MODEL")?;
        let extra_work = std::env::var("EXTRA_WORK")?.parse()?;
        let settings = Settings::default();
        let shapes = BTreeMap::from([("image".to_owned(), vec![1, 1, 28, 28])]);
        let mut session = edgebench_ort::BACKEND.load(&LoadRequest {
            model: Path::new(&model),
            shapes: &shapes,
            settings: &settings,
        })?;
        let input = &session.spec().inputs[0];
        let shape: Vec<usize> = input.shape.iter().map(|extent| extent.unwrap_or(1)).collect();
        let values: Vec<f32> = (0..shape.iter().product::<usize>())
            .map(|k| (k % 255) as f32 / 255.0)
            .collect();
        let tensor = Tensor::new(input.name.clone(), DType::F32, shape, &values)?;
        let slot = session.prepare(&[tensor.view()?])?;
        Ok(Self {
            session,
            slot,
            extra_work,
        })
    }

    fn run(&mut self) -> Result<(), Box<dyn Error>> {
        self.session.run(self.slot)?;
        let mut state = 1_u64;
        for _ in 0..self.extra_work {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        black_box(state);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut slower = Slower::load()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["criterion", ..] => {
            // Criterion reads its own arguments from the command line.
            let mut criterion = Criterion::default().configure_from_args();
            criterion.bench_function("criterion", |bencher| {
                bencher.iter(|| slower.run().expect("the inference runs"));
            });
        }
        ["repeat", number] => {
            for _ in 0..number.parse::<u64>()? {
                slower.run()?;
            }
        }
        ["mean", seconds] => {
            let length = Duration::from_secs_f64(seconds.parse()?);
            let (begin, mut runs) = (Instant::now(), 0_u32);
            while begin.elapsed() < length {
                slower.run()?;
                runs += 1;
            }
            println!("{}", begin.elapsed().as_nanos() as f64 / f64::from(runs));
        }
        _ => return Err("usage: slower_peers criterion|repeat N|mean SECONDS".into()),
    }
    Ok(())
}
