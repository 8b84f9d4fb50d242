//! Elements of one type, scaled, as elements of another.

use edgebench_api::{DType, Tensor, TensorError};
use half::{bf16, f16};

/// Why elements cannot be converted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum ConvertError {
    #[error("element {index} becomes {value}, which {dtype} cannot hold")]
    Range { index: usize, value: f64, dtype: DType },
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// Element × scale + offset in double precision, rounded once to `dtype`, as little-endian bytes. Integers are rounded
/// to the nearest, ties to even; one that does not fit is an error, as NaN is.
#[expect(clippy::float_cmp, reason = "exactly the manifest's defaults")]
pub(crate) fn convert(source: &Tensor, dtype: DType, scale: f64, offset: f64) -> Result<Vec<u8>, ConvertError> {
    let view = source.view()?;
    let plain = scale == 1.0 && offset == 0.0;
    if plain && dtype == source.dtype {
        return Ok(source.data.clone());
    }
    if plain && is_integer(dtype) {
        // Large identifiers would lose digits on the way through a float.
        match source.dtype {
            DType::I64 => return integers(view.to_vec::<i64>()?.into_iter().map(i128::from), dtype),
            DType::U64 => return integers(view.to_vec::<u64>()?.into_iter().map(i128::from), dtype),
            _ => {}
        }
    }
    let map = |element: f64| element * scale + offset;
    match source.dtype {
        DType::U8 | DType::Bool => bytes(&source.data, dtype, |byte| map(f64::from(byte))),
        DType::I8 => bytes(&source.data, dtype, |byte| map(f64::from(byte.cast_signed()))),
        DType::I16 => each(&view.to_vec::<i16>()?, dtype, |x| map(f64::from(x))),
        DType::U16 => each(&view.to_vec::<u16>()?, dtype, |x| map(f64::from(x))),
        DType::I32 => each(&view.to_vec::<i32>()?, dtype, |x| map(f64::from(x))),
        DType::U32 => each(&view.to_vec::<u32>()?, dtype, |x| map(f64::from(x))),
        DType::I64 => each(&view.to_vec::<i64>()?, dtype, |x| map(x as f64)),
        DType::U64 => each(&view.to_vec::<u64>()?, dtype, |x| map(x as f64)),
        DType::F16 => each(&view.to_vec::<f16>()?, dtype, |x| map(x.to_f64())),
        DType::Bf16 => each(&view.to_vec::<bf16>()?, dtype, |x| map(x.to_f64())),
        DType::F32 => each(&view.to_vec::<f32>()?, dtype, |x| map(f64::from(x))),
        DType::F64 => each(&view.to_vec::<f64>()?, dtype, map),
    }
}

fn is_integer(dtype: DType) -> bool {
    !matches!(dtype, DType::F16 | DType::Bf16 | DType::F32 | DType::F64)
}

/// One byte has 256 values, so that each is converted once.
fn bytes(source: &[u8], dtype: DType, map: impl Fn(u8) -> f64) -> Result<Vec<u8>, ConvertError> {
    let table: Vec<Option<Vec<u8>>> = (0..=u8::MAX).map(|byte| one(map(byte), dtype)).collect();
    let mut out = Vec::with_capacity(source.len() * dtype.size());
    for (index, &byte) in source.iter().enumerate() {
        match &table[usize::from(byte)] {
            Some(element) => out.extend_from_slice(element),
            None => {
                return Err(ConvertError::Range {
                    index,
                    value: map(byte),
                    dtype,
                });
            }
        }
    }
    Ok(out)
}

fn each<T: Copy>(source: &[T], dtype: DType, map: impl Fn(T) -> f64) -> Result<Vec<u8>, ConvertError> {
    // The two types that nearly every model takes have a loop without a branch per element.
    match dtype {
        DType::F32 => Ok(source.iter().flat_map(|&x| (map(x) as f32).to_le_bytes()).collect()),
        DType::F16 => Ok(source
            .iter()
            .flat_map(|&x| f16::from_f64(map(x)).to_le_bytes())
            .collect()),
        _ => {
            let mut out = Vec::with_capacity(source.len() * dtype.size());
            for (index, &x) in source.iter().enumerate() {
                let value = map(x);
                out.extend(one(value, dtype).ok_or(ConvertError::Range { index, value, dtype })?);
            }
            Ok(out)
        }
    }
}

fn one(value: f64, dtype: DType) -> Option<Vec<u8>> {
    Some(match dtype {
        DType::F32 => (value as f32).to_le_bytes().to_vec(),
        DType::F64 => value.to_le_bytes().to_vec(),
        DType::F16 => f16::from_f64(value).to_le_bytes().to_vec(),
        DType::Bf16 => bf16::from_f64(value).to_le_bytes().to_vec(),
        // Within ±2⁶⁴ an `i128` holds what the float says.
        _ if value.abs() <= 18_446_744_073_709_551_616.0 => return integer(value.round_ties_even() as i128, dtype),
        _ => return None,
    })
}

fn integers(source: impl Iterator<Item = i128>, dtype: DType) -> Result<Vec<u8>, ConvertError> {
    let mut out = Vec::new();
    for (index, value) in source.enumerate() {
        out.extend(integer(value, dtype).ok_or(ConvertError::Range {
            index,
            value: value as f64,
            dtype,
        })?);
    }
    Ok(out)
}

fn integer(value: i128, dtype: DType) -> Option<Vec<u8>> {
    Some(match dtype {
        DType::I8 => i8::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::U8 => u8::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::Bool => u8::try_from(value).ok().filter(|&bit| bit < 2)?.to_le_bytes().to_vec(),
        DType::I16 => i16::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::U16 => u16::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::I32 => i32::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::U32 => u32::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::I64 => i64::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::U64 => u64::try_from(value).ok()?.to_le_bytes().to_vec(),
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_f32(source: &Tensor, dtype: DType, scale: f64, offset: f64) -> Vec<f32> {
        let data = convert(source, dtype, scale, offset).unwrap();
        Tensor {
            name: String::new(),
            dtype,
            shape: vec![data.len() / dtype.size()],
            data,
        }
        .to_f32()
        .unwrap()
    }

    #[test]
    fn bytes_become_normalised_floats() {
        let pixels = Tensor::new("x", DType::U8, [3], &[0_u8, 51, 255]).unwrap();
        assert_eq!(to_f32(&pixels, DType::F32, 1.0 / 255.0, -0.5), [-0.5, -0.3, 0.5]);
        assert_eq!(to_f32(&pixels, DType::F16, 2.0, 0.0), [0.0, 102.0, 510.0]);
        let signed = Tensor::new("x", DType::I8, [2], &[-128_i8, 127]).unwrap();
        assert_eq!(to_f32(&signed, DType::F64, 1.0, 0.0), [-128.0, 127.0]);
    }

    #[test]
    fn every_type_becomes_every_type() {
        for from in DType::ALL {
            let ones = match from {
                DType::F32 => 1_f32.to_le_bytes().to_vec(),
                DType::F64 => 1_f64.to_le_bytes().to_vec(),
                DType::F16 => f16::ONE.to_le_bytes().to_vec(),
                DType::Bf16 => bf16::ONE.to_le_bytes().to_vec(),
                _ => 1_u64.to_le_bytes()[..from.size()].to_vec(),
            };
            let source = Tensor {
                name: "x".to_owned(),
                dtype: from,
                shape: vec![1],
                data: ones,
            };
            for to in DType::ALL {
                assert_eq!(to_f32(&source, to, 1.0, 0.0), [1.0], "{from} to {to}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let wide = Tensor::new("x", DType::I64, [2], &[7_i64, 300]).unwrap();
        let error = convert(&wide, DType::U8, 1.0, 0.0).unwrap_err();
        assert_eq!(error.to_string(), "element 1 becomes 300, which u8 cannot hold");
        let nan = Tensor::new("x", DType::F32, [1], &[f32::NAN]).unwrap();
        assert!(convert(&nan, DType::I32, 1.0, 0.0).is_err());
        assert!(convert(&nan, DType::F32, 2.0, 0.0).is_ok());
        let byte = Tensor::new("x", DType::U8, [1], &[200_u8]).unwrap();
        assert!(convert(&byte, DType::I8, 1.0, 0.0).is_err());
        assert_eq!(convert(&byte, DType::I8, 1.0, -128.0).unwrap(), [72]);
    }

    #[test]
    fn large_identifiers_keep_their_digits() {
        let identifier = (1_i64 << 53) + 1;
        let source = Tensor::new("x", DType::I64, [1], &[identifier]).unwrap();
        assert_eq!(
            convert(&source, DType::U64, 1.0, 0.0).unwrap(),
            identifier.to_le_bytes()
        );
    }
}
