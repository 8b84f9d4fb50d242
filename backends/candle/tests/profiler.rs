//! Profiles of real models.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Once;
use std::time::Instant;

use edgebench_api::{
    Backend, BackendError, DType, LoadRequest, Nanos, Probe, Profile, ProfiledOperator, ProfiledValue, Profiler,
    Session, Settings, Tensor,
};
use edgebench_candle::BACKEND;
use edgebench_conformance::{Fixture, OnnxCheck, OnnxModel, check_backend, check_onnx};

/// The backend, whose sessions are profiled ones.
struct Profiled;

impl Backend for Profiled {
    fn name(&self) -> &'static str {
        BACKEND.name()
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        Ok(self.load_profiled(request, Path::new(""))?)
    }

    fn load_profiled(&self, request: &LoadRequest<'_>, folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        BACKEND.load_profiled(request, folder)
    }
}

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

#[test]
fn a_profiled_session_is_a_session() {
    one_thread();
    let report = check_backend(&Profiled, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{report}");
    let check = OnnxCheck {
        lacks: &[DType::Bf16, DType::I8, DType::I16, DType::U16, DType::I32, DType::U64],
        settings: Vec::new(),
    };
    let report = check_onnx(&Profiled, &check);
    assert!(report.passed(), "{report}");
}

/// A tensor of numbers which `seed` tells from others.
fn tensor(name: &str, shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed;
    let elements: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 24) as f32
        })
        .collect();
    Tensor::new(name, DType::F32, shape, &elements).expect("as many elements as the shape holds")
}

/// What a session gives for each of these sets of inputs, and the time of each.
fn run(session: &mut dyn Session, sets: &[Vec<Tensor>]) -> (Vec<Vec<Tensor>>, Vec<Nanos>) {
    let each = |set: &Vec<Tensor>| {
        let views: Vec<_> = set
            .iter()
            .map(|tensor| tensor.view().expect("bytes for the shape"))
            .collect();
        let slot = session.prepare(&views).expect("inputs that fit");
        let begin = Instant::now();
        session.run(slot).expect("an inference");
        let wall = Nanos::from(begin.elapsed());
        (session.outputs().expect("outputs of it"), wall)
    };
    sets.iter().map(each).unzip()
}

/// The profile of three inferences, whose outputs are found to be those of a plain session.
fn profile(file: &Path, inputs: &[(&str, &[usize])]) -> (Profile, Vec<Nanos>) {
    one_thread();
    let shapes: BTreeMap<String, Vec<usize>> = inputs
        .iter()
        .map(|&(name, shape)| (name.to_owned(), shape.to_vec()))
        .collect();
    let request = LoadRequest {
        model: file,
        shapes: &shapes,
        settings: &Settings::default(),
    };
    let mut plain = BACKEND.load(&request).expect("a model that candle runs");
    let mut profiler = BACKEND.load_profiled(&request, Path::new("")).expect("the same");
    let set = |seed| inputs.iter().map(|(name, shape)| tensor(name, shape, seed)).collect();
    let sets: Vec<Vec<Tensor>> = (1..4).map(set).collect();
    let (expected, _) = run(plain.as_mut(), &sets);
    let (found, walls) = run(profiler.as_mut(), &sets);
    assert_eq!(found, expected, "{}", file.display());
    assert_ne!(found[0], found[1], "{}", file.display());
    (profiler.finish().expect("a profile"), walls)
}

/// Every operator is called once in every inference, in its turn and within it.
fn calls_are_complete(profile: &Profile, walls: &[Nanos]) {
    assert_eq!(profile.resolution_ns, Nanos(1));
    for operator in &profile.operators {
        let runs: Vec<usize> = operator.calls.iter().map(|call| call.run).collect();
        assert_eq!(runs, (0..walls.len()).collect::<Vec<_>>(), "{}", operator.name);
    }
    for (run, wall) in walls.iter().enumerate() {
        let mut clock = 0;
        for operator in &profile.operators {
            let call = operator.calls[run];
            assert!(clock <= call.begin_ns.0, "{}", operator.name);
            clock = call.begin_ns.0 + call.duration_ns.0;
        }
        assert!(0 < clock && clock <= wall.0, "{clock} of {wall}");
    }
}

/// Names tell operators apart and connect them, and all values have types and shapes.
fn values_are_told(profile: &Profile, inputs: &[(&str, &[usize])]) {
    let mut known: BTreeSet<&str> = inputs.iter().map(|(name, _)| *name).collect();
    let mut names = BTreeSet::new();
    for operator in &profile.operators {
        let name = &operator.name;
        assert!(names.insert(name), "{name}");
        assert_eq!(operator.sources, [name.as_str()]);
        for input in operator.inputs.iter().filter(|input| !input.constant) {
            assert!(known.contains(input.name.as_str()), "{name} reads {}", input.name);
        }
        known.extend(operator.outputs.iter().map(|output| output.name.as_str()));
        for value in operator.inputs.iter().chain(&operator.outputs) {
            assert!(value.dtype.is_some() && value.shape.is_some(), "{name}: {value:?}");
        }
    }
}

#[test]
fn operators_of_the_bundled_models_are_timed() {
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let image: &[(&str, &[usize])] = &[("image", &[1, 1, 28, 28])];
    let signal: &[(&str, &[usize])] = &[("signal", &[1, 6, 64])];
    let audio: &[(&str, &[usize])] = &[("audio", &[1, 512]), ("state", &[1, 64])];
    for (file, inputs, operators) in [
        ("starter/fashion/models/fp32.onnx", image, 22),
        ("starter/fashion/models/fp16.onnx", image, 25),
        ("starter/watch/models/fp32.onnx", signal, 10),
        ("voice/models/fp32.onnx", audio, 39),
    ] {
        let (profile, walls) = profile(&suites.join(file), inputs);
        assert_eq!(profile.operators.len(), operators, "{file}");
        calls_are_complete(&profile, &walls);
        values_are_told(&profile, inputs);
    }
}

/// Convolutions take most of this model's time by far, so that the longest operator is one unless the times are another's.
#[test]
fn times_are_those_of_the_operator() {
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let file = suites.join("starter/fashion/models/fp32.onnx");
    let (profile, _) = profile(&file, &[("image", &[1, 1, 28, 28])]);
    let shortest = |operator: &&ProfiledOperator| operator.calls.iter().map(|call| call.duration_ns).min();
    let longest = profile.operators.iter().max_by_key(shortest).unwrap();
    assert_eq!(longest.op, "Conv", "{}", longest.name);
}

#[test]
fn values_are_told_as_candle_has_them() {
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let (profile, _) = profile(
        &suites.join("starter/watch/models/fp32.onnx"),
        &[("signal", &[1, 6, 64])],
    );
    let value = |name: &str, shape: &[usize], constant| ProfiledValue {
        name: name.to_owned(),
        dtype: Some("f32".to_owned()),
        shape: Some(shape.to_vec()),
        constant,
    };
    let head = profile.operators.last().unwrap();
    assert_eq!((head.name.as_str(), head.op.as_str()), ("head", "Gemm"));
    let weights = [value("head.weight", &[7, 64], true), value("head.bias", &[7], true)];
    assert_eq!(head.inputs[0], value("mean", &[1, 64], false));
    assert_eq!(head.inputs[1..], weights);
    assert_eq!(head.outputs, [value("logits", &[1, 7], false)]);
}

/// Inner graphs read values of the outer one, which their node must be given.
#[test]
fn inner_graphs_find_the_values_of_the_outer_one() {
    one_thread();
    let model = OnnxModel {
        file_name: "branches.onnx",
        bytes: include_bytes!("fixtures/branches.onnx"),
    };
    let mut session = model.load(&Profiled, &[], &Settings::default()).unwrap();
    for (x, y) in [(1f32, 12f32), (-1., 7.), (2., 14.)] {
        let x = Tensor::new("x", DType::F32, [1], &[x]).unwrap();
        let y = Tensor::new("y", DType::F32, [1], &[y]).unwrap();
        assert_eq!(edgebench_conformance::infer(session.as_mut(), &x).unwrap(), [y]);
    }
}
