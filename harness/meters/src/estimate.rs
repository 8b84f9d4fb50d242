//! Windows of inferences to joules per inference.
//!
//! A window of n inferences that took Δt and ΔE joules lies between two idle ones with the mean powers P₁ and P₂. Then
//! gross = ΔE/n and net = (ΔE − ½(P₁ + P₂)·Δt)/n, of which the means over the windows that count are reported.

use std::time::{Duration, Instant};

use edgebench_api::Nanos;
use edgebench_record::{Energy, EnergyEstimate, EnergySource, EnergyWindow};
use edgebench_stats::{Interval, summarise};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::{Series, WindowError};

/// Below this many windows a remark is made.
pub const ENOUGH_WINDOWS: usize = 5;

/// Idle powers that differ by more than this part of their mean do not bracket a window.
pub const MOST_IDLE_DRIFT: f64 = 0.05;

/// A window with fewer of the readings that were to be made does not count.
const LEAST_READINGS: f64 = 0.5;

/// An interval over fewer windows says next to nothing.
const FEWEST: usize = 3;

const CONFIDENCE: f64 = 0.95;

/// When a window of inferences was, and the idle ones around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// The idle window before, begin and end.
    pub idle_before: (Instant, Instant),
    /// The inferences, begin and end.
    pub busy: (Instant, Instant),
    /// The idle window after, begin and end.
    pub idle_after: (Instant, Instant),
    /// Inferences that began and ended in it.
    pub inferences: u64,
}

/// A window's figures, and why it does not count if it does not.
pub fn window(source: &EnergySource, series: &Series, marks: &Marks) -> EnergyWindow {
    let duration = marks.busy.1.saturating_duration_since(marks.busy.0);
    let mut invalid = Vec::new();
    let mut keep = |part: &str, error: WindowError| invalid.push(format!("{part}: {error}"));
    let busy = series.energy_j(marks.busy.0, marks.busy.1);
    let mut idle = |part: &str, (begin, end)| {
        let power = series.mean_power_w(begin, end);
        power.map_err(|error| keep(part, error)).ok()
    };
    let before = idle("idle before", marks.idle_before);
    let after = idle("idle after", marks.idle_after);
    let busy = busy.map_err(|error| keep("inferences", error)).ok();
    let mut window = EnergyWindow {
        duration_ns: nanos(duration),
        inferences: marks.inferences,
        cpu_ns: None,
        readings: busy.map_or(0, |energy| energy.readings),
        gross_j: busy.map(|energy| energy.joules),
        idle_before_w: before,
        idle_after_w: after,
        invalid,
    };
    window.invalid.extend(faults(source, &window));
    window
}

/// Why a window with these figures does not count.
fn faults(source: &EnergySource, window: &EnergyWindow) -> Vec<String> {
    let mut faults = Vec::new();
    let seconds = seconds(window.duration_ns);
    let least = self::seconds(source.min_window_ns);
    if seconds < least {
        faults.push(format!(
            "it lasted {seconds:.1} s of the {least:.0} s that this source takes"
        ));
    }
    if window.inferences == 0 {
        faults.push("no inference ended in it".to_owned());
    }
    let due = seconds * source.sampling_hz;
    if window.gross_j.is_some() && (window.readings as f64) < LEAST_READINGS * due {
        faults.push(format!("{} of {due:.0} readings were made", window.readings));
    }
    if let (Some(before), Some(after)) = (window.idle_before_w, window.idle_after_w) {
        let drift = (after - before).abs() / f64::midpoint(before, after);
        if drift.is_nan() || drift > MOST_IDLE_DRIFT {
            faults.push(format!(
                "the idle power went from {before:.3} W to {after:.3} W, by more than {:.0} %",
                MOST_IDLE_DRIFT * 100.0
            ));
        }
    }
    faults
}

/// A cell's energy over its windows, all of which are kept; `inference_s` is the median duration of an inference.
///
/// The combined standard uncertainty is the root of the sum of squares of the mean's standard error over the windows,
/// of the drift of the idle power, |P₂ − P₁|·Δt/2n, for net alone, and of the source's accuracy a. That is a·gross for
/// gross. An error of gain would cancel in the difference net = gross − idle and one of offset or of linearity does
/// not; the source's errors under load and idle are taken to be independent, which gives a·√(gross² + idle²) for net.
/// The interval is mean ± t·s/√n over the windows and so covers what varies between them and nothing of the source's
/// accuracy.
pub fn energy(source: &EnergySource, windows: Vec<EnergyWindow>, inference_s: Option<f64>) -> Energy {
    let parts: Vec<Part> = windows.iter().filter_map(Part::of).collect();
    let gross: Vec<f64> = parts.iter().map(|part| part.gross).collect();
    let net: Vec<f64> = parts.iter().map(|part| part.net).collect();
    let drift = parts.iter().map(|part| part.drift).sum::<f64>() / parts.len().max(1) as f64;
    let gross_j = estimate(&gross, |gross| source.uncertainty * gross);
    let net_j = gross_j.and_then(|gross| {
        estimate(&net, |net| {
            let idle = gross.value_j - net;
            drift.hypot(source.uncertainty * gross.value_j.hypot(idle))
        })
    });
    let delay_product_js = gross_j
        .zip(inference_s)
        .map(|(gross, seconds)| gross.value_j * seconds)
        .filter(|product| product.is_finite() && *product > 0.0);
    let mut energy = Energy {
        source: source.clone(),
        gross_j,
        net_j,
        delay_product_js,
        remarks: Vec::new(),
        windows,
    };
    energy.remarks = remarks(&energy, parts.len());
    energy
}

fn remarks(energy: &Energy, counting: usize) -> Vec<String> {
    let mut remarks = Vec::new();
    let all = energy.windows.len();
    if counting == 0 {
        remarks.push(match energy.windows.iter().flat_map(|window| &window.invalid).next() {
            Some(reason) if all == 1 => format!("the only window does not count: {reason}"),
            Some(reason) => format!("none of {all} windows counts; the first: {reason}"),
            None if all == 0 => "no window was measured".to_owned(),
            None => format!("none of {} has its figures", in_words(all)),
        });
        return remarks;
    }
    if counting < all {
        let count = if counting == 1 { "counts" } else { "count" };
        remarks.push(format!("{counting} of {all} windows {count}"));
    }
    if counting < ENOUGH_WINDOWS {
        remarks.push(format!("{}, where {ENOUGH_WINDOWS} are asked for", in_words(counting)));
    }
    if counting == 1 {
        remarks.push("one window does not tell how far windows vary, which its uncertainty lacks".to_owned());
    }
    if energy.net_j.is_some_and(|net| net.value_j <= 2.0 * net.uncertainty_j) {
        remarks.push("the energy net of idle is within twice its uncertainty of 0 or below".to_owned());
    }
    remarks
}

fn in_words(windows: usize) -> String {
    format!("{windows} window{}", if windows == 1 { "" } else { "s" })
}

/// A window that counts, per inference, in joules.
struct Part {
    gross: f64,
    net: f64,
    drift: f64,
}

impl Part {
    fn of(window: &EnergyWindow) -> Option<Self> {
        let (before, after) = (window.idle_before_w?, window.idle_after_w?);
        let (joules, n, seconds) = (window.gross_j?, window.inferences as f64, seconds(window.duration_ns));
        let part = Self {
            gross: joules / n,
            net: (joules - f64::midpoint(before, after) * seconds) / n,
            drift: (after - before).abs() * seconds / (2.0 * n),
        };
        let whole = [part.gross, part.net, part.drift]
            .iter()
            .all(|figure| figure.is_finite());
        (window.invalid.is_empty() && whole && joules > 0.0).then_some(part)
    }
}

/// The mean of the windows, with an uncertainty of their standard error and of what `systematic` gives for the mean.
fn estimate(values: &[f64], systematic: impl Fn(f64) -> f64) -> Option<EnergyEstimate> {
    let summary = summarise(values)?;
    // What is as large as idle has no sign.
    let value_j = summary.mean + 0.0;
    let error = summary.sd.map(|sd| sd / (values.len() as f64).sqrt());
    let uncertainty_j = error.unwrap_or(0.0).hypot(systematic(value_j));
    let interval_j = error
        .filter(|_| values.len() >= FEWEST)
        .and_then(|error| {
            let half = student(values.len() as f64 - 1.0)? * error;
            Some(Interval {
                low: value_j - half,
                high: value_j + half,
                confidence: CONFIDENCE,
            })
        })
        .filter(|interval| interval.low.is_finite() && interval.high.is_finite());
    uncertainty_j.is_finite().then_some(EnergyEstimate {
        value_j,
        interval_j,
        uncertainty_j,
    })
}

/// The two-sided quantile of Student's distribution.
fn student(freedom: f64) -> Option<f64> {
    let quantile = StudentsT::new(0.0, 1.0, freedom)
        .ok()?
        .inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
    quantile.is_finite().then_some(quantile)
}

fn seconds(duration: Nanos) -> f64 {
    duration.0 as f64 * 1e-9
}

fn nanos(duration: Duration) -> Nanos {
    Nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
