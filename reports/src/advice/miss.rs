//! By how much everything misses a budget.

use serde::Serialize;

use super::advise::CellFit;
use super::name::Named;
use crate::budget::{Budget, Fit, Standing};

/// What comes nearest where nothing fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miss {
    /// The cell that breaks the fewest limits, and of such the one whose worst miss is the least.
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
}

/// The nearest misses among cells that have figures.
pub(super) fn miss(budget: &Budget, cells: &[&CellFit]) -> Option<Miss> {
    let broken = |cell: &CellFit| -> Vec<Fit> {
        let broken = cell.limits.iter().filter(|fit| fit.standing != Standing::Within);
        broken.cloned().collect()
    };
    let nearest = cells.iter().min_by(|a, b| {
        let of = |cell: &CellFit| {
            let broken = broken(cell);
            let worst = broken.iter().map(excess).fold(0.0, f64::max);
            (broken.len(), worst)
        };
        let (a, b) = (of(a), of(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    })?;
    let closest = budget.limits.iter().filter_map(|limit| {
        let fits = cells.iter().filter_map(|cell| {
            let fit = cell.limits.iter().find(|fit| fit.limit == *limit)?;
            Some((cell, fit, fit.headroom?))
        });
        // The first of equals is the fastest.
        let (cell, fit, _) = fits.min_by(|a, b| b.2.total_cmp(&a.2))?;
        Some(Closest {
            named: cell.named.clone(),
            fit: fit.clone(),
        })
    });
    Some(Miss {
        nearest: nearest.named.clone(),
        broken: broken(nearest),
        closest: closest.collect(),
    })
}

/// By which share a limit is missed; by which amount where a difference of accuracies is limited. A figure that is lacking
/// misses by everything.
fn excess(fit: &Fit) -> f64 {
    match (fit.factor, fit.headroom) {
        (Some(factor), _) => factor - 1.0,
        (None, Some(headroom)) => -headroom,
        (None, None) => f64::INFINITY,
    }
}
