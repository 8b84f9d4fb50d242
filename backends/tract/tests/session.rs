//! Loads and runs small models.

use edgebench_api::{BackendError, DType, Session, Settings, Tensor};
use edgebench_conformance::{OnnxModel, infer};
use edgebench_tract::BACKEND;

/// A product of matrices, with the shapes of an export for another batch.
const STALE_VALUE_INFO: OnnxModel = OnnxModel {
    file_name: "stale_value_info.onnx",
    bytes: include_bytes!("fixtures/stale_value_info.onnx"),
};

fn load(model: &OnnxModel, shapes: &[(&str, &[usize])]) -> Result<Box<dyn Session>, BackendError> {
    model.load(&BACKEND, shapes, &Settings::default())
}

#[test]
fn outputs_have_the_shapes_of_the_plan() {
    let session = load(&OnnxModel::LINEAR, &[("x", &[2, 3])]).unwrap();
    assert_eq!(session.spec().inputs[0].shape, [None, Some(3)]);
    assert_eq!(session.spec().outputs[0].shape, [Some(2), Some(2)]);
}

#[test]
fn stale_shapes_in_the_file_are_passed_over() {
    let mut session = load(&STALE_VALUE_INFO, &[("x", &[2, 3])]).unwrap();
    assert_eq!(session.spec().effective["value_info"], "ignored");
    let x = Tensor::new("x", DType::F32, [2, 3], &[1f32; 6]).unwrap();
    let y = Tensor::new("y", DType::F32, [2, 2], &[3f32, 2.5, 3., 2.5]).unwrap();
    assert_eq!(infer(session.as_mut(), &x).unwrap(), [y]);
}

#[test]
fn what_is_lacking_is_named() {
    let error = load(&OnnxModel::INT4, &[]).err().unwrap();
    assert!(matches!(error, BackendError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("Int4"), "{error}");
}
