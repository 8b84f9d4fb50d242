//! Why one cell is slower than another, in sentences that the record bears out.

use edgebench_api::Nanos;
use edgebench_record::CellProfile;
use serde::Serialize;

use super::causes::{Cause, causes};
use super::diff::{DiffSide, ProfileDiff, Profiled};
use super::sound;

/// A cause is named from this share of the difference on, and at most so many are.
const NAMED_FROM: f64 = 0.1;
const NAMED: usize = 4;
/// What the named causes leave is told from this share of the difference on.
const REST_FROM: f64 = 0.01;
/// The profiler hides a difference that it changes by more than this share of it.
const HIDDEN_FROM: f64 = 0.5;

/// Why B takes longer than A, or less long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The sentence that says it: plain text, without a full stop.
    pub sentence: String,
    /// Whether the difference is within the noise of the two profiles, so that there is nothing to explain. Absent where
    /// the profiles are too short to tell.
    pub within_noise: Option<bool>,
    /// What the difference comes from, the most first. They sum up to [`ProfileDiff::delta_ns`].
    pub causes: Vec<Cause>,
    /// Further sentences: what the times are of, what the difference is without the profiler, what to keep in mind.
    pub notes: Vec<String>,
}

/// Explains a difference. `a` and `b` are what the difference was made of.
pub fn explain(a: &Profiled<'_>, b: &Profiled<'_>, diff: &ProfileDiff) -> Explanation {
    let mut causes = causes(a, b, diff);
    causes.sort_by(|one, other| other.delta_ns.abs().total_cmp(&one.delta_ns.abs()));
    let noise = noise_of_both(a, b);
    let within_noise = within_noise(noise, diff);
    Explanation {
        sentence: sentence(diff, &causes, noise, within_noise),
        within_noise,
        notes: notes(diff, within_noise),
        causes,
    }
}

fn sentence(diff: &ProfileDiff, causes: &[Cause], noise: Option<f64>, within_noise: Option<bool>) -> String {
    let (a, b) = (&diff.a, &diff.b);
    let common = match diff.common.as_str() {
        "" => String::new(),
        common => format!(" {common}"),
    };
    let total = diff.delta_ns;
    if let Some((a_ns, b_ns)) = unprofiled(diff).filter(|_| hides(diff, noise)) {
        let (delta_ns, way) = (b_ns - a_ns, |ns: f64| if ns > 0.0 { "slower" } else { "faster" });
        return format!(
            "{} is {} {} than {}{common} without the profiler and {} {} with it, for the profiler adds {} to it and {} to \
             {}: the operators' times do not explain the difference",
            b.name,
            span(delta_ns),
            way(delta_ns),
            a.name,
            span(total),
            way(total),
            span((b.wall_ns - b_ns).max(0.0)),
            span((a.wall_ns - a_ns).max(0.0)),
            a.name,
        );
    }
    if within_noise == Some(true) {
        return format!(
            "{} and {}{common} differ by {} of {}, which is within the noise of the two profiles: too small to explain",
            b.name,
            a.name,
            span(total),
            span(a.wall_ns),
        );
    }
    if total == 0.0 {
        return format!("{} takes as long as {}{common}", b.name, a.name);
    }
    let way = if total > 0.0 { "slower" } else { "faster" };
    let head = format!("{} is {} {way} than {}{common}", b.name, span(total), a.name);
    let named = causes
        .iter()
        .filter(|cause| cause.delta_ns.abs() >= NAMED_FROM * total.abs());
    let named: Vec<&Cause> = named.take(NAMED).collect();
    if named.is_empty() {
        return format!("{head}: many small differences, none of which is a tenth of it");
    }
    let mut parts: Vec<String> = named
        .iter()
        .map(|cause| format!("{} in {}", change(cause.delta_ns), cause.words))
        .collect();
    let rest = total - named.iter().map(|cause| cause.delta_ns).sum::<f64>();
    if rest.abs() >= REST_FROM * total.abs() {
        parts.push(format!("{} in the rest", change(rest)));
    }
    format!("{head}: {}", parts.join("; "))
}

/// `1.60 ms more`, `310 µs less`.
fn change(delta_ns: f64) -> String {
    let way = if delta_ns > 0.0 { "more" } else { "less" };
    format!("{} {way}", span(delta_ns))
}

/// A span of time without its sign.
pub(super) fn span(ns: f64) -> String {
    Nanos(ns.abs().round() as u64).to_string()
}

fn notes(diff: &ProfileDiff, within_noise: Option<bool>) -> Vec<String> {
    let of_profiled = "the times are of profiled inferences, which are no latencies";
    let mut notes = Vec::new();
    match unprofiled(diff) {
        None => notes.push(of_profiled.to_owned()),
        Some((a_ns, b_ns)) => {
            let delta_ns = b_ns - a_ns;
            let difference = match span(delta_ns) {
                none if none == "0 ns" => "as long".to_owned(),
                span if delta_ns > 0.0 => format!("{span} more"),
                span => format!("{span} less"),
            };
            notes.push(format!(
                "{of_profiled}; without the profiler {} takes {} and {} {} (medians): {difference}",
                diff.b.name,
                span(b_ns),
                diff.a.name,
                span(a_ns),
            ));
        }
    }
    if within_noise.is_none() {
        notes.push("the profiles are too short to tell the difference from noise".to_owned());
    }
    notes.extend(diff.remarks.iter().cloned());
    notes
}

fn unprofiled(diff: &ProfileDiff) -> Option<(f64, f64)> {
    let of = |side: &DiffSide| side.unprofiled_p50_ns;
    Some((of(&diff.a)?, of(&diff.b)?))
}

/// Whether the difference of the medians without the profiler, or that of the profiled inferences, is within what the
/// medians of one process vary by.
///
/// The profiler's overhead is a ratio of two medians of the same process, and its interval tells by how much such a ratio
/// varies; the ratio of two cells varies by both cells' together. It knows nothing of how processes differ.
fn within_noise(noise: Option<f64>, diff: &ProfileDiff) -> Option<bool> {
    let noise = noise?;
    let (a_ns, b_ns) = unprofiled(diff)?;
    let is_small = |a: f64, b: f64| (b / a).ln().abs() <= noise;
    Some(is_small(a_ns, b_ns) || is_small(diff.a.wall_ns, diff.b.wall_ns))
}

/// Whether the profiler hides what differs: without it the two differ by more than the noise, and with it by another
/// amount, off by more than half of that, or the other way round.
fn hides(diff: &ProfileDiff, noise: Option<f64>) -> bool {
    unprofiled(diff).is_some_and(|(a_ns, b_ns)| {
        let delta_ns = b_ns - a_ns;
        let differs = noise.is_some_and(|noise| (b_ns / a_ns).ln().abs() > noise);
        differs && (diff.delta_ns - delta_ns).abs() > HIDDEN_FROM * delta_ns.abs()
    })
}

fn noise_of_both(a: &Profiled<'_>, b: &Profiled<'_>) -> Option<f64> {
    Some(f64::hypot(
        noise(a.cell.profile.as_ref()?)?,
        noise(b.cell.profile.as_ref()?)?,
    ))
}

/// Half the width of the overhead's interval, on the scale of logarithms.
fn noise(profile: &CellProfile) -> Option<f64> {
    let interval = profile.overhead_interval?;
    let (low, high) = (
        sound::some_time(1.0 + interval.low)?,
        sound::some_time(1.0 + interval.high)?,
    );
    (low <= high).then(|| (high / low).ln() / 2.0)
}
