//! Two tensors held against each other, element by element, in as many parts as they come.

use edgebench_api::{DType, Tensor};
use edgebench_graph::InnerTensor;
use edgebench_record::TensorDifference;
use edgebench_stats::ClosenessSums;

/// How far a tensor is from its reference, summed so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Difference(ClosenessSums);

impl Difference {
    /// Adds a part: one batch of both.
    ///
    /// # Errors
    /// Why they cannot be compared: their shapes differ. Extents of 1 make no difference.
    pub(super) fn add(&mut self, reference: &Tensor, other: &Tensor) -> Result<(), String> {
        let extents = |tensor: &Tensor| -> Vec<usize> { tensor.shape.iter().copied().filter(|&n| n != 1).collect() };
        if extents(reference) != extents(other) {
            return Err(format!(
                "its shape is {:?}, and the reference's {:?}",
                other.shape, reference.shape
            ));
        }
        for (x, y) in numbers(reference).zip(numbers(other)) {
            self.0.add(x, y);
        }
        Ok(())
    }

    /// The figures; `None` for tensors without elements. Where an element of either is not finite there are none, and the
    /// tensor differs where the two are not the same there, or further apart than the tolerance elsewhere.
    pub(super) fn figures(&self, tensor: &InnerTensor, tolerance: f64) -> Option<TensorDifference> {
        let found = self.0.closeness()?;
        let all_finite = found.non_finite == 0;
        let figure = |value: f64| Some(value).filter(|value| all_finite && value.is_finite());
        // Not a number where nothing is finite, and where sums overflow.
        let apart = if found.rel_l2.is_nan() {
            all_finite
        } else {
            found.rel_l2 > tolerance
        };
        Some(TensorDifference {
            tensor: tensor.name.clone(),
            node: tensor.node.clone(),
            op: tensor.op.clone(),
            sqnr_db: figure(found.sqnr_db),
            cosine: figure(found.cosine).filter(|_| !self.0.one_is_zero()),
            max_abs: figure(found.max_abs),
            relative_rms: figure(found.rel_l2),
            differs: found.non_finite_differing > 0 || apart,
        })
    }
}

/// A tensor's elements as numbers. Integers beyond 2⁵³ are rounded.
#[expect(
    clippy::cast_lossless,
    reason = "one macro serves types that convert losslessly and types that do not"
)]
fn numbers(tensor: &Tensor) -> Box<dyn Iterator<Item = f64> + '_> {
    macro_rules! from_bytes {
        ($kind:ty, $number:expr) => {{
            let (elements, _) = tensor.data.as_chunks::<{ size_of::<$kind>() }>();
            let number: fn($kind) -> f64 = $number;
            Box::new(elements.iter().map(move |bytes| number(<$kind>::from_le_bytes(*bytes))))
        }};
    }
    match tensor.dtype {
        DType::F32 => from_bytes!(f32, |x| x as f64),
        DType::F64 => from_bytes!(f64, |x| x),
        DType::F16 => from_bytes!(half::f16, half::f16::to_f64),
        DType::Bf16 => from_bytes!(half::bf16, half::bf16::to_f64),
        DType::I8 => from_bytes!(i8, |x| x as f64),
        DType::U8 | DType::Bool => from_bytes!(u8, |x| x as f64),
        DType::I16 => from_bytes!(i16, |x| x as f64),
        DType::U16 => from_bytes!(u16, |x| x as f64),
        DType::I32 => from_bytes!(i32, |x| x as f64),
        DType::U32 => from_bytes!(u32, |x| x as f64),
        DType::I64 => from_bytes!(i64, |x| x as f64),
        DType::U64 => from_bytes!(u64, |x| x as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(parts: &[(Tensor, Tensor)]) -> TensorDifference {
        let mut difference = Difference::default();
        for (reference, other) in parts {
            difference.add(reference, other).unwrap();
        }
        let tensor = InnerTensor {
            name: "t".to_owned(),
            node: "n".to_owned(),
            op: "Add".to_owned(),
            dtype: edgebench_graph::DType::F32,
        };
        difference.figures(&tensor, 1e-3).unwrap()
    }

    fn floats(values: &[f32]) -> Tensor {
        Tensor::new("t", DType::F32, vec![1, values.len()], values).unwrap()
    }

    fn figures(reference: &[f32], other: &[f32]) -> (Option<f64>, Option<f64>, Option<f64>, Option<f64>, bool) {
        let found = compared(&[(floats(reference), floats(other))]);
        (
            found.sqnr_db,
            found.cosine,
            found.max_abs,
            found.relative_rms,
            found.differs,
        )
    }

    // Signal 25, noise 1 over both parts; x·y = 3·3 + 4·5 = 29, |y|² = 34.
    #[test]
    fn parts_are_one_tensor() {
        let found = compared(&[(floats(&[3.0]), floats(&[3.0])), (floats(&[4.0]), floats(&[5.0]))]);
        let close = |value: Option<f64>, expected: f64| assert!((value.unwrap() - expected).abs() < 1e-12);
        close(found.sqnr_db, 10.0 * 25_f64.log10());
        close(found.cosine, 29.0 / (25.0 * 34_f64).sqrt());
        close(found.max_abs, 1.0);
        close(found.relative_rms, 0.2);
        assert!(found.differs);
    }

    #[test]
    fn what_is_equal_or_zero_has_the_figures_that_it_can_have() {
        let (none, zero) = (None, Some(0.0));
        assert_eq!(figures(&[3.0, 4.0], &[3.0, 4.0]), (none, Some(1.0), zero, zero, false));
        assert_eq!(figures(&[0.0], &[0.0]), (none, none, zero, zero, false));
        assert_eq!(figures(&[0.0], &[2.0]), (none, none, Some(2.0), none, true));
        assert_eq!(figures(&[2.0], &[0.0]), (zero, none, Some(2.0), Some(1.0), true));
    }

    #[test]
    fn what_is_not_finite_has_no_figures_and_differs_unless_it_is_the_same() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let blank = |differs| (None, None, None, None, differs);
        assert_eq!(figures(&[1.0, inf, nan], &[1.0, inf, nan]), blank(false));
        assert_eq!(figures(&[inf, nan], &[inf, nan]), blank(false));
        assert_eq!(figures(&[1.0, inf], &[1.0, -inf]), blank(true));
        assert_eq!(figures(&[1.0, 0.0], &[1.0, nan]), blank(true));
        assert_eq!(figures(&[1.0, inf], &[2.0, inf]), blank(true));
        let huge = |value: f64| Tensor::new("t", DType::F64, vec![1], &[value]).unwrap();
        let found = compared(&[(huge(1e300), huge(-1e300))]);
        assert_eq!((found.differs, found.relative_rms), (true, None));
        assert!(!compared(&[(huge(1e300), huge(1e300))]).differs);
    }

    #[test]
    fn every_type_is_read() {
        let half = |value: f32| half::f16::from_f32(value).to_le_bytes();
        let brain = |value: f32| half::bf16::from_f32(value).to_le_bytes();
        let cases: [(DType, Vec<u8>); 12] = [
            (DType::F32, 3_f32.to_le_bytes().to_vec()),
            (DType::F64, 3_f64.to_le_bytes().to_vec()),
            (DType::F16, half(3.0).to_vec()),
            (DType::Bf16, brain(3.0).to_vec()),
            (DType::I8, vec![3]),
            (DType::U8, vec![3]),
            (DType::I16, vec![3, 0]),
            (DType::U16, vec![3, 0]),
            (DType::I32, vec![3, 0, 0, 0]),
            (DType::U32, vec![3, 0, 0, 0]),
            (DType::I64, vec![3, 0, 0, 0, 0, 0, 0, 0]),
            (DType::U64, vec![3, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (dtype, data) in cases {
            let tensor = Tensor {
                name: "t".to_owned(),
                dtype,
                shape: vec![1],
                data,
            };
            assert_eq!(numbers(&tensor).collect::<Vec<_>>(), [3.0], "{dtype}");
        }
        let negative = Tensor::new("t", DType::I8, vec![2], &[-1_i8, -128]).unwrap();
        assert_eq!(numbers(&negative).collect::<Vec<_>>(), [-1.0, -128.0]);
    }

    #[test]
    fn shapes_must_agree_but_for_extents_of_one() {
        let of = |shape: &[usize]| Tensor::new("t", DType::F32, shape, &[1.0_f32; 6]).unwrap();
        let mut difference = Difference::default();
        assert!(difference.add(&of(&[1, 2, 3]), &of(&[2, 1, 3])).is_ok());
        let why = difference.add(&of(&[1, 2, 3]), &of(&[1, 3, 2])).unwrap_err();
        assert_eq!(why, "its shape is [1, 3, 2], and the reference's [1, 2, 3]");
        assert!(difference.add(&of(&[6]), &of(&[2, 3])).is_err());
    }
}
