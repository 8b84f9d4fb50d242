//! `gate records` and `compare` through the whole binary, on two runs of the null backend.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::fs;
use std::path::Path;

use common::Folder;
use serde_json::Value;

/// Two runs, `a` and `b`, of the same model.
fn two_runs() -> Folder {
    let folder = Folder::new();
    for run in ["a", "b"] {
        let short = ["--warmup-secs", "0", "--min-secs", "0.01", "--invocations", "3"];
        let mut arguments = vec!["run", "--model", "m.onnx", "--backend", "null", "-o", run];
        arguments.extend(short);
        let output = folder.edgebench(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}

/// Changes a record in place.
fn edit(record: &Path, change: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    change(&mut value);
    fs::write(record, serde_json::to_vec(&value).unwrap()).unwrap();
}

fn gate(folder: &Folder, more: &[&str]) -> (Option<i32>, String) {
    let mut arguments = vec!["gate", "records", "a", "b/record.json", "-o", "gate"];
    arguments.extend(more);
    let output = folder.edgebench(&arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn the_exit_code_is_the_verdicts() {
    let runs = two_runs();
    let folder = &runs;
    let size = ["--fail-on", "model_bytes:0"];
    assert_eq!(gate(folder, &size).0, Some(0));
    let second = folder.path("b/record.json");
    edit(&second, |record| {
        let bytes = record["cells"][0]["model"]["bytes"].as_u64().unwrap();
        record["cells"][0]["model"]["bytes"] = (bytes + 1).into();
    });
    let (code, said) = gate(folder, &size);
    assert_eq!(code, Some(1), "{said}");
    let written: Value = serde_json::from_slice(&fs::read(folder.path("gate/gate.json")).unwrap()).unwrap();
    assert_eq!(
        (&written["kind"], &written["exit_code"]),
        (&"records".into(), &1.into())
    );
    assert_eq!(
        (&written["baseline"]["what"], &written["candidate"]["what"]),
        (&"a".into(), &"b".into())
    );

    fs::write(
        folder.path("policy.toml"),
        "[fail-on]\nmodel_bytes = \"1%\"\nparameters = 0\n",
    )
    .unwrap();
    assert_eq!(gate(folder, &["--policy", "policy.toml"]).0, Some(0));
    assert_eq!(
        gate(folder, &["--policy", "policy.toml", "--fail-on", "model_bytes:0"]).0,
        Some(1)
    );

    // Memory is not held against another machine's.
    edit(&second, |record| record["host"]["cpus"] = 4096.into());
    let memory = ["--fail-on", "rss_peak:50%"];
    let (code, said) = gate(folder, &memory);
    assert!(said.contains("host.cpus ("), "{said}");
    assert_eq!(code, Some(4));
    assert_eq!(gate(folder, &[memory[0], memory[1], "--allow-mismatch"]).0, Some(0));

    edit(&second, |record| {
        record["cells"][0]["outcome"] = serde_json::json!({ "kind": "crashed", "reason": "signal 11" });
    });
    assert_eq!(gate(folder, &size).0, Some(3));
    edit(&second, |record| record["cells"] = Value::Array(Vec::new()));
    assert_eq!(gate(folder, &size).0, Some(4));
}

#[test]
fn what_cannot_be_read_is_told_with_a_hint() {
    let runs = two_runs();
    for (more, fact, hint) in [
        (
            ["--fail-on", "latency_p5:3%"],
            "there is no metric `latency_p5`",
            "did you mean `latency_p50`?",
        ),
        (
            ["--fail-on", "latency_p50:3"],
            "its unit is missing",
            "write 3%, 0.5ms or 0",
        ),
        (
            ["--max-class-drop", "5%"],
            "`5%` is no drop of a class: it is counted in percentage points",
            "hint: write 5pp or 0\n",
        ),
        (["--policy", "none.toml"], "cannot read the policy `none.toml`", ""),
    ] {
        let (code, said) = gate(&runs, &more);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(fact) && said.contains(hint), "{said}");
    }
    fs::write(runs.path("p.toml"), "[failon]\nload = \"1%\"\n").unwrap();
    let (code, said) = gate(&runs, &["--policy", "p.toml"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("`p.toml`") && said.contains("did you mean `fail-on`?"),
        "{said}"
    );
    let output = runs.edgebench(&["gate", "records", "a", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: give the path of a record.json"));
}

/// A rule that nothing answers, and records without cells, are no pass.
#[test]
fn what_judged_nothing_has_not_passed() {
    let runs = two_runs();
    let folder = &runs;
    let (code, said) = gate(folder, &["--fail-on", "auc:1pp"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("no cell that both records measured has auc"), "{said}");
    let (code, said) = gate(folder, &["--max-class-drop", "5pp"]);
    assert_eq!(code, Some(4), "{said}");
    for run in ["a", "b"] {
        edit(&folder.path(run).join("record.json"), |record| {
            record["cells"] = Value::Array(Vec::new());
        });
    }
    for more in [[].as_slice(), &["--fail-on", "auc:1pp"], &["--inconclusive", "pass"]] {
        let (code, said) = gate(folder, more);
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains("nothing was judged"), "{said}");
    }
}

#[test]
fn what_makes_the_records_less_than_they_seem_is_told() {
    let runs = two_runs();
    let folder = &runs;
    edit(&folder.path("b/record.json"), |record| {
        record["interrupted"] = true.into();
        record["tool"]["optimised"] = false.into();
        record["plan"]["mode"] = "quick".into();
    });
    let (_, said) = gate(folder, &[]);
    for note in [
        "note: the records were measured at different times",
        "note: candidate: the run was interrupted",
        "note: candidate: of a debug build",
        "note: candidate: quick mode",
    ] {
        assert!(said.contains(note), "{note}: {said}");
    }
    assert!(!said.contains("the same run"), "{said}");
    let output = folder.edgebench(&["gate", "records", "a", "a/record.json", "-o", "same"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("note: both records are of the same run"), "{said}");
}

#[test]
fn a_gates_record_is_not_taken_for_a_damaged_one() {
    let runs = two_runs();
    let folder = &runs;
    gate(folder, &[]);
    for path in ["gate", "gate/gate.json"] {
        for command in [
            ["gate", "records", path, "a"].as_slice(),
            &["gate", "records", "a", path],
            &["compare", "a", path],
        ] {
            let output = folder.edgebench(command);
            assert_eq!(output.status.code(), Some(2));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("is the record of a gate, and not of a run"), "{said}");
            assert!(said.contains("hint: give the record.json of a run"), "{said}");
        }
    }
}

#[test]
fn records_side_by_side_in_every_format() {
    let runs = two_runs();
    let folder = &runs;
    let of = |more: &[&str]| {
        let mut arguments = vec!["compare", "a", "b"];
        arguments.extend(more);
        let output = folder.edgebench(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let table = of(&[]);
    assert!(table.contains("B ÷ A") && table.contains("gate live"), "{table}");
    assert!(of(&["--format", "markdown"]).starts_with("# A and B side by side"));
    let json: Value = serde_json::from_str(&of(&["--format", "json", "--metric", "load,model_bytes"])).unwrap();
    assert_eq!(json["tables"].as_array().unwrap().len(), 2);
    assert!(of(&["--format", "csv"]).starts_with("task,metric,unit,"));
    let alone = folder.edgebench(&["compare", "a"]);
    assert_eq!(alone.status.code(), Some(2));
    let unknown = folder.edgebench(&["compare", "a", "b", "--metric", "speed"]);
    assert_eq!(unknown.status.code(), Some(2));
}
