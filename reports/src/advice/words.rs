//! The advice as sentences. Each clause is computed, and one that cannot be is left out.

use edgebench_api::Nanos;

use super::advise::{Advice, Advised, Best};
use super::against::{Against, Ratio};
use super::alternative::{Alternative, Reason};
use super::miss::Miss;
use super::name::Named;
use crate::budget::{Fit, Fitness, Standing};
use crate::text::{plain, signed};

/// The most cells that are named in a row.
const MOST_NAMED: usize = 3;

impl Advice {
    /// The advice in a sentence or two, as one line of plain text.
    pub fn words(&self) -> String {
        let task = plain(&self.task);
        match (&self.best, self.advised) {
            (Some(best), _) => format!("{task}: {}", self.ship(best).join("; ")),
            (None, Advised::NoAnswer) => format!("{task}: {}", self.no_answer()),
            (None, _) => format!("{task}: {}", self.nothing_fits().join("; ")),
        }
    }

    fn ship(&self, best: &Best) -> Vec<String> {
        let mut gains: Vec<String> = Vec::new();
        match (&best.against, best.is_baseline) {
            (Some(against), _) => {
                gains.extend(against.speed.map(|ratio| faster_than(best, against, &ratio)));
                gains.extend(against.size.map(smaller));
                let memory = against.memory.filter(|_| !self.emulated);
                gains.extend(memory.and_then(|ratio| less_memory(&ratio)));
            }
            (None, true) => gains.push("the baseline itself".to_owned()),
            (None, false) => gains.push(format!("the baseline {} was not measured", plain(&self.baseline))),
        }
        gains.extend(self.accuracy(best));
        if self.emulated {
            gains.push("under emulation, so that its times mean nothing".to_owned());
        }
        let title = &best.named.title;
        let mut clauses = vec![format!(
            "ship {title}, which {}: {}",
            answers_in(best),
            gains.join(", ")
        )];
        if let Some(fits) = self.cells.iter().find(|cell| cell.named.cell == best.named.cell) {
            clauses.extend(keeps(&fits.limits));
        }
        if !self.tied.is_empty() {
            let verb = if self.tied.len() == 1 { "is" } else { "are" };
            clauses.push(format!("{} {verb} as fast within the noise", listed(&self.tied)));
        }
        let next = best.next.as_ref().filter(|_| best.is_baseline);
        if let Some(next) = next.filter(|next| !self.tied.contains(&next.named)) {
            clauses.push(format!("next {} in {}", next.named.title, time(next.latency_ns)));
        }
        let alternatives = self.alternatives.iter();
        clauses.extend(alternatives.map(|alternative| alternative.words(best)));
        clauses
    }

    /// The accuracy against the baseline's, or itself where it is the baseline's.
    fn accuracy(&self, best: &Best) -> Option<String> {
        let Some(metric) = &self.metric else {
            return Some("accuracy not measured".to_owned());
        };
        let metric = plain(metric);
        let Some(delta) = best.delta else {
            return best.accuracy.map(|value| format!("{metric} {:.1} %", value * 100.0));
        };
        let judged = match best.significant {
            Some(true) => "significant",
            Some(false) => "not significant",
            None => "untested",
        };
        Some(format!("{} pp {metric} ({judged})", points(delta)))
    }

    fn no_answer(&self) -> String {
        let all = self.cells.len();
        match self.measured {
            0 => format!("none of {all} cells was measured"),
            some => format!(
                "no answer, for none of the {some} measured cells of {all} is known to be as accurate as the baseline"
            ),
        }
    }

    fn nothing_fits(&self) -> Vec<String> {
        let budget = self.budget.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut clauses = Vec::new();
        let unknown = self
            .cells
            .iter()
            .find(|cell| cell.eligible && cell.fitness == Some(Fitness::Unknown));
        match (unknown, &self.miss) {
            (Some(cell), _) => {
                let lacking = cell.limits.iter().filter(|fit| fit.standing == Standing::Unknown);
                let lacking: Vec<&str> = lacking.map(|fit| fit.why.as_str()).collect();
                clauses.push(format!(
                    "nothing is shown to fit {budget}, but not everything is known: {} breaks no limit, but {}",
                    cell.named.title,
                    lacking.join(", ")
                ));
            }
            (None, Some(miss)) => clauses.extend(miss.words(&budget)),
            (None, None) => clauses.push(format!("nothing fits {budget}")),
        }
        clauses.extend(self.less_accurate.as_ref().map(|other| {
            let loss = other.loss().unwrap_or_else(|| "its accuracy is in doubt".to_owned());
            format!("{} would fit but {loss}", other.named.title)
        }));
        clauses
    }
}

impl Miss {
    fn words(&self, budget: &str) -> Vec<String> {
        let broken: Vec<String> = self.broken.iter().map(missed).collect();
        let title = &self.nearest.title;
        let mut clauses = vec![format!(
            "nothing fits {budget}: {title} comes nearest, {}",
            broken.join(", ")
        )];
        for closest in &self.closest {
            let fit = &closest.fit;
            let known = self.broken.iter().find(|broken| broken.limit == fit.limit);
            let is_closer = known.is_none_or(|known| known.headroom < fit.headroom);
            if fit.standing == Standing::Beyond && is_closer {
                let how: Vec<String> = [fit.figure(), fit.margin()].into_iter().flatten().collect();
                clauses.push(format!(
                    "no cell keeps {}, to which {} is closest ({})",
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
fn missed(fit: &Fit) -> String {
    match (fit.figure(), fit.margin()) {
        (Some(figure), Some(margin)) => {
            let sure = if fit.sure { "surely" } else { "not surely" };
            format!("with {figure} where {} is asked ({margin}, {sure})", fit.limit)
        }
        _ => format!("where {} is unknown ({})", fit.limit, fit.why),
    }
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
        let points = points(lost).trim_start_matches('−').to_owned();
        match self.significant {
            Some(true) => Some(format!("loses {points} pp")),
            Some(false) => None,
            None => Some(format!("loses {points} pp (untested)")),
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
        let gains: Vec<String> = self
            .reasons
            .iter()
            .filter_map(|reason| {
                Some(match reason {
                    Reason::Smaller => format!("smaller{} ({}×)", still(is_smaller), times(self.size?)),
                    Reason::Faster => format!("faster{} ({}×)", still(is_faster), times(self.speed?.value)),
                    Reason::MoreAccurate => match (self.delta, best.delta) {
                        (Some(delta), _) => format!("more accurate ({} pp against the baseline)", points(delta)),
                        (None, Some(lost)) => format!("the baseline and more accurate ({} pp)", points(-lost)),
                        (None, None) => return None,
                    },
                })
            })
            .collect();
        let mut costs: Vec<String> = self.loss().into_iter().collect();
        let per_sample = if self.named.cell.settings.batch == best.named.cell.settings.batch {
            ""
        } else {
            " a sample"
        };
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
            (true, true) => format!("{title} is {} and as fast within the noise", gains.join(" and ")),
            (true, false) => format!("{title} is {}", gains.join(" and ")),
        }
    }
}

fn answers_in(best: &Best) -> String {
    let what = match best.named.cell.settings.batch {
        0 | 1 => "answers".to_owned(),
        batch => format!("answers a batch of {batch}"),
    };
    let typical = time(best.latency_ns);
    if best.is_mean {
        format!("{what} in a mean of {typical}")
    } else {
        format!("{what} in {typical}")
    }
}

/// How much faster, with the interval where the processes give one.
fn faster_than(best: &Best, against: &Against, ratio: &Ratio) -> String {
    let other = &against.other.title;
    let per_sample = if against.per_sample { " a sample" } else { "" };
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

fn smaller(ratio: f64) -> String {
    if (ratio - 1.0).abs() < 0.005 {
        "of the same size".to_owned()
    } else if ratio > 1.0 {
        format!("{}× smaller", times(ratio))
    } else {
        format!("{}× larger", times(1.0 / ratio))
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

/// A fraction as percentage points with their sign.
fn points(fraction: f64) -> String {
    let points = fraction * 100.0;
    let is_small = (0.005..0.095).contains(&points.abs());
    signed(points, if is_small { 2 } else { 1 })
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
