//! Memory that a worker takes is reported as what it is, in a fresh process.

#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::process::Stdio;

use edgebench_api::{Bytes, Settings};
use edgebench_protocol::{
    Answer, AnswerLine, Hello, Load, Loaded, MemoryReading, Request, RequestLine, VERSION, read_line, write_line,
};

const MIB: u64 = 1 << 20;

/// Loads the null backend in a new worker with these options.
#[expect(clippy::unwrap_used, reason = "what fails here fails the test")]
fn load(options: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let inputs = folder.path().join("inputs.safetensors");
    std::fs::write(&model, b"").unwrap();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1, 1], &[0; 4]).unwrap();
    std::fs::write(&inputs, safetensors::serialize([("x", view)], None).unwrap()).unwrap();

    let mut worker = common::null_worker()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = worker.stdin.take().unwrap();
    let mut stdout = BufReader::new(worker.stdout.take().unwrap());
    let options = options
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let load = Load {
        backend: "null".to_owned(),
        model,
        shapes: BTreeMap::from([("x".to_owned(), vec![1, 1])]),
        settings: Settings {
            options,
            ..Settings::default()
        },
        inputs,
        ring: 1,
    };
    let mut last = None;
    for (id, request) in [Request::Hello(Hello { protocol: VERSION }), Request::Load(load)]
        .into_iter()
        .enumerate()
    {
        write_line(&mut stdin, &RequestLine { id: id as u64, request }).unwrap();
        last = Some(read_line::<AnswerLine>(&mut stdout).unwrap().answer);
    }
    drop(stdin);
    assert!(worker.wait().unwrap().success());
    match last {
        Some(Answer::Loaded(loaded)) => *loaded,
        other => panic!("{other:?}"),
    }
}

/// What the load added to a figure.
fn grown(loaded: &Loaded, figure: impl Fn(&MemoryReading) -> Option<Bytes>) -> u64 {
    let of = |reading| figure(reading).expect("Linux gives the figure").0;
    of(&loaded.memory_loaded).saturating_sub(of(&loaded.memory_baseline))
}

fn near(found: u64, expected: u64) {
    let tolerance = MIB.max(expected / 100);
    assert!(
        found.abs_diff(expected) <= tolerance,
        "{found} B, and {expected} B were taken"
    );
}

#[test]
fn anonymous_memory_is_reported() {
    for mebibytes in [0, 8, 64, 256] {
        let loaded = load(&[("allocate", &format!("{mebibytes}MiB"))]);
        near(grown(&loaded, |reading| reading.anonymous_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.peak_rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.file_bytes), 0);
    }
}

#[test]
fn mapped_memory_is_reported() {
    for mebibytes in [8, 64, 256] {
        let loaded = load(&[("map", &format!("{mebibytes}MiB"))]);
        // On a temporary folder that lies in memory a mapped file is shared memory to the kernel.
        let mapped = grown(&loaded, |reading| reading.file_bytes) + grown(&loaded, |reading| reading.shared_bytes);
        near(mapped, mebibytes * MIB);
        near(grown(&loaded, |reading| reading.rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.anonymous_bytes), 0);
    }
}

#[test]
fn both_at_once_are_kept_apart() {
    let loaded = load(&[("allocate", "32MiB"), ("map", "96MiB")]);
    near(grown(&loaded, |reading| reading.anonymous_bytes), 32 * MIB);
    near(grown(&loaded, |reading| reading.rss_bytes), 128 * MIB);
}
