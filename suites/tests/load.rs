//! Manifests as people write them, right and wrong.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::fs;
use std::path::Path;

use edgebench_api::{DType, Tensor};
use edgebench_suites::{
    MetricName, Precision, Suite, SuiteError, load, load_test_set, schema, template, write_tensors,
};
use proptest::prelude::*;
use tempfile::TempDir;

const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn manifest() -> String {
    format!(
        r#"schema = 1
name = "small"
backends = ["ort", "tract"]
threads = [1, 2]

[measure]
invocations = 3

[[task]]
id = "digits"
metric = "top1"
baseline = "fp32"

[task.data]
file = "data/test.safetensors"
sha256 = "{HASH}"
label = "label"

[task.input.image]
tensor = "pixels"
dtype = "f32"
shape = [1, 2, 2]
scale = 0.5
offset = -1.0

[[task.variant]]
id = "fp32"
file = "models/fp32.onnx"
sha256 = "{HASH}"
precision = "fp32"

[[task.variant]]
id = "int8"
file = "models/int8.onnx"
sha256 = "{HASH}"
precision = "int8"
golden = {{ file = "golden.safetensors", sha256 = "{HASH}" }}

[[task.expect]]
backend = "tract"
variants = ["int8"]
outcome = "failed"
reason = "Its outputs differ."
"#
    )
}

fn from(text: &str) -> (TempDir, Result<Suite, SuiteError>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("suite.toml"), text).unwrap();
    let suite = load(folder.path());
    (folder, suite)
}

/// The message after the path, and the hint.
fn said(text: &str) -> (String, String) {
    let (folder, suite) = from(text);
    let error = suite.unwrap_err();
    let message = error.to_string();
    let path = folder.path().join("suite.toml");
    let rest = message.replace(&format!("`{}`", path.display()), "PATH");
    let rest = rest.replace(&path.display().to_string(), "PATH");
    assert!(!rest.contains('\n'), "one line: {rest}");
    (rest, error.hint().unwrap_or_default())
}

/// What is said once `old` in a right manifest is replaced by `new`.
fn after(old: &str, new: &str) -> (String, String) {
    let right = manifest();
    assert!(right.contains(old), "{old}");
    said(&right.replacen(old, new, 1))
}

#[test]
fn a_right_manifest() {
    let (folder, suite) = from(&manifest());
    let suite = suite.unwrap();
    assert_eq!(
        (suite.name.as_str(), suite.threads.as_slice(), suite.batch.as_slice()),
        ("small", &[1, 2][..], &[1][..])
    );
    assert_eq!((suite.measure.invocations, suite.measure.measure_s), (3, 10.0));
    assert_eq!(suite.manifest_sha256.as_ref().map(String::len), Some(64));
    let task = suite.task("digits").unwrap();
    assert_eq!((task.metric, task.baseline.as_str()), (Some(MetricName::Top1), "fp32"));
    let int8 = task.variant("int8").unwrap();
    assert_eq!(int8.precision, Some(Precision::Int8));
    assert_eq!(int8.path, folder.path().join("models/int8.onnx"));
    assert_eq!(
        int8.golden.as_ref().unwrap().path,
        folder.path().join("golden.safetensors")
    );
    assert_eq!(suite.expected("digits", "int8", "tract").unwrap().outcome, "failed");
    assert!(suite.expected("digits", "fp32", "tract").is_none());
    assert!(suite.expected("digits", "int8", "ort").is_none());
    assert_eq!(load(&folder.path().join("suite.toml")).unwrap(), suite);
}

#[test]
fn the_template_is_right() {
    let (_folder, suite) = from(template());
    let suite = suite.unwrap();
    assert_eq!(suite.tasks[0].variants.len(), 2);
    // What is commented out is right as well, once its ellipses are filled in.
    let all = template()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(code)
                if code.starts_with("[[") || code.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) =>
            {
                code
            }
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
        .replace("sha256 = \"…\"", &format!("sha256 = \"{HASH}\""));
    let (_folder, suite) = from(&all);
    let suite = suite.unwrap();
    assert_eq!(suite.tasks[0].output.as_deref(), Some("logits"));
    assert!(suite.tasks[0].variants[1].golden.is_some());
    assert!(suite.expected("my-task", "int8", "tract").is_some());
}

#[test]
fn an_unknown_key_has_its_place_and_the_nearest_right_name() {
    let (message, hint) = after("threads = ", "treads = ");
    assert!(
        message.starts_with("PATH:4:1: unknown field `treads`, expected one of `schema`"),
        "{message}"
    );
    assert_eq!(hint, "did you mean `threads`?");
    let (message, hint) = after("precision = \"fp32\"", "precison = \"fp32\"");
    assert!(message.starts_with("PATH:30:1: unknown field `precison`"), "{message}");
    assert_eq!(hint, "did you mean `precision`?");
    let (message, hint) = after("precision = \"fp32\"", "precision = \"f32\"");
    assert!(message.starts_with("PATH:30:13: unknown variant `f32`"), "{message}");
    assert_eq!(hint, "did you mean `fp32`?");
    let (_, hint) = after("threads = ", "zzzzzzzz = ");
    assert_eq!(hint, "`edgebench schema manifest` lists every key");
}

#[test]
fn wrong_syntax_and_types_have_their_place() {
    let (message, _) = after("threads = [1, 2]", "threads = [1, 2");
    assert!(message.starts_with("PATH:"), "{message}");
    let (message, _) = after("threads = [1, 2]", "threads = \"two\"");
    assert!(
        message.starts_with("PATH:4:11: invalid type: string \"two\""),
        "{message}"
    );
    let (message, _) = after("threads = [1, 2]", "threads = [-1]");
    assert!(message.starts_with("PATH:4:12: "), "{message}");
    let (message, _) = after("id = \"digits\"\n", "");
    assert!(message.contains("missing field `id`"), "{message}");
    let (message, _) = said("");
    assert!(message.contains("missing field `schema`"), "{message}");
}

#[test]
fn another_schema_names_both_numbers() {
    // A key that this version does not know is no mistake in a newer one.
    let (message, hint) = after("schema = 1", "schema = 2\nnovelty = true");
    assert_eq!(message, "PATH is of manifest schema 2, and this edgebench reads 1");
    assert!(hint.contains("newer"), "{hint}");
    assert!(after("schema = 1", "schema = 0").1.contains("schema = 1"));
}

#[test]
fn ids_are_checked() {
    assert_eq!(
        after("\"digits\"", "\"di gits\"").0,
        "PATH: task \"di gits\" is not an id"
    );
    assert_eq!(after("\"digits\"", "\"..\"").0, "PATH: task \"..\" is not an id");
    assert_eq!(after("\"small\"", "\"\"").0, "PATH: suite \"\" is not an id");
    let long = "x".repeat(65);
    assert!(after("\"digits\"", &format!("\"{long}\"")).0.ends_with("is not an id"));
    assert_eq!(
        after("id = \"int8\"", "id = \"fp32\"").0,
        "PATH: task `digits`: variant `fp32` is there twice"
    );
    assert_eq!(after("\"tract\"]", "\"ort\"]").0, "PATH: backend `ort` is there twice");
}

#[test]
fn numbers_are_checked() {
    assert_eq!(after("[1, 2]\n", "[]\n").0, "PATH: `threads` is an empty list");
    assert_eq!(
        after("[1, 2]\n", "[1, 0]\n").0,
        "PATH: `threads` holds 0, and 1 is the least"
    );
    assert_eq!(
        after("[1, 2]\n", "[1]\nbatch = [2, 2]\n").0,
        "PATH: `batch` holds 2 twice"
    );
    assert_eq!(
        after("invocations = 3", "invocations = 0").0,
        "PATH: `measure.invocations` is 0, and 1 is the least"
    );
    for (value, shown) in [("nan", "NaN"), ("inf", "inf"), ("0.0", "0"), ("-1.0", "-1")] {
        let (message, _) = after("invocations = 3", &format!("measure_s = {value}"));
        assert_eq!(
            message,
            format!("PATH: `measure.measure_s` is {shown}, not above 0 and at most 86400 seconds")
        );
    }
    assert!(after("invocations = 3", "warm_up_s = -1").0.contains("not at least 0"));
    assert!(
        after("scale = 0.5", "scale = inf")
            .0
            .ends_with("`scale` and `offset` must be finite")
    );
}

#[test]
fn references_are_checked() {
    let (message, hint) = after("baseline = \"fp32\"", "baseline = \"pf32\"");
    assert_eq!(message, "PATH: task `digits`: `baseline`: there is no variant `pf32`");
    assert_eq!(hint, "did you mean `fp32`?");
    let (message, hint) = after("variants = [\"int8\"]", "variants = [\"other\"]");
    assert_eq!(message, "PATH: task `digits`: `expect`: there is no variant `other`");
    assert_eq!(hint, "choose from fp32, int8");
    assert!(
        after("variants = [\"int8\"]", "variants = []")
            .0
            .ends_with("`variants` is an empty list")
    );
    let (message, hint) = after("\"failed\"", "\"timeout\"");
    assert_eq!(
        message,
        "PATH: task `digits`: `expect`: `timeout` is not an outcome that can be expected"
    );
    assert_eq!(hint, "did you mean `timed-out`?");
    assert!(
        after("\"failed\"", "\"measured\"")
            .0
            .contains("`measured` is not an outcome")
    );
    assert!(
        after("\"Its outputs differ.\"", "\" \"")
            .0
            .ends_with("`reason` is empty")
    );
    assert_eq!(
        after("label = \"label\"\n", "").0,
        "PATH: task `digits`: metric `top1` needs `data.label`"
    );
}

#[test]
fn a_task_needs_what_it_is_made_of() {
    let head = "schema = 1\nname = \"x\"\n";
    assert_eq!(said(&format!("{head}task = []")).0, "PATH: there is no task");
    let empty = format!("{head}[[task]]\nid = \"t\"\nvariant = []");
    assert_eq!(said(&empty).0, "PATH: task `t`: there is no variant");
    let variant = format!("[[task.variant]]\nid = \"a\"\nfile = \"a\"\nsha256 = \"{HASH}\"\nprecision = \"fp32\"");
    let metric = format!("{head}[[task]]\nid = \"t\"\nmetric = \"f1\"\n{variant}");
    assert_eq!(said(&metric).0, "PATH: task `t`: metric `f1` needs `data`");
    let data = format!("{head}[[task]]\nid = \"t\"\ndata = {{ file = \"d\", sha256 = \"{HASH}\" }}\n{variant}");
    assert_eq!(said(&data).0, "PATH: task `t`: there is data and no input");
}

#[test]
fn paths_stay_inside_the_folder() {
    for path in [
        "/etc/passwd",
        "../x.onnx",
        "models/../../x.onnx",
        "",
        ".",
        "C:/x",
        "a\\\\b",
    ] {
        let (message, _) = after("\"models/fp32.onnx\"", &format!("\"{path}\""));
        assert!(
            message.starts_with("PATH: task `digits`: variant `fp32`: path "),
            "{message}"
        );
        assert!(
            message.ends_with("does not stay inside the suite's folder"),
            "{message}"
        );
    }
    let (message, hint) = after(HASH, &HASH.replace('0', "G"));
    assert!(message.ends_with("is not a sha256"), "{message}");
    assert!(hint.contains("sha256sum"));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_leave_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("fp32.onnx"), "x").unwrap();
    let (folder, suite) = from(&manifest());
    suite.unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("models")).unwrap();
    let error = load(folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("`models/fp32.onnx` leads outside the suite's folder"),
        "{error}"
    );
    // One that stays inside is as good as a file.
    fs::remove_file(folder.path().join("models")).unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    fs::write(folder.path().join("real/fp32.onnx"), "x").unwrap();
    std::os::unix::fs::symlink("real", folder.path().join("models")).unwrap();
    load(folder.path()).unwrap();
}

#[test]
fn each_wrong_file_is_an_error_of_its_own() {
    let (folder, suite) = from(&manifest());
    let suite = suite.unwrap();
    fs::create_dir(folder.path().join("models")).unwrap();
    fs::write(folder.path().join("models/fp32.onnx"), "abc").unwrap();
    let errors = suite.verify().unwrap_err();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 3, "{texts:?}");
    assert!(
        texts[0].starts_with("cannot read") && texts[0].contains("test.safetensors"),
        "{texts:?}"
    );
    assert!(texts[1].contains("has sha256 ba7816bf") && texts[1].ends_with(&format!("the manifest says {HASH}")));
    assert!(texts[2].contains("int8.onnx"));
}

#[test]
fn a_manifest_that_is_absent_or_no_text() {
    let error = load(Path::new("no/such/suite.toml")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `no/such/suite.toml`");
    assert!(std::error::Error::source(&error).is_some());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("suite.toml"), b"schema = 1\n  \xff").unwrap();
    let message = load(folder.path()).unwrap_err().to_string();
    assert!(message.ends_with("suite.toml:2:3: this is not UTF-8"), "{message}");
}

fn with_data(tensors: &[Tensor]) -> (TempDir, Result<edgebench_suites::TestSet, SuiteError>) {
    let (folder, suite) = from(&manifest());
    fs::create_dir(folder.path().join("data")).unwrap();
    write_tensors(tensors, &folder.path().join("data/test.safetensors")).unwrap();
    let set = load_test_set(&suite.unwrap().tasks[0]);
    (folder, set)
}

fn pixels(samples: usize) -> Tensor {
    Tensor::new("pixels", DType::U8, [samples, 4], &vec![4_u8; samples * 4]).unwrap()
}

fn labels(values: &[i64]) -> Tensor {
    Tensor::new("label", DType::I64, [values.len()], values).unwrap()
}

#[test]
fn a_test_set_is_prepared() {
    let (folder, set) = with_data(&[pixels(3), labels(&[0, 2, 1])]);
    let set = set.unwrap();
    assert_eq!((set.samples, set.labels.as_deref()), (3, Some(&[0, 2, 1][..])));
    assert_eq!(
        (set.inputs[0].name.as_str(), set.inputs[0].shape.as_slice()),
        ("image", &[3, 1, 2, 2][..])
    );
    assert_eq!(set.inputs[0].to_f32().unwrap(), [1.0; 12]);
    let some = set.select(&[2, 0, 9]);
    assert_eq!((some.samples, some.labels.as_deref()), (2, Some(&[1, 0][..])));
    assert_eq!(some.inputs[0].shape, [2, 1, 2, 2]);
    let path = folder.path().join("inputs.safetensors");
    some.write_inputs(&path).unwrap();
    assert_eq!(edgebench_suites::read_tensors(&path).unwrap(), some.inputs);
}

#[test]
fn a_wrong_test_set_is_said() {
    let said = |tensors: &[Tensor]| {
        let text = with_data(tensors).1.unwrap_err().to_string();
        text.split_once("`: ").unwrap().1.to_owned()
    };
    assert_eq!(said(&[pixels(2)]), "there is no tensor `label`");
    assert_eq!(said(&[labels(&[1])]), "there is no tensor `pixels`");
    assert_eq!(said(&[pixels(2), labels(&[1])]), "there are 2 samples and 1 labels");
    assert_eq!(
        said(&[pixels(2), labels(&[1, -1])]),
        "labels `label`: sample 1 has -1, and a label is 0 or more"
    );
    let float = Tensor::new("label", DType::F32, [2], &[0_f32, 1.0]).unwrap();
    assert_eq!(said(&[pixels(2), float]), "labels `label` are f32, not integers");
    let wide = Tensor::new("label", DType::I64, [1, 2], &[0_i64, 1]).unwrap();
    assert_eq!(
        said(&[pixels(1), wide]),
        "labels `label` have shape [1, 2], not one number per sample"
    );
    let large = Tensor::new("pixels", DType::U8, [2, 9], &[0_u8; 18]).unwrap();
    assert_eq!(
        said(&[large, labels(&[1, 2])]),
        "input `image` of shape [1, 2, 2] cannot be made of tensor `pixels` of shape [2, 9]"
    );
    let scalar = Tensor::new("pixels", DType::U8, [], &[0_u8]).unwrap();
    assert!(said(&[scalar, labels(&[])]).contains("cannot be made"));
    assert_eq!(said(&[pixels(0), labels(&[])]), "`image` has no samples");
    let huge = Tensor::new("label", DType::U64, [1], &[u64::MAX]).unwrap();
    assert!(said(&[pixels(1), huge]).contains("which i64 cannot hold"));
}

#[test]
fn the_schema_has_every_key_of_the_manifest() {
    let schema = serde_json::to_value(schema()).unwrap();
    let keys: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for key in [
        "schema",
        "name",
        "description",
        "backends",
        "threads",
        "batch",
        "measure",
        "task",
    ] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = from(&text).1;
    }

    #[test]
    fn a_damaged_manifest_never_panics(at in 0_usize..1200, text in "[\\[\\]{}=\"'#.a-z0-9\n -]{0,6}") {
        let mut damaged = manifest();
        let at = at % damaged.len();
        damaged.replace_range(at..at, &text);
        let _ = from(&damaged).1;
    }
}
