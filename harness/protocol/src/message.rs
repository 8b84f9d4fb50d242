//! What crosses the pipe.

use std::collections::BTreeMap;
use std::path::PathBuf;

use edgebench_api::{Arena, BackendError, Bytes, ErrorKind, Nanos, Peaks, Probe, SessionSpec, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MeasurePeaks, Profile, Profiled, Queried, Queries, Stream, Streamed};

/// A request with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestLine {
    /// Counts up from 1; the answer carries the same number.
    pub id: u64,
    /// The request.
    #[serde(flatten)]
    pub request: Request,
}

/// What the runner asks of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// The first message: versions are compared.
    Hello(Hello),
    /// What is installed of a runtime.
    Probe {
        /// The backend's name.
        backend: String,
    },
    /// The environment a backend must be started with for these settings.
    Environment {
        /// The backend's name.
        backend: String,
        /// The settings of the cell.
        settings: Settings,
    },
    /// Loads a model. Answered by [`Answer::Loaded`].
    Load(Load),
    /// Runs untimed until warm. The first of its runs is the first inference and timed.
    WarmUp(WarmUp),
    /// Runs and times samples.
    Measure(Measure),
    /// Runs a given number of samples and stops, for interleaved arms.
    Turn(Turn),
    /// Puts the model under a load. A worker that does not know it answers an error of kind `protocol`.
    Queries(Queries),
    /// Runs a file's samples as the frames of a stream. A worker that does not know it answers an error of kind
    /// `protocol`.
    Stream(Stream),
    /// Times the operators of the loaded model. A worker that does not know it answers an error of kind `protocol`.
    Profile(Profile),
    /// Measures what the machine can do at most. A worker that does not know it answers an error of kind `protocol`.
    Peaks(MeasurePeaks),
    /// Runs a data set once and writes the outputs.
    Evaluate(Evaluate),
    /// The last message; the worker answers and ends.
    Bye,
}

/// The runner's side of the handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// [`crate::VERSION`] of the runner.
    pub protocol: u32,
}

/// A request to load a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// The backend's name.
    pub backend: String,
    /// The model file.
    pub model: PathBuf,
    /// Concrete input shapes, batch axis included, by input name.
    #[serde(default)]
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Threads, batch, device, options.
    pub settings: Settings,
    /// A safetensors file with one tensor per input, whose leading axis is the sample.
    pub inputs: PathBuf,
    /// The most batches of prepared inputs that rotate through the timed region. A worker prepares fewer where the file
    /// holds fewer or where they would take much memory, but at least one; its answer says how many. They are read into
    /// memory before the memory baseline.
    pub ring: usize,
}

/// A request to warm up: both bounds are reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WarmUp {
    /// At least this long.
    pub min_ns: Nanos,
    /// At least so many runs, and at least one.
    pub min_runs: u64,
}

/// A request to measure: goes on until both minima are reached, or one maximum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    /// At least this long.
    pub min_ns: Nanos,
    /// At least so many samples.
    pub min_samples: u64,
    /// At most this long, checked between samples.
    pub max_ns: Nanos,
    /// At most so many samples.
    pub max_samples: u64,
}

/// A request for a fixed number of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Turn {
    /// How many samples.
    pub samples: u64,
    /// One and the same batch of inputs again and again instead of rotating ones. A worker that cannot leaves `repeated`
    /// out of its answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeat: bool,
}

/// A request to run a data set once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluate {
    /// A safetensors file with one tensor per input, whose leading axis is the sample. A last batch that is not
    /// full is filled up with the first samples, and their outputs are dropped.
    pub inputs: PathBuf,
    /// The samples to run, in order; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indices: Option<Vec<usize>>,
    /// Where the outputs go: a safetensors file with one tensor per output, whose leading axis is the sample.
    pub outputs: PathBuf,
    /// Whether the leading axis of the outputs is the batch instead: each batch's outputs are one entry, as they come, and
    /// need no axis of samples.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// The worker's answer with the request's number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerLine {
    /// The request's number.
    pub id: u64,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To `hello`.
    Hello(WorkerHello),
    /// To `probe`.
    Probe(Probe),
    /// To `environment`.
    Environment(Environment),
    /// To `load`.
    Loaded(Box<Loaded>),
    /// To `warm_up`.
    WarmedUp(WarmedUp),
    /// To `measure`.
    Measured(Measured),
    /// To `turn`.
    Turned(Turned),
    /// To `queries`.
    Queried(Queried),
    /// To `stream`.
    Streamed(Streamed),
    /// To `profile`.
    Profiled(Box<Profiled>),
    /// To `peaks`.
    Peaks(Peaks),
    /// To `evaluate`.
    Evaluated(Evaluated),
    /// To `bye`.
    Bye {},
    /// To any request that could not be honoured. The worker stays usable unless loading failed.
    Error(WorkerError),
}

/// The worker's side of the handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerHello {
    /// The protocol that the worker speaks.
    pub protocol: u32,
    /// The worker's name, such as `edgebench` or `edgebench-worker-python`.
    pub worker: String,
    /// The worker's version.
    pub version: String,
    /// The backends it offers.
    pub backends: Vec<String>,
}

/// Environment variables to start a worker with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Name and value.
    pub variables: BTreeMap<String, String>,
}

/// The worker's memory at one moment. A figure that the platform does not give is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryReading {
    /// Peak resident set since the last reading (`VmHWM`, reset through `clear_refs`).
    pub peak_rss_bytes: Option<Bytes>,
    /// Whether the peak could be reset after the last reading; otherwise it is the peak since the process began.
    pub peak_was_reset: bool,
    /// Resident set now.
    pub rss_bytes: Option<Bytes>,
    /// Resident anonymous memory now.
    pub anonymous_bytes: Option<Bytes>,
    /// Resident file-backed memory now.
    pub file_bytes: Option<Bytes>,
    /// Resident shared memory now.
    pub shared_bytes: Option<Bytes>,
    /// Proportional set size now.
    pub pss_bytes: Option<Bytes>,
    /// What unloading the process would free: its private pages, clean and dirty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uss_bytes: Option<Bytes>,
    /// The anonymous part of the proportional set size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pss_anonymous_bytes: Option<Bytes>,
    /// The file-backed part of the proportional set size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pss_file_bytes: Option<Bytes>,
    /// Swapped out now. More than zero makes the other figures too small.
    pub swap_bytes: Option<Bytes>,
}

/// Allocations of one steady inference, as the program's own allocator counted them: those of runtimes written in
/// Rust. A runtime in another language allocates beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Allocations {
    /// Inferences that were counted.
    pub inferences: u64,
    /// Allocations in all of them.
    pub count: u64,
    /// Bytes asked for in all of them.
    pub bytes: Bytes,
    /// The most that was in use at once beyond what was at the beginning.
    pub peak_bytes: Bytes,
}

/// To `load`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Loaded {
    /// The runtime, as probed in this process.
    pub probe: Probe,
    /// Inputs, outputs, and the settings in effect.
    pub spec: SessionSpec,
    /// Opening the runtime's library (the probe).
    pub library_open_ns: Nanos,
    /// Loading the model.
    pub load_ns: Nanos,
    /// Preparing the ring's slots, per slot.
    pub copy_in_ns: Nanos,
    /// Slots in the ring.
    pub ring: usize,
    /// Memory with the library open and the inputs read, before the model is loaded.
    pub memory_baseline: MemoryReading,
    /// Memory after the model is loaded.
    pub memory_loaded: MemoryReading,
}

/// To `warm_up`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WarmedUp {
    /// The first inference after the load; absent when the session had run before.
    pub first_ns: Option<Nanos>,
    /// Memory after the first inference; absent when the session had run before.
    pub memory_first: Option<MemoryReading>,
    /// Runs made, the first included.
    pub runs: u64,
    /// How long they took.
    pub elapsed_ns: Nanos,
    /// CPU time of all threads of the process meanwhile, user and system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ns: Option<Nanos>,
}

/// To `measure`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// One figure per inference, in order.
    pub samples_ns: Vec<u64>,
    /// From the first start to the last end.
    pub elapsed_ns: Nanos,
    /// CPU time of all threads of the process meanwhile, user and system.
    pub cpu_ns: Option<Nanos>,
    /// Copying the outputs of one inference to the host.
    pub copy_out_ns: Option<Nanos>,
    /// Involuntary context switches of the process meanwhile.
    pub involuntary_switches: Option<u64>,
    /// Memory afterwards.
    pub memory_steady: MemoryReading,
    /// Allocations of some inferences after the timed ones, where the program counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<Allocations>,
    /// What the runtime's own arena holds after the timed inferences, where it has one and tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arena: Option<Arena>,
}

/// To `turn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Turned {
    /// One figure per inference, in order.
    pub samples_ns: Vec<u64>,
    /// Whether one and the same batch of inputs was run again and again, as the request asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// To `evaluate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluated {
    /// Samples run.
    pub samples: usize,
    /// How long it took, copies included.
    pub elapsed_ns: Nanos,
    /// Whether the first batch, run again at the end, gave the same bits.
    pub deterministic: bool,
    /// Outputs that were taken during the last measurement, against those of the same samples now; absent where none
    /// were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_outputs: Option<TimedOutputs>,
}

/// Outputs taken during the timed run against those of the accuracy run on the same samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimedOutputs {
    /// Batches compared.
    pub compared: usize,
    /// How many of them have the same bits.
    pub same_bits: usize,
    /// The largest difference of an element, relative to the largest magnitude of its output; absent where an element
    /// is not finite on one side alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_relative: Option<f64>,
}

/// Why a request could not be honoured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerError {
    /// The kind: decides the cell's outcome.
    pub kind: ErrorKind,
    /// One line of fact.
    pub message: String,
    /// What lies behind it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The operator that is lacking, by its ONNX name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl WorkerError {
    /// A request that broke the protocol.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Protocol,
            message: message.into(),
            causes: Vec::new(),
            operator: None,
            hint: None,
        }
    }
}

impl From<&BackendError> for WorkerError {
    fn from(error: &BackendError) -> Self {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(error);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        Self {
            kind: error.kind(),
            message: error.to_string(),
            causes,
            operator: error.operator().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
        }
    }
}
