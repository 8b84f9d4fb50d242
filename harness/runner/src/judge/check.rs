//! Whether a cell's outputs are right.

use std::collections::{HashMap, HashSet};

use edgebench_record::{Comparison, GoldenCheck, OutputsCheck, OutputsVerdict};
use edgebench_stats::{newcombe_paired, paired_table};
use edgebench_suites::{Judged, MetricName, Suite, Variant, delta};

use crate::expect::OUTPUTS_DIFFER;
use crate::plan::PlannedCell;
use crate::prepare::Prepared;
use crate::{Plan, judge::Answers};

use super::outputs::{Compared, Outputs, compare};
use super::paired;
use super::rule::{INFERIOR, Rule, SAME_ANSWERS, float_tolerance};

/// A cell with its answers.
pub(super) struct Peer<'a> {
    pub(super) planned: &'a PlannedCell,
    pub(super) answers: Option<&'a Answers>,
}

/// Holds cells against the reference backend's, and against golden outputs.
pub(super) struct Checker<'a> {
    plan: &'a Plan,
    suite: &'a Suite,
    prepared: &'a Prepared,
    peers: &'a [Peer<'a>],
    golden: HashMap<(&'a str, &'a str), Option<Outputs>>,
    /// Reference cells that are wrong themselves: nothing is held against them.
    wrong: HashSet<usize>,
}

/// What one comparison comes to: nothing to say against it, or why the outputs differ.
struct Finding {
    compared: Compared,
    against: Option<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(plan: &'a Plan, suite: &'a Suite, prepared: &'a Prepared, peers: &'a [Peer<'a>]) -> Self {
        let mut golden = HashMap::new();
        for task in &suite.tasks {
            for variant in &task.variants {
                golden.insert(
                    (task.id.as_str(), variant.id.as_str()),
                    golden_of(variant, task.output.as_deref()),
                );
            }
        }
        Self {
            plan,
            suite,
            prepared,
            peers,
            golden,
            wrong: HashSet::new(),
        }
    }

    /// The cells, the reference backend's first, since the others are held against them.
    pub(super) fn order(&self) -> Vec<usize> {
        let (mut first, others): (Vec<usize>, Vec<usize>) =
            (0..self.peers.len()).partition(|&index| self.is_reference(index));
        first.extend(others);
        first
    }

    /// Whether the others are held against this cell.
    fn is_reference(&self, index: usize) -> bool {
        let id = &self.peers[index].planned.id;
        self.reference_backend(&id.task, &id.variant) == Some(id.backend.as_str())
    }

    /// Whether a cell serves as the reference only because the plan's own has no outputs of its variant.
    pub(super) fn stands_in(&self, index: usize) -> bool {
        self.is_reference(index) && self.peers[index].planned.id.backend != self.plan.reference
    }

    /// The backend whose outputs of a variant the others' are held against: the plan's reference, or the first in the
    /// plan's order that has outputs where the reference has none.
    fn reference_backend(&self, task: &str, variant: &str) -> Option<&'a str> {
        let mut backends = self
            .peers
            .iter()
            .filter(|peer| peer.planned.id.task == task && peer.planned.id.variant == variant && peer.answers.is_some())
            .map(|peer| peer.planned.id.backend.as_str())
            .peekable();
        let first = backends.peek().copied();
        backends.find(|backend| *backend == self.plan.reference).or(first)
    }

    /// Checks one cell. The second value is the reason of its failure, where its outputs differ.
    pub(super) fn check(&mut self, index: usize) -> (OutputsCheck, Option<String>) {
        let mut check = OutputsCheck::default();
        let peer = &self.peers[index];
        let Some(answers) = peer.answers else {
            "it has no outputs".clone_into(&mut check.why);
            return (check, None);
        };
        let id = &peer.planned.id;
        let rule = self.rule(&id.task, &id.variant);
        let scored = answers.judged.is_some();
        let mut against = None;
        let mut agreements = Vec::new();
        if !answers.outputs.any_finite() {
            against = Some(format!("{OUTPUTS_DIFFER}: none of their elements is a finite number"));
        }

        let golden = self.golden.get(&(id.task.as_str(), id.variant.as_str()));
        let in_common = |golden: &&Outputs| !golden.common(&answers.outputs).is_empty();
        if let Some(golden) = golden.and_then(Option::as_ref).filter(in_common) {
            let required = rule.required_sqnr_db(self.golden_loss(&id.task, &id.variant), scored);
            let label = "golden outputs";
            match finding(required, golden, &answers.outputs, &self.plan.reference, label) {
                Ok(found) => {
                    agreements.push(describe(&found.compared.shown, label));
                    against = against.or(found.against);
                    check.golden = Some(GoldenCheck {
                        file: self.golden_file(&id.task, &id.variant),
                        comparison: found.compared.shown,
                    });
                }
                Err(why) => against = against.or(Some(format!("{OUTPUTS_DIFFER}: {why}"))),
            }
        }
        let is_reference = self.is_reference(index);
        if let Some((reference, theirs)) = self.reference(index).filter(|_| !is_reference) {
            let label = self.peers[reference].planned.id.backend.as_str();
            let required = rule.required_sqnr_db(self.own_loss(reference), scored);
            match finding(required, &theirs.outputs, &answers.outputs, label, label) {
                Ok(found) => {
                    agreements.push(describe(&found.compared.shown, label));
                    against = against
                        .or(found.against)
                        .or_else(|| self.inferior(rule, index, label, theirs, answers));
                    check.reference = Some(found.compared.shown);
                }
                Err(why) => against = against.or(Some(format!("{OUTPUTS_DIFFER}: {why}"))),
            }
        }
        check.verdict = match (&against, is_reference) {
            (Some(_), _) => OutputsVerdict::Differ,
            // Golden outputs are the reference's own: what stands in for it is held against them.
            (None, true) if check.golden.is_some() && self.stands_in(index) => OutputsVerdict::Agree,
            (None, true) if check.golden.is_some() || self.serves(index) => OutputsVerdict::Reference,
            (None, false) if check.golden.is_some() || check.reference.is_some() => OutputsVerdict::Agree,
            (None, _) => OutputsVerdict::Unchecked,
        };
        check.why = match &against {
            Some(reason) => reason.clone(),
            None if check.verdict == OutputsVerdict::Unchecked => {
                "no other backend's outputs and no golden outputs to hold them against".to_owned()
            }
            None => agreements.join("; "),
        };
        if against.is_some() && is_reference {
            self.wrong.insert(index);
        }
        (check, against)
    }

    fn rule(&self, task: &str, variant: &str) -> Rule {
        let key = (task.to_owned(), variant.to_owned());
        self.prepared.models.get(&key).map_or(Rule::Float, |model| model.rule)
    }

    /// The reference backend's cell of the same variant: under the same settings where there is one, otherwise the
    /// nearest in threads and batch.
    fn reference(&self, index: usize) -> Option<(usize, &'a Answers)> {
        let id = &self.peers[index].planned.id;
        let backend = self.reference_backend(&id.task, &id.variant)?;
        let distance = |other: &PlannedCell| {
            let settings = &other.id.settings;
            (
                settings.batch.abs_diff(id.settings.batch),
                settings.threads.abs_diff(id.settings.threads),
                settings.device != id.settings.device,
            )
        };
        self.peers
            .iter()
            .enumerate()
            .filter(|(other, peer)| {
                let theirs = &peer.planned.id;
                theirs.backend == backend
                    && theirs.task == id.task
                    && theirs.variant == id.variant
                    && !self.wrong.contains(other)
            })
            .filter_map(|(other, peer)| Some((other, peer.planned, peer.answers?)))
            .min_by_key(|(_, planned, _)| distance(planned))
            .map(|(other, _, answers)| (other, answers))
    }

    /// Whether another backend's outputs of this variant are held against this reference cell.
    fn serves(&self, index: usize) -> bool {
        let id = &self.peers[index].planned.id;
        self.peers.iter().any(|peer| {
            let other = &peer.planned.id;
            other.task == id.task
                && other.variant == id.variant
                && other.backend != id.backend
                && peer.answers.is_some()
        })
    }

    /// What a reference cell loses by quantising: its outputs against its own of the float baseline, in dB.
    fn own_loss(&self, reference: usize) -> Option<f64> {
        let id = &self.peers[reference].planned.id;
        let baseline = self.peers.iter().find(|peer| {
            let other = &peer.planned.id;
            peer.planned.baseline
                && other.task == id.task
                && other.backend == id.backend
                && other.settings == id.settings
                && self.rule(&other.task, &other.variant) == Rule::Float
        })?;
        loss(&baseline.answers?.outputs, &self.peers[reference].answers?.outputs)
    }

    fn golden_loss(&self, task: &str, variant: &str) -> Option<f64> {
        let baseline = self.suite.task(task)?.baseline.as_str();
        if self.suite_rule(task, baseline) != Rule::Float {
            return None;
        }
        let of = |variant| self.golden.get(&(task, variant))?.as_ref();
        loss(of(baseline)?, of(variant)?)
    }

    /// The rule of a variant that need not be in the plan.
    fn suite_rule(&self, task: &str, variant: &str) -> Rule {
        let stated = self
            .suite
            .task(task)
            .and_then(|task| task.variant(variant))
            .and_then(|variant| variant.precision);
        stated.map_or_else(|| self.rule(task, variant), |precision| Rule::of(Some(precision), None))
    }

    fn golden_file(&self, task: &str, variant: &str) -> String {
        let golden = self
            .suite
            .task(task)
            .and_then(|task| task.variant(variant)?.golden.as_ref());
        golden
            .and_then(|golden| golden.path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Why a quantised cell's metric is inferior to the reference's. It is when the difference, sample by sample, is
    /// significantly below zero and may be more than one point: the one-sided 95 % bounds are below 0 and at or below
    /// −0.01. Where few samples leave the interval wide, that alone speaks against no cell.
    fn inferior(
        &self,
        rule: Rule,
        index: usize,
        label: &str,
        reference: &Answers,
        answers: &Answers,
    ) -> Option<String> {
        if rule != Rule::Quantised {
            return None;
        }
        let id = &self.peers[index].planned.id;
        let metric = self.suite.task(&id.task)?.metric?;
        let (theirs, ours) = paired(metric, self.prepared.tasks.get(&id.task)?, reference, answers)?;
        let (value, low, high) = difference(metric, &theirs, &ours)?;
        (low <= -INFERIOR && high < 0.0).then(|| {
            format!(
                "{OUTPUTS_DIFFER}: {} is {:+.2} points against {}, {:+.2} to {:+.2}",
                metric.id(),
                value * 100.0,
                label,
                low * 100.0,
                high * 100.0
            )
        })
    }
}

/// The difference of a metric and its one-sided 95 % bounds, which are the ends of a two-sided 90 % interval. For
/// metrics that are no proportions the 95 % interval of the bootstrap stands in, which is wider.
fn difference(metric: MetricName, reference: &Judged, other: &Judged) -> Option<(f64, f64, f64)> {
    let figures = delta(reference, other).ok()?;
    let interval = match metric {
        MetricName::Top1 => newcombe_paired(paired_table(&reference.right, &other.right)?, 0.90),
        MetricName::F1 | MetricName::Auc => figures.interval,
    }?;
    Some((figures.value, interval.low, interval.high))
}

fn golden_of(variant: &Variant, answer: Option<&str>) -> Option<Outputs> {
    // A golden file that cannot be read ends the variant's cells before they run.
    Outputs::read(&variant.golden.as_ref()?.path, None, answer).ok()
}

fn loss(float: &Outputs, quantised: &Outputs) -> Option<f64> {
    compare(float, quantised, "").ok().map(|compared| compared.sqnr_db)
}

fn describe(shown: &Comparison, label: &str) -> String {
    match shown.sqnr_db {
        Some(db) => format!("SQNR {db:.1} dB against {label} on {} samples", shown.samples),
        // Nothing differs, or there is nothing finite to take a ratio of.
        None if shown.max_abs == 0.0 => format!("identical to {label} on {} samples", shown.samples),
        None => format!("no finite SQNR against {label} on {} samples", shown.samples),
    }
}

/// Holds outputs against a reference's: by the signal-to-noise ratio that is required, or element by element where none
/// is.
fn finding(
    required: Option<f64>,
    reference: &Outputs,
    other: &Outputs,
    backend: &str,
    label: &str,
) -> Result<Finding, String> {
    let mut compared = compare(reference, other, backend)?;
    compared.shown.required_sqnr_db = required;
    let shown = &compared.shown;
    let tolerance = float_tolerance(compared.largest);
    let against = if compared.non_finite_differing > 0 {
        Some(format!(
            "{} elements are not finite where {label}'s are",
            compared.non_finite_differing
        ))
    } else if let Some(required) = required {
        // A NaN, where nothing is finite, is no ratio that reaches anything.
        let reached = compared.sqnr_db >= required;
        (!reached).then(|| {
            format!(
                "SQNR {} dB against {label}, {required:.1} required",
                decibel(compared.sqnr_db)
            )
        })
    } else if shown.max_abs > tolerance {
        Some(format!(
            "largest difference {:.2e} against {label}, {tolerance:.2e} allowed (SQNR {} dB)",
            shown.max_abs,
            decibel(compared.sqnr_db)
        ))
    } else {
        shown.same_answer.filter(|&same| same < SAME_ANSWERS).map(|same| {
            format!(
                "{:.2} % of the answers are those of {label}, 99.9 required",
                same * 100.0
            )
        })
    };
    Ok(Finding {
        against: against.map(|why| format!("{OUTPUTS_DIFFER}: {why}")),
        compared,
    })
}

/// One decimal, with a true minus sign, and none before a zero.
fn decibel(db: f64) -> String {
    let text = format!("{db:.1}");
    if text == "-0.0" {
        return "0.0".to_owned();
    }
    text.replace('-', "−")
}
