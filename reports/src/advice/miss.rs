//! By how much everything misses a budget.

use serde::Serialize;

use super::advise::CellFit;
use super::name::Named;
use crate::budget::{Budget, Fit, Fitness, Standing};

/// What comes nearest of the cells that break a limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miss {
    /// The cell that breaks none surely, if there is one; of such the one that breaks the fewest limits, and of those the
    /// one whose worst miss is the smallest share.
    pub nearest: Named,
    /// The limits that it does not keep.
    pub broken: Vec<Fit>,
    /// For each limit, in the budget's order, the cell that is farthest within it or least beyond; without the limits
    /// that there is no figure for.
    pub closest: Vec<Closest>,
}

/// The cell that comes closest to one limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Closest {
    /// The cell.
    #[serde(flatten)]
    pub named: Named,
    /// Its figure held against the limit.
    pub fit: Fit,
    /// Whether every cell that may be advised has a figure to hold against the limit.
    pub all_known: bool,
}

/// The nearest misses among cells that may be advised but for the budget, in the order of preference. `None` where none breaks a limit.
pub(super) fn miss(budget: &Budget, cells: &[&CellFit]) -> Option<Miss> {
    let broken = |cell: &CellFit| -> Vec<Fit> {
        let broken = cell.limits.iter().filter(|fit| fit.standing != Standing::Within);
        broken.cloned().collect()
    };
    let breaks = |fitness: Option<Fitness>| matches!(fitness, Some(Fitness::BrokenUnsurely | Fitness::Broken));
    let mut missing: Vec<(&CellFit, Vec<Fit>)> = cells
        .iter()
        .filter(|cell| breaks(cell.fitness))
        .map(|cell| (*cell, broken(cell)))
        .collect();
    // The sort is stable, so that the first of equals is the first that was given.
    missing.sort_by(|(a, a_broken), (b, b_broken)| {
        (a.fitness, a_broken.len())
            .cmp(&(b.fitness, b_broken.len()))
            .then(worst(a_broken).total_cmp(&worst(b_broken)))
    });
    let (nearest, broken) = missing.into_iter().next()?;
    let closest = budget.limits.iter().filter_map(|limit| {
        let fits = cells.iter().filter_map(|cell| {
            let fit = cell.limits.iter().find(|fit| fit.limit == *limit)?;
            Some((cell, fit, fit.headroom?))
        });
        let all_known = fits.clone().count() == cells.len();
        // The first of equals is the first that was given.
        let (cell, fit, _) = fits.min_by(|a, b| b.2.total_cmp(&a.2))?;
        Some(Closest {
            named: cell.named.clone(),
            fit: fit.clone(),
            all_known,
        })
    });
    Some(Miss {
        nearest: nearest.named.clone(),
        broken,
        closest: closest.collect(),
    })
}

/// The largest share by which one of these limits is missed. A figure that is lacking misses by everything.
fn worst(broken: &[Fit]) -> f64 {
    let shares = broken.iter().map(|fit| fit.excess.unwrap_or(f64::INFINITY));
    shares.fold(0.0, f64::max)
}
