//! A tensor in a file of its own, as ONNX's test data keeps inputs and outputs (`input_0.pb`).

use std::io;
use std::path::Path;

use bytes::Bytes;
use prost::Message as _;

use crate::dtype::DType;
use crate::error::{GraphError, printable};
use crate::graph::read_file;
use crate::proto::TensorProto;
use crate::tensor::{dims, product, raw};

/// A tensor with its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseTensor {
    /// Its name; often empty.
    pub name: String,
    /// The element type.
    pub dtype: DType,
    /// The extents.
    pub dims: Vec<u64>,
    /// The elements in C order, little-endian.
    pub data: Vec<u8>,
}

/// Reads a file that holds one tensor.
///
/// # Errors
/// [`GraphError`] where the file cannot be read, is no tensor, or its dims, type and bytes do not belong together.
pub fn read_tensor(path: &Path) -> Result<LooseTensor, GraphError> {
    let bytes = read_file(path)?;
    decode_tensor(bytes).map_err(|error| match error {
        // The system's errors name the file; what is wrong inside it does not.
        GraphError::Tensor { name, reason } => GraphError::Io {
            path: path.to_owned(),
            source: io::Error::new(
                io::ErrorKind::InvalidData,
                format!("tensor `{name}` is invalid: {reason}"),
            ),
        },
        other => other,
    })
}

fn decode_tensor(bytes: Bytes) -> Result<LooseTensor, GraphError> {
    let tensor = TensorProto::decode(bytes).map_err(|error| GraphError::Malformed {
        reason: error.to_string(),
        offset: 0,
    })?;
    let invalid = |reason: String| GraphError::Tensor {
        name: printable(&tensor.name),
        reason,
    };
    let dtype = DType::from_onnx(tensor.data_type)
        .filter(|&dtype| dtype != DType::Undefined)
        .ok_or_else(|| invalid(format!("its element type {} is unknown", tensor.data_type)))?;
    let dims = dims(&tensor.dims).map_err(invalid)?;
    let data = raw(&tensor, dtype).map_err(|reason| invalid(reason.to_owned()))?;
    let bytes = product(&dims)
        .zip(dtype.bits())
        .and_then(|(elements, bits)| Some(elements.checked_mul(u64::from(bits))?.div_ceil(8)));
    if bytes != Some(data.len() as u64) {
        return Err(invalid(format!(
            "its dims {dims:?} of {dtype} do not fit its {} bytes",
            data.len()
        )));
    }
    let data = data.into_owned();
    Ok(LooseTensor {
        name: tensor.name.clone(),
        dtype,
        dims,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto(dims: &[i64], floats: &[f32]) -> Bytes {
        let tensor = TensorProto {
            dims: dims.to_vec(),
            data_type: 1,
            float_data: floats.to_vec(),
            name: "x".to_owned(),
            ..TensorProto::default()
        };
        tensor.encode_to_vec().into()
    }

    #[test]
    fn a_tensor_comes_with_its_elements() {
        let tensor = decode_tensor(proto(&[1, 2], &[1.0, -2.0])).unwrap();
        assert_eq!(
            (tensor.name.as_str(), tensor.dtype, tensor.dims),
            ("x", DType::F32, vec![1, 2])
        );
        assert_eq!(tensor.data, [1.0_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat());
    }

    #[test]
    fn one_that_contradicts_itself_is_refused() {
        assert!(decode_tensor(proto(&[3], &[1.0])).is_err());
        assert!(decode_tensor(proto(&[-1], &[1.0])).is_err());
        assert!(decode_tensor(proto(&[i64::MAX, i64::MAX], &[1.0])).is_err());
        assert!(decode_tensor(Bytes::from_static(b"\xff\xff\xff")).is_err());
    }
}
