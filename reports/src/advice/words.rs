//! The advice as sentences. Each clause is computed, and one that cannot be is left out.

use edgebench_api::Nanos;
use edgebench_record::OutcomeKind;

use super::advise::{Advice, Advised, Best};
use super::against::{Against, Ratio};
use super::alternative::{Alternative, Reason};
use super::miss::Miss;
use super::name::{Named, named};
use super::objection::{Objection, counted};
use crate::amount::points;
use crate::budget::{Budget, Fit, Fitness, Standing};

/// What leads an advice under emulation.
const EMULATED: &str = "under emulation times and memory say nothing of the device";

/// The most cells that are named in a row.
const MOST_NAMED: usize = 3;

impl Advice {
    /// The advice in a sentence or two, as one line of plain text.
    pub fn words(&self) -> String {
        let mut clauses = match (&self.best, self.advised) {
            (Some(best), _) => self.ship(best),
            (None, Advised::NoAnswer) => vec![self.no_answer()],
            (None, _) => self.nothing_fits(),
        };
        if self.emulated && !self.cells.is_empty() {
            clauses.insert(0, EMULATED.to_owned());
        }
        format!("{}: {}", named(&self.task), clauses.join("; "))
    }

    fn ship(&self, best: &Best) -> Vec<String> {
        let mut gains: Vec<String> = Vec::new();
        match (&best.against, best.is_baseline) {
            (Some(against), _) => {
                let other = &against.other.title;
                match against.speed {
                    Some(ratio) => {
                        gains.push(faster_than(best, against, &ratio));
                        gains.extend(against.size.map(|ratio| smaller(ratio, None)));
                    }
                    None => gains.extend(against.size.map(|ratio| smaller(ratio, Some(other)))),
                }
                if against.speed.is_none() && !self.emulated {
                    gains.push(format!(
                        "its speed against {other} is left out, for {}",
                        against.speed_why
                    ));
                }
                gains.extend(against.memory.and_then(|ratio| less_memory(&ratio)));
            }
            (None, true) => gains.push("the baseline itself".to_owned()),
            (None, false) => gains.push(format!("the baseline {} was not measured", named(&self.baseline))),
        }
        gains.extend(self.accuracy(best));
        let title = &best.named.title;
        let what = match best.latency_ns {
            Some(ns) => format!("ship {title}, which {}", answers_in(best, ns)),
            None => format!("by size alone, ship {title}, the smallest {}", self.qualified()),
        };
        let mut clauses = vec![format!("{what}: {}", gains.join(", "))];
        if let Some(fits) = self.cells.iter().find(|cell| cell.named.cell == best.named.cell) {
            clauses.extend(keeps(&fits.limits));
        }
        if !self.tied.is_empty() {
            let verb = if self.tied.len() == 1 { "is" } else { "are" };
            let how = if self.emulated {
                "of the same size"
            } else {
                "as fast within the noise"
            };
            clauses.push(format!("{} {verb} {how}", listed(&self.tied)));
        }
        let next = best.next.as_ref().filter(|_| best.is_baseline);
        if let Some(next) = next.filter(|next| !self.tied.contains(&next.named)) {
            clauses.push(format!("next {} in {}", next.named.title, time(next.latency_ns)));
        }
        let alternatives = self.alternatives.iter();
        clauses.extend(alternatives.map(|alternative| alternative.words(best)));
        clauses
    }

    /// Of which cells the best is the smallest.
    fn qualified(&self) -> &'static str {
        let is_as_accurate = self.needs_baseline_accuracy();
        match (self.budget.is_some(), is_as_accurate) {
            (false, true) => "cell that is as accurate as the baseline",
            (false, false) => "cell that ran",
            (true, true) => "cell that fits and is as accurate as the baseline",
            (true, false) => "cell that fits",
        }
    }

    /// Whether a cell must be as accurate as the baseline: accuracy is measured, and the budget does not speak of it.
    fn needs_baseline_accuracy(&self) -> bool {
        self.metric.is_some() && !self.budget.as_ref().is_some_and(Budget::bounds_accuracy)
    }

    /// The accuracy against the baseline's, or itself where it is the baseline's.
    fn accuracy(&self, best: &Best) -> Option<String> {
        let Some(metric) = &self.metric else {
            return Some("accuracy not measured".to_owned());
        };
        let metric = named(metric);
        let Some(delta) = best.delta else {
            return best.accuracy.map(|value| format!("{metric} {} %", unsigned(value)));
        };
        let judged = match best.significant {
            Some(true) => "significant",
            Some(false) => "not significant",
            None => "untested",
        };
        Some(format!("{} pp {metric} ({judged})", points(delta)))
    }

    fn no_answer(&self) -> String {
        let objections = || self.cells.iter().filter_map(|cell| cell.objection);
        if let Some(cell) = self.cells.iter().find(|cell| cell.eligible) {
            let lacking = if self.emulated { "size" } else { "latency" };
            return format!("no answer, for of {} no {lacking} is known", cell.named.title);
        }
        let unmeasured = |objection: Objection| match objection {
            Objection::NoFigures(kind) => kind != OutcomeKind::Measured,
            _ => false,
        };
        let verb = if objections().all(unmeasured) {
            "was measured"
        } else {
            "can be shipped"
        };
        match self.cells.as_slice() {
            [] => "no cell was run".to_owned(),
            [_] => format!("no cell {verb}: {}", counted(objections())),
            all => format!("none of {} cells {verb}: {}", all.len(), counted(objections())),
        }
    }

    fn nothing_fits(&self) -> Vec<String> {
        let budget = self.budget.as_ref().map(ToString::to_string).unwrap_or_default();
        let unknown = self.unknown.as_ref();
        let unknown = unknown.and_then(|named| self.cells.iter().find(|cell| cell.named == *named));
        let as_accurate = self.needs_baseline_accuracy();
        let nearest = self.miss.as_ref().map(|miss| {
            let whose = match (unknown, as_accurate) {
                (Some(_), _) => "of the cells that break a limit, ",
                (None, true) => "of the cells as accurate as the baseline, ",
                (None, false) => "",
            };
            let mut broken: Vec<String> = miss.broken.iter().filter_map(missed).collect();
            broken.extend(unknown_limits(&miss.broken));
            format!("{whose}{} comes nearest, {}", miss.nearest.title, broken.join(", "))
        });
        let mut clauses = match (unknown, nearest) {
            (Some(cell), nearest) => {
                let known = format!(
                    "nothing is shown to fit {budget}, but not everything is known: {} breaks no limit, but {}",
                    cell.named.title,
                    lacking(&cell.limits)
                );
                std::iter::once(known).chain(nearest).collect()
            }
            (None, Some(nearest)) => vec![format!("nothing fits {budget}: {nearest}")],
            (None, None) => vec![format!("nothing fits {budget}")],
        };
        clauses.extend(self.miss.iter().flat_map(|miss| miss.closer(as_accurate)));
        clauses.extend(self.less_accurate.as_ref().map(|other| {
            let loss = other.loss().unwrap_or_else(|| "its accuracy is in doubt".to_owned());
            format!("{} would fit but {loss}", other.named.title)
        }));
        clauses
    }
}

/// Why figures are lacking; the same reason once.
fn lacking(fits: &[Fit]) -> String {
    let mut whys: Vec<&str> = Vec::new();
    for fit in fits.iter().filter(|fit| fit.standing == Standing::Unknown) {
        if !whys.contains(&fit.why.as_str()) {
            whys.push(&fit.why);
        }
    }
    whys.join(", and ")
}

/// `its latency_p90 and rss_peak being unknown (…)`, where some are.
fn unknown_limits(fits: &[Fit]) -> Option<String> {
    let unknown = fits.iter().filter(|fit| fit.standing == Standing::Unknown);
    let ids: Vec<&str> = unknown.map(|fit| fit.limit.metric.id).collect();
    (!ids.is_empty()).then(|| format!("its {} being unknown ({})", ids.join(" and "), lacking(fits)))
}

impl Miss {
    /// The limits that no cell keeps, and to which another than the nearest comes closer.
    fn closer(&self, as_accurate: bool) -> Vec<String> {
        let mut clauses = Vec::new();
        for closest in &self.closest {
            let fit = &closest.fit;
            let known = self.broken.iter().find(|broken| broken.limit == fit.limit);
            let is_closer = known.is_none_or(|known| known.headroom < fit.headroom);
            if fit.standing == Standing::Beyond && is_closer {
                let who = if as_accurate { "none of these" } else { "no cell" };
                let keeps = if closest.all_known { "keeps" } else { "is shown to keep" };
                let how: Vec<String> = [fit.figure(), fit.margin()].into_iter().flatten().collect();
                clauses.push(format!(
                    "{who} {keeps} {}, to which {} is closest ({})",
                    fit.limit,
                    closest.named.title,
                    how.join(", ")
                ));
            }
        }
        clauses
    }
}

/// `with 6.20 ms where latency_p90 ≤ 5 ms is asked (1.24× the limit, 1.20 ms too much, surely)`.
fn missed(fit: &Fit) -> Option<String> {
    let (figure, margin) = (fit.figure()?, fit.margin()?);
    let sure = if fit.sure { "surely" } else { "not surely" };
    Some(format!("with {figure} where {} is asked ({margin}, {sure})", fit.limit))
}

/// The limits that a cell keeps, the sure ones first.
fn keeps(limits: &[Fit]) -> Vec<String> {
    let of = |sure: bool| -> Vec<String> {
        let fits = limits.iter().filter(|fit| fit.sure == sure);
        fits.filter_map(|fit| Some(format!("{} ({})", fit.limit, fit.figure()?)))
            .collect()
    };
    let (sure, unsure) = (of(true), of(false));
    let mut clauses = Vec::new();
    if !sure.is_empty() {
        clauses.push(format!("it surely keeps {}", sure.join(", ")));
    }
    if !unsure.is_empty() {
        clauses.push(format!("it keeps, but not surely, {}", unsure.join(", ")));
    }
    clauses
}

impl Alternative {
    fn loss(&self) -> Option<String> {
        let lost = self.delta.filter(|delta| *delta < 0.0)?;
        let lost = unsigned(lost);
        match self.significant {
            Some(true) => Some(format!("loses {lost} pp")),
            Some(false) => None,
            None => Some(format!("loses {lost} pp (untested)")),
        }
    }

    /// `pruned-50 on ort is smaller still (1.5×) but loses 3.1 pp`.
    fn words(&self, best: &Best) -> String {
        let against = best.against.as_ref();
        let still = |better: bool| if better { " still" } else { "" };
        let is_smaller = against.and_then(|against| against.size).is_some_and(|size| size > 1.0);
        let is_faster = against
            .and_then(|against| against.speed)
            .is_some_and(|speed| speed.is_shown() && speed.value > 1.0);
        let per_sample = if self.named.cell.settings.batch == best.named.cell.settings.batch {
            ""
        } else {
            " per sample"
        };
        let gains: Vec<String> = self
            .reasons
            .iter()
            .filter_map(|reason| {
                Some(match reason {
                    Reason::Smaller => format!("smaller{} ({}×)", still(is_smaller), times(self.size?)),
                    Reason::Faster => format!("faster{} ({}×{per_sample})", still(is_faster), times(self.speed?.value)),
                    Reason::MoreAccurate => {
                        let baseline = if self.delta.is_none() { "the baseline and " } else { "" };
                        format!("{baseline}more accurate ({} pp)", points(self.gain?))
                    }
                })
            })
            .collect();
        let mut costs: Vec<String> = self.loss().into_iter().collect();
        if let Some(ratio) = self.speed.filter(|ratio| !ratio.is_noise() && ratio.value < 1.0) {
            let interval = if ratio.interval.is_none() { " (no interval)" } else { "" };
            costs.push(format!("is {}{per_sample}{interval}", factor(ratio.value)));
        }
        if self.fitness == Some(Fitness::Unsurely) {
            costs.push("does not surely fit".to_owned());
        }
        let title = &self.named.title;
        match (costs.is_empty(), self.speed.is_some_and(|ratio| ratio.is_noise())) {
            (false, _) => format!("{title} is {} but {}", gains.join(" and "), costs.join(" and ")),
            (true, true) => format!(
                "{title} is {} and as fast{per_sample} within the noise",
                gains.join(" and ")
            ),
            (true, false) => format!("{title} is {}", gains.join(" and ")),
        }
    }
}

fn answers_in(best: &Best, ns: f64) -> String {
    let what = match best.named.cell.settings.batch {
        0 | 1 => "answers".to_owned(),
        batch => format!("answers a batch of {batch}"),
    };
    let typical = time(ns);
    if best.is_mean {
        format!("{what} in a mean of {typical}")
    } else {
        format!("{what} in {typical}")
    }
}

/// How much faster, with the interval where the processes give one.
fn faster_than(best: &Best, against: &Against, ratio: &Ratio) -> String {
    let other = &against.other.title;
    let per_sample = if against.per_sample { " per sample" } else { "" };
    match ratio.interval {
        Some(_) if ratio.is_noise() => format!("as fast{per_sample} as {other} within the noise"),
        Some(interval) => {
            // The interval is given the way round that the ratio is told.
            let interval = if ratio.value >= 1.0 {
                interval
            } else {
                ratio.inverse().interval.unwrap_or(interval)
            };
            format!(
                "{}{per_sample} than {other} [{}, {}]",
                factor(ratio.value),
                times(interval.low),
                times(interval.high)
            )
        }
        None => {
            let why = if best.invocations < 3 {
                "no interval: too few invocations"
            } else {
                "no interval"
            };
            if (ratio.value - 1.0).abs() < 0.005 {
                format!("as fast{per_sample} as {other} ({why})")
            } else {
                format!("{}{per_sample} than {other} ({why})", factor(ratio.value))
            }
        }
    }
}

/// How much smaller; than which cell, where no clause before has named it.
fn smaller(ratio: f64, other: Option<&str>) -> String {
    let (preposition, text) = if (ratio - 1.0).abs() < 0.005 {
        ("as", "of the same size".to_owned())
    } else if ratio > 1.0 {
        ("than", format!("{}× smaller", times(ratio)))
    } else {
        ("than", format!("{}× larger", times(1.0 / ratio)))
    };
    match other {
        Some(other) => format!("{text} {preposition} {other}"),
        None => text,
    }
}

/// Peak memory, where the interval shows a difference that is worth a clause.
fn less_memory(ratio: &Ratio) -> Option<String> {
    if !ratio.is_shown() || (ratio.value - 1.0).abs() < 0.05 {
        return None;
    }
    Some(if ratio.value > 1.0 {
        format!("{}× less peak memory", times(ratio.value))
    } else {
        format!("{}× more peak memory", times(1.0 / ratio.value))
    })
}

fn factor(ratio: f64) -> String {
    if ratio >= 1.0 {
        format!("{}× faster", times(ratio))
    } else {
        format!("{}× slower", times(1.0 / ratio))
    }
}

/// Two significant digits, and more near 1, where a hundredth is much.
fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 1.095 => format!("{ratio:.3}"),
        ratio if ratio < 1.95 => format!("{ratio:.2}"),
        ratio if ratio < 9.95 => format!("{ratio:.1}"),
        ratio if ratio < 1e6 => format!("{ratio:.0}"),
        ratio => format!("{ratio:.0e}"),
    }
}

/// A fraction as percentage points without a sign.
fn unsigned(fraction: f64) -> String {
    points(fraction.abs()).trim_start_matches('+').to_owned()
}

fn time(ns: f64) -> String {
    Nanos(ns.round() as u64).to_string()
}

/// `a, b and c`, or `a, b, c and 2 others`.
fn listed(cells: &[Named]) -> String {
    let titles: Vec<&str> = cells.iter().map(|named| named.title.as_str()).collect();
    match titles.as_slice() {
        [first @ .., last] if titles.len() <= MOST_NAMED && !first.is_empty() => {
            format!("{} and {last}", first.join(", "))
        }
        all if all.len() <= MOST_NAMED => all.join(", "),
        all => format!("{} and {} others", all[..MOST_NAMED].join(", "), all.len() - MOST_NAMED),
    }
}
