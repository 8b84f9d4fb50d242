//! Profiles of real models.

mod sample;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use edgebench_api::{
    Backend, BackendError, DType, LoadRequest, Nanos, Probe, Profile, ProfiledOperator, Profiler, Session, Settings,
    Tensor, TensorSpec,
};
use edgebench_conformance::{Fixture, OnnxCheck, check_backend, check_onnx};
use edgebench_tract::BACKEND;
use sample::one_sample;
use tract_onnx::prelude::Framework;

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

#[test]
fn a_profiled_session_is_a_session() {
    let report = check_backend(&Profiled, &Fixture::DENSE_RELU);
    assert!(report.passed(), "{report}");
    let check = OnnxCheck {
        lacks: &[DType::Bf16],
        settings: Vec::new(),
    };
    let report = check_onnx(&Profiled, &check);
    assert!(report.passed(), "{report}");
}

/// Inputs of one sample, which `seed` tells from others.
fn inputs(session: &dyn Session, shapes: &BTreeMap<String, Vec<usize>>, seed: u64) -> Vec<Tensor> {
    let inputs = session.spec().inputs.iter();
    let tensor = |input: &TensorSpec| {
        assert_eq!(input.dtype, DType::F32);
        let shape = shapes[&input.name].clone();
        let mut state = seed;
        let elements: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f32 / (1u64 << 24) as f32
            })
            .collect();
        Tensor::new(&input.name, DType::F32, shape, &elements).expect("as many elements as the shape holds")
    };
    inputs.map(tensor).collect()
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
fn profile(file: &Path, settings: &Settings) -> Result<(Profile, Vec<Nanos>), BackendError> {
    let graph = edgebench_graph::read(file).expect("a model");
    let extents = |(name, shape): (String, Vec<u64>)| (name, shape.into_iter().map(|size| size as usize).collect());
    let shapes = one_sample(&graph).into_iter().map(extents).collect();
    let request = LoadRequest {
        model: file,
        shapes: &shapes,
        settings,
    };
    let mut plain = BACKEND.load(&request)?;
    let mut profiler = BACKEND.load_profiled(&request, Path::new(""))?;
    let sets: Vec<_> = (1..4).map(|seed| inputs(plain.as_ref(), &shapes, seed)).collect();
    let (expected, _) = run(plain.as_mut(), &sets);
    let (found, walls) = run(profiler.as_mut(), &sets);
    assert_eq!(found, expected, "{}", file.display());
    assert_ne!(found[0], found[1], "{}", file.display());
    Ok((profiler.finish()?, walls))
}

/// Every operator is called once in every inference, in its turn and within it.
fn calls_are_complete(profile: &Profile, walls: &[Nanos]) {
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
        let sum: u64 = profile
            .operators
            .iter()
            .map(|operator| operator.calls[run].duration_ns.0)
            .sum();
        assert!(0 < sum && sum <= wall.0, "{sum} of {wall}");
    }
}

/// Names tell operators apart and connect them: what one reads is a constant, an input of the model, or what one before
/// it wrote. Sources are nodes of the file.
fn names_fit(profile: &Profile, file: &Path) {
    let proto = tract_onnx::onnx().proto_model_for_path(file).expect("a model");
    let graph = proto.graph.expect("a graph");
    let names = graph
        .node
        .iter()
        .flat_map(|node| node.output.first().into_iter().chain([&node.name]));
    let nodes: BTreeSet<&str> = names.map(String::as_str).filter(|name| !name.is_empty()).collect();
    let mut known: BTreeSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    let mut names = BTreeSet::new();
    for operator in &profile.operators {
        let name = &operator.name;
        assert!(names.insert(name), "{name}");
        for input in operator.inputs.iter().filter(|input| !input.constant) {
            assert!(known.contains(input.name.as_str()), "{name} reads {}", input.name);
        }
        for output in &operator.outputs {
            assert!(known.insert(&output.name), "{name} writes {}", output.name);
        }
        for source in &operator.sources {
            assert!(nodes.contains(source.as_str()), "{name} from {source}");
        }
    }
    for output in &graph.output {
        assert!(known.contains(output.name.as_str()), "nobody writes {}", output.name);
    }
}

#[test]
fn operators_of_the_bundled_models_are_timed() {
    for name in [
        "fashion/fp32",
        "fashion/int8-static",
        "fashion/pruned-channels",
        "watch/fp16",
        "watch/fp32",
        "watch/int8-dynamic",
        "watch/int8-static",
        "voice/fp32",
    ] {
        let file = bundled(name);
        let (profile, walls) = profile(&file, &Settings::default()).unwrap();
        assert_eq!(profile.resolution_ns, Nanos(1));
        assert!(profile.operators.len() > 3, "{name}");
        calls_are_complete(&profile, &walls);
        names_fit(&profile, &file);
    }
}

#[test]
fn every_stage_and_thread_count_is_timed() {
    let file = bundled("fashion/int8-static");
    for (stage, threads) in [("typed", 1), ("decluttered", 1), ("optimised", 2)] {
        let settings = Settings {
            threads,
            options: [("optimisation".to_owned(), stage.to_owned())].into(),
            ..Settings::default()
        };
        let (profile, walls) = profile(&file, &settings).unwrap();
        calls_are_complete(&profile, &walls);
        names_fit(&profile, &file);
    }
}

fn bundled(name: &str) -> PathBuf {
    let (task, variant) = name.split_once('/').expect("task and variant");
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let folder = if task == "voice" {
        suites
    } else {
        suites.join("starter")
    };
    folder.join(task).join("models").join(format!("{variant}.onnx"))
}

/// An operator's shortest call.
fn shortest(operator: &ProfiledOperator) -> Nanos {
    let durations = operator.calls.iter().map(|call| call.duration_ns);
    durations.min().unwrap_or_default()
}

/// Products take most of this model's time by far, so that the longest operator is one unless the times are another's.
#[test]
fn times_are_those_of_the_operator() {
    let (profile, _) = profile(&bundled("fashion/fp32"), &Settings::default()).unwrap();
    let longest = profile
        .operators
        .iter()
        .max_by_key(|operator| shortest(operator))
        .unwrap();
    assert!(longest.op.starts_with("OptMatMul "), "{}", longest.name);
}

#[test]
fn products_are_counted_and_tell_their_kernels() {
    let file = bundled("fashion/fp32");
    let graph = edgebench_graph::read(&file).unwrap();
    let (profile, _) = profile(&file, &Settings::default()).unwrap();
    let products: Vec<&ProfiledOperator> = profile
        .operators
        .iter()
        .filter(|operator| operator.op.starts_with("OptMatMul "))
        .collect();
    let macs: u64 = products.iter().filter_map(|operator| operator.macs).sum();
    assert_eq!(Some(macs), graph.costs(&one_sample(&graph)).macs);
    for product in products {
        let (_, kernel) = product.op.split_once(' ').unwrap();
        assert!(kernel.contains("mmm_f32"), "{kernel}");
        assert!(!product.sources.is_empty(), "{}", product.name);
        // The weights, taken in or not, are what is multiplied with.
        let weights = product.inputs.iter().filter(|input| input.constant);
        let sizes = weights
            .filter_map(|weight| weight.shape.as_ref())
            .map(|shape| shape.iter().product::<usize>());
        let written: usize = product.outputs[0].shape.as_ref().unwrap().iter().product();
        let channels = product.outputs[0].shape.as_ref().unwrap().iter().copied();
        let depth = usize::try_from(product.macs.unwrap()).unwrap() / written;
        let expected: Vec<usize> = channels.map(|channels| channels * depth).collect();
        assert!(sizes.clone().any(|size| expected.contains(&size)), "{}", product.name);
    }
}

#[test]
fn each_node_of_the_file_is_told_by_name_or_label() {
    let (profile, _) = profile(&bundled("fashion/fp32"), &Settings::default()).unwrap();
    let by_name = |name: &str| profile.operators.iter().find(|operator| operator.name == name).unwrap();
    assert_eq!(by_name("stem.matmatmul").sources, ["stem"]);
    assert_eq!(by_name("stem.pad").sources, ["stem"]);
    assert_eq!(by_name("stem.relu.low").sources, ["stem.relu"]);
    let columns = &by_name("stem.lazyIm2col").outputs[0];
    assert_eq!(columns.shape.as_deref(), Some([1, 1, 30, 30].as_slice()));
    let input = &by_name("stem.pad").inputs[0];
    assert_eq!((input.name.as_str(), input.dtype.as_deref()), ("image", Some("f32")));

    let (profile, _) = self::profile(&bundled("voice/fp32"), &Settings::default()).unwrap();
    let memory = profile
        .operators
        .iter()
        .find(|operator| operator.name == "memory")
        .unwrap();
    assert_eq!(memory.sources, ["memory", "next_state"]);
}
