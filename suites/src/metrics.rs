//! Scores: what a model answered, held against the labels.

use edgebench_api::{DType, Tensor, TensorError};
use edgebench_stats::{Interval, bootstrap_interval, wilson};

use crate::manifest::MetricName;
use crate::resample::{Cell, RankedScores, bootstrap_of_counts, cells, macro_f1_of};

/// The confidence of every interval here.
pub(crate) const CONFIDENCE: f64 = 0.95;
/// Resamples of a bootstrap.
pub(crate) const RESAMPLES: usize = 2000;
/// The seed of every bootstrap: the same outputs give the same interval.
pub(crate) const SEED: u64 = 0x6564_6765;

/// Why a score does not exist.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// The outputs have a shape that the metric is not defined for.
    #[error("{metric} takes outputs of {wanted}, and `{name}` has shape {shape:?}", metric = metric.id())]
    Shape {
        /// The metric.
        metric: MetricName,
        /// The output's name.
        name: String,
        /// The shape that it has.
        shape: Vec<usize>,
        /// The shape that is needed.
        wanted: &'static str,
    },
    /// There are more or fewer outputs than labels.
    #[error("there are {outputs} outputs for {labels} labels")]
    Samples {
        /// Outputs.
        outputs: usize,
        /// Labels.
        labels: usize,
    },
    /// A label that the outputs have no place for.
    #[error("sample {sample} has label {label}, and there are {classes} classes")]
    Label {
        /// The sample, from 0.
        sample: usize,
        /// Its label.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
    /// Scores that cannot be ordered.
    #[error("{rows} of {samples} outputs are not a number, so there is no {metric}", metric = metric.id())]
    NotANumber {
        /// The metric.
        metric: MetricName,
        /// Samples with a NaN.
        rows: usize,
        /// All samples.
        samples: usize,
    },
    /// The metric of these samples does not exist.
    #[error("{metric} is undefined: {reason}", metric = metric.id())]
    Undefined {
        /// The metric.
        metric: MetricName,
        /// Why.
        reason: &'static str,
    },
    /// Baseline and variant were not judged on the same samples by the same metric.
    #[error("baseline and variant were not judged on the same samples by the same metric")]
    Unpaired,
    /// The outputs break their own description.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// A model's answers, one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What they were judged by.
    pub metric: MetricName,
    /// The label of each sample.
    pub labels: Vec<usize>,
    /// The class of each sample, the lowest of those that tie; `None` for a row with a NaN. Empty where the output is
    /// a single score, because no threshold is known.
    pub predictions: Vec<Option<usize>>,
    /// Whether each prediction is the label. As long as [`Judged::predictions`].
    pub right: Vec<bool>,
    /// The score of class 1 of each sample; empty unless the metric is the area under the ROC curve.
    pub scores: Vec<f64>,
    /// How many classes the outputs have.
    pub classes: usize,
}

/// A metric's value over a test set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The metric.
    pub metric: MetricName,
    /// Its value, 0 to 1.
    pub value: f64,
    /// A 95 % interval: Wilson's for `top1`, a percentile bootstrap for `f1` and `auc`. Absent where a resample has no
    /// value, as when it holds one class only.
    pub interval: Option<Interval>,
    /// How many samples.
    pub samples: usize,
}

/// Judges outputs against labels.
///
/// `top1` and `f1` take outputs `[n, classes]` (further axes of extent 1 are ignored) and predict the highest, ties
/// going to the lowest index; a row with a NaN predicts no class and is wrong. `auc` takes `[n]` or `[n, 1]`, a score
/// of class 1, or `[n, 2]`, whose second column it is; labels are then 0 or 1.
///
/// # Errors
/// [`MetricError`] when the outputs do not fit the metric or the labels.
pub fn score(metric: MetricName, outputs: &Tensor, labels: &[i64]) -> Result<(Score, Judged), MetricError> {
    let judged = judge(metric, outputs, labels)?;
    let (value, interval) = match metric {
        MetricName::Top1 => {
            let right = judged.right.iter().filter(|&&right| right).count() as u64;
            let n = judged.right.len() as u64;
            (right as f64 / n as f64, wilson(right, n, CONFIDENCE))
        }
        MetricName::F1 => {
            let cells: Vec<(Cell, u64)> = cells(&judged.labels, &judged.predictions, &judged.predictions);
            let mut scratch = Vec::new();
            let mut f1 = |counts: &[u64]| macro_f1_of(&cells, counts, judged.classes, |cell| cell.first, &mut scratch);
            let counts: Vec<u64> = cells.iter().map(|&(_, count)| count).collect();
            let value = f1(&counts).ok_or(MetricError::Undefined {
                metric,
                reason: "there are no samples",
            })?;
            (value, bootstrap_of_counts(&counts, RESAMPLES, SEED, CONFIDENCE, f1))
        }
        MetricName::Auc => auc(&judged)?,
    };
    Ok((
        Score {
            metric,
            value,
            interval,
            samples: judged.labels.len(),
        },
        judged,
    ))
}

fn auc(judged: &Judged) -> Result<(f64, Option<Interval>), MetricError> {
    let mut ranked = RankedScores::new(&judged.scores, &judged.labels);
    let n = judged.labels.len();
    let value = ranked.area((0..n).by_ref()).ok_or(MetricError::Undefined {
        metric: MetricName::Auc,
        reason: "it needs labels of both classes",
    })?;
    let interval = bootstrap_interval(n, RESAMPLES, SEED, CONFIDENCE, |indices| {
        ranked.area(indices.iter().copied()).unwrap_or(f64::NAN)
    });
    Ok((value, interval))
}

fn judge(metric: MetricName, outputs: &Tensor, labels: &[i64]) -> Result<Judged, MetricError> {
    let values = elements(outputs)?;
    let (samples, columns) = extents(&outputs.shape).unwrap_or((0, 0));
    let wanted = match metric {
        MetricName::Top1 | MetricName::F1 if columns < 2 => Some("[samples, classes] with two classes or more"),
        MetricName::Auc if !(1..=2).contains(&columns) => Some("[samples], [samples, 1] or [samples, 2]"),
        _ => None,
    };
    if let Some(wanted) = wanted {
        let (name, shape) = (outputs.name.clone(), outputs.shape.clone());
        return Err(MetricError::Shape {
            metric,
            name,
            shape,
            wanted,
        });
    }
    if samples != labels.len() {
        return Err(MetricError::Samples {
            outputs: samples,
            labels: labels.len(),
        });
    }
    if samples == 0 {
        return Err(MetricError::Undefined {
            metric,
            reason: "there are no samples",
        });
    }
    let classes = columns.max(2);
    let labels = checked(labels, classes)?;
    let rows = values.chunks_exact(columns);
    let scores: Vec<f64> = match metric {
        MetricName::Auc => rows.clone().map(|row| row[columns - 1]).collect(),
        MetricName::Top1 | MetricName::F1 => Vec::new(),
    };
    let nan = scores.iter().filter(|score| score.is_nan()).count();
    if nan > 0 {
        return Err(MetricError::NotANumber {
            metric,
            rows: nan,
            samples,
        });
    }
    let predictions: Vec<Option<usize>> = if columns < 2 {
        Vec::new()
    } else {
        rows.map(highest).collect()
    };
    let right = predictions
        .iter()
        .zip(&labels)
        .map(|(&prediction, &label)| prediction == Some(label))
        .collect();
    Ok(Judged {
        metric,
        labels,
        predictions,
        right,
        scores,
        classes,
    })
}

/// The outputs as `f64`, so that no two different outputs of a wider type become a tie.
fn elements(outputs: &Tensor) -> Result<Vec<f64>, TensorError> {
    Ok(match outputs.dtype {
        DType::F64 => outputs.view()?.to_vec::<f64>()?,
        DType::I64 => outputs.view()?.to_vec::<i64>()?.into_iter().map(|x| x as f64).collect(),
        DType::I32 => outputs.view()?.to_vec::<i32>()?.into_iter().map(f64::from).collect(),
        _ => outputs.to_f32()?.into_iter().map(f64::from).collect(),
    })
}

/// Samples and columns: the leading axis, and the only further one that is not 1.
fn extents(shape: &[usize]) -> Option<(usize, usize)> {
    let (&samples, rest) = shape.split_first()?;
    let mut wide = rest.iter().copied().filter(|&dim| dim != 1);
    let columns = wide.next().unwrap_or(1);
    wide.next().is_none().then_some((samples, columns))
}

fn checked(labels: &[i64], classes: usize) -> Result<Vec<usize>, MetricError> {
    let place = |(sample, &label): (usize, &i64)| {
        usize::try_from(label)
            .ok()
            .filter(|&label| label < classes)
            .ok_or(MetricError::Label { sample, label, classes })
    };
    labels.iter().enumerate().map(place).collect()
}

/// The index of the highest element, the lowest of those that tie; `None` where one is NaN.
fn highest(row: &[f64]) -> Option<usize> {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if value.is_nan() {
            return None;
        }
        if *value > row[best] {
            best = index;
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::new("y", DType::F32, shape, values).unwrap()
    }

    #[test]
    fn ties_go_to_the_lowest_class_and_a_nan_is_wrong() {
        let y = outputs(
            &[4, 3],
            &[1.0, 1.0, 0.0, 0.0, 2.0, 2.0, f32::NAN, 9.0, 1.0, 0.0, 0.0, 5.0],
        );
        let (score, judged) = score(MetricName::Top1, &y, &[0, 1, 1, 2]).unwrap();
        assert_eq!(judged.predictions, [Some(0), Some(1), None, Some(2)]);
        assert_eq!(judged.right, [true, true, false, true]);
        assert_eq!((score.value, score.samples), (0.75, 4));
        assert_eq!(score.interval, wilson(3, 4, 0.95));
    }

    // python3 -c "from sklearn.metrics import f1_score as f; print(f([0,0,1,1,2,2,2],[0,1,1,1,2,0,2],average='macro'))"
    #[test]
    fn macro_f1_agrees_with_scikit_learn() {
        let mut values = Vec::new();
        for class in [0, 1, 1, 1, 2, 0, 2] {
            values.extend((0..3).map(|column| f32::from(u8::from(column == class))));
        }
        let (score, _) = score(MetricName::F1, &outputs(&[7, 3], &values), &[0, 0, 1, 1, 2, 2, 2]).unwrap();
        assert!((score.value - 0.7).abs() < 1e-12);
        let interval = score.interval.unwrap();
        assert!(interval.low < 0.7 && 0.7 < interval.high);
    }

    #[test]
    fn an_area_takes_a_score_or_two_columns() {
        let labels = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0];
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.7, 0.6, 0.3];
        let pairs: Vec<f32> = scores.iter().flat_map(|&score| [1.0 - score, score]).collect();
        let (one, judged) = score(MetricName::Auc, &outputs(&[10], &scores), &labels).unwrap();
        let (column, _) = score(MetricName::Auc, &outputs(&[10, 1], &scores), &labels).unwrap();
        let (two, classes) = score(MetricName::Auc, &outputs(&[10, 2], &pairs), &labels).unwrap();
        let wide: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
        let positive: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
        assert_eq!(Some(one.value), edgebench_stats::roc_auc(&wide, &positive));
        assert_eq!((one, one), (column, two));
        assert!(judged.predictions.is_empty());
        assert_eq!(classes.predictions.len(), 10);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let said = |metric, shape: &[usize], values: &[f32], labels: &[i64]| {
            score(metric, &outputs(shape, values), labels).unwrap_err().to_string()
        };
        assert_eq!(
            said(MetricName::Top1, &[2], &[0.0, 1.0], &[0, 1]),
            "top1 takes outputs of [samples, classes] with two classes or more, and `y` has shape [2]"
        );
        assert_eq!(
            said(MetricName::Top1, &[1, 2], &[0.0, 1.0], &[0, 1]),
            "there are 1 outputs for 2 labels"
        );
        assert_eq!(
            said(MetricName::F1, &[1, 2], &[0.0, 1.0], &[2]),
            "sample 0 has label 2, and there are 2 classes"
        );
        assert_eq!(
            said(MetricName::Auc, &[2], &[f32::NAN, 1.0], &[0, 1]),
            "1 of 2 outputs are not a number, so there is no auc"
        );
        assert_eq!(
            said(MetricName::Auc, &[2], &[0.0, 1.0], &[1, 1]),
            "auc is undefined: it needs labels of both classes"
        );
        assert!(said(MetricName::Auc, &[1, 3], &[0.0; 3], &[1]).starts_with("auc takes outputs of [samples]"));
        assert!(score(MetricName::Top1, &outputs(&[0, 3], &[]), &[]).is_err());
        assert!(score(MetricName::Top1, &outputs(&[], &[1.0]), &[]).is_err());
    }
}
