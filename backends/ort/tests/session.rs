//! What the real library tells of itself and of its settings.

use edgebench_api::{Backend, DType, Settings, Tensor};
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

#[test]
fn the_arena_is_told_where_there_is_one() {
    let arena = |value: &str| {
        let settings = Settings {
            options: [("memory_arena".to_owned(), value.to_owned())].into(),
            ..Settings::default()
        };
        let mut session = OnnxModel::LINEAR.load(&BACKEND, &[("x", &[1, 3])], &settings).unwrap();
        let input = Tensor::new("x", DType::F32, [1, 3], &[1.0f32, 2.0, 3.0]).unwrap();
        let slot = session.prepare(&[input.view().unwrap()]).unwrap();
        session.run(slot).unwrap();
        session.arena()
    };
    assert_eq!(arena("off"), None);
    let version = BACKEND.probe().unwrap().version;
    let minor: u32 = version.split('.').nth(1).unwrap().parse().unwrap();
    let on = arena("on");
    if minor < 23 {
        assert_eq!(on, None, "{version} does not tell");
        return;
    }
    let on = on.expect("this library tells");
    // The model's output at least was given out, four bytes of it and more.
    assert!(on.in_use_bytes.0 > 0, "{on:?}");
    assert!(
        on.in_use_bytes <= on.peak_in_use_bytes && on.peak_in_use_bytes <= on.reserved_bytes,
        "{on:?}"
    );
    assert!(on.reserved_bytes.0 < 1 << 30, "{on:?}");
}
