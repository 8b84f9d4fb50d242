//! After the measurement: accuracy, deltas, and whether outputs are right.

mod check;
mod outputs;
mod rule;

use std::collections::HashMap;

use edgebench_protocol::TimedOutputs;
use edgebench_record::{
    Accuracy, Cell, CellId, Delta, Energy, EnergySource, EnergyWindow, Outcome, OutcomeKind, OutputsVerdict,
};
use edgebench_suites::{Judged, MetricName, Suite, delta, score};

use crate::Plan;
use crate::energy::energy;
use crate::expect::{OUTPUTS_DIFFER, expect};
use crate::limit::{judge_beyond, judge_limit};
use crate::prepare::{Prepared, PreparedTask};
use crate::run::CellState;
use crate::summarise::summarise;
use check::{Checker, Peer};
use outputs::Outputs;
pub(crate) use rule::Rule;

/// With fewer samples of a larger test set an accuracy is not worth showing.
const ENOUGH: usize = 100;

/// How far outputs of the timed run may be off those of the accuracy run, relative to the largest magnitude: sums of several
/// threads in another order are.
const TIMED_TOLERANCE: f64 = 1e-3;

/// A cell's outputs, judged by the task's metric where it has one.
struct Answers {
    outputs: Outputs,
    judged: Option<Judged>,
}

/// Makes the record's cells of what is known of them. `prefixed`: something stands before the workers' commands.
pub(crate) fn judge(
    plan: &Plan,
    suite: &Suite,
    prepared: &Prepared,
    states: Vec<CellState>,
    interrupted: bool,
    prefixed: bool,
) -> Vec<Cell> {
    let mut answers: Vec<Option<Answers>> = Vec::new();
    let mut cells: Vec<Cell> = Vec::new();
    for (planned, state) in plan.cells.iter().zip(states) {
        let not_held = state.not_held.clone();
        let (mut cell, answer) = assemble(plan, suite, prepared, &planned.id, state, interrupted);
        cell.memory_limit = plan
            .measure
            .memory_limit_bytes
            .and_then(|limit| judge_limit(limit, &cell.outcome, &cell.invocations, not_held.as_deref(), prefixed));
        if let Some(judged) = &mut cell.memory_limit {
            judge_beyond(judged, &cell.scenarios, cell.energy.as_ref());
        }
        cells.push(cell);
        answers.push(answer);
    }
    add_deltas(plan, suite, prepared, &mut cells, &answers);
    check_outputs(plan, suite, prepared, &mut cells, &answers);
    for cell in &mut cells {
        let expectation = suite.expected(&cell.id.task, &cell.id.variant, &cell.id.backend);
        expect(&mut cell.outcome, expectation);
    }
    cells
}

/// One cell without what others have to do with it.
fn assemble(
    plan: &Plan,
    suite: &Suite,
    prepared: &Prepared,
    id: &CellId,
    state: CellState,
    interrupted: bool,
) -> (Cell, Option<Answers>) {
    let model = prepared.models.get(&(id.task.clone(), id.variant.clone()));
    let metric = suite.task(&id.task).and_then(|task| task.metric);
    let task = prepared.tasks.get(&id.task);
    let mut outcome = match state.ended {
        Some(outcome) => outcome,
        None if state.invocations.is_empty() => Outcome::of(
            OutcomeKind::Skipped,
            if interrupted {
                "the run was interrupted before its turn"
            } else {
                "it was not run"
            },
        ),
        None if state.invocations.len() < plan.measure.invocations => {
            let mut outcome = Outcome::measured();
            outcome.reason = format!(
                "{} of {} invocations: the run was interrupted",
                state.invocations.len(),
                plan.measure.invocations
            );
            outcome
        }
        None => Outcome::measured(),
    };
    let mut accuracy = None;
    let mut answers = None;
    if let (Some((path, evaluation)), Some(task)) = (&state.evaluation, task) {
        match Outputs::read(path, evaluation.indices.as_deref(), state.answer.as_deref()) {
            Ok(outputs) => {
                let scored = metric.and_then(|metric| scored(metric, &outputs, task));
                let judged = match scored {
                    // So few samples decide nothing; their outputs are still held against the reference's.
                    Some(Ok(_)) if evaluation.samples < ENOUGH.min(task.samples) => None,
                    Some(Ok((score, judged))) => {
                        accuracy = Some(Accuracy {
                            metric: score.metric.id().to_owned(),
                            value: score.value,
                            interval: score.interval,
                            samples: score.samples,
                            of_samples: task.samples,
                            deterministic: evaluation.deterministic,
                            elapsed_ns: evaluation.elapsed_ns,
                            delta: None,
                            answers: recorded(&judged, &outputs, task.samples),
                        });
                        Some(judged)
                    }
                    Some(Err(why)) if outcome.is_measured() => {
                        outcome = Outcome::of(OutcomeKind::Failed, format!("its outputs have no accuracy: {why}"));
                        outcome.stage = Some("evaluate".to_owned());
                        None
                    }
                    Some(Err(_)) | None => None,
                };
                answers = Some(Answers { outputs, judged });
            }
            Err(error) if outcome.is_measured() => {
                outcome = Outcome::of(OutcomeKind::Failed, format!("its outputs cannot be read: {error}"));
                outcome.stage = Some("evaluate".to_owned());
            }
            Err(_) => {}
        }
    }
    let self_checks = state.evaluation.and_then(|(_, evaluation)| evaluation.self_checks);
    let timed = self_checks.as_ref().and_then(|checks| checks.timed_outputs.as_ref());
    if let Some(why) = timed.and_then(differ).filter(|_| outcome.is_measured()) {
        outcome = Outcome::of(OutcomeKind::Failed, why);
        outcome.stage = Some("evaluate".to_owned());
    }
    let mut cell = Cell {
        id: id.clone(),
        model: model.and_then(|model| model.facts.clone()),
        outcome,
        runtime: state.runtime,
        effective: state.effective,
        summary: summarise(
            &state.invocations,
            id.settings.batch,
            model.and_then(|model| model.facts.as_ref()),
        ),
        invocations: state.invocations,
        accuracy,
        outputs: edgebench_record::OutputsCheck::default(),
        energy: None,
        proxies: None,
        scenarios: state.scenarios,
        self_checks,
        memory_limit: None,
    };
    let windows = [state.windows, state.paced_windows];
    add_energy(&mut cell, state.energy_source.as_ref(), windows, state.energy_failure);
    (cell, answers)
}

/// Adds what windows at full speed and at the paced rate say, and what ended them early.
fn add_energy(
    cell: &mut Cell,
    source: Option<&EnergySource>,
    [windows, paced]: [Vec<EnergyWindow>; 2],
    failure: Option<String>,
) {
    cell.energy = energy(cell, source, windows);
    let at_rate = energy(cell, source, paced).filter(|energy| !energy.windows.is_empty());
    if let Some(paced) = cell.scenarios.iter_mut().find_map(|result| result.paced.as_mut()) {
        // Its delay is not that of inferences one right after the other.
        paced.energy = at_rate.map(|energy| Energy {
            delay_product_js: None,
            ..energy
        });
    }
    if let (Some(energy), Some(why)) = (&mut cell.energy, failure) {
        energy.remarks.push(why);
    }
}

/// Why the timed run's outputs are not those of the accuracy run; `None` where they are.
fn differ(timed: &TimedOutputs) -> Option<String> {
    let share = match timed.largest_relative {
        Some(most) if most <= TIMED_TOLERANCE => return None,
        Some(most) => format!("by {most:.2e} of the largest magnitude"),
        None => "in what is finite".to_owned(),
    };
    let (differing, compared) = (timed.compared - timed.same_bits.min(timed.compared), timed.compared);
    Some(format!(
        "outputs of the timed run are not those of the accuracy run: {differing} of {compared} batches differ {share}"
    ))
}

/// The answers as the record keeps them. Scores that are not finite have no place in JSON, and fewer than all would
/// not be paired.
fn recorded(judged: &Judged, outputs: &Outputs, samples: usize) -> Option<edgebench_record::Answers> {
    if !judged.scores.iter().all(|score| score.is_finite()) {
        return None;
    }
    let all = outputs.indices.len() == samples && outputs.indices.iter().copied().eq(0..samples);
    Some(edgebench_record::Answers {
        indices: (!all).then(|| outputs.indices.clone()),
        classes: judged.predictions.clone(),
        scores: judged.scores.clone(),
    })
}

type Scored = Result<(edgebench_suites::Score, Judged), String>;

/// Judges outputs by a metric; `None` where the task has no labels.
fn scored(metric: MetricName, outputs: &Outputs, task: &PreparedTask) -> Option<Scored> {
    let labels = task.labels.as_ref()?;
    let labels: Option<Vec<i64>> = outputs
        .indices
        .iter()
        .map(|&index| labels.get(index).copied())
        .collect();
    let Some(labels) = labels else {
        return Some(Err("there are more outputs than labels".to_owned()));
    };
    let Some(answer) = outputs.answer() else {
        return Some(Err("the output with the answer is missing".to_owned()));
    };
    Some(score(metric, answer, &labels).map_err(|error| error.to_string()))
}

/// Two cells' answers on the samples that both have.
fn paired(metric: MetricName, task: &PreparedTask, baseline: &Answers, variant: &Answers) -> Option<(Judged, Judged)> {
    if baseline.outputs.indices == variant.outputs.indices {
        return Some((baseline.judged.clone()?, variant.judged.clone()?));
    }
    let common = baseline.outputs.common(&variant.outputs);
    let of = |answers: &Answers| scored(metric, &answers.outputs.select(&common), task)?.ok();
    Some((of(baseline)?.1, of(variant)?.1))
}

/// A variant's delta is taken against the baseline variant on the same backend under the same settings.
fn add_deltas(plan: &Plan, suite: &Suite, prepared: &Prepared, cells: &mut [Cell], answers: &[Option<Answers>]) {
    let baselines: HashMap<(&str, &str, &edgebench_api::Settings), usize> = plan
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.baseline)
        .map(|(index, cell)| {
            (
                (cell.id.task.as_str(), cell.id.backend.as_str(), &cell.id.settings),
                index,
            )
        })
        .collect();
    for (index, planned) in plan.cells.iter().enumerate().filter(|(_, cell)| !cell.baseline) {
        let id = &planned.id;
        let figures = || {
            let &base = baselines.get(&(id.task.as_str(), id.backend.as_str(), &id.settings))?;
            let metric = suite.task(&id.task)?.metric?;
            let (baseline, variant) = paired(
                metric,
                prepared.tasks.get(&id.task)?,
                answers[base].as_ref()?,
                answers[index].as_ref()?,
            )?;
            let figures = delta(&baseline, &variant).ok()?;
            Some(Delta {
                baseline: plan.cells[base].id.variant.clone(),
                value: figures.value,
                interval: figures.interval,
                flips: figures.flips,
                answer_changes: figures.answer_changes,
                mcnemar_p: figures.mcnemar_p,
            })
        };
        let figures = figures();
        if let Some(accuracy) = &mut cells[index].accuracy {
            accuracy.delta = figures;
        }
    }
}

fn check_outputs(plan: &Plan, suite: &Suite, prepared: &Prepared, cells: &mut [Cell], answers: &[Option<Answers>]) {
    let peers: Vec<Peer<'_>> = plan
        .cells
        .iter()
        .zip(answers)
        .map(|(planned, answers)| Peer {
            planned,
            answers: answers.as_ref(),
        })
        .collect();
    let mut checker = Checker::new(plan, suite, prepared, &peers);
    for index in checker.order() {
        let (check, reason) = checker.check(index);
        if let Some(reason) = reason.filter(|_| cells[index].outcome.is_measured()) {
            cells[index].outcome = Outcome::of(OutcomeKind::Failed, reason);
        }
        cells[index].outputs = check;
    }
    for index in (0..cells.len()).filter(|&index| checker.stands_in(index)) {
        dispute(index, cells, &plan.reference);
    }
}

/// Where a backend stands in for the reference and another one's outputs differ from its own, nobody knows which are
/// right: both fail.
fn dispute(index: usize, cells: &mut [Cell], reference: &str) {
    let id = &cells[index].id;
    let against = cells.iter().find(|other| {
        let (mine, theirs) = (id, &other.id);
        (&mine.task, &mine.variant) == (&theirs.task, &theirs.variant)
            && other.outputs.verdict == OutputsVerdict::Differ
            && other
                .outputs
                .reference
                .as_ref()
                .is_some_and(|held| held.backend == mine.backend)
    });
    let Some(other) = against else { return };
    let why = format!(
        "{OUTPUTS_DIFFER}: {} has others, and without {reference} nobody knows which are right",
        other.id.backend
    );
    if cells[index].outcome.is_measured() {
        cells[index].outcome = Outcome::of(OutcomeKind::Failed, why.clone());
    }
    cells[index].outputs.verdict = OutputsVerdict::Differ;
    cells[index].outputs.why = why;
}
