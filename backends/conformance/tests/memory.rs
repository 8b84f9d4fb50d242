//! Memory that a worker takes is reported as what it is, in a fresh process.

#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use edgebench_api::{Bytes, Nanos, Settings};
use edgebench_protocol::{
    Answer, AnswerLine, Evaluate, Hello, Load, Loaded, Measure, Measured, MemoryReading, Request, RequestLine, VERSION,
    read_line, write_line,
};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;

const MIB: u64 = 1 << 20;

/// A new worker with the null backend.
struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    folder: TempDir,
    id: u64,
}

#[expect(clippy::unwrap_used, reason = "what fails here fails the test")]
impl Worker {
    /// Starts it, with an inputs file of so many samples of so many bytes.
    fn start(samples: usize, sample_bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("model"), b"").unwrap();
        let data = vec![0; samples * sample_bytes];
        let view = TensorView::new(Dtype::F32, vec![samples, sample_bytes / 4], &data).unwrap();
        safetensors::serialize_to_file([("x", view)], None, &folder.path().join("inputs")).unwrap();
        let mut child = common::null_worker()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut worker = Self {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            folder,
            id: 0,
        };
        worker.ask(Request::Hello(Hello { protocol: VERSION }));
        worker
    }

    fn ask(&mut self, request: Request) -> Answer {
        self.id += 1;
        write_line(&mut self.stdin, &RequestLine { id: self.id, request }).unwrap();
        read_line::<AnswerLine>(&mut self.stdout).unwrap().answer
    }

    fn load(&mut self, sample_bytes: usize, options: &[(&str, &str)]) -> Loaded {
        let options = options
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let answer = self.ask(Request::Load(Load {
            backend: "null".to_owned(),
            model: self.folder.path().join("model"),
            shapes: BTreeMap::from([("x".to_owned(), vec![1, sample_bytes / 4])]),
            settings: Settings {
                options,
                ..Settings::default()
            },
            inputs: self.folder.path().join("inputs"),
            ring: 64,
        }));
        match answer {
            Answer::Loaded(loaded) => *loaded,
            other => panic!("{other:?}"),
        }
    }

    fn measure(&mut self, samples: u64) -> Measured {
        let answer = self.ask(Request::Measure(Measure {
            min_ns: Nanos(0),
            min_samples: samples,
            max_ns: Nanos(u64::MAX),
            max_samples: samples,
        }));
        match answer {
            Answer::Measured(measured) => measured,
            other => panic!("{other:?}"),
        }
    }

    fn end(mut self) {
        drop(self.stdin);
        assert!(self.child.wait().unwrap().success());
    }
}

/// Loads the null backend in a new worker with these options and one small input.
fn load(options: &[(&str, &str)]) -> Loaded {
    let mut worker = Worker::start(1, 4);
    let loaded = worker.load(4, options);
    worker.end();
    loaded
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
    for mebibytes in [0, 1, 8, 64, 512] {
        let loaded = load(&[("allocate", &format!("{mebibytes}MiB"))]);
        near(grown(&loaded, |reading| reading.anonymous_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.peak_rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.file_bytes), 0);
        // Nobody else has it, so it counts whole in every share. The shares of the program's own pages change when another
        // worker of these tests comes or goes, and with them both sums over all kinds of pages.
        near(grown(&loaded, |reading| reading.pss_anonymous_bytes), mebibytes * MIB);
        let after = loaded.memory_loaded;
        assert!(after.anonymous_bytes <= after.uss_bytes && after.uss_bytes <= after.rss_bytes);
        assert!(after.uss_bytes <= after.pss_bytes && after.pss_bytes <= after.rss_bytes);
    }
}

#[test]
fn shared_memory_is_reported() {
    for mebibytes in [1, 8, 64, 512] {
        let loaded = load(&[("share", &format!("{mebibytes}MiB"))]);
        near(grown(&loaded, |reading| reading.shared_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.peak_rss_bytes), mebibytes * MIB);
        near(grown(&loaded, |reading| reading.anonymous_bytes), 0);
        near(grown(&loaded, |reading| reading.file_bytes), 0);
    }
}

#[test]
fn allocations_of_an_inference_are_counted_after_the_timed_ones() {
    let mut worker = Worker::start(1, 4);
    worker.load(4, &[("churn", "2MiB")]);
    let counted = worker.measure(100).allocations.expect("this worker counts");
    assert_eq!((counted.inferences, counted.count), (10, 10));
    assert_eq!((counted.bytes, counted.peak_bytes), (Bytes(20 * MIB), Bytes(2 * MIB)));
    worker.end();

    let mut worker = Worker::start(1, 4);
    worker.load(4, &[]);
    let counted = worker.measure(100).allocations.expect("this worker counts");
    assert_eq!(
        (counted.count, counted.bytes, counted.peak_bytes),
        (0, Bytes(0), Bytes(0))
    );
    worker.end();
}

#[test]
fn mapped_memory_is_reported() {
    for mebibytes in [1, 8, 64, 512] {
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

#[test]
fn the_inputs_are_in_memory_once() {
    const SAMPLES: usize = 24;
    let mut worker = Worker::start(SAMPLES, MIB as usize);
    // Every slot of this backend then holds its input.
    let loaded = worker.load(MIB as usize, &[("output", "echo")]);
    assert_eq!(loaded.ring, 16, "a ring holds 16 MiB of inputs");
    let anonymous = |reading: &MemoryReading| reading.anonymous_bytes.expect("Linux gives the figure").0;
    let baseline = anonymous(&loaded.memory_baseline);
    assert!((16 * MIB..24 * MIB).contains(&baseline), "{baseline} B");
    // The buffer for the samples is there before the baseline as well.
    near(anonymous(&worker.measure(30_000).memory_steady), baseline);

    // What an evaluation forgets is read again.
    let folder = worker.folder.path().to_owned();
    let evaluated = worker.ask(Request::Evaluate(Evaluate {
        inputs: folder.join("inputs"),
        indices: None,
        outputs: folder.join("outputs"),
        whole: false,
    }));
    assert!(
        matches!(&evaluated, Answer::Evaluated(done) if done.samples == SAMPLES),
        "{evaluated:?}"
    );
    assert_eq!(worker.measure(100).samples_ns.len(), 100);
    worker.end();
}
