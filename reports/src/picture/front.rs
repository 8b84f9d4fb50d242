//! The Pareto front: what nothing else beats.

use edgebench_record::Direction;

/// Which points (cost, accuracy) no other beats: none is as accurate at a better cost, or more accurate at the same. By
/// the figures themselves; what noise may have done to them, the intervals show.
pub(super) fn front(points: &[(f64, f64)], direction: Direction) -> Vec<bool> {
    let cheaper = |a: f64, b: f64| match direction {
        Direction::Lower => a.total_cmp(&b),
        Direction::Higher => b.total_cmp(&a),
    };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| cheaper(points[a].0, points[b].0).then(points[b].1.total_cmp(&points[a].1)));
    let mut unbeaten = vec![false; points.len()];
    let mut last: Option<(f64, f64)> = None;
    for index in order {
        let here = points[index];
        if last.is_none_or(|last| here.1 > last.1 || here == last) {
            unbeaten[index] = true;
            last = Some(here);
        }
    }
    unbeaten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_ties_and_nothing_that_is_beaten() {
        let points = [
            (1.0, 0.8),
            (1.0, 0.8),
            (1.0, 0.7),
            (2.0, 0.8),
            (2.0, 0.9),
            (3.0, 0.9),
            (0.5, 0.1),
        ];
        assert_eq!(
            front(&points, Direction::Lower),
            [true, true, false, false, true, false, true]
        );
        assert_eq!(
            front(&points, Direction::Higher),
            [false, false, false, false, false, true, false]
        );
    }
}
