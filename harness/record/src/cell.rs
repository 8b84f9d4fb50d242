//! One cell: task × variant × backend × settings, and all that is known of it.

use std::collections::BTreeMap;
use std::fmt;

use edgebench_api::{Arena, Bytes, Nanos, Probe, Settings};
use edgebench_protocol::{Allocations, MemoryReading};
use edgebench_stats::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Energy, EnergyProxies, MemoryLimit, Outcome, ScenarioResult, SelfChecks};

/// What a cell is: the key by which cells of several records are matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CellId {
    /// The task's id.
    pub task: String,
    /// The variant's id.
    pub variant: String,
    /// The backend's name.
    pub backend: String,
    /// What was asked of the runtime.
    pub settings: Settings,
}

/// `fashion/fp32/ort/t1/b1`, with device and options after it where they are not the defaults.
impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task,
            variant,
            backend,
            settings,
        } = self;
        write!(
            f,
            "{task}/{variant}/{backend}/t{}/b{}",
            settings.threads, settings.batch
        )?;
        if settings.device != Settings::default().device {
            write!(f, "/{}", settings.device)?;
        }
        for (name, value) in &settings.options {
            write!(f, "/{name}={value}")?;
        }
        Ok(())
    }
}

/// One cell and all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// What it is.
    pub id: CellId,
    /// The model's static facts; absent when its file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelFacts>,
    /// What became of it.
    pub outcome: Outcome,
    /// The runtime that ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Probe>,
    /// Settings in effect, as read back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub effective: BTreeMap<String, String>,
    /// The processes that ran it, in order.
    pub invocations: Vec<Invocation>,
    /// Its figures. Present also for a cell whose outputs differ, since they were obtained; such a cell is not
    /// `measured`, and no ranking uses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Accuracy on the task's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// Whether its outputs are right.
    pub outputs: OutputsCheck,
    /// Its energy; absent where none was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
    /// What stands in for energy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxies: Option<EnergyProxies>,
    /// What the load patterns gave that were asked for beside the steady state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioResult>,
    /// What the run checked of the measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_checks: Option<SelfChecks>,
    /// Whether it fits the memory limit that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<MemoryLimit>,
}

/// A model's static facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelFacts {
    /// File name, without folders.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Size of the file and of the external data it names.
    pub bytes: Bytes,
    /// Elements of all weights; absent when the file is no ONNX that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// How many of them are 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_parameters: Option<u64>,
    /// Multiply-accumulates of one inference of one sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macs: Option<u64>,
    /// Multiply-accumulates by the element type in which they are computed, such as `f32` and `i8`; they sum up to `macs`. Here and
    /// below a product between `QuantizeLinear` and `DequantizeLinear` is the integer operator that it stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub macs_by_dtype: BTreeMap<String, u64>,
    /// Bytes of weights and activations that the operators of one inference of one sample read and write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_moved: Option<u64>,
    /// The most bytes of activations that are live at once in one inference of one sample, in the file's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_activation_bytes: Option<u64>,
    /// Bytes of the weights as they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_bytes: Option<u64>,
    /// Operators whose multiply-accumulates or bytes are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncounted: Vec<String>,
    /// How often each operator occurs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operators: BTreeMap<String, usize>,
}

/// One fresh process that ran the cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Invocation {
    /// The round, from 0.
    pub round: usize,
    /// The position within the round, from 0.
    pub position: usize,
    /// Opening the runtime's library.
    pub library_open_ns: Nanos,
    /// Loading the model, its file being in the page cache.
    pub load_ns: Nanos,
    /// The first inference.
    pub first_ns: Option<Nanos>,
    /// Runs before the measurement, the first included.
    pub warm_up_runs: u64,
    /// How long they took.
    pub warm_up_ns: Nanos,
    /// One figure per inference, in order.
    pub samples_ns: Vec<u64>,
    /// From the first start to the last end.
    pub elapsed_ns: Nanos,
    /// Processor time of all threads meanwhile.
    pub cpu_ns: Option<Nanos>,
    /// Preparing one batch of inputs.
    pub copy_in_ns: Nanos,
    /// Copying the outputs of one inference to the host.
    pub copy_out_ns: Option<Nanos>,
    /// Involuntary context switches meanwhile.
    pub involuntary_switches: Option<u64>,
    /// Batches of inputs that rotated.
    pub ring: usize,
    /// Memory by phase.
    pub memory: MemoryPhases,
    /// Allocations of the steady state, where the runtime's are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<Allocations>,
    /// What the runtime's own arena held after the timed inferences, where it has one and tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arena: Option<Arena>,
    /// Peak of the control group that the worker ran in alone: page cache and kernel memory included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_peak_bytes: Option<Bytes>,
}

/// The worker's memory by phase. Peaks are those within the phase that ends there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryPhases {
    /// The library open and the inputs read, before the model is loaded.
    pub baseline: MemoryReading,
    /// After the load.
    pub loaded: MemoryReading,
    /// After the first inference.
    pub first: Option<MemoryReading>,
    /// After the measurement.
    pub steady: MemoryReading,
}

/// A cell's figures over all its invocations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Invocations that measured.
    pub invocations: usize,
    /// Median over invocations.
    pub library_open_ns: Nanos,
    /// Median over invocations.
    pub load_ns: Nanos,
    /// Median over invocations.
    pub first_ns: Option<Nanos>,
    /// The steady state.
    pub latency: Latency,
    /// Samples per second: batch × inferences over the time they took.
    pub throughput_per_s: f64,
    /// Processor time of all threads per inference; median over invocations.
    pub cpu_per_inference_ns: Option<Nanos>,
    /// Largest resident set over all phases and invocations' median.
    pub rss_peak_bytes: Option<Bytes>,
    /// Median over invocations of the peak less the baseline's resident set.
    pub rss_above_baseline_bytes: Option<Bytes>,
    /// Weights and live activations, from the graph: less than this no runtime can take that keeps its weights in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bound_bytes: Option<Bytes>,
    /// The peak above the baseline over that bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_overhead_ratio: Option<f64>,
}

/// The steady state's inferences, all invocations together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Samples.
    pub n: usize,
    /// The fastest.
    pub min_ns: f64,
    /// Arithmetic mean.
    pub mean_ns: f64,
    /// Median absolute deviation, unscaled.
    pub mad_ns: f64,
    /// The slowest.
    pub max_ns: f64,
    /// The median of the invocations' medians.
    pub p50_ns: f64,
    /// 95 % interval of the invocations' medians, by Student's t over their logarithms; absent below three invocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_interval_ns: Option<Interval>,
    /// p50, p90, p95, p99 of all samples together.
    pub percentiles: Vec<PercentileFigure>,
}

/// One percentile with what its count allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PercentileFigure {
    /// Such as 0.9.
    pub p: f64,
    /// Samples that it needs (early-stopping table, 99 % confidence).
    pub needed: u64,
    /// The empirical quantile; absent where the count does not support it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empirical_ns: Option<f64>,
    /// The conservative early-stopping estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conservative_ns: Option<u64>,
}

impl Latency {
    /// The empirical quantile `p`, where the count supports it.
    pub fn percentile(&self, p: f64) -> Option<f64> {
        self.percentiles
            .iter()
            .find(|figure| (figure.p - p).abs() < 1e-9)
            .and_then(|figure| figure.empirical_ns)
    }
}

/// Accuracy on the task's labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accuracy {
    /// `top1`, `f1` or `auc`.
    pub metric: String,
    /// The metric, a fraction.
    pub value: f64,
    /// Its 95 % interval: Wilson for top1, bootstrap otherwise; absent where a resample has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Samples it was computed over.
    pub samples: usize,
    /// Samples in the whole test set. Where fewer were used, it was a fixed stratified part.
    pub of_samples: usize,
    /// Whether the first batch, run again, gave the same bits.
    pub deterministic: bool,
    /// How long the evaluation took.
    pub elapsed_ns: Nanos,
    /// Against the baseline variant on the same backend; absent for the baseline itself and without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Delta>,
    /// What was answered, sample by sample; absent where it cannot be written, as scores that are not finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
}

/// What a cell answered, sample by sample: two records are compared by them, pair by pair. The right answers are the
/// task's `labels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answers {
    /// Which samples of the test set, from 0, ascending; absent where it is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indices: Option<Vec<usize>>,
    /// The class answered for each, `null` where the outputs hold a NaN; empty where the output is a single score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Option<usize>>,
    /// The score of class 1 for each; empty unless the metric is `auc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<f64>,
}

/// A variant against the baseline variant, sample by sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delta {
    /// The baseline variant.
    pub baseline: String,
    /// Variant minus baseline, a fraction.
    pub value: f64,
    /// Its 95 % interval: Newcombe's for paired proportions for top1, paired bootstrap otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Samples judged right by one and wrong by the other; absent where outputs are scores without a threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flips: Option<u64>,
    /// Samples whose answer differs, right or wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_changes: Option<u64>,
    /// `McNemar`'s mid-p, of the flips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcnemar_p: Option<f64>,
}

/// Whether a cell's outputs are right.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutputsCheck {
    /// The verdict.
    pub verdict: OutputsVerdict,
    /// The figure and the rule behind it, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Against the reference backend's outputs of this variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Comparison>,
    /// Against the suite's golden outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden: Option<GoldenCheck>,
}

/// The verdict on a cell's outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputsVerdict {
    /// They agree with the reference, or with the golden outputs.
    Agree,
    /// They differ: the cell's outcome is `failed`.
    Differ,
    /// This is the reference itself; where golden outputs are given, it agrees with them.
    Reference,
    /// There was nothing to hold them against.
    #[default]
    Unchecked,
}

/// How close two sets of outputs are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The backend that was the reference.
    pub backend: String,
    /// Samples compared.
    pub samples: usize,
    /// Largest absolute difference.
    pub max_abs: f64,
    /// Signal-to-quantisation-noise ratio in dB; absent when the outputs are bit-identical (it is infinite).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqnr_db: Option<f64>,
    /// The ratio that was required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_sqnr_db: Option<f64>,
    /// Cosine similarity; shown, never judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
    /// Share of samples with the same answer; absent where outputs have no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_answer: Option<f64>,
    /// Elements that are not finite in one of the two.
    pub non_finite: usize,
}

/// The comparison with the suite's golden outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoldenCheck {
    /// The golden file's name.
    pub file: String,
    /// How close.
    pub comparison: Comparison,
}
