use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::*;

#[test]
fn the_command_of_a_meter_is_not_kept() {
    let without = |text: &str| {
        let mut text = text.to_owned();
        without_meter(&mut text);
        text
    };
    assert_eq!(without("command:meter --token s3cret"), "command:…");
    assert_eq!(without("--energy=command:meter"), "--energy=command:…");
    assert_eq!(without("rapl"), "rapl");
    assert_eq!(without("a note on command:x"), "a note on command:x");
}

fn scrub() -> Scrub {
    Scrub::new(
        Some(Path::new("/home/ann/src/runs/7/work")),
        Some(Path::new("/home/ann/")),
        Some(Path::new("/home/ann/src")),
        &[Path::new("/home/ann/suites/own")],
    )
}

fn scrubbed(scrub: &Scrub, text: &str) -> String {
    let mut text = text.to_owned();
    scrub.text(&mut text);
    text
}

#[test]
fn the_longest_folder_is_taken() {
    for (text, wanted) in [
        ("/home/ann", "~"),
        ("/home/ann/", "~/"),
        ("/home/ann/x", "~/x"),
        ("/home/ann/src/x", "./x"),
        ("/home/ann/src/runs/7/work/x", "work/x"),
        ("/home/ann/src/runs/7/worker", "./runs/7/worker"),
        ("/home/ann/suites/own/m.onnx", "suite/m.onnx"),
        ("/home/ann/suites/others", "~/suites/others"),
        ("`/home/ann/a`, then '/home/ann/src'.", "`~/a`, then '.'."),
        ("PATH=/home/ann/bin:/home/ann/src:/usr/bin", "PATH=~/bin:.:/usr/bin"),
        ("file:///home/ann/x -L/home/ann/lib", "file://~/x -L~/lib"),
        ("--ort-dylib=/home/ann/x", "--ort-dylib=~/x"),
    ] {
        assert_eq!(scrubbed(&scrub(), text), wanted);
    }
}

#[test]
fn only_whole_names_are_taken() {
    for text in [
        "/home/anna",
        "/home/ann.old/x",
        "/home/ann-2",
        "/mnt/home/ann/x",
        "/mnt//home/ann/x",
        "home/ann",
        "x/home/ann",
        "/home",
        "größe/home/ann",
        "",
    ] {
        assert_eq!(scrubbed(&scrub(), text), text);
    }
}

#[test]
fn a_home_that_is_none_is_not_taken() {
    for home in ["", "/", "//", "home", "."] {
        let scrub = Scrub::new(
            Some(Path::new("/w/work")),
            Some(Path::new(home)),
            None,
            &[Path::new("/s")],
        );
        let text = "home / . // /home/ann";
        assert_eq!(scrubbed(&scrub, text), text, "{home:?}");
    }
}

#[test]
fn relative_folders_are_known_by_their_absolute_form() {
    let here = std::env::current_dir().unwrap();
    let scrub = Scrub::new(Some(Path::new("runs/7/work")), None, Some(&here), &[Path::new("s")]);
    let text = format!("{0}/runs/7/work/x runs/7/work/y {0}/s/z s/z s {0}", here.display());
    assert_eq!(scrubbed(&scrub, &text), "work/x work/y suite/z s/z s .");
}

#[cfg(unix)]
#[test]
fn a_folder_behind_a_link_is_known_by_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (home, link) = (folder.join("disk"), folder.join("home"));
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::symlink(&home, &link).unwrap();
    let scrub = Scrub::new(Some(Path::new("/w/work")), Some(&link), None, &[Path::new("/s")]);
    let text = format!("{}/a {}/b", link.display(), home.display());
    assert_eq!(scrubbed(&scrub, &text), "~/a ~/b");
}

/// Puts a path into each text of a rich record in turn. What still tells it is an identifier, not a message.
#[test]
fn every_text_of_a_record_is_gone_over() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../record/tests/golden/record-v1.json");
    let golden: Value = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    let mut places = Vec::new();
    texts(&golden, String::new(), &mut places);
    let mut told = BTreeSet::new();
    for place in &places {
        let mut record = golden.clone();
        *record.pointer_mut(place).unwrap() = "see /home/ann/x".into();
        // A kind or a verdict takes no other text.
        let Ok(mut record) = serde_json::from_value::<Record>(record) else {
            continue;
        };
        scrub().record(&mut record);
        let record = serde_json::to_value(record).unwrap();
        if record.pointer(place).unwrap() != "see ~/x" {
            let numbers = |part: &&str| part.parse::<usize>().is_err();
            told.insert(place.split('/').filter(numbers).collect::<Vec<_>>().join("/"));
        }
    }
    assert!(places.len() > 80, "{}", places.len());
    told.retain(|place| !place.starts_with("/host/"));
    let identifiers = [
        "/cells/accuracy/delta/baseline",
        "/cells/accuracy/metric",
        "/cells/id/backend",
        "/cells/id/task",
        "/cells/id/variant",
        "/cells/model/file",
        "/cells/model/sha256",
        "/cells/outcome/broken_expectation",
        "/cells/outcome/stage",
        "/cells/outputs/golden/comparison/backend",
        "/cells/outputs/golden/file",
        "/cells/outputs/reference/backend",
        "/finished_at",
        "/id",
        "/plan/reference_backend",
        "/plan/suite_sha256",
        "/started_at",
        "/tasks/baseline",
        "/tasks/data_sha256",
        "/tasks/id",
        "/tasks/metric",
        "/tool/name",
        "/tool/target",
        "/tool/version",
    ];
    assert_eq!(Vec::from_iter(told), identifiers);
}

fn texts(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::String(_) => places.push(place),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, format!("{place}/{index}"), places);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                texts(member, format!("{place}/{name}"), places);
            }
        }
        _ => {}
    }
}
