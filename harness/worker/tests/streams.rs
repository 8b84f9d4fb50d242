//! State is carried from frame to frame, begins anew with each stream, and matters.
//!
//! This program is the worker as well, as in `transcript.rs`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

/// The argument with which this program is a worker.
const SERVE: &str = "serve-the-null-backend";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(SERVE) {
        return edgebench_worker::serve(&[&edgebench_null::BACKEND], "edgebench", "0");
    }
    // Each frame adds itself to the state, which begins as the file has it.
    let carried = outputs(&json!([{"output": "next_state", "input": "state"}]), None);
    assert_eq!(
        carried,
        [101.0, 103.0, 106.0, 110.0, 115.0, 121.0],
        "carried through the file"
    );
    let dropped = outputs(&json!([]), None);
    assert_eq!(
        dropped,
        [101.0, 12.0, 13.0, 14.0, 15.0, 16.0],
        "every frame with the file's state"
    );
    let reset = outputs(&json!([{"output": "next_state", "input": "state"}]), Some(2));
    assert_eq!(
        reset,
        [101.0, 103.0, 13.0, 17.0, 15.0, 21.0],
        "anew after every second frame"
    );
    refusals();
    println!("state is carried, begins anew, and matters");
    ExitCode::SUCCESS
}

/// Six frames 1 to 6, and a state of 100 beside the first and of 10 beside the others.
fn write_inputs(path: &Path) {
    let bytes = |values: [f32; 6]| -> Vec<u8> { values.iter().flat_map(|value| value.to_le_bytes()).collect() };
    let frames = bytes([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let states = bytes([100.0, 10.0, 10.0, 10.0, 10.0, 10.0]);
    let view = |data| TensorView::new(Dtype::F32, vec![6, 1], data).unwrap();
    safetensors::serialize_to_file([("frame", view(&frames)), ("state", view(&states))], None, path).unwrap();
}

fn load(batch: usize) -> Value {
    let shape = json!([batch, 1]);
    json!({"op": "load", "backend": "null", "model": "m", "shapes": {"frame": shape, "state": shape},
        "settings": {"threads": 1, "batch": batch, "options": {"output": "accumulate"}}, "inputs": "inputs", "ring": 4})
}

/// The outputs of two passes and a half through the file; those of the first pass are written.
fn outputs(state: &Value, reset_every: Option<u64>) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = json!({"op": "stream", "inputs": "inputs", "state": state, "period_ns": 200_000, "min_ns": 0,
        "min_frames": 15, "max_ns": 10_000_000_000u64, "outputs": "outputs"});
    if let Some(every) = reset_every {
        stream["reset_every"] = every.into();
    }
    let answers = ask(folder.path(), &[load(1), stream]);
    let streamed = &answers[1]["streamed"];
    let figures = |name: &str| -> Vec<u64> { serde_json::from_value(streamed[name].clone()).unwrap() };
    let (latencies, compute) = (figures("latencies_ns"), figures("compute_ns"));
    assert_eq!((latencies.len(), compute.len()), (15, 15), "{streamed}");
    assert!(
        latencies
            .iter()
            .zip(&compute)
            .all(|(latency, compute)| latency >= compute)
    );
    // The fifteenth frame is due after fourteen periods.
    assert!(streamed["elapsed_ns"].as_u64().unwrap() >= 14 * 200_000);
    // Six frames of the file, or two of a shorter stream, begin it anew.
    let streams = if reset_every.is_some() { 8 } else { 3 };
    assert_eq!(streamed["streams"], streams);
    let file = std::fs::read(folder.path().join("outputs")).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let bytes = tensors.tensor("next_state").unwrap().data().to_vec();
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// What is no stream is refused, and the worker lives on.
fn refusals() {
    let folder = tempfile::tempdir().unwrap();
    let stream = |state: Value, period_ns: u64| {
        json!({"op": "stream", "inputs": "inputs", "state": state, "period_ns": period_ns, "min_ns": 0, "min_frames": 1,
            "max_ns": 1_000_000})
    };
    let requests = [
        load(1),
        stream(json!([{"output": "no-such", "input": "state"}]), 1000),
        stream(json!([{"output": "next_state", "input": "no-such"}]), 1000),
        stream(json!([]), 0),
    ];
    let answers = ask(folder.path(), &requests);
    let message = |answer: &Value| answer["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message(&answers[1]).contains("output `no-such`"), "{}", answers[1]);
    assert!(message(&answers[2]).contains("input `no-such`"), "{}", answers[2]);
    assert_eq!(answers[3]["error"]["kind"], "protocol");
    let answers = ask(folder.path(), &[load(2), stream(json!([]), 1000)]);
    assert!(message(&answers[1]).contains("one frame"), "{}", answers[1]);
}

/// Starts a worker in a folder with a model and inputs, and sends it requests.
fn ask(folder: &Path, requests: &[Value]) -> Vec<Value> {
    std::fs::write(folder.join("m"), b"").unwrap();
    write_inputs(&folder.join("inputs"));
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .arg(SERVE)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = worker.stdin.take().unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    let mut send = |id: usize, mut request: Value| -> Value {
        request["id"] = id.into();
        writeln!(input, "{request}").unwrap();
        serde_json::from_str(&lines.next().expect("the worker answers").unwrap()).unwrap()
    };
    send(1, json!({"op": "hello", "protocol": 1}));
    let answers = requests.iter().enumerate();
    let answers = answers
        .map(|(index, request)| send(index + 2, request.clone()))
        .collect();
    send(99, json!({"op": "bye"}));
    assert!(worker.wait().unwrap().success());
    answers
}
