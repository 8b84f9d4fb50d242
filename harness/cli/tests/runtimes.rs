//! Real runtimes through the whole binary: the worker conforms with each of them, and outputs that one gets wrong are
//! caught, whatever else is in the table.
//!
//! Needs ONNX Runtime, by `ORT_DYLIB_PATH` or where edgebench looks for it; `cargo xtask test` sees to that.
#![cfg(all(feature = "ort", feature = "tract", feature = "candle"))]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A quick run of models; gives its exit code, its cells and what it printed.
fn run(arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_edgebench"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"))
        .args(["run", "--quick", "--min-secs", "0.01", "--offline", "-o"])
        .arg(folder.path().join("run"))
        .args(arguments)
        .output()
        .unwrap();
    let record = std::fs::read(folder.path().join("run/record.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), record["cells"].as_array().unwrap().clone(), said)
}

fn cell<'a>(cells: &'a [Value], variant: &str, backend: &str) -> &'a Value {
    let found = cells
        .iter()
        .find(|cell| cell["id"]["variant"] == variant && cell["id"]["backend"] == backend);
    found.unwrap()
}

#[track_caller]
fn fails(cells: &[Value], variant: &str, backend: &str) {
    let cell = cell(cells, variant, backend);
    assert_eq!(cell["outcome"]["kind"], "failed", "{cell}");
    assert!(
        cell["outcome"]["reason"]
            .as_str()
            .unwrap()
            .starts_with("outputs differ: "),
        "{}",
        cell["outcome"]
    );
    assert_eq!(cell["outputs"]["verdict"], "differ");
}

#[test]
fn the_built_in_worker_conforms_with_every_runtime() {
    for backend in ["ort", "tract", "candle"] {
        let output = Command::new(env!("CARGO_BIN_EXE_edgebench"))
            .args([
                "conformance",
                "--backend",
                backend,
                "--",
                env!("CARGO_BIN_EXE_edgebench"),
                "worker",
            ])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{backend}: {said}");
        assert!(said.contains(" 0 failed"), "{backend}: {said}");
    }
}

#[test]
fn a_runtime_that_is_wrong_fails_in_whatever_order_it_is_named() {
    for backends in ["ort,tract", "tract,ort"] {
        let (code, cells, said) = run(&["--model", "gemm-qdq.onnx", "--backend", backends]);
        assert_eq!(code, Some(3), "{said}");
        fails(&cells, "gemm-qdq", "tract");
        assert_eq!(
            cell(&cells, "gemm-qdq", "ort")["outcome"]["kind"],
            "measured",
            "{backends}: {said}"
        );
        assert!(
            said.starts_with("model: ship gemm-qdq on ort, which answers in"),
            "{said}"
        );
    }
}

#[test]
fn a_variant_that_has_nothing_to_do_with_the_baseline_excuses_no_runtime() {
    let models = ["--model", "a=other.onnx", "--model", "int8=gemm-qdq.onnx"];
    let (code, cells, said) = run(&[&models[..], &["--backend", "ort,tract"]].concat());
    assert_eq!(code, Some(3), "{said}");
    fails(&cells, "int8", "tract");
}

#[test]
fn the_same_runtime_is_right_where_it_does_not_declutter() {
    let (code, cells, said) = run(&[
        "--model",
        "gemm-qdq.onnx",
        "--backend",
        "ort,tract",
        "-O",
        "tract.optimisation=typed",
    ]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        cell(&cells, "gemm-qdq", "tract")["outputs"]["verdict"],
        "agree",
        "{said}"
    );
}

#[test]
fn models_with_other_inputs_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let dense = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../backends/conformance/fixtures/dense-relu.onnx");
    let output = Command::new(env!("CARGO_BIN_EXE_edgebench"))
        .current_dir(folder.path())
        .args(["run", "--offline", "--backend", "ort", "--model"])
        .arg(fixtures.join("other.onnx"))
        .arg("--model")
        .arg(dense)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("variant `dense-relu`: input `x` of the model is"),
        "{said}"
    );
    assert!(!folder.path().join("runs").exists());
}
