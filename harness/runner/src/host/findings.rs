//! The rules: what makes numbers less trustworthy, and the class that follows. `docs/host.md` gives the reasons.

mod during;
mod rules;

use edgebench_record::{Class, ClassReason, HealthReading, HealthWarning, HostClass};

pub(super) use rules::findings;

/// One rule that a machine broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    fact: String,
    hint: &'static str,
    /// The best class while it holds.
    limits_to: Class,
    /// Whether a report warns of it. A lasting setting of a usual machine is a reason for its class and no more.
    warns: bool,
}

/// The share of processor time that the hypervisor took between two readings. Absent where less than a second of processor
/// time lies between them.
pub(super) fn steal(start: &HealthReading, end: &HealthReading) -> Option<f64> {
    let (then, now) = (start.processor?, end.processor?);
    let total = now.total.checked_sub(then.total).filter(|&total| total >= 100)?;
    Some(now.steal.checked_sub(then.steal)? as f64 / total as f64)
}

/// The findings that a report warns of.
pub(super) fn warnings(findings: &[Finding]) -> Vec<HealthWarning> {
    findings
        .iter()
        .filter(|finding| finding.warns)
        .map(|finding| HealthWarning {
            fact: finding.fact.clone(),
            hint: finding.hint.to_owned(),
        })
        .collect()
}

/// The worst class that a finding limits to, with the findings as its reasons.
pub(super) fn classify(mut findings: Vec<Finding>) -> HostClass {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.limits_to));
    let class = findings.first().map_or(Class::A, |worst| worst.limits_to);
    let weights: Vec<Class> = findings.iter().map(|finding| finding.limits_to).collect();
    let reasons = findings.into_iter().map(|finding| ClassReason {
        raises_to: weights
            .iter()
            .copied()
            .find(|&weight| weight < finding.limits_to)
            .unwrap_or(Class::A),
        fact: finding.fact,
        hint: finding.hint.to_owned(),
        limits_to: finding.limits_to,
    });
    HostClass {
        class,
        reasons: reasons.collect(),
    }
}

#[cfg(test)]
mod tests;
