//! The store: what survives what.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use edgebench_record::{Ended, Entry, Header, Outcome, OutcomeKind, ReadError, Record, SCHEMA, Store, StoreError};

fn header() -> Header {
    Header {
        schema: SCHEMA,
        id: "20261121T120000Z-abcdef".to_owned(),
        started_at: "2026-11-21T12:00:00Z".to_owned(),
        plan_sha256: "0".repeat(64),
        plan: serde_json::json!({"cells": []}),
        arguments: vec!["run".to_owned()],
    }
}

fn entry(cell: usize) -> Entry {
    Entry::Ended(Box::new(Ended {
        cell,
        outcome: Outcome::of(OutcomeKind::Crashed, "gone"),
    }))
}

fn golden() -> Record {
    Record::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/record-v1.json")).unwrap()
}

#[test]
fn entries_survive() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("a/b");
    let mut store = Store::create(&run, &header()).unwrap();
    store.append(entry(0)).unwrap();
    store.append(entry(1)).unwrap();
    drop(store);
    let store = Store::resume(&run).unwrap();
    assert_eq!(store.header(), &header());
    assert_eq!(store.entries(), [entry(0), entry(1)]);
}

#[test]
fn a_torn_end_is_cut_off_and_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path(), &header()).unwrap();
    store.append(entry(0)).unwrap();
    drop(store);
    let journal = folder.path().join("journal.jsonl");
    let whole = fs::read(&journal).unwrap();
    let line = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    // Every length at which a write can have been torn.
    for length in line..whole.len() {
        fs::write(&journal, &whole[..length]).unwrap();
        let mut store = Store::resume(folder.path()).unwrap();
        assert_eq!(store.entries(), [], "cut at {length}");
        store.append(entry(7)).unwrap();
        drop(store);
        assert_eq!(Store::resume(folder.path()).unwrap().entries(), [entry(7)]);
    }
}

#[test]
fn damage_in_the_middle_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path(), &header()).unwrap();
    for cell in 0..3 {
        store.append(entry(cell)).unwrap();
    }
    drop(store);
    let journal = folder.path().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "{\"ended\":";
    fs::write(&journal, lines.join("\n") + "\n").unwrap();
    let error = Store::resume(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { line: 3, .. }), "{error}");
}

#[test]
fn a_journal_of_another_schema_is_refused_with_both_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.jsonl");
    let newer = SCHEMA + 1;
    // A header as this edgebench writes it, and one that it cannot read.
    let same = serde_json::to_string(&Header {
        schema: newer,
        ..header()
    })
    .unwrap();
    for line in [same, format!("{{\"schema\":{newer},\"unheard\":1}}")] {
        fs::write(&journal, line + "\n{\"unheard\":2}\n").unwrap();
        let error = Store::resume(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Schema { .. }), "{error}");
        assert!(
            error.to_string().contains("schema 2") && error.to_string().contains("schema 1"),
            "{error}"
        );
    }
    fs::write(&journal, "{\"unheard\":1}\n").unwrap();
    let error = Store::resume(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { line: 1, .. }), "{error}");
}

#[test]
fn a_folder_has_one_run_and_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), &header()).unwrap();
    assert!(matches!(
        Store::create(folder.path(), &header()),
        Err(StoreError::Occupied(_))
    ));
    assert!(matches!(Store::resume(folder.path()), Err(StoreError::Busy(_))));
    drop(store);
    assert!(Store::resume(folder.path()).is_ok());
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        Store::resume(empty.path()),
        Err(StoreError::NothingToResume(_))
    ));
}

#[test]
fn a_finished_run_leaves_its_record_and_an_interrupted_one_its_journal_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), &header()).unwrap();
    let interrupted = Record {
        interrupted: true,
        ..golden()
    };
    store.finish(&interrupted).unwrap();
    assert_eq!(Record::read(folder.path()).unwrap(), interrupted);
    drop(store);
    let store = Store::resume(folder.path()).unwrap();
    let complete = Record {
        interrupted: false,
        ..golden()
    };
    store.finish(&complete).unwrap();
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["record.json"]);
}

#[test]
fn a_newer_or_damaged_record_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    fs::write(&path, format!("{{\"schema\": {}, \"unheard\": 1}}", SCHEMA + 1)).unwrap();
    let error = Record::read(&path).unwrap_err();
    assert!(matches!(error, ReadError::Newer { .. }));
    assert!(
        error.to_string().contains("schema 2") && error.to_string().contains("schema 1"),
        "{error}"
    );
    for text in ["", "[]", "{\"schema\": 1}", "{\"schema\": -1}", "\0\0\0"] {
        fs::write(&path, text).unwrap();
        assert!(
            matches!(Record::read(&path), Err(ReadError::Damaged { .. })),
            "{text:?}"
        );
    }
    assert!(matches!(
        Record::read(&folder.path().join("none.json")),
        Err(ReadError::Io { .. })
    ));
}
