//! The published schema and the golden record.
//!
//! `UPDATE_GOLDEN=1 cargo test -p edgebench-record` writes the schema anew after a change that was meant.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::fs;
use std::path::{Path, PathBuf};

use edgebench_record::{ReadError, Record, SCHEMA, record_schema, to_json};
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/record-v1.json")
}

#[test]
fn the_published_schema_is_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/record.json");
    let text = serde_json::to_string_pretty(&record_schema()).unwrap() + "\n";
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
fn the_golden_record_is_read_and_rewritten_to_the_byte() {
    let record = Record::read(&golden()).unwrap();
    let text = String::from_utf8(to_json(&record).unwrap()).unwrap();
    assert_eq!(text, fs::read_to_string(golden()).unwrap());
}

#[test]
fn the_golden_record_fits_the_schema_and_a_broken_one_does_not() {
    let validator = jsonschema::validator_for(&record_schema()).unwrap();
    let mut value: Value = serde_json::from_slice(&fs::read(golden()).unwrap()).unwrap();
    let faults: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    value["cells"][0]["outcome"]["kind"] = "splendid".into();
    assert!(!validator.is_valid(&value));
}

/// What readers of the future rely on: the golden file uses every outcome's and every figure's place at least once.
#[test]
fn the_golden_record_is_rich() {
    let record = Record::read(&golden()).unwrap();
    assert!(
        record
            .cells
            .iter()
            .any(|cell| cell.accuracy.as_ref().is_some_and(|figures| figures.delta.is_some()))
    );
    let answers = |cell: &edgebench_record::Cell| cell.accuracy.as_ref().and_then(|figures| figures.answers.clone());
    assert!(
        record
            .cells
            .iter()
            .filter_map(answers)
            .any(|part| part.indices.is_some())
    );
    assert!(
        record
            .cells
            .iter()
            .filter_map(answers)
            .any(|part| part.classes.contains(&None))
    );
    assert!(
        record
            .tasks
            .iter()
            .any(|task| task.data_sha256.is_some() && !task.labels.is_empty())
    );
    assert!(record.cells.iter().any(|cell| cell.outputs.reference.is_some()));
    assert!(record.cells.iter().any(|cell| cell.outputs.golden.is_some()));
    assert!(record.cells.iter().any(|cell| cell.outcome.operator.is_some()));
    assert!(record.cells.iter().any(|cell| cell.outcome.signal.is_some()));
    assert!(record.cells.iter().any(|cell| cell.outcome.expected.is_some()));
    assert!(!record.host.warnings.is_empty());
}

/// Records from before answers and labels were kept are read as they are.
#[test]
fn a_record_without_answers_is_read() {
    let mut value: Value = serde_json::from_slice(&fs::read(golden()).unwrap()).unwrap();
    for task in value["tasks"].as_array_mut().unwrap() {
        task.as_object_mut().unwrap().remove("labels");
        task.as_object_mut().unwrap().remove("data_sha256");
    }
    for cell in value["cells"].as_array_mut().unwrap() {
        if let Some(accuracy) = cell.get_mut("accuracy").and_then(Value::as_object_mut) {
            accuracy.remove("answers");
        }
    }
    let record: Record = serde_json::from_value(value).unwrap();
    assert!(record.tasks.iter().all(|task| task.labels.is_empty()));
    assert!(
        record
            .cells
            .iter()
            .filter_map(|cell| cell.accuracy.as_ref())
            .all(|figures| figures.answers.is_none())
    );
}

/// A run's folder with this text as its record.
fn folder(text: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("record.json"), text).unwrap();
    folder
}

fn read(text: &[u8]) -> Result<Record, ReadError> {
    Record::read(folder(text).path())
}

fn golden_value() -> Value {
    serde_json::from_slice(&fs::read(golden()).unwrap()).unwrap()
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers_and_an_older_one_is_read() {
    let mut value = golden_value();
    for newer in [u64::from(SCHEMA) + 1, u64::MAX] {
        value["schema"] = newer.into();
        let error = read(&serde_json::to_vec(&value).unwrap()).unwrap_err();
        assert!(matches!(error, ReadError::Newer { .. }), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains(&format!("schema {newer}")) && said.contains(&format!("schema {SCHEMA}")),
            "{said}"
        );
    }
    // What else a newer record holds does not matter: only its number is read.
    let error = read(br#"{ "schema": 2, "host": 7 }"#).unwrap_err();
    assert!(matches!(error, ReadError::Newer { found: 2, .. }), "{error:?}");
    value["schema"] = 0.into();
    assert_eq!(read(&serde_json::to_vec(&value).unwrap()).unwrap().schema, 0);
}

#[test]
fn what_is_no_record_is_damaged() {
    let whole = fs::read(golden()).unwrap();
    let cut = &whole[..whole.len() / 2];
    let texts: [&[u8]; 8] = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{",
        br#"{"schema":-1}"#,
        br#"{"schema":1}"#,
        cut,
    ];
    for text in texts {
        let error = read(text).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { .. }), "{text:?}: {error:?}");
    }
}

#[test]
fn a_deep_or_a_large_text_takes_nothing_down() {
    let deep = |open: &str, close: &str| open.repeat(1_000_000) + &close.repeat(1_000_000);
    let whole = String::from_utf8(fs::read(golden()).unwrap()).unwrap();
    for nested in [deep("[", "]"), deep("{\"a\":", "}").replace(":}", ":1}")] {
        // Where nothing is known by that name, and where something else is expected.
        let beside = whole.replacen('{', &format!("{{ \"unknown\": {nested},"), 1);
        let within = whole.replacen("\"warnings\": [", &format!("\"warnings\": [{nested},"), 1);
        assert_ne!(within, whole);
        assert!(matches!(read(nested.as_bytes()), Err(ReadError::Damaged { .. })));
        assert!(matches!(read(within.as_bytes()), Err(ReadError::Damaged { .. })));
        assert!(matches!(
            read(beside.as_bytes()),
            Ok(_) | Err(ReadError::Damaged { .. })
        ));
    }
    let mut value = golden_value();
    value["host"]["name"] = "x".repeat(50_000_000).into();
    assert_eq!(
        read(&serde_json::to_vec(&value).unwrap())
            .unwrap()
            .host
            .name
            .unwrap()
            .len(),
        50_000_000
    );
}
