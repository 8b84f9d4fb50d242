//! What every backend must pass.

use edgebench_api::Settings;
use edgebench_conformance::{Fixture, OnnxCheck, check_backend, check_onnx};
use edgebench_ort::BACKEND;

#[test]
fn it_is_a_backend() {
    let report = check_backend(&BACKEND, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{report}");
}

#[test]
fn it_reads_onnx() {
    let options = [("graph_optimisation", "basic"), ("spinning", "off")];
    let check = OnnxCheck {
        lacks: &[],
        settings: vec![Settings {
            threads: 2,
            options: options.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Settings::default()
        }],
    };
    let report = check_onnx(&BACKEND, &check);
    assert!(report.passed(), "{report}");
}
