//! The published schema of a profile.
//!
//! `UPDATE_GOLDEN=1 cargo test -p edgebench-record` writes it anew after a change that was meant.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::fs;
use std::path::Path;

use edgebench_record::{PROFILE_SCHEMA, ProfileRecord, ReadError, profile_schema, to_json};
use serde_json::{Value, json};

/// A profile with one operator, as short as one can be.
fn profile() -> Value {
    json!({
        "schema": PROFILE_SCHEMA,
        "id": "p", "started_at": "", "finished_at": "", "interrupted": false, "suite": "starter",
        "tool": {"name": "edgebench", "version": "0", "optimised": true, "target": "", "arguments": []},
        "host": {"architecture": "x86_64", "system": "linux", "cpus": 1, "emulated": false, "isa": [], "warnings": []},
        "peaks": [{
            "threads": 1,
            "compute": [{"kind": "int8-dot", "instructions": "VNNI", "macs_per_s": 1e11}],
            "bandwidth": [{"level": "l1", "working_set_bytes": 24576, "read_bytes_per_s": 1e11, "triad_bytes_per_s": 1e11}],
        }],
        "cells": [{
            "id": {"task": "t", "variant": "v", "backend": "b", "settings": {"threads": 1, "batch": 1, "device": "cpu"}},
            "baseline": true,
            "outcome": {"kind": "measured", "reason": ""},
            "profile": {
                "runs": 2, "resolution_ns": 1000, "wall_ns": 10.0, "unattributed_ns": 4.0, "attributed": 0.6,
                "profiled_p50_ns": 10.0, "unprofiled_p50_ns": 9.0, "overhead": 0.11,
                "operators": [{
                    "name": "n", "op": "FusedConv", "canonical": "Conv", "calls": 1.0, "median_ns": 6.0, "p90_ns": 7.0,
                    "mean_ns": 6.0, "begin_ns": 1.0, "role": "product",
                }],
            },
        }],
    })
}

fn read(profile: &Value) -> Result<ProfileRecord, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("profile.json"), profile.to_string()).unwrap();
    ProfileRecord::read(folder.path())
}

#[test]
fn the_published_schema_is_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/profile.json");
    let text = serde_json::to_string_pretty(&profile_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let published = fs::read_to_string(path).unwrap();
    assert!(published == text, "run the tests once with UPDATE_GOLDEN=1");
}

#[test]
fn a_profile_fits_the_schema_and_survives_being_written() {
    let validator = jsonschema::validator_for(&profile_schema()).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&profile())
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
    let record = read(&profile()).unwrap();
    let again: Value = serde_json::from_slice(&to_json(&record).unwrap()).unwrap();
    assert_eq!(read(&again).unwrap(), record);
    let mut broken = profile();
    broken["cells"][0]["profile"]["operators"][0]["role"] = "splendid".into();
    assert!(!validator.is_valid(&broken));
    assert!(matches!(read(&broken), Err(ReadError::Damaged { .. })));
}

#[test]
fn a_newer_profile_is_refused() {
    let mut newer = profile();
    newer["schema"] = (PROFILE_SCHEMA + 1).into();
    assert!(matches!(read(&newer), Err(ReadError::Newer { .. })));
}
