//! Outputs of a test set, and how close two of them are.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use edgebench_api::{DType, Tensor};
use edgebench_record::Comparison;
use edgebench_stats::closeness;
use edgebench_suites::{SuiteError, read_tensors};

use super::rule::float_tolerance;

/// The outputs of some samples of a test set.
#[derive(Debug, Clone)]
pub(crate) struct Outputs {
    /// One tensor per output; the leading axis is the sample.
    tensors: Vec<Tensor>,
    /// Which sample of the test set each row is.
    pub(crate) indices: Vec<usize>,
    /// The output that carries the answer.
    answer: Option<String>,
}

impl Outputs {
    /// Reads an outputs file. `indices` are the samples that it should hold; without them, it is the first ones.
    pub(crate) fn read(path: &Path, indices: Option<&[usize]>, answer: Option<&str>) -> Result<Self, SuiteError> {
        let tensors = read_tensors(path)?;
        let rows = tensors
            .iter()
            .filter_map(|tensor| tensor.shape.first().copied())
            .min()
            .unwrap_or(0);
        let indices = match indices {
            Some(indices) => indices.iter().copied().take(rows).collect(),
            None => (0..rows).collect(),
        };
        Ok(Self {
            tensors,
            indices,
            answer: answer.map(str::to_owned),
        })
    }

    /// The output that carries the answer.
    pub(crate) fn answer(&self) -> Option<&Tensor> {
        match &self.answer {
            Some(name) => self
                .tensors
                .iter()
                .find(|tensor| tensor.name == *name)
                .or_else(|| self.tensors.first().filter(|_| self.tensors.len() == 1)),
            None => self.tensors.first(),
        }
    }

    /// The samples that both hold, ascending.
    pub(crate) fn common(&self, other: &Self) -> Vec<usize> {
        let mine: BTreeSet<usize> = self.indices.iter().copied().collect();
        let theirs: BTreeSet<usize> = other.indices.iter().copied().collect();
        mine.intersection(&theirs).copied().collect()
    }

    /// The rows of some samples, in that order.
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        if self.indices == samples {
            return self.clone();
        }
        let row_of: HashMap<usize, usize> = self
            .indices
            .iter()
            .enumerate()
            .map(|(row, &index)| (index, row))
            .collect();
        let kept: Vec<usize> = samples
            .iter()
            .copied()
            .filter(|sample| row_of.contains_key(sample))
            .collect();
        let tensors = self.tensors.iter().map(|tensor| {
            let row_bytes = tensor.data.len() / tensor.shape.first().copied().unwrap_or(1).max(1);
            let data = kept.iter().flat_map(|sample| {
                let begin = row_of[sample] * row_bytes;
                tensor.data[begin..begin + row_bytes].iter().copied()
            });
            let mut shape = tensor.shape.clone();
            if let Some(first) = shape.first_mut() {
                *first = kept.len();
            }
            Tensor {
                name: tensor.name.clone(),
                dtype: tensor.dtype,
                shape,
                data: data.collect(),
            }
        });
        Self {
            tensors: tensors.collect(),
            indices: kept,
            answer: self.answer.clone(),
        }
    }

    /// Whether any element is a finite number. Without elements there is nothing to say against them.
    pub(crate) fn any_finite(&self) -> bool {
        let all: Vec<f32> = self.flat();
        all.is_empty() || all.iter().any(|element| element.is_finite())
    }

    /// All elements in one row, outputs by name.
    fn flat(&self) -> Vec<f32> {
        self.tensors.iter().flat_map(elements).collect()
    }
}

/// Elements as `f32`; wider types lose digits that no tolerance here asks for.
#[expect(
    clippy::cast_lossless,
    reason = "one macro serves types that convert losslessly and types that do not"
)]
fn elements(tensor: &Tensor) -> Vec<f32> {
    macro_rules! from_bytes {
        ($kind:ty) => {
            tensor
                .data
                .as_chunks::<{ size_of::<$kind>() }>()
                .0
                .iter()
                .map(|bytes| <$kind>::from_le_bytes(*bytes) as f32)
                .collect()
        };
    }
    match tensor.dtype {
        DType::F32 => from_bytes!(f32),
        DType::F64 => from_bytes!(f64),
        DType::I8 => from_bytes!(i8),
        DType::U8 | DType::Bool => from_bytes!(u8),
        DType::I16 => from_bytes!(i16),
        DType::U16 => from_bytes!(u16),
        DType::I32 => from_bytes!(i32),
        DType::U32 => from_bytes!(u32),
        DType::I64 => from_bytes!(i64),
        DType::U64 => from_bytes!(u64),
        DType::F16 => halves(&tensor.data, |bytes| half::f16::from_le_bytes(bytes).to_f32()),
        DType::Bf16 => halves(&tensor.data, |bytes| half::bf16::from_le_bytes(bytes).to_f32()),
    }
}

fn halves(data: &[u8], convert: impl Fn([u8; 2]) -> f32) -> Vec<f32> {
    data.as_chunks::<2>().0.iter().map(|&bytes| convert(bytes)).collect()
}

/// A comparison with what a rule needs beyond what the record shows.
#[derive(Debug, Clone)]
pub(crate) struct Compared {
    pub(crate) shown: Comparison,
    /// The ratio, infinite for identical outputs.
    pub(crate) sqnr_db: f64,
    /// The largest magnitude of the reference.
    pub(crate) largest: f64,
    /// Positions where one is not finite and the other is not the same.
    pub(crate) non_finite_differing: usize,
}

/// Compares outputs with a reference's on the samples that both hold. `Err` says why they cannot be compared.
pub(crate) fn compare(reference: &Outputs, other: &Outputs, backend: &str) -> Result<Compared, String> {
    let common = reference.common(other);
    if common.is_empty() {
        return Err("no sample in common".to_owned());
    }
    let (reference, other) = (reference.select(&common), other.select(&common));
    let other = by_names_of(&reference, other)?;
    let (x, y) = (reference.flat(), other.flat());
    let figures =
        closeness(&x, &y).ok_or_else(|| format!("{} elements against {} of the reference", y.len(), x.len()))?;
    let largest = x
        .iter()
        .filter(|x| x.is_finite())
        .fold(0.0_f64, |largest, &x| largest.max(f64::from(x).abs()));
    Ok(Compared {
        shown: Comparison {
            backend: backend.to_owned(),
            samples: common.len(),
            // Where nothing is finite in either, there is no difference to measure.
            max_abs: if figures.max_abs.is_finite() {
                figures.max_abs
            } else {
                0.0
            },
            sqnr_db: Some(figures.sqnr_db).filter(|db| db.is_finite()),
            required_sqnr_db: None,
            cosine: Some(figures.cosine).filter(|cosine| cosine.is_finite()),
            same_answer: same_answer(&reference, &other, float_tolerance(largest)),
            non_finite: figures.non_finite,
        },
        sqnr_db: figures.sqnr_db,
        largest,
        non_finite_differing: figures.non_finite_differing,
    })
}

/// Puts outputs into the order of the reference's. A runtime that names its only output otherwise is understood.
fn by_names_of(reference: &Outputs, mut other: Outputs) -> Result<Outputs, String> {
    if let ([wanted], [found]) = (reference.tensors.as_slice(), other.tensors.as_mut_slice()) {
        found.name.clone_from(&wanted.name);
        return Ok(other);
    }
    let tensors = reference.tensors.iter().map(|wanted| {
        let found = other.tensors.iter().find(|tensor| tensor.name == wanted.name);
        found
            .cloned()
            .ok_or_else(|| format!("the output `{}` is missing", wanted.name))
    });
    other.tensors = tensors.collect::<Result<_, _>>()?;
    Ok(other)
}

/// The share of samples with the same highest output, of those whose two highest are further apart than twice the
/// tolerance; absent where an answer is a single number, or every sample is a tie.
fn same_answer(reference: &Outputs, other: &Outputs, tolerance: f64) -> Option<f64> {
    let (x, y) = (reference.answer()?, other.answer()?);
    let classes: usize = x.shape.iter().skip(1).product();
    if classes < 2 || x.shape.iter().skip(1).filter(|&&extent| extent > 1).count() != 1 {
        return None;
    }
    let (x, y) = (elements(x), elements(y));
    let (mut clear, mut same) = (0_usize, 0_usize);
    for (x, y) in x.chunks_exact(classes).zip(y.chunks_exact(classes)) {
        let best = highest(x)?;
        let runner_up = x
            .iter()
            .enumerate()
            .filter(|(class, _)| *class != best)
            .map(|(_, &value)| value);
        let runner_up = runner_up.fold(f32::NEG_INFINITY, f32::max);
        if f64::from(x[best]) - f64::from(runner_up) <= 2.0 * tolerance {
            continue;
        }
        clear += 1;
        same += usize::from(highest(y) == Some(best));
    }
    (clear > 0).then(|| same as f64 / clear as f64)
}

fn highest(row: &[f32]) -> Option<usize> {
    let mut best = None;
    for (class, &value) in row.iter().enumerate() {
        match best {
            None => best = Some((class, value)),
            Some((_, highest)) if value > highest => best = Some((class, value)),
            Some(_) => {}
        }
    }
    best.map(|(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn outputs(rows: &[[f32; 2]], indices: &[usize]) -> Outputs {
        let flat: Vec<f32> = rows.iter().flatten().copied().collect();
        Outputs {
            tensors: vec![Tensor::new("y", DType::F32, vec![rows.len(), 2], &flat).unwrap()],
            indices: indices.to_vec(),
            answer: None,
        }
    }

    #[test]
    fn only_common_samples_are_compared_and_paired_by_index() {
        let reference = outputs(&[[0.0, 1.0], [2.0, 0.0], [0.0, 3.0]], &[0, 1, 2]);
        let other = outputs(&[[0.0, 3.0], [0.0, 1.0]], &[2, 0]);
        let compared = compare(&reference, &other, "r").unwrap();
        assert_eq!(compared.shown.samples, 2);
        assert!(compared.shown.max_abs.abs() < f64::EPSILON);
        assert_eq!(compared.shown.sqnr_db, None);
        assert_eq!(compared.shown.same_answer, Some(1.0));
    }

    #[test]
    fn a_tie_has_no_answer_to_differ_in() {
        let reference = outputs(&[[1.0, 1.0], [5.0, 0.0]], &[0, 1]);
        let other = outputs(&[[1.0, 1.001], [0.0, 5.0]], &[0, 1]);
        assert_eq!(compare(&reference, &other, "r").unwrap().shown.same_answer, Some(0.0));
    }

    #[test]
    fn nothing_in_common_is_no_comparison() {
        let reference = outputs(&[[1.0, 1.0]], &[0]);
        assert!(compare(&reference, &outputs(&[[1.0, 1.0]], &[1]), "r").is_err());
    }
}
