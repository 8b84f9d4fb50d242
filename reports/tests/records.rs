//! Two records judged by a policy: every kind of verdict, and what must not change it.
//!
//! One long file, for every test reads against the same few records made by hand, and the same policy.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod synthetic;

use edgebench_record::{Cell, OnInconclusive, Outcome, OutcomeKind, Record, Scale, Verdict, VerdictKind, exit_code};
use edgebench_reports::policy::{Policy, Rule};
use edgebench_reports::records::{judge_records, side};
use serde_json::Value;
use synthetic::{Draws, Made, answers, labels, record, top1};

fn policy(rules: &[&str]) -> Policy {
    let mut policy = Policy::default();
    for rule in rules {
        policy.set(Rule::parse(rule).unwrap());
    }
    policy
}

/// A record of one cell whose answers are wrong for `wrong` of 1,000 samples.
fn scored(metric: &'static str, wrong: f64, seed: u64) -> Record {
    let labels = labels(1000, 4);
    let made = answers(&labels, 4, wrong, &mut Draws::seeded(seed));
    let made = Made {
        value: top1(&labels, &made),
        answers: Some(made),
        metric,
        seed,
        ..Made::default()
    };
    record(vec![made.cell()], labels)
}

/// With some right answers made wrong, by the samples' places.
fn spoilt(mut record: Record, spoil: impl Fn(usize) -> bool) -> Record {
    let labels = record.tasks[0].labels.clone();
    let accuracy = record.cells[0].accuracy.as_mut().unwrap();
    let classes = &mut accuracy.answers.as_mut().unwrap().classes;
    for (row, class) in classes.iter_mut().enumerate() {
        if spoil(row) && *class == usize::try_from(labels[row]).ok() {
            *class = class.map(|class| (class + 2) % 4);
        }
    }
    accuracy.value = top1(&labels, classes);
    record
}

fn of(made: &Made) -> Record {
    record(vec![made.cell()], Vec::new())
}

fn only(verdicts: Vec<Verdict>) -> Verdict {
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    verdicts.into_iter().next().unwrap()
}

fn judged(before: &Record, after: &Record, rule: &str) -> Verdict {
    only(judge_records(before, after, &policy(&[rule]), false))
}

#[test]
fn the_same_record_twice_passes_under_the_standard_policy() {
    let record = scored("top1", 0.1, 1);
    let verdicts = judge_records(&record, &record, &Policy::standard(), false);
    assert_eq!(verdicts.len(), 4);
    assert!(
        verdicts.iter().all(|verdict| verdict.kind == VerdictKind::Passed),
        "{verdicts:#?}"
    );
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 0);
    let accuracy = verdicts.iter().find(|verdict| verdict.metric == "accuracy").unwrap();
    assert_eq!(accuracy.reason, "every answer is the same");
    assert_eq!((accuracy.evidence.n, accuracy.evidence.flips), (Some(1000), Some(0)));
    let latency = verdicts.iter().find(|verdict| verdict.metric == "latency_p50").unwrap();
    assert!(!latency.gating && latency.change.unwrap().minimum_detectable.is_some());
}

#[test]
fn an_accuracy_that_drops_is_regressed_for_every_metric() {
    for metric in ["top1", "f1"] {
        let before = scored(metric, 0.05, 2);
        let verdict = judged(&before, &spoilt(before.clone(), |row| row % 25 == 3), "accuracy:0.5pp");
        assert_eq!(verdict.kind, VerdictKind::Regressed, "{metric}: {verdict:#?}");
        let change = verdict.change.unwrap();
        assert!(change.significant && change.scale == Scale::Absolute);
        assert!((change.estimate + 0.04).abs() < 0.01, "{metric}: {}", change.estimate);
        assert!(change.interval.unwrap().high < 0.0 && change.minimum_detectable.unwrap() > 0.001);
        assert!(verdict.evidence.flips.unwrap() > 30 && verdict.reason.contains("McNemar's mid-p ≤0.0001"));
        assert_eq!(exit_code(&[verdict], OnInconclusive::Report), 1);
        let gained = judged(&spoilt(before.clone(), |row| row % 25 == 3), &before, "accuracy:0.5pp");
        assert_eq!(gained.kind, VerdictKind::Improved);
    }
}

#[test]
fn areas_are_judged_by_scores() {
    let labels = labels(800, 2);
    let scored = |noise: f64, seed: u64| {
        let mut draws = Draws::seeded(seed);
        let scores: Vec<f64> = labels
            .iter()
            .map(|&label| label as f64 + noise * draws.normal())
            .collect();
        let positive: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
        let made = Made {
            value: edgebench_stats::roc_auc(&scores, &positive).unwrap(),
            scores,
            metric: "auc",
            ..Made::default()
        };
        record(vec![made.cell()], labels.clone())
    };
    let worse = judged(&scored(0.5, 1), &scored(0.9, 2), "auc:1pp");
    assert_eq!(
        (worse.kind, worse.evidence.test.as_str()),
        (VerdictKind::Regressed, "DeLong")
    );
    assert!((worse.baseline.unwrap() - scored(0.5, 1).cells[0].accuracy.as_ref().unwrap().value).abs() < 1e-12);
    assert_eq!(
        judged(&scored(0.5, 1), &scored(0.5, 1), "auc:1pp").kind,
        VerdictKind::Passed
    );
    an_interval_without_flips_is_none_of_width_zero(&scored(0.5, 1), "auc:1pp");
    assert_eq!(
        judged(&scored(0.9, 1), &scored(0.5, 2), "auc:1pp").kind,
        VerdictKind::Improved
    );
}

/// Three flips to the worse of 1,000 are within half a point for all that is known, and beyond a third of it.
#[test]
fn too_few_samples_are_inconclusive_with_what_would_decide() {
    let before = scored("top1", 0.1, 3);
    let after = spoilt(before.clone(), |row| row % 300 == 7);
    let verdict = judged(&before, &after, "accuracy:0.5pp");
    assert_eq!(verdict.kind, VerdictKind::Inconclusive);
    assert!(
        verdict.reason.contains("more samples would probably decide"),
        "{}",
        verdict.reason
    );
    assert!(verdict.evidence.p_worse.unwrap() > verdict.evidence.level.unwrap());
    assert_eq!(exit_code(std::slice::from_ref(&verdict), OnInconclusive::Report), 4);
    assert_eq!(exit_code(std::slice::from_ref(&verdict), OnInconclusive::Fail), 1);
    assert_eq!(judged(&before, &after, "accuracy:3pp").kind, VerdictKind::Passed);
    let none = judged(&before, &after, "accuracy:0");
    assert_eq!(none.kind, VerdictKind::Inconclusive);
    assert!(none.reason.contains("more samples"), "{}", none.reason);
}

/// A drop that is beyond doubt and below the threshold of a third of the tolerance is no regression.
#[test]
fn a_sure_drop_below_the_threshold_is_none() {
    let before = scored("top1", 0.0, 4);
    let after = spoilt(before.clone(), |row| row % 50 == 3);
    let verdict = judged(&before, &after, "accuracy:9pp");
    assert_eq!(verdict.kind, VerdictKind::Passed);
    assert!(verdict.change.unwrap().significant);
    // And one above it is, though the interval reaches down to the tolerance: regressed comes before passed.
    let verdict = judged(&before, &spoilt(before.clone(), |row| row % 12 == 3), "accuracy:9pp");
    assert_eq!(verdict.kind, VerdictKind::Regressed);
    assert!(verdict.change.unwrap().interval.unwrap().high > -0.09);
}

#[test]
fn only_samples_that_both_evaluated_are_paired() {
    let before = scored("top1", 0.1, 5);
    let mut after = before.clone();
    let accuracy = after.cells[0].accuracy.as_mut().unwrap();
    let part: Vec<usize> = (0..1000).filter(|row| row % 3 == 0).collect();
    let answers = accuracy.answers.as_mut().unwrap();
    answers.classes = part.iter().map(|&row| answers.classes[row]).collect();
    answers.indices = Some(part);
    accuracy.samples = 334;
    accuracy.value = 0.5;
    let verdict = judged(&before, &after, "accuracy:1pp");
    assert_eq!(verdict.kind, VerdictKind::Passed);
    assert_eq!((verdict.evidence.n, verdict.baseline), (Some(334), verdict.candidate));
    assert!(verdict.reason.contains("over the 334 samples that both evaluated"));
}

#[test]
fn without_answers_an_accuracy_is_inconclusive() {
    let before = scored("top1", 0.1, 5);
    let mut after = before.clone();
    after.cells[0].accuracy.as_mut().unwrap().answers = None;
    let verdict = judged(&before, &after, "accuracy:1pp");
    assert_eq!(verdict.kind, VerdictKind::Inconclusive);
    assert_eq!(verdict.reason, "the candidate's record holds no answers by sample");
}

fn an_interval_without_flips_is_none_of_width_zero(record: &Record, rule: &str) {
    let verdict = judged(record, record, rule);
    let change = verdict.change.unwrap();
    let (interval, detectable) = (change.interval.unwrap(), change.minimum_detectable.unwrap());
    let n = verdict.evidence.n.unwrap() as f64;
    // 1.96 standard errors of three flips either way.
    assert!((interval.high - 1.96 * 3.0_f64.sqrt() / n).abs() < 1e-4, "{interval:?}");
    assert!(interval.low < 0.0 && !change.significant);
    let threshold = verdict.tolerance.unwrap().amount / 3.0;
    assert!(detectable > threshold + 3.0 / n, "{detectable}");
    assert!(verdict.evidence.p_worse.unwrap() < 1.0);
}

/// Of n samples without a flip as many as 3/n of all there are may flip.
#[test]
fn answers_that_are_all_the_same_pass_only_where_there_are_enough_of_them() {
    for metric in ["top1", "f1"] {
        let record = scored(metric, 0.1, 5);
        assert_eq!(judged(&record, &record, "accuracy:0.3pp").kind, VerdictKind::Passed);
        let unsure = judged(&record, &record, "accuracy:0.29pp");
        assert_eq!(
            (unsure.kind, unsure.reason.as_str()),
            (
                VerdictKind::Inconclusive,
                "every answer is the same; 34 more samples would probably decide"
            ),
            "−ln(0.05)/0.0029 is 1033.01"
        );
        let nothing = judged(&record, &record, "accuracy:0");
        assert_eq!(nothing.kind, VerdictKind::Inconclusive);
        assert!(nothing.reason.ends_with("no number of samples decides it"));
        an_interval_without_flips_is_none_of_width_zero(&scored("f1", 0.1, 5), "accuracy:0.5pp");
    }
    // Answers that differ and are wrong on both sides are no flips either.
    let before = scored("top1", 0.1, 5);
    let mut after = before.clone();
    let labels = before.tasks[0].labels.clone();
    let answers = after.cells[0].accuracy.as_mut().unwrap().answers.as_mut().unwrap();
    for (class, label) in answers.classes.iter_mut().zip(labels) {
        if *class != usize::try_from(label).ok() {
            *class = None;
        }
    }
    assert_eq!(judged(&before, &after, "accuracy:0.3pp").kind, VerdictKind::Passed);
    assert_eq!(
        judged(&before, &after, "accuracy:0.29pp").kind,
        VerdictKind::Inconclusive
    );
    // Few samples of a class show little of it.
    let mut policy = policy(&["accuracy:1pp"]);
    for (drop, kind) in [(0.012, VerdictKind::Passed), (0.011, VerdictKind::Inconclusive)] {
        policy.max_class_drop = Some(drop);
        let verdicts = judge_records(&before, &before, &policy, false);
        assert_eq!((verdicts[1].class, verdicts[1].kind), (Some(0), kind), "{verdicts:#?}");
    }
}

/// Invocations whose median and geometric mean lie far apart: the estimate is the centre of its own interval.
#[test]
fn an_estimate_lies_within_its_own_interval() {
    let of_times = |times: &[u64]| {
        let mut record = of(&Made {
            invocations: times.len(),
            ..Made::default()
        });
        let cell = &mut record.cells[0];
        for (run, &ns) in cell.invocations.iter_mut().zip(times) {
            run.samples_ns.fill(ns);
        }
        let times: Vec<f64> = times.iter().map(|&ns| ns as f64).collect();
        cell.summary.as_mut().unwrap().latency.p50_ns = edgebench_stats::median(&times).unwrap();
        record
    };
    let before = of_times(&[100_000, 100_001, 100_002, 100_003, 100_004]);
    let after = of_times(&[100_000, 100_001, 103_000, 103_001, 103_002]);
    for rule in ["latency_p50:3%", "latency_p50:10us"] {
        let change = judged(&before, &after, rule).change.unwrap();
        let interval = change.interval.unwrap();
        let scale = if rule.ends_with('%') { 1.0 } else { 100_002.0 };
        // (103000·103001·103002/…)^(1/5): three of five by 3 %.
        assert!(
            (change.estimate / scale - (1.03_f64.powf(0.6) - 1.0)).abs() < 1e-4,
            "{change:?}"
        );
        assert!(interval.contains(change.estimate));
    }
}

#[test]
fn a_time_below_zero_is_no_figure() {
    let before = of(&Made::default());
    for ns in [-5.0, 0.0] {
        let mut after = before.clone();
        after.cells[0].summary.as_mut().unwrap().latency.p50_ns = ns;
        let verdict = judged(&before, &after, "latency_p50:3%");
        assert_eq!((verdict.kind, verdict.change), (VerdictKind::Missing, None), "{ns}");
        assert_eq!(judged(&after, &before, "latency_p50:3%").kind, VerdictKind::Added);
        assert_eq!(judged(&after, &after, "latency_p50:3%").kind, VerdictKind::Inconclusive);
    }
}

/// What was asked for and judged nowhere, and what nobody asked for.
#[test]
fn a_rule_that_judged_nothing_is_no_pass() {
    let labelled = scored("top1", 0.1, 1);
    let rules = policy(&["model_bytes:0", "auc:1pp", "f1:1pp"]);
    let verdicts = judge_records(&labelled, &labelled, &rules, false);
    let found: Vec<(&str, VerdictKind, bool)> = verdicts
        .iter()
        .map(|verdict| (verdict.metric.as_str(), verdict.kind, verdict.gating))
        .collect();
    let nothing = |metric| (metric, VerdictKind::Inconclusive, true);
    assert_eq!(
        found,
        [
            ("model_bytes", VerdictKind::Passed, true),
            nothing("auc"),
            nothing("f1")
        ]
    );
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 4);

    // The default rules are silent about an accuracy that a task without labels cannot have.
    let mut plain = of(&Made::default());
    plain.cells[0].accuracy = None;
    let verdicts = judge_records(&plain, &plain, &Policy::standard(), false);
    assert!(
        verdicts.iter().all(|verdict| verdict.metric != "accuracy"),
        "{verdicts:#?}"
    );
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 0);
    let asked = judged(&plain, &plain, "accuracy:1pp");
    assert_eq!((asked.kind, asked.gating), (VerdictKind::Inconclusive, true));
    let mut classes = Policy::standard();
    classes.max_class_drop = Some(0.05);
    let verdicts = judge_records(&plain, &plain, &classes, false);
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 4);
    assert!(verdicts.last().unwrap().reason.contains("has classes"), "{verdicts:#?}");

    // Cells that neither side measured answer no rule.
    let mut failed = labelled.clone();
    failed.cells[0].outcome = Outcome::of(OutcomeKind::Crashed, "signal 11");
    let verdicts = judge_records(&failed, &failed, &policy(&["model_bytes:0"]), false);
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 4);
    let verdicts = judge_records(&failed, &failed, &Policy::standard(), false);
    assert_eq!(verdicts.len(), 1);
    // What one side skips and the other lacks gives no verdict of its own.
    let mut skipped = labelled.clone();
    skipped.cells[0].outcome = Outcome::of(OutcomeKind::Skipped, "no time left");
    let empty = record(Vec::new(), Vec::new());
    let verdict = only(judge_records(&empty, &skipped, &Policy::standard(), false));
    assert_eq!(
        (verdict.metric.as_str(), verdict.kind, verdict.gating),
        ("outcome", VerdictKind::Inconclusive, true)
    );
    assert!(judge_records(&empty, &empty, &policy(&["model_bytes:0"]), false).is_empty());
}

#[test]
fn a_limit_on_classes_says_what_it_lacks() {
    let before = scored("top1", 0.1, 5);
    let mut policy = policy(&["model_bytes:0"]);
    policy.max_class_drop = Some(0.05);
    let said = |before: &Record, after: &Record| {
        let verdicts = judge_records(before, after, &policy, false);
        assert_eq!(verdicts.len(), 2, "{verdicts:#?}");
        let told = verdicts.into_iter().next_back().unwrap();
        assert_eq!((told.kind, told.gating), (VerdictKind::Inconclusive, true));
        told.reason
    };
    let mut unanswered = before.clone();
    unanswered.cells[0].accuracy.as_mut().unwrap().answers = None;
    assert_eq!(
        said(&before, &unanswered),
        "no class can be judged: the candidate's record holds no answers by sample"
    );
    let mut unlabelled = before.clone();
    unlabelled.tasks[0].labels.clear();
    assert_eq!(
        said(&unlabelled, &unlabelled),
        "no class can be judged: the records hold no labels"
    );
    let mut gone = before.clone();
    gone.cells[0].accuracy = None;
    assert_eq!(
        said(&before, &gone),
        "no class can be judged: a record holds no accuracy"
    );
}

#[test]
fn an_interrupted_candidate_and_debug_builds_are_in_the_reasons() {
    let before = of(&Made::default());
    let mut after = before.clone();
    after.cells[0].outcome = Outcome::of(OutcomeKind::Skipped, "not reached");
    after.interrupted = true;
    let verdict = &judge_records(&before, &after, &Policy::standard(), false)[0];
    assert_eq!(
        verdict.reason,
        "skipped: not reached; the candidate's run was interrupted"
    );
    after.cells.clear();
    let verdict = &judge_records(&before, &after, &Policy::standard(), false)[0];
    assert_eq!(
        verdict.reason,
        "the candidate's record has no such cell; the candidate's run was interrupted"
    );
    let mut debug = before.clone();
    debug.tool.optimised = false;
    assert_eq!(
        judged(&debug, &debug, "rss_peak:1%").reason,
        "both are of a debug build"
    );
    assert_eq!(judged(&debug, &debug, "model_bytes:0").reason, "");
}

#[test]
fn exact_figures_are_exact() {
    let (before, more) = (
        of(&Made::default()),
        of(&Made {
            bytes: 320_001,
            ..Made::default()
        }),
    );
    assert_eq!(judged(&before, &more, "model_bytes:0").kind, VerdictKind::Regressed);
    assert_eq!(judged(&before, &more, "model_bytes:1%").kind, VerdictKind::Passed);
    assert_eq!(judged(&before, &more, "model_bytes:1B").kind, VerdictKind::Passed);
    assert_eq!(judged(&more, &before, "model_bytes:0").kind, VerdictKind::Improved);
    let change = judged(&before, &more, "model_bytes:1%").change.unwrap();
    assert!(change.significant && change.interval.is_none() && change.minimum_detectable.is_none());
    assert!(!judged(&before, &before, "macs:0").change.unwrap().significant);
}

#[test]
fn an_exact_figure_that_no_rule_names_is_told_and_does_not_count() {
    let (before, after) = (
        of(&Made::default()),
        of(&Made {
            parameters: 80_500,
            ..Made::default()
        }),
    );
    let verdicts = judge_records(&before, &after, &policy(&["model_bytes:0"]), false);
    assert_eq!(verdicts.len(), 2);
    let told = &verdicts[1];
    assert_eq!((told.metric.as_str(), told.gating), ("parameters", false));
    assert_eq!(
        (told.kind, told.reason.as_str()),
        (VerdictKind::Passed, "it changed, and no rule names it")
    );
    let change = told.change.unwrap();
    assert_eq!(
        (change.scale, change.estimate, change.significant),
        (Scale::Absolute, 500.0, true)
    );
    // A count is told as one where nothing may change, and as a share where a share may.
    for (rule, scale) in [("parameters:0", Scale::Absolute), ("parameters:1%", Scale::Relative)] {
        assert_eq!(judged(&before, &after, rule).change.unwrap().scale, scale);
    }
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 0);
}

#[test]
fn memory_has_a_mebibyte_of_slack() {
    let with = |bytes: u64, invocations: usize, seed: u64| {
        of(&Made {
            rss_bytes: bytes,
            invocations,
            seed,
            ..Made::default()
        })
    };
    for invocations in [2, 5] {
        let before = with(36 << 20, invocations, 1);
        let test = if invocations == 2 { "range" } else { "Welch" };
        let kind = |after: &Record| {
            let verdict = judged(&before, after, "rss_peak:1%");
            assert_eq!(verdict.evidence.test, test);
            assert_eq!(
                verdict.tolerance.unwrap().scale,
                Scale::Absolute,
                "1 % of 36 MiB is less than 1 MiB"
            );
            verdict.kind
        };
        assert_eq!(kind(&with(36 << 20, invocations, 2)), VerdictKind::Passed);
        assert_eq!(kind(&with(40 << 20, invocations, 2)), VerdictKind::Regressed);
        assert_eq!(kind(&with(32 << 20, invocations, 2)), VerdictKind::Improved);
        let large = judged(
            &with(360 << 20, invocations, 1),
            &with(362 << 20, invocations, 2),
            "rss_peak:1%",
        );
        assert_eq!(
            (large.kind, large.tolerance.unwrap().scale),
            (VerdictKind::Passed, Scale::Relative)
        );
        // An amount in bytes is taken as it is.
        let strict = judged(&before, &with((36 << 20) + 900_000, invocations, 2), "rss_peak:64KiB");
        assert_eq!(strict.kind, VerdictKind::Regressed, "{strict:#?}");
    }
}

#[test]
fn times_are_advice_unless_they_are_trusted() {
    let before = of(&Made::default());
    let after = of(&Made {
        p50_ns: 480_000.0,
        seed: 2,
        ..Made::default()
    });
    let mut policy = policy(&["latency_p50:3%"]);
    let advice = only(judge_records(&before, &after, &policy, false));
    assert_eq!((advice.kind, advice.gating), (VerdictKind::Regressed, false));
    assert_eq!(exit_code(&[advice], OnInconclusive::Report), 0);
    policy.trust_recorded_times = true;
    let trusted = only(judge_records(&before, &after, &policy, false));
    let change = trusted.change.unwrap();
    assert!(change.interval.unwrap().contains(0.2) && (change.estimate - 0.2).abs() < 0.03);
    assert_eq!(exit_code(&[trusted], OnInconclusive::Report), 1);
    // In units of time as well.
    assert_eq!(judged(&before, &after, "latency_p50:20us").kind, VerdictKind::Regressed);
    assert_eq!(judged(&before, &after, "latency_p50:400us").kind, VerdictKind::Passed);
    assert_eq!(judged(&before, &after, "throughput:3%").kind, VerdictKind::Regressed);
    assert_eq!(judged(&after, &before, "throughput:3%").kind, VerdictKind::Improved);
    let few = of(&Made {
        invocations: 2,
        ..Made::default()
    });
    let few = judged(&few, &few, "latency_p50:3%");
    assert_eq!(
        (few.kind, few.reason.as_str()),
        (
            VerdictKind::Inconclusive,
            "an interval takes 3 invocations a side, `edgebench run --invocations 3`"
        )
    );
}

#[test]
fn records_that_are_not_comparable_say_in_what() {
    use VerdictKind::{Incomparable, Passed};

    let before = scored("top1", 0.1, 6);
    let mut after = before.clone();
    after.host.cpu_model = Some("Another".to_owned());
    after.host.isa.push("avx512_vnni".to_owned());
    after.cells[0].effective.insert("spinning".to_owned(), "off".to_owned());
    let policy = policy(&["latency_p50:3%", "accuracy:1pp", "rss_peak:1%", "model_bytes:0"]);
    let verdicts = judge_records(&before, &after, &policy, false);
    let kinds: Vec<VerdictKind> = verdicts.iter().map(|verdict| verdict.kind).collect();
    assert_eq!(kinds, [Incomparable, Passed, Incomparable, Passed]);
    assert_eq!(
        verdicts[2].reason,
        "differs in host.cpu_model (A processor → Another), host.isa (– → avx512_vnni), \
         cells.effective.spinning (absent → off); `edgebench gate live` measures both sides alike, \
         `--allow-mismatch` judges all the same"
    );
    assert_eq!(exit_code(&verdicts, OnInconclusive::Report), 4, "memory counts");
    let overridden = judge_records(&before, &after, &policy, true);
    assert!(
        overridden.iter().all(|verdict| verdict.kind == Passed),
        "{overridden:#?}"
    );
    assert!(overridden[2].reason.starts_with("though it differs in host.cpu_model"));
    assert_eq!(exit_code(&overridden, OnInconclusive::Report), 0);

    let mut other = before.clone();
    other.tasks[0].data_sha256 = Some("cd".to_owned());
    let verdict = judged(&before, &other, "accuracy:1pp");
    assert_eq!(
        (verdict.kind, verdict.reason.as_str()),
        (
            Incomparable,
            "differs in tasks.data_sha256 (ab → cd); `--allow-mismatch` judges all the same"
        )
    );
    let mut labelled = before.clone();
    labelled.tasks[0].labels[..3].fill(3);
    let verdict = judged(&before, &labelled, "accuracy:1pp");
    assert!(
        verdict
            .reason
            .starts_with("differs in tasks.labels (1000 labels → 1000 labels, 3 of them others); "),
        "{}",
        verdict.reason
    );
    let mut emulated = before.clone();
    emulated.host.emulated = true;
    assert_eq!(judged(&emulated, &emulated, "latency_p50:3%").kind, Incomparable);
    assert_eq!(judged(&emulated, &emulated, "rss_peak:3%").kind, Passed);
}

#[test]
fn a_new_runtime_is_a_remark_and_no_obstacle() {
    let before = scored("top1", 0.05, 2);
    let mut after = spoilt(before.clone(), |row| row % 25 == 3);
    after.cells[0].runtime.as_mut().unwrap().version = "1.3.0".to_owned();
    let verdict = judged(&before, &after, "accuracy:0.5pp");
    assert_eq!(verdict.kind, VerdictKind::Regressed);
    assert!(
        verdict
            .reason
            .ends_with("cells.runtime (ONNX Runtime 1.2.3 → ONNX Runtime 1.3.0)"),
        "{}",
        verdict.reason
    );
    assert_eq!(side("a/b/record.json", &after).runtimes["ort"], "ONNX Runtime 1.3.0");
}

#[test]
fn sides_are_named_without_folders() {
    let record = of(&Made::default());
    for (path, name) in [
        ("runs/base/record.json", "base"),
        ("runs/base/", "base"),
        ("/home/me/old.json", "old.json"),
        ("record.json", "record.json"),
        (".", "20260102T030405Z-abcdef"),
        ("", "20260102T030405Z-abcdef"),
    ] {
        assert_eq!(side(path, &record).what, name, "{path}");
    }
}

fn with_outcome(mut cell: Cell, kind: OutcomeKind) -> Cell {
    cell.outcome = Outcome::of(kind, "why");
    cell
}

#[test]
fn what_vanished_or_newly_fails_is_a_verdict() {
    let cell = |variant: &str| {
        Made {
            variant: variant.to_owned(),
            ..Made::default()
        }
        .cell()
    };
    let before = record(
        vec![
            cell("gone"),
            cell("breaks"),
            cell("not-tried"),
            with_outcome(cell("broken"), OutcomeKind::Crashed),
            with_outcome(cell("mended"), OutcomeKind::Failed),
            with_outcome(cell("gone-and-broken"), OutcomeKind::Failed),
        ],
        Vec::new(),
    );
    let after = record(
        vec![
            with_outcome(cell("breaks"), OutcomeKind::Unsupported),
            with_outcome(cell("not-tried"), OutcomeKind::Skipped),
            with_outcome(cell("broken"), OutcomeKind::Failed),
            cell("mended"),
            cell("new"),
            with_outcome(cell("new-and-broken"), OutcomeKind::TimedOut),
            with_outcome(cell("new-and-lacking"), OutcomeKind::Unsupported),
        ],
        Vec::new(),
    );
    let found: Vec<(String, VerdictKind, bool)> = judge_records(&before, &after, &Policy::standard(), false)
        .into_iter()
        .map(|verdict| {
            assert_eq!(verdict.metric, "outcome");
            (verdict.cell.variant, verdict.kind, verdict.gating)
        })
        .collect();
    let expected = [
        ("breaks", VerdictKind::Failed, true),
        ("not-tried", VerdictKind::Missing, true),
        ("broken", VerdictKind::Incomparable, false),
        ("mended", VerdictKind::Added, false),
        ("new", VerdictKind::Added, false),
        ("new-and-broken", VerdictKind::Failed, true),
        ("new-and-lacking", VerdictKind::Added, false),
        ("gone", VerdictKind::Missing, true),
    ];
    assert_eq!(
        found,
        expected.map(|(variant, kind, gating)| (variant.to_owned(), kind, gating))
    );
}

#[test]
fn a_figure_that_vanished_is_missing_and_one_that_neither_has_is_not_passed() {
    let before = scored("top1", 0.1, 1);
    let mut after = before.clone();
    after.cells[0].accuracy = None;
    assert_eq!(judged(&before, &after, "accuracy:1pp").kind, VerdictKind::Missing);
    assert_eq!(judged(&after, &before, "accuracy:1pp").kind, VerdictKind::Added);
    assert_eq!(judged(&after, &after, "accuracy:1pp").kind, VerdictKind::Inconclusive);
    let verdict = judged(&before, &before, "f1:1pp");
    assert_eq!(
        (verdict.kind, verdict.gating, verdict.reason.as_str()),
        (
            VerdictKind::Inconclusive,
            true,
            "no cell that both records measured has f1: the rule has judged nothing"
        ),
        "the task is judged by top1"
    );
    assert!(
        judge_records(
            &of(&Made::default()),
            &of(&Made::default()),
            &policy(&["accuracy:1pp"]),
            false
        )
        .len()
            == 1
    );
    // Where another cell has it, the gap is the same on both sides and no news.
    let mut more = [before.clone(), before.clone()];
    for record in &mut more {
        let mut slow = record.cells[0].clone();
        "slow".clone_into(&mut slow.id.variant);
        slow.accuracy = None;
        record.cells.push(slow);
    }
    let verdicts = judge_records(&more[0], &more[1], &policy(&["accuracy:1pp"]), false);
    let kinds: Vec<(VerdictKind, bool)> = verdicts.iter().map(|verdict| (verdict.kind, verdict.gating)).collect();
    assert_eq!(kinds, [(VerdictKind::Passed, true), (VerdictKind::Incomparable, false)]);
    let verdict = judged(&before, &before, "latency_p99:3%");
    assert_eq!((verdict.kind, verdict.gating), (VerdictKind::Inconclusive, false));
}

#[test]
fn the_largest_drop_of_a_class_counts() {
    let before = scored("top1", 0.02, 8);
    // A quarter of class 3 is lost: 6 points of the whole, 25 of the class.
    let after = spoilt(before.clone(), |row| row % 16 == 3);
    let mut policy = policy(&["accuracy:25pp"]);
    policy.max_class_drop = Some(0.05);
    let verdicts = judge_records(&before, &after, &policy, false);
    assert_eq!(verdicts.len(), 2, "{verdicts:#?}");
    assert_eq!((verdicts[0].kind, verdicts[0].class), (VerdictKind::Passed, None));
    assert_eq!((verdicts[1].kind, verdicts[1].class), (VerdictKind::Regressed, Some(3)));
    assert_eq!(verdicts[1].evidence.n, Some(250));
    // Without a regression the class that says most stands for all.
    let same = judge_records(&before, &before, &policy, false);
    assert_eq!((same.len(), same[1].kind), (2, VerdictKind::Passed));
    assert_eq!(
        same[1].reason,
        "no answer flipped; the one that says most, of 4 classes"
    );
    // An eighth of a class is more than a third of 25 points, but not beyond doubt; and surely less than 25.
    policy.max_class_drop = Some(0.25);
    let unsure = judge_records(&before, &spoilt(before.clone(), |row| row % 32 == 3), &policy, false);
    assert_eq!(
        (unsure[1].kind, unsure[1].class),
        (VerdictKind::Passed, Some(3)),
        "the class that lost most"
    );
}

#[test]
fn a_class_of_few_samples_does_not_count() {
    let labels: Vec<i64> = (0..200).map(|row| i64::from(row < 10)).collect();
    let right: Vec<Option<usize>> = labels.iter().map(|&label| usize::try_from(label).ok()).collect();
    let mut wrong = right.clone();
    wrong[..10].fill(Some(0));
    let of = |answers: Vec<Option<usize>>| {
        let made = Made {
            value: top1(&labels, &answers),
            answers: Some(answers),
            ..Made::default()
        };
        record(vec![made.cell()], labels.clone())
    };
    let mut policy = policy(&["model_bytes:0"]);
    policy.max_class_drop = Some(0.05);
    let verdicts = judge_records(&of(right), &of(wrong), &policy, false);
    assert!(
        verdicts
            .iter()
            .all(|verdict| !verdict.gating || verdict.kind == VerdictKind::Passed),
        "{verdicts:#?}"
    );
}

/// Many cells, all different, some worse and some better.
fn many(seed: u64) -> (Record, Record) {
    let labels = labels(1000, 4);
    let mut draws = Draws::seeded(seed);
    let mut sides = [Vec::new(), Vec::new()];
    for number in 0..24_u64 {
        let kept = answers(&labels, 4, 0.1, &mut draws);
        let factor = [1.0, 1.0, 1.1, 0.9][number as usize % 4];
        for (side, cells) in sides.iter_mut().enumerate() {
            let factor = if side == 0 { 1.0 } else { factor };
            let answers: Vec<Option<usize>> = kept
                .iter()
                .map(|class| {
                    if draws.share() < 0.02 * factor {
                        class.map(|class| (class + 1) % 4)
                    } else {
                        *class
                    }
                })
                .collect();
            cells.push(
                Made {
                    variant: format!("v{number}"),
                    p50_ns: 400_000.0 * factor,
                    rss_bytes: (40.0 * factor * 1_048_576.0) as u64,
                    bytes: (320_000.0 * factor) as u64,
                    value: top1(&labels, &answers),
                    answers: Some(answers),
                    seed: draws.bits(),
                    ..Made::default()
                }
                .cell(),
            );
        }
    }
    let [before, after] = sides;
    (record(before, labels.clone()), record(after, labels))
}

fn by_cell(verdicts: Vec<Verdict>) -> Vec<Verdict> {
    let mut verdicts = verdicts;
    verdicts.sort_by(|a, b| (&a.cell, &a.metric, a.class).cmp(&(&b.cell, &b.metric, b.class)));
    verdicts
}

fn all_rules() -> Policy {
    let mut policy = policy(&[
        "latency_p50:3%",
        "throughput:3%",
        "accuracy:2pp",
        "rss_peak:1%",
        "model_bytes:0",
    ]);
    policy.trust_recorded_times = true;
    policy
}

#[test]
fn swapping_the_sides_flips_the_sign() {
    let (before, after) = many(1);
    let there = judge_records(&before, &after, &all_rules(), false);
    let back = judge_records(&after, &before, &all_rules(), false);
    let (mut regressed, mut improved) = (0, 0);
    for (there, back) in there.iter().zip(&back) {
        assert_eq!((&there.cell, &there.metric), (&back.cell, &back.metric));
        let (first, second) = (there.change.unwrap(), back.change.unwrap());
        assert_eq!(first.significant, second.significant);
        match first.scale {
            Scale::Absolute if there.metric == "accuracy" => assert!((first.estimate + second.estimate).abs() < 1e-12),
            _ => assert!(first.estimate.abs() < 1e-12 || first.estimate.signum() != second.estimate.signum()),
        }
        if there.metric == "accuracy" || there.tolerance.unwrap().scale == Scale::Relative {
            // A regression there is an improvement back, and the other way round; what is neither stays neither.
            let mirrored = match there.kind {
                VerdictKind::Regressed => VerdictKind::Improved,
                VerdictKind::Improved => VerdictKind::Regressed,
                _ => back.kind,
            };
            assert_eq!(back.kind, mirrored, "{there:#?} {back:#?}");
        }
        regressed += usize::from(there.kind == VerdictKind::Regressed);
        improved += usize::from(there.kind == VerdictKind::Improved);
    }
    assert!(
        regressed >= 10 && improved >= 10,
        "{regressed} {improved}: the test must have something to flip"
    );
}

#[test]
fn scaling_both_sides_changes_nothing() {
    let (before, after) = many(2);
    let scaled = |record: &Record| {
        let mut record = record.clone();
        for cell in &mut record.cells {
            for run in &mut cell.invocations {
                run.samples_ns.iter_mut().for_each(|ns| *ns *= 8);
                run.elapsed_ns.0 *= 8;
            }
            let summary = cell.summary.as_mut().unwrap();
            summary.latency.p50_ns *= 8.0;
            summary.throughput_per_s /= 8.0;
            cell.model.as_mut().unwrap().bytes.0 *= 8;
        }
        record
    };
    let mut policy = policy(&["latency_p50:3%", "throughput:3%", "model_bytes:1%"]);
    policy.trust_recorded_times = true;
    let plain = judge_records(&before, &after, &policy, false);
    let large = judge_records(&scaled(&before), &scaled(&after), &policy, false);
    assert!(plain.iter().any(|verdict| verdict.kind == VerdictKind::Regressed));
    for (plain, large) in plain.iter().zip(&large) {
        assert_eq!(plain.kind, large.kind);
        let (first, second) = (plain.change.unwrap(), large.change.unwrap());
        assert!((first.estimate - second.estimate).abs() < 1e-9);
        assert_eq!(first.interval.is_some(), second.interval.is_some());
        for (first, second) in first.interval.iter().zip(&second.interval) {
            assert!((first.low - second.low).abs() < 1e-9 && (first.high - second.high).abs() < 1e-9);
        }
        let factor: f64 = large.baseline.unwrap() / plain.baseline.unwrap();
        assert!((factor.log(8.0).abs() - 1.0).abs() < 1e-9, "{factor}");
    }
}

#[test]
fn the_order_of_cells_and_invocations_changes_nothing() {
    let (before, after) = many(3);
    let turned = |record: &Record, by: usize| {
        let mut record = record.clone();
        record.cells.rotate_left(by);
        record.cells.reverse();
        for cell in &mut record.cells {
            cell.invocations.reverse();
        }
        record
    };
    let plain = by_cell(judge_records(&before, &after, &all_rules(), false));
    let other = by_cell(judge_records(
        &turned(&before, 5),
        &turned(&after, 17),
        &all_rules(),
        false,
    ));
    assert_eq!(plain.len(), other.len());
    for (plain, other) in plain.iter().zip(&other) {
        assert_eq!(
            (&plain.cell, &plain.metric, plain.kind),
            (&other.cell, &other.metric, other.kind)
        );
        let (p, q) = (
            plain.evidence.p_worse.unwrap_or(0.0),
            other.evidence.p_worse.unwrap_or(0.0),
        );
        assert!((p - q).abs() < 1e-9, "{p} {q}");
    }
}

/// 300 gates of 6 unchanged cells each: a false alarm in any cell of a gate may happen in 1 % of gates.
#[test]
fn unchanged_cells_raise_no_alarm() {
    let labels = labels(400, 4);
    let mut draws = Draws::seeded(99);
    let mut alarms = 0;
    for _ in 0..300 {
        let mut sides = [Vec::new(), Vec::new()];
        for number in 0..6 {
            for cells in &mut sides {
                let answers = answers(&labels, 4, 0.1, &mut draws);
                let made = Made {
                    variant: format!("v{number}"),
                    value: top1(&labels, &answers),
                    answers: Some(answers),
                    samples: 12,
                    seed: draws.bits(),
                    ..Made::default()
                };
                cells.push(made.cell());
            }
        }
        let [before, after] = sides.map(|cells| record(cells, labels.clone()));
        let mut policy = policy(&["latency_p50:1%", "accuracy:0.1pp", "rss_peak:64KiB"]);
        policy.trust_recorded_times = true;
        let verdicts = judge_records(&before, &after, &policy, false);
        alarms += usize::from(verdicts.iter().any(|verdict| verdict.kind == VerdictKind::Regressed));
    }
    // The chance of more than 8 of 300 at 1 % is 0.004.
    assert!(alarms <= 8, "{alarms}");
}

/// At the number of samples that an inconclusive verdict asks for, a drop by the tolerance is found 19 times of 20, and
/// one by the threshold is not called a regression.
#[test]
fn what_would_decide_decides() {
    // 6 % of the answers flip; the two quantiles are those of 1 % and 95 %.
    let needed = ((2.326_f64 + 1.645) / (0.03 - 0.01)).powi(2) * 0.06;
    let labels = labels(needed.ceil() as usize, 4);
    let mut draws = Draws::seeded(5);
    let mut found = |drop: f64| -> usize {
        let once = |_: &usize| {
            let before = answers(&labels, 4, 0.5, &mut draws);
            let right = |row: usize| before[row] == usize::try_from(labels[row]).ok();
            // Half of the answers are right, so that each half flips with twice the rate.
            let (lost, gained) = (0.06 + drop, 0.06 - drop);
            let after: Vec<Option<usize>> = (0..labels.len())
                .map(|row| match right(row) {
                    true if draws.share() < lost => before[row].map(|class| (class + 1) % 4),
                    false if draws.share() < gained => usize::try_from(labels[row]).ok(),
                    _ => before[row],
                })
                .collect();
            let [before, after] = [before, after].map(|answers| {
                let made = Made {
                    value: top1(&labels, &answers),
                    answers: Some(answers),
                    ..Made::default()
                };
                record(vec![made.cell()], labels.clone())
            });
            judged(&before, &after, "accuracy:3pp").kind == VerdictKind::Regressed
        };
        (0..150).filter(once).count()
    };
    let (at_the_tolerance, at_the_threshold) = (found(0.03), found(0.01));
    // The chance of fewer than 135 of 150 at 95 % is 0.005, that of more than 5 at 1 % is 0.004.
    assert!(at_the_tolerance >= 135, "{at_the_tolerance}");
    assert!(at_the_threshold <= 5, "{at_the_threshold}");
}

/// Every number of a record in turn becomes one that no honest record has, and every list is cut: nothing panics.
#[test]
fn hostile_records_never_panic() {
    let (mut before, mut after) = many(4);
    before.cells.truncate(2);
    after.cells.truncate(2);
    for record in [&mut before, &mut after] {
        record.tasks[0].labels.truncate(12);
        for cell in &mut record.cells {
            cell.accuracy
                .as_mut()
                .unwrap()
                .answers
                .as_mut()
                .unwrap()
                .classes
                .truncate(12);
            cell.invocations.truncate(3);
            cell.invocations.iter_mut().for_each(|run| run.samples_ns.truncate(3));
        }
    }
    let value = serde_json::to_value(&after).unwrap();
    let mut places = Vec::new();
    pointers(&value, String::new(), &mut places);
    let mut policy = all_rules();
    policy.max_class_drop = Some(0.05);
    policy.set(Rule::parse("load:3%").unwrap());
    policy.set(Rule::parse("cpu_time:1ms").unwrap());
    let mut read = 0;
    for place in &places {
        for evil in [
            Value::from(0),
            Value::from(-1),
            Value::from(u64::MAX),
            Value::from(1e308),
            Value::from(5e-324),
            Value::Null,
            Value::Array(Vec::new()),
            Value::from(vec![3, 1, 1]),
            Value::from("\u{1b}[31m|`<script>"),
        ] {
            let mut value = value.clone();
            *value.pointer_mut(place).unwrap() = evil;
            let Ok(hostile) = serde_json::from_value::<Record>(value) else {
                continue;
            };
            read += 1;
            for allow in [false, true] {
                let _ = judge_records(&before, &hostile, &policy, allow);
                let _ = judge_records(&hostile, &before, &policy, allow);
            }
        }
    }
    assert!(read > 500, "{read}");
}

fn pointers(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, value)| pointers(value, format!("{at}/{key}"), out)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, format!("{at}/{index}"), out));
        }
        _ => {}
    }
    if !at.is_empty() {
        out.push(at);
    }
}
