//! What the real library tells of its operators.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::{Backend, BackendError, DType, LoadRequest, Profile, Settings, Tensor};
use edgebench_conformance::infer;
use edgebench_ort::BACKEND;
use tempfile::TempDir;

const RUNS: usize = 5;

/// A model of the starter suite with the one input that it has.
struct Model {
    path: PathBuf,
    input: Tensor,
}

fn model(task: &str, variant: &str) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../suites/starter/{task}/models/{variant}.onnx"));
    let (name, shape) = match task {
        "watch" => ("signal", vec![1, 6, 64]),
        _ => ("image", vec![1, 1, 28, 28]),
    };
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|i: usize| (i % 17) as f32 / 17.0)
        .collect();
    Model {
        path,
        input: Tensor::new(name, DType::F32, shape, &values).unwrap(),
    }
}

impl Model {
    fn with<T>(&self, settings: &Settings, act: impl FnOnce(&LoadRequest<'_>) -> T) -> T {
        let shapes = BTreeMap::from([(self.input.name.clone(), self.input.shape.clone())]);
        act(&LoadRequest {
            model: &self.path,
            shapes: &shapes,
            settings,
        })
    }

    fn outputs(&self) -> Vec<Tensor> {
        let mut session = self
            .with(&Settings::default(), |request| BACKEND.load(request))
            .unwrap();
        infer(session.as_mut(), &self.input).unwrap()
    }

    /// The profile of some inferences, with their outputs.
    fn profile(&self, settings: &Settings, folder: &Path) -> (Profile, Vec<Tensor>) {
        let mut profiler = self
            .with(settings, |request| BACKEND.load_profiled(request, folder))
            .unwrap();
        let slot = profiler.prepare(&[self.input.view().unwrap()]).unwrap();
        for _ in 0..RUNS {
            profiler.run(slot).unwrap();
        }
        let outputs = profiler.outputs().unwrap();
        (profiler.finish().unwrap(), outputs)
    }
}

fn ops(profile: &Profile) -> Vec<&str> {
    profile.operators.iter().map(|operator| operator.op.as_str()).collect()
}

#[test]
fn every_operator_is_told_of_in_every_inference() {
    for task in ["watch", "fashion"] {
        for variant in ["fp32", "int8-static"] {
            let model = model(task, variant);
            let folder = TempDir::new().unwrap();
            let (profile, outputs) = model.profile(&Settings::default(), folder.path());
            assert_eq!(outputs, model.outputs(), "{task}/{variant}");
            assert_eq!(profile.resolution_ns.0, 1000);
            assert!(profile.operators.len() > 5, "{:?}", ops(&profile));
            let mut names: Vec<_> = profile.operators.iter().map(|operator| &operator.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), profile.operators.len());
            for operator in &profile.operators {
                let runs: Vec<usize> = operator.calls.iter().map(|call| call.run).collect();
                assert_eq!(runs, (0..RUNS).collect::<Vec<_>>(), "{}", operator.name);
                assert_eq!(operator.provider.as_deref(), Some("CPUExecutionProvider"));
                assert!(!operator.inputs.is_empty() && operator.outputs.len() == 1);
            }
            // Operators follow each other within an inference.
            for run in 0..RUNS {
                let calls = profile.operators.iter().map(|operator| operator.calls[run]);
                let calls: Vec<_> = calls.collect();
                for pair in calls.windows(2) {
                    assert!(pair[0].begin_ns.0 + pair[0].duration_ns.0 <= pair[1].begin_ns.0);
                }
            }
        }
    }
}

#[test]
fn operators_are_those_of_the_optimised_graph() {
    let told = |task: &str, variant: &str| {
        let folder = TempDir::new().unwrap();
        let (profile, _) = model(task, variant).profile(&Settings::default(), folder.path());
        ops(&profile).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let fp32 = told("watch", "fp32");
    assert!(
        fp32.iter().any(|op| op == "FusedConv") && !fp32.iter().any(|op| op == "Relu"),
        "{fp32:?}"
    );
    let int8 = told("fashion", "int8-static");
    for op in [
        "QuantizeLinear",
        "QLinearConv",
        "QLinearAdd",
        "QGemm",
        "DequantizeLinear",
    ] {
        assert!(int8.iter().any(|told| told == op), "{op}: {int8:?}");
    }
    assert!(!int8.iter().any(|op| op == "Conv"), "{int8:?}");
    // Blocked layouts are for x86-64 alone.
    if cfg!(target_arch = "x86_64") {
        let blocked = told("fashion", "fp32");
        assert!(blocked.iter().any(|op| op == "ReorderOutput"), "{blocked:?}");
    }
}

#[test]
fn the_graph_is_written_as_it_is_executed() {
    let folder = TempDir::new().unwrap();
    let (profile, _) = model("fashion", "int8-static").profile(&Settings::default(), folder.path());
    let executed = profile.executed_model.unwrap();
    assert!(executed.starts_with(folder.path()));
    let bytes = std::fs::read(executed).unwrap();
    for operator in &profile.operators {
        let name = operator.name.as_bytes();
        assert!(
            bytes.windows(name.len()).any(|window| window == name),
            "{}",
            operator.name
        );
    }
}

#[test]
fn writing_the_graph_changes_nothing_and_is_no_condition() {
    // A folder of that name is in the way of the file.
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("executed.onnx")).unwrap();
    for variant in ["fp32", "int8-static"] {
        let model = model("fashion", variant);
        let (unwritten, outputs) = model.profile(&Settings::default(), folder.path());
        assert_eq!(unwritten.executed_model, None);
        assert_eq!(outputs, model.outputs());
        let other = TempDir::new().unwrap();
        let (written, _) = model.profile(&Settings::default(), other.path());
        assert!(written.executed_model.is_some());
        let told = |profile: &Profile| {
            let mut operators = profile.operators.clone();
            for operator in &mut operators {
                operator.calls.clear();
            }
            operators
        };
        assert_eq!(told(&written), told(&unwritten));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_graph_that_does_not_fit_on_the_disk_is_absent() {
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("executed.onnx")).unwrap();
    let (profile, _) = model("watch", "fp32").profile(&Settings::default(), folder.path());
    assert_eq!(profile.executed_model, None);
    assert_eq!(profile.operators[0].calls.len(), RUNS);
}

#[test]
fn a_model_that_does_not_load_is_the_runtimes_error() {
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("broken.onnx");
    std::fs::write(&broken, b"no model").unwrap();
    let request = LoadRequest {
        model: &broken,
        shapes: &BTreeMap::new(),
        settings: &Settings::default(),
    };
    let error = BACKEND.load_profiled(&request, folder.path()).err().unwrap();
    assert!(
        matches!(&error, BackendError::Load { what, .. } if what.contains("broken.onnx")),
        "{error}"
    );
}

/// Names of nodes are any text; ONNX Runtime escapes them in its profile.
#[test]
fn a_node_may_have_quotation_marks_in_its_name() {
    let folder = TempDir::new().unwrap();
    let mut quoted = model("watch", "fp32");
    let mut bytes = std::fs::read(&quoted.path).unwrap();
    // The name of a node is its field 3.
    let (name, odd) = (b"\x1a\x04head", "\"\\\t\u{1b}");
    let place = bytes.windows(name.len()).position(|window| window == name).unwrap() + 2;
    bytes[place..place + odd.len()].copy_from_slice(odd.as_bytes());
    quoted.path = folder.path().join("quoted.onnx");
    std::fs::write(&quoted.path, bytes).unwrap();
    let (profile, _) = quoted.profile(&Settings::default(), folder.path());
    let names: Vec<_> = profile.operators.iter().map(|operator| &operator.name).collect();
    assert!(names.iter().any(|name| name.contains(odd)), "{names:?}");
}

#[test]
fn settings_hold() {
    let settings = Settings {
        options: [("graph_optimisation".to_owned(), "disable".to_owned())].into(),
        ..Settings::default()
    };
    let folder = TempDir::new().unwrap();
    let (profile, _) = model("fashion", "fp32").profile(&settings, folder.path());
    let ops = ops(&profile);
    assert!(ops.contains(&"Relu") && !ops.contains(&"ReorderOutput"), "{ops:?}");
}

#[test]
fn a_profile_of_no_inference_is_empty() {
    let folder = TempDir::new().unwrap();
    let profiler = model("watch", "fp32")
        .with(&Settings::default(), |request| {
            BACKEND.load_profiled(request, folder.path())
        })
        .unwrap();
    assert_eq!(profiler.finish().unwrap().operators, []);
}
