//! The batches that rotate through the timed region.

use std::path::{Path, PathBuf};

use edgebench_api::Tensor;
use edgebench_protocol::Load;

use crate::inputs::{InputsError, InputsFile};

/// The most slots that a ring has.
const MAX_SLOTS: usize = 64;

/// The most bytes of inputs in a ring of more than one slot. Prepared inputs are memory that the figures show and a
/// user's program need not have, so that large ones rotate through fewer slots.
const MAX_BYTES: usize = 16 << 20;

/// Where a ring's batches are read from.
#[derive(Debug)]
pub(crate) struct Ring {
    inputs: PathBuf,
    slots: usize,
    batch: usize,
}

impl Ring {
    /// The ring that a load asks for.
    pub(crate) fn new(request: &Load) -> Self {
        Self {
            inputs: request.inputs.clone(),
            slots: request.ring.clamp(1, MAX_SLOTS),
            batch: request.settings.batch,
        }
    }

    /// The file that the batches are read from.
    pub(crate) fn inputs(&self) -> &Path {
        &self.inputs
    }

    /// The samples of a batch, of a file that holds so many.
    pub(crate) fn indices(&self, slot: usize, samples: usize) -> Vec<usize> {
        (0..self.batch).map(|k| (slot * self.batch + k) % samples).collect()
    }

    /// Reads the first batches of the file into memory, all its tensors, wrapping round within the last batch where
    /// the file ends. There are as many as were asked for, as the file holds and as fit, and at least one.
    pub(crate) fn read(&self) -> Result<Vec<Vec<Tensor>>, InputsError> {
        let file = InputsFile::open(&self.inputs)?;
        let names = file.names();
        let batch_bytes = file.sample_bytes().saturating_mul(self.batch).max(1);
        let fitting = (MAX_BYTES / batch_bytes).max(1);
        let slots = self.slots.min(file.samples().div_ceil(self.batch)).min(fitting);
        (0..slots)
            .map(|slot| file.gather(&names, &self.indices(slot, file.samples())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::*;

    /// The bytes of each slot, from a file with so many samples of one byte tensor.
    fn read(samples: usize, sample_bytes: usize, slots: usize, batch: usize) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let inputs = folder.path().join("inputs.safetensors");
        let data = vec![0; samples * sample_bytes];
        let view = TensorView::new(Dtype::U8, vec![samples, sample_bytes], &data).unwrap();
        safetensors::serialize_to_file([("x", view)], None, &inputs).unwrap();
        let ring = Ring { inputs, slots, batch }.read().unwrap();
        ring.iter().flatten().map(|tensor| tensor.data.len()).collect()
    }

    #[test]
    fn a_ring_has_what_was_asked_for_and_what_the_file_holds() {
        assert_eq!(read(100, 10, 64, 1), [10; 64]);
        assert_eq!(read(100, 10, 3, 2), [20; 3]);
        assert_eq!(read(5, 10, 64, 2), [20; 3]);
        assert_eq!(read(1, 10, 64, 4), [40]);
    }

    #[test]
    fn large_inputs_make_a_short_ring_and_never_an_empty_one() {
        const MIB: usize = 1 << 20;
        assert_eq!(read(24, MIB, 64, 1), [MIB; 16]);
        assert_eq!(read(24, MIB, 64, 3), [3 * MIB; 5]);
        assert_eq!(read(2, 17 * MIB, 64, 1), [17 * MIB]);
    }
}
