//! Small ONNX models.

use std::collections::BTreeMap;

use edgebench_api::{Backend, BackendError, DType, LoadRequest, Session, Settings, Tensor};
use tempfile::TempDir;

use crate::backend::prepare;

/// A small ONNX model, for [`crate::check_onnx`] and for the tests of one backend.
#[derive(Debug, Clone, Copy)]
pub struct OnnxModel {
    /// The model file's name.
    pub file_name: &'static str,
    /// The model file.
    pub bytes: &'static [u8],
}

/// A model of this crate's fixtures.
macro_rules! model {
    ($name:literal) => {
        OnnxModel {
            file_name: $name,
            bytes: include_bytes!(concat!("../fixtures/", $name)),
        }
    };
}

impl OnnxModel {
    /// From `x`, `f32` of `[batch, 3]`, to `y`, its product with the rows (1, −1), (2, 0.5) and (0, 3), and `mean`, the
    /// mean of each row of `y`. The batch axis is open.
    pub const LINEAR: Self = model!("linear.onnx");

    /// From `x`, `f32` of `[2]`, to `y`, its product with (0.5, 1): the weights are four bits each, and
    /// `DequantizeLinear` widens them.
    pub const INT4: Self = model!("int4.onnx");

    /// From `x`, `f16` of `[3]`, to `y`, its product with (0.5, −2, 4), which the file holds as raw bytes.
    pub(crate) const HALF: Self = model!("half.onnx");

    /// One operator that nobody has: `Frobnicate` of the domain `org.example`.
    pub(crate) const UNKNOWN_OPERATOR: Self = model!("unknown_operator.onnx");

    /// From `x`, of this type and `[2, 3]`, to an equal `y`.
    pub(crate) fn identity(dtype: DType) -> Self {
        match dtype {
            DType::F32 => model!("identity_float.onnx"),
            DType::F16 => model!("identity_float16.onnx"),
            DType::Bf16 => model!("identity_bfloat16.onnx"),
            DType::F64 => model!("identity_double.onnx"),
            DType::I8 => model!("identity_int8.onnx"),
            DType::U8 => model!("identity_uint8.onnx"),
            DType::I16 => model!("identity_int16.onnx"),
            DType::U16 => model!("identity_uint16.onnx"),
            DType::I32 => model!("identity_int32.onnx"),
            DType::U32 => model!("identity_uint32.onnx"),
            DType::I64 => model!("identity_int64.onnx"),
            DType::U64 => model!("identity_uint64.onnx"),
            DType::Bool => model!("identity_bool.onnx"),
        }
    }

    /// Writes the model to a folder of its own, which is gone afterwards, and loads it for these shapes.
    ///
    /// # Errors
    /// The backend's, and [`BackendError::Load`] when the file cannot be written.
    pub fn load(
        &self,
        backend: &dyn Backend,
        shapes: &[(&str, &[usize])],
        settings: &Settings,
    ) -> Result<Box<dyn Session>, BackendError> {
        let unwritten = |error: std::io::Error| BackendError::load(format!("{}: {error}", self.file_name));
        let folder = TempDir::new().map_err(unwritten)?;
        let model = folder.path().join(self.file_name);
        std::fs::write(&model, self.bytes).map_err(unwritten)?;
        let shapes: BTreeMap<_, _> = shapes
            .iter()
            .map(|&(name, shape)| (name.to_owned(), shape.to_vec()))
            .collect();
        backend.load(&LoadRequest {
            model: &model,
            shapes: &shapes,
            settings,
        })
    }
}

/// One inference with one input: prepares a slot, runs it, and gives the outputs.
///
/// # Errors
/// The backend's.
pub fn infer(session: &mut dyn Session, input: &Tensor) -> Result<Vec<Tensor>, BackendError> {
    let slot = prepare(session, input)?;
    session.run(slot)?;
    session.outputs()
}
