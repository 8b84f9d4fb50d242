//! The index: records in, the same content out again, and what happens to what is damaged.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use common::Place;
use edgebench_history::{Checkout, History, HistoryError, How, Marks, Note, VERSION};
use serde_json::json;

/// Every row of every table, as text.
fn dump(database: &Path) -> String {
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut out = String::new();
    for table in ["machines", "runs", "cells", "figures"] {
        let mut query = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<rusqlite::types::Value> = (0..columns).map(|i| row.get(i).unwrap()).collect();
            writeln!(out, "{table} {values:?}").unwrap();
        }
    }
    out
}

fn add(place: &Place, records: &[PathBuf], marks: &Marks) -> Vec<How> {
    History::open_or_create(&place.database())
        .unwrap()
        .add(records, marks)
        .unwrap()
        .into_iter()
        .map(|added| added.unwrap().how)
        .collect()
}

fn said(commit: &str, release: Option<&str>) -> Marks {
    Marks {
        said: Note {
            commit: Some(commit.to_owned()),
            branch: Some("main".to_owned()),
            release: release.map(str::to_owned),
        },
        checkout: None,
    }
}

#[test]
fn adding_twice_is_adding_once() {
    let place = Place::new();
    let records = [place.run(1, 100.0, |_| {}), place.run(2, 101.0, |_| {})];
    assert_eq!(add(&place, &records, &said("aaa", None)), [How::New, How::New]);
    let once = dump(&place.database());
    assert_eq!(add(&place, &records, &Marks::default()), [How::Known, How::Known]);
    assert_eq!(dump(&place.database()), once);
    // The run's folder is as good as its record, and what is said anew replaces what was said.
    let folder = records[1].parent().unwrap().to_owned();
    assert_eq!(add(&place, &[folder], &said("bbb", Some("v1"))), [How::Changed]);
    let runs = History::open(&place.database()).unwrap().runs().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0].path, "../runs/001/record.json");
    assert_eq!((runs[0].cells, runs[0].measured), (4, 1));
    let note = |i: usize| (runs[i].note.commit.as_deref(), runs[i].note.release.as_deref());
    assert_eq!(note(0), (Some("aaa"), None));
    assert_eq!(note(1), (Some("bbb"), Some("v1")));
}

#[test]
fn a_rebuilt_index_is_the_same() {
    let place = Place::new();
    let records: Vec<PathBuf> = (1..8).map(|day| place.run(day, 100.0, |_| {})).collect();
    add(&place, &records[..4], &said("aaa", Some("v1")));
    add(&place, &records[4..], &said("bbb", None));
    // A run whose record changed, since it was resumed, on what looks like another machine.
    place.run(3, 100.0, |record| record["host"]["cpus"] = json!(8));
    add(&place, &records[2..3], &Marks::default());
    let grown = dump(&place.database());
    assert!(grown.contains("bbb") && grown.contains("latency_p50"), "{grown}");

    let rebuilt = History::refresh(&place.database(), false).unwrap();
    assert_eq!(rebuilt.runs, 7);
    assert_eq!(dump(&place.database()), grown);

    fs::remove_file(place.database()).unwrap();
    let rebuilt = History::rebuild(&place.database(), &[place.path("runs")]).unwrap();
    assert!(rebuilt.left_out.is_empty(), "{:?}", rebuilt.left_out);
    assert_eq!(dump(&place.database()), grown);
}

#[test]
fn a_record_under_another_name_is_found_again() {
    let place = Place::new();
    let record = place.run(1, 100.0, |_| {});
    let named = place.path("base.json");
    fs::rename(record, &named).unwrap();
    fs::write(place.path("other.json"), "{}").unwrap();
    add(&place, &[named], &said("aaa", Some("v1")));
    assert!(place.path("base.history.json").is_file());
    let grown = dump(&place.database());
    History::rebuild(&place.database(), &[place.path("")]).unwrap();
    assert_eq!(dump(&place.database()), grown);
}

#[test]
fn of_two_copies_the_same_is_kept_whatever_the_order() {
    let mut dumps = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let place = Place::new();
        let finished = |at: &'static str| move |record: &mut serde_json::Value| record["finished_at"] = json!(at);
        let records = [
            place.write("runs/b", 1, 100.0, finished("2026-01-02T13:00:00Z")),
            place.write("runs/a", 1, 100.0, finished("2026-01-02T13:00:00Z")),
            place.write("runs/c", 1, 90.0, |record| record["interrupted"] = json!(true)),
        ];
        for i in order {
            add(&place, &records[i..=i], &Marks::default());
        }
        let grown = dump(&place.database());
        History::rebuild(&place.database(), &[place.path("runs")]).unwrap();
        assert_eq!(dump(&place.database()), grown);
        dumps.push(grown);
    }
    assert!(dumps[0].contains("../runs/a/record.json"), "{}", dumps[0]);
    assert!(dumps.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_damaged_record_costs_itself_alone() {
    let place = Place::new();
    let good = [place.run(1, 100.0, |_| {}), place.run(3, 100.0, |_| {})];
    let cut = place.run(2, 100.0, |_| {});
    let whole = fs::read(&cut).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let newer = place.run(4, 100.0, |record| record["schema"] = json!(99));
    let records = [
        good[0].clone(),
        cut.clone(),
        newer,
        good[1].clone(),
        place.path("absent"),
    ];
    let mut history = History::open_or_create(&place.database()).unwrap();
    let added = history.add(&records, &Marks::default()).unwrap();
    let fine: Vec<bool> = added.iter().map(Result::is_ok).collect();
    assert_eq!(fine, [true, false, false, true, false]);
    let said = added[1].as_ref().unwrap_err().to_string();
    assert!(said.contains("runs/002/record.json"), "{said}");
    assert_eq!(history.runs().unwrap().len(), 2);
    drop(history);

    let rebuilt = History::rebuild(&place.database(), &[place.path("runs")]).unwrap();
    assert_eq!((rebuilt.runs, rebuilt.left_out.len()), (2, 2));
}

#[test]
fn a_record_that_is_gone_is_not_forgotten_silently() {
    let place = Place::new();
    let records = [place.run(1, 100.0, |_| {}), place.run(2, 100.0, |_| {})];
    add(&place, &records, &Marks::default());
    let grown = dump(&place.database());
    fs::remove_file(&records[0]).unwrap();
    let error = History::refresh(&place.database(), false).unwrap_err();
    assert!(
        matches!(&error, HistoryError::WouldLose { lost, known: 2 } if lost.len() == 1),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("--forget"));
    assert_eq!(dump(&place.database()), grown);
    assert_eq!(History::refresh(&place.database(), true).unwrap().runs, 1);
}

#[test]
fn another_run_in_the_same_file_takes_its_place_and_says_so() {
    let place = Place::new();
    let record = place.write("runs/latest", 1, 100.0, |_| {});
    add(&place, std::slice::from_ref(&record), &Marks::default());
    place.write("runs/latest", 2, 100.0, |_| {});
    let error = History::refresh(&place.database(), false).unwrap_err();
    assert!(matches!(error, HistoryError::WouldLose { .. }));
    let mut history = History::open(&place.database()).unwrap();
    let added = history.add(&[record], &Marks::default()).unwrap().remove(0).unwrap();
    assert_eq!(added.replaced.as_deref(), Some("20260001-run"));
    assert_eq!(history.runs().unwrap().len(), 1);
}

#[test]
fn a_note_of_another_run_is_refused() {
    let place = Place::new();
    let record = place.write("runs/latest", 1, 100.0, |_| {});
    add(&place, std::slice::from_ref(&record), &said("aaa", None));
    place.write("runs/latest", 2, 100.0, |_| {});
    let mut history = History::open(&place.database()).unwrap();
    let error = history
        .add(std::slice::from_ref(&record), &Marks::default())
        .unwrap()
        .remove(0)
        .unwrap_err();
    assert!(matches!(error, HistoryError::OtherNote { .. }), "{error}");
    fs::write(record.with_file_name("record.history.json"), r#"{"schema": 7}"#).unwrap();
    let error = history
        .add(&[record], &Marks::default())
        .unwrap()
        .remove(0)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("schema 7, and this edgebench reads schema 1"),
        "{error}"
    );
}

#[test]
fn a_commit_that_is_younger_than_the_run_is_not_what_was_measured() {
    let place = Place::new();
    let records = [place.run(1, 100.0, |_| {}), place.run(9, 100.0, |_| {})];
    let marks = Marks {
        said: Note::default(),
        checkout: Some(Checkout {
            commit: "ccc".to_owned(),
            committed_at: "2026-01-05T00:00:00Z".to_owned(),
            branch: Some("main".to_owned()),
        }),
    };
    let mut history = History::open_or_create(&place.database()).unwrap();
    let added = history.add(&records, &marks).unwrap();
    let before: Vec<bool> = added
        .iter()
        .map(|added| added.as_ref().unwrap().before_commit)
        .collect();
    assert_eq!(before, [true, false]);
    let runs = history.runs().unwrap();
    assert!(runs[0].note.is_empty());
    assert_eq!(runs[1].note.commit.as_deref(), Some("ccc"));
    // What is known already is not replaced by where the command is given.
    let later = Marks {
        checkout: marks.checkout.map(|checkout| Checkout {
            commit: "ddd".to_owned(),
            ..checkout
        }),
        ..marks
    };
    history.add(&records, &later).unwrap();
    assert_eq!(history.runs().unwrap()[1].note.commit.as_deref(), Some("ccc"));
}

#[test]
fn what_is_no_history_is_told_apart() {
    let place = Place::new();
    let path = place.database();
    assert!(matches!(History::open(&path), Err(HistoryError::Absent(_))));
    add(&place, &[place.run(1, 100.0, |_| {})], &Marks::default());
    let grown = dump(&path);

    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 9).unwrap();
    drop(newer);
    let Err(error) = History::open(&path) else {
        panic!("opened")
    };
    let told = format!("version 9, and this edgebench reads version {VERSION}");
    assert!(error.to_string().contains(&told), "{error}");
    assert!(matches!(
        History::rebuild(&path, &[place.path("runs")]),
        Err(HistoryError::Newer { .. })
    ));

    let foreign = place.path("foreign.db");
    rusqlite::Connection::open(&foreign)
        .unwrap()
        .execute("CREATE TABLE t (x)", [])
        .unwrap();
    assert!(matches!(History::open(&foreign), Err(HistoryError::Foreign(_))));
    assert!(matches!(
        History::rebuild(&foreign, &[place.path("runs")]),
        Err(HistoryError::Foreign(_))
    ));

    fs::write(&path, "this is no database at all, whatever its name says").unwrap();
    let Err(error) = History::open(&path) else {
        panic!("opened")
    };
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
    assert!(error.hint().unwrap().contains("rebuild"));
    let rebuilt = History::rebuild(&path, &[place.path("runs")]).unwrap();
    assert_eq!(rebuilt.aside, Some(place.path(".edgebench/history.db.damaged")));
    assert_eq!(dump(&path), grown);
}

/// Damage past the first page is met only when it is read.
#[test]
fn a_database_damaged_inside_is_rebuilt() {
    let place = Place::new();
    let records: Vec<PathBuf> = (1..40).map(|day| place.run(day, 100.0, |_| {})).collect();
    add(&place, &records, &Marks::default());
    let grown = dump(&place.database());
    let mut bytes = fs::read(place.database()).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(place.database(), bytes).unwrap();
    let error = History::open(&place.database())
        .and_then(|history| history.runs())
        .unwrap_err();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error:?}");
    let rebuilt = History::rebuild(&place.database(), &[place.path("runs")]).unwrap();
    assert!(rebuilt.aside.is_some());
    assert_eq!(dump(&place.database()), grown);
}

#[test]
fn the_whole_tree_can_be_moved() {
    let place = Place::new();
    add(&place, &[place.run(1, 100.0, |_| {})], &said("aaa", None));
    let other = Place::new();
    let moved = other.path("moved");
    fs::rename(place.folder.path(), &moved).unwrap();
    fs::create_dir(place.folder.path()).unwrap();
    let rebuilt = History::refresh(&moved.join(".edgebench/history.db"), false).unwrap();
    assert_eq!(rebuilt.runs, 1);
}

#[test]
fn strange_texts_stay_texts() {
    let place = Place::new();
    let strange = "'; DROP TABLE runs; --";
    let record = place.run(1, 100.0, |record| {
        record["cells"][0]["id"]["task"] = json!(strange);
        record["plan"]["suite"] = json!(strange);
    });
    add(&place, &[record], &said(strange, Some(strange)));
    let history = History::open(&place.database()).unwrap();
    assert_eq!(history.runs().unwrap()[0].note.release.as_deref(), Some(strange));
}
