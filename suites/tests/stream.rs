//! Stream tables as people write them, right and wrong.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::fs;

use edgebench_suites::{StatePair, Stream, Suite, SuiteError, load, schema};

const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn manifest() -> String {
    format!(
        r#"schema = 1
name = "small"

[[task]]
id = "vad"

[task.data]
file = "test.safetensors"
sha256 = "{HASH}"

[task.input.audio]
dtype = "f32"

[task.input.state]
dtype = "f32"

[task.stream]
frame_ms = 31.25
reset_every = 100
state = [{{ output = "next_state", input = "state" }}]

[[task.variant]]
id = "fp32"
file = "fp32.onnx"
sha256 = "{HASH}"
precision = "fp32"
"#
    )
}

fn from(text: &str) -> Result<Suite, SuiteError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("suite.toml"), text).unwrap();
    load(folder.path())
}

/// The message after the path, and the hint, once `old` is replaced by `new` in a right manifest.
fn after(old: &str, new: &str) -> (String, String) {
    let right = manifest();
    assert!(right.contains(old), "{old}");
    let error = from(&right.replacen(old, new, 1)).unwrap_err();
    let message = error.to_string();
    let rest = message.split_once("suite.toml").unwrap().1;
    (rest.to_owned(), error.hint().unwrap_or_default())
}

fn pair(output: &str, input: &str) -> String {
    format!("{{ output = \"{output}\", input = \"{input}\" }}")
}

#[test]
fn a_right_stream() {
    let suite = from(&manifest()).unwrap();
    let wanted = Stream {
        frame_period_ns: 31_250_000,
        state: vec![StatePair {
            output: "next_state".to_owned(),
            input: "state".to_owned(),
        }],
        reset_every: Some(100),
    };
    assert_eq!(suite.tasks[0].stream, Some(wanted));
    let without = manifest().replacen("reset_every = 100\n", "", 1);
    let suite = from(&without).unwrap();
    assert_eq!(suite.tasks[0].stream.as_ref().unwrap().reset_every, None);
    let whole = from(&manifest().replacen("31.25", "32", 1)).unwrap();
    assert_eq!(whole.tasks[0].stream.as_ref().unwrap().frame_period_ns, 32_000_000);
}

#[test]
fn periods_and_counts_are_checked() {
    for (value, shown) in [
        ("0", "0"),
        ("-1.0", "-1"),
        ("nan", "NaN"),
        ("inf", "inf"),
        ("1e-9", "0.000000001"),
    ] {
        let (message, _) = after("31.25", value);
        assert_eq!(
            message,
            format!(
                "`: task `vad`: `stream`: `frame_ms` is {shown}, not at least 0.001 and at most 3600000 milliseconds"
            )
        );
    }
    for (value, nanoseconds) in [("0.001", 1_000), ("3600000", 3_600_000_000_000)] {
        let suite = from(&manifest().replacen("31.25", value, 1)).unwrap();
        assert_eq!(suite.tasks[0].stream.as_ref().unwrap().frame_period_ns, nanoseconds);
    }
    let (message, hint) = after("reset_every = 100", "reset_every = 0");
    assert!(message.ends_with("`reset_every` is 0, and 1 is the least"), "{message}");
    assert!(hint.contains("leave it out"));
    assert!(
        after("reset_every = 100", "reset_every = -1")
            .0
            .contains("invalid value")
    );
    assert!(after("frame_ms = 31.25\n", "").0.contains("missing field `frame_ms`"));
    let (message, hint) = after("frame_ms", "frames_ms");
    assert!(message.contains("unknown field `frames_ms`"), "{message}");
    assert_eq!(hint, "did you mean `frame_ms`?");
}

#[test]
fn state_is_checked() {
    let right = pair("next_state", "state");
    let (message, hint) = after(&right, "");
    assert_eq!(message, "`: task `vad`: `stream`: `state` is an empty list");
    assert!(hint.contains("output = "), "{hint}");
    let (message, hint) = after(&right, &pair("next_state", "stat"));
    assert_eq!(message, "`: task `vad`: `stream`: there is no input `stat`");
    assert_eq!(hint, "did you mean `state`?");
    let (message, _) = after(&right, &pair("", "state"));
    assert!(message.ends_with("an `output` is empty"), "{message}");
    let twice = format!("{right}, {}", pair("next_state", "audio"));
    assert!(after(&right, &twice).0.ends_with("output `next_state` is there twice"));
    let twice = format!("{right}, {}", pair("other", "state"));
    assert!(after(&right, &twice).0.ends_with("input `state` is there twice"));
    let all = format!("{right}, {}", pair("other", "audio"));
    let (message, hint) = after(&right, &all);
    assert!(
        message.ends_with("every input is state, and none takes the frames"),
        "{message}"
    );
    assert!(hint.contains("[task.input.NAME]"), "{hint}");
    let (message, hint) = after("input = \"state\" }", "imput = \"state\" }");
    assert!(message.contains("unknown field `imput`"), "{message}");
    assert_eq!(hint, "did you mean `input`?");
}

#[test]
fn a_stream_needs_data() {
    let data = format!("[task.data]\nfile = \"test.safetensors\"\nsha256 = \"{HASH}\"\n");
    let (message, hint) = after(&data, "");
    assert_eq!(message, "`: task `vad`: `stream`: a stream needs `data`");
    assert!(hint.contains("frames in order"), "{hint}");
}

#[test]
fn the_schema_knows_streams() {
    let validator = jsonschema::validator_for(&serde_json::to_value(schema()).unwrap()).unwrap();
    let mut value: serde_json::Value = toml::from_str(&manifest()).unwrap();
    assert!(validator.is_valid(&value));
    value["task"][0]["stream"]["state"][0]["outputs"] = "next_state".into();
    assert!(!validator.is_valid(&value));
}
