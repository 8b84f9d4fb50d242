//! One cell of a live gate: restarts until every rule has its call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use edgebench_record::{
    CellId, Change, Confirmation, Evidence, GateCell, Restart, RuleFacts, Scale, Verdict, VerdictKind,
};
use edgebench_stats::sequential::{Call, Design, Set, Trial, spread};
use edgebench_stats::{Interval, median};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::machine;
use super::restart::{Arm, Conditions, Said, restart};

/// The largest padding of an environment: a page.
const MAX_PADDING: usize = 4096;

/// How much longer than the mean a restart is reckoned with when the time is divided up.
const MARGIN: f64 = 0.2;

/// One cell's trials, one per rule.
pub(super) struct Trials {
    rules: Vec<RuleFacts>,
    trials: Vec<Trial>,
}

/// What a cell came to so far.
pub(super) struct Judged {
    pub(super) cell: GateCell,
    pub(super) trials: Trials,
    pub(super) said: [Said; 2],
    pub(super) interrupted: bool,
    /// Why the trials that are undecided are.
    why: String,
}

impl Judged {
    /// A cell that has not begun.
    pub(super) fn new(cell: &CellId, rules: &[(RuleFacts, Design)]) -> Self {
        Self {
            cell: GateCell {
                cell: cell.clone(),
                baseline_outcome: None,
                candidate_outcome: None,
                elapsed_ns: 0,
                restarts: Vec::new(),
            },
            trials: Trials {
                rules: rules.iter().map(|(rule, _)| rule.clone()).collect(),
                trials: rules.iter().map(|&(_, design)| Trial::new(design)).collect(),
            },
            said: [Said::default(), Said::default()],
            interrupted: false,
            why: String::new(),
        }
    }

    /// Whether a side did not come through.
    pub(super) fn failed(&self) -> bool {
        self.cell.baseline_outcome.is_some() || self.cell.candidate_outcome.is_some()
    }

    fn counted(&self) -> impl Iterator<Item = &Restart> {
        self.cell.restarts.iter().filter(|restart| restart.rejected.is_none())
    }
}

/// What is told after each restart.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Restarts that count.
    pub done: usize,
    /// Restarts until the next decision.
    pub left: usize,
    /// The first rule's log ratio in this restart.
    pub log_ratio: Option<f64>,
}

/// Restarts a pair of processes until every rule has its call, the time is up, or a side fails. A cell that was judged
/// before goes on where it ended.
pub(super) fn judge(
    judged: &mut Judged,
    arms: [&Arm<'_>; 2],
    budget: Duration,
    random: &mut ChaCha8Rng,
    interrupt: &AtomicBool,
    observer: &mut dyn FnMut(Progress),
) {
    let begin = Instant::now();
    let before = Duration::from_nanos(judged.cell.elapsed_ns);
    let elapsed = || before + begin.elapsed();
    let threads = arms.iter().map(|arm| arm.id.settings.threads).max().unwrap_or(1);
    let mut cpus = machine::least_busy(threads);
    let mut longest = Duration::ZERO;
    while judged.trials.open() {
        if interrupt.load(Ordering::Relaxed) {
            judged.interrupted = true;
            "interrupted".clone_into(&mut judged.why);
            break;
        }
        if elapsed() + longest > budget {
            judged.why = format!("the time of {} s was up", budget.as_secs_f64());
            break;
        }
        let conditions = Conditions {
            confirming: judged.trials.confirming(),
            candidate_first: random.random_bool(0.5),
            padding: [
                random.random_range(0..=MAX_PADDING),
                random.random_range(0..=MAX_PADDING),
            ],
            cpus: cpus.clone(),
        };
        let start = Instant::now();
        let one = match restart(arms, conditions, interrupt) {
            Ok((one, said)) => {
                judged.said = said;
                one
            }
            Err(ended) => {
                judged.interrupted = ended.interrupted;
                if ended.interrupted {
                    "interrupted".clone_into(&mut judged.why);
                    break;
                }
                [judged.cell.baseline_outcome, judged.cell.candidate_outcome] = ended.outcomes;
                break;
            }
        };
        longest = longest.max(start.elapsed());
        let (rejected, log_ratios) = (one.rejected.clone(), one.log_ratio.clone());
        judged.cell.restarts.push(one);
        let all = judged.cell.restarts.len();
        let counted = judged.counted().count();
        if let Some(why) = rejected {
            if all - counted > judged.trials.planned() {
                judged.why = format!("{} restarts did not count: {why}", all - counted);
                break;
            }
            cpus = machine::least_busy(threads);
            continue;
        }
        judged.trials.push(&log_ratios);
        // Restarts take longer and shorter; what is planned must fit all the same.
        let each = (elapsed() / all as u32).mul_f64(1.0 + MARGIN);
        let left = budget.saturating_sub(elapsed());
        let fitting = (left.as_secs_f64() / each.as_secs_f64()) as usize;
        judged.trials.allow(counted + fitting.saturating_sub(1));
        observer(Progress {
            done: counted,
            left: judged.trials.left(),
            log_ratio: judged
                .trials
                .rules
                .first()
                .and_then(|rule| log_ratios.get(&rule.metric).copied()),
        });
    }
    judged.trials.stop();
    judged.cell.elapsed_ns = elapsed().as_nanos() as u64;
}

impl Trials {
    pub(super) fn open(&self) -> bool {
        self.trials.iter().any(|trial| trial.wants().is_some())
    }

    fn confirming(&self) -> bool {
        self.trials.iter().any(|trial| trial.wants() == Some(Set::Confirming))
    }

    fn planned(&self) -> usize {
        let planned = |trial: &Trial| trial.planned().unwrap_or(trial.design().minimum());
        self.trials.iter().map(planned).max().unwrap_or(0)
    }

    fn left(&self) -> usize {
        self.trials.iter().map(Trial::until_next_look).max().unwrap_or(0)
    }

    fn allow(&mut self, restarts: usize) {
        for trial in &mut self.trials {
            trial.allow(restarts);
        }
    }

    /// A rule whose metric this restart lacks cannot be decided.
    fn push(&mut self, log_ratios: &BTreeMap<String, f64>) {
        for (rule, trial) in self.rules.iter().zip(&mut self.trials) {
            match log_ratios.get(&rule.metric) {
                Some(&log_ratio) => trial.push(log_ratio),
                None => trial.stop(),
            }
        }
    }

    /// Ends what is undecided.
    fn stop(&mut self) {
        for trial in &mut self.trials {
            trial.stop();
        }
    }

    /// Gives undecided trials a larger α.
    pub(super) fn relax(&mut self, alpha: f64) {
        for trial in &mut self.trials {
            trial.relax(alpha);
        }
    }

    /// How many of the rules were called regressed.
    pub(super) fn regressed(&self) -> usize {
        let regressed = |trial: &&Trial| trial.call() == Some(Call::Regressed);
        self.trials.iter().filter(regressed).count()
    }
}

impl Judged {
    /// One verdict per rule.
    pub(super) fn verdicts(&self, baseline: Option<&CellId>) -> Vec<Verdict> {
        let rules = self.trials.rules.iter().zip(&self.trials.trials);
        rules
            .map(|(rule, trial)| verdict(rule, trial, self, baseline))
            .collect()
    }
}

fn verdict(rule: &RuleFacts, trial: &Trial, judged: &Judged, baseline: Option<&CellId>) -> Verdict {
    let kind = match trial.call() {
        Some(Call::Regressed) => VerdictKind::Regressed,
        Some(Call::Improved) => VerdictKind::Improved,
        Some(Call::Passed) => VerdictKind::Passed,
        Some(Call::Inconclusive) | None => VerdictKind::Inconclusive,
    };
    let further = trial.further().filter(|_| kind == VerdictKind::Inconclusive);
    let figure = |side: usize| {
        let figures: Vec<f64> = judged
            .counted()
            .filter_map(|restart| restart.figures.get(&rule.metric).map(|figures| figures[side]))
            .collect();
        median(&figures)
    };
    Verdict {
        cell: judged.cell.cell.clone(),
        baseline_cell: baseline.cloned(),
        metric: rule.metric.clone(),
        class: None,
        kind,
        reason: match kind {
            VerdictKind::Inconclusive => reason(trial, &judged.why),
            VerdictKind::Regressed => format!(
                "surely worse by more than {} %, a third of the tolerance",
                (trial.design().threshold.exp_m1() * 1e5).round() / 1e3
            ),
            _ => String::new(),
        },
        gating: true,
        tolerance: Some(rule.tolerance),
        baseline: figure(0),
        candidate: figure(1),
        change: trial.estimate().map(|(estimate, interval)| Change {
            scale: Scale::Relative,
            estimate: estimate.exp_m1(),
            interval: interval.map(|interval| Interval {
                low: interval.low.exp_m1(),
                high: interval.high.exp_m1(),
                confidence: interval.confidence,
            }),
            minimum_detectable: trial.minimum_detectable().map(f64::exp_m1),
            significant: interval.is_some_and(|interval| !interval.contains(0.0)),
        }),
        evidence: Evidence {
            test: "signed-rank".to_owned(),
            n: Some(trial.restarts()),
            p_worse: trial.p(),
            level: Some(trial.design().level()),
            planned: trial.planned(),
            looks: Some(trial.looks()),
            spread: spread(&trial.log_ratios()),
            confirmation: trial.confirmed().map(|confirmed| Confirmation {
                n: confirmed.n,
                p_worse: confirmed.p,
                confirmed: confirmed.confirmed,
            }),
            further,
            flips: None,
        },
    }
}

/// Why a trial came to no decision.
fn reason(trial: &Trial, why: &str) -> String {
    match trial.confirmed() {
        _ if !why.is_empty() && !trial.unconfirmed() => why.to_owned(),
        _ if trial.restarts() == 0 => "the metric was not measured, or is too short for the clock".to_owned(),
        None if trial.unconfirmed() => "it looks worse, and there was no time for the second set".to_owned(),
        Some(confirmed) if !confirmed.confirmed => "the second set did not confirm the first".to_owned(),
        _ => format!("{} restarts do not decide", trial.restarts()),
    }
}
