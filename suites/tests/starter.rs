//! The bundled suite is whole, and its golden outputs are those of models that work.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::BTreeSet;
use std::path::Path;

use edgebench_suites::{MetricName, Suite, load, load_test_set, read_tensors, score};

fn starter() -> Suite {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("starter")).unwrap()
}

#[test]
fn every_file_is_what_the_manifest_says() {
    if let Err(errors) = starter().verify() {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{}", texts.join("\n"));
    }
}

#[test]
fn the_manifest_names_every_file_that_was_made() {
    let suite = starter();
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

#[test]
fn golden_outputs_score_as_a_working_model_does() {
    let suite = starter();
    let metrics: Vec<Option<MetricName>> = suite.tasks.iter().map(|task| task.metric).collect();
    assert_eq!(metrics, [Some(MetricName::Top1), Some(MetricName::F1)]);
    for task in &suite.tasks {
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
