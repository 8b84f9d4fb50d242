//! Loads and runs small models.

use std::sync::Once;

use edgebench_api::{Backend, BackendError, DType, Session, Settings, Tensor};
use edgebench_candle::BACKEND;
use edgebench_conformance::{Fixture, OnnxCheck, OnnxModel, check_backend, check_onnx, infer};

/// Weights of an outer graph and of the inner graphs of an `If`.
const BRANCHES: OnnxModel = OnnxModel {
    file_name: "branches.onnx",
    bytes: include_bytes!("fixtures/branches.onnx"),
};

/// A convolution that candle-onnx refuses only when it comes to it.
const STRIDES: OnnxModel = OnnxModel {
    file_name: "strides.onnx",
    bytes: include_bytes!("fixtures/strides.onnx"),
};

/// Sizes the pool as a worker's environment does: a test has not been started with it.
fn one_thread() {
    static POOL: Once = Once::new();
    POOL.call_once(|| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build_global()
            .expect("no pool was built before");
    });
}

fn load(model: &OnnxModel) -> Result<Box<dyn Session>, BackendError> {
    one_thread();
    model.load(&BACKEND, &[], &Settings::default())
}

fn floats(name: &str, shape: &[usize], elements: &[f32]) -> Tensor {
    Tensor::new(name, DType::F32, shape, elements).expect("as many elements as the shape holds")
}

#[test]
fn it_is_a_backend() {
    one_thread();
    let report = check_backend(&BACKEND, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{report}");
}

#[test]
fn it_reads_onnx() {
    one_thread();
    let check = OnnxCheck {
        lacks: &[DType::Bf16, DType::I8, DType::I16, DType::U16, DType::I32, DType::U64],
        settings: Vec::new(),
    };
    let report = check_onnx(&BACKEND, &check);
    assert!(report.passed(), "{report}");
}

#[test]
fn inner_graphs_find_their_own_weights() {
    let mut session = load(&BRANCHES).unwrap();
    for (x, y) in [(1., 12.), (-1., 7.), (2., 14.)] {
        let outputs = infer(session.as_mut(), &floats("x", &[1], &[x])).unwrap();
        assert_eq!(outputs, [floats("y", &[1], &[y])]);
    }
}

#[test]
fn what_is_lacking_is_named() {
    let error = load(&OnnxModel::INT4).err().unwrap();
    assert_eq!(error.operator(), Some("DequantizeLinear"), "{error}");

    let mut session = load(&STRIDES).unwrap();
    let error = infer(session.as_mut(), &floats("x", &[1, 1, 4, 4], &[0.; 16])).unwrap_err();
    assert_eq!(error.operator(), Some("Conv"), "{error}");
    assert!(session.outputs().is_err());
}

#[test]
fn settings_that_are_not_in_effect_are_refused() {
    one_thread();
    let two = Settings {
        threads: 2,
        ..Settings::default()
    };
    assert!(matches!(
        OnnxModel::LINEAR.load(&BACKEND, &[("x", &[1, 3])], &two),
        Err(BackendError::InvalidSetting { .. })
    ));
    let environment = BACKEND.environment(&two);
    assert!(environment.contains(&("RAYON_NUM_THREADS".to_owned(), "2".to_owned())));
}
