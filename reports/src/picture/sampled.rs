//! What the pictures of cells and their samples share: the cells' names, and the quantiles that a count supports.

use edgebench_record::{Cell, Record, TaskFacts};
use edgebench_stats::{quantile, required_samples};

use super::canvas::width;
use crate::ranking::{Rank, ranked};
use crate::text::{plain, shortened};

/// The confidence of the rule for which percentiles a count supports, as in the record's own percentiles.
const CONFIDENCE: f64 = 0.99;

/// A task's cells whose figures stand: candidates first, each kind in the order of its median latency.
pub(crate) fn standing<'a>(record: &'a Record, task: &TaskFacts) -> Vec<&'a Cell> {
    ranked(record, &task.id)
        .into_iter()
        .filter(|(rank, _)| *rank != Rank::Out)
        .map(|(_, cell)| cell)
        .collect()
}

/// A cell's name within a task.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    variant: String,
    /// The backend, and the settings in which the cells differ.
    rest: String,
}

impl Name {
    /// The name within a sentence.
    pub(crate) fn words(&self) -> String {
        format!("{} on {}", shortened(&self.variant, 60), shortened(&self.rest, 60))
    }

    /// The name in at most so much room, in the SVG's units: both parts keep their beginning.
    pub(crate) fn fitted(&self, size: f64, room: f64) -> String {
        let rest = fitted(&self.rest, size, room * 0.5);
        let tail = format!(" · {rest}");
        format!("{}{tail}", fitted(&self.variant, size, room - width(&tail, size)))
    }
}

/// The cells' names, in their order.
pub(crate) fn names(cells: &[&Cell]) -> Vec<Name> {
    let differ = |part: &dyn Fn(&Cell) -> String| cells.windows(2).any(|pair| part(pair[0]) != part(pair[1]));
    let parts: [&dyn Fn(&Cell) -> String; 4] = [
        &|cell| format!("t{}", cell.id.settings.threads),
        &|cell| format!("b{}", cell.id.settings.batch),
        &|cell| plain(&cell.id.settings.device),
        &|cell| {
            let options = &cell.id.settings.options;
            let words: Vec<String> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
            plain(&words.join(" "))
        },
    ];
    let shown: Vec<_> = parts.into_iter().filter(|part| differ(part)).collect();
    let name = |cell: &&Cell| {
        let mut rest = plain(&cell.id.backend);
        for words in shown.iter().map(|part| part(cell)).filter(|words| !words.is_empty()) {
            rest.push(' ');
            rest.push_str(&words);
        }
        Name {
            variant: plain(&cell.id.variant),
            rest,
        }
    };
    cells.iter().map(name).collect()
}

/// Text cut to at most so much room, in the SVG's units, with `…` where something was cut off.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if width(&out, size) + width("…", size) > room {
            out.pop();
            break;
        }
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// All samples of a cell, in ascending order.
pub(crate) fn sorted(cell: &Cell) -> Vec<f64> {
    let mut samples: Vec<u64> = cell
        .invocations
        .iter()
        .flat_map(|invocation| invocation.samples_ns.iter().copied())
        .collect();
    samples.sort_unstable();
    samples.into_iter().map(|ns| ns as f64).collect()
}

/// The median of each invocation that has samples.
pub(crate) fn medians(cell: &Cell) -> impl Iterator<Item = f64> {
    cell.invocations
        .iter()
        .filter_map(|invocation| middle(&mut invocation.samples_ns.clone()))
}

/// The median, by selection: the order of the samples is lost.
pub(crate) fn middle(samples: &mut [u64]) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    let half = samples.len() / 2;
    let even = samples.len().is_multiple_of(2);
    let (below, &mut upper, _) = samples.select_nth_unstable(half);
    let lower = if even { below.iter().max().copied() } else { None };
    Some(f64::midpoint(lower.unwrap_or(upper) as f64, upper as f64))
}

/// Quantiles, each with how many samples it needs.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles<const N: usize>([(f64, u64); N]);

impl<const N: usize> Quantiles<N> {
    /// These quantiles. One below the median needs as many samples as its mirror image above.
    pub(crate) fn at(shares: [f64; N]) -> Self {
        Self(shares.map(|p| (p, required_samples(p.max(1.0 - p), 1, CONFIDENCE))))
    }

    /// The quantiles of samples in ascending order, each where their count supports it.
    pub(crate) fn of(&self, sorted: &[f64]) -> [Option<f64>; N] {
        self.0
            .map(|(p, needed)| quantile(sorted, p).filter(|_| sorted.len() as u64 >= needed))
    }
}

/// `1 cell`, `2 cells`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_given_where_its_count_supports_it() {
        let samples: Vec<f64> = (0..101).map(f64::from).collect();
        let [low, middle, p90, p99] = Quantiles::at([0.1, 0.5, 0.9, 0.99]).of(&samples);
        assert_eq!((low, middle, p90, p99), (Some(10.0), Some(50.0), Some(90.0), None));
        assert_eq!(Quantiles::at([0.5]).of(&samples[..10]), [None]);
        assert_eq!(Quantiles::at([0.5]).of(&[]), [None]);
    }

    #[test]
    fn the_middle_is_the_median() {
        assert_eq!(middle(&mut [3, 1, 2]), Some(2.0));
        assert_eq!(middle(&mut [4, 1, 2, 9]), Some(3.0));
        assert_eq!(middle(&mut [7]), Some(7.0));
        assert_eq!(middle(&mut []), None);
    }

    #[test]
    fn text_is_cut_to_its_room() {
        assert_eq!(fitted("abc", 10.0, 100.0), "abc");
        let cut = fitted("abcdefghijklmnopqrstuvwxyz", 10.0, 60.0);
        assert!(
            cut.ends_with('…') && width(&cut, 10.0) <= 60.0 && cut.len() > 8,
            "{cut}"
        );
        assert_eq!(fitted("漢字漢字漢字", 10.0, 30.0), "漢字…");
    }
}
