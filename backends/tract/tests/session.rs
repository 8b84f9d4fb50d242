//! Loads and runs small models.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::{Backend, BackendError, DType, LoadRequest, Session, Settings, Slot, Tensor, TensorView};
use edgebench_tract::BACKEND;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn load_with(name: &str, shapes: &[(&str, &[usize])], settings: &Settings) -> Result<Box<dyn Session>, BackendError> {
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
fn slots_are_kept_apart_and_outputs_are_named() {
    let mut session = load("linear.onnx", &[("x", &[2, 3])]).unwrap();
    assert_eq!(session.spec().inputs[0].shape, [None, Some(3)]);
    assert_eq!(session.spec().outputs[0].shape, [Some(2), Some(2)]);
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
fn every_element_type_but_bfloat16_goes_in_and_comes_out() {
    let names = [
        "float", "float16", "bfloat16", "double", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
        "uint64", "bool",
    ];
    for (dtype, name) in DType::ALL.into_iter().zip(names) {
        let loaded = load(&format!("identity_{name}.onnx"), &[]);
        if dtype == DType::Bf16 {
            assert!(matches!(loaded, Err(BackendError::Unsupported { .. })));
            continue;
        }
        let mut session = loaded.unwrap();
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
    for (stage, threads) in [("typed", 1), ("decluttered", 2), ("optimised", 2)] {
        let settings = Settings {
            threads,
            options: [("optimisation".to_owned(), stage.to_owned())].into(),
            ..Settings::default()
        };
        let mut session = load_with("linear.onnx", &[("x", &[1, 3])], &settings).unwrap();
        assert_eq!(session.spec().effective["threads"], threads.to_string());
        assert_eq!(session.spec().effective["optimisation"], stage);
        let x = floats("x", &[1, 3], &[1., 1., 1.]);
        let slot = session.prepare(&[x.view().unwrap()]).unwrap();
        session.run(slot).unwrap();
        assert_eq!(session.outputs().unwrap()[0], floats("y", &[1, 2], &[3., 2.5]));
    }
}

#[test]
fn stale_shapes_in_the_file_are_passed_over() {
    let mut session = load("stale_value_info.onnx", &[("x", &[2, 3])]).unwrap();
    assert_eq!(session.spec().effective["value_info"], "ignored");
    let x = floats("x", &[2, 3], &[1.; 6]);
    let slot = session.prepare(&[x.view().unwrap()]).unwrap();
    session.run(slot).unwrap();
    assert_eq!(session.outputs().unwrap()[0], floats("y", &[2, 2], &[3., 2.5, 3., 2.5]));
}

#[test]
fn what_is_lacking_is_named() {
    let error = load("unknown_operator.onnx", &[]).err().unwrap();
    assert_eq!(error.operator(), Some("Frobnicate"), "{error}");
    let error = load("int4.onnx", &[]).err().unwrap();
    assert!(matches!(error, BackendError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("Int4"), "{error}");
}

#[test]
fn what_is_no_model_does_not_load() {
    for name in ["make.py", "absent.onnx"] {
        let error = load(name, &[]).err().unwrap();
        assert!(matches!(error, BackendError::Load { .. }), "{error}");
    }
}
