//! What every backend must pass.

use edgebench_api::{DType, Settings};
use edgebench_conformance::{Fixture, OnnxCheck, check_backend, check_onnx};
use edgebench_tract::BACKEND;

#[test]
fn it_is_a_backend() {
    let report = check_backend(&BACKEND, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{report}");
}

#[test]
fn it_reads_onnx() {
    let stages = [("typed", 1), ("decluttered", 2), ("optimised", 2)];
    let check = OnnxCheck {
        lacks: &[DType::Bf16],
        settings: stages
            .map(|(stage, threads)| Settings {
                threads,
                options: [("optimisation".to_owned(), stage.to_owned())].into(),
                ..Settings::default()
            })
            .to_vec(),
    };
    let report = check_onnx(&BACKEND, &check);
    assert!(report.passed(), "{report}");
}
