//! Tensors, to and from tract.

use edgebench_api::{BackendError, DType, Tensor, TensorView};
use tract_onnx::prelude::DatumType;
use tract_onnx::tract_core::internal as tract;

use crate::failure;

/// tract's name of an element type; `None` for bfloat16, which tract has not.
pub(crate) fn datum_type(dtype: DType) -> Option<DatumType> {
    Some(match dtype {
        DType::F32 => DatumType::F32,
        DType::F16 => DatumType::F16,
        DType::Bf16 => return None,
        DType::F64 => DatumType::F64,
        DType::I8 => DatumType::I8,
        DType::U8 => DatumType::U8,
        DType::I16 => DatumType::I16,
        DType::U16 => DatumType::U16,
        DType::I32 => DatumType::I32,
        DType::U32 => DatumType::U32,
        DType::I64 => DatumType::I64,
        DType::U64 => DatumType::U64,
        DType::Bool => DatumType::Bool,
    })
}

/// Our name of an element type. A symbolic dimension is an integer by the time that it is an output.
pub(crate) fn dtype(datum_type: DatumType) -> Option<DType> {
    match datum_type.unquantized() {
        DatumType::TDim => Some(DType::I64),
        plain => DType::ALL
            .into_iter()
            .find(|&dtype| self::datum_type(dtype) == Some(plain)),
    }
}

/// Copies a tensor into tract.
///
/// # Errors
/// [`BackendError::Run`] for an element type that tract has not.
pub(crate) fn to_tract(view: &TensorView<'_>) -> Result<tract::Tensor, BackendError> {
    let datum_type = datum_type(view.dtype())
        .ok_or_else(|| BackendError::run(format!("input `{}`: tract has no {}", view.name(), view.dtype())))?;
    // SAFETY: the type is plain data, a boolean's bytes are 0 or 1 by the seam's contract, and the length is
    // checked against the shape by the view and again by tract.
    unsafe { tract::Tensor::from_raw_dt(datum_type, view.shape(), view.data()) }
        .map_err(|error| failure::run(error, format!("cannot make input `{}`", view.name())))
}

/// Copies an output out of tract.
///
/// # Errors
/// [`BackendError::Run`] for an element type that does not cross the seam.
pub(crate) fn from_tract(name: &str, tensor: &tract::Tensor) -> Result<Tensor, BackendError> {
    let failed = |error| failure::run(error, format!("output `{name}` cannot be read"));
    let dtype = dtype(tensor.datum_type())
        .ok_or_else(|| BackendError::run(format!("output `{name}` is {:?}", tensor.datum_type())))?;
    let bytes = |tensor: &tract::Tensor| tensor.try_as_plain_ram().map(|plain| plain.as_bytes().to_vec());
    let data = if tensor.datum_type() == DatumType::TDim {
        bytes(&*tensor.cast_to::<i64>().map_err(failed)?)
    } else {
        bytes(tensor)
    };
    Ok(Tensor {
        name: name.to_owned(),
        dtype,
        shape: tensor.shape().to_vec(),
        data: data.map_err(failed)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_but_bfloat16_goes_there_and_back() {
        for ours in DType::ALL {
            match datum_type(ours) {
                Some(theirs) => {
                    assert_eq!(dtype(theirs), Some(ours));
                    assert_eq!(theirs.size_of(), ours.size());
                }
                None => assert_eq!(ours, DType::Bf16),
            }
        }
    }
}
