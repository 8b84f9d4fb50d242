//! How close two tensors are.

/// How far a tensor is from its reference. The measures are taken where both values are finite, so look at
/// `non_finite` first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closeness {
    /// The largest absolute difference, in the unit of the tensors. NaN, as the other measures, where no position is
    /// finite in both: a comparison of it with any tolerance then fails.
    pub max_abs: f64,
    /// ‖x − y‖ / ‖x‖, x being the reference. 0 for identical tensors; infinite where only the reference is all zeros.
    pub rel_l2: f64,
    /// The signal to quantisation noise ratio, 10·log₁₀(Σx² / Σ(x − y)²), in decibel. `f64::INFINITY` for identical
    /// tensors, `f64::NEG_INFINITY` where only the reference is all zeros.
    pub sqnr_db: f64,
    /// The cosine of the angle between the tensors, −1 to 1. Where one is all zeros it has no angle: 1 if the other is
    /// too, else 0.
    pub cosine: f64,
    /// At how many positions either value is NaN or infinite.
    pub non_finite: usize,
    /// At how many of those the two do not agree: not both NaN, nor the same infinity.
    pub non_finite_differing: usize,
}

/// The sums behind a [`Closeness`], for tensors that come in parts or are not `f32`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClosenessSums {
    elements: usize,
    signal: f64,
    energy: f64,
    product: f64,
    noise: f64,
    max_abs: f64,
    non_finite: usize,
    non_finite_differing: usize,
}

impl ClosenessSums {
    /// Adds one position.
    #[expect(
        clippy::float_cmp,
        reason = "one of the two is not finite, and infinities are equal or not"
    )]
    pub fn add(&mut self, reference: f64, other: f64) {
        let (x, y) = (reference, other);
        self.elements += 1;
        if !(x.is_finite() && y.is_finite()) {
            self.non_finite += 1;
            self.non_finite_differing += usize::from(x != y && !(x.is_nan() && y.is_nan()));
            return;
        }
        let difference = x - y;
        self.signal += x * x;
        self.energy += y * y;
        self.product += x * y;
        self.noise += difference * difference;
        self.max_abs = self.max_abs.max(difference.abs());
    }

    /// Whether one of the tensors is 0 wherever both are finite: there is no angle between them.
    pub fn one_is_zero(&self) -> bool {
        self.signal == 0.0 || self.energy == 0.0
    }

    /// How far apart they are; `None` where nothing was added.
    pub fn closeness(&self) -> Option<Closeness> {
        let Self { signal, noise, .. } = *self;
        if self.elements == 0 {
            return None;
        }
        let counted = |max_abs, rel_l2, sqnr_db, cosine| Closeness {
            max_abs,
            rel_l2,
            sqnr_db,
            cosine,
            non_finite: self.non_finite,
            non_finite_differing: self.non_finite_differing,
        };
        if self.non_finite == self.elements {
            return Some(counted(f64::NAN, f64::NAN, f64::NAN, f64::NAN));
        }
        let (rel_l2, sqnr_db) = if noise == 0.0 {
            (0.0, f64::INFINITY)
        } else {
            ((noise / signal).sqrt(), 10.0 * (signal / noise).log10())
        };
        let cosine = cosine(signal, self.energy, self.product);
        Some(counted(self.max_abs, rel_l2, sqnr_db, cosine))
    }
}

/// Compares a tensor with its reference, both flattened in the same order, summing in `f64`.
///
/// `None` where there are no values, or the lengths differ.
pub fn closeness(reference: &[f32], other: &[f32]) -> Option<Closeness> {
    if reference.len() != other.len() {
        return None;
    }
    let mut sums = ClosenessSums::default();
    for (&x, &y) in reference.iter().zip(other) {
        sums.add(f64::from(x), f64::from(y));
    }
    sums.closeness()
}

fn cosine(signal: f64, energy: f64, product: f64) -> f64 {
    match (signal == 0.0, energy == 0.0) {
        (true, true) => 1.0,
        (false, false) => (product / (signal.sqrt() * energy.sqrt())).clamp(-1.0, 1.0),
        _ => 0.0,
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use crate::binomial::tests::close;
    use proptest::prelude::*;

    // python3 -c "import numpy as np; x=np.array([1,-2,3,.5],'f4').astype(float); y=np.array([1.1,-2,2.75,.25],'f4').astype(float); d=y-x
    // print(abs(d).max(), np.linalg.norm(d)/np.linalg.norm(x), 10*np.log10((x**2).sum()/(d**2).sum()), x@y/np.linalg.norm(x)/np.linalg.norm(y))"
    #[test]
    fn agrees_with_numpy() {
        let measured = closeness(&[1.0, -2.0, 3.0, 0.5], &[1.1, -2.0, 2.75, 0.25]).unwrap();
        assert_eq!((measured.max_abs, measured.non_finite), (0.25, 0));
        close(measured.rel_l2, 0.097_332_854_397_417_73, 1e-14);
        close(measured.sqnr_db, 20.234_810_805_096_88, 1e-14);
        close(measured.cosine, 0.996_376_337_371_537_7, 1e-14);
    }

    #[test]
    fn zeros_have_defined_measures() {
        let both = closeness(&[0.0; 3], &[0.0; 3]).unwrap();
        assert_eq!((both.rel_l2, both.sqnr_db, both.cosine), (0.0, f64::INFINITY, 1.0));
        let reference = closeness(&[0.0], &[1.0]).unwrap();
        assert_eq!(
            (reference.rel_l2, reference.sqnr_db, reference.cosine),
            (f64::INFINITY, f64::NEG_INFINITY, 0.0)
        );
        let other = closeness(&[2.0], &[0.0]).unwrap();
        assert_eq!((other.rel_l2, other.sqnr_db, other.cosine), (1.0, 0.0, 0.0));
    }

    #[test]
    fn what_is_not_finite_is_counted_and_set_aside() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let measured = closeness(&[1.0, nan, inf, inf, 2.0], &[1.0, nan, inf, -inf, nan]).unwrap();
        assert_eq!(
            (measured.non_finite, measured.non_finite_differing, measured.max_abs),
            (4, 2, 0.0)
        );
        let nothing = closeness(&[1.0, 2.0], &[nan, nan]).unwrap();
        assert_eq!((nothing.non_finite, nothing.non_finite_differing), (2, 2));
        assert!(
            nothing.max_abs.is_nan() && nothing.sqnr_db.is_nan() && nothing.cosine.is_nan() && nothing.rel_l2.is_nan()
        );
    }

    #[test]
    fn zeros_have_no_angle() {
        let mut sums = ClosenessSums::default();
        assert!(sums.closeness().is_none() && sums.one_is_zero());
        sums.add(0.0, 1.0);
        assert!(sums.one_is_zero());
        sums.add(2.0, f64::NAN);
        assert!(sums.one_is_zero(), "what is not finite in both is set aside");
        sums.add(-1.0, 0.0);
        assert!(!sums.one_is_zero());
    }

    #[test]
    fn shapes_must_match() {
        assert_eq!(closeness(&[], &[]), None);
        assert_eq!(closeness(&[1.0], &[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn identical_tensors_are_identical(x in prop::collection::vec(-1e6..1e6f32, 1..50)) {
            let measured = closeness(&x, &x).unwrap();
            prop_assert_eq!((measured.max_abs, measured.rel_l2, measured.sqnr_db), (0.0, 0.0, f64::INFINITY));
            prop_assert!((measured.cosine - 1.0).abs() < 1e-12);
        }

        #[test]
        fn the_difference_is_symmetric_and_scale_moves_no_ratio(pairs in prop::collection::vec((-1e3..1e3f32, -1e3..1e3f32), 1..50)) {
            let (x, y): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (there, back) = (closeness(&x, &y).unwrap(), closeness(&y, &x).unwrap());
            prop_assert_eq!((there.max_abs, there.cosine), (back.max_abs, back.cosine));
            let twice = |v: &[f32]| v.iter().map(|a| a * 2.0).collect::<Vec<f32>>();
            let scaled = closeness(&twice(&x), &twice(&y)).unwrap();
            prop_assert_eq!(scaled.max_abs, 2.0 * there.max_abs);
            prop_assert!((scaled.rel_l2 - there.rel_l2).abs() <= 1e-9 * there.rel_l2 || there.rel_l2 == scaled.rel_l2);
        }

        #[test]
        fn never_panics(x in prop::collection::vec(any::<f32>(), 0..9), y in prop::collection::vec(any::<f32>(), 0..9)) {
            let _ = closeness(&x, &y);
        }
    }
}
