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
    CellId, DesignFacts, GATE_SCHEMA, GateKind, GateRecord, OUTCOME, OnInconclusive, Outcome, OutcomeKind, PolicyFacts,
    RuleFacts, Scale, Side, Tool, Verdict, VerdictKind, exit_code,
};
use edgebench_stats::sequential::Design;
use edgebench_suites::{Suite, sha256_file};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::host::HostWatch;
use crate::invoke::environment;
use crate::prepare::{Prepared, PreparedTask, prepare};
use crate::run::{RunError, fresh_id, now};
use crate::scrub::scrub_gate;
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
/// α is the gate's: each rule of each cell begins with an equal share of it, and what is rejected leaves its share to what
/// is undecided, which then goes on where its time allows (Holm).
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
    let inputs = [input_hashes(&prepared[0])?, input_hashes(&prepared[1])?];
    let pairs = gate.pairs.iter();
    let mut work: Vec<Work<'_>> = pairs.filter_map(|&pair| Work::of(gate, &inputs, pair)).collect();
    let hypotheses = gate.rules.len() * work.iter().filter(|one| one.verdict.is_none()).count();
    let mut regressed = 0;
    loop {
        let alpha = gate.alpha / hypotheses.saturating_sub(regressed).max(1) as f64;
        let total = work.len();
        for (done, one) in work.iter_mut().enumerate() {
            let cell = one.ids[1];
            one.go_on(gate, &prepared, alpha, &mut random, &mut |event| match event {
                None => observer(LiveEvent::Cell { cell, done, total }),
                Some(progress) => observer(LiveEvent::Restart(progress)),
            });
        }
        let found = work.iter().map(Work::regressed).sum();
        if found == regressed || found >= hypotheses {
            break;
        }
        regressed = found;
    }
    // What is left behind costs disk and nothing else.
    let _ = fs::remove_dir_all(gate.work);
    let mut sides = gate.sides.each_ref().map(|side| side.facts.clone());
    let own = format!("{} {}", gate.tool.name, gate.tool.version);
    let verdicts: Vec<Verdict> = work.iter().flat_map(|one| one.verdicts(&mut sides, &own)).collect();
    let [baseline, candidate] = sides;
    let mut record = GateRecord {
        schema: GATE_SCHEMA,
        id,
        kind: GateKind::Live,
        started_at,
        finished_at: now(),
        interrupted: gate.interrupt.load(Ordering::Relaxed),
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
        cells: work.into_iter().filter_map(|one| Some(one.judged?.cell)).collect(),
    };
    let suites = gate.sides.each_ref().map(|side| side.suite.folder.as_path());
    scrub_gate(&mut record, Some(gate.work), &suites);
    Ok(record)
}

/// A pair of cells on its way to a verdict.
struct Work<'a> {
    ids: [&'a CellId; 2],
    judged: Option<Judged>,
    /// Set where there is nothing to measure.
    verdict: Option<Verdict>,
}

impl<'a> Work<'a> {
    /// What is to be done for a pair; nothing for a pair of nothing.
    fn of(gate: &'a LiveGate<'_>, inputs: &[BTreeMap<String, String>; 2], pair: [Option<usize>; 2]) -> Option<Self> {
        let done = |id: &'a CellId, kind, why: &str| {
            Some(Self {
                ids: [id, id],
                judged: None,
                verdict: Some(alone(id, kind, why)),
            })
        };
        match [id_of(gate, pair, 0), id_of(gate, pair, 1)] {
            [Some(only), None] => done(only, VerdictKind::Missing, "the candidate has no such cell"),
            [None, Some(only)] => done(only, VerdictKind::Added, "the baseline has no such cell"),
            [None, None] => None,
            [Some(baseline), Some(candidate)] => {
                let why = unlike(inputs, baseline, candidate);
                Some(Self {
                    ids: [baseline, candidate],
                    judged: None,
                    verdict: why.map(|why| alone(candidate, VerdictKind::Incomparable, &why)),
                })
            }
        }
    }

    /// Measures for the first time, or goes on with what a larger α reopens.
    fn go_on(
        &mut self,
        gate: &LiveGate<'_>,
        prepared: &[Prepared; 2],
        alpha: f64,
        random: &mut ChaCha8Rng,
        observer: &mut dyn FnMut(Option<Progress>),
    ) {
        if self.verdict.is_some() || gate.interrupt.load(Ordering::Relaxed) {
            return;
        }
        match &mut self.judged {
            None => self.judged = Some(Judged::new(self.ids[1], &designs(gate, alpha))),
            Some(judged) => {
                judged.trials.relax(alpha);
                if judged.failed() || !judged.trials.open() {
                    return;
                }
            }
        }
        observer(None);
        let arms = [arm(gate, prepared, self.ids, 0), arm(gate, prepared, self.ids, 1)];
        let Some(judged) = &mut self.judged else { return };
        match arms {
            [Ok(baseline), Ok(candidate)] => judge(
                judged,
                [&baseline, &candidate],
                gate.budget,
                random,
                gate.interrupt,
                &mut |progress| observer(Some(progress)),
            ),
            // A worker that was asked for its environment while somebody interrupted is no outcome.
            _ if gate.interrupt.load(Ordering::Relaxed) => {}
            [baseline, candidate] => {
                judged.cell.baseline_outcome = baseline.err().map(|outcome| *outcome);
                judged.cell.candidate_outcome = candidate.err().map(|outcome| *outcome);
            }
        }
    }

    fn regressed(&self) -> usize {
        self.judged.as_ref().map_or(0, |judged| judged.trials.regressed())
    }

    /// The verdicts; what the workers said of themselves goes to the sides.
    fn verdicts(&self, sides: &mut [Side; 2], own: &str) -> Vec<Verdict> {
        let [baseline, candidate] = self.ids;
        let renamed = (baseline != candidate).then_some(baseline);
        let named = |verdict: Verdict| Verdict {
            baseline_cell: renamed.cloned(),
            ..verdict
        };
        match (&self.verdict, &self.judged) {
            (Some(verdict), _) => vec![named(verdict.clone())],
            (None, None) => vec![named(alone(candidate, VerdictKind::Inconclusive, "interrupted"))],
            (None, Some(judged)) => {
                remember(sides, self.ids, &judged.said, own);
                if judged.failed() {
                    let measured = Outcome::of(OutcomeKind::Measured, "");
                    let before = judged.cell.baseline_outcome.as_ref().unwrap_or(&measured);
                    let after = judged.cell.candidate_outcome.as_ref().unwrap_or(&measured);
                    return vec![named(Verdict::of_outcomes(candidate, before, after))];
                }
                if judged.cell.restarts.is_empty() && judged.trials.open() {
                    return vec![named(alone(candidate, VerdictKind::Inconclusive, "interrupted"))];
                }
                judged.verdicts(renamed)
            }
        }
    }
}

/// Each rule with the design that its tolerance asks for.
fn designs(gate: &LiveGate<'_>, alpha: f64) -> Vec<(RuleFacts, Design)> {
    let relative = gate.rules.iter().filter(|rule| rule.tolerance.scale == Scale::Relative);
    relative
        .filter_map(|rule| {
            let design = Design::relative(rule.tolerance.amount, THRESHOLD_SHARE, alpha, POWER)?;
            Some((rule.clone(), design))
        })
        .collect()
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

/// The SHA-256 of each task's inputs.
fn input_hashes(prepared: &Prepared) -> Result<BTreeMap<String, String>, RunError> {
    let hash = |(id, task): (&'_ String, &'_ PreparedTask)| {
        let unread = |source: io::Error| RunError::Folder {
            path: task.inputs.clone(),
            source,
        };
        Ok((id.clone(), sha256_file(&task.inputs).map_err(unread)?.0))
    };
    prepared.tasks.iter().map(hash).collect()
}

/// Why two cells are not the same work: their inputs differ.
fn unlike(inputs: &[BTreeMap<String, String>; 2], baseline: &CellId, candidate: &CellId) -> Option<String> {
    let (before, after) = (inputs[0].get(&baseline.task), inputs[1].get(&candidate.task));
    (before != after).then(|| "the two sides' inputs differ".to_owned())
}

/// What a side needs to be started, or why it cannot be.
fn arm<'a>(
    gate: &LiveGate<'a>,
    prepared: &'a [Prepared; 2],
    ids: [&'a CellId; 2],
    side: usize,
) -> Result<Arm<'a>, Box<Outcome>> {
    let LiveSide {
        plan, suite, command, ..
    } = &gate.sides[side];
    let id = ids[side];
    let lacking = || Box::new(Outcome::of(OutcomeKind::Failed, format!("the suite lacks {id}")));
    let prepared = &prepared[side];
    let model = prepared.models.get(&(id.task.clone(), id.variant.clone()));
    if let Some(refused) = model.and_then(|model| model.refused.clone()) {
        return Err(Box::new(refused));
    }
    let task = suite.task(&id.task).ok_or_else(lacking)?;
    let model: &'a PathBuf = &task.variant(&id.variant).ok_or_else(lacking)?.path;
    let inputs = prepared.tasks.get(&id.task).ok_or_else(lacking)?;
    let command = command(&id.backend);
    let timeout = Duration::from_nanos(plan.measure.timeout_ns);
    let environment = Worker::spawn(&command, &BTreeMap::new(), gate.interrupt)
        .map_err(|failure| (failure, String::new()))
        .and_then(|worker| environment(worker, &id.backend, &id.settings, timeout))
        .map_err(|(failure, tail)| Box::new(failure.outcome("spawn", tail)))?;
    Ok(Arm {
        id,
        model,
        inputs,
        command,
        environment,
        timeout,
    })
}

/// A worker that is this edgebench, by name and version, is not named.
fn remember(facts: &mut [Side; 2], ids: [&CellId; 2], said: &[Said; 2], own: &str) {
    for ((facts, id), said) in facts.iter_mut().zip(ids).zip(said) {
        if !said.runtime.is_empty() {
            facts.runtimes.insert(id.backend.clone(), said.runtime.clone());
        }
        if !said.worker.is_empty() && said.worker != own {
            facts.worker = Some(said.worker.clone());
        }
    }
}

/// A verdict on a whole cell.
fn alone(cell: &CellId, kind: VerdictKind, reason: &str) -> Verdict {
    Verdict::bare(cell, OUTCOME, kind, reason)
}
