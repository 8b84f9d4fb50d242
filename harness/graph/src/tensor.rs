//! What a stored tensor says about itself, checked against its bytes.

use std::borrow::Cow;

use crate::dtype::DType;
use crate::error::{GraphError, printable};
use crate::external::Externals;
use crate::proto::TensorProto;
use crate::scan::MAX_DIMS;
use crate::zeros::Zeros;

/// The most elements of an integer tensor that are kept as values: two pads for each dim.
pub(crate) const MAX_KEPT: u64 = 2 * MAX_DIMS;

/// A stored tensor without its bytes.
pub(crate) struct Stored {
    pub(crate) dtype: DType,
    pub(crate) dims: Vec<u64>,
    pub(crate) elements: u64,
    pub(crate) bytes: u64,
    /// Elements that stand for zero; `None` where that cannot be told.
    pub(crate) zeros: Option<u64>,
    /// The values of a short tensor of 32- or 64-bit integers.
    pub(crate) ints: Option<Vec<i64>>,
}

/// Checks a tensor's dims, type and bytes against one another, and counts its zeros.
pub(crate) fn stored(
    tensor: &TensorProto,
    name: &str,
    zeros: Zeros<'_>,
    externals: &mut Externals<'_>,
) -> Result<Stored, GraphError> {
    let invalid = |reason: String| GraphError::Tensor {
        name: printable(name),
        reason,
    };
    let dtype = DType::from_onnx(tensor.data_type)
        .filter(|&dtype| dtype != DType::Undefined)
        .ok_or_else(|| invalid(format!("its element type {} is unknown", tensor.data_type)))?;
    let dims = dims(&tensor.dims).map_err(invalid)?;
    let elements = product(&dims).ok_or_else(|| invalid("its element count overflows".to_owned()))?;
    let mut stored = Stored {
        dtype,
        dims,
        elements,
        bytes: 0,
        zeros: None,
        ints: None,
    };
    let Some(bits) = dtype.bits() else {
        let count = tensor.string_data.len() as u64;
        if count != elements {
            return Err(invalid(format!("its dims say {elements} strings and it holds {count}")));
        }
        stored.bytes = tensor.string_data.iter().map(|text| text.len() as u64).sum();
        return Ok(stored);
    };
    stored.bytes = elements
        .checked_mul(u64::from(bits))
        .ok_or_else(|| invalid("its byte count overflows".to_owned()))?
        .div_ceil(8);
    let mut counter = zeros.counter(dtype, elements);
    if tensor.data_location == 1 {
        if has_inline(tensor) {
            return Err(invalid("it holds its values in the model and outside".to_owned()));
        }
        let range = externals.open(tensor, name, stored.bytes)?;
        range
            .visit(|chunk| counter.add(chunk))
            .map_err(|source| GraphError::External {
                name: printable(name),
                location: tensor
                    .external_data
                    .iter()
                    .find(|entry| entry.key == "location")
                    .map_or_else(String::new, |entry| printable(&entry.value)),
                reason: "it cannot be read".to_owned(),
                source: Some(source),
            })?;
    } else {
        let raw = raw(tensor, dtype).map_err(|reason| invalid(reason.to_owned()))?;
        if raw.len() as u64 != stored.bytes {
            return Err(invalid(format!(
                "its dims say {} bytes of {dtype} and it holds {}",
                stored.bytes,
                raw.len()
            )));
        }
        counter.add(&raw);
        stored.ints = ints(dtype, elements, &raw);
    }
    stored.zeros = counter.count();
    Ok(stored)
}

/// The value that all elements of a small integer tensor share, as its bit pattern: what a zero point of one tensor
/// or of equal channels is. `None` for other types, differing values and external data.
pub(crate) fn uniform(tensor: &TensorProto) -> Option<u64> {
    let dtype = DType::from_onnx(tensor.data_type)?;
    let elements = product(&dims(&tensor.dims).ok()?)?;
    if !matches!(
        dtype,
        DType::U8 | DType::I8 | DType::U16 | DType::I16 | DType::I32 | DType::U4 | DType::I4 | DType::U2 | DType::I2
    ) || elements == 0
    {
        return None;
    }
    let raw = raw(tensor, dtype).ok()?;
    let bits = dtype.bits()?;
    if raw.len() as u64 != elements.checked_mul(u64::from(bits))?.div_ceil(8) {
        return None;
    }
    let mut values = patterns(&raw, bits).take(usize::try_from(elements).ok()?);
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// The bytes of a tensor that holds its values itself, in the order of `raw_data`.
pub(crate) fn raw(tensor: &TensorProto, dtype: DType) -> Result<Cow<'_, [u8]>, &'static str> {
    if let Some(raw) = &tensor.raw_data {
        return if has_typed(tensor) {
            Err("it holds its values twice")
        } else {
            Ok(Cow::Borrowed(raw))
        };
    }
    let bytes: Vec<u8> = match dtype {
        DType::F32 | DType::Complex64 => tensor.float_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DType::F64 | DType::Complex128 => tensor
            .double_data
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        DType::I64 => tensor.int64_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DType::U64 => tensor
            .uint64_data
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        DType::U32 => tensor
            .uint64_data
            .iter()
            .flat_map(|&value| (value as u32).to_le_bytes())
            .collect(),
        DType::I32 => tensor.int32_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DType::F16 | DType::Bf16 | DType::I16 | DType::U16 => tensor
            .int32_data
            .iter()
            .flat_map(|&value| (value as u16).to_le_bytes())
            .collect(),
        DType::Undefined | DType::String => return Err("its type has no bytes"),
        // The other types take a byte an entry; those under 8 bits are packed into it.
        _ => tensor.int32_data.iter().map(|&value| value as u8).collect(),
    };
    Ok(Cow::Owned(bytes))
}

/// Elements of at most 8 bits, of 16 or of 32, as bit patterns, the lowest bits of a byte first.
pub(crate) fn patterns(raw: &[u8], bits: u32) -> Box<dyn Iterator<Item = u64> + '_> {
    match bits {
        16 => Box::new(
            raw.chunks_exact(2)
                .map(|pair| u64::from(u16::from_le_bytes([pair[0], pair[1]]))),
        ),
        32 => Box::new(
            raw.as_chunks::<4>()
                .0
                .iter()
                .map(|&word| u64::from(u32::from_le_bytes(word))),
        ),
        2 | 4 => Box::new(raw.iter().flat_map(move |&byte| {
            (0..8 / bits).map(move |place| u64::from(byte >> (place * bits)) & ((1 << bits) - 1))
        })),
        _ => Box::new(raw.iter().map(|&byte| u64::from(byte))),
    }
}

/// The product of dims; `None` where it overflows.
pub(crate) fn product(dims: &[u64]) -> Option<u64> {
    // A zero among the dims makes the product 0, whatever the others are.
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter().try_fold(1_u64, |product, &dim| product.checked_mul(dim))
}

pub(crate) fn dims(dims: &[i64]) -> Result<Vec<u64>, String> {
    dims.iter()
        .map(|&dim| u64::try_from(dim).map_err(|_| format!("it has the negative dim {dim}")))
        .collect()
}

fn ints(dtype: DType, elements: u64, raw: &[u8]) -> Option<Vec<i64>> {
    if elements > MAX_KEPT {
        return None;
    }
    match dtype {
        DType::I64 => Some(
            raw.as_chunks::<8>()
                .0
                .iter()
                .map(|&bytes| i64::from_le_bytes(bytes))
                .collect(),
        ),
        DType::I32 => Some(
            raw.as_chunks::<4>()
                .0
                .iter()
                .map(|&bytes| i64::from(i32::from_le_bytes(bytes)))
                .collect(),
        ),
        _ => None,
    }
}

fn has_typed(tensor: &TensorProto) -> bool {
    !(tensor.float_data.is_empty()
        && tensor.int32_data.is_empty()
        && tensor.int64_data.is_empty()
        && tensor.double_data.is_empty()
        && tensor.uint64_data.is_empty()
        && tensor.string_data.is_empty())
}

fn has_inline(tensor: &TensorProto) -> bool {
    has_typed(tensor) || tensor.raw_data.as_ref().is_some_and(|raw| !raw.is_empty())
}
