//! A gate's verdicts as `JUnit` XML.

use std::time::Duration;

use edgebench_record::{GateRecord, OnInconclusive, Verdict, VerdictKind, metric};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::words::{Row, cell, counts, meaning, metric_name, side, verdict_words, why};
use crate::ReportError;
use crate::text::plain;

/// One test suite per task and one test case per cell and metric, its figures as properties.
///
/// | verdict | test case |
/// |---|---|
/// | passed, improved, added | passed |
/// | regressed | failure |
/// | failed, missing | error |
/// | inconclusive, incomparable | skipped; a failure where the policy fails what is inconclusive |
/// | any that is advice and not fine | skipped |
///
/// A reader of this file alone therefore lets an inconclusive gate pass unless its policy says otherwise; the exit code
/// does not. Figures are in the metric's unit, and changes are fractions or amounts in that unit as `scale` tells.
///
/// # Errors
/// [`ReportError::Junit`]: none that a record can cause.
pub fn junit(record: &GateRecord) -> Result<String, ReportError> {
    let mut tasks: Vec<&str> = Vec::new();
    for verdict in &record.verdicts {
        if !tasks.contains(&verdict.cell.task.as_str()) {
            tasks.push(&verdict.cell.task);
        }
    }
    let mut report = Report::new("edgebench gate");
    for task in tasks {
        let mut suite = TestSuite::new(text(task));
        suite.extra.insert("timestamp".into(), text(&record.started_at).into());
        for (name, value) in [
            ("gate", record.id.clone()),
            ("edgebench", record.tool.version.clone()),
            ("baseline", side(&record.baseline)),
            ("candidate", side(&record.candidate)),
            ("outcome", format!("{}; {}", counts(record), meaning(record))),
        ] {
            suite.add_property((name, text(&value).as_str()));
        }
        let cells = record.cells.iter().filter(|cell| cell.cell.task == task);
        let elapsed_ns = cells.fold(0_u64, |sum, cell| sum.saturating_add(cell.elapsed_ns));
        if elapsed_ns > 0 {
            suite.set_time(Duration::from_nanos(elapsed_ns));
        }
        for verdict in record.verdicts.iter().filter(|verdict| verdict.cell.task == task) {
            suite.add_test_case(case(verdict, record.policy.inconclusive));
        }
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn case(verdict: &Verdict, policy: OnInconclusive) -> TestCase {
    let status = match (verdict.kind, policy) {
        (VerdictKind::Passed | VerdictKind::Improved | VerdictKind::Added, _) => TestCaseStatus::success(),
        _ if !verdict.gating => TestCaseStatus::skipped(),
        (VerdictKind::Regressed, _)
        | (VerdictKind::Inconclusive | VerdictKind::Incomparable | VerdictKind::Missing, OnInconclusive::Fail) => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        (VerdictKind::Failed | VerdictKind::Missing, _) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (VerdictKind::Inconclusive | VerdictKind::Incomparable, _) => TestCaseStatus::skipped(),
    };
    let name = format!("{} {}", cell(verdict), metric_name(verdict));
    let mut case = TestCase::new(text(&name), status);
    case.set_classname(text(&format!("edgebench.{}", verdict.cell.task)));
    let row = Row::of(verdict);
    let figures = format!(
        "baseline {}, candidate {}, change {}, MDE {}, tolerance {}",
        row.baseline, row.candidate, row.change, row.detectable, row.tolerance
    );
    if !matches!(case.status, TestCaseStatus::Success { .. }) {
        let why = why(verdict);
        let message = match (why.is_empty(), verdict.change.is_some()) {
            (true, _) => figures.clone(),
            (false, true) => format!("change {}: {why}", row.change),
            (false, false) => why.clone(),
        };
        case.status
            .set_type(verdict_words(verdict))
            .set_message(text(&message))
            .set_description(text(&format!("{name}: {}: {figures}. {why}", verdict_words(verdict))));
    }
    for (name, value) in properties(verdict) {
        case.add_property((name, text(&value).as_str()));
    }
    case
}

/// What is known of a verdict, by name. What is absent has no property.
fn properties(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let mut out = vec![
        ("verdict", verdict.kind.name().to_owned()),
        ("gating", verdict.gating.to_string()),
        ("cell", verdict.cell.to_string()),
        ("metric", verdict.metric.clone()),
    ];
    let mut known = |name, value: Option<String>| out.extend(value.map(|value| (name, value)));
    let number = |value: Option<f64>| value.filter(|value| value.is_finite()).map(|value| value.to_string());
    known("baseline_cell", verdict.baseline_cell.as_ref().map(ToString::to_string));
    known("class", verdict.class.map(|class| class.to_string()));
    let unit = metric(&verdict.metric).map_or("", |metric| metric.unit);
    known("unit", Some(unit.to_owned()).filter(|unit| !unit.is_empty()));
    known("baseline", number(verdict.baseline));
    known("candidate", number(verdict.candidate));
    let scale = |scale| match scale {
        edgebench_record::Scale::Relative => "relative".to_owned(),
        edgebench_record::Scale::Absolute => "absolute".to_owned(),
    };
    if let Some(change) = &verdict.change {
        known("scale", Some(scale(change.scale)));
        known("change", number(Some(change.estimate)));
        known("change_low", number(change.interval.map(|interval| interval.low)));
        known("change_high", number(change.interval.map(|interval| interval.high)));
        known("minimum_detectable", number(change.minimum_detectable));
        known("significant", Some(change.significant.to_string()));
    }
    if let Some(tolerance) = verdict.tolerance {
        known("tolerance_scale", Some(scale(tolerance.scale)));
        known("tolerance", number(Some(tolerance.amount)));
    }
    let evidence = &verdict.evidence;
    known("test", Some(evidence.test.clone()).filter(|test| !test.is_empty()));
    known("n", evidence.n.map(|n| n.to_string()));
    known("p_worse", number(evidence.p_worse));
    known("level", number(evidence.level));
    known("further", evidence.further.map(|further| further.to_string()));
    out
}

/// One line of characters that XML 1.0 has.
fn text(text: &str) -> String {
    let mut text = plain(text);
    text.retain(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'));
    text
}
