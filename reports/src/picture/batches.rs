//! Which batch sizes have a picture of their own: a latency is that of a whole batch, so that latencies of different
//! batch sizes are not held against each other.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// At most so many batch sizes have a picture.
const MOST: usize = 4;

/// The batch sizes that most cells have, in ascending order, and whether there are more.
pub(crate) fn batches(of_cells: impl IntoIterator<Item = usize>) -> (Vec<usize>, bool) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for batch in of_cells {
        *counts.entry(batch).or_default() += 1;
    }
    let more = counts.len() > MOST;
    let mut batches: Vec<usize> = counts.keys().copied().collect();
    batches.sort_by_key(|batch| (Reverse(counts[batch]), *batch));
    batches.truncate(MOST);
    batches.sort_unstable();
    (batches, more)
}

/// What a picture of one batch size among several has at the end of its title.
pub(crate) fn suffix(batch: Option<usize>) -> String {
    batch.map(|batch| format!(", batch {batch}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_of_most_cells_come_in_order() {
        assert_eq!(batches([8, 1, 1]), (vec![1, 8], false));
        assert_eq!(batches([9, 8, 7, 6, 5, 5]), (vec![5, 6, 7, 8], true));
        assert_eq!(batches([]), (Vec::new(), false));
    }
}
