//! Inner tensors with real processes. The test starts itself again as the workers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "the test is a crate of its own")]
#![expect(dead_code, reason = "the support belongs to other tests as well")]

mod support;
#[path = "../../graph/tests/wire/mod.rs"]
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgebench_api::{
    Backend, BackendError, DType, LoadRequest, Probe, Profiler, Session, SessionSpec, Slot, Tensor, TensorView,
};
use edgebench_null::BACKEND;
use edgebench_record::{TensorComparison, Tool};
use edgebench_runner::profile::{ProfileOptions, TensorOptions, profile};
use edgebench_runner::{PlanRequest, plan};
use support::{Bench, command};
use wire::field;

/// Samples in one inference: more than one, so that an axis can lack them.
const BATCH: usize = 4;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return edgebench_worker::serve(&[&Taps], "test", "0");
    }
    what_cannot_be_had_costs_itself();
    println!("test what_cannot_be_had_costs_itself ... ok");
    ExitCode::SUCCESS
}

/// Gives the outputs of an ONNX file: a number that an `Abs` has made greater. A file with an output `refused` does not
/// load, and an output `scalar` has no axis.
struct Taps;

impl Backend for Taps {
    fn name(&self) -> &'static str {
        "taps"
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let graph = edgebench_graph::read(request.model).unwrap();
        let names: Vec<&str> = graph.outputs.iter().map(|output| output.name.as_str()).collect();
        if names.contains(&"refused") {
            return Err(BackendError::run("`refused` cannot be an output"));
        }
        let output = |&name: &&str| {
            let made_by = graph
                .nodes()
                .find(|node| node.outputs.iter().any(|output| output == name))
                .unwrap();
            let value = if made_by.op == "Abs" { 2_f32 } else { 1.0 };
            let shape = if name == "scalar" { vec![] } else { vec![BATCH, 2] };
            let values = vec![value; shape.iter().product()];
            Tensor::new(name, DType::F32, shape, &values).unwrap()
        };
        Ok(Box::new(Tapped {
            inner: BACKEND.load(request)?,
            outputs: names.iter().map(output).collect(),
        }))
    }

    fn load_profiled(&self, request: &LoadRequest<'_>, folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        BACKEND.load_profiled(request, folder)
    }
}

struct Tapped {
    inner: Box<dyn Session>,
    outputs: Vec<Tensor>,
}

impl Session for Tapped {
    fn spec(&self) -> &SessionSpec {
        self.inner.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.inner.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.inner.run(slot)
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        Ok(self.outputs.clone())
    }

    fn clear(&mut self) {
        self.inner.clear();
    }
}

/// A chain of operators from `x` on, each with the name of what it writes.
fn chain(nodes: &[(&str, &str)]) -> Vec<u8> {
    let mut graph = field(11, &field(1, b"x"));
    let mut input = "x";
    for (op, output) in nodes {
        let fields = [
            field(1, input.as_bytes()),
            field(2, output.as_bytes()),
            field(4, op.as_bytes()),
        ];
        graph.extend(field(1, &fields.concat()));
        input = output;
    }
    graph.extend(field(12, &field(1, input.as_bytes())));
    field(7, &graph)
}

/// The tensors of `other`, in which `damaged` is made otherwise, against those of `base`.
fn compared() -> TensorComparison {
    let bench = Bench::new();
    for (variant, op) in [("base", "Neg"), ("other", "Abs")] {
        let nodes = [
            ("Neg", "first"),
            ("Neg", "refused"),
            ("Neg", "scalar"),
            (op, "damaged"),
            ("Neg", "last"),
        ];
        std::fs::write(bench.root().join(format!("{variant}.onnx")), chain(&nodes)).unwrap();
    }
    let request = PlanRequest {
        variants: vec!["other".to_owned()],
        batch: vec![BATCH],
        options: BTreeMap::new(),
        ..Bench::request(&["taps"])
    };
    let plan = plan(&bench.suite, &request).unwrap();
    let options = ProfileOptions {
        command: &command,
        inputs: BTreeMap::new(),
        interrupt: &AtomicBool::new(false),
        tool: Tool {
            name: "test".to_owned(),
            version: "0".to_owned(),
            optimised: false,
            target: "test".to_owned(),
            arguments: Vec::new(),
        },
        host_name: None,
        id: "test".to_owned(),
        invocations: 1,
        runs: 1,
        time: Duration::from_secs(5),
        known_peaks: Vec::new(),
        peaks: None,
        tensors: Some(TensorOptions {
            variant: None,
            backend: None,
            samples: 6,
        }),
        work: bench.root().join("work"),
    };
    let record = profile(&plan, &bench.suite, options, &mut |_| {}).unwrap();
    let cell = record
        .cells
        .into_iter()
        .find(|cell| cell.id.variant == "other")
        .unwrap();
    assert!(cell.profile.is_some(), "{:?}", cell.outcome);
    cell.tensors.unwrap_or_else(|| panic!("{:?}", cell.no_tensors))
}

fn what_cannot_be_had_costs_itself() {
    let found = compared();
    let told = found
        .tensors
        .iter()
        .map(|tensor| (tensor.tensor.as_str(), tensor.differs));
    let expected = [("first", false), ("scalar", false), ("damaged", true), ("last", false)];
    assert_eq!(told.collect::<Vec<_>>(), expected, "{:?}", found.left_out);
    assert_eq!(found.left_out.len(), 1, "{:?}", found.left_out);
    assert!(
        found.left_out[0].contains("`refused` cannot be an output"),
        "{:?}",
        found.left_out
    );
    assert_eq!(found.samples, 6);
}
