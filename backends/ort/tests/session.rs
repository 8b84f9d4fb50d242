//! What the real library tells of itself and of its settings.

use edgebench_api::{Backend, Settings};
use edgebench_conformance::OnnxModel;
use edgebench_ort::BACKEND;

#[test]
fn the_probe_tells_version_path_and_origin() {
    let probe = BACKEND.probe().unwrap();
    assert!(probe.version.starts_with("1."), "{}", probe.version);
    assert!(probe.library.unwrap().contains("onnxruntime"));
    assert!(!probe.facts["found_by"].is_empty());
    assert!(
        probe.facts["build"].contains("git-commit-id"),
        "{}",
        probe.facts["build"]
    );
    assert_eq!(probe.devices[0].name, "cpu");
}

#[test]
fn options_that_were_not_asked_for_are_told() {
    let session = OnnxModel::LINEAR
        .load(&BACKEND, &[("x", &[1, 3])], &Settings::default())
        .unwrap();
    let effective = &session.spec().effective;
    assert_eq!(effective["graph_optimisation"], "all");
    for name in ["spinning", "memory_arena", "memory_pattern"] {
        assert_eq!(effective[name], "on", "{name}");
    }
}
