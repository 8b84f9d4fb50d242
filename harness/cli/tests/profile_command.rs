//! `profile` through the whole binary, with the null backend alone.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::fs;
use std::process::Output;

use common::Folder;
use serde_json::Value;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

impl Folder {
    fn profile(&self, more: &[&str]) -> Output {
        let mut arguments = vec!["profile", "--model", "m.onnx", "--backend", "null", "--peaks", "off"];
        arguments.extend(["--warmup-secs", "0"]);
        arguments.extend(more);
        self.edgebench(&arguments)
    }
}

#[test]
fn a_profile_is_named_after_its_folder_and_has_as_many_processes_as_asked_for() {
    let place = Folder::new();
    let output = place.profile(&["--invocations", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let folders: Vec<_> = fs::read_dir(place.path("profiles")).unwrap().flatten().collect();
    let [folder] = folders.as_slice() else {
        panic!("{folders:?}")
    };
    let record: Value = serde_json::from_slice(&fs::read(folder.path().join("profile.json")).unwrap()).unwrap();
    assert_eq!(record["id"], *folder.file_name().to_string_lossy());
    let invocations = record["cells"][0]["profile"]["invocations"].as_array().unwrap();
    assert_eq!(invocations.len(), 3);
}

#[test]
fn what_lies_in_a_profiles_folder_stays() {
    let place = Folder::new();
    fs::create_dir_all(place.path("p/work")).unwrap();
    fs::write(place.path("p/work/mine"), "mine").unwrap();
    let first = place.profile(&["-o", "p"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    assert_eq!(fs::read(place.path("p/work/mine")).unwrap(), b"mine");
    let mut names: Vec<_> = fs::read_dir(place.path("p"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    names.sort();
    let expected = [
        "operators.csv",
        "profile.html",
        "profile.json",
        "stacks.folded",
        "trace.json",
        "work",
    ];
    assert_eq!(names, expected);

    let before = fs::read(place.path("p/profile.json")).unwrap();
    let again = place.profile(&["-o", "p"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("p holds a profile already"), "{}", said(&again));
    assert_eq!(fs::read(place.path("p/profile.json")).unwrap(), before);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let place = Folder::new();
    for (arguments, why) in [
        (["--tensors", "nonsense"], "neither a variant nor a backend"),
        (["--runs", "0"], "0 is not in 1.."),
        (["--invocations", "0"], "0 is not in 1.."),
    ] {
        let output = place.profile(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(why), "{}", said(&output));
        assert!(!place.path("profiles").exists(), "{arguments:?}");
    }
}

#[test]
fn a_profile_has_a_page_among_the_reports() {
    let place = Folder::new();
    assert_eq!(place.profile(&["-o", "profiles/p"]).status.code(), Some(0));
    let page = fs::read_to_string(place.path("profiles/p/profile.html")).unwrap();
    for (named, output, file) in [
        ("profiles/p", "page", "page/index.html"),
        ("profiles/p/profile.json", "one.html", "one.html"),
    ] {
        let output = place.edgebench(&["report", named, "-o", output]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(fs::read_to_string(place.path(file)).unwrap(), page);
    }
    let csv = place.edgebench(&["report", "profiles/p", "--format", "csv"]);
    assert_eq!(csv.stdout, fs::read(place.path("profiles/p/operators.csv")).unwrap());
    let brief = place.edgebench(&["report", "profiles/p", "--format", "brief"]);
    assert!(
        said(&brief).contains("a profile is not written as brief"),
        "{}",
        said(&brief)
    );
    for named in [["profiles/p", "profiles/p"].as_slice(), &["profiles"]] {
        let output = place.edgebench(&[["report"].as_slice(), named].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("profile.html"), "{}", said(&output));
    }
}
