//! Inputs for a model whose data nobody gave.

use std::path::Path;

use edgebench_api::{DType, Tensor};
use half::{bf16, f16};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::data::TestSet;
use crate::error::SuiteError;
use crate::suite::InputSpec;

/// The largest random input, in bytes: more is a shape that somebody mistyped.
const LARGEST: usize = 1 << 32;

/// Inputs drawn from the seed: floats from the standard normal distribution, integers 0 or 1 (small enough to be an
/// index of any table), booleans by a fair coin. There are no labels, so that accuracy cannot be measured with them.
///
/// # Errors
/// [`SuiteError::Invalid`] when an input has an open extent, all of them together would be larger than 4 GiB, or
/// there is no input or no sample.
pub fn random_inputs(specs: &[InputSpec], samples: usize, seed: u64) -> Result<TestSet, SuiteError> {
    let place = Path::new("random inputs");
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut left = LARGEST;
    let mut inputs = Vec::with_capacity(specs.len());
    for spec in specs {
        let shape: Option<Vec<usize>> = [Some(samples)].into_iter().chain(spec.shape.iter().copied()).collect();
        let Some(shape) = shape else {
            let message = format!("input `{}` has an extent that the model leaves open", spec.name);
            return Err(SuiteError::invalid_with(
                place,
                message,
                format!("state it: --shape {}=1x…", spec.name),
            ));
        };
        let count = shape.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        let rest = count
            .and_then(|count| count.checked_mul(spec.dtype.size()))
            .and_then(|bytes| left.checked_sub(bytes));
        let (Some(count), Some(rest)) = (count, rest) else {
            let message = format!(
                "{samples} inputs `{}` of shape {:?} exceed 4 GiB",
                spec.name,
                &shape[1..]
            );
            return Err(SuiteError::invalid(place, message));
        };
        left = rest;
        let data = elements(spec.dtype, count, &mut generator);
        inputs.push(Tensor {
            name: spec.name.clone(),
            dtype: spec.dtype,
            shape,
            data,
        });
    }
    TestSet::of(place, inputs, None)
}

fn elements(dtype: DType, count: usize, generator: &mut ChaCha8Rng) -> Vec<u8> {
    let mut data = Vec::with_capacity(count * dtype.size());
    for _ in 0..count {
        if matches!(dtype, DType::F16 | DType::Bf16 | DType::F32 | DType::F64) {
            let value: f64 = StandardNormal.sample(generator);
            match dtype {
                DType::F64 => data.extend(value.to_le_bytes()),
                DType::F16 => data.extend(f16::from_f64(value).to_le_bytes()),
                DType::Bf16 => data.extend(bf16::from_f64(value).to_le_bytes()),
                _ => data.extend((value as f32).to_le_bytes()),
            }
        } else {
            let bit = u64::from(generator.random::<bool>());
            data.extend_from_slice(&bit.to_le_bytes()[..dtype.size()]);
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(dtype: DType, shape: &[Option<usize>]) -> InputSpec {
        InputSpec {
            name: "x".to_owned(),
            dtype,
            shape: shape.to_vec(),
        }
    }

    #[test]
    fn the_seed_decides_and_floats_are_normal() {
        let specs = [spec(DType::F32, &[Some(10), Some(10)])];
        let set = random_inputs(&specs, 100, 3).unwrap();
        assert_eq!(set, random_inputs(&specs, 100, 3).unwrap());
        assert_ne!(set, random_inputs(&specs, 100, 4).unwrap());
        assert_eq!(set.inputs[0].shape, [100, 10, 10]);
        let values = set.inputs[0].to_f32().unwrap();
        let mean = values.iter().sum::<f32>() / 10_000.0;
        let square = values.iter().map(|x| x * x).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (square - 1.0).abs() < 0.08, "{mean} {square}");
    }

    #[test]
    fn every_type_is_made() {
        for dtype in DType::ALL {
            let set = random_inputs(&[spec(dtype, &[Some(64)])], 2, 1).unwrap();
            let values = set.inputs[0].to_f32().unwrap();
            assert!(values.iter().any(|x| x.total_cmp(&values[0]).is_ne()), "{dtype}");
        }
    }

    #[test]
    fn what_cannot_be_made_is_said() {
        let open = random_inputs(&[spec(DType::F32, &[Some(3), None])], 1, 1).unwrap_err();
        assert_eq!(
            open.to_string(),
            "`random inputs`: input `x` has an extent that the model leaves open"
        );
        assert_eq!(open.hint().unwrap(), "state it: --shape x=1x…");
        let huge = random_inputs(&[spec(DType::F32, &[Some(1 << 40), Some(1 << 40)])], 1, 1).unwrap_err();
        assert!(huge.to_string().ends_with("exceed 4 GiB"), "{huge}");
        assert!(random_inputs(&[], 1, 1).is_err());
        assert!(random_inputs(&[spec(DType::F32, &[])], 0, 1).is_err());
    }
}
