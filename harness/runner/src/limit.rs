//! Whether a cell fits the memory limit that was given.

use edgebench_api::Bytes;
use edgebench_record::{Energy, Invocation, LimitedBy, MemoryLimit, Outcome, OutcomeKind, ScenarioResult};

use crate::summarise::{peak, swapped};

/// How the reason begins of a cell that its limit ended.
pub(crate) const KILLED_AT: &str = "the kernel killed it at its memory limit of";

/// What the limit's control group leaves open where something stands before the worker's command.
const PREFIXED: &str = "; a prefix stands before the worker, and the limit held what runs on this machine alone";

/// Judges a cell. `not_held` says why some of its processes ran without the limit; `prefixed` whether something stands
/// before the worker's command. `None` where the cell gave no figure to judge by.
///
/// A cell fits if the limit killed no process of it and its peak resident set stays within the limit. The second is asked
/// of a cell that a control group held as well, since a group is not charged for the pages that were in memory before it:
/// on the device those have to be brought in too.
pub(crate) fn judge_limit(
    limit: Bytes,
    outcome: &Outcome,
    invocations: &[Invocation],
    not_held: Option<&str>,
    prefixed: bool,
) -> Option<MemoryLimit> {
    let prefixed = if prefixed { PREFIXED } else { "" };
    let verdict = |by, fits, why| {
        Some(MemoryLimit {
            limit_bytes: limit,
            by,
            fits,
            why,
        })
    };
    if outcome.kind == OutcomeKind::OutOfMemory {
        return if outcome.reason.contains(KILLED_AT) {
            verdict(LimitedBy::Cgroup, false, format!("{KILLED_AT} {limit}{prefixed}"))
        } else {
            let why = format!(
                "it ended for want of memory before the limit was looked at: {}",
                outcome.reason
            );
            verdict(LimitedBy::Peak, false, why)
        };
    }
    if invocations.iter().any(swapped) {
        return None;
    }
    let peaks: Option<Vec<u64>> = invocations.iter().map(peak).collect();
    let largest = Bytes(peaks?.into_iter().max()?);
    let fits = largest <= limit;
    let count = match invocations.len() {
        1 => "its one invocation".to_owned(),
        count => format!("its {count} invocations"),
    };
    let relation = if fits { "is within" } else { "is above" };
    let figure = format!("the largest peak resident set of {count}, {largest}, {relation} {limit}");
    if let Some(why) = not_held {
        return verdict(
            LimitedBy::Peak,
            fits,
            format!("{figure}; nothing held the limit: {why}"),
        );
    }
    let charged = invocations.iter().filter_map(|one| one.cgroup_peak_bytes).max();
    let charged = charged.map_or_else(String::new, |charged| {
        format!(" (its control group was charged {charged})")
    });
    verdict(
        LimitedBy::Cgroup,
        fits,
        format!("the limit killed nothing, and {figure}{charged}{prefixed}"),
    )
}

/// Adds what came of the limit in scenarios and in windows of energy: what was killed there does not fit.
pub(crate) fn judge_beyond(judged: &mut MemoryLimit, scenarios: &[ScenarioResult], energy: Option<&Energy>) {
    let killed = |result: &&ScenarioResult| {
        let failure = result.failure.as_ref();
        failure.is_some_and(|outcome| outcome.reason.contains(KILLED_AT))
    };
    let mut beyond: Vec<&str> = scenarios
        .iter()
        .filter(killed)
        .map(|result| result.kind.name())
        .collect();
    if energy.is_some_and(|energy| energy.remarks.iter().any(|remark| remark.contains(KILLED_AT))) {
        beyond.push("energy");
    }
    if !beyond.is_empty() {
        judged.fits = false;
        let name = beyond.join(", ");
        let why = &mut judged.why;
        *why = format!("{why}; in {name} the limit killed it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summarise::tests::invocation;

    const MIB: u64 = 1 << 20;

    fn judged(peaks: &[Option<u64>], limit_mib: u64, not_held: Option<&str>) -> Option<MemoryLimit> {
        let invocations: Vec<Invocation> = peaks
            .iter()
            .map(|peak| invocation(&[1], peak.map(|mebibytes| mebibytes * MIB)))
            .collect();
        judge_limit(
            Bytes(limit_mib * MIB),
            &Outcome::measured(),
            &invocations,
            not_held,
            false,
        )
    }

    #[test]
    fn the_largest_peak_decides() {
        let fits = judged(&[Some(30), Some(64), Some(40)], 64, None).unwrap();
        assert!(fits.fits);
        assert_eq!((fits.by, fits.limit_bytes), (LimitedBy::Cgroup, Bytes(64 * MIB)));
        assert_eq!(
            fits.why,
            "the limit killed nothing, and the largest peak resident set of its 3 invocations, 64.0 MiB, is within 64.0 MiB"
        );
        let not = judged(&[Some(30), Some(65)], 64, None).unwrap();
        assert!(
            !not.fits && not.why.contains("65.0 MiB, is above 64.0 MiB"),
            "{}",
            not.why
        );
    }

    #[test]
    fn without_a_group_the_peak_judges_and_it_is_said() {
        let judged = judged(&[Some(30)], 64, Some("no groups here")).unwrap();
        assert_eq!((judged.by, judged.fits), (LimitedBy::Peak, true));
        assert!(
            judged.why.ends_with("nothing held the limit: no groups here"),
            "{}",
            judged.why
        );
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        assert_eq!(judged(&[], 64, None), None);
        assert_eq!(
            judged(&[Some(1), Some(0)], 64, None).map(|judged| judged.fits),
            Some(true)
        );
        let mut swapped = invocation(&[1], Some(MIB));
        swapped.memory.steady.swap_bytes = Some(Bytes(4096));
        let judged = judge_limit(Bytes(64 * MIB), &Outcome::measured(), &[swapped], None, false);
        assert_eq!(judged, None);
    }

    #[test]
    fn a_killed_cell_does_not_fit() {
        let reason = format!("out of memory: {KILLED_AT} 64.0 MiB");
        let killed = Outcome::of(OutcomeKind::OutOfMemory, reason);
        let judged = judge_limit(Bytes(64 * MIB), &killed, &[], None, true).unwrap();
        assert_eq!((judged.by, judged.fits), (LimitedBy::Cgroup, false));
        assert!(judged.why.ends_with(PREFIXED), "{}", judged.why);

        let other = Outcome::of(OutcomeKind::OutOfMemory, "out of memory: the kernel killed it");
        let judged = judge_limit(Bytes(64 * MIB), &other, &[], Some("no groups"), false).unwrap();
        assert_eq!((judged.by, judged.fits), (LimitedBy::Peak, false));
    }
}
