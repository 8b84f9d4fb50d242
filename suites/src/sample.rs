//! A fixed stratified subset.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Indices of `n` samples with each label in its share, ascending. The shares are rounded by the largest remainder
/// (ties go to the lower label), and which samples of a label are taken is drawn from the seed. All indices when there
/// are no more than `n`.
///
/// Source of the rounding: Hamilton's method, as in Balinski & Young, "Fair Representation" (1982).
pub fn stratified(labels: &[i64], n: usize, seed: u64) -> Vec<usize> {
    if n >= labels.len() {
        return (0..labels.len()).collect();
    }
    let mut strata: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, &label) in labels.iter().enumerate() {
        strata.entry(label).or_default().push(index);
    }
    let share = |members: &Vec<usize>| members.len() as u128 * n as u128;
    let total = labels.len() as u128;
    let mut quotas: Vec<usize> = strata
        .values()
        .map(|members| (share(members) / total) as usize)
        .collect();
    let mut order: Vec<usize> = (0..quotas.len()).collect();
    let remainders: Vec<u128> = strata.values().map(|members| share(members) % total).collect();
    order.sort_by(|&a, &b| remainders[b].cmp(&remainders[a]));
    let left = n - quotas.iter().sum::<usize>();
    for &stratum in order.iter().take(left) {
        quotas[stratum] += 1;
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut chosen = Vec::with_capacity(n);
    for (members, &quota) in strata.values_mut().zip(&quotas) {
        let (taken, _) = members.partial_shuffle(&mut generator, quota);
        chosen.extend_from_slice(taken);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_kept_and_the_seed_decides() {
        let labels: Vec<i64> = (0..10_000).map(|i| if i % 4 == 0 { 0 } else { 1 + i % 3 }).collect();
        let chosen = stratified(&labels, 1000, 7);
        assert_eq!(chosen.len(), 1000);
        assert_eq!(chosen.iter().filter(|&&index| labels[index] == 0).count(), 250);
        assert_eq!(chosen, stratified(&labels, 1000, 7));
        assert_ne!(chosen, stratified(&labels, 1000, 8));
    }

    proptest! {
        #[test]
        fn as_many_as_asked_each_once_within_one_of_its_share(
            labels in prop::collection::vec(0_i64..5, 0..80), n in 0_usize..100, seed in any::<u64>()
        ) {
            let chosen = stratified(&labels, n, seed);
            prop_assert_eq!(chosen.len(), n.min(labels.len()));
            prop_assert!(chosen.is_sorted_by(|a, b| a < b));
            for class in 0..5 {
                let of = |indices: &mut dyn Iterator<Item = usize>| indices.filter(|&i| labels[i] == class).count();
                let share = of(&mut (0..labels.len())) as f64 * chosen.len() as f64 / labels.len().max(1) as f64;
                prop_assert!((of(&mut chosen.iter().copied()) as f64 - share).abs() < 1.0);
            }
        }
    }
}
