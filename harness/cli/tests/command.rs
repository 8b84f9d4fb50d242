//! The whole binary, from arguments to files and exit codes. Only the null backend is used, so that nothing has to be
//! fetched and every feature set can run these.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{Folder, MODEL};
use serde_json::Value;

impl Folder {
    /// A failing command's exit code and its standard error, with the temporary folder's name taken out.
    fn fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.edgebench(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        (
            output.status.code(),
            said.replace(&*self.root().to_string_lossy(), "[folder]"),
        )
    }

    /// A short run of the null backend into `run`.
    fn run(&self, more: &[&str]) -> Output {
        let mut arguments = vec!["run", "--model", "m.onnx", "--backend", "null", "-o", "run"];
        arguments.extend(["--warmup-secs", "0", "--min-secs", "0.01"]);
        arguments.extend(more);
        self.edgebench(&arguments)
    }

    fn record(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("run/record.json")).unwrap()).unwrap()
    }

    /// A suite in `s` whose one variant is the model.
    fn suite(&self, edit: impl Fn(String) -> String) {
        let folder = self.path("s");
        fs::create_dir(&folder).unwrap();
        fs::copy(MODEL, folder.join("m.onnx")).unwrap();
        let sha256 = edgebench_suites::sha256_file(Path::new(MODEL)).unwrap().0;
        let text = format!(
            "schema = 1\nname = \"s\"\nbackends = [\"null\"]\n\n[[task]]\nid = \"t\"\n\n[[task.variant]]\nid = \"fp32\"\n\
             file = \"m.onnx\"\nsha256 = \"{sha256}\"\nprecision = \"fp32\"\n\n[task.input.x]\ndtype = \"f32\"\nshape = [4]\n"
        );
        fs::write(folder.join("suite.toml"), edit(text)).unwrap();
    }
}

#[test]
fn a_run_prints_a_table_and_writes_five_files() {
    let place = Folder::new();
    let output = place.run(&[
        "--invocations",
        "3",
        "-O",
        "null.latency=50us",
        "--device-name",
        "a board",
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.starts_with("model: ship m on null, which answers in 5"),
        "{table}"
    );
    assert!(table.contains("accuracy not measured"), "{table}");
    assert!(table.contains("| m       | null    |"), "{table}");
    assert!(table.contains("outputs unchecked"), "{table}");
    for name in ["record.json", "cells.csv", "samples.csv", "report.md", "report.html"] {
        assert!(place.path("run").join(name).is_file(), "{name}");
    }
    let record = place.record();
    assert_eq!(record["host"]["name"], "a board");
    let samples: usize = record["cells"][0]["invocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["samples_ns"].as_array().unwrap().len())
        .sum();
    let lines = fs::read_to_string(place.path("run/samples.csv"))
        .unwrap()
        .lines()
        .count();
    assert_eq!(lines, samples + 1);
    assert!(record["cells"][0]["summary"]["latency"]["p50_ns"].as_f64().unwrap() >= 50_000.0);
}

#[test]
fn the_first_columns_of_the_cells_are_as_promised() {
    let place = Folder::new();
    let output = place.run(&["--quick", "--format", "csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with(
            "task,variant,backend,threads,outcome,load_ns,first_ns,p50_ns,p90_ns,p99_ns,rss_peak_bytes,model_bytes,metric,\
             metric_value,metric_delta,flips,"
        ),
        "{text}"
    );
    assert!(
        text.lines().nth(1).unwrap().starts_with("model,m,null,1,measured,"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(place.path("run/cells.csv")).unwrap(), text);
}

#[test]
fn what_a_run_writes_tells_no_path_of_the_home() {
    let place = Folder::new();
    let model = place.path("m.onnx");
    let output = place.edgebench(&[
        "run",
        "--model",
        &model.to_string_lossy(),
        "--backend",
        "null",
        "--quick",
        "-O",
        "null.unsupported=Foo",
        "-o",
        &place.path("run").to_string_lossy(),
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(place.record()["tool"]["arguments"][2], "~/m.onnx");
    let home = place.root().to_string_lossy();
    for name in ["record.json", "cells.csv", "samples.csv", "report.md", "report.html"] {
        let text = fs::read_to_string(place.path("run").join(name)).unwrap();
        assert!(!text.contains(&*home), "{name}");
    }
}

#[test]
fn a_crash_costs_its_own_cell_and_gives_code_3() {
    let place = Folder::new();
    let output = place.run(&["--quick", "--threads", "1,2", "-O", "null.crash=run:3"]);
    assert_eq!(output.status.code(), Some(3));
    let record = place.record();
    assert_eq!(record["cells"].as_array().unwrap().len(), 2);
    assert_eq!(record["cells"][0]["outcome"]["kind"], "crashed");
    assert_eq!(record["interrupted"], false);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("model/m/null/t1/b1/crash=run:3: crashed"), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("model: none of 2 cells was measured"), "{table}");
}

#[test]
fn an_operator_that_is_lacking_is_named_and_no_failure() {
    let place = Folder::new();
    let output = place.run(&["--quick", "-O", "null.unsupported=Foo"]);
    assert_eq!(output.status.code(), Some(0));
    let record = place.record();
    assert_eq!(record["cells"][0]["outcome"]["kind"], "unsupported");
    assert_eq!(record["cells"][0]["outcome"]["operator"], "Foo");
    assert!(record["cells"][0].get("summary").is_none());
}

#[test]
fn an_occupied_folder_is_left_alone() {
    let place = Folder::new();
    assert_eq!(place.run(&["--quick"]).status.code(), Some(0));
    let before = fs::read(place.path("run/record.json")).unwrap();
    let again = place.run(&["--quick"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read(place.path("run/record.json")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_kept_and_resumed() {
    use std::io::{BufRead as _, BufReader};

    use rustix::process::{Pid, Signal, kill_process};

    let place = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_edgebench"))
        .args([
            "run",
            "--model",
            "m.onnx",
            "--backend",
            "null",
            "-o",
            "run",
            "--threads",
            "1,2,3,4",
        ])
        .args(["--warmup-secs", "0", "--min-secs", "0.2", "--invocations", "3"])
        .current_dir(place.root())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Once the journal holds an invocation there is something to keep.
    let journal = place.path("run/journal.jsonl");
    while !fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() >= 2) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the run ended before it was interrupted"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let said: Vec<String> = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said:?}");
    assert!(
        said.iter().any(|line| line.contains("of 4 cells are complete")),
        "{said:?}"
    );
    assert_eq!(place.record()["interrupted"], true);

    let resumed = place.edgebench(&["run", "--resume", "run"]);
    let said = String::from_utf8_lossy(&resumed.stderr);
    assert_eq!(resumed.status.code(), Some(0), "{said}");
    let record = place.record();
    assert_eq!(record["interrupted"], false);
    assert!(
        record["cells"]
            .as_array()
            .unwrap()
            .iter()
            .all(|cell| cell["invocations"].as_array().unwrap().len() == 3)
    );
}

#[test]
fn a_suite_runs_by_its_folder() {
    let place = Folder::new();
    place.suite(|text| text);
    let output = place.edgebench(&["run", "s", "--quick", "-o", "run", "--format", "jsonl"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["id"]["variant"], "fp32");
}

#[test]
fn bad_input_is_one_fact_with_a_hint_and_code_2() {
    let place = Folder::new();
    let mut said = String::new();
    for arguments in [
        &["run", "no-such-suite-at-all", "--backend", "null"] as &[&str],
        &["run", "--model", "absent.onnx", "--backend", "null"],
        &["run", "--model", "m.onnx", "--backend", "nul"],
        &["run", "--model", "m.onnx", "--backend", "null", "--shape", "y=1x4"],
        &["run", "--model", "m.onnx", "--backend", "null", "--shape", "x=1x5"],
        &["run", "--model", "m.onnx", "--model", "m.onnx", "--backend", "null"],
        &[
            "run",
            "--model",
            "m.onnx",
            "--backend",
            "null",
            "--inputs",
            "absent.npz",
        ],
        &[
            "run",
            "--model",
            "m.onnx",
            "--backend",
            "null",
            "--worker-prefix",
            "a 'b",
        ],
        &["run", "--model", "m.onnx", "--backend", "null", "--threads", "0"],
        &["run", "--resume", "absent"],
        &["inspect", "absent.onnx"],
    ] {
        let (code, stderr) = place.fails(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        // Where suites are looked for depends on where the tests are built.
        let lines = stderr.lines().filter(|line| !line.contains("looked in"));
        let _ = write!(
            said,
            "$ edgebench {}\n{}\n\n",
            arguments.join(" "),
            lines.collect::<Vec<_>>().join("\n")
        );
    }
    assert!(!place.path("runs").exists(), "nothing was begun");
    insta::assert_snapshot!(said);
}

#[test]
fn a_truncated_model_is_refused() {
    let place = Folder::new();
    let whole = fs::read(MODEL).unwrap();
    fs::write(place.path("cut.onnx"), &whole[..whole.len() / 2]).unwrap();
    let (code, said) = place.fails(&["run", "--model", "cut.onnx", "--backend", "null"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.starts_with("error: the model `cut.onnx` cannot be used\ncaused by: "),
        "{said}"
    );
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest() {
    let place = Folder::new();
    place.suite(|text| text.replace("[[task.variant]]", "[[task.variant]]\npresicion = \"fp32\""));
    let (code, said) = place.fails(&["run", "s"]);
    assert_eq!(code, Some(2), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_wrong_hash_is_told_before_anything_runs() {
    let place = Folder::new();
    place.suite(|text| text);
    fs::write(place.path("s/m.onnx"), b"other").unwrap();
    let (code, said) = place.fails(&["run", "s"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("s/m.onnx` has sha256 "), "{said}");
    assert!(said.contains("hint: "), "{said}");
    fs::remove_file(place.path("s/m.onnx")).unwrap();
    let (code, said) = place.fails(&["run", "s"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("error: cannot read "), "{said}");
    assert!(!place.path("runs").exists());
}

/// A file of ONNX's test data: one tensor of two samples of four numbers.
fn onnx_tensor(elements: [f32; 8]) -> Vec<u8> {
    // dims (field 1) 2 and 4, data_type (field 2) float, raw_data (field 9) of 32 bytes.
    let mut bytes = vec![0x08, 2, 0x08, 4, 0x10, 1, 0x4a, 32];
    bytes.extend(elements.iter().flat_map(|element| element.to_le_bytes()));
    bytes
}

#[test]
fn one_backend_is_held_against_golden_outputs_that_are_given() {
    let place = Folder::new();
    let data = place.path("test_data_set_0");
    fs::create_dir(&data).unwrap();
    let right = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    fs::write(data.join("input_0.pb"), onnx_tensor(right)).unwrap();
    fs::write(data.join("output_0.pb"), onnx_tensor(right)).unwrap();
    let run = |golden: &str| {
        let inputs = [
            "--inputs",
            "test_data_set_0",
            "--golden",
            golden,
            "--quick",
            "--format",
            "csv",
        ];
        let output = place.run(&[&inputs[..], &["-O", "null.output=echo"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = run("test_data_set_0");
    assert_eq!(code, Some(0), "{said}");
    let cell = &place.record()["cells"][0];
    assert_eq!(cell["outputs"]["golden"]["file"], "test_data_set_0");
    assert_ne!(cell["outputs"]["verdict"], "unchecked");

    fs::remove_dir_all(place.path("run")).unwrap();
    let mut wrong = right;
    wrong[7] = 8.1;
    fs::write(data.join("output_0.pb"), onnx_tensor(wrong)).unwrap();
    let (code, said) = run("m=test_data_set_0");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("outputs differ: largest difference 1.00e-1"), "{said}");

    let (code, said) = run("n=test_data_set_0");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("known models: m"), "{said}");
}

#[test]
fn a_plan_is_printed_and_nothing_runs() {
    let place = Folder::new();
    place.suite(|text| text);
    let arguments = ["plan", "s", "--invocations", "2", "--threads", "1,2", "--seed", "7"];
    let first = place.edgebench(&arguments);
    assert_eq!(first.status.code(), Some(0));
    let text = String::from_utf8(first.stdout).unwrap();
    insta::assert_snapshot!(text);
    assert_eq!(String::from_utf8(place.edgebench(&arguments).stdout).unwrap(), text);
    let json = place.edgebench(&["plan", "s", "--format", "json"]);
    let plan: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(plan["plan"]["cells"].as_array().unwrap().len(), 1);
}

#[test]
fn inspect_and_schemas_and_manuals() {
    let place = Folder::new();
    let output = place.edgebench(&["inspect", "m.onnx"]);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    for name in ["manifest", "record", "gate", "profile", "profile-diff", "protocol"] {
        let output = place.edgebench(&["schema", name]);
        let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(schema.is_object(), "{name}");
    }
    let output = place.edgebench(&["completions", "bash"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("_edgebench"));
    assert_eq!(place.edgebench(&["man", "pages"]).status.code(), Some(0));
    assert!(place.path("pages/edgebench-run.1").is_file());
}

#[test]
fn a_template_is_written_once_and_parses() {
    let place = Folder::new();
    assert_eq!(place.edgebench(&["init", "new"]).status.code(), Some(0));
    assert!(edgebench_suites::load(&place.path("new/suite.toml")).is_ok());
    let (code, said) = place.fails(&["init", "new"]);
    assert_eq!(code, Some(2), "{said}");
}

#[test]
fn the_built_in_worker_passes_the_conformance_suite() {
    let place = Folder::new();
    let output = place.edgebench(&[
        "conformance",
        "--backend",
        "null",
        "--",
        env!("CARGO_BIN_EXE_edgebench"),
        "worker",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(" 0 failed"), "{text}");
    assert_eq!(place.edgebench(&["conformance", "--", "false"]).status.code(), Some(3));
}
