//! Weights, decoded once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use candle_core::Tensor;
use candle_onnx::onnx::tensor_proto::{DataLocation, DataType};
use candle_onnx::onnx::{GraphProto, TensorProto};
use edgebench_api::BackendError;

use crate::{failure, tensor};

/// Moves a graph's initialisers and `Constant` nodes into a map, its inner graphs' included. candle-onnx evaluates
/// inner graphs over the values of the outer one, so that it finds them all there.
///
/// A name that an inner graph uses again stays where it is: there it hides the outer value, and candle-onnx decodes it
/// when it comes to it.
///
/// # Errors
/// [`BackendError::Unsupported`] for a weight that candle-onnx cannot decode, and [`BackendError::Load`] for one whose
/// bytes do not fit its shape.
pub(crate) fn take(graph: &mut GraphProto, constants: &mut HashMap<String, Tensor>) -> Result<(), BackendError> {
    let mut kept = Vec::new();
    for proto in std::mem::take(&mut graph.initializer) {
        match constants.entry(proto.name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(decode(&proto, &proto.name)?);
            }
            Entry::Occupied(_) => kept.push(proto),
        }
    }
    graph.initializer = kept;

    let mut kept = Vec::new();
    for mut node in std::mem::take(&mut graph.node) {
        let output = node.output.first().cloned().unwrap_or_default();
        if node.op_type == "Constant" && !constants.contains_key(&output) {
            let value = node.attribute.iter().find(|attribute| attribute.name == "value");
            let Some(proto) = value.and_then(|attribute| attribute.t.as_ref()) else {
                return Err(BackendError::Unsupported {
                    what: format!("`{output}` is no dense tensor, and candle-onnx decodes no other"),
                    operator: Some(node.op_type),
                    source: None,
                });
            };
            constants.insert(output.clone(), decode(proto, &output)?);
            continue;
        }
        for attribute in &mut node.attribute {
            if let Some(inner) = &mut attribute.g {
                take(inner, constants)?;
            }
        }
        kept.push(node);
    }
    graph.node = kept;
    Ok(())
}

fn decode(proto: &TensorProto, name: &str) -> Result<Tensor, BackendError> {
    check(proto, name)?;
    candle_onnx::eval::get_tensor(proto, name).map_err(|error| failure::load(error, format!("weight `{name}`")))
}

/// What candle-onnx takes for granted of a weight.
fn check(proto: &TensorProto, name: &str) -> Result<(), BackendError> {
    let unsupported = |what: &str| BackendError::Unsupported {
        what: format!("weight `{name}` {what}"),
        operator: None,
        source: None,
    };
    if proto.data_location == DataLocation::External as i32 {
        return Err(unsupported("is in another file, which candle-onnx does not read"));
    }
    let elements = proto
        .dims
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(usize::try_from(dim).ok()?))
        .ok_or_else(|| BackendError::load(format!("weight `{name}` has dimensions {:?}", proto.dims)))?;
    let typed = proto.float_data.len()
        + proto.double_data.len()
        + proto.int64_data.len()
        + proto.int32_data.len()
        + proto.uint64_data.len();
    let (size, read_typed) = match DataType::try_from(proto.data_type) {
        Ok(DataType::Int32) => (4, !proto.int32_data.is_empty()),
        Ok(DataType::Float) => (4, !proto.float_data.is_empty()),
        Ok(DataType::Double) => (8, !proto.double_data.is_empty()),
        Ok(DataType::Int64) => (8, !proto.int64_data.is_empty()),
        _ => match tensor::dtype(proto.data_type) {
            Some((dtype, _)) => (dtype.size(), false),
            // candle-onnx names the type in its own words.
            None => return Ok(()),
        },
    };
    if !read_typed && proto.raw_data.is_empty() && typed > 0 {
        return Err(unsupported(
            "is kept in a field that candle-onnx does not read for its type",
        ));
    }
    let found = if read_typed { typed } else { proto.raw_data.len() / size };
    if found != elements || (!read_typed && !proto.raw_data.len().is_multiple_of(size)) {
        return Err(BackendError::load(format!(
            "weight `{name}` has shape {:?} and {found} elements",
            proto.dims
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn weight(data_type: DataType, dims: &[i64], raw_data: &[u8]) -> TensorProto {
        TensorProto {
            name: "w".to_owned(),
            data_type: data_type as i32,
            dims: dims.to_vec(),
            raw_data: raw_data.to_vec(),
            ..TensorProto::default()
        }
    }

    fn take_one(proto: TensorProto) -> Result<HashMap<String, Tensor>, BackendError> {
        let mut graph = GraphProto {
            initializer: vec![proto],
            ..GraphProto::default()
        };
        let mut constants = HashMap::new();
        take(&mut graph, &mut constants)?;
        assert!(graph.initializer.is_empty());
        Ok(constants)
    }

    #[test]
    fn halves_are_decoded_from_raw_bytes() {
        let constants = take_one(weight(DataType::Float16, &[2], &[0, 0x3c, 0, 0xc0])).unwrap();
        let expected = Tensor::new(&[half::f16::ONE, half::f16::from_f32(-2.)], &Device::Cpu).unwrap();
        assert_eq!(
            constants["w"].to_vec1::<half::f16>().unwrap(),
            expected.to_vec1::<half::f16>().unwrap()
        );
    }

    #[test]
    fn what_candle_onnx_cannot_decode_is_unsupported() {
        let mut elsewhere = weight(DataType::Float16, &[1], &[]);
        elsewhere.int32_data = vec![15360];
        let mut external = weight(DataType::Float, &[1], &[]);
        external.data_location = DataLocation::External as i32;
        for proto in [
            weight(DataType::Int8, &[1], &[1]),
            elsewhere,
            external,
            TensorProto {
                data_type: 22,
                ..weight(DataType::Float, &[1], &[1])
            },
        ] {
            let error = take_one(proto).unwrap_err();
            assert!(matches!(error, BackendError::Unsupported { .. }), "{error}");
        }
    }

    #[test]
    fn bytes_that_do_not_fit_the_shape_are_refused() {
        for proto in [
            weight(DataType::Float, &[2], &[0; 4]),
            weight(DataType::Float, &[1], &[0; 5]),
            weight(DataType::Float, &[-1], &[0; 4]),
            weight(DataType::Int32, &[i64::MAX, i64::MAX], &[0; 4]),
        ] {
            let error = take_one(proto).unwrap_err();
            assert!(matches!(error, BackendError::Load { .. }), "{error}");
        }
    }
}
