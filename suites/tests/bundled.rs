//! The bundled suites are whole, and their golden outputs are those of models that work.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::BTreeSet;
use std::path::Path;

use edgebench_api::{DType, Tensor};
use edgebench_suites::{MetricName, StatePair, Suite, list, load, load_test_set, read_tensors, score};

const BUNDLED: [&str; 2] = ["starter", "voice"];

fn bundled(name: &str) -> Suite {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn they_are_found_where_they_lie() {
    let found = list(&[Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()]);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, BUNDLED);
    for (name, manifest) in &found {
        assert_eq!(&load(manifest).unwrap().name, name);
    }
}

#[test]
fn every_file_is_what_the_manifest_says() {
    for name in BUNDLED {
        if let Err(errors) = bundled(name).verify() {
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", texts.join("\n"));
        }
    }
}

#[test]
fn the_manifest_names_every_file_that_was_made() {
    for name in BUNDLED {
        let suite = bundled(name);
        let mut named = BTreeSet::new();
        for task in &suite.tasks {
            named.extend(task.data.iter().map(|data| data.path.clone()));
            for variant in &task.variants {
                named.insert(variant.path.clone());
                named.extend(variant.golden.iter().map(|golden| golden.path.clone()));
            }
        }
        let text = std::fs::read_to_string(suite.folder.join("files.json")).unwrap();
        let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
        let made = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|file| suite.folder.join(file["path"].as_str().unwrap()));
        assert_eq!(named, made.collect());
    }
}

#[test]
fn golden_outputs_score_as_a_working_model_does() {
    let tasks: Vec<_> = BUNDLED.iter().flat_map(|name| bundled(name).tasks).collect();
    let metrics: Vec<MetricName> = tasks.iter().filter_map(|task| task.metric).collect();
    assert_eq!(metrics, [MetricName::Top1, MetricName::F1, MetricName::Auc]);
    for task in &tasks {
        let set = load_test_set(task).unwrap();
        assert!(set.samples >= 1000);
        let labels = set.labels.unwrap();
        for variant in &task.variants {
            let golden = read_tensors(&variant.golden.as_ref().unwrap().path).unwrap();
            let outputs = golden
                .iter()
                .find(|tensor| Some(&tensor.name) == task.output.as_ref())
                .unwrap();
            let (score, _) = score(task.metric.unwrap(), outputs, &labels[..outputs.shape[0]]).unwrap();
            assert!(score.value > 0.7, "{} {}: {score:?}", task.id, variant.id);
        }
    }
}

fn rows(tensors: &[Tensor], name: &str) -> (usize, Vec<f32>) {
    let tensor = tensors.iter().find(|tensor| tensor.name == name).unwrap();
    assert_eq!((tensor.dtype, tensor.shape.len()), (DType::F32, 2));
    (tensor.shape[1], tensor.to_f32().unwrap())
}

#[test]
fn the_stream_begins_with_zeros_and_each_frame_has_the_state_that_the_one_before_left() {
    let task = &bundled("voice").tasks[0];
    let stream = task.stream.as_ref().unwrap();
    assert_eq!((stream.frame_period_ns, stream.reset_every), (32_000_000, None));
    let pair = StatePair {
        output: "next_state".to_owned(),
        input: "state".to_owned(),
    };
    assert_eq!(stream.state, [pair]);
    let (size, given) = rows(&load_test_set(task).unwrap().inputs, "state");
    let golden = read_tensors(&task.variant("fp32").unwrap().golden.as_ref().unwrap().path).unwrap();
    let (_, left) = rows(&golden, "next_state");
    assert_eq!(given[..size], vec![0.0; size]);
    assert!(left.iter().any(|value| value.abs() > 0.5));
    for frame in 1..left.len() / size {
        for (given, left) in given[frame * size..][..size].iter().zip(&left[(frame - 1) * size..]) {
            assert!((given - left).abs() < 1e-5, "frame {frame}: {given} and {left}");
        }
    }
}
