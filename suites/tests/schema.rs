//! The published schema of the manifest, and manifests that fit it.
//!
//! `UPDATE_GOLDEN=1 cargo test -p edgebench-suites` writes the schema anew after a change that was meant.

use std::fs;
use std::path::Path;

use edgebench_suites::{Manifest, schema, template};
use serde_json::Value;

#[test]
fn the_published_schema_is_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/manifest.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        text,
        "run the tests once with UPDATE_GOLDEN=1"
    );
}

#[test]
fn the_bundled_manifests_and_the_template_fit_the_schema_and_a_broken_one_does_not() {
    let validator = jsonschema::validator_for(&serde_json::to_value(schema()).unwrap()).unwrap();
    let bundled = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        fs::read_to_string(folder.join("suite.toml")).unwrap()
    };
    for text in [bundled("starter"), bundled("voice"), template().to_owned()] {
        let text = text.as_str();
        let mut value: Value = toml::from_str(text).unwrap();
        let faults: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        let read: Manifest = toml::from_str(text).unwrap();
        assert_eq!(read.schema, 1);
        value["task"][0]["metric"] = "splendour".into();
        assert!(!validator.is_valid(&value));
    }
}
