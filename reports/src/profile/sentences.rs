//! Why one cell is slower than another, in sentences that the record bears out.

use edgebench_api::Nanos;
use schemars::JsonSchema;
use serde::Serialize;

use super::causes::{Cause, causes};
use super::diff::{DiffSide, ProfileDiff, Profiled};
use super::noise::{Change, Processes, is_apart};

/// A cause is named from this share of the difference on, and at most so many are.
const NAMED_FROM: f64 = 0.1;
const NAMED: usize = 4;
/// What the named causes leave is told from this share of the difference on.
const REST_FROM: f64 = 0.01;
/// The profiler hides a difference that it changes by more than this share of it.
const HIDDEN_FROM: f64 = 0.5;

/// What [`span`] makes of no time at all.
const NOTHING: &str = "0 ns";

/// What can be said of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The two differ, and their operators tell why.
    Explained,
    /// The two differ without the profiler, and with it not at all or by another amount, so that operators' times, which
    /// are taken with it, do not tell why.
    Hidden,
    /// Without the profiler, the two do not differ by more than fresh processes of one cell do.
    WithinNoise,
    /// A side has too few processes to tell, or damaged figures.
    NotKnown,
}

impl Verdict {
    /// In words, for a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Explained => "beyond the noise",
            Self::Hidden => "hidden by the profiler",
            Self::WithinNoise => "within the noise",
            Self::NotKnown => "not known",
        }
    }
}

/// Why B takes longer than A, or less long.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// What can be said.
    pub verdict: Verdict,
    /// The sentence that says it: plain text, without a full stop.
    pub sentence: String,
    /// The difference of typical profiled inferences.
    pub profiled: Change,
    /// That of inferences without the profiler; absent where a record's figure cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unprofiled: Option<Change>,
    /// What the difference comes from, the most first. They sum up to [`ProfileDiff::delta_ns`]; none where the verdict is
    /// that operators tell nothing.
    pub causes: Vec<Cause>,
    /// Further sentences: what the times are of, what the difference is without the profiler, what to keep in mind.
    pub notes: Vec<String>,
}

/// Explains a difference. `a` and `b` are what the difference was made of.
pub fn explain(a: &Profiled<'_>, b: &Profiled<'_>, diff: &ProfileDiff) -> Explanation {
    let processes = Processes::of(a, b);
    let profiled = Change::of(diff.delta_ns, processes.whole(|one| one.wall_ns));
    let unprofiled =
        unprofiled_delta(diff).map(|delta_ns| Change::of(delta_ns, processes.whole(|one| one.unprofiled_p50_ns)));
    let contradicts = unprofiled
        .as_ref()
        .is_some_and(|one| (profiled.delta_ns - one.delta_ns).abs() > HIDDEN_FROM * one.delta_ns.abs());
    let verdict = match (unprofiled.as_ref().and_then(Change::is_apart), profiled.is_apart()) {
        (Some(false), _) => Verdict::WithinNoise,
        (None, _) | (_, None) => Verdict::NotKnown,
        (Some(true), Some(apart)) if contradicts || !apart => Verdict::Hidden,
        _ => Verdict::Explained,
    };
    let tells = verdict == Verdict::Explained || (verdict == Verdict::NotKnown && !contradicts);
    let mut causes = if tells {
        causes(a, b, diff, &processes)
    } else {
        Vec::new()
    };
    causes.sort_by(|one, other| other.delta_ns.abs().total_cmp(&one.delta_ns.abs()));
    let mut notes = notes(diff, unprofiled.as_ref());
    if verdict == Verdict::Hidden {
        notes.push("a larger --batch makes the profiler's share smaller".to_owned());
    }
    let mut explanation = Explanation {
        verdict,
        sentence: String::new(),
        profiled,
        unprofiled,
        causes,
        notes,
    };
    explanation.sentence = sentence(diff, &explanation);
    explanation
}

fn sentence(diff: &ProfileDiff, explanation: &Explanation) -> String {
    let (a, b) = (&diff.a.name, &diff.b.name);
    let common = match diff.common.as_str() {
        "" => String::new(),
        common => format!(" {common}"),
    };
    let total = diff.delta_ns;
    let head = format!("{b} is {}{common}", than(total, a));
    let both = |unprofiled: &Change| {
        let without = than(unprofiled.delta_ns, a);
        format!(
            "{b} is {without}{common} without the profiler and {} with it",
            amount(total)
        )
    };
    match (explanation.verdict, &explanation.unprofiled) {
        (Verdict::WithinNoise, Some(unprofiled)) => format!(
            "{b} and {a}{common} differ by {} of {} without the profiler, which is within the noise of their processes, and \
             by {} with it: nothing to explain",
            span(unprofiled.delta_ns),
            span(diff.a.unprofiled_p50_ns.unwrap_or_default()),
            span(total),
        ),
        (Verdict::Hidden, Some(unprofiled)) => {
            let noise = match explanation.profiled.is_apart() {
                Some(false) => ", which is within the noise",
                _ => "",
            };
            format!(
                "{}{noise}: the operators' times do not explain the difference",
                both(unprofiled)
            )
        }
        (Verdict::NotKnown, _) => {
            let unsure = format!("which {} cannot tell from noise", weakness(diff));
            match &explanation.unprofiled {
                Some(unprofiled) if explanation.causes.is_empty() => {
                    format!("{}, {unsure}", both(unprofiled))
                }
                _ => match parts(total, explanation.causes.iter()) {
                    None => format!("{head}, {unsure}"),
                    Some(parts) => format!("{head}, {unsure}; if it is more than noise, {parts}"),
                },
            }
        }
        _ => {
            let apart = explanation.causes.iter().filter(|cause| cause.p.is_some_and(is_apart));
            match parts(total, apart) {
                Some(parts) => format!("{head}: {parts}"),
                None => format!("{head}: no kind of operators takes a tenth of that beyond the noise"),
            }
        }
    }
}

/// What the named causes and the rest come to: `1.60 ms in …; but 20 µs less in …`. `None` where none is large enough.
fn parts<'a>(total: f64, causes: impl Iterator<Item = &'a Cause>) -> Option<String> {
    let large = causes.filter(|cause| cause.delta_ns.abs() >= NAMED_FROM * total.abs());
    let named: Vec<&Cause> = large.take(NAMED).collect();
    if total == 0.0 || named.is_empty() {
        return None;
    }
    let part = |delta_ns: f64, words: &str| {
        let size = span(delta_ns);
        if delta_ns * total > 0.0 {
            format!("{size} in {words}")
        } else {
            format!("but {size} {} in {words}", if delta_ns > 0.0 { "more" } else { "less" })
        }
    };
    let mut parts: Vec<(f64, &str)> = named.iter().map(|cause| (cause.delta_ns, &*cause.words)).collect();
    let rest = total - named.iter().map(|cause| cause.delta_ns).sum::<f64>();
    if rest.abs() >= REST_FROM * total.abs() {
        parts.push((rest, "the rest"));
    }
    // What goes against the difference stands behind all that makes it up.
    parts.sort_by_key(|(delta_ns, _)| delta_ns * total <= 0.0);
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(delta_ns, words)| part(delta_ns, words))
        .collect();
    Some(parts.join("; "))
}

/// `1.35 ms slower`.
fn amount(delta_ns: f64) -> String {
    match span(delta_ns) {
        none if none == NOTHING => "as fast".to_owned(),
        span if delta_ns > 0.0 => format!("{span} slower"),
        span => format!("{span} faster"),
    }
}

/// `1.35 ms slower than fp32`.
fn than(delta_ns: f64, other: &str) -> String {
    let amount = amount(delta_ns);
    let word = if amount == "as fast" { "as" } else { "than" };
    format!("{amount} {word} {other}")
}

/// A span of time without its sign.
pub(super) fn span(ns: f64) -> String {
    Nanos(ns.abs().round() as u64).to_string()
}

/// Why noise cannot be told.
fn weakness(diff: &ProfileDiff) -> String {
    match diff.a.processes.min(diff.b.processes) {
        0 | 1 => "one process".to_owned(),
        2 => "two processes".to_owned(),
        _ => "damaged figures".to_owned(),
    }
}

fn notes(diff: &ProfileDiff, unprofiled: Option<&Change>) -> Vec<String> {
    let of_profiled = "the times are of profiled inferences, which are no latencies";
    let without = unprofiled.map(|change| {
        let of = |side: &DiffSide| span(side.unprofiled_p50_ns.unwrap_or_default());
        let difference = match span(change.delta_ns) {
            none if none == NOTHING => "as long".to_owned(),
            span if change.delta_ns > 0.0 => format!("{span} more"),
            span => format!("{span} less"),
        };
        let sureness = change.interval.map_or_else(String::new, |interval| {
            let processes = match (diff.b.processes, diff.a.processes) {
                (one, other) if one == other => format!("{one} processes each"),
                (one, other) => format!("{one} and {other} processes"),
            };
            format!(
                ", with 95 % confidence between {} and {} over {processes}",
                signed_span(interval.low),
                signed_span(interval.high)
            )
        });
        format!(
            "; without the profiler {} takes {} and {} {} (medians): {difference}{sureness}",
            diff.b.name,
            of(&diff.b),
            diff.a.name,
            of(&diff.a),
        )
    });
    let mut notes = vec![format!("{of_profiled}{}", without.unwrap_or_default())];
    notes.extend(diff.remarks.iter().cloned());
    notes
}

/// `+1.35 ms`.
fn signed_span(ns: f64) -> String {
    match span(ns) {
        none if none == NOTHING => none,
        span if ns > 0.0 => format!("+{span}"),
        span => format!("−{span}"),
    }
}

fn unprofiled_delta(diff: &ProfileDiff) -> Option<f64> {
    Some(diff.b.unprofiled_p50_ns? - diff.a.unprofiled_p50_ns?)
}
