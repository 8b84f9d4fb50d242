//! A gate's verdicts as words that every format shares. Strings from strangers are [`plain`] here; what a format takes
//! for more than text, it escapes itself.

use std::fmt::Write as _;

use edgebench_api::Bytes;
use edgebench_record::{Change, GateRecord, OnInconclusive, Scale, Side, Tolerance, Verdict, VerdictKind, metric};

use crate::text::{JouleUnit, TimeUnit, plain, shortened, signed, significant};

/// What stands for a figure that is absent.
pub(super) const ABSENT: &str = "–";

/// The longest name of a cell that a table shows.
const CELL_CHARACTERS: usize = 120;

/// The longest line about a side.
const SIDE_CHARACTERS: usize = 1000;

/// The longest reason that a table shows.
const REASON_CHARACTERS: usize = 300;

/// The kinds in the order in which they are told: what a reader must act on comes first.
pub(super) const GRAVEST_FIRST: [VerdictKind; 8] = [
    VerdictKind::Regressed,
    VerdictKind::Failed,
    VerdictKind::Missing,
    VerdictKind::Incomparable,
    VerdictKind::Inconclusive,
    VerdictKind::Improved,
    VerdictKind::Added,
    VerdictKind::Passed,
];

/// Sorts verdicts: what must be acted on, then what is advice, then what is fine, each by [`GRAVEST_FIRST`].
pub(super) fn gravity(verdict: &Verdict) -> (u8, usize) {
    let group = match verdict.kind {
        kind if is_fine(kind) => 2,
        _ if verdict.gating => 0,
        _ => 1,
    };
    let place = GRAVEST_FIRST.iter().position(|kind| *kind == verdict.kind);
    (group, place.unwrap_or(usize::MAX))
}

/// Whether a verdict of this kind asks nothing of anybody.
pub(super) fn is_fine(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::Passed | VerdictKind::Improved | VerdictKind::Added)
}

/// One verdict in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The cell, and the baseline's where that is another one.
    pub(super) cell: String,
    /// The metric's id, and the class where there is one.
    pub(super) metric: String,
    pub(super) baseline: String,
    pub(super) candidate: String,
    /// The change with its interval; `~` before one that is not significant.
    pub(super) change: String,
    /// The minimum detectable change.
    pub(super) detectable: String,
    pub(super) tolerance: String,
    /// The verdict's name, and whether it is advice.
    pub(super) verdict: String,
    /// The reason, and what it rests on.
    pub(super) why: String,
}

impl Row {
    pub(super) fn of(verdict: &Verdict) -> Self {
        let (baseline, candidate) = figures(verdict);
        let absent = || ABSENT.to_owned();
        let change = verdict.change.as_ref();
        Self {
            cell: shortened(&cell(verdict), CELL_CHARACTERS),
            metric: shortened(&metric_name(verdict), CELL_CHARACTERS),
            baseline,
            candidate,
            change: change.map_or_else(absent, |change| change_words(&verdict.metric, change)),
            detectable: change
                .and_then(|change| rounded(&verdict.metric, change.scale, change.minimum_detectable?))
                .unwrap_or_else(absent),
            tolerance: verdict
                .tolerance
                .and_then(|tolerance| tolerance_words(&verdict.metric, tolerance))
                .unwrap_or_else(absent),
            verdict: verdict_words(verdict),
            why: shortened(&why(verdict), REASON_CHARACTERS),
        }
    }
}

/// `regressed`, or `regressed (advisory)` where it does not count.
pub(super) fn verdict_words(verdict: &Verdict) -> String {
    let name = verdict.kind.name();
    if verdict.gating {
        name.to_owned()
    } else {
        format!("{name} (advisory)")
    }
}

/// The cell as the candidate has it, and as the baseline has it where they differ.
pub(super) fn cell(verdict: &Verdict) -> String {
    let candidate = plain(&verdict.cell.to_string());
    match &verdict.baseline_cell {
        Some(baseline) => format!("{candidate} (baseline {})", plain(&baseline.to_string())),
        None => candidate,
    }
}

/// `accuracy`, or `accuracy of class 3`.
pub(super) fn metric_name(verdict: &Verdict) -> String {
    let id = plain(&verdict.metric);
    match verdict.class {
        Some(class) => format!("{id} of class {class}"),
        None if id.is_empty() => ABSENT.to_owned(),
        None => id,
    }
}

/// Both figures in one unit; with all digits where they differ and would look alike.
fn figures(verdict: &Verdict) -> (String, String) {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let (baseline, candidate) = (finite(verdict.baseline), finite(verdict.candidate));
    let unit = metric(&verdict.metric).map_or("", |metric| metric.unit);
    let time = TimeUnit::for_smallest([baseline, candidate].into_iter().flatten());
    let joule = JouleUnit::for_smallest([baseline, candidate].into_iter().flatten());
    let short = |value: f64| match unit {
        "ns" => format!("{} {}", time.show(value), time.symbol()),
        "bytes" => Bytes(value.max(0.0) as u64).to_string(),
        "fraction" => format!("{:.2} %", value * 100.0),
        "1/s" => format!("{}/s", significant(value)),
        "J" | "proxy-J" => format!("{} {}", joule.show(value), joule.symbol(unit)),
        _ if value.fract() == 0.0 => value.to_string(),
        _ => significant(value),
    };
    let full = |value: f64| match unit {
        "ns" => format!("{value} ns"),
        "bytes" => format!("{value} B"),
        "1/s" => format!("{value}/s"),
        "J" | "proxy-J" => format!("{value} {unit}"),
        _ => value.to_string(),
    };
    let alike = |(a, b): (f64, f64)| a.total_cmp(&b).is_ne() && short(a) == short(b);
    let shown = |value: Option<f64>| match value {
        None => ABSENT.to_owned(),
        Some(value) if baseline.zip(candidate).is_some_and(alike) => full(value),
        Some(value) => short(value),
    };
    (shown(baseline), shown(candidate))
}

/// `+5.1 % [+3.9, +6.4]`, with `~` before it where it is not significant; `unchanged` for exact figures that are equal.
pub(super) fn change_words(metric: &str, change: &Change) -> String {
    if change.interval.is_none() && change.estimate == 0.0 && !change.significant {
        return "unchanged".to_owned();
    }
    let Some((number, unit)) = signed_amount(metric, change.scale, change.estimate, change.estimate) else {
        return ABSENT.to_owned();
    };
    let mut words = if change.significant {
        number
    } else {
        format!("~ {number}")
    };
    words += &unit;
    if let Some(interval) = change.interval {
        let end = |value| {
            signed_amount(metric, change.scale, value, change.estimate).map_or("∞".to_owned(), |(number, _)| number)
        };
        let _ = write!(words, " [{}, {}]", end(interval.low), end(interval.high));
    }
    words
}

/// A change as a number with its sign, and its unit with the space before it, the unit being that of another one (`like`)
/// which it stands beside. `None` for what is no finite number.
fn signed_amount(id: &str, scale: Scale, value: f64, like: f64) -> Option<(String, String)> {
    if !value.is_finite() {
        return None;
    }
    let (value, unit) = scaled(id, scale, value, like);
    let decimals = match value.abs() {
        v if v >= 9.995 => 1,
        v if v >= 0.005 || v == 0.0 => 2,
        _ => 6,
    };
    let number = if matches!(unit, "B" | "") && value.fract() == 0.0 {
        signed(value, 0)
    } else {
        signed(value, decimals)
    };
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    Some((number, unit))
}

/// An amount without a sign, as it was asked for: `3 %`, `0.5 pp`, `2 MiB`.
fn amount(id: &str, scale: Scale, value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let (value, unit) = scaled(id, scale, value, value);
    let number = format!("{value:.4}");
    let number = number.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{number} {unit}").trim_end().to_owned())
}

/// An amount that was estimated, with the digits that it deserves.
fn rounded(id: &str, scale: Scale, value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let (value, unit) = scaled(id, scale, value, value);
    Some(format!("{} {unit}", significant(value)).trim_end().to_owned())
}

/// A change in the unit in which it is told. Bytes are told in the unit that `like` reads well in.
fn scaled(id: &str, scale: Scale, value: f64, like: f64) -> (f64, &'static str) {
    match (scale, metric(id).map_or("", |metric| metric.unit)) {
        (Scale::Relative, _) => (value * 100.0, "%"),
        (Scale::Absolute, "fraction") => (value * 100.0, "pp"),
        (Scale::Absolute, "bytes") if like.abs() >= 1_048_576.0 => (value / 1_048_576.0, "MiB"),
        (Scale::Absolute, "bytes") if like.abs() >= 1024.0 => (value / 1024.0, "KiB"),
        (Scale::Absolute, "bytes") => (value, "B"),
        (Scale::Absolute, "1/s") => (value, "/s"),
        (Scale::Absolute, unit @ ("J" | "proxy-J")) => {
            let joule = JouleUnit::for_smallest([like]);
            (value / joule.joules(), joule.symbol(unit))
        }
        (Scale::Absolute, unit) => (value, unit),
    }
}

/// How much worse a metric may get, in words.
pub(super) fn tolerance_words(metric: &str, tolerance: Tolerance) -> Option<String> {
    amount(metric, tolerance.scale, tolerance.amount)
}

/// How many restarts would decide, the reason, and the count and p that the verdict rests on.
pub(super) fn why(verdict: &Verdict) -> String {
    let mut parts = Vec::new();
    let evidence = &verdict.evidence;
    if verdict.kind == VerdictKind::Inconclusive
        && let Some(further) = evidence.further
    {
        parts.push(match further {
            1 => "1 more restart would probably decide".to_owned(),
            more => format!("{more} more restarts would probably decide"),
        });
    }
    let reason = plain(&verdict.reason);
    if !reason.is_empty() {
        parts.push(reason);
    }
    if let Some(confirmation) = evidence.confirmation.filter(|confirmation| confirmation.confirmed) {
        parts.push(format!("confirmed by {} more", confirmation.n));
    }
    let p = evidence
        .p_worse
        .filter(|p| p.is_finite() && matches!(verdict.kind, VerdictKind::Regressed | VerdictKind::Inconclusive))
        .map(|p| {
            if p < 0.0001 {
                "p≤0.0001".to_owned()
            } else {
                format!("p={p:.4}")
            }
        });
    let n = evidence.n.map(|n| format!("n={n}"));
    let rests: Vec<String> = p.into_iter().chain(n).collect();
    let mut words = parts.join("; ");
    if !rests.is_empty() {
        let _ = write!(words, " ({})", rests.join(" "));
    }
    words.trim_start().to_owned()
}

/// One side in one line: what it is, and what tells it from any other.
pub(super) fn side(side: &Side) -> String {
    let mut parts = vec![shortened(&plain(&side.what), CELL_CHARACTERS)];
    parts.extend(side.commit.as_deref().map(|commit| {
        let commit: String = plain(commit).chars().take(12).collect();
        format!("commit {commit}")
    }));
    parts.extend(
        side.run
            .as_deref()
            .map(|run| format!("run {}", shortened(&plain(run), CELL_CHARACTERS))),
    );
    parts.extend(
        side.runtimes
            .values()
            .map(|runtime| shortened(&plain(runtime), CELL_CHARACTERS)),
    );
    parts.extend(
        side.worker
            .as_deref()
            .map(|worker| format!("worker {}", shortened(&plain(worker), CELL_CHARACTERS))),
    );
    shortened(&parts.join(" · "), SIDE_CHARACTERS)
}

/// The gate's outcome in one word.
pub(super) fn outcome(record: &GateRecord) -> &'static str {
    match record.exit_code {
        0 => "passed",
        1 => "regressed",
        3 => "failed",
        _ => "undecided",
    }
}

/// `12 verdicts: 1 regressed, 2 inconclusive, 9 passed (3 advisory)`.
pub(super) fn counts(record: &GateRecord) -> String {
    let all = record.verdicts.len();
    let parts: Vec<String> = GRAVEST_FIRST
        .iter()
        .map(|kind| (record.count(*kind), kind.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let advisory = record.verdicts.iter().filter(|verdict| !verdict.gating).count();
    let mut words = match all {
        0 => return "no verdicts: nothing was compared".to_owned(),
        1 => format!("1 verdict: {}", parts.join(", ")),
        _ => format!("{all} verdicts: {}", parts.join(", ")),
    };
    if advisory > 0 {
        let _ = write!(words, " ({advisory} advisory)");
    }
    words
}

/// What the exit code says, in one sentence without its end.
pub(super) fn meaning(record: &GateRecord) -> String {
    let counts = |kind| {
        record
            .verdicts
            .iter()
            .any(|verdict| verdict.gating && verdict.kind == kind)
    };
    let inconclusive = counts(VerdictKind::Inconclusive);
    let words = match record.exit_code {
        0 if inconclusive && record.policy.inconclusive == OnInconclusive::Pass => {
            "passed; the policy lets what is inconclusive pass".to_owned()
        }
        0 => "passed: nothing that counts got worse by as much as the policy forbids".to_owned(),
        1 if !counts(VerdictKind::Regressed) => "undecided, which the policy takes for regressed".to_owned(),
        1 => "regressed: surely worse, and by more than the policy ignores".to_owned(),
        3 => "failed: a cell that the baseline measures was not measured for the candidate".to_owned(),
        4 => {
            let kinds: Vec<&str> = [
                VerdictKind::Missing,
                VerdictKind::Incomparable,
                VerdictKind::Inconclusive,
            ]
            .into_iter()
            .filter(|kind| counts(*kind))
            .map(VerdictKind::name)
            .collect();
            if kinds.is_empty() {
                "nothing was judged".to_owned()
            } else {
                format!("neither passed nor regressed: {}", kinds.join(", "))
            }
        }
        _ => "not an outcome of a gate".to_owned(),
    };
    format!("exit code {}: {words}", record.exit_code)
}

/// What makes the gate less than it seems.
pub(super) fn caveats(record: &GateRecord) -> Vec<String> {
    let mut out = Vec::new();
    if record.interrupted {
        out.push("the gate was ended before its time; what was not decided by then is inconclusive".to_owned());
    }
    if !record.tool.optimised {
        out.push("edgebench was built without optimisation: its figures are not results".to_owned());
    }
    for warning in record.host.iter().flat_map(|host| &host.warnings) {
        let words = format!("{} ({})", plain(&warning.fact), plain(&warning.hint));
        out.push(shortened(&words, REASON_CHARACTERS));
    }
    out
}

#[cfg(test)]
mod tests {
    use edgebench_stats::Interval;

    use super::*;

    fn change(scale: Scale, estimate: f64, ends: Option<(f64, f64)>, significant: bool) -> Change {
        Change {
            scale,
            estimate,
            interval: ends.map(|(low, high)| Interval {
                low,
                high,
                confidence: 0.95,
            }),
            minimum_detectable: None,
            significant,
        }
    }

    #[test]
    fn a_change_has_its_interval_and_its_unit() {
        let words = |metric, change| change_words(metric, &change);
        let relative = change(Scale::Relative, 0.051, Some((0.039, 0.064)), true);
        assert_eq!(words("latency_p50", relative), "+5.10 % [+3.90, +6.40]");
        let noise = change(Scale::Relative, -0.001, Some((-0.01, 0.008)), false);
        assert_eq!(words("latency_p50", noise), "~ −0.10 % [−1.00, +0.80]");
        let points = change(Scale::Absolute, -0.005, None, true);
        assert_eq!(words("accuracy", points), "−0.50 pp");
        let bytes = change(Scale::Absolute, 1.0, None, true);
        assert_eq!(words("model_bytes", bytes), "+1 B");
        let little = change(Scale::Relative, 0.00001, None, true);
        assert_eq!(words("model_bytes", little), "+0.001000 %");
        assert_eq!(words("macs", change(Scale::Relative, 0.0, None, false)), "unchanged");
        assert_eq!(
            words("macs", change(Scale::Relative, f64::INFINITY, None, true)),
            ABSENT
        );
        let open = change(Scale::Relative, 0.5, Some((0.1, f64::INFINITY)), true);
        assert_eq!(words("latency_p50", open), "+50.0 % [+10.0, ∞]");
    }

    #[test]
    fn an_amount_has_no_digits_to_spare() {
        assert_eq!(amount("latency_p50", Scale::Relative, 0.03).as_deref(), Some("3 %"));
        assert_eq!(amount("accuracy", Scale::Absolute, 0.005).as_deref(), Some("0.5 pp"));
        assert_eq!(amount("model_bytes", Scale::Absolute, 0.0).as_deref(), Some("0 B"));
        assert_eq!(amount("parameters", Scale::Absolute, 100.0).as_deref(), Some("100"));
        assert_eq!(amount("latency_p50", Scale::Relative, f64::NAN), None);
    }
}
