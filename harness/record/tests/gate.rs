//! The published schema of a gate's record, and the golden one.
//!
//! `UPDATE_GOLDEN=1` writes the schema and the golden record's layout anew after a change that was meant.

use std::fs;
use std::path::{Path, PathBuf};

use edgebench_record::{GateRecord, OnInconclusive, ReadError, VerdictKind, exit_code, gate_schema, to_json};
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gate-v1.json")
}

#[test]
fn the_published_schema_is_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/gate.json");
    let text = serde_json::to_string_pretty(&gate_schema()).unwrap() + "\n";
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
fn the_golden_gate_is_read_and_rewritten_to_the_byte_and_fits_the_schema() {
    let record = GateRecord::read(&golden()).unwrap();
    let text = String::from_utf8(to_json(&record).unwrap()).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(golden(), &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(golden()).unwrap());
    let validator = jsonschema::validator_for(&gate_schema()).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    assert!(validator.is_valid(&value));
    value["verdicts"][0]["kind"] = "splendid".into();
    assert!(!validator.is_valid(&value));
}

#[test]
fn a_newer_gate_is_refused_with_both_numbers_and_a_damaged_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    fs::write(&path, "{\"schema\": 99}").unwrap();
    let error = GateRecord::read(folder.path()).unwrap_err();
    assert!(matches!(error, ReadError::Newer { found: 99, .. }), "{error}");
    fs::write(&path, "{\"schema\": 1}").unwrap();
    assert!(matches!(GateRecord::read(&path), Err(ReadError::Damaged { .. })));
}

#[test]
fn the_worst_verdict_that_counts_is_the_outcome() {
    use VerdictKind::{Added, Failed, Improved, Incomparable, Inconclusive, Missing, Passed, Regressed};

    let record = GateRecord::read(&golden()).unwrap();
    let verdict = |kind, gating| {
        let mut verdict = record.verdicts[0].clone();
        (verdict.kind, verdict.gating) = (kind, gating);
        verdict
    };
    let code = |kinds: &[VerdictKind]| {
        let verdicts: Vec<_> = kinds.iter().map(|&kind| verdict(kind, true)).collect();
        exit_code(&verdicts, OnInconclusive::Report)
    };
    assert_eq!(code(&[]), 0);
    assert_eq!(code(&[Passed, Improved, Added]), 0);
    assert_eq!(code(&[Passed, Inconclusive]), 4);
    assert_eq!((code(&[Missing]), code(&[Incomparable])), (4, 4));
    assert_eq!(code(&[Missing, Failed]), 3);
    assert_eq!(code(&[Inconclusive, Failed, Regressed]), 1);
    let undecided = [verdict(Inconclusive, true)];
    assert_eq!(exit_code(&undecided, OnInconclusive::Pass), 0);
    assert_eq!(exit_code(&undecided, OnInconclusive::Fail), 1);
    assert_eq!(
        exit_code(&[verdict(Regressed, false)], OnInconclusive::Report),
        0,
        "advice"
    );
}
