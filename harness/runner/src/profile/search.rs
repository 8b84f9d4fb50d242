//! Which of many tensors differs first, and which of them cannot be had, found without looking at each.

use std::ops::Range;

/// After so many failures of single tensors none is tried alone.
const MAX_FAILURES: usize = 32;

/// Has `run` do some places at once, and where that fails each half of them, until what fails is alone. Gives those that
/// failed with the reasons. `failures` counts them, from one call to the next; once there are [`MAX_FAILURES`], places are
/// tried together and not taken apart.
///
/// # Errors
/// What `run` gives as the end of all.
pub(super) fn apart<E>(
    places: Range<usize>,
    failures: &mut usize,
    run: &mut dyn FnMut(Range<usize>) -> Result<Result<(), String>, E>,
) -> Result<Vec<(usize, String)>, E> {
    let exhausted = *failures >= MAX_FAILURES;
    let all = |why: &str| -> Vec<(usize, String)> { places.clone().map(|place| (place, why.to_owned())).collect() };
    if places.is_empty() {
        return Ok(Vec::new());
    }
    if places.len() == 1 && exhausted {
        return Ok(all(&format!("not tried after {MAX_FAILURES} failures")));
    }
    match run(places.clone())? {
        Ok(()) => Ok(Vec::new()),
        Err(why) if places.len() == 1 => {
            *failures += 1;
            Ok(all(&why))
        }
        Err(why) if exhausted => Ok(all(&format!("not tried alone after {MAX_FAILURES} failures: {why}"))),
        Err(_) => {
            let middle = places.start.midpoint(places.end);
            let mut failing = apart(places.start..middle, failures, run)?;
            failing.append(&mut apart(middle..places.end, failures, run)?);
            Ok(failing)
        }
    }
}

/// Looks for the first of `count` tensors that differs, by halving. `probe` says whether one differs, and `None` where
/// it cannot be compared; `inputs` names the tensors that the operator of one reads.
///
/// Halving assumes that a fault persists: that what follows from a tensor that differs differs as well. Operators
/// beside one another do not follow from each other, so what halving finds is followed back along the operators' inputs
/// as long as one of these differs. What is given back differs, and what its operator reads does not, as far as it can
/// be compared. A fault that vanishes before the last tensor is not found.
///
/// # Errors
/// What `probe` gives.
pub(super) fn first_that_differs<E>(
    count: usize,
    inputs: &dyn Fn(usize) -> Vec<usize>,
    probe: &mut dyn FnMut(usize) -> Result<Option<bool>, E>,
) -> Result<Option<usize>, E> {
    let mut last = None;
    for place in (0..count).rev() {
        if let Some(differs) = probe(place)? {
            last = differs.then_some(place);
            break;
        }
    }
    let Some(mut found) = last else { return Ok(None) };
    loop {
        found = halve(found, probe)?;
        let mut earlier = None;
        for input in inputs(found).into_iter().filter(|&input| input < found) {
            if probe(input)? == Some(true) {
                earlier = Some(input);
                break;
            }
        }
        match earlier {
            Some(input) => found = input,
            None => return Ok(Some(found)),
        }
    }
}

/// The first that differs at or before `known`, which does.
fn halve<E>(known: usize, probe: &mut dyn FnMut(usize) -> Result<Option<bool>, E>) -> Result<usize, E> {
    let (mut low, mut high, mut found) = (0, known, known);
    while low < high {
        let middle = low.midpoint(high);
        let mut place = middle;
        let answer = loop {
            match probe(place)? {
                // The next one that can be compared speaks for it.
                None if place + 1 < high => place += 1,
                answer => break answer,
            }
        };
        match answer {
            Some(false) => low = place + 1,
            Some(true) => {
                found = place;
                high = middle;
            }
            None => high = middle,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use super::*;

    /// The places that are given as failing, and how often something was tried.
    fn taken_apart(count: usize, failures: &mut usize, fails: &dyn Fn(usize) -> bool) -> (Vec<usize>, usize) {
        let mut tries = 0;
        let failing: Result<_, Infallible> = apart(0..count, failures, &mut |mut places| {
            tries += 1;
            let failing = places.find(|&place| fails(place));
            Ok(failing.map_or(Ok(()), |place| Err(format!("{place} fails"))))
        });
        let places = failing.unwrap_or_default().into_iter().map(|(place, _)| place);
        (places.collect(), tries)
    }

    #[test]
    fn what_fails_is_found_and_nothing_else_is_lost() {
        for (count, wrong) in [
            (77, vec![3, 20, 21, 40, 55, 76]),
            (1, vec![0]),
            (8, vec![]),
            (0, vec![]),
        ] {
            let mut failures = 0;
            let (found, _) = taken_apart(count, &mut failures, &|place| wrong.contains(&place));
            assert_eq!(found, wrong);
            assert_eq!(failures, wrong.len());
        }
    }

    #[test]
    fn after_many_failures_what_is_left_is_tried_together() {
        let mut failures = 0;
        // The first 64 fail one by one up to the limit; the other half of all is fine.
        let (found, tries) = taken_apart(128, &mut failures, &|place| place < 64);
        assert_eq!((found, failures), ((0..64).collect(), MAX_FAILURES));
        assert!(tries < 3 * MAX_FAILURES, "{tries}");
        assert_eq!(taken_apart(1, &mut failures, &|_| false), (vec![0], 0));
        assert_eq!(taken_apart(2, &mut failures, &|_| false), (vec![], 1));
    }

    /// What is found, and how many tensors were looked at.
    fn search(
        count: usize,
        inputs: &dyn Fn(usize) -> Vec<usize>,
        differs: &dyn Fn(usize) -> Option<bool>,
    ) -> (Option<usize>, usize) {
        let mut seen = BTreeSet::new();
        let found = first_that_differs(count, inputs, &mut |place| {
            seen.insert(place);
            Ok::<_, Infallible>(differs(place))
        });
        (found.unwrap(), seen.len())
    }

    fn chain(place: usize) -> Vec<usize> {
        place.checked_sub(1).into_iter().collect()
    }

    #[test]
    fn in_a_chain_it_is_exact_and_few_are_looked_at() {
        for count in [1, 2, 3, 100, 1000] {
            for first in 0..count {
                let (found, seen) = search(count, &chain, &|place| Some(place >= first));
                assert_eq!(found, Some(first), "of {count}");
                assert!(seen <= 13, "{seen} of {count}");
            }
        }
        assert_eq!(search(1000, &chain, &|_| Some(false)), (None, 1));
        assert_eq!(search(0, &chain, &|_| Some(true)), (None, 0));
    }

    #[test]
    fn what_cannot_be_compared_is_passed_by() {
        for first in 0..50 {
            let differs = |place: usize| (place % 3 != 1).then_some(place >= first);
            let expected = (first..50).find(|place| place % 3 != 1);
            assert_eq!(search(50, &chain, &differs).0, expected, "from {first}");
        }
        assert_eq!(search(50, &chain, &|_| None), (None, 50));
    }

    #[test]
    fn a_fault_in_one_branch_is_not_taken_for_where_the_branches_join() {
        // 0 to 9 are one branch, 10 to 19 another, 20 joins their ends.
        let inputs = |place: usize| match place {
            20 => vec![9, 19],
            0 | 10 => Vec::new(),
            _ => vec![place - 1],
        };
        for fault in 0..10 {
            let differs = |place: usize| Some((fault..10).contains(&place) || place >= 20);
            assert_eq!(
                search(
                    30,
                    &|place| if place > 20 { chain(place) } else { inputs(place) },
                    &differs
                )
                .0,
                Some(fault)
            );
        }
    }
}
