//! Tensors, to and from candle.

use candle_core::{DType as Candle, Device, Tensor as CandleTensor};
use candle_onnx::onnx::tensor_proto::DataType;
use edgebench_api::{BackendError, DType, Tensor, TensorView};

use crate::failure;

/// Our and candle's name of an ONNX element type; `None` for one that candle-onnx takes as neither input nor
/// weight. A boolean is a byte in candle.
pub(crate) fn dtype(elem_type: i32) -> Option<(DType, Candle)> {
    let data_type = DataType::try_from(elem_type).ok()?;
    let candle = candle_onnx::dtype(data_type)?;
    let ours = match data_type {
        DataType::Bool => DType::Bool,
        _ => of_candle(candle)?,
    };
    Some((ours, candle))
}

/// The name of a tensor's element type: ours, or candle's for one that has none here.
pub(crate) fn dtype_name(tensor: &CandleTensor) -> String {
    let candle = tensor.dtype();
    of_candle(candle).map_or_else(|| candle.as_str().to_owned(), |dtype| dtype.to_string())
}

/// Our name of candle's element type.
fn of_candle(candle: Candle) -> Option<DType> {
    Some(match candle {
        Candle::U8 => DType::U8,
        Candle::U32 => DType::U32,
        Candle::I16 => DType::I16,
        Candle::I32 => DType::I32,
        Candle::I64 => DType::I64,
        Candle::BF16 => DType::Bf16,
        Candle::F16 => DType::F16,
        Candle::F32 => DType::F32,
        Candle::F64 => DType::F64,
        _ => return None,
    })
}

/// candle's name of an element type that candle-onnx takes.
fn to_candle_type(dtype: DType) -> Option<Candle> {
    Some(match dtype {
        DType::U8 | DType::Bool => Candle::U8,
        DType::U32 => Candle::U32,
        DType::I64 => Candle::I64,
        DType::F16 => Candle::F16,
        DType::F32 => Candle::F32,
        DType::F64 => Candle::F64,
        _ => return None,
    })
}

/// Copies a tensor into candle.
///
/// # Errors
/// [`BackendError::Run`] when candle cannot make it.
pub(crate) fn to_candle(view: &TensorView<'_>) -> Result<CandleTensor, BackendError> {
    let candle = to_candle_type(view.dtype()).ok_or_else(|| {
        BackendError::run(format!(
            "input `{}`: candle-onnx takes no {}",
            view.name(),
            view.dtype()
        ))
    })?;
    CandleTensor::from_raw_buffer(view.data(), candle, view.shape(), &Device::Cpu)
        .map_err(|error| failure::run(error, format!("input `{}` cannot be made", view.name()), &[]))
}

/// Copies an output out of candle.
///
/// # Errors
/// [`BackendError::Run`] when candle gave another element type than the model declares.
pub(crate) fn from_candle(name: &str, declared: DType, tensor: &CandleTensor) -> Result<Tensor, BackendError> {
    let found = of_candle(tensor.dtype());
    if found != Some(declared) && !(declared == DType::Bool && found == Some(DType::U8)) {
        return Err(BackendError::run(format!(
            "output `{name}` is {:?} in candle, and {declared} in the model",
            tensor.dtype()
        )));
    }
    let data = bytes(tensor).map_err(|error| failure::run(error, format!("output `{name}` cannot be read"), &[]))?;
    Ok(Tensor {
        name: name.to_owned(),
        dtype: declared,
        shape: tensor.dims().to_vec(),
        data,
    })
}

fn bytes(tensor: &CandleTensor) -> candle_core::Result<Vec<u8>> {
    // The elements in row-major order, whatever strides the last operator has left.
    let flat = tensor.flatten_all()?;
    macro_rules! little_endian {
        ($element:ty) => {
            flat.to_vec1::<$element>()?
                .into_iter()
                .flat_map(|x| x.to_le_bytes())
                .collect()
        };
    }
    Ok(match tensor.dtype() {
        Candle::U8 => flat.to_vec1::<u8>()?,
        Candle::U32 => little_endian!(u32),
        Candle::I16 => little_endian!(i16),
        Candle::I32 => little_endian!(i32),
        Candle::I64 => little_endian!(i64),
        Candle::BF16 => little_endian!(half::bf16),
        Candle::F16 => little_endian!(half::f16),
        Candle::F32 => little_endian!(f32),
        Candle::F64 => little_endian!(f64),
        other => candle_core::bail!("elements of type {other:?} cannot be read"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_in_row_major_order() {
        let tensor = CandleTensor::new(&[[1f32, 2.], [3., 4.]], &Device::Cpu).unwrap();
        let output = from_candle("y", DType::F32, &tensor.t().unwrap()).unwrap();
        assert_eq!(output.to_f32().unwrap(), [1., 3., 2., 4.]);
        assert!(from_candle("y", DType::F16, &tensor).is_err());
    }

    #[test]
    fn types_that_candle_onnx_takes_keep_their_size() {
        let taken: Vec<DType> = (0..30)
            .filter_map(dtype)
            .map(|(ours, candle)| {
                assert_eq!(ours.size(), candle.size_in_bytes());
                assert_eq!(to_candle_type(ours), Some(candle));
                ours
            })
            .collect();
        assert_eq!(
            taken,
            [
                DType::F32,
                DType::U8,
                DType::I64,
                DType::Bool,
                DType::F16,
                DType::F64,
                DType::U32
            ]
        );
    }
}
