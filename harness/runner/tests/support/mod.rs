//! A small suite, workers of every kind, and a runner to be killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgebench_api::{Backend, BackendError, DType, LoadRequest, Probe, Session, SessionSpec, Slot, Tensor, TensorView};
use edgebench_null::BACKEND;
use edgebench_record::{Record, Store, Tool};
use edgebench_runner::{Event, Plan, PlanRequest, RunError, RunOptions, WorkerCommand, header, plan, run};
use edgebench_suites::{
    Data, Golden, InputTable, MeasureTable, MetricName, Precision, Suite, Task, Variant, sha256_file, write_tensors,
};
use tempfile::TempDir;

/// A folder with a suite of one task: the outputs are the inputs, and nine of ten labels are the higher input.
pub struct Bench {
    keep: Option<TempDir>,
    root: PathBuf,
    pub suite: Suite,
}

pub fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

impl Bench {
    pub fn new() -> Self {
        Self::with_samples(40)
    }

    pub fn with_samples(samples: usize) -> Self {
        let keep = tempfile::tempdir().unwrap();
        let rows: Vec<f32> = (0..samples)
            .flat_map(|k| if k % 2 == 0 { [2.0, 1.0] } else { [-1.0, 3.0] })
            .collect();
        let labels: Vec<i64> = (0..samples).map(|k| i64::from((k % 2 == 1) != (k % 10 == 0))).collect();
        let tensors = [
            Tensor::new("x", DType::F32, vec![samples, 2], &rows).unwrap(),
            Tensor::new("label", DType::I64, vec![samples], &labels).unwrap(),
        ];
        write_tensors(&tensors, &keep.path().join("data.safetensors")).unwrap();
        for variant in ["base", "other"] {
            fs::write(keep.path().join(format!("{variant}.onnx")), variant).unwrap();
        }
        let root = keep.path().to_owned();
        Self {
            keep: Some(keep),
            suite: suite(&root),
            root,
        }
    }

    /// The bench that another process made.
    fn existing(root: &Path) -> Self {
        Self {
            keep: None,
            suite: suite(root),
            root: root.to_owned(),
        }
    }

    pub fn root(&self) -> &Path {
        self.keep.as_ref().map_or(&self.root, |keep| keep.path())
    }

    pub fn folder(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Golden outputs of the first eight samples for the first variant.
    pub fn add_golden(&mut self) {
        let rows: Vec<f32> = (0..8)
            .flat_map(|k| if k % 2 == 0 { [2.0, 1.0] } else { [-1.0, 3.0] })
            .collect();
        let path = self.root.join("golden.safetensors");
        write_tensors(&[Tensor::new("echo", DType::F32, vec![8, 2], &rows).unwrap()], &path).unwrap();
        let sha256 = sha256_file(&path).unwrap().0;
        self.suite.tasks[0].variants[0].golden = Some(Golden { path, sha256 });
    }

    /// Three short invocations on the named backends, all of which echo.
    pub fn request(backends: &[&str]) -> PlanRequest {
        let names: Vec<String> = backends.iter().map(|&name| name.to_owned()).collect();
        PlanRequest {
            known_backends: names.clone(),
            options: names
                .iter()
                .map(|name| (name.clone(), options(&[("output", "echo")])))
                .collect(),
            backends: names,
            seed: 3,
            invocations: Some(3),
            warm_up: Some(Duration::from_millis(1)),
            measure: Some(Duration::from_millis(2)),
            timeout: Some(Duration::from_secs(20)),
            ..PlanRequest::default()
        }
    }

    pub fn run(&self, plan: &Plan, observer: &mut dyn FnMut(Event<'_>)) -> Result<Record, RunError> {
        let mut store = Store::create(&self.folder(), &header(plan, Vec::new())).unwrap();
        self.run_in(plan, &mut store, &AtomicBool::new(false), observer)
    }

    pub fn run_in(
        &self,
        plan: &Plan,
        store: &mut Store,
        interrupt: &AtomicBool,
        observer: &mut dyn FnMut(Event<'_>),
    ) -> Result<Record, RunError> {
        let options = RunOptions {
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
            worker_prefix: Vec::new(),
            idle_backend: Some("null".to_owned()),
            start_gate: Duration::ZERO,
            calibration: None,
        };
        run(plan, &self.suite, &options, store, observer)
    }
}

pub fn command(backend: &str) -> WorkerCommand {
    let program = if backend == "absent" {
        PathBuf::from("no-such-worker-program")
    } else {
        std::env::current_exe().unwrap()
    };
    WorkerCommand {
        program,
        arguments: vec!["worker".to_owned(), backend.to_owned()],
        ..WorkerCommand::default()
    }
}

fn suite(root: &Path) -> Suite {
    let variant = |id: &str, precision| Variant {
        id: id.to_owned(),
        path: root.join(format!("{id}.onnx")),
        sha256: None,
        precision: Some(precision),
        description: String::new(),
        golden: None,
    };
    let data = root.join("data.safetensors");
    Suite {
        name: "test".to_owned(),
        description: String::new(),
        folder: root.to_owned(),
        manifest_sha256: None,
        backends: vec!["null".to_owned()],
        threads: vec![1],
        batch: vec![1],
        measure: MeasureTable::default(),
        tasks: vec![Task {
            id: "task".to_owned(),
            description: String::new(),
            metric: Some(MetricName::Top1),
            data: Some(Data {
                sha256: sha256_file(&data).unwrap().0,
                path: data,
                label: Some("label".to_owned()),
            }),
            inputs: [(
                "x".to_owned(),
                InputTable {
                    tensor: None,
                    dtype: DType::F32,
                    shape: None,
                    scale: 1.0,
                    offset: 0.0,
                },
            )]
            .into(),
            output: None,
            baseline: "base".to_owned(),
            stream: None,
            variants: vec![variant("base", Precision::Fp32), variant("other", Precision::Int8)],
            expectations: Vec::new(),
        }],
    }
}

/// The runner that is killed midway.
pub fn runner(root: &Path) -> ExitCode {
    let bench = Bench::existing(root);
    let plan = plan(&bench.suite, &Bench::request(&["null", "twin"])).unwrap();
    bench.run(&plan, &mut |_| {}).unwrap();
    ExitCode::SUCCESS
}

/// A worker: those that speak the protocol, and those that do not.
pub fn worker(backend: &str) -> ExitCode {
    match backend {
        "noise" => {
            println!("hello from a runtime");
            wait_for_the_end();
        }
        "old" => {
            println!(r#"{{"id":1,"hello":{{"protocol":99,"worker":"old","version":"9","backends":[]}}}}"#);
            std::io::stdout().flush().unwrap();
            wait_for_the_end();
        }
        "quits" => return ExitCode::from(3),
        name => {
            let named: &'static Named = Box::leak(Box::new(Named(name.to_owned().leak())));
            return edgebench_worker::serve(&[named], "test", "0");
        }
    }
    ExitCode::SUCCESS
}

fn wait_for_the_end() {
    for line in std::io::stdin().lock().lines() {
        drop(line);
    }
}

/// The null backend under another name; `liar` adds to its outputs.
struct Named(&'static str);

impl Backend for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let session = BACKEND.load(request)?;
        Ok(if self.0 == "liar" {
            Box::new(Liar(session))
        } else {
            session
        })
    }
}

struct Liar(Box<dyn Session>);

impl Session for Liar {
    fn spec(&self) -> &SessionSpec {
        self.0.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.0.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.0.run(slot)
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        let mut outputs = self.0.outputs()?;
        for tensor in &mut outputs {
            let values: Vec<f32> = tensor.view().unwrap().to_vec::<f32>().unwrap();
            let lies: Vec<f32> = values.iter().rev().map(|value| value + 1.0).collect();
            *tensor = Tensor::new(tensor.name.clone(), tensor.dtype, tensor.shape.clone(), &lies).unwrap();
        }
        Ok(outputs)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
