//! The open load on the real clock against queueing theory: Poisson arrivals at one session whose service time is always
//! the same wait, on average, ρ·S / (2·(1 − ρ)).
//!
//! Each utilisation is a number of loads, each with a seed of its own, and the median of how far their mean waits are off:
//! a machine that stalls for milliseconds spoils the loads in which it does, and not the rest. How late queries began
//! that were waited for is printed beside, since that is where stalls show.
//!
//! The worker is this program itself, asked through the protocol as the runner asks it. It ends with status 1 when a median
//! is more than 5 % off.
//!
//! `cargo bench -p edgebench-worker --bench queue [-- SECONDS [LATENCY]]`

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};

use edgebench_stats::{md1_mean_wait, quantile};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// The argument with which this program is a worker.
const SERVE: &str = "serve-the-null-backend";

/// How far a mean wait may be off.
const MOST: f64 = 0.05;

/// How long the loads of one utilisation last, all together, in seconds.
const SECONDS: f64 = 60.0;

/// Loads of one utilisation.
const LOADS: u64 = 15;

/// The service time.
const LATENCY: &str = "1ms";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if arguments.first().is_some_and(|argument| argument == SERVE) {
        return edgebench_worker::serve(&[&edgebench_null::BACKEND], "edgebench", env!("CARGO_PKG_VERSION"));
    }
    let seconds = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let latency = arguments.get(1).map_or(LATENCY, String::as_str);
    let mut worst = 0f64;
    println!("  ρ  queries   service   median off   25 % to 75 %   late p99, median and worst");
    for utilisation in [0.3, 0.5, 0.7] {
        let (off, line) = queue(latency, utilisation, seconds);
        println!("{line}");
        worst = worst.max(off.abs());
    }
    if worst <= MOST {
        ExitCode::SUCCESS
    } else {
        println!("more than {} % off", MOST * 100.0);
        ExitCode::FAILURE
    }
}

/// Runs the loads of one utilisation; how far their median is off, and a line about them.
fn queue(latency: &str, utilisation: f64, seconds: f64) -> (f64, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut worker = Worker::start(folder.path(), latency);
    // The service time as it is under load, the loop's own part included; the lowest, since stalls only add to it.
    let services = (0..5).map(|_| {
        let closed = worker.load(&json!("closed"), 0.1);
        closed.busy_ns / closed.queries
    });
    let service = services.fold(f64::INFINITY, f64::min);
    let rate = utilisation / (service * 1e-9);
    let (mut off, mut late, mut queries) = (Vec::new(), Vec::new(), 0.0);
    for seed in 1..=LOADS {
        let load = worker.load(
            &json!({"poisson": {"rate_per_s": rate, "seed": seed}}),
            seconds / LOADS as f64,
        );
        let service = load.busy_ns / load.queries;
        let wait = load.latency_ns / load.queries - service;
        // The rate that came, and not the one that was asked for: their difference is chance and not the queue's.
        let came = load.queries / (load.elapsed_ns * 1e-9);
        let theory = md1_mean_wait(came, service * 1e-9).map_or(f64::NAN, |wait| wait * 1e9);
        off.push(wait / theory - 1.0);
        late.push(load.late_ns);
        queries += load.queries;
    }
    off.sort_by(f64::total_cmp);
    late.sort_by(f64::total_cmp);
    let of = |values: &[f64], p: f64| quantile(values, p).unwrap_or(f64::INFINITY);
    let median = of(&off, 0.5);
    let line = format!(
        "{utilisation:.1} {queries:8} {:6.1} µs {:+10.1} % {:+6.1} % to {:+.1} % {:12.1} µs and {:.1} µs",
        service / 1e3,
        median * 100.0,
        of(&off, 0.25) * 100.0,
        of(&off, 0.75) * 100.0,
        of(&late, 0.5) / 1e3,
        of(&late, 1.0) / 1e3,
    );
    (median, line)
}

/// A load's sums.
struct Load {
    queries: f64,
    latency_ns: f64,
    busy_ns: f64,
    elapsed_ns: f64,
    /// 99th percentile of how late queries began that were waited for.
    late_ns: f64,
}

struct Worker {
    child: std::process::Child,
    input: std::process::ChildStdin,
    output: std::io::Lines<BufReader<std::process::ChildStdout>>,
    id: u64,
}

impl Worker {
    fn start(folder: &std::path::Path, latency: &str) -> Self {
        std::fs::write(folder.join("m"), b"").expect("a file");
        let data = [0; 4];
        let view = TensorView::new(Dtype::F32, vec![1, 1], &data).expect("one element");
        safetensors::serialize_to_file([("x", view)], None, &folder.join("inputs")).expect("a file");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(SERVE)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut worker = Self {
            child,
            input,
            output,
            id: 0,
        };
        worker.ask(json!({"op": "hello", "protocol": 1}));
        worker.ask(
            json!({"op": "load", "backend": "null", "model": "m", "shapes": {"x": [1, 1]},
            "settings": {"threads": 1, "batch": 1, "options": {"latency": latency}}, "inputs": "inputs", "ring": 1}),
        );
        worker
    }

    fn load(&mut self, arrivals: &Value, seconds: f64) -> Load {
        let answer = self.ask(
            json!({"op": "queries", "arrivals": arrivals, "inferences": 1, "sessions": 1,
            "min_ns": (seconds * 1e9) as u64, "min_queries": 1, "max_ns": (seconds * 2e9) as u64,
            "max_queries": 2_000_000}),
        );
        let queried = &answer["queried"];
        let latencies: Vec<u64> = serde_json::from_value(queried["latencies_ns"].clone()).expect("latencies");
        assert_eq!(queried["not_served"], 0, "the queue is served to its end");
        Load {
            queries: latencies.len() as f64,
            latency_ns: latencies.iter().map(|&latency| latency as f64).sum(),
            busy_ns: queried["busy_ns"].as_f64().expect("a time"),
            elapsed_ns: queried["elapsed_ns"].as_f64().expect("a time"),
            late_ns: queried["lateness"]["p99_ns"].as_f64().unwrap_or(0.0),
        }
    }

    fn ask(&mut self, mut request: Value) -> Value {
        self.id += 1;
        request["id"] = self.id.into();
        writeln!(self.input, "{request}").expect("the worker reads");
        let line = self.output.next().expect("the worker answers").expect("a line");
        let answer: Value = serde_json::from_str(&line).expect("an answer");
        assert!(answer.get("error").is_none(), "{answer}");
        answer
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
