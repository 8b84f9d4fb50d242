//! Profiles with real processes. The test starts itself again as the workers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "the test is a crate of its own")]
#![expect(dead_code, reason = "the support belongs to other tests as well")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use edgebench_api::{
    Backend, BackendError, LoadRequest, Nanos, OperatorCall, Probe, Profile, ProfiledOperator, Profiler, Session,
    SessionSpec, Slot, Tensor, TensorView,
};
use edgebench_null::BACKEND;
use edgebench_record::{OutcomeKind, ProfileRecord, ProfiledCell, Tool};
use edgebench_runner::profile::{ProfileEvent, ProfileOptions, profile};
use edgebench_runner::{PlanRequest, plan};
use support::{Bench, command, options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some("worker") = arguments.first().map(String::as_str) {
        let backend: &'static Named = Box::leak(Box::new(Named(arguments[1].clone().leak())));
        return edgebench_worker::serve(&[backend], "test", "0");
    }
    let tests: &[(&str, fn())] = &[
        ("the_parts_are_the_whole", the_parts_are_the_whole),
        ("one_that_fails_costs_itself", one_that_fails_costs_itself),
        ("what_is_no_inference_is_left_out", what_is_no_inference_is_left_out),
        ("an_interrupt_keeps_what_is_done", an_interrupt_keeps_what_is_done),
        (
            "what_another_provider_executes_fell_back",
            what_another_provider_executes_fell_back,
        ),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
    ExitCode::SUCCESS
}

/// The null backend under a name. `plain` does not profile, `fails` fails in its tenth profiled inference, `halves` spins
/// twice in each and tells both, and calls of inferences that there are not; `npu` is `halves` on another provider.
struct Named(&'static str);

impl Backend for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        match self.0 {
            "npu" => Ok(Box::new(self.halves(request)?)),
            _ => BACKEND.load(request),
        }
    }

    fn load_profiled(&self, request: &LoadRequest<'_>, folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        assert!(
            std::fs::read_dir(folder).unwrap().next().is_none(),
            "the folder is empty"
        );
        std::fs::write(folder.join("left"), "behind").unwrap();
        match self.0 {
            "plain" => return Plain.load_profiled(request, folder),
            "null" => return BACKEND.load_profiled(request, folder),
            _ => {}
        }
        Ok(Box::new(self.halves(request)?))
    }
}

impl Named {
    fn halves(&self, request: &LoadRequest<'_>) -> Result<Halves, BackendError> {
        let inner = BACKEND.load(request)?;
        let mut spec = inner.spec().clone();
        if self.0 == "npu" {
            spec.effective.insert("execution_provider".to_owned(), "npu".to_owned());
        }
        Ok(Halves {
            inner,
            spec,
            calls: [Vec::new(), Vec::new()],
            fails: self.0 == "fails",
        })
    }
}

/// A backend that does not profile.
struct Plain;

impl Backend for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        BACKEND.load(request)
    }
}

struct Halves {
    inner: Box<dyn Session>,
    spec: SessionSpec,
    calls: [Vec<OperatorCall>; 2],
    fails: bool,
}

impl Session for Halves {
    fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.inner.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        let run = self.calls[0].len();
        if self.fails && run == 9 {
            return Err(BackendError::run("the tenth is one too many"));
        }
        let start = Instant::now();
        for calls in &mut self.calls {
            let begin = start.elapsed();
            self.inner.run(slot)?;
            calls.push(OperatorCall {
                run,
                begin_ns: begin.into(),
                duration_ns: start.elapsed().saturating_sub(begin).into(),
                span_ns: None,
            });
        }
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        self.inner.outputs()
    }

    fn clear(&mut self) {
        self.inner.clear();
    }
}

impl Profiler for Halves {
    fn finish(self: Box<Self>) -> Result<Profile, BackendError> {
        let [mut first, second] = self.calls;
        first.push(OperatorCall {
            run: 1_000_000,
            begin_ns: Nanos(0),
            duration_ns: Nanos(u64::MAX),
            span_ns: None,
        });
        let operator = |name: &str, provider: &str, calls| ProfiledOperator {
            name: name.to_owned(),
            op: "Spin".to_owned(),
            provider: Some(provider.to_owned()),
            calls,
            ..ProfiledOperator::default()
        };
        Ok(Profile {
            resolution_ns: Nanos(1),
            operators: vec![operator("first", "npu", first), operator("second", "cpu", second)],
            executed_model: Some("../../nowhere.onnx".into()),
        })
    }
}

fn profiled(backends: &[&str], interrupt: &AtomicBool, observer: &mut dyn FnMut(ProfileEvent<'_>)) -> ProfileRecord {
    let bench = Bench::new();
    let latency = |name: &&str| ((*name).to_owned(), options(&[("output", "echo"), ("latency", "200us")]));
    let request = PlanRequest {
        variants: vec!["base".to_owned()],
        options: backends.iter().map(latency).collect(),
        ..Bench::request(backends)
    };
    let plan = plan(&bench.suite, &request).unwrap();
    let work = bench.root().join("work");
    let options = ProfileOptions {
        command: &command,
        inputs: BTreeMap::new(),
        interrupt,
        tool: Tool {
            name: "test".to_owned(),
            version: "0".to_owned(),
            optimised: false,
            target: "test".to_owned(),
            arguments: Vec::new(),
        },
        host_name: None,
        id: edgebench_runner::run::fresh_id(),
        invocations: 2,
        runs: 30,
        time: Duration::from_secs(5),
        known_peaks: Vec::new(),
        peaks: None,
        tensors: None,
        work: work.clone(),
    };
    let record = profile(&plan, &bench.suite, options, observer).unwrap();
    assert!(!work.exists(), "what runtimes wrote is removed");
    record
}

fn all(backends: &[&str]) -> ProfileRecord {
    profiled(backends, &AtomicBool::new(false), &mut |_| {})
}

fn cell<'a>(record: &'a ProfileRecord, backend: &str) -> &'a ProfiledCell {
    record.cells.iter().find(|cell| cell.id.backend == backend).unwrap()
}

fn the_parts_are_the_whole() {
    let record = all(&["null", "halves"]);
    assert_eq!(record.no_peaks.as_deref(), Some("nobody asked for the machine's peaks"));
    for (backend, operators) in [("null", 1), ("halves", 2)] {
        let cell = cell(&record, backend);
        assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
        assert!(cell.baseline && cell.runtime.is_some());
        let profile = cell.profile.as_ref().unwrap();
        assert_eq!((profile.runs, profile.operators.len()), (30, operators));
        let of_processes: Vec<usize> = profile.invocations.iter().map(|one| one.runs).collect();
        assert_eq!(of_processes, [15, 15]);
        let walls: f64 = profile.invocations.iter().map(|one| one.wall_ns).sum();
        assert!((walls / 2.0 - profile.wall_ns).abs() < 1e-3, "{profile:?}");
        for operator in &profile.operators {
            let mean_ns = operator.invocation_ns.iter().sum::<f64>() / 2.0;
            assert!((mean_ns - operator.mean_ns).abs() < 1e-3, "{operator:?}");
        }
        let sum: f64 = profile.operators.iter().map(|operator| operator.mean_ns).sum();
        assert!(
            (sum + profile.between_ns + profile.unattributed_ns - profile.wall_ns).abs() < 1.0,
            "{profile:?}"
        );
        assert!((0.5..=1.0).contains(&profile.attributed), "{profile:?}");
        assert!(profile.overhead_interval.is_some());
        for operator in &profile.operators {
            assert!(
                (operator.calls - 1.0).abs() < 1e-9 && operator.median_ns >= 200_000.0,
                "{operator:?}"
            );
            assert!(operator.p90_ns >= operator.median_ns);
        }
        let told = profile.remarks.join("; ");
        assert!(told.contains("the model file's nodes are not known"), "{told}");
    }
    // Twice the work is seen as what the profiler costs: half of the difference is the second spin.
    let halves = cell(&record, "halves").profile.as_ref().unwrap();
    assert!(halves.overhead > 0.5, "{}", halves.overhead);
    assert!(halves.operators[1].begin_ns >= 200_000.0);
}

fn one_that_fails_costs_itself() {
    let record = all(&["plain", "fails", "absent", "null"]);
    let kinds = ["plain", "fails", "absent", "null"].map(|backend| cell(&record, backend).outcome.kind);
    assert_eq!(
        kinds,
        [
            OutcomeKind::Unsupported,
            OutcomeKind::Failed,
            OutcomeKind::Unavailable,
            OutcomeKind::Measured
        ]
    );
    let fails = &cell(&record, "fails").outcome;
    assert!(fails.reason.contains("the tenth is one too many"), "{fails:?}");
    assert_eq!(fails.stage.as_deref(), Some("profile"));
    assert!(cell(&record, "plain").outcome.reason.contains("does not tell"));
}

fn what_is_no_inference_is_left_out() {
    let record = all(&["halves"]);
    let first = &record.cells[0].profile.as_ref().unwrap().operators[0];
    assert!(
        first.p90_ns < 1e9,
        "a call of an inference that there is not: {first:?}"
    );
}

fn an_interrupt_keeps_what_is_done() {
    let interrupt = AtomicBool::new(false);
    let record = profiled(&["null", "halves"], &interrupt, &mut |event| {
        if let ProfileEvent::Cell { done: 1, .. } = event {
            interrupt.store(true, Ordering::Relaxed);
        }
    });
    assert!(record.interrupted);
    assert!(cell(&record, "null").profile.is_some());
    assert_eq!(cell(&record, "halves").outcome.kind, OutcomeKind::Skipped);
}

/// No runtime of edgebench's own has two providers in one cell; a worker of one's own may.
fn what_another_provider_executes_fell_back() {
    let record = all(&["npu", "halves"]);
    for (backend, expected) in [("npu", [false, true]), ("halves", [false, false])] {
        let profile = cell(&record, backend).profile.as_ref().unwrap();
        let fallback: Vec<bool> = profile.operators.iter().map(|operator| operator.fallback).collect();
        assert_eq!(fallback, expected, "{backend}");
    }
}
