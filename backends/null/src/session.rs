//! The session.

use std::fs::File;
use std::hint::{black_box, spin_loop};
use std::io;
use std::time::{Duration, Instant};

use edgebench_api::{BackendError, DType, LoadRequest, Session, SessionSpec, Slot, Tensor, TensorView};
use memmap2::{Mmap, MmapMut};

use crate::options::{Options, Output};

/// The smallest page of the systems that are supported, in bytes.
const PAGE: usize = 4096;

/// The input that carries state where outputs accumulate.
pub(crate) const STATE: &str = "state";

/// The output that becomes it.
pub(crate) const NEXT_STATE: &str = "next_state";

/// A session that does no work. What a run would give is known since the slot was prepared.
#[derive(Debug)]
pub(crate) struct NullSession {
    spec: SessionSpec,
    /// The shape of each input, in the order of the spec.
    shapes: Vec<Vec<usize>>,
    batch: usize,
    options: Options,
    /// The output of every slot.
    slots: Vec<Tensor>,
    last: Option<Slot>,
    runs: u64,
    random: SplitMix,
    /// Whether a run is nothing but its latency.
    quiet: bool,
    _anonymous: Vec<u8>,
    _mapped: Option<Mmap>,
    _shared: Option<MmapMut>,
}

impl NullSession {
    pub(crate) fn new(spec: SessionSpec, request: &LoadRequest<'_>, options: Options) -> Result<Self, BackendError> {
        let mapped = map(options.map).map_err(|source| BackendError::Load {
            what: "the file for `map` cannot be made".to_owned(),
            source: Some(Box::new(source)),
        })?;
        let shared = share(options.share).map_err(|source| BackendError::Load {
            what: "the memory for `share` cannot be made".to_owned(),
            source: Some(Box::new(source)),
        })?;
        Ok(Self {
            spec,
            shapes: request.shapes.values().cloned().collect(),
            batch: request.settings.batch,
            slots: Vec::new(),
            last: None,
            runs: 0,
            random: SplitMix(options.seed),
            quiet: options.faults.none_in_runs() && options.stdout.is_none(),
            // Ones and not zeros: zeroed memory is not resident until it is written.
            _anonymous: black_box(vec![1; options.allocate]),
            _mapped: mapped,
            _shared: shared,
            options,
        })
    }

    fn output(&self, inputs: &[TensorView<'_>]) -> Result<Tensor, BackendError> {
        if let (Output::Echo, Some(first)) = (self.options.output, inputs.first()) {
            return Ok(Tensor {
                name: "echo".to_owned(),
                ..first.to_tensor()
            });
        }
        if self.options.output == Output::Accumulate {
            return accumulated(inputs);
        }
        let mut sums = vec![0f32; self.batch];
        for input in inputs {
            let elements = input.to_tensor().to_f32().map_err(malformed)?;
            let per_sample = (elements.len() / self.batch).max(1);
            for (sum, sample) in sums.iter_mut().zip(elements.chunks(per_sample)) {
                *sum += sample.iter().sum::<f32>();
            }
        }
        Tensor::new("sum", DType::F32, [self.batch], &sums).map_err(malformed)
    }

    /// Spins until the latency is over.
    fn spin(&mut self) {
        let begin = Instant::now();
        let factor = 1.0 + self.options.jitter * (2.0 * self.random.fraction() - 1.0);
        let latency = Duration::from_nanos((self.options.latency.as_nanos() as f64 * factor) as u64);
        while begin.elapsed() < latency {
            spin_loop();
        }
    }
}

impl Session for NullSession {
    fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        let inputs = self.spec.order_inputs(&self.shapes, inputs)?;
        let output = self.output(&inputs)?;
        self.slots.push(output);
        Ok(Slot(self.slots.len() - 1))
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        if slot.0 >= self.slots.len() {
            return Err(BackendError::run(format!("there is no slot {}", slot.0)));
        }
        if !self.quiet {
            self.runs += 1;
            if let Some(text) = &self.options.stdout {
                println!("{text}");
            }
            self.options.faults.at_run(self.runs)?;
        }
        if self.options.churn > 0 {
            drop(black_box(vec![1u8; self.options.churn]));
        }
        if self.options.latency > Duration::ZERO {
            self.spin();
        }
        self.last = Some(slot);
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        let tensor = self.last.and_then(|slot| self.slots.get(slot.0));
        let tensor = tensor.ok_or_else(|| BackendError::run("nothing has run since the inputs were prepared"))?;
        Ok(vec![tensor.clone()])
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.last = None;
    }
}

/// The state with the sum of all other inputs added to each of its elements.
fn accumulated(inputs: &[TensorView<'_>]) -> Result<Tensor, BackendError> {
    let (state, others): (Vec<&TensorView<'_>>, Vec<&TensorView<'_>>) =
        inputs.iter().partition(|input| input.name() == STATE);
    let state = state
        .first()
        .ok_or_else(|| BackendError::run("there is no input `state`"))?;
    let mut added = 0f32;
    for input in others {
        added += input.to_tensor().to_f32().map_err(malformed)?.iter().sum::<f32>();
    }
    let mut elements = state.to_tensor().to_f32().map_err(malformed)?;
    for element in &mut elements {
        *element += added;
    }
    Tensor::new(NEXT_STATE, DType::F32, state.shape(), &elements).map_err(malformed)
}

fn malformed(error: edgebench_api::TensorError) -> BackendError {
    BackendError::Run {
        what: "an input is malformed".to_owned(),
        source: Some(Box::new(error)),
    }
}

/// A file of that size, mapped, with every page touched. The file is gone when the process is.
fn map(bytes: usize) -> io::Result<Option<Mmap>> {
    if bytes == 0 {
        return Ok(None);
    }
    let file: File = tempfile::tempfile()?;
    file.set_len(bytes as u64)?;
    // SAFETY: the file has no name, so nobody else can change it.
    let map = unsafe { Mmap::map(&file) }?;
    let touched: u64 = map.iter().step_by(PAGE).map(|&byte| u64::from(byte)).sum();
    black_box(touched);
    Ok(Some(map))
}

/// Shared memory of that size, with every page touched. It is gone when the process is.
#[cfg(target_os = "linux")]
fn share(bytes: usize) -> io::Result<Option<MmapMut>> {
    if bytes == 0 {
        return Ok(None);
    }
    let file = File::from(rustix::fs::memfd_create("shared", rustix::fs::MemfdFlags::CLOEXEC)?);
    file.set_len(bytes as u64)?;
    // SAFETY: the file has no name, so nobody else can change it.
    let mut map = unsafe { MmapMut::map_mut(&file) }?;
    map.fill(1);
    Ok(Some(map))
}

/// Only Linux has a file in memory that no folder shows.
#[cfg(not(target_os = "linux"))]
fn share(bytes: usize) -> io::Result<Option<MmapMut>> {
    if bytes == 0 {
        return Ok(None);
    }
    Err(io::ErrorKind::Unsupported.into())
}

/// `SplitMix64` (Steele, Lea and Flood, “Fast splittable pseudorandom number generators”, OOPSLA 2014).
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    /// Evenly from 0 to below 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_even() {
        let mut random = SplitMix(1);
        let mean = (0..10_000).map(|_| random.fraction()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
