//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use edgebench_api::Bytes;
use edgebench_record::ScenarioKind;
use edgebench_reports::format::Format;

use crate::calibrate::CalibrateArgs;
use crate::carbon::CarbonArgs;
use crate::compare::CompareArgs;
use crate::energy::EnergyArgs;
use crate::export::ExportArgs;
use crate::gate::GateArgs;
use crate::history::HistoryArgs;
use crate::output::formats;
use crate::parse::{GoldenOutputs, Model, RuntimeOption, Shape, duration, golden, model, option, seconds, shape, size};
use crate::profile::ProfileArgs;
use crate::recommend::RecommendArgs;
use crate::report::ReportArgs;

/// Which variant of a model, on which runtime, should ship on this device?
///
/// Exit codes: 0 done or passed; 1 regressed; 2 usage, manifest or bad input; 3 some cells failed, crashed, timed out
/// or broke an expectation; 4 inconclusive, missing or incomparable; 70 a bug in edgebench; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "edgebench", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure a suite, or models of your own
    Run(Box<RunArgs>),
    /// Print what `run` would do, and how long it would take
    Plan(Box<PlanArgs>),
    /// Tell what each operator takes, how far it is from what the machine can do, and what differs between two cells
    Profile(Box<ProfileArgs>),
    /// Write pages that people would publish, from one record or hundreds
    Report(ReportArgs),
    /// Tell which cell to ship, under a budget where there is one
    Recommend(RecommendArgs),
    /// Put records side by side
    Compare(CompareArgs),
    /// Tell whether a change made it worse
    Gate(Box<GateArgs>),
    /// Write a record's figures for the systems that keep them
    Export(ExportArgs),
    /// Keep records over time, and tell what changed
    History(Box<HistoryArgs>),
    /// List suites, backends, or a suite's variants
    List(ListArgs),
    /// Show what of this machine decides the figures, and which runtimes it has
    Doctor(DoctorArgs),
    /// Fit the processor's proxy for energy to a run whose energy was measured, and tell how far it is off
    Calibrate(CalibrateArgs),
    /// Put measured energy into CO₂ equivalents, for an intensity that you state
    Carbon(CarbonArgs),
    /// Print a model's inputs, outputs, operators, parameters and multiply-accumulates
    Inspect(InspectArgs),
    /// Write a commented manifest to start a suite from
    Init(InitArgs),
    /// Print a JSON Schema
    Schema(SchemaArgs),
    /// Put a worker in any language through the conformance suite
    Conformance(ConformanceArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one per command into a folder
    Man(ManArgs),
}

/// What `run` and `plan` share.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// The suite: its name, its folder or its suite.toml [default: starter]
    #[arg(conflicts_with = "model")]
    pub(crate) suite: Option<String>,
    /// A model of your own; several share one table, and the first is the baseline
    #[arg(short, long, value_name = "[ID=]FILE", value_parser = model)]
    pub(crate) model: Vec<Model>,
    /// Backends to run [default: the suite's; for models all that this machine has]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) backend: Vec<String>,
    /// Variants to run [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) variant: Vec<String>,
    /// Tasks to run [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) task: Vec<String>,
    /// Threads for one inference [default: the suite's, or 1]
    #[arg(short, long, value_name = "N", value_delimiter = ',')]
    pub(crate) threads: Vec<usize>,
    /// Samples in one inference [default: the suite's, or 1]
    #[arg(short, long, value_name = "N", value_delimiter = ',')]
    pub(crate) batch: Vec<usize>,
    /// Devices or execution providers [default: cpu]
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) device: Vec<String>,
    /// An input's shape, batch axis first, such as x=1x3x224x224
    #[arg(long, value_name = "INPUT=SHAPE", value_parser = shape, requires = "model")]
    pub(crate) shape: Vec<Shape>,
    /// Inputs for the models: an .npz, .npy or .safetensors file, or a folder of .npy files or of ONNX's test data
    /// [default: random]
    #[arg(long, value_name = "FILE|DIR", requires = "model")]
    pub(crate) inputs: Option<PathBuf>,
    /// The right outputs of a model (of the first, without ID) for these inputs, in the same formats
    #[arg(long, value_name = "[ID=]FILE|DIR", value_parser = golden, requires = "inputs")]
    pub(crate) golden: Vec<GoldenOutputs>,
    /// What a request to a worker may take beyond its own bounds, such as 60s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Two short invocations per cell, accuracy on a part of the test set, no intervals
    #[arg(short, long, conflicts_with = "publish")]
    pub(crate) quick: bool,
    /// Long warm-up and measurement, for figures to publish
    #[arg(long)]
    pub(crate) publish: bool,
    /// Seeds the order of the cells, stratified parts and random inputs
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Fresh worker processes per cell
    #[arg(long, value_name = "N", visible_alias = "repetitions")]
    pub(crate) invocations: Option<usize>,
    /// Measurement of an invocation, at least
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) min_secs: Option<Duration>,
    /// Warm-up of an invocation, at least
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) warmup_secs: Option<Duration>,
    /// The largest part of a test set to evaluate: 1000, 300, 100, 30, 10 or 3 samples [default: what time allows]
    #[arg(long, value_name = "N")]
    pub(crate) samples: Option<usize>,
    /// Run each worker under a memory limit such as 64MiB, and tell whether the cell fits; without a control group of
    /// the kernel it is judged from the peak
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory_limit: Option<Bytes>,
    /// An option of a runtime, such as ort.spinning=off
    #[arg(short = 'O', long, value_name = "BACKEND.NAME=VALUE", value_parser = option)]
    pub(crate) option: Vec<RuntimeOption>,
    /// The backend whose outputs the others are held against [default: the suite's first]
    #[arg(long, value_name = "BACKEND")]
    pub(crate) reference: Option<String>,
    #[command(flatten)]
    pub(crate) scenarios: ScenarioArgs,
    #[command(flatten)]
    pub(crate) energy: EnergyArgs,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
}

/// Load patterns beside the steady state.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scenarios")]
pub(crate) struct ScenarioArgs {
    /// Load patterns to run beside the steady state, each once per cell after all invocations
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = scenarios())]
    pub(crate) scenario: Vec<ScenarioKind>,
    /// A scenario's load lasts at least this long [default: 10s; 600s to publish]
    #[arg(long, value_name = "DURATION", value_parser = duration, visible_alias = "scenario-secs")]
    pub(crate) scenario_time: Option<Duration>,
    /// server: the bound that the 99th percentile of latencies keeps [default: 100ms]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) target_latency: Option<Duration>,
    /// server, offline: sessions, each on a thread of its own [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<usize>,
    /// paced: from one query to the next [default: 33.3ms]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) period: Option<Duration>,
    /// paced: the deadline of a query, from its arrival [default: the period]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    /// soak: how long, such as 10m or 2h; runs the soak without naming it [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) soak: Option<Duration>,
}

/// The scenarios by name.
fn scenarios() -> impl TypedValueParser<Value = ScenarioKind> {
    let names = ScenarioKind::ALL.map(ScenarioKind::name);
    PossibleValuesParser::new(names).map(|name| {
        let mut all = ScenarioKind::ALL.into_iter();
        // The parser lets no other name through.
        all.find(|kind| kind.name() == name)
            .unwrap_or(ScenarioKind::SingleStream)
    })
}

/// Where runtimes and workers come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct RuntimeArgs {
    /// ONNX Runtime's shared library
    #[arg(long, value_name = "FILE")]
    pub(crate) ort_dylib: Option<PathBuf>,
    /// Fetch nothing; a runtime that is not here is `unavailable`
    #[arg(long, env = "EDGEBENCH_OFFLINE", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(crate) offline: bool,
    /// What goes before each worker's command, such as 'taskset -c 2' or 'qemu-aarch64 -L /usr/aarch64-linux-gnu'
    #[arg(long, value_name = "COMMAND")]
    pub(crate) worker_prefix: Option<String>,
    /// The program of the workers [default: this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) worker: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// The run's folder [default: a new one under `runs`]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_name = "FORMAT", value_parser = formats(), default_value = "table")]
    pub(crate) format: &'static dyn Format,
    /// A name for this machine that may be published
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
    /// Wait until the machine is cool and idle, this long at the most [default: 30s; 2m to publish; none with --quick]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) start_gate: Option<Duration>,
    /// Go on with an interrupted run; everything but --format is as it was
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// How to print it
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// Suites that are found by name
    Suites,
    /// Backends that can be asked for
    Backends,
    /// Variants of a suite
    Variants,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t = Listed::Suites)]
    pub(crate) what: Listed,
    /// The suite whose variants are listed
    #[arg(default_value = "starter")]
    pub(crate) suite: String,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The ONNX file
    pub(crate) file: PathBuf,
    /// An input's shape, batch axis first, for counting multiply-accumulates
    #[arg(long, value_name = "INPUT=SHAPE", value_parser = shape)]
    pub(crate) shape: Vec<Shape>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The suite's folder
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// suite.toml
    Manifest,
    /// record.json
    Record,
    /// gate.json
    Gate,
    /// profile.json
    Profile,
    /// What `profile diff --format json` writes
    ProfileDiff,
    /// Lines of the worker protocol
    Protocol,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which
    #[arg(value_enum)]
    pub(crate) name: SchemaName,
}

#[derive(Debug, Args)]
pub(crate) struct ConformanceArgs {
    /// The backend to load with [default: the first that the worker offers]
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// How long an answer may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub(crate) timeout: Duration,
    /// The command that starts the worker
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Where to write the pages; standard output gets the first one otherwise
    pub(crate) folder: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
