//! p-values of several tests made together.

/// Adjusts p-values so that calling those of at most α keeps the chance of any false call at α, whatever the tests have
/// to do with each other. In the order of the input.
///
/// With m tests in ascending order of p, the i-th (from 1) becomes the largest of (m + 1 − j)·pⱼ over j ≤ i, at most 1.
///
/// A NaN, of a test that could not be made, stays NaN and counts among the m.
///
/// Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6(2), 1979.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut largest: f64 = 0.0;
    for (before, &i) in order.iter().enumerate() {
        largest = largest.max((p.len() - before) as f64 * p[i]).min(1.0);
        adjusted[i] = largest;
    }
    adjusted
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "an unchanged value is the same value")]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use crate::simulated::{Normals, share};
    use proptest::prelude::*;

    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.6, 0.02), "holm") gives 0.05 0.09 0.09 0.03 0.60 0.08, as does
    // python3 -c "from statsmodels.stats.multitest import multipletests as m
    // print(m([.01,.04,.03,.005,.6,.02],method='holm')[1])"
    #[test]
    fn agrees_with_statsmodels() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005, 0.6, 0.02]);
        for (actual, expected) in adjusted.iter().zip([0.05, 0.09, 0.09, 0.03, 0.6, 0.08]) {
            close(*actual, expected, 1e-15);
        }
    }

    #[test]
    fn corners() {
        assert_eq!(holm(&[]), [0.0; 0]);
        assert_eq!(holm(&[0.2]), [0.2]);
        assert_eq!(holm(&[0.9, 0.8, 0.0]), [1.0, 1.0, 0.0]);
        let adjusted = holm(&[0.01, f64::NAN, 0.5]);
        assert_eq!(adjusted[0], 0.03);
        assert!(adjusted[1].is_nan());
        assert_eq!(adjusted[2], 1.0);
    }

    /// 20 true hypotheses: some of them falls below 5% in 64 of 100 families, some adjusted one in fewer than 5.
    #[test]
    fn keeps_the_chance_of_any_false_call() {
        use statrs::distribution::{ContinuousCDF as _, Normal};
        let mut normals = Normals::seeded(9);
        let mut family = || -> Vec<f64> { normals.many(20).iter().map(|&z| Normal::standard().sf(z)).collect() };
        let raw = share(4_000, || family().iter().any(|&p| p <= 0.05));
        assert!((0.61..0.67).contains(&raw), "{raw}");
        let adjusted = share(4_000, || holm(&family()).iter().any(|&p| p <= 0.05));
        assert!((0.035..0.06).contains(&adjusted), "{adjusted}");
    }

    proptest! {
        #[test]
        fn rises_with_p_and_follows_the_order(mut p in prop::collection::vec(0.0..=1.0f64, 1..30), turn in 0usize..30) {
            let adjusted = holm(&p);
            for i in 0..p.len() {
                prop_assert!(p[i] <= adjusted[i] && adjusted[i] <= (p[i] * p.len() as f64).min(1.0));
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
            let turn = turn % p.len();
            p.rotate_left(turn);
            let mut turned = adjusted;
            turned.rotate_left(turn);
            prop_assert_eq!(holm(&p), turned);
        }
    }
}
