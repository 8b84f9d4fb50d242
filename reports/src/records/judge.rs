//! Two records, a policy, verdicts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use edgebench_record::{
    Cell, CellId, Metric, OUTCOME, OutcomeKind, Record, Scale, Side, TaskFacts, Tolerance, Verdict, VerdictKind, metric,
};

use super::accuracy::{accuracy, classes, telling};
use super::comparable::{
    Basis, Difference, cell_differences, incomparable, listed, record_differences, remarks, task_differences,
};
use super::figures::{exact, measured};
use super::trial::{Draft, append, decide};
use super::values::judgeable;
use crate::policy::{Policy, Rule, is_time};

/// Metrics that cost nothing to hold against each other: a change of one that no rule names is told and does not count.
const WATCHED: [&str; 3] = ["model_bytes", "parameters", "macs"];

/// A cell of one side, with what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SideOf<'a> {
    pub(crate) record: &'a Record,
    pub(crate) task: Option<&'a TaskFacts>,
    pub(crate) cell: &'a Cell,
}

impl SideOf<'_> {
    /// Samples that its accuracy is over.
    pub(crate) fn samples(&self) -> Option<usize> {
        self.cell.accuracy.as_ref().map(|accuracy| accuracy.samples)
    }
}

/// The same cell of both sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) baseline: SideOf<'a>,
    pub(crate) candidate: SideOf<'a>,
    trust_times: bool,
}

impl Pair<'_> {
    /// A verdict on one metric, still inconclusive.
    pub(crate) fn draft(&self, rule: &Rule, (before, after): (f64, f64)) -> Draft {
        let mut verdict = Verdict::bare(
            &self.candidate.cell.id,
            rule.metric.id,
            VerdictKind::Inconclusive,
            String::new(),
        );
        verdict.gating = self.trust_times || !is_time(rule.metric);
        verdict.tolerance = Some(rule.tolerance);
        verdict.baseline = Some(before);
        verdict.candidate = Some(after);
        Draft { verdict, trial: None }
    }
}

/// Judges a candidate's record by a baseline's.
///
/// Verdicts come in the order of the candidate's cells and the policy's rules; cells that only the baseline has are last.
/// A verdict on a whole cell (missing, added, failed) has the metric `outcome`. Cells that neither side measured, what
/// only the candidate has, and times unless the policy trusts them, do not count (`gating` is false).
///
/// What was asked for and judged nowhere is inconclusive, told of the first cell. Only records without any cell give no
/// verdict at all; that is no pass.
///
/// With `allow_mismatch`, records that are not comparable are judged all the same, and the reason says in what they
/// differ.
pub fn judge_records(baseline: &Record, candidate: &Record, policy: &Policy, allow_mismatch: bool) -> Vec<Verdict> {
    let sides = [Indexed::of(baseline), Indexed::of(candidate)];
    let judged = |rule: &&Rule| {
        let has = |cell: &Cell| judgeable(cell, rule.metric).is_some();
        sides[1]
            .cells()
            .any(|cell| has(cell) && sides[0].cell(&cell.id).is_some_and(has))
    };
    let judged = policy.rules.iter().filter(judged).map(|rule| rule.metric.id).collect();
    let [before, after] = sides;
    let judge = Judge {
        baseline: before,
        candidate: after,
        judged,
        between: Basis::all()
            .map(|basis| (basis, record_differences(baseline, candidate, basis)))
            .collect(),
        policy,
        allow_mismatch,
    };
    judge.verdicts()
}

/// What a gate's record says of one side. `what` is the path as it was given.
pub fn side(what: &str, record: &Record) -> Side {
    let mut runtimes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for cell in &record.cells {
        if let Some(probe) = &cell.runtime {
            let versions = runtimes.entry(cell.id.backend.clone()).or_default();
            versions.insert(format!("{} {}", probe.runtime, probe.version));
        }
    }
    let path = what.trim_end_matches(['/', '\\']);
    let folder = path
        .strip_suffix("record.json")
        .map(|folder| folder.trim_end_matches(['/', '\\']));
    let named = folder.filter(|folder| !folder.is_empty()).unwrap_or(path);
    let name = named
        .rsplit(['/', '\\'])
        .next()
        .filter(|name| !name.is_empty() && !name.starts_with('.'));
    Side {
        what: name.unwrap_or(&record.id).to_owned(),
        run: Some(record.id.clone()),
        commit: None,
        runtimes: runtimes
            .into_iter()
            .map(|(backend, versions)| (backend, versions.into_iter().collect::<Vec<_>>().join(", ")))
            .collect(),
        worker: None,
    }
}

/// A record with its tasks and cells by their ids. Of two with the same id, the first counts.
pub(crate) struct Indexed<'a> {
    pub(crate) record: &'a Record,
    tasks: HashMap<&'a str, &'a TaskFacts>,
    cells: HashMap<&'a CellId, &'a Cell>,
}

impl<'a> Indexed<'a> {
    pub(crate) fn of(record: &'a Record) -> Self {
        let mut indexed = Self {
            record,
            tasks: HashMap::new(),
            cells: HashMap::new(),
        };
        for task in &record.tasks {
            indexed.tasks.entry(&task.id).or_insert(task);
        }
        for cell in &record.cells {
            indexed.cells.entry(&cell.id).or_insert(cell);
        }
        indexed
    }

    pub(crate) fn task(&self, id: &str) -> Option<&'a TaskFacts> {
        self.tasks.get(id).copied()
    }

    /// The first cell of that id.
    pub(crate) fn cell(&self, id: &CellId) -> Option<&'a Cell> {
        self.cells.get(id).copied()
    }

    /// The cells in the record's order, each id once.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a Cell> + '_ {
        let first = |cell: &&'a Cell| self.cell(&cell.id).is_some_and(|first| std::ptr::eq(first, *cell));
        self.record.cells.iter().filter(first)
    }

    pub(crate) fn side(&self, cell: &'a Cell) -> SideOf<'a> {
        SideOf {
            record: self.record,
            task: self.task(&cell.id.task),
            cell,
        }
    }
}

struct Judge<'a> {
    baseline: Indexed<'a>,
    candidate: Indexed<'a>,
    between: HashMap<Basis, Vec<Difference>>,
    /// Metrics of rules that some cell has in both records.
    judged: HashSet<&'static str>,
    policy: &'a Policy,
    allow_mismatch: bool,
}

impl<'a> Judge<'a> {
    fn verdicts(&self) -> Vec<Verdict> {
        let mut drafts = Vec::new();
        let mut classes_judged = false;
        let of = |verdict: Verdict| Draft { verdict, trial: None };
        for cell in self.candidate.cells() {
            match self.baseline.cell(&cell.id) {
                None => drafts.extend(alone(cell).map(of)),
                Some(before) if before.outcome.is_measured() && cell.outcome.is_measured() => {
                    classes_judged |= self.metrics(before, cell, &mut drafts);
                }
                Some(before) => {
                    let verdict = Verdict::of_outcomes(&cell.id, &before.outcome, &cell.outcome);
                    drafts.push(of(self.interrupted(verdict)));
                }
            }
        }
        let gone = self
            .baseline
            .cells()
            .filter(|cell| self.candidate.cell(&cell.id).is_none());
        for cell in gone.filter(|cell| cell.outcome.is_measured()) {
            let why = "the candidate's record has no such cell".to_owned();
            let verdict = Verdict::bare(&cell.id, OUTCOME, VerdictKind::Missing, why);
            drafts.push(of(self.interrupted(verdict)));
        }
        let mut verdicts = fold_classes(decide(drafts));
        self.unanswered(classes_judged, &mut verdicts);
        verdicts
    }

    /// Says of a cell that is missing that the candidate's run did not get to its end.
    fn interrupted(&self, mut verdict: Verdict) -> Verdict {
        if verdict.kind == VerdictKind::Missing && self.candidate.record.interrupted {
            append(&mut verdict.reason, "the candidate's run was interrupted");
        }
        verdict
    }

    /// What was asked for and has no verdict on any cell has not passed.
    fn unanswered(&self, classes_judged: bool, verdicts: &mut Vec<Verdict>) {
        let both = |cell: &&Cell| {
            let measured = |cell: &Cell| cell.outcome.is_measured();
            measured(cell) && self.baseline.cell(&cell.id).is_some_and(measured)
        };
        let first = self.candidate.cells().find(both);
        let first = first.or_else(|| self.candidate.cells().chain(self.baseline.cells()).next());
        let Some(cell) = first else { return };
        let bare = |id: &str, why: String| Verdict::bare(&cell.id, id, VerdictKind::Inconclusive, why);
        // Default rules are for whatever a record may hold; nobody said that it holds all of that.
        let asked = if self.policy.default_rules {
            &[]
        } else {
            self.policy.rules.as_slice()
        };
        let mut unanswered = Vec::new();
        for id in asked.iter().map(|rule| rule.metric.id) {
            let judged = |verdict: &Verdict| verdict.metric == id && verdict.class.is_none();
            if !verdicts.iter().any(judged) {
                let why = format!("no cell that both records measured has {id}: the rule has judged nothing");
                unanswered.push(bare(id, why));
            }
        }
        if self.policy.max_class_drop.is_some() && !classes_judged {
            let why = "no cell that both records measured has classes: the limit of their drop has judged nothing";
            unanswered.push(bare("accuracy", why.to_owned()));
        }
        verdicts.extend(unanswered);
        if verdicts.is_empty() {
            verdicts.push(bare(OUTCOME, "no figure of any cell was judged".to_owned()));
        }
    }

    /// The verdicts on a cell that both measured. Whether a limit on classes has one is returned.
    fn metrics(&self, before: &'a Cell, after: &'a Cell, drafts: &mut Vec<Draft>) -> bool {
        let pair = Pair {
            baseline: self.baseline.side(before),
            candidate: self.candidate.side(after),
            trust_times: self.policy.trust_recorded_times,
        };
        let mut classes_judged = false;
        for rule in &self.policy.rules {
            drafts.extend(self.metric(&pair, rule));
            if rule.metric.id == "accuracy" {
                classes_judged |= self.classes(&pair, drafts);
            }
        }
        if self.policy.tolerance("accuracy").is_none() {
            classes_judged |= self.classes(&pair, drafts);
        }
        let unnamed = WATCHED.iter().filter(|id| self.policy.tolerance(id).is_none());
        for rule in unnamed.filter_map(|id| Rule::parse(&format!("{id}:0")).ok()) {
            let figures = [before, after].map(|cell| judgeable(cell, rule.metric));
            if let [Some(first), Some(second)] = figures
                && first.total_cmp(&second).is_ne()
            {
                let mut draft = exact(&pair, &rule, (first, second));
                // Without a rule it can be no worse than allowed.
                draft.verdict.kind = VerdictKind::Passed;
                draft.verdict.gating = false;
                draft.verdict.tolerance = None;
                append(&mut draft.verdict.reason, "it changed, and no rule names it");
                drafts.push(draft);
            }
        }
        classes_judged
    }

    fn metric(&self, pair: &Pair<'a>, rule: &Rule) -> Option<Draft> {
        let id = rule.metric.id;
        let basis = Basis::of(rule.metric);
        let sides = [pair.baseline, pair.candidate];
        let said = |kind: VerdictKind, why: String| {
            let mut draft = pair.draft(rule, (0.0, 0.0));
            (draft.verdict.baseline, draft.verdict.candidate) = (None, None);
            draft.verdict.kind = kind;
            draft.verdict.gating &= kind != VerdictKind::Added;
            draft.verdict.reason = why;
            Some(draft)
        };
        let (before, after) = match sides.map(|side| judgeable(side.cell, rule.metric)) {
            [Some(before), Some(after)] => (before, after),
            [Some(_), None] => return said(VerdictKind::Missing, format!("the candidate's cell has no {id}")),
            [None, Some(_)] => return said(VerdictKind::Added, format!("the baseline's cell has no {id}")),
            // A task without labels has no accuracy, and one judged by f1 no top1: the rule does not speak of it.
            [None, None] if basis == Basis::Samples && !sides.iter().any(|side| asks(side, id)) => return None,
            // Where other cells have it, both lack it alike; where none has, the rule has judged nothing.
            [None, None] if self.judged.contains(id) => {
                let mut draft = said(
                    VerdictKind::Incomparable,
                    format!("neither record has {id} of this cell"),
                )?;
                draft.verdict.gating = false;
                return Some(draft);
            }
            [None, None] => return said(VerdictKind::Inconclusive, format!("no cell has {id} in both records")),
        };
        let differences = self.differences(pair, basis);
        if !differences.is_empty() && !self.allow_mismatch {
            let mut draft = pair.draft(rule, (before, after));
            draft.verdict.kind = VerdictKind::Incomparable;
            draft.verdict.reason = incomparable(&differences, basis);
            return Some(draft);
        }
        let mut draft = match basis {
            Basis::File => exact(pair, rule, (before, after)),
            Basis::Samples => accuracy(pair, rule, (before, after)),
            _ => measured(pair, rule, (before, after)),
        };
        remark(pair, basis, &differences, &mut draft);
        Some(draft)
    }

    /// The verdicts on a cell's classes. Whether there is one, or the verdict on the whole stands for it, is returned.
    fn classes(&self, pair: &Pair<'a>, drafts: &mut Vec<Draft>) -> bool {
        let (Some(drop), Some(metric)) = (self.policy.max_class_drop, metric("accuracy")) else {
            return false;
        };
        if pair.baseline.cell.accuracy.is_none() {
            return false;
        }
        let differences = self.differences(pair, Basis::Samples);
        if !differences.is_empty() && !self.allow_mismatch {
            // The verdict on the whole says so, and without one nothing is lost by saying it here.
            if self.policy.tolerance("accuracy").is_none() {
                let why = incomparable(&differences, Basis::Samples);
                let verdict = Verdict::bare(&pair.candidate.cell.id, metric.id, VerdictKind::Incomparable, why);
                drafts.push(Draft { verdict, trial: None });
            }
            return true;
        }
        let rule = class_rule(metric, drop);
        match classes(pair, &rule, drop) {
            Ok(found) => {
                let any = !found.is_empty();
                for mut draft in found {
                    remark(pair, Basis::Samples, &differences, &mut draft);
                    drafts.push(draft);
                }
                any
            }
            Err(why) => {
                let mut draft = pair.draft(&rule, (0.0, 0.0));
                (draft.verdict.baseline, draft.verdict.candidate) = (None, None);
                draft.verdict.reason = format!("no class can be judged: {why}");
                drafts.push(draft);
                true
            }
        }
    }

    fn differences(&self, pair: &Pair<'a>, basis: Basis) -> Vec<Difference> {
        let mut found = self.between.get(&basis).cloned().unwrap_or_default();
        if let (Some(before), Some(after)) = (pair.baseline.task, pair.candidate.task) {
            found.extend(task_differences(before, after, basis));
        }
        found.extend(cell_differences(pair.baseline.cell, pair.candidate.cell, basis));
        found
    }
}

/// Says what else is not alike: what was overridden, and other versions where the figures changed.
fn remark(pair: &Pair<'_>, basis: Basis, differences: &[Difference], draft: &mut Draft) {
    let verdict = &mut draft.verdict;
    if !differences.is_empty() {
        append(
            &mut verdict.reason,
            &format!("though it differs in {}", listed(differences)),
        );
    }
    let built = [pair.baseline, pair.candidate].map(|side| side.record.tool.optimised);
    if basis.is_of_machine() && built == [false; 2] {
        append(&mut verdict.reason, "both are of a debug build");
    }
    if verdict.baseline != verdict.candidate {
        let (before, after) = (pair.baseline, pair.candidate);
        let other = remarks((before.record, before.cell), (after.record, after.cell), basis);
        append(&mut verdict.reason, &other);
    }
}

fn class_rule(metric: &'static Metric, drop: f64) -> Rule {
    Rule {
        metric,
        tolerance: Tolerance {
            scale: Scale::Absolute,
            amount: drop,
        },
    }
}

/// Whether a cell's task is judged by this metric.
fn asks(side: &SideOf<'_>, id: &str) -> bool {
    let metric = side.task.and_then(|task| task.metric.as_deref());
    metric.is_some_and(|metric| id == "accuracy" || id == metric)
}

/// Of every cell's classes, what is worth telling; the other verdicts as they are.
fn fold_classes(verdicts: Vec<Verdict>) -> Vec<Verdict> {
    let mut out = Vec::with_capacity(verdicts.len());
    let mut held: Vec<Verdict> = Vec::new();
    for verdict in verdicts {
        let same = |held: &Verdict| held.cell == verdict.cell && verdict.class.is_some();
        if !held.first().is_some_and(same) {
            out.extend(telling(std::mem::take(&mut held)));
        }
        if verdict.class.is_some() {
            held.push(verdict);
        } else {
            out.push(verdict);
        }
    }
    out.extend(telling(held));
    out
}

/// A cell that only the candidate has.
fn alone(cell: &Cell) -> Option<Verdict> {
    let of = |kind, why: String| Some(Verdict::bare(&cell.id, OUTCOME, kind, why));
    match cell.outcome.kind {
        OutcomeKind::Measured => of(VerdictKind::Added, "the baseline's record has no such cell".to_owned()),
        OutcomeKind::Skipped => None,
        _ if cell.outcome.fails_run() => of(
            VerdictKind::Failed,
            format!("the baseline has no such cell; {}", cell.outcome.told()),
        ),
        _ => of(
            VerdictKind::Added,
            format!("the baseline has no such cell; {}", cell.outcome.told()),
        ),
    }
}
