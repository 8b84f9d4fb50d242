//! Which cells change places between a burst and a soak.

use crate::{Cell, SoakFigures};

/// Two cells of a task of which the first is faster in a burst and the second in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankFlip {
    /// Index of the cell that is faster in a burst.
    pub burst: usize,
    /// Index of the cell that is faster in the long run.
    pub sustained: usize,
}

/// The pairs of cells of the same task and batch that change places between burst and sustained throughput, both times
/// by more than `margin` (0.03 is 3 %). Only valid soaks of measured cells count. In the order of the cells.
pub fn rank_flips(cells: &[Cell], margin: f64) -> Vec<RankFlip> {
    let soaks: Vec<(usize, &Cell, &SoakFigures)> = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.outcome.is_measured())
        .filter_map(|(index, cell)| {
            let mut valid = cell.scenarios.iter().filter(|result| result.is_valid());
            let soak = valid.find_map(|result| result.soak.as_ref())?;
            Some((index, cell, soak))
        })
        .collect();
    let ahead = |one: f64, other: f64| one > other * (1.0 + margin);
    let mut flips = Vec::new();
    for (index, cell, soak) in &soaks {
        for (other_index, other, other_soak) in &soaks {
            let alike = cell.id.task == other.id.task && cell.id.settings.batch == other.id.settings.batch;
            if alike
                && ahead(soak.burst_per_s, other_soak.burst_per_s)
                && ahead(other_soak.sustained_per_s, soak.sustained_per_s)
            {
                flips.push(RankFlip {
                    burst: *index,
                    sustained: *other_index,
                });
            }
        }
    }
    flips
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use edgebench_api::{Nanos, Settings};

    use super::*;
    use crate::{CellId, Outcome, OutputsCheck, ScenarioKind, ScenarioResult, ScenarioVerdict};

    fn cell(task: &str, burst_per_s: f64, sustained_per_s: f64) -> Cell {
        let mut result = ScenarioResult::new(ScenarioKind::Soak);
        result.verdict = ScenarioVerdict::Valid;
        result.soak = Some(SoakFigures {
            cool_down_ns: Nanos(0),
            intervals: Vec::new(),
            burst_per_s,
            sustained_per_s,
        });
        Cell {
            id: CellId {
                task: task.to_owned(),
                variant: "v".to_owned(),
                backend: "b".to_owned(),
                settings: Settings::default(),
            },
            model: None,
            outcome: Outcome::measured(),
            runtime: None,
            effective: BTreeMap::new(),
            invocations: Vec::new(),
            summary: None,
            accuracy: None,
            outputs: OutputsCheck::default(),
            energy: None,
            proxies: None,
            scenarios: vec![result],
            self_checks: None,
            memory_limit: None,
        }
    }

    #[test]
    fn a_cell_that_throttles_falls_behind() {
        let cells = [
            cell("a", 100.0, 60.0),
            cell("a", 90.0, 85.0),
            cell("a", 99.0, 61.0),
            cell("b", 80.0, 80.0),
        ];
        // The first two change places; the third is too close to the first one, both times.
        let flip = |burst, sustained| RankFlip { burst, sustained };
        assert_eq!(rank_flips(&cells, 0.03), [flip(0, 1), flip(2, 1)]);
        assert_eq!(rank_flips(&cells, 0.2), []);
    }

    #[test]
    fn what_is_not_valid_or_no_number_does_not_count() {
        let mut cells = [cell("a", 100.0, 60.0), cell("a", 90.0, 85.0)];
        cells[1].scenarios[0].verdict = ScenarioVerdict::Invalid;
        assert_eq!(rank_flips(&cells, 0.03), []);
        let cells = [cell("a", f64::NAN, 60.0), cell("a", 90.0, f64::INFINITY)];
        assert_eq!(rank_flips(&cells, 0.03), []);
        assert_eq!(rank_flips(&[], 0.03), []);
    }
}
