//! A loaded model with its ring of inputs.

use std::time::{Duration, Instant};

use edgebench_api::{BackendError, Bytes, Nanos, Session, Slot, Tensor, TensorView};
use edgebench_protocol::{Allocations, Measure, Measured, WarmUp, WarmedUp};

use crate::allocations::count_allocations;
use crate::captures::{self, Capture, PARTS};
use crate::cpu::CpuReading;
use crate::inputs::{InputsError, in_order_of};
use crate::memory::MemoryMeter;
use crate::ring::Ring;
use crate::timed::{Bounds, Stop, time_samples};

/// The most samples of one measurement: what a line of the protocol holds.
pub(crate) const MAX_SAMPLES: usize = 4_000_000;

/// Room for samples before anything is known of their duration, 256 KiB: half a second of inferences of 20 µs.
const FIRST_ROOM: usize = 32_768;

/// How often the outputs are copied to find what a copy takes.
const COPIES: usize = 5;

/// How many inferences are counted when it is asked what they allocate.
const COUNTED: u64 = 10;

/// After this long no further inference is counted.
const LONG_COUNT: Duration = Duration::from_secs(1);

/// A loaded model with its ring of inputs.
pub(crate) struct Model {
    pub(crate) session: Box<dyn Session>,
    pub(crate) batch: usize,
    /// Whether the session's allocations go through the program's allocator.
    allocates_in_rust: bool,
    pub(crate) ring: Ring,
    slots: Vec<Slot>,
    samples: Samples,
    next: usize,
    has_run: bool,
    /// What a warm inference takes, as the warm-up found it.
    typical_ns: Option<u64>,
    /// Outputs taken during the last measurement.
    pub(crate) captures: Vec<Capture>,
}

impl Model {
    /// A model that has not run and has no slots yet.
    pub(crate) fn new(
        session: Box<dyn Session>,
        batch: usize,
        allocates_in_rust: bool,
        ring: Ring,
        samples: Samples,
    ) -> Self {
        Self {
            session,
            batch,
            allocates_in_rust,
            ring,
            slots: Vec::new(),
            samples,
            next: 0,
            has_run: false,
            typical_ns: None,
            captures: Vec::new(),
        }
    }

    /// Prepares a slot for each batch, whose tensors are in the order of the model's inputs, and returns what one took.
    /// A batch is dropped when its slot is there, so that no phase has the inputs twice.
    pub(crate) fn prepare_slots(&mut self, batches: Vec<Vec<Tensor>>) -> Result<Nanos, BackendError> {
        self.forget_slots();
        let mut slots = Vec::with_capacity(batches.len());
        let mut elapsed = Duration::ZERO;
        for batch in batches {
            let begin = Instant::now();
            let slot = prepare(self.session.as_mut(), &batch)?;
            elapsed += begin.elapsed();
            slots.push(slot);
        }
        self.slots = slots;
        Ok(Nanos(Nanos::from(elapsed).0 / self.slots.len().max(1) as u64))
    }

    /// Drops the prepared inputs; the next measurement prepares the ring again.
    pub(crate) fn forget_slots(&mut self) {
        self.session.clear();
        self.slots.clear();
        self.next = 0;
    }

    /// Runs untimed until warm. The first run of the session is timed as the first inference.
    pub(crate) fn warm_up(&mut self, request: &WarmUp, meter: &mut MemoryMeter) -> Result<WarmedUp, BackendError> {
        self.ensure_ring()?;
        let mut answer = WarmedUp {
            first_ns: None,
            memory_first: None,
            runs: 0,
            elapsed_ns: Nanos(0),
            cpu_ns: None,
        };
        let cpu_before = CpuReading::now();
        let begin = Instant::now();
        if !self.has_run {
            self.run_next()?;
            answer.first_ns = Some(begin.elapsed().into());
            answer.memory_first = Some(meter.read());
            answer.runs = 1;
        }
        let (after_first, first) = (Instant::now(), answer.runs);
        while answer.runs < request.min_runs.max(1) || Nanos::from(begin.elapsed()) < request.min_ns {
            self.run_next()?;
            answer.runs += 1;
        }
        if answer.runs > first {
            self.typical_ns = Some(Nanos::from(after_first.elapsed()).0 / (answer.runs - first));
        }
        answer.elapsed_ns = begin.elapsed().into();
        answer.cpu_ns = CpuReading::now().since(&cpu_before).cpu_ns;
        Ok(answer)
    }

    /// Measures until the request's bounds are reached.
    pub(crate) fn measure(&mut self, request: &Measure, meter: &mut MemoryMeter) -> Result<Measured, BackendError> {
        self.ensure_ring()?;
        let bounds = Bounds {
            min_ns: request.min_ns.0,
            min_samples: usize::try_from(request.min_samples).unwrap_or(usize::MAX),
            max_ns: request.max_ns.0,
            max_samples: usize::try_from(request.max_samples)
                .unwrap_or(usize::MAX)
                .min(MAX_SAMPLES),
        };
        self.samples.make_room(self.expected(&bounds));
        self.captures.clear();
        let cpu_before = CpuReading::now();
        let mut begin = Instant::now();
        if captures::are_small(self.session.spec(), self.batch) {
            for part in 1..PARTS {
                let part_ns = bounds.min_ns / PARTS * part;
                if Nanos::from(begin.elapsed()).0 >= part_ns {
                    // Inferences are longer than a part, or nothing asks for a length.
                    break;
                }
                let until_part = Bounds {
                    max_ns: part_ns,
                    ..bounds
                };
                self.time(begin, &until_part)?;
                if self.has_reached(begin, &bounds) {
                    break;
                }
                let taken = Instant::now();
                self.capture()?;
                // The time of the copy is no time of the measurement.
                begin += taken.elapsed();
            }
        }
        if !self.has_reached(begin, &bounds) {
            self.time(begin, &bounds)?;
        }
        let elapsed_ns = begin.elapsed().into();
        let cpu = CpuReading::now().since(&cpu_before);
        let memory_steady = meter.read();
        self.capture()?;
        let copy_out_ns = Some(self.copy_out()?);
        Ok(Measured {
            samples_ns: self.samples.0.clone(),
            elapsed_ns,
            cpu_ns: cpu.cpu_ns,
            copy_out_ns,
            involuntary_switches: cpu.involuntary_switches,
            memory_steady,
            allocations: self.count_allocations()?,
            arena: self.session.arena(),
        })
    }

    /// Whether a measurement that began then is over.
    fn has_reached(&self, begin: Instant, bounds: &Bounds) -> bool {
        let (samples, elapsed) = (self.samples.0.len(), Nanos::from(begin.elapsed()).0);
        let enough = elapsed >= bounds.min_ns && samples >= bounds.min_samples;
        samples > 0 && (enough || elapsed >= bounds.max_ns || samples >= bounds.max_samples)
    }

    /// Takes the outputs of the batch that ran last.
    fn capture(&mut self) -> Result<(), BackendError> {
        let slots = self.slots.len().max(1);
        let slot = (self.next + slots - 1) % slots;
        let outputs = self.session.outputs()?;
        self.captures.push(Capture { slot, outputs });
        Ok(())
    }

    /// Times exactly so many samples; with `repeat` all of them on one batch of inputs.
    pub(crate) fn turn(&mut self, count: usize, repeat: bool) -> Result<Vec<u64>, BackendError> {
        self.ensure_ring()?;
        let bounds = Bounds {
            min_ns: 0,
            min_samples: count,
            max_ns: u64::MAX,
            max_samples: count,
        };
        self.samples.make_room(count);
        if repeat {
            // The ring becomes its first slot for this turn.
            let (rest, next) = (self.slots.split_off(1), std::mem::take(&mut self.next));
            let timed = self.time(Instant::now(), &bounds);
            self.slots.extend(rest);
            self.next = next;
            timed?;
        } else {
            self.time(Instant::now(), &bounds)?;
        }
        Ok(self.samples.0.clone())
    }

    fn time(&mut self, begin: Instant, bounds: &Bounds) -> Result<(), BackendError> {
        self.has_run = true;
        let samples = &mut self.samples.0;
        while time_samples(
            self.session.as_mut(),
            &self.slots,
            &mut self.next,
            begin,
            bounds,
            samples,
        )? == Stop::BufferFull
        {
            samples.reserve(samples.len());
        }
        Ok(())
    }

    /// The session and its prepared inputs, for loads, which time themselves.
    pub(crate) fn ready(&mut self) -> Result<(&mut dyn Session, &[Slot]), BackendError> {
        self.ensure_ring()?;
        self.has_run = true;
        Ok((self.session.as_mut(), &self.slots))
    }

    fn run_next(&mut self) -> Result<(), BackendError> {
        let slot = *self
            .slots
            .get(self.next)
            .ok_or_else(|| BackendError::run("no inputs are prepared"))?;
        self.has_run = true;
        self.next = (self.next + 1) % self.slots.len();
        self.session.run(slot)
    }

    fn ensure_ring(&mut self) -> Result<(), BackendError> {
        if self.slots.is_empty() {
            let batches = self.read_ring()?;
            self.prepare_slots(batches)?;
        }
        Ok(())
    }

    /// The ring's batches, read anew, with their tensors in the order of the model's inputs.
    pub(crate) fn read_ring(&self) -> Result<Vec<Vec<Tensor>>, BackendError> {
        let specs = &self.session.spec().inputs;
        let batches = self.ring.read().map_err(unread)?.into_iter();
        let batches: Result<Vec<_>, _> = batches.map(|batch| in_order_of(specs, batch)).collect();
        batches.map_err(unread)
    }

    /// The median of a few copies of the outputs, the first of which allocates.
    fn copy_out(&mut self) -> Result<Nanos, BackendError> {
        let mut copies = [Nanos(0); COPIES];
        for copy in &mut copies {
            let begin = Instant::now();
            let outputs = self.session.outputs()?;
            *copy = begin.elapsed().into();
            drop(outputs);
        }
        copies.sort_unstable();
        Ok(copies[COPIES / 2])
    }

    /// Counts what a few inferences allocate, all threads together; nothing where the runtime allocates beside the
    /// program's allocator, or the program does not count.
    fn count_allocations(&mut self) -> Result<Option<Allocations>, BackendError> {
        if !self.allocates_in_rust {
            return Ok(None);
        }
        let (done, counted) = count_allocations(|| {
            let begin = Instant::now();
            for inferences in 1..=COUNTED {
                self.run_next()?;
                if begin.elapsed() >= LONG_COUNT {
                    return Ok(inferences);
                }
            }
            Ok(COUNTED)
        });
        let inferences = done?;
        Ok(counted.map(|counted| Allocations {
            inferences,
            count: counted.count,
            bytes: Bytes(counted.bytes),
            peak_bytes: Bytes(counted.peak_bytes),
        }))
    }

    /// How many samples the bounds will give, with a quarter more.
    fn expected(&self, bounds: &Bounds) -> usize {
        let by_time = self.typical_ns.map_or(FIRST_ROOM, |typical| {
            usize::try_from(bounds.min_ns / typical.max(1)).unwrap_or(MAX_SAMPLES)
        });
        let expected = by_time.max(bounds.min_samples).min(MAX_SAMPLES);
        (expected + expected / 4 + 16).min(bounds.max_samples)
    }
}

/// Puts one batch where the runtime wants it.
pub(crate) fn prepare(session: &mut dyn Session, batch: &[Tensor]) -> Result<Slot, BackendError> {
    let views: Vec<TensorView<'_>> = batch
        .iter()
        .map(Tensor::view)
        .collect::<Result<_, _>>()
        .map_err(|error| BackendError::Run {
            what: "an input is malformed".to_owned(),
            source: Some(Box::new(error)),
        })?;
    session.prepare(&views)
}

/// The buffer that samples are written to. It outlives a measurement, and its pages are there before the first sample:
/// touched already, they do not fault between two samples.
#[derive(Debug)]
pub(crate) struct Samples(Vec<u64>);

impl Samples {
    /// An empty buffer with some room.
    pub(crate) fn new() -> Self {
        let mut samples = Self(Vec::new());
        samples.make_room(FIRST_ROOM);
        samples
    }

    /// Empties the buffer and sees to it that so many samples fit.
    fn make_room(&mut self, samples: usize) {
        if self.0.capacity() < samples {
            self.0 = Vec::with_capacity(samples);
            self.0.resize(samples, u64::MAX);
        }
        std::hint::black_box(&mut self.0).clear();
    }
}

fn unread(error: InputsError) -> BackendError {
    BackendError::Run {
        what: "the ring's inputs cannot be read again".to_owned(),
        source: Some(Box::new(error)),
    }
}
