//! From a file to a graph that candle-onnx can walk.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;
use candle_onnx::onnx::tensor_shape_proto::dimension::Value as Dimension;
use candle_onnx::onnx::type_proto::Value as Type;
use candle_onnx::onnx::{GraphProto, ModelProto, ValueInfoProto};
use edgebench_api::{BackendError, TensorSpec};
use prost::Message;

use crate::{constants, operators, tensor};

/// A model whose weights have been decoded.
pub(crate) struct Model {
    /// The graph without them.
    pub(crate) proto: ModelProto,
    /// The weights.
    pub(crate) constants: HashMap<String, Tensor>,
    /// Names and operators of all nodes, for messages.
    pub(crate) nodes: Vec<(String, String)>,
    /// The inputs that are given, which are those without an initialiser.
    pub(crate) inputs: Vec<TensorSpec>,
    /// The outputs.
    pub(crate) outputs: Vec<TensorSpec>,
}

/// Reads a model.
///
/// # Errors
/// [`BackendError::Unsupported`] when candle-onnx lacks something, and [`BackendError::Load`].
pub(crate) fn read(path: &Path) -> Result<Model, BackendError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| BackendError::Load {
        what: path.display().to_string(),
        source: Some(source),
    };
    let bytes = std::fs::read(path).map_err(|error| failed(error.into()))?;
    let mut proto = ModelProto::decode(bytes.as_slice()).map_err(|error| failed(error.into()))?;
    let graph = proto
        .graph
        .as_mut()
        .ok_or_else(|| BackendError::load(format!("{}: it has no graph", path.display())))?;
    operators::check(graph)?;
    let mut constants = HashMap::new();
    constants::take(graph, &mut constants)?;
    let given = graph.input.iter().filter(|input| !constants.contains_key(&input.name));
    let inputs = given.map(spec).collect::<Result<_, _>>()?;
    let outputs = graph.output.iter().map(spec).collect::<Result<_, _>>()?;
    let mut nodes = Vec::new();
    name_nodes(graph, &mut nodes);
    Ok(Model {
        proto,
        constants,
        nodes,
        inputs,
        outputs,
    })
}

fn name_nodes(graph: &GraphProto, nodes: &mut Vec<(String, String)>) {
    for node in &graph.node {
        nodes.push((node.name.clone(), node.op_type.clone()));
        for inner in node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()) {
            name_nodes(inner, nodes);
        }
    }
}

fn spec(info: &ValueInfoProto) -> Result<TensorSpec, BackendError> {
    let value = info.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
    let unsupported = |what: &str| BackendError::Unsupported {
        what: format!("`{}` is {what}, which candle-onnx does not take", info.name),
        operator: None,
        source: None,
    };
    let Some(Type::TensorType(declared)) = value else {
        return Err(unsupported("no tensor"));
    };
    let (dtype, _) = tensor::dtype(declared.elem_type)
        .ok_or_else(|| unsupported(&format!("of the element type {}", type_name(declared.elem_type))))?;
    let dims = declared.shape.iter().flat_map(|shape| &shape.dim);
    Ok(TensorSpec {
        name: info.name.clone(),
        dtype,
        shape: dims
            .map(|dim| match dim.value {
                Some(Dimension::DimValue(value)) => usize::try_from(value).ok(),
                _ => None,
            })
            .collect(),
    })
}

fn type_name(elem_type: i32) -> String {
    use candle_onnx::onnx::tensor_proto::DataType;
    DataType::try_from(elem_type).map_or_else(|_| elem_type.to_string(), |known| known.as_str_name().to_owned())
}
