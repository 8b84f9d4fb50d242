//! The best cell of a task, under a budget where there is one.

use std::cmp::Ordering;

use edgebench_record::{Cell, Record, TaskFacts};
use serde::Serialize;

use super::against::{Against, bytes, latency, speed};
use super::alternative::{Alternative, Other, Reason, Search};
use super::miss::{Miss, miss};
use super::name::{Named, Names};
use super::objection::Objection;
use crate::amount::is_time;
use crate::budget::{Budget, Fit, Fitness, fit, fitness};
use crate::ranking::{Rank, ranked, significant};

/// What is advised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advised {
    /// The best cell; under a budget it surely fits.
    Ship,
    /// The best cell fits, but not surely, and none does surely.
    ShipUnsurely,
    /// Nothing is shown to fit, but of some cells only figures are lacking.
    Unknown,
    /// Every cell breaks a limit.
    NothingFits,
    /// No cell was measured and is as accurate as it must be; or nothing is known by which to choose.
    NoAnswer,
}

/// Which cell of a task to ship, what it gains and costs, and what else there is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// The task's id.
    pub task: String,
    /// The baseline variant's id.
    pub baseline: String,
    /// The metric of accuracy; absent where it is not measured.
    pub metric: Option<String>,
    /// What was allowed.
    pub budget: Option<Budget>,
    /// What is advised.
    pub advised: Advised,
    /// The cell to ship.
    pub best: Option<Best>,
    /// Cells beside the best that are as fast within the noise, and fit as surely; under emulation those of its size.
    pub tied: Vec<Named>,
    /// What else is worth naming.
    pub alternatives: Vec<Alternative>,
    /// Where nothing is shown to fit, the first cell that breaks no limit, but of which figures are lacking.
    pub unknown: Option<Named>,
    /// Where nothing is shown to fit, what comes nearest of the cells that break a limit.
    pub miss: Option<Miss>,
    /// Where nothing is shown to fit, the fastest cell that would but for an accuracy that is, or may be, below the baseline's, which
    /// the budget does not speak of.
    pub less_accurate: Option<Alternative>,
    /// Cells with figures that stand.
    pub measured: usize,
    /// Every cell of the task, in the order of a table, with its figures held against the limits.
    pub cells: Vec<CellFit>,
    /// Whether times and memory say nothing, for another architecture emulated this one. Then no choice rests on them,
    /// and the best cell is the smallest.
    pub emulated: bool,
}

/// The cell to ship.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Best {
    /// The cell.
    #[serde(flatten)]
    pub named: Named,
    /// The median latency in nanoseconds; the mean where there are too few samples for a median. Absent under emulation.
    pub latency_ns: Option<f64>,
    /// Whether that is a mean.
    pub is_mean: bool,
    /// Whether it is the baseline variant itself.
    pub is_baseline: bool,
    /// Against the baseline variant on the same backend with the same settings, or else its fastest cell; absent where
    /// that was not measured, and for the baseline itself.
    pub against: Option<Against>,
    /// The fastest cell after it that may be advised as well; absent under emulation.
    pub next: Option<Next>,
    /// The accuracy, a fraction; absent where it was not measured.
    pub accuracy: Option<f64>,
    /// The accuracy less the baseline's.
    pub delta: Option<f64>,
    /// Whether that difference is significant; absent where it was not tested.
    pub significant: Option<bool>,
    /// The processes that measured it.
    pub invocations: usize,
}

/// The fastest cell after the best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Next {
    /// The cell.
    #[serde(flatten)]
    pub named: Named,
    /// Its median latency in nanoseconds.
    pub latency_ns: f64,
}

/// A cell of the task, held against the limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellFit {
    /// The cell.
    #[serde(flatten)]
    pub named: Named,
    /// Whether it may be advised: measured, right, and as accurate as the baseline, or as accurate as the budget asks.
    pub eligible: bool,
    /// How it stands to all limits; absent without a budget, and where it has no figures.
    pub fitness: Option<Fitness>,
    /// The limits, in the budget's order.
    pub limits: Vec<Fit>,
    /// Why it has no figures, or may not be advised; empty otherwise.
    pub why: String,
    /// The same as a kind, to count.
    #[serde(skip)]
    pub(super) objection: Option<Objection>,
}

/// What to ship for a task, under a budget where there is one.
///
/// The best cell is the fastest of those whose outputs are right and whose accuracy is not significantly worse than the
/// baseline's, or as a budget asks. Under a budget it is the fastest of those that surely fit; where there is none, of
/// those that fit, but not surely. Under emulation, where times say nothing, it is the smallest instead.
pub fn advise(record: &Record, task: &TaskFacts, budget: Option<&Budget>) -> Advice {
    let cells = ranked(record, &task.id);
    let emulated = record.host.emulated;
    let names = Names::of(cells.iter().map(|(_, cell)| *cell));
    let name = |cell: &Cell| names.name(cell);
    let fits: Vec<CellFit> = cells
        .iter()
        .map(|(rank, cell)| cell_fit(record, task, (*rank, cell), budget, name(cell)))
        .collect();
    let all: Vec<(&Cell, Rank, &CellFit)> = cells
        .iter()
        .zip(&fits)
        .map(|((rank, cell), fit)| (*cell, *rank, fit))
        .collect();
    let eligible = || all.iter().filter(|(_, _, fit)| fit.eligible);
    let order = if emulated { by_size } else { by_latency };
    let is_known = |cell: &Cell| if emulated { bytes(cell) } else { latency(cell) }.is_some();
    // Two ranks may be eligible, each of which is in the order of latency.
    let foremost = |fitness: Option<Fitness>| -> Vec<&Cell> {
        let mut cells: Vec<&Cell> = eligible()
            .filter(|(cell, _, fit)| fit.fitness == fitness && is_known(cell))
            .map(|(cell, _, _)| *cell)
            .collect();
        cells.sort_by(|a, b| order(a, b));
        cells
    };
    let (advised, pool) = match budget {
        None => (Advised::Ship, foremost(None)),
        Some(_) => [
            (Advised::Ship, Fitness::Surely),
            (Advised::ShipUnsurely, Fitness::Unsurely),
        ]
        .into_iter()
        .map(|(advised, fitness)| (advised, foremost(Some(fitness))))
        .find(|(_, pool)| !pool.is_empty())
        .unwrap_or((Advised::NothingFits, Vec::new())),
    };
    let advised = match pool.is_empty() {
        false => advised,
        true if eligible().next().is_none() => Advised::NoAnswer,
        // What fits has nothing to be chosen by.
        true if eligible().any(|(_, _, fit)| fit.fitness.is_none_or(Fitness::fits)) => Advised::NoAnswer,
        true if eligible().any(|(_, _, fit)| fit.fitness == Some(Fitness::Unknown)) => Advised::Unknown,
        true => Advised::NothingFits,
    };
    let mut others: Vec<Other<'_>> = all
        .iter()
        .filter(|(cell, rank, fit)| *rank != Rank::Out && is_known(cell) && fit.fitness.is_none_or(Fitness::fits))
        .map(|(cell, rank, fit)| Other {
            cell,
            rank: *rank,
            fitness: fit.fitness,
        })
        .collect();
    others.sort_by(|a, b| order(a.cell, b.cell));
    let best = pool.first().copied();
    let tied = best.map_or_else(Vec::new, |best| {
        let tied = tied(best, &pool, emulated).into_iter();
        tied.map(name).collect()
    });
    let other = best.map(|best| {
        others.retain(|other| !std::ptr::eq(other.cell, best));
        Search { best, task, emulated }.alternatives(&others, name)
    });
    let (unknown, miss, less_accurate) = match (budget, best) {
        (Some(budget), None) => {
            let mut measured: Vec<(&Cell, &CellFit)> = eligible().map(|(cell, _, fit)| (*cell, *fit)).collect();
            measured.sort_by(|(a, _), (b, _)| order(a, b));
            let measured: Vec<&CellFit> = measured.into_iter().map(|(_, fit)| fit).collect();
            let unknown = measured.iter().find(|fit| fit.fitness == Some(Fitness::Unknown));
            let less = others.iter().find(|other| other.rank == Rank::Doubtful);
            let reason = if emulated { Reason::Smaller } else { Reason::Faster };
            let less = less.map(|other| {
                let best = other.cell;
                Search { best, task, emulated }.alternative(other, reason, name(other.cell))
            });
            (unknown.map(|fit| fit.named.clone()), miss(budget, &measured), less)
        }
        _ => (None, None, None),
    };
    Advice {
        task: task.id.clone(),
        baseline: task.baseline.clone(),
        metric: task.metric.clone(),
        budget: budget.cloned(),
        advised,
        best: best.map(|best| Best::of(best, task, &all, &pool, emulated, name)),
        tied,
        alternatives: other.unwrap_or_default(),
        unknown,
        miss,
        less_accurate,
        emulated,
        measured: all.iter().filter(|(_, rank, _)| *rank != Rank::Out).count(),
        cells: fits,
    }
}

fn by_latency(a: &Cell, b: &Cell) -> Ordering {
    let of = |cell: &Cell| latency(cell).unwrap_or(f64::INFINITY);
    of(a).total_cmp(&of(b))
}

/// By size, and cells of the same size by their names: the order that they come in is that of their speed.
fn by_size(a: &Cell, b: &Cell) -> Ordering {
    let of = |cell: &Cell| bytes(cell).unwrap_or(f64::INFINITY);
    of(a).total_cmp(&of(b)).then_with(|| a.id.cmp(&b.id))
}

/// Cells of the same batch whose speed the intervals do not tell from the best's; under emulation those of its size.
fn tied<'a>(best: &Cell, pool: &[&'a Cell], emulated: bool) -> Vec<&'a Cell> {
    let is_tied = |cell: &&&Cell| {
        if emulated {
            return bytes(cell) == bytes(best);
        }
        cell.id.settings.batch == best.id.settings.batch && speed(best, cell).is_ok_and(|ratio| ratio.is_noise())
    };
    pool.iter().skip(1).filter(is_tied).copied().collect()
}

fn cell_fit(
    record: &Record,
    task: &TaskFacts,
    (rank, cell): (Rank, &Cell),
    budget: Option<&Budget>,
    named: Named,
) -> CellFit {
    let budget = budget.filter(|_| rank != Rank::Out);
    let limits: Vec<Fit> = budget.map_or_else(Vec::new, |budget| {
        let limits = budget.limits.iter();
        limits.map(|limit| fit(record, task, cell, limit)).collect()
    });
    let loss_is_allowed = budget.is_some_and(Budget::bounds_accuracy);
    let objection = Objection::to(cell, rank, loss_is_allowed, record.host.emulated);
    CellFit {
        named,
        eligible: objection.is_none(),
        fitness: budget.map(|_| fitness(&limits)),
        limits,
        why: objection.map_or_else(String::new, |objection| objection.why(cell)),
        objection,
    }
}

impl Best {
    fn of(
        best: &Cell,
        task: &TaskFacts,
        all: &[(&Cell, Rank, &CellFit)],
        pool: &[&Cell],
        emulated: bool,
        name: impl Fn(&Cell) -> Named,
    ) -> Self {
        let baselines = || {
            let measured = all.iter().filter(|(_, rank, _)| *rank != Rank::Out);
            measured
                .map(|(cell, _, _)| *cell)
                .filter(|cell| cell.id.variant == task.baseline && (emulated || latency(cell).is_some()))
        };
        let baseline = baselines()
            .find(|cell| cell.id.backend == best.id.backend && cell.id.settings == best.id.settings)
            .or_else(|| {
                if emulated {
                    baselines().min_by(|a, b| by_size(a, b))
                } else {
                    baselines().next()
                }
            });
        let next = pool.get(1).filter(|_| !emulated).and_then(|next| {
            Some(Next {
                named: name(next),
                latency_ns: latency(next)?,
            })
        });
        let latency_facts = best.summary.as_ref().map(|summary| &summary.latency);
        let mean = latency_facts
            .filter(|latency| latency.percentile(0.5).is_none())
            .map(|latency| latency.mean_ns)
            .filter(|mean| is_time(*mean) && !emulated);
        let accuracy = best.accuracy.as_ref();
        let delta = accuracy.and_then(|accuracy| accuracy.delta.as_ref());
        Self {
            named: name(best),
            latency_ns: mean.or_else(|| latency(best)).filter(|_| !emulated),
            is_mean: mean.is_some(),
            is_baseline: best.id.variant == task.baseline,
            against: baseline
                .filter(|baseline| baseline.id != best.id)
                .map(|baseline| Against::of(best, baseline, name(baseline), emulated)),
            next,
            accuracy: accuracy
                .map(|accuracy| accuracy.value)
                .filter(|value| (0.0..=1.0).contains(value)),
            delta: delta
                .map(|delta| delta.value)
                .filter(|value| (-1.0..=1.0).contains(value)),
            significant: accuracy
                .zip(delta)
                .and_then(|(accuracy, delta)| significant(accuracy, delta)),
            invocations: best.invocations.len(),
        }
    }
}
