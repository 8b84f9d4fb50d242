//! `edgebench gate live` through the whole binary, on the null backend, whose truth is what its options say.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use common::{Folder, MODEL};
use edgebench_record::{GateRecord, Verdict, VerdictKind};

impl Folder {
    /// A live gate on the null backend into `gate`.
    fn gate(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["gate", "live", "--backend", "null", "-o", "gate", "--seed", "1"];
        if !arguments.iter().any(|argument| argument.starts_with("null.")) {
            all.extend(["-O", "null.latency=200us"]);
        }
        all.extend(arguments);
        self.edgebench(&all)
    }

    fn record(&self) -> GateRecord {
        GateRecord::read(&self.path("gate")).unwrap()
    }

    /// A suite in a folder with these variants of one task.
    fn suite(&self, folder: &str, variants: &[&str]) {
        let place = self.path(folder);
        fs::create_dir_all(&place).unwrap();
        fs::copy(MODEL, place.join("m.onnx")).unwrap();
        let sha256 = edgebench_suites::sha256_file(Path::new(MODEL)).unwrap().0;
        let mut text =
            "schema = 1\nname = \"s\"\nbackends = [\"null\"]\n\n[[task]]\nid = \"t\"\nbaseline = \"fp32\"\n".to_owned();
        for variant in variants {
            let _ = writeln!(
                text,
                "\n[[task.variant]]\nid = \"{variant}\"\nfile = \"m.onnx\"\nsha256 = \"{sha256}\"\nprecision = \"fp32\""
            );
        }
        text += "\n[task.input.x]\ndtype = \"f32\"\nshape = [4]\n";
        fs::write(place.join("suite.toml"), text).unwrap();
    }
}

fn only(record: &GateRecord) -> &Verdict {
    assert_eq!(record.verdicts.len(), 1, "{:?}", record.verdicts);
    &record.verdicts[0]
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_same_passes_and_leaves_its_files() {
    let place = Folder::new();
    let sides = [
        "--model",
        "m.onnx",
        "--baseline",
        "null.latency=200us",
        "--candidate",
        "null.latency=200us",
    ];
    let output = place.gate(&sides);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let record = place.record();
    let verdict = only(&record);
    assert_eq!(verdict.kind, VerdictKind::Passed);
    let change = verdict.change.unwrap();
    assert!(change.estimate.abs() < 0.03 && change.minimum_detectable.unwrap() > 0.0);
    assert!(verdict.evidence.n.unwrap() >= 9);
    for restart in &record.cells[0].restarts {
        assert!(restart.padding.iter().all(|&bytes| bytes <= 4096));
        for (samples, dropped) in restart.samples.into_iter().zip(restart.dropped) {
            assert!(dropped > 0);
            // 200 µs an inference: 5 ms that count.
            assert!((samples - dropped) * 200_000 >= 5_000_000, "{samples} {dropped}");
        }
        assert_eq!(restart.pairs, 16);
        assert!(restart.quality.elapsed_ns > 0);
        if cfg!(target_os = "linux") {
            assert_eq!(restart.cpus.len(), 1);
        }
    }
    let first: Vec<bool> = record.cells[0]
        .restarts
        .iter()
        .map(|restart| restart.candidate_first)
        .collect();
    assert!(first.contains(&true) && first.contains(&false), "the order is drawn");
    assert!(
        fs::read_to_string(place.path("gate/junit.xml"))
            .unwrap()
            .contains("testcase")
    );
    assert!(
        fs::read_to_string(place.path("gate/gate.md"))
            .unwrap()
            .contains("passed")
    );
}

#[test]
fn a_slowdown_is_regressed_and_swapped_it_is_improved() {
    let place = Folder::new();
    let (fast, slow) = ("null.latency=200us", "null.latency=230us");
    let output = place.gate(&[
        "--model",
        "m.onnx",
        "--baseline",
        fast,
        "--candidate",
        slow,
        "--format",
        "github",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("::error"), "{}", said(&output));
    let record = place.record();
    let verdict = only(&record);
    assert_eq!(verdict.kind, VerdictKind::Regressed);
    let slower = verdict.change.unwrap().estimate;
    assert!((slower - 0.15).abs() < 0.03, "{slower}");
    assert!(verdict.evidence.confirmation.unwrap().confirmed);
    assert!(record.cells[0].restarts.iter().any(|restart| restart.confirming));
    assert_ne!(verdict.cell, *verdict.baseline_cell.as_ref().unwrap());

    let output = place.gate(&["--model", "m.onnx", "--baseline", slow, "--candidate", fast]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let record = place.record();
    assert_eq!(only(&record).kind, VerdictKind::Improved);
    let faster = only(&record).change.unwrap().estimate;
    assert!(
        ((1.0 + slower) * (1.0 + faster) - 1.0).abs() < 0.03,
        "the sign flips: {slower} {faster}"
    );
}

#[test]
fn each_side_has_turns_of_its_own_length() {
    let place = Folder::new();
    let output = place.gate(&[
        "--model",
        "m.onnx",
        "--baseline",
        "null.latency=200us",
        "--candidate",
        "null.latency=20ms",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let record = place.record();
    assert!(only(&record).change.unwrap().estimate > 50.0);
    let restart = &record.cells[0].restarts[0];
    assert!(
        restart.samples[0] > 20 && restart.samples[1] <= 3,
        "{:?}",
        restart.samples
    );
    assert!(restart.pairs < 16, "long turns are fewer");
}

/// Two rules and two cells share α, and what is rejected leaves its share to the others.
#[test]
fn several_cells_and_rules_have_a_verdict_each() {
    let place = Folder::new();
    place.suite("s", &["fp32", "small"]);
    let output = place.gate(&[
        "s",
        "--baseline",
        "null.latency=200us",
        "--candidate",
        "null.latency=220us",
        "--fail-on",
        "latency_p50:3%",
        "--fail-on",
        "latency_p90:6%",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let record = place.record();
    assert_eq!(record.verdicts.len(), 4);
    assert_eq!(record.count(VerdictKind::Regressed), 4, "{:?}", record.verdicts);
    // ⌈log₂(3 · 4 / 0.01)⌉ restarts at least
    assert!(record.verdicts.iter().all(|verdict| verdict.evidence.n.unwrap() >= 11));
}

#[test]
fn a_cell_that_newly_fails_is_a_verdict() {
    let place = Folder::new();
    let output = place.gate(&[
        "--model",
        "m.onnx",
        "--baseline",
        "null.latency=100us",
        "--candidate",
        "null.panic=load",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let record = place.record();
    assert_eq!(only(&record).kind, VerdictKind::Failed);
    assert!(record.cells[0].candidate_outcome.is_some() && record.cells[0].baseline_outcome.is_none());

    // In the middle of the turns as well.
    let output = place.gate(&[
        "--model",
        "m.onnx",
        "--baseline",
        "null.latency=100us",
        "--candidate",
        "null.crash=run:3000",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));

    // What fails on both sides alike is told and fails nothing.
    let output = place.gate(&[
        "--model",
        "m.onnx",
        "--baseline",
        "null.panic=load",
        "--candidate",
        "null.panic=load",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(only(&place.record()).kind, VerdictKind::Incomparable);
}

#[test]
fn a_cell_that_vanished_is_a_verdict_and_a_new_one_is_told() {
    let place = Folder::new();
    place.suite("before", &["fp32", "small"]);
    place.suite("after", &["fp32", "other"]);
    let output = place.gate(&["--baseline", "before", "--candidate", "after"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let record = place.record();
    let kind = |variant: &str| {
        let found = record.verdicts.iter().find(|verdict| verdict.cell.variant == variant);
        found.unwrap().kind
    };
    assert_eq!(kind("fp32"), VerdictKind::Passed);
    assert_eq!(
        (kind("small"), kind("other")),
        (VerdictKind::Missing, VerdictKind::Added)
    );
}

#[test]
fn a_side_is_a_git_revision_of_the_suite() {
    let place = Folder::new();
    place.suite("s", &["fp32"]);
    let git = |arguments: &[&str]| {
        let mut all = vec!["-C", "s", "-c", "user.name=n", "-c", "user.email=e@localhost"];
        all.extend(arguments);
        let output = place.command("git", &all);
        assert!(output.status.success(), "{}", said(&output));
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one variant"]);
    place.suite("s", &["fp32", "small"]);
    let output = place.gate(&["s", "--baseline", "rev=HEAD", "--candidate", "s"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let record = place.record();
    assert_eq!(record.baseline.commit.as_ref().unwrap().len(), 40);
    assert_eq!(record.candidate.commit, None);
    assert_eq!(record.count(VerdictKind::Added), 1);

    let output = place.gate(&["s", "--baseline", "rev=--output=x", "--candidate", "s"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("names no commit"), "{}", said(&output));
    assert!(!place.path("s/x").exists());
}

#[test]
fn what_time_does_not_decide_is_inconclusive() {
    let place = Folder::new();
    let sides = [
        "--model",
        "m.onnx",
        "--baseline",
        "null.latency=200us",
        "--candidate",
        "null.latency=200us",
    ];
    let short: Vec<&str> = sides.into_iter().chain(["--budget", "1s"]).collect();
    let output = place.gate(&short);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let record = place.record();
    assert_eq!(only(&record).kind, VerdictKind::Inconclusive);
    assert!(only(&record).reason.contains("time"), "{}", only(&record).reason);

    let allowed: Vec<&str> = short.into_iter().chain(["--inconclusive", "pass"]).collect();
    assert_eq!(place.gate(&allowed).status.code(), Some(0));
}

#[test]
fn a_side_that_cannot_be_is_told() {
    let place = Folder::new();
    let fails = |arguments: &[&str]| {
        let output = place.gate(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let text = fails(&[
        "--model",
        "m.onnx",
        "--baseline",
        "theads=1",
        "--candidate",
        "threads=2",
    ]);
    assert!(text.contains("no `theads`"), "{text}");
    let text = fails(&["--model", "m.onnx", "--baseline", "gone.onnx", "--candidate", "m.onnx"]);
    assert!(text.contains("gone.onnx"), "{text}");
    let text = fails(&["--model", "m.onnx", "--baseline", "rev=main", "--candidate", "m.onnx"]);
    assert!(text.contains("rev="), "{text}");
    let text = fails(&[
        "--model",
        "m.onnx",
        "--threads",
        "1,2",
        "--baseline",
        "threads=1",
        "--candidate",
        "m.onnx",
    ]);
    assert!(text.contains("differ only in"), "{text}");
    let text = fails(&[
        "--model",
        "m.onnx",
        "--baseline",
        "m.onnx",
        "--candidate",
        "m.onnx",
        "--fail-on",
        "model_bytes:0",
    ]);
    assert!(text.contains("no rule is left"), "{text}");
}
