//! The arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};

use crate::args::{RuntimeArgs, ScenarioArgs, Selection};
use crate::energy::EnergyArgs;
use crate::parse::{Model, RuntimeOption, Shape, duration, model, option, seconds, shape};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ProfileArgs {
    #[command(subcommand)]
    pub(super) command: Option<ProfileCommand>,
    /// The suite: its name, its folder or its suite.toml [default: starter]
    #[arg(conflicts_with = "model")]
    suite: Option<String>,
    /// A model of your own; several share one table, and the first is the baseline
    #[arg(short, long, value_name = "[ID=]FILE", value_parser = model)]
    model: Vec<Model>,
    /// Backends to profile [default: the suite's; for models all that this machine has]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    backend: Vec<String>,
    /// Variants to profile [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    variant: Vec<String>,
    /// Tasks to profile [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    task: Vec<String>,
    /// Threads for one inference; two numbers show how each operator scales [default: the suite's, or 1]
    #[arg(short, long, value_name = "N", value_delimiter = ',')]
    threads: Vec<usize>,
    /// Samples in one inference [default: the suite's, or 1]
    #[arg(short, long, value_name = "N", value_delimiter = ',')]
    batch: Vec<usize>,
    /// Devices or execution providers [default: cpu]
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    device: Vec<String>,
    /// An input's shape, batch axis first, such as x=1x3x224x224
    #[arg(long, value_name = "INPUT=SHAPE", value_parser = shape, requires = "model")]
    shape: Vec<Shape>,
    /// Inputs for the models: an .npz, .npy or .safetensors file, or a folder of .npy files or of ONNX's test data
    /// [default: random]
    #[arg(long, value_name = "FILE|DIR", requires = "model")]
    inputs: Option<PathBuf>,
    /// An option of a runtime, such as ort.spinning=off
    #[arg(short = 'O', long, value_name = "BACKEND.NAME=VALUE", value_parser = option)]
    option: Vec<RuntimeOption>,
    /// Fresh processes of each cell; its inferences are shared among them
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one())]
    pub(super) invocations: usize,
    /// Profiled inferences of each cell, at most
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = at_least_one())]
    pub(super) runs: usize,
    /// How long a cell's inferences may take, with and without the profiler together
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub(super) time: Duration,
    /// Warm-up of a cell, at least
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0.5")]
    warmup_secs: Duration,
    /// What a request to a worker may take beyond its own bounds, such as 60s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// What the machine can do at most, for the roofline: what is known of it or else measured, measured anew, or not at
    /// all
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) peaks: PeaksFrom,
    /// Compare the inner tensors of each cell too: with this variant, on this backend, or both, such as `fp32`, `ort` or
    /// `fp32/ort` [default: the baseline variant; of the baseline the reference backend]
    #[arg(long, value_name = "CELL", num_args = 0..=1, default_missing_value = "")]
    pub(super) tensors: Option<String>,
    /// Samples whose inner tensors are compared
    #[arg(long, value_name = "N", default_value_t = 8, requires = "tensors", value_parser = at_least_one())]
    pub(super) tensor_samples: usize,
    /// Operators that the table shows of each cell, those that take longest
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(super) top: usize,
    /// The profile's folder [default: a new one under `profiles`]
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ProfileFormat,
    /// A name for this machine that may be published
    #[arg(long, value_name = "NAME")]
    pub(super) device_name: Option<String>,
    #[command(flatten)]
    pub(super) runtime: RuntimeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Tell where the time of two cells differs, and why
    Diff(DiffArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The first cell: some of its task, variant, backend, t1 and b1, such as `fp32/ort`; or a profile's folder or file that
    /// holds one cell, or FILE#CELL
    pub(super) a: String,
    /// The second cell, in the same words
    pub(super) b: String,
    /// The profile that both are in: its folder or profile.json [default: the newest under `profiles`]
    #[arg(long = "in", value_name = "PROFILE")]
    pub(super) within: Option<PathBuf>,
    /// Segments that the table shows, those that differ most
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(super) top: usize,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: DiffFormat,
}

/// A count of what there must be.
fn at_least_one() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Where the machine's peaks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PeaksFrom {
    /// Those that were measured on this machine before, or else measured now
    Auto,
    /// Measured now
    Measure,
    /// None: no roofline
    Off,
}

/// How a profile is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileFormat {
    /// A tree and a table
    Text,
    /// The record
    Json,
    /// One row for each operator
    Csv,
    /// Folded stacks, for flame graphs
    Folded,
    /// Chrome's trace format, which Perfetto opens
    Trace,
}

/// How a difference is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// A sentence and a table
    Text,
    /// For programs
    Json,
}

impl ProfileArgs {
    /// What is profiled, in the words of a run.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            suite: self.suite.clone(),
            model: self.model.clone(),
            backend: self.backend.clone(),
            variant: self.variant.clone(),
            task: self.task.clone(),
            threads: self.threads.clone(),
            batch: self.batch.clone(),
            device: self.device.clone(),
            shape: self.shape.clone(),
            inputs: self.inputs.clone(),
            golden: Vec::new(),
            timeout: self.timeout,
            quick: false,
            publish: false,
            seed: 0,
            invocations: Some(1),
            min_secs: None,
            warmup_secs: Some(self.warmup_secs),
            samples: None,
            memory_limit: None,
            option: self.option.clone(),
            reference: None,
            scenarios: ScenarioArgs::default(),
            energy: EnergyArgs::default(),
            runtime: self.runtime.clone(),
        }
    }
}
