//! Tensors, to and from ONNX Runtime.

use edgebench_api::{BackendError, DType, Tensor, TensorSpec, TensorView};
use ort::memory::Allocator;
use ort::value::{DynTensor, DynTensorRef, Outlet, TensorElementType, ValueType};

use crate::failure;

/// The types that both sides have, in the order of [`DType::ALL`].
const TYPES: [(DType, TensorElementType); 13] = [
    (DType::F32, TensorElementType::Float32),
    (DType::F16, TensorElementType::Float16),
    (DType::Bf16, TensorElementType::Bfloat16),
    (DType::F64, TensorElementType::Float64),
    (DType::I8, TensorElementType::Int8),
    (DType::U8, TensorElementType::Uint8),
    (DType::I16, TensorElementType::Int16),
    (DType::U16, TensorElementType::Uint16),
    (DType::I32, TensorElementType::Int32),
    (DType::U32, TensorElementType::Uint32),
    (DType::I64, TensorElementType::Int64),
    (DType::U64, TensorElementType::Uint64),
    (DType::Bool, TensorElementType::Bool),
];

fn dtype(element: TensorElementType) -> Option<DType> {
    TYPES
        .iter()
        .find(|(_, theirs)| *theirs == element)
        .map(|(ours, _)| *ours)
}

/// ONNX Runtime's name of an element type.
fn element(dtype: DType) -> TensorElementType {
    TYPES
        .iter()
        .find(|(ours, _)| *ours == dtype)
        .map_or(TensorElementType::Undefined, |(_, theirs)| *theirs)
}

/// Describes an input or output of a session.
///
/// # Errors
/// [`BackendError::Unsupported`] for what is no tensor, or a tensor of a type that does not cross the seam.
pub(crate) fn spec(outlet: &Outlet) -> Result<TensorSpec, BackendError> {
    let unsupported = || BackendError::Unsupported {
        what: format!(
            "`{}` is a {}, which edgebench cannot feed or read",
            outlet.name(),
            outlet.dtype()
        ),
        operator: None,
        source: None,
    };
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Err(unsupported());
    };
    Ok(TensorSpec {
        name: outlet.name().to_owned(),
        dtype: dtype(*ty).ok_or_else(unsupported)?,
        shape: shape.iter().map(|&dim| usize::try_from(dim).ok()).collect(),
    })
}

/// Copies a tensor into memory of ONNX Runtime.
///
/// # Errors
/// [`BackendError::Run`] when ONNX Runtime cannot allocate it.
pub(crate) fn to_ort(view: &TensorView<'_>) -> Result<DynTensor, BackendError> {
    let mut tensor = DynTensor::new(&Allocator::default(), element(view.dtype()), view.shape())
        .map_err(|error| failure::run(error, format!("cannot allocate input `{}`", view.name())))?;
    if tensor.size() != Some(view.data().len()) {
        return Err(BackendError::run(format!(
            "input `{}` has another size for the runtime",
            view.name()
        )));
    }
    if !view.data().is_empty() {
        // SAFETY: the default allocator's memory is the host's, its size has been compared, and a tensor of size
        // greater than 0 has memory.
        unsafe {
            std::ptr::copy_nonoverlapping(view.data().as_ptr(), tensor.data_ptr_mut().cast(), view.data().len());
        }
    }
    Ok(tensor)
}

/// Copies an output out of ONNX Runtime.
///
/// # Errors
/// [`BackendError::Run`] for a type that does not cross the seam.
pub(crate) fn from_ort(name: &str, value: &DynTensorRef<'_>) -> Result<Tensor, BackendError> {
    let unreadable = || {
        BackendError::run(format!(
            "output `{name}` is a {}, which edgebench cannot read",
            value.dtype()
        ))
    };
    let dtype = dtype(*value.data_type()).ok_or_else(unreadable)?;
    let size = value.size().ok_or_else(unreadable)?;
    if !value.memory_info().is_cpu_accessible() {
        return Err(unreadable());
    }
    let data = if size == 0 {
        Vec::new()
    } else {
        // SAFETY: the memory is the host's, lives as long as the value, and is of this size.
        unsafe { std::slice::from_raw_parts(value.data_ptr().cast::<u8>(), size) }.to_vec()
    };
    Ok(Tensor {
        name: name.to_owned(),
        dtype,
        shape: value
            .shape()
            .iter()
            .map(|&dim| usize::try_from(dim).unwrap_or(0))
            .collect(),
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_partner_of_the_same_size() {
        for ours in DType::ALL {
            assert_eq!(dtype(element(ours)), Some(ours));
            assert_eq!(element(ours).byte_size(3), Some(3 * ours.size()));
        }
    }
}
