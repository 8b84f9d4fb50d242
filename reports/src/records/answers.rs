//! The answers of two records to the same samples.

use edgebench_record::{Accuracy, Answers, TaskFacts};
use edgebench_stats::{PairedTable, paired_table};

use super::estimate::Estimate;
use super::paired::{area_difference, macro_f1, macro_f1_difference};

/// More classes than any model has; a record that names a higher one is damaged.
const MOST_CLASSES: usize = 1 << 20;

/// What both records answered to the samples that both evaluated.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// The right answers.
    labels: Vec<usize>,
    /// The classes answered, by side; empty where outputs are single scores.
    classes: [Vec<Option<usize>>; 2],
    /// The scores, by side; empty unless the metric is `auc`.
    scores: [Vec<f64>; 2],
}

/// A metric over paired samples.
#[derive(Debug)]
pub(crate) struct Paired {
    /// The baseline's value over the paired samples.
    pub(crate) baseline: f64,
    /// The candidate's.
    pub(crate) candidate: f64,
    /// The difference.
    pub(crate) estimate: Estimate,
    /// What stands behind the estimate.
    pub(crate) test: &'static str,
    /// Right and wrong answers, where there are classes.
    pub(crate) table: Option<PairedTable>,
}

/// Pairs what two cells answered, by the samples' places in the test set, which must be the same one.
///
/// The error is a line that says what is lacking.
pub(crate) fn pair(task: &TaskFacts, baseline: &Accuracy, candidate: &Accuracy) -> Result<Pairs, String> {
    if task.labels.is_empty() {
        return Err("the records hold no labels".to_owned());
    }
    let samples = task.labels.len();
    let (before, after) = (
        Side::of(baseline, samples, "the baseline")?,
        Side::of(candidate, samples, "the candidate")?,
    );
    let mut pairs = Pairs {
        labels: Vec::new(),
        classes: [Vec::new(), Vec::new()],
        scores: [Vec::new(), Vec::new()],
    };
    let (mut first, mut second) = (0, 0);
    while first < before.n && second < after.n {
        let (left, right) = (before.sample(first), after.sample(second));
        if left == right {
            let label = task.labels.get(left).and_then(|&label| usize::try_from(label).ok());
            let label = label.filter(|&label| label < MOST_CLASSES);
            pairs.labels.push(label.ok_or("the labels are damaged")?);
            pairs.take(0, before.answers, first);
            pairs.take(1, after.answers, second);
        }
        first += usize::from(left <= right);
        second += usize::from(right <= left);
    }
    if pairs.labels.is_empty() {
        return Err("no sample was evaluated by both".to_owned());
    }
    Ok(pairs)
}

/// One side's answers, found to be whole.
struct Side<'a> {
    answers: &'a Answers,
    n: usize,
}

impl<'a> Side<'a> {
    fn of(accuracy: &'a Accuracy, samples: usize, whose: &str) -> Result<Self, String> {
        let Some(answers) = &accuracy.answers else {
            return Err(format!("{whose}'s record holds no answers by sample"));
        };
        let lengths = [answers.classes.len(), answers.scores.len()];
        let n = lengths[0].max(lengths[1]);
        let even = lengths.iter().all(|&length| length == 0 || length == n);
        let placed = match &answers.indices {
            None => n == samples,
            Some(indices) => {
                indices.len() == n
                    && indices.is_sorted_by(|a, b| a < b)
                    && indices.last().is_none_or(|&last| last < samples)
            }
        };
        let known = answers.classes.iter().flatten().all(|&class| class < MOST_CLASSES);
        let finite = answers.scores.iter().all(|score| score.is_finite());
        if n > 0 && even && placed && known && finite {
            Ok(Self { answers, n })
        } else {
            Err(format!("{whose}'s answers are damaged"))
        }
    }

    fn sample(&self, row: usize) -> usize {
        match &self.answers.indices {
            Some(indices) => indices[row],
            None => row,
        }
    }
}

impl Paired {
    /// Whether it is of shares of right answers, and no sample is right for one side alone.
    pub(crate) fn unflipped(&self) -> bool {
        matches!(&self.estimate, Estimate::Shares(table) if table.discordant() == 0)
    }
}

impl Pairs {
    fn take(&mut self, side: usize, answers: &Answers, row: usize) {
        self.classes[side].extend(answers.classes.get(row));
        self.scores[side].extend(answers.scores.get(row));
    }

    /// Whether both answered alike throughout.
    pub(crate) fn same(&self) -> bool {
        self.classes[0] == self.classes[1] && self.scores[0] == self.scores[1]
    }

    /// A metric's difference over the pairs; `None` where it has no value.
    pub(crate) fn metric(&self, metric: &str) -> Option<Paired> {
        match metric {
            "top1" => shares(self.table()?),
            "f1" => {
                let classes = self.all_classes();
                let [before, after] = &self.classes;
                Some(Paired {
                    baseline: macro_f1(&self.labels, before, classes)?,
                    candidate: macro_f1(&self.labels, after, classes)?,
                    estimate: Estimate::Difference(macro_f1_difference(&self.labels, before, after, classes)?),
                    test: "delta method",
                    table: self.table(),
                })
            }
            "auc" => {
                let positive: Vec<bool> = self.labels.iter().map(|&label| label == 1).collect();
                let [before, after] = &self.scores;
                Some(Paired {
                    baseline: edgebench_stats::roc_auc(before, &positive)?,
                    candidate: edgebench_stats::roc_auc(after, &positive)?,
                    estimate: Estimate::Difference(area_difference(&positive, before, after)?),
                    test: "DeLong",
                    table: None,
                })
            }
            _ => None,
        }
    }

    /// The share of right answers by class, for the classes that occur among the labels, in ascending order.
    pub(crate) fn by_class(&self) -> Vec<(usize, Paired)> {
        let mut rows: Vec<Vec<usize>> = Vec::new();
        if self.classes.iter().any(|classes| classes.len() != self.labels.len()) {
            return Vec::new();
        }
        for (row, &label) in self.labels.iter().enumerate() {
            if rows.len() <= label {
                rows.resize_with(label + 1, Vec::new);
            }
            rows[label].push(row);
        }
        let of = |(class, rows): (usize, Vec<usize>)| {
            let right =
                |side: usize| -> Vec<bool> { rows.iter().map(|&row| self.classes[side][row] == Some(class)).collect() };
            Some((class, shares(paired_table(&right(0), &right(1))?)?))
        };
        rows.into_iter().enumerate().filter_map(of).collect()
    }

    /// Right and wrong answers of both; `None` where there are no classes.
    fn table(&self) -> Option<PairedTable> {
        let right = |side: usize| -> Vec<bool> {
            let both = self.labels.iter().zip(&self.classes[side]);
            both.map(|(label, class)| *class == Some(*label)).collect()
        };
        paired_table(&right(0), &right(1)).filter(|table| table.n() == self.labels.len() as u64)
    }

    fn all_classes(&self) -> usize {
        let answered = self.classes.iter().flatten().flatten();
        self.labels.iter().chain(answered).max().map_or(0, |&class| class + 1)
    }
}

/// Two shares of right answers.
fn shares(table: PairedTable) -> Option<Paired> {
    let share = |count: u64| (table.n() > 0).then(|| count as f64 / table.n() as f64);
    Some(Paired {
        baseline: share(table.both_right + table.only_baseline)?,
        candidate: share(table.both_right + table.only_variant)?,
        estimate: Estimate::Shares(table),
        test: "Newcombe",
        table: Some(table),
    })
}
