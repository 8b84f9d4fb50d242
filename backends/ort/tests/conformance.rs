//! What every backend must pass.

use edgebench_conformance::{Fixture, check_backend};

#[test]
fn it_is_a_backend() {
    let report = check_backend(&edgebench_ort::BACKEND, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{:#?}", report.failures().collect::<Vec<_>>());
}
