//! The transcripts in `docs/protocol.md` are what a worker answers.
//!
//! This program is the worker as well: it starts itself with [`SERVE`] and sends the transcripts' requests. That is why
//! it has no test harness, which would print to the worker's standard output.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The argument with which this program is a worker.
const SERVE: &str = "serve-the-null-backend";

/// The transcripts' `image` input: one channel of 28×28.
const SHAPE: [usize; 4] = [64, 1, 28, 28];

/// As in the command.
#[global_allocator]
static ALLOCATOR: edgebench_worker::CountingAllocator = edgebench_worker::CountingAllocator;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(SERVE) {
        return edgebench_worker::serve(&[&edgebench_null::BACKEND], "edgebench", env!("CARGO_PKG_VERSION"));
    }
    let transcripts = transcripts();
    assert_eq!(transcripts.len(), 2, "the page has a cell and a refused load");
    for transcript in &transcripts {
        replay(transcript);
    }
    println!("{} transcripts of docs/protocol.md replayed", transcripts.len());
    ExitCode::SUCCESS
}

/// Each transcript as pairs of a request and its answer.
fn transcripts() -> Vec<Vec<(&'static str, &'static str)>> {
    let blocks = PAGE.split("```transcript\n").skip(1);
    blocks
        .map(|block| {
            let (block, _) = block.split_once("```").expect("a transcript ends");
            let lines: Vec<&str> = block.lines().collect();
            let pairs = lines.chunks(2).map(|pair| match pair {
                [request, answer] => (
                    request.strip_prefix("> ").expect("a request begins with `> `"),
                    answer.strip_prefix("< ").expect("an answer begins with `< `"),
                ),
                _ => panic!("a request without an answer: {pair:?}"),
            });
            pairs.collect()
        })
        .collect()
}

fn replay(transcript: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    // The null backend looks only whether the model is there.
    std::fs::write(folder.path().join("fp32.onnx"), b"").unwrap();
    write_inputs(&folder.path().join("inputs.safetensors"));
    // The paths in the transcript are relative, so the folder is the worker's own.
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .arg(SERVE)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut requests = worker.stdin.take().unwrap();
    let mut answers = BufReader::new(worker.stdout.take().unwrap()).lines();
    for (request, expected) in transcript {
        writeln!(requests, "{request}").unwrap();
        let answer = answers.next().expect("the worker answers").unwrap();
        assert_eq!(
            masked(&answer),
            masked(expected),
            "\nto       {request}\nanswered {answer}\nthe page {expected}\n"
        );
    }
    assert!(answers.next().is_none(), "nothing comes after the last answer");
    assert!(worker.wait().unwrap().success(), "`bye` is the last request");
}

fn write_inputs(path: &Path) {
    let data = vec![0; size_of::<f32>() * SHAPE.iter().product::<usize>()];
    let view = TensorView::new(Dtype::F32, SHAPE.to_vec(), &data).unwrap();
    safetensors::serialize_to_file([("image", view)], None, path).unwrap();
}

fn masked(line: &str) -> Value {
    let mut value = serde_json::from_str(line).unwrap();
    mask("", &mut value);
    value
}

/// Puts zeros where two runs, or two releases, differ. That there is a figure, how many samples there are, and
/// everything else stays.
fn mask(key: &str, value: &mut Value) {
    let figure = key.ends_with("_ns")
        || key.ends_with("_bytes")
        || key == "runs"
        || key == "queries"
        // How many outputs are taken depends on how fast the machine is.
        || key == "compared"
        || key == "same_bits"
        || key == "involuntary_switches";
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| mask(key, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(key, item)),
        Value::Number(number) if figure => *number = 0.into(),
        // Without `/proc` there is no figure of memory.
        Value::Null if key.ends_with("_bytes") && !cfg!(target_os = "linux") => *value = 0.into(),
        Value::Bool(reset) if key == "peak_was_reset" => *reset = false,
        Value::String(version) if key == "version" => version.clear(),
        _ => {}
    }
}
