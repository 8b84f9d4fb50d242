//! Loads and runs small models through the real library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::{Backend, BackendError, DType, LoadRequest, Session, Settings, Slot, Tensor, TensorView};
use edgebench_ort::BACKEND;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn load_with(name: &str, shapes: &[(&str, &[usize])], settings: &Settings) -> Result<Box<dyn Session>, BackendError> {
    if let Err(error) = BACKEND.probe() {
        panic!("{error}: {}", error.hint().unwrap_or_default());
    }
    let shapes: BTreeMap<String, Vec<usize>> = shapes
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()))
        .collect();
    BACKEND.load(&LoadRequest {
        model: &fixture(name),
        shapes: &shapes,
        settings,
    })
}

fn load(name: &str, shapes: &[(&str, &[usize])]) -> Result<Box<dyn Session>, BackendError> {
    load_with(name, shapes, &Settings::default())
}

fn floats(name: &str, shape: &[usize], elements: &[f32]) -> Tensor {
    Tensor::new(name, DType::F32, shape, elements).expect("as many elements as the shape holds")
}

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
fn slots_are_kept_apart_and_outputs_are_named() {
    let mut session = load("linear.onnx", &[("x", &[2, 3])]).unwrap();
    assert_eq!(session.spec().inputs[0].shape, [None, Some(3)]);
    let one = floats("x", &[2, 3], &[1., 0., 0., 0., 1., 0.]);
    let two = floats("x", &[2, 3], &[0., 0., 1., 1., 1., 1.]);
    let one = session.prepare(&[one.view().unwrap()]).unwrap();
    let two = session.prepare(&[two.view().unwrap()]).unwrap();
    assert!(session.outputs().is_err(), "nothing has run");
    for _ in 0..3 {
        session.run(one).unwrap();
        let outputs = session.outputs().unwrap();
        assert_eq!(outputs[0], floats("y", &[2, 2], &[1., -1., 2., 0.5]));
        assert_eq!(outputs[1], floats("mean", &[2], &[0., 1.25]));
        session.run(two).unwrap();
        assert_eq!(session.outputs().unwrap()[0], floats("y", &[2, 2], &[0., 3., 3., 2.5]));
    }
    session.clear();
    assert!(session.run(one).is_err(), "the slots are gone");
    assert!(session.outputs().is_err());
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let mut session = load("linear.onnx", &[("x", &[1, 3])]).unwrap();
    let bytes = [0; 24];
    let cases = [
        TensorView::new("z", DType::F32, &[1, 3], &bytes[..12]).unwrap(),
        TensorView::new("x", DType::I32, &[1, 3], &bytes[..12]).unwrap(),
        TensorView::new("x", DType::F32, &[2, 3], &bytes).unwrap(),
        TensorView::new("x", DType::F32, &[3], &bytes[..12]).unwrap(),
    ];
    for case in cases {
        assert!(
            matches!(session.prepare(&[case]), Err(BackendError::Run { .. })),
            "{case:?}"
        );
    }
    let fits = TensorView::new("x", DType::F32, &[1, 3], &bytes[..12]).unwrap();
    assert!(session.prepare(&[]).is_err());
    assert!(session.prepare(&[fits, fits]).is_err());
    assert_eq!(session.prepare(&[fits]).unwrap(), Slot(0));
    assert!(load("linear.onnx", &[]).is_err(), "the batch axis is open");
}

#[test]
fn every_element_type_goes_in_and_comes_out() {
    let names = [
        "float", "float16", "bfloat16", "double", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
        "uint64", "bool",
    ];
    for (dtype, name) in DType::ALL.into_iter().zip(names) {
        let mut session = load(&format!("identity_{name}.onnx"), &[]).unwrap();
        assert_eq!(session.spec().inputs[0].dtype, dtype);
        let data: Vec<u8> = (0..6 * dtype.size())
            .map(|i| u8::from(i % dtype.size() == 0 && i % 2 == 0))
            .collect();
        let slot = session
            .prepare(&[TensorView::new("x", dtype, &[2, 3], &data).unwrap()])
            .unwrap();
        session.run(slot).unwrap();
        let outputs = session.outputs().unwrap();
        assert_eq!(
            outputs[0],
            Tensor {
                name: "y".to_owned(),
                dtype,
                shape: vec![2, 3],
                data
            },
            "{name}"
        );
    }
}

#[test]
fn settings_are_told_as_they_are_in_effect() {
    let settings = Settings {
        threads: 2,
        options: [
            ("graph_optimisation".to_owned(), "basic".to_owned()),
            ("spinning".to_owned(), "off".to_owned()),
        ]
        .into(),
        ..Settings::default()
    };
    let mut session = load_with("linear.onnx", &[("x", &[1, 3])], &settings).unwrap();
    let effective = &session.spec().effective;
    assert_eq!(effective["threads"], "2");
    assert_eq!(effective["graph_optimisation"], "basic");
    assert_eq!(effective["spinning"], "off");
    assert_eq!(effective["memory_arena"], "on");
    let x = floats("x", &[1, 3], &[1., 1., 1.]);
    let slot = session.prepare(&[x.view().unwrap()]).unwrap();
    session.run(slot).unwrap();
    assert_eq!(session.outputs().unwrap()[0], floats("y", &[1, 2], &[3., 2.5]));
}

#[test]
fn a_lacking_operator_is_named() {
    let error = load("unknown_operator.onnx", &[]).err().unwrap();
    assert_eq!(
        error.operator(),
        Some("Frobnicate"),
        "{error}: {:?}",
        std::error::Error::source(&error)
    );
}

#[test]
fn what_is_no_model_does_not_load() {
    for name in ["make.py", "absent.onnx"] {
        let error = load(name, &[]).err().unwrap();
        assert!(matches!(error, BackendError::Load { .. }), "{error}");
    }
}
