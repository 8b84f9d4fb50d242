//! The live gate: two sides measured side by side, now, on this machine.
//!
//! For every cell that both sides have, pairs of fresh processes take turns on the same processors until
//! [`edgebench_stats::sequential`] can call each rule, or the cell's time is up.

mod cell;
mod machine;
mod restart;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgebench_record::{
    CellId, DesignFacts, Evidence, GATE_SCHEMA, GateKind, GateRecord, OnInconclusive, Outcome, PolicyFacts, RuleFacts,
    Scale, Side, Tool, Verdict, VerdictKind, exit_code,
};
use edgebench_stats::sequential::Design;
use edgebench_suites::{Suite, sha256_file};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::host::HostWatch;
use crate::invoke::environment;
use crate::prepare::{Prepared, prepare};
use crate::run::{RunError, fresh_id, now};
use crate::{Event, Plan, TaskInputs, Worker, WorkerCommand};
use cell::{Judged, judge};
use restart::{Arm, PAIRS, Said, TURN};

pub use cell::Progress;

/// The metrics that a live gate can judge: what a pair of fresh processes shows.
pub const LIVE_METRICS: [&str; 6] = [
    "latency_p50",
    "latency_p90",
    "load",
    "first",
    "library_open",
    "rss_peak",
];

/// The share of the tolerance up to which a worsening is not called one.
pub const THRESHOLD_SHARE: f64 = 1.0 / 3.0;

/// The chance to find a worsening by the tolerance that restarts are planned for.
pub const POWER: f64 = 0.95;

/// One side of a live gate.
pub struct LiveSide<'a> {
    /// What it is, for the record.
    pub facts: Side,
    /// Its cells.
    pub plan: &'a Plan,
    /// Its suite.
    pub suite: &'a Suite,
    /// Inputs from elsewhere than the suite, by task id.
    pub inputs: &'a BTreeMap<String, TaskInputs>,
    /// The command that starts a worker for a backend.
    pub command: &'a dyn Fn(&str) -> WorkerCommand,
}

/// What a live gate is to judge, and how.
pub struct LiveGate<'a> {
    /// Baseline and candidate.
    pub sides: [LiveSide<'a>; 2],
    /// Cells that are the same work: each side's index in its plan, absent where the side lacks it.
    pub pairs: Vec<[Option<usize>; 2]>,
    /// Rules with relative tolerances and metrics of [`LIVE_METRICS`]; others are left out.
    pub rules: Vec<RuleFacts>,
    /// What an inconclusive verdict does.
    pub inconclusive: OnInconclusive,
    /// The chance of any false alarm in the whole gate, at most.
    pub alpha: f64,
    /// Seeds what is drawn at random.
    pub seed: u64,
    /// Time for one cell, at most.
    pub budget: Duration,
    /// A folder for inputs while the gate runs.
    pub work: &'a Path,
    /// What judges.
    pub tool: Tool,
    /// Set from outside to end the gate early.
    pub interrupt: &'a AtomicBool,
}

/// What a live gate tells while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum LiveEvent<'a> {
    /// Models are being checked and inputs written.
    Preparing,
    /// A cell begins.
    Cell {
        /// The candidate's cell.
        cell: &'a CellId,
        /// Cells that are behind.
        done: usize,
        /// Cells in all.
        total: usize,
    },
    /// A restart that counts is over.
    Restart(Progress),
}

/// Runs the gate and judges it.
///
/// # Errors
/// [`RunError`]: a task's data, or the folder for inputs. A side that fails costs its cell only.
pub fn live(gate: &LiveGate<'_>, observer: &mut dyn FnMut(LiveEvent<'_>)) -> Result<GateRecord, RunError> {
    let id = fresh_id();
    let started_at = now();
    let host = HostWatch::start(Path::new("/"));
    observer(LiveEvent::Preparing);
    let prepared = [prepared(gate, 0)?, prepared(gate, 1)?];
    let mut random = ChaCha8Rng::seed_from_u64(gate.seed);
    let mut facts = gate.sides.each_ref().map(|side| side.facts.clone());
    let mut verdicts = Vec::new();
    let mut cells = Vec::new();
    let both = gate
        .pairs
        .iter()
        .filter(|pair| pair[0].is_some() && pair[1].is_some())
        .count();
    let mut hypotheses = both * gate.rules.len();
    let mut interrupted = false;
    for (done, &pair) in gate.pairs.iter().enumerate() {
        let sides = [id_of(gate, pair, 0), id_of(gate, pair, 1)];
        let (baseline, candidate) = match sides {
            [Some(baseline), Some(candidate)] => (baseline, candidate),
            [Some(only), None] => {
                verdicts.push(alone(only, VerdictKind::Missing, "the candidate has no such cell"));
                continue;
            }
            [None, Some(only)] => {
                verdicts.push(alone(only, VerdictKind::Added, "the baseline has no such cell"));
                continue;
            }
            [None, None] => continue,
        };
        observer(LiveEvent::Cell {
            cell: candidate,
            done,
            total: gate.pairs.len(),
        });
        let renamed = (baseline != candidate).then_some(baseline);
        if interrupted || gate.interrupt.load(Ordering::Relaxed) {
            interrupted = true;
            verdicts.push(with_baseline(
                alone(candidate, VerdictKind::Inconclusive, "interrupted"),
                renamed,
            ));
            continue;
        }
        if let Some(why) = unlike(&prepared, baseline, candidate)? {
            verdicts.push(with_baseline(
                alone(candidate, VerdictKind::Incomparable, &why),
                renamed,
            ));
            continue;
        }
        let judged = one(
            gate,
            &prepared,
            [baseline, candidate],
            hypotheses,
            &mut random,
            observer,
        );
        interrupted |= judged.interrupted;
        remember(&mut facts, [baseline, candidate], &judged.said);
        match &judged.trials {
            Some(trials) => {
                // Holm: what is rejected gives its share of α to those that are left.
                hypotheses = hypotheses.saturating_sub(trials.regressed()).max(1);
                verdicts.extend(trials.verdicts(&judged, renamed));
            }
            None => verdicts.push(with_baseline(ended(candidate, &judged), renamed)),
        }
        cells.push(judged.cell);
    }
    // What is left behind costs disk and nothing else.
    let _ = fs::remove_dir_all(gate.work);
    let [baseline, candidate] = facts;
    Ok(GateRecord {
        schema: GATE_SCHEMA,
        id,
        kind: GateKind::Live,
        started_at,
        finished_at: now(),
        interrupted,
        host: Some(host.finish(None, gate.tool.optimised)),
        tool: gate.tool.clone(),
        baseline,
        candidate,
        policy: PolicyFacts {
            rules: gate.rules.clone(),
            max_class_drop: None,
            inconclusive: gate.inconclusive,
        },
        design: Some(DesignFacts {
            seed: gate.seed,
            alpha: gate.alpha,
            power: POWER,
            threshold_share: THRESHOLD_SHARE,
            turn_ns: TURN.as_nanos() as u64,
            pairs: PAIRS,
            budget_ns: gate.budget.as_nanos() as u64,
        }),
        exit_code: exit_code(&verdicts, gate.inconclusive),
        verdicts,
        cells,
    })
}

fn prepared(gate: &LiveGate<'_>, side: usize) -> Result<Prepared, RunError> {
    let LiveSide {
        plan, suite, inputs, ..
    } = &gate.sides[side];
    let folder = gate.work.join(["baseline", "candidate"][side]);
    Ok(prepare(plan, suite, inputs, &folder, &mut |_: Event<'_>| {})?)
}

fn id_of<'a>(gate: &'a LiveGate<'_>, pair: [Option<usize>; 2], side: usize) -> Option<&'a CellId> {
    Some(&gate.sides[side].plan.cells.get(pair[side]?)?.id)
}

/// Why two cells are not the same work: their inputs differ.
fn unlike(prepared: &[Prepared; 2], baseline: &CellId, candidate: &CellId) -> Result<Option<String>, RunError> {
    let hash = |prepared: &Prepared, id: &CellId| {
        let task = prepared
            .tasks
            .get(&id.task)
            .ok_or_else(|| RunError::OtherSuite(id.to_string()))?;
        let unread = |source: io::Error| RunError::Folder {
            path: task.inputs.clone(),
            source,
        };
        Ok::<_, RunError>((sha256_file(&task.inputs).map_err(unread)?.0, task.shapes.clone()))
    };
    let (before, after) = (hash(&prepared[0], baseline)?, hash(&prepared[1], candidate)?);
    Ok((before != after).then(|| "the two sides' inputs differ".to_owned()))
}

/// Judges one cell that both sides have.
fn one(
    gate: &LiveGate<'_>,
    prepared: &[Prepared; 2],
    ids: [&CellId; 2],
    hypotheses: usize,
    random: &mut ChaCha8Rng,
    observer: &mut dyn FnMut(LiveEvent<'_>),
) -> Judged {
    let alpha = gate.alpha / hypotheses.max(1) as f64;
    let rules: Vec<(RuleFacts, Design)> = gate
        .rules
        .iter()
        .filter(|rule| rule.tolerance.scale == Scale::Relative)
        .filter_map(|rule| {
            let design = Design::relative(rule.tolerance.amount, THRESHOLD_SHARE, alpha, POWER)?;
            Some((rule.clone(), design))
        })
        .collect();
    let arms = [arm(gate, prepared, ids, 0), arm(gate, prepared, ids, 1)];
    match arms {
        [Ok(baseline), Ok(candidate)] => judge(
            [&baseline, &candidate],
            &rules,
            gate.budget,
            random,
            gate.interrupt,
            &mut |progress| observer(LiveEvent::Restart(progress)),
        ),
        [baseline, candidate] => Judged::ended(ids[1], [baseline.err(), candidate.err()]),
    }
}

/// What a side needs to be started, or why it cannot be.
fn arm<'a>(
    gate: &LiveGate<'a>,
    prepared: &'a [Prepared; 2],
    ids: [&'a CellId; 2],
    side: usize,
) -> Result<Arm<'a>, Outcome> {
    use edgebench_record::OutcomeKind;

    let LiveSide {
        plan, suite, command, ..
    } = &gate.sides[side];
    let id = ids[side];
    let lacking = || Outcome::of(OutcomeKind::Failed, format!("the suite lacks {id}"));
    let prepared = &prepared[side];
    let model = prepared.models.get(&(id.task.clone(), id.variant.clone()));
    if let Some(refused) = model.and_then(|model| model.refused.clone()) {
        return Err(refused);
    }
    let task = suite.task(&id.task).ok_or_else(lacking)?;
    let model: &'a PathBuf = &task.variant(&id.variant).ok_or_else(lacking)?.path;
    let inputs = prepared.tasks.get(&id.task).ok_or_else(lacking)?;
    let command = command(&id.backend);
    let timeout = Duration::from_nanos(plan.measure.timeout_ns);
    let environment = Worker::spawn(&command, &BTreeMap::new(), gate.interrupt)
        .map_err(|failure| (failure, String::new()))
        .and_then(|worker| environment(worker, &id.backend, &id.settings, timeout))
        .map_err(|(failure, tail)| failure.outcome("spawn", tail))?;
    Ok(Arm {
        id,
        model,
        inputs,
        command,
        environment,
        timeout,
    })
}

fn remember(facts: &mut [Side; 2], ids: [&CellId; 2], said: &[Said; 2]) {
    for ((facts, id), said) in facts.iter_mut().zip(ids).zip(said) {
        if !said.runtime.is_empty() {
            facts.runtimes.insert(id.backend.clone(), said.runtime.clone());
        }
        if !said.worker.is_empty() {
            facts.worker = Some(said.worker.clone());
        }
    }
}

/// A verdict without figures.
fn alone(cell: &CellId, kind: VerdictKind, reason: &str) -> Verdict {
    Verdict {
        cell: cell.clone(),
        baseline_cell: None,
        metric: OUTCOME.to_owned(),
        class: None,
        kind,
        reason: reason.to_owned(),
        gating: kind != VerdictKind::Added,
        tolerance: None,
        baseline: None,
        candidate: None,
        change: None,
        evidence: Evidence::default(),
    }
}

/// What a verdict without figures is of.
const OUTCOME: &str = "outcome";

fn with_baseline(verdict: Verdict, baseline: Option<&CellId>) -> Verdict {
    Verdict {
        baseline_cell: baseline.cloned(),
        ..verdict
    }
}

/// The verdict on a cell that a side did not come through.
fn ended(cell: &CellId, judged: &Judged) -> Verdict {
    let said = |outcome: &Outcome| format!("{}: {}", outcome.kind.name(), outcome.reason);
    match (&judged.cell.baseline_outcome, &judged.cell.candidate_outcome) {
        (None, Some(candidate)) => alone(cell, VerdictKind::Failed, &said(candidate)),
        (Some(baseline), None) => {
            let reason = format!("the baseline ended {}; the candidate runs", said(baseline));
            alone(cell, VerdictKind::Added, &reason)
        }
        (Some(baseline), Some(candidate)) if baseline.kind == candidate.kind => {
            let mut verdict = alone(
                cell,
                VerdictKind::Incomparable,
                &format!("on both sides {}", said(candidate)),
            );
            verdict.gating = false;
            verdict
        }
        (Some(baseline), Some(candidate)) => {
            let reason = format!(
                "the baseline ended {}, the candidate {}",
                said(baseline),
                said(candidate)
            );
            alone(cell, VerdictKind::Incomparable, &reason)
        }
        (None, None) => alone(cell, VerdictKind::Inconclusive, "interrupted"),
    }
}
