//! Verdicts on accuracies, by paired samples, and on single classes.

use edgebench_record::{Change, Scale, Tolerance, Verdict, VerdictKind};
use edgebench_stats::mcnemar_mid_p;

use super::answers::{Paired, Pairs, pair};
use super::judge::Pair;
use super::trial::{Draft, Trial, View, append};
use crate::policy::{Rule, THRESHOLD_SHARE};

/// A class with fewer samples shows nothing. Source: `docs/method.md` §4, "per-class".
const FEWEST_OF_CLASS: usize = 30;

/// Judges a task's metric. `figures` are those of the records, for where nothing can be paired.
pub(crate) fn accuracy(pair_of: &Pair<'_>, rule: &Rule, figures: (f64, f64)) -> Draft {
    let mut draft = pair_of.draft(rule, figures);
    let found = pairs(pair_of).and_then(|pairs| {
        let paired = pairs.metric(metric(pair_of));
        let paired = paired.ok_or("the paired samples have no value of the metric")?;
        Ok((pairs, paired))
    });
    match found {
        Ok((pairs, paired)) => {
            let evaluated = [pair_of.baseline, pair_of.candidate].map(|side| side.samples());
            let n = paired.estimate.n();
            if evaluated.iter().any(|&samples| samples != Some(n)) {
                append(
                    &mut draft.verdict.reason,
                    &format!("over the {n} samples that both evaluated"),
                );
            }
            fill(&mut draft, rule.tolerance, &paired, pairs.same());
        }
        Err(why) => {
            append(&mut draft.verdict.reason, &why);
            draft.verdict.change = Some(Change {
                scale: Scale::Absolute,
                estimate: figures.1 - figures.0,
                interval: None,
                minimum_detectable: None,
                significant: false,
            });
        }
    }
    draft
}

/// Judges the share of right answers by class. None where the answers are scores, which have no classes.
///
/// The error is a line that says what is lacking.
pub(crate) fn classes(pair_of: &Pair<'_>, rule: &Rule, drop: f64) -> Result<Vec<Draft>, String> {
    let pairs = pairs(pair_of)?;
    let tolerance = Tolerance {
        scale: Scale::Absolute,
        amount: drop,
    };
    let of = |(class, paired): (usize, Paired)| {
        let mut draft = pair_of.draft(rule, (paired.baseline, paired.candidate));
        draft.verdict.class = i64::try_from(class).ok();
        fill(&mut draft, tolerance, &paired, paired.unflipped());
        if paired.estimate.n() < FEWEST_OF_CLASS {
            draft.verdict.gating = false;
            let few = format!("fewer than {FEWEST_OF_CLASS} samples of the class");
            append(&mut draft.verdict.reason, &few);
        }
        draft
    };
    Ok(pairs.by_class().into_iter().map(of).collect())
}

/// Of a cell's classes, those that regressed; without one, that which says most.
pub(crate) fn telling(classes: Vec<Verdict>) -> Vec<Verdict> {
    let (regressed, rest): (Vec<_>, Vec<_>) = classes
        .into_iter()
        .partition(|verdict| verdict.kind == VerdictKind::Regressed && verdict.gating);
    if !regressed.is_empty() {
        return regressed;
    }
    let classes = rest.len();
    let drop = |verdict: &Verdict| verdict.worsening().unwrap_or(f64::NEG_INFINITY);
    let doubt = |verdict: &Verdict| (verdict.gating, verdict.kind == VerdictKind::Inconclusive);
    let worst = rest.into_iter().reduce(|worst, next| {
        let order = doubt(&next)
            .cmp(&doubt(&worst))
            .then(drop(&next).total_cmp(&drop(&worst)));
        if order.is_gt() { next } else { worst }
    });
    worst
        .map(|mut verdict| {
            append(
                &mut verdict.reason,
                &format!("the one that says most, of {classes} classes"),
            );
            verdict
        })
        .into_iter()
        .collect()
}

fn pairs(pair_of: &Pair<'_>) -> Result<Pairs, String> {
    let (Some(before), Some(after)) = (&pair_of.baseline.cell.accuracy, &pair_of.candidate.cell.accuracy) else {
        return Err("a record holds no accuracy".to_owned());
    };
    if before.metric != after.metric {
        return Err("the records' accuracies are of different metrics".to_owned());
    }
    match (pair_of.baseline.task, pair_of.candidate.task) {
        (Some(first), Some(second)) if first.labels == second.labels => pair(first, before, after),
        _ => Err("the records do not have the same labels".to_owned()),
    }
}

fn metric<'a>(pair_of: &Pair<'a>) -> &'a str {
    let accuracy = pair_of.candidate.cell.accuracy.as_ref();
    accuracy.map_or("", |accuracy| accuracy.metric.as_str())
}

/// `McNemar's mid-p 0.0312`. A sign that some formats take for markup is none of it.
fn mid_p(p: f64) -> String {
    if p <= 1e-4 {
        "McNemar's mid-p ≤0.0001".to_owned()
    } else {
        format!("McNemar's mid-p {p:.4}")
    }
}

/// Puts figures, evidence and the trial into a draft.
fn fill(draft: &mut Draft, tolerance: Tolerance, paired: &Paired, same: bool) {
    let verdict = &mut draft.verdict;
    verdict.baseline = Some(paired.baseline);
    verdict.candidate = Some(paired.candidate);
    verdict.tolerance = Some(tolerance);
    paired.test.clone_into(&mut verdict.evidence.test);
    let n = paired.estimate.n();
    verdict.evidence.n = Some(n);
    if let Some(table) = paired.table {
        verdict.evidence.flips = Some(table.discordant());
        if table.discordant() > 0 {
            append(&mut verdict.reason, &mid_p(mcnemar_mid_p(&table)));
        }
    }
    if same {
        let what = if verdict.class.is_some() {
            "no answer flipped"
        } else {
            "every answer is the same"
        };
        append(&mut verdict.reason, what);
    }
    let margin = match tolerance.scale {
        Scale::Absolute => tolerance.amount,
        Scale::Relative if paired.baseline > 0.0 => tolerance.amount * paired.baseline,
        Scale::Relative => {
            append(&mut verdict.reason, "the baseline's figure is 0 and has no share");
            return;
        }
    };
    draft.trial = Some(Trial {
        estimate: paired.estimate,
        worse: -1.0,
        tolerance: margin,
        threshold: margin * THRESHOLD_SHARE,
        view: View {
            logarithm: false,
            scale: tolerance.scale,
            baseline: paired.baseline,
        },
        unflipped: same || paired.unflipped(),
        unit: "samples",
    });
}
