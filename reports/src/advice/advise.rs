//! The best cell of a task, under a budget where there is one.

use edgebench_record::{Cell, OutputsVerdict, Record, TaskFacts};
use serde::Serialize;

use super::against::{Against, latency, speed};
use super::alternative::{Alternative, Other, Reason, Search};
use super::miss::{Miss, miss};
use super::name::Named;
use crate::budget::{Budget, Fit, Fitness, fit, fitness};
use crate::ranking::{Rank, ranked, significant};
use crate::text::plain;

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
    /// No cell was measured and is as accurate as it must be.
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
    /// Cells beside the best that are as fast within the noise, and fit as surely.
    pub tied: Vec<Named>,
    /// What else is worth naming.
    pub alternatives: Vec<Alternative>,
    /// Where nothing fits, what comes nearest.
    pub miss: Option<Miss>,
    /// Where nothing fits, the fastest cell that would but for an accuracy that is, or may be, below the baseline's, which
    /// the budget does not speak of.
    pub less_accurate: Option<Alternative>,
    /// Cells with figures that stand.
    pub measured: usize,
    /// Every cell of the task, in the order of a table, with its figures held against the limits.
    pub cells: Vec<CellFit>,
    /// Whether times mean nothing, for another architecture emulated this one.
    pub emulated: bool,
}

/// The cell to ship.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Best {
    /// The cell.
    #[serde(flatten)]
    pub named: Named,
    /// The median latency in nanoseconds; the mean where there are too few samples for a median.
    pub latency_ns: f64,
    /// Whether that is a mean.
    pub is_mean: bool,
    /// Whether it is the baseline variant itself.
    pub is_baseline: bool,
    /// Against the baseline variant on the same backend with the same settings, or else its fastest cell; absent where
    /// that was not measured, and for the baseline itself.
    pub against: Option<Against>,
    /// The fastest cell after it that may be advised as well.
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
}

/// What to ship for a task, under a budget where there is one.
///
/// The best cell is the fastest of those whose outputs are right and whose accuracy is not significantly worse than the
/// baseline's, or as a budget asks. Under a budget it is the fastest of those that surely fit; where there is none, of
/// those that fit, but not surely.
pub fn advise(record: &Record, task: &TaskFacts, budget: Option<&Budget>) -> Advice {
    let cells = ranked(record, &task.id);
    let name = |cell: &Cell| Named::among(cell, cells.iter().map(|(_, cell)| *cell));
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
    // Two ranks may be eligible, each of which is in the order of latency.
    let fastest = |fitness: Option<Fitness>| -> Vec<&Cell> {
        let mut cells: Vec<&Cell> = eligible()
            .filter(|(_, _, fit)| fit.fitness == fitness)
            .map(|(cell, _, _)| *cell)
            .collect();
        cells.sort_by(|a, b| by_latency(a, b));
        cells
    };
    let (advised, pool) = match budget {
        None => (Advised::Ship, fastest(None)),
        Some(_) => [
            (Advised::Ship, Fitness::Surely),
            (Advised::ShipUnsurely, Fitness::Unsurely),
        ]
        .into_iter()
        .map(|(advised, fitness)| (advised, fastest(Some(fitness))))
        .find(|(_, pool)| !pool.is_empty())
        .unwrap_or((Advised::NothingFits, Vec::new())),
    };
    let advised = match pool.is_empty() {
        false => advised,
        true if eligible().next().is_none() => Advised::NoAnswer,
        true if eligible().any(|(_, _, fit)| fit.fitness == Some(Fitness::Unknown)) => Advised::Unknown,
        true => Advised::NothingFits,
    };
    let mut others: Vec<Other<'_>> = all
        .iter()
        .filter(|(cell, rank, fit)| {
            *rank != Rank::Out && latency(cell).is_some() && fit.fitness.is_none_or(Fitness::fits)
        })
        .map(|(cell, rank, fit)| Other {
            cell,
            rank: *rank,
            fitness: fit.fitness,
        })
        .collect();
    others.sort_by(|a, b| by_latency(a.cell, b.cell));
    let best = pool.first().copied();
    let tied = match best.filter(|_| !record.host.emulated) {
        Some(best) => tied(best, &pool).into_iter().map(name).collect(),
        None => Vec::new(),
    };
    let other = best.map(|best| {
        others.retain(|other| !std::ptr::eq(other.cell, best));
        let emulated = record.host.emulated;
        Search { best, task, emulated }.alternatives(&others, name)
    });
    let (miss, less_accurate) = match (budget, best) {
        (Some(budget), None) => {
            let measured: Vec<&CellFit> = eligible().map(|(_, _, fit)| *fit).collect();
            let less = others.iter().find(|other| other.rank == Rank::Doubtful);
            let less = less.map(|other| Alternative::of(other, other.cell, Reason::Faster, name(other.cell)));
            (miss(budget, &measured), less)
        }
        _ => (None, None),
    };
    Advice {
        task: task.id.clone(),
        baseline: task.baseline.clone(),
        metric: task.metric.clone(),
        budget: budget.cloned(),
        advised,
        best: best.map(|best| Best::of(best, task, &all, &pool, name)),
        tied,
        alternatives: other.unwrap_or_default(),
        miss,
        less_accurate,
        emulated: record.host.emulated,
        measured: all.iter().filter(|(_, rank, _)| *rank != Rank::Out).count(),
        cells: fits,
    }
}

fn by_latency(a: &Cell, b: &Cell) -> std::cmp::Ordering {
    let of = |cell: &Cell| latency(cell).unwrap_or(f64::INFINITY);
    of(a).total_cmp(&of(b))
}

/// Cells of the same batch whose speed the intervals do not tell from the best's.
fn tied<'a>(best: &Cell, pool: &[&'a Cell]) -> Vec<&'a Cell> {
    let noise = |cell: &&&Cell| {
        cell.id.settings.batch == best.id.settings.batch && speed(best, cell).is_some_and(|ratio| ratio.is_noise())
    };
    pool.iter().skip(1).filter(noise).copied().collect()
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
    let why = match rank {
        Rank::Out => out(cell),
        _ if latency(cell).is_none() => "its latency is damaged".to_owned(),
        Rank::Doubtful if !loss_is_allowed => doubt(cell).to_owned(),
        Rank::Candidate | Rank::Doubtful => String::new(),
    };
    CellFit {
        named,
        eligible: why.is_empty(),
        fitness: budget.map(|_| fitness(&limits)),
        limits,
        why,
    }
}

/// Why a cell has no figures that stand.
fn out(cell: &Cell) -> String {
    if cell.outputs.verdict == OutputsVerdict::Differ {
        return "outputs differ".to_owned();
    }
    let kind = cell.outcome.kind.name();
    match plain(&cell.outcome.reason) {
        reason if reason.is_empty() => format!("{kind}, without figures"),
        reason => format!("{kind}: {reason}"),
    }
}

/// Why a cell's accuracy is in doubt.
fn doubt(cell: &Cell) -> &'static str {
    let Some(accuracy) = &cell.accuracy else {
        return "its accuracy was not measured";
    };
    match accuracy.delta.as_ref().map(|delta| significant(accuracy, delta)) {
        Some(Some(true)) => "significantly less accurate than the baseline",
        Some(_) => "less accurate than the baseline, and untested",
        None => "not held against the baseline",
    }
}

impl Best {
    fn of(
        best: &Cell,
        task: &TaskFacts,
        all: &[(&Cell, Rank, &CellFit)],
        pool: &[&Cell],
        name: impl Fn(&Cell) -> Named,
    ) -> Self {
        let baselines = || {
            let measured = all.iter().filter(|(_, rank, _)| *rank != Rank::Out);
            measured
                .map(|(cell, _, _)| *cell)
                .filter(|cell| cell.id.variant == task.baseline && latency(cell).is_some())
        };
        let baseline = baselines()
            .find(|cell| cell.id.backend == best.id.backend && cell.id.settings == best.id.settings)
            .or_else(|| baselines().next());
        let next = pool.get(1).and_then(|next| {
            Some(Next {
                named: name(next),
                latency_ns: latency(next)?,
            })
        });
        let latency_facts = best.summary.as_ref().map(|summary| &summary.latency);
        let mean = latency_facts
            .filter(|latency| latency.percentile(0.5).is_none())
            .map(|latency| latency.mean_ns)
            .filter(|mean| mean.is_finite() && *mean > 0.0);
        let accuracy = best.accuracy.as_ref();
        let delta = accuracy.and_then(|accuracy| accuracy.delta.as_ref());
        Self {
            named: name(best),
            latency_ns: mean.or_else(|| latency(best)).unwrap_or_default(),
            is_mean: mean.is_some(),
            is_baseline: best.id.variant == task.baseline,
            against: baseline
                .filter(|baseline| baseline.id != best.id)
                .map(|baseline| Against::of(best, baseline, name(baseline))),
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
