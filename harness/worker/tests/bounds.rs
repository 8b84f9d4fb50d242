//! The timed region stops where it is told to.

use std::time::{Duration, Instant};

use edgebench_api::{BackendError, Session, SessionSpec, Slot, Tensor, TensorView};
use edgebench_worker::{Bounds, Stop, time_samples};

/// Sleeps in every run, and fails in the run after the given number.
struct Sleeper {
    spec: SessionSpec,
    nap: Duration,
    left: usize,
    seen: Vec<usize>,
}

impl Session for Sleeper {
    fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    fn prepare(&mut self, _: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        Ok(Slot(0))
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.seen.push(slot.0);
        self.left = self.left.checked_sub(1).ok_or_else(|| BackendError::run("no more"))?;
        std::thread::sleep(self.nap);
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        Ok(Vec::new())
    }

    fn clear(&mut self) {}
}

fn sleeper(left: usize) -> Sleeper {
    Sleeper {
        spec: SessionSpec::default(),
        nap: Duration::from_millis(2),
        left,
        seen: Vec::new(),
    }
}

fn time(session: &mut Sleeper, bounds: Bounds, room: usize) -> (Result<Stop, BackendError>, Vec<u64>) {
    let mut samples = Vec::with_capacity(room);
    let slots = [Slot(0), Slot(1), Slot(2)];
    let result = time_samples(session, &slots, &mut 0, Instant::now(), &bounds, &mut samples);
    (result, samples)
}

const BOUNDS: Bounds = Bounds {
    min_ns: 20_000_000,
    min_samples: 3,
    max_ns: u64::MAX,
    max_samples: 1000,
};

#[test]
fn both_minima_are_reached() {
    let mut session = sleeper(usize::MAX);
    let (result, samples) = time(&mut session, BOUNDS, 1000);
    assert_eq!(result.unwrap(), Stop::Bounds);
    assert!(samples.iter().sum::<u64>() <= 20_000_000 + samples.last().unwrap() + 1_000_000);
    assert!(samples.iter().all(|&sample| sample >= 2_000_000), "{samples:?}");
    assert_eq!(session.seen[..4], [0, 1, 2, 0]);

    let (_, samples) = time(&mut sleeper(usize::MAX), Bounds { min_ns: 0, ..BOUNDS }, 1000);
    assert_eq!(samples.len(), 3);
}

#[test]
fn one_maximum_is_enough() {
    let (_, samples) = time(
        &mut sleeper(usize::MAX),
        Bounds {
            max_samples: 2,
            ..BOUNDS
        },
        1000,
    );
    assert_eq!(samples.len(), 2);
    let (_, samples) = time(&mut sleeper(usize::MAX), Bounds { max_ns: 1, ..BOUNDS }, 1000);
    assert_eq!(samples.len(), 1);
}

#[test]
fn a_full_buffer_is_said() {
    let (result, samples) = time(&mut sleeper(usize::MAX), BOUNDS, 2);
    assert_eq!(result.unwrap(), Stop::BufferFull);
    assert_eq!(samples.len(), 2);
}

#[test]
fn a_failure_keeps_the_samples_before_it() {
    let (result, samples) = time(&mut sleeper(2), BOUNDS, 1000);
    assert!(matches!(result, Err(BackendError::Run { .. })));
    assert_eq!(samples.len(), 2);
}

#[test]
fn without_slots_there_is_nothing_to_time() {
    let mut samples = Vec::with_capacity(1);
    let result = time_samples(&mut sleeper(1), &[], &mut 0, Instant::now(), &BOUNDS, &mut samples);
    assert!(matches!(result, Err(BackendError::Run { .. })));
}
