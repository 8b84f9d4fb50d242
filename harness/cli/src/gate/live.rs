//! `edgebench gate live`: two sides, measured side by side on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use edgebench_record::{CellId, GateRecord, Side};
use edgebench_runner::live::{LIVE_METRICS, LiveEvent, LiveGate, LiveSide, live};
use edgebench_runner::{Plan, WorkerCommand};
use edgebench_suites::{default_search, find};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arm::{ArmSpec, arm};
use super::policy_args::PolicyArgs;
use super::revision::{Revision, at_revision};
use crate::args::{RuntimeArgs, ScenarioArgs, Selection};
use crate::energy::EnergyArgs;
use crate::failure::Failure;
use crate::get;
use crate::output::tell;
use crate::parse::{Model, RuntimeOption, Shape, duration, model, one_line, option, shape};
use crate::run::{arguments, interrupt_flag, tool};
use crate::select::{DEFAULT_SUITE, Selected, select};

#[derive(Debug, Args)]
pub(crate) struct LiveArgs {
    /// The suite that both sides share: its name, its folder or its suite.toml [default: starter]
    #[arg(conflicts_with = "model")]
    suite: Option<String>,
    /// The model that both sides share
    #[arg(short, long, value_name = "FILE", value_parser = model)]
    model: Option<Model>,
    /// What is held against: a suite or a model, and in what this side differs, such as
    /// `old.onnx`, `rev=main`, `ort-dylib=lib.so`, `worker=old/edgebench`, `variant=fp32,threads=2,ort.spinning=off`
    #[arg(long, value_name = "SIDE", value_parser = arm)]
    baseline: ArmSpec,
    /// What is judged, in the same words
    #[arg(long, value_name = "SIDE", value_parser = arm)]
    candidate: ArmSpec,
    /// Backends to run [default: the suite's; for models all that this machine has]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    backend: Vec<String>,
    /// Variants to run [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    variant: Vec<String>,
    /// Tasks to run [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    task: Vec<String>,
    /// Threads for one inference [default: the suite's, or 1]
    #[arg(short, long, value_name = "N", value_delimiter = ',')]
    threads: Vec<usize>,
    /// Samples in one inference [default: the suite's, or 1]
    #[arg(short, long, value_name = "N", value_delimiter = ',')]
    batch: Vec<usize>,
    /// Devices or execution providers [default: cpu]
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    device: Vec<String>,
    /// An input's shape, batch axis first, such as x=1x3x224x224
    #[arg(long, value_name = "INPUT=SHAPE", value_parser = shape)]
    shape: Vec<Shape>,
    /// Inputs for models [default: random]
    #[arg(long, value_name = "FILE|DIR")]
    inputs: Option<PathBuf>,
    /// An option of a runtime, such as ort.spinning=off
    #[arg(short = 'O', long, value_name = "BACKEND.NAME=VALUE", value_parser = option)]
    option: Vec<RuntimeOption>,
    /// What a request to a worker may take
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Time for one cell, at most
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    budget: Duration,
    /// The chance of any false alarm in the whole gate, at most
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    alpha: f64,
    /// Seeds paddings and orders [default: from the clock, and recorded]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    runtime: RuntimeArgs,
}

/// What a live gate judges when nobody says what.
const DEFAULT_METRIC: &str = "latency_p50";

/// A side, ready to be measured.
struct Arm {
    selected: Selected,
    facts: Side,
    _revision: Option<Revision>,
}

/// Measures both sides and judges them.
pub(crate) fn measure(args: &LiveArgs) -> Result<GateRecord, Failure> {
    if !(args.alpha > 0.0 && args.alpha < 0.5) {
        return Err(Failure::new(format!(
            "--alpha {} is no chance between 0 and 0.5",
            args.alpha
        )));
    }
    let policy = args.policy.policy()?;
    let (mut rules, others): (Vec<_>, Vec<_>) = policy.facts().rules.into_iter().partition(judged_live);
    if args.policy.asks() {
        for rule in &others {
            tell(format_args!(
                "note: {} is not judged live, or not by that tolerance; a live gate judges {} by a percentage, and \
                 `edgebench gate records` the rest",
                one_line(&rule.metric),
                LIVE_METRICS.join(", ")
            ));
        }
    } else {
        // What does not depend on the moment is better judged from records.
        rules.retain(|rule| rule.metric == DEFAULT_METRIC);
    }
    if rules.is_empty() {
        return Err(Failure::new("no rule is left that a live gate can judge")
            .hint("give one, such as --fail-on latency_p50:3%"));
    }
    let baseline = prepared(args, &args.baseline)?;
    let candidate = prepared(args, &args.candidate)?;
    let pairs = pairs(&baseline.selected.plan, &candidate.selected.plan, &differing(args))?;
    let folder = tempfile::tempdir().map_err(|error| Failure::from_error(error).context("cannot make a folder"))?;
    let interrupt = interrupt_flag()?;
    let commands = [command(&baseline.selected), command(&candidate.selected)];
    let gate = LiveGate {
        sides: [
            LiveSide {
                facts: baseline.facts.clone(),
                plan: &baseline.selected.plan,
                suite: &baseline.selected.suite,
                inputs: &baseline.selected.inputs,
                command: &commands[0],
            },
            LiveSide {
                facts: candidate.facts.clone(),
                plan: &candidate.selected.plan,
                suite: &candidate.selected.suite,
                inputs: &candidate.selected.inputs,
                command: &commands[1],
            },
        ],
        pairs,
        rules,
        inconclusive: policy.facts().inconclusive,
        alpha: args.alpha,
        seed: args.seed.unwrap_or_else(clock),
        budget: args.budget,
        work: folder.path(),
        tool: tool(arguments()),
        interrupt: &interrupt,
    };
    let progress = LiveProgress::new();
    let record = live(&gate, &mut |event| progress.tell(event));
    progress.bar.finish_and_clear();
    record.map_err(|error| {
        let hint = error.hint();
        let failure = Failure::from_error(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// A seed that nobody chose.
fn clock() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}

fn judged_live(rule: &edgebench_record::RuleFacts) -> bool {
    LIVE_METRICS.contains(&rule.metric.as_str())
        && rule.tolerance.scale == edgebench_record::Scale::Relative
        && rule.tolerance.amount > 0.0
}

fn command(selected: &Selected) -> impl Fn(&str) -> WorkerCommand {
    // The plan names known backends alone.
    |backend| selected.workers.get(backend).cloned().unwrap_or_default()
}

/// Finds what a side is made of.
fn prepared(args: &LiveArgs, side: &ArmSpec) -> Result<Arm, Failure> {
    let model = side
        .model
        .as_ref()
        .or(args.model.as_ref().filter(|_| side.suite.is_none()));
    let suite = || side.suite.as_deref().or(args.suite.as_deref()).unwrap_or(DEFAULT_SUITE);
    let revision = match &side.revision {
        Some(_) if model.is_some() => {
            return Err(
                Failure::new("rev= takes a suite's folder out of git, and this side is a model")
                    .hint("put the model into a suite with `edgebench init`, or check the revision out elsewhere"),
            );
        }
        Some(revision) => Some(at_revision(&find(suite(), &default_search())?, revision)?),
        None => None,
    };
    let suite = match (&revision, model) {
        (Some(revision), _) => Some(revision.manifest.display().to_string()),
        (None, None) => Some(suite().to_owned()),
        (None, Some(_)) => None,
    };
    let one = |own: Option<String>, shared: &[String]| own.map_or_else(|| shared.to_vec(), |own| vec![own]);
    let number = |own: Option<usize>, shared: &[usize]| own.map_or_else(|| shared.to_vec(), |own| vec![own]);
    let selection = Selection {
        suite,
        // Both sides call it by one name, whatever its file is called.
        model: model.cloned().into_iter().collect(),
        backend: one(side.backend.clone(), &args.backend),
        variant: one(side.variant.clone(), &args.variant),
        task: one(side.task.clone(), &args.task),
        threads: number(side.threads, &args.threads),
        batch: number(side.batch, &args.batch),
        device: one(side.device.clone(), &args.device),
        shape: args.shape.clone(),
        inputs: args.inputs.clone(),
        golden: Vec::new(),
        timeout: args.timeout,
        quick: false,
        publish: false,
        seed: 0,
        invocations: None,
        min_secs: None,
        warmup_secs: None,
        samples: None,
        memory_limit: None,
        option: args.option.iter().chain(&side.options).cloned().collect(),
        reference: None,
        scenarios: ScenarioArgs::default(),
        energy: EnergyArgs::default(),
        runtime: RuntimeArgs {
            ort_dylib: side.ort_dylib.clone().or_else(|| args.runtime.ort_dylib.clone()),
            worker: side.worker.clone().or_else(|| args.runtime.worker.clone()),
            ..args.runtime.clone()
        },
    };
    let selected = select(&selection)
        .map_err(|failure| failure.context(format!("the side `{}` cannot be measured", one_line(&side.text))))?;
    if let Some(command) = selected
        .workers
        .get("ort")
        .filter(|_| selected.plan.cells.iter().any(|cell| cell.id.backend == "ort"))
    {
        get::ensure(&selection.runtime, command);
    }
    let facts = Side {
        what: side.what(),
        commit: revision.as_ref().map(|revision| revision.commit.clone()),
        ..Side::default()
    };
    Ok(Arm {
        selected,
        facts,
        _revision: revision,
    })
}

/// In which parts of a cell the sides differ on purpose.
fn differing(args: &LiveArgs) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for side in [&args.baseline, &args.candidate] {
        let stated = [
            ("task", side.task.is_some()),
            ("variant", side.variant.is_some() || side.model.is_some()),
            ("backend", side.backend.is_some()),
            ("threads", side.threads.is_some()),
            ("batch", side.batch.is_some()),
            ("device", side.device.is_some()),
        ];
        parts.extend(
            stated
                .into_iter()
                .filter(|(_, is)| *is)
                .map(|(part, _)| part.to_owned()),
        );
        parts.extend(
            side.options
                .iter()
                .map(|option| format!("{}.{}", option.backend, option.name)),
        );
    }
    parts
}

/// A cell without the parts in which the sides differ on purpose.
fn key(cell: &CellId, differing: &BTreeSet<String>) -> CellId {
    let mut key = cell.clone();
    let has = |part: &str| differing.contains(part);
    if has("task") {
        key.task.clear();
    }
    if has("variant") {
        key.variant.clear();
    }
    if has("threads") {
        key.settings.threads = 0;
    }
    if has("batch") {
        key.settings.batch = 0;
    }
    if has("device") {
        key.settings.device.clear();
    }
    key.settings
        .options
        .retain(|name, _| !has(&format!("{}.{name}", cell.backend)));
    if has("backend") {
        key.backend.clear();
        // Options are those of one backend.
        key.settings.options.clear();
    }
    key
}

/// The cells that are the same work, in the candidate's order; then those that only the baseline has.
fn pairs(baseline: &Plan, candidate: &Plan, differing: &BTreeSet<String>) -> Result<Vec<[Option<usize>; 2]>, Failure> {
    let keyed = |plan: &Plan, side: &str| {
        let mut keys = BTreeMap::new();
        for (index, cell) in plan.cells.iter().enumerate() {
            if let Some(other) = keys.insert(key(&cell.id, differing), index) {
                return Err(Failure::new(format!(
                    "the {side} has `{}` and `{}`, which differ only in what the sides differ in",
                    plan.cells[other].id, cell.id
                ))
                .hint("narrow both sides down, for instance with --variant, --backend or --threads"));
            }
        }
        Ok(keys)
    };
    let (before, after) = (keyed(baseline, "baseline")?, keyed(candidate, "candidate")?);
    let mut pairs: Vec<[Option<usize>; 2]> = after
        .iter()
        .map(|(key, &index)| [before.get(key).copied(), Some(index)])
        .collect();
    pairs.sort_by_key(|pair| pair[1]);
    let mut gone: Vec<usize> = before
        .iter()
        .filter(|(key, _)| !after.contains_key(key))
        .map(|(_, &index)| index)
        .collect();
    gone.sort_unstable();
    pairs.extend(gone.into_iter().map(|index| [Some(index), None]));
    Ok(pairs)
}

/// A line on standard error that is drawn between restarts.
struct LiveProgress {
    bar: ProgressBar,
}

impl LiveProgress {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{prefix} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    fn tell(&self, event: LiveEvent<'_>) {
        match event {
            LiveEvent::Preparing => self.bar.set_message("preparing"),
            LiveEvent::Cell { cell, done, total } => {
                self.bar
                    .set_prefix(format!("{}/{total} {}", done + 1, one_line(&cell.to_string())));
                self.bar.set_message("starting");
            }
            LiveEvent::Restart(progress) => {
                let change = progress
                    .log_ratio
                    .map_or_else(String::new, |ratio| format!(", {:+.1} %", ratio.exp_m1() * 100.0));
                self.bar.set_message(format!(
                    "restart {}, {} to the next look{change}",
                    progress.done, progress.left
                ));
            }
        }
        self.bar.tick();
    }
}

/// Where gates go unless `--output` says otherwise.
pub(super) const GATES: &str = "gates";

/// The folder of a gate.
pub(super) fn folder(output: Option<&Path>, record: &GateRecord) -> PathBuf {
    output.map_or_else(|| Path::new(GATES).join(&record.id), Path::to_owned)
}

/// The backends that `workers` knows are not told apart here.
#[cfg(test)]
mod tests {
    use edgebench_api::Settings;

    use super::*;

    fn cell(variant: &str, backend: &str, threads: usize) -> CellId {
        CellId {
            task: "t".to_owned(),
            variant: variant.to_owned(),
            backend: backend.to_owned(),
            settings: Settings {
                threads,
                ..Settings::default()
            },
        }
    }

    #[test]
    fn cells_match_on_all_but_what_the_sides_differ_in() {
        let variant = BTreeSet::from(["variant".to_owned()]);
        assert_eq!(key(&cell("a", "ort", 1), &variant), key(&cell("b", "ort", 1), &variant));
        assert_ne!(
            key(&cell("a", "ort", 1), &variant),
            key(&cell("b", "tract", 1), &variant)
        );
        let none = BTreeSet::new();
        assert_ne!(key(&cell("a", "ort", 1), &none), key(&cell("a", "ort", 2), &none));
    }

    #[test]
    fn options_match_on_all_but_those_that_differ() {
        let spinning = BTreeSet::from(["ort.spinning".to_owned()]);
        let with = |value: &str, backend: &str| {
            let mut cell = cell("a", backend, 1);
            cell.settings.options.insert("spinning".to_owned(), value.to_owned());
            cell
        };
        assert_eq!(key(&with("on", "ort"), &spinning), key(&with("off", "ort"), &spinning));
        assert_ne!(
            key(&with("on", "tract"), &spinning),
            key(&with("off", "tract"), &spinning)
        );
    }
}
