//! One cell as a row of words.

pub(crate) mod figures;

use edgebench_api::Settings;
use edgebench_record::{Cell, LimitedBy, OutputsVerdict};

use crate::ranking::{Rank, significant};
use crate::text::{JouleUnit, TimeUnit, shortened, signed, significant as digits};

/// What stands for a figure that is absent.
pub(crate) const ABSENT: &str = "–";

/// The longest reason that a table shows; the report gives it in full.
const REASON_CHARACTERS: usize = 60;

/// A column's words for a cell.
type Words = Box<dyn Fn(Rank, &Cell) -> String>;

/// What a column sorts a cell by.
type Key = Box<dyn Fn(&Cell) -> Option<f64>>;

/// How a format makes text from a record harmless.
pub(crate) type Escape = fn(&str) -> String;

/// A column of the table: its header, whether it holds numbers, and its words for a cell.
pub(crate) struct Column {
    pub(crate) header: String,
    pub(crate) numeric: bool,
    pub(crate) words: Words,
    /// The number that the words stand for; `None` for words that stand for themselves.
    pub(crate) key: Key,
    /// Whether it says which cell this is, and not what was measured.
    pub(crate) names: bool,
}

impl Column {
    fn text(header: &str, words: impl Fn(Rank, &Cell) -> String + 'static) -> Self {
        Self {
            header: header.to_owned(),
            numeric: false,
            words: Box::new(words),
            key: Box::new(|_| None),
            names: true,
        }
    }

    /// A column of a count that is part of a cell's settings.
    fn count(header: &str, count: fn(&Settings) -> usize) -> Self {
        Self {
            header: header.to_owned(),
            numeric: true,
            words: Box::new(move |_, cell| count(&cell.id.settings).to_string()),
            key: Box::new(move |cell| Some(count(&cell.id.settings) as f64)),
            names: true,
        }
    }

    /// A column of figures, which a cell outside the ranking leaves empty.
    fn figure(
        header: impl Into<String>,
        key: impl Fn(&Cell) -> Option<f64> + 'static,
        words: impl Fn(&Cell) -> Option<String> + 'static,
    ) -> Self {
        Self {
            header: header.into(),
            numeric: true,
            words: Box::new(move |rank, cell| match rank {
                Rank::Out => ABSENT.to_owned(),
                _ => words(cell).unwrap_or_else(|| ABSENT.to_owned()),
            }),
            key: Box::new(key),
            names: false,
        }
    }
}

/// The columns for a task's cells. What is the same for all of them and was not asked for has none.
pub(crate) fn columns(cells: &[(Rank, &Cell)], metric: Option<&str>, escape: Escape) -> Vec<Column> {
    let mut columns = names(cells, escape);
    columns.extend(times(cells));
    columns.extend(sizes(cells));
    columns.extend(energy(cells));
    columns.extend(limit(cells));
    if let Some(metric) = metric {
        columns.extend(accuracies(cells, metric, escape));
    }
    columns.push(Column {
        names: false,
        ..Column::text("outputs", move |rank, cell| outputs(rank, cell, escape))
    });
    columns
}

/// Which cell it is.
fn names(cells: &[(Rank, &Cell)], escape: Escape) -> Vec<Column> {
    let mut columns = vec![
        Column::text("variant", move |_, cell| escape(&cell.id.variant)),
        Column::text("backend", move |_, cell| escape(&cell.id.backend)),
    ];
    if differ(cells, |settings| settings.threads) {
        columns.push(Column::count("threads", |settings| settings.threads));
    }
    if differ(cells, |settings| settings.batch) {
        columns.push(Column::count("batch", |settings| settings.batch));
    }
    if differ(cells, |settings| (settings.device.clone(), settings.options.clone())) {
        columns.push(Column::text("options", move |_, cell| {
            options(&cell.id.settings, escape)
        }));
    }
    columns
}

/// Cells whose figures stand.
fn standing<'a>(cells: &[(Rank, &'a Cell)]) -> impl Iterator<Item = &'a Cell> {
    let standing = cells.iter().filter(|(rank, _)| *rank != Rank::Out);
    standing.map(|(_, cell)| *cell)
}

/// How long inferences, loading and the first inference take, each in one unit.
fn times(cells: &[(Rank, &Cell)]) -> Vec<Column> {
    let summaries = || standing(cells).filter_map(|cell| cell.summary.as_ref());
    let time = TimeUnit::for_smallest(summaries().filter_map(|summary| figures::positive(summary.latency.p50_ns)));
    let load = TimeUnit::for_smallest(summaries().map(|summary| summary.load_ns.0 as f64));
    let first = TimeUnit::for_smallest(summaries().filter_map(|summary| summary.first_ns).map(|ns| ns.0 as f64));
    vec![
        Column {
            header: format!("p50 ({})", time.symbol()),
            numeric: true,
            words: Box::new(move |rank, cell| match rank {
                Rank::Out if cell.outputs.verdict == OutputsVerdict::Differ => "outputs differ".to_owned(),
                Rank::Out => cell.outcome.kind.name().to_owned(),
                _ => p50(time, cell).unwrap_or_else(|| ABSENT.to_owned()),
            }),
            key: Box::new(|cell| figures::positive(cell.summary.as_ref()?.latency.p50_ns)),
            names: false,
        },
        percentile(time, 0.9),
        percentile(time, 0.99),
        Column::figure(
            format!("load ({})", load.symbol()),
            |cell| figure(cell, "load"),
            move |cell| Some(load.show(cell.summary.as_ref()?.load_ns.0 as f64)),
        ),
        Column::figure(
            format!("first ({})", first.symbol()),
            |cell| figure(cell, "first"),
            move |cell| Some(first.show(cell.summary.as_ref()?.first_ns?.0 as f64)),
        ),
    ]
}

/// How much memory and how large a file it takes.
fn sizes(cells: &[(Rank, &Cell)]) -> Vec<Column> {
    let small = cells
        .iter()
        .filter_map(|(_, cell)| cell.model.as_ref())
        .all(|model| model.bytes.0 < 1 << 20);
    let (unit, divisor) = if small { ("KiB", 1024.0) } else { ("MiB", 1_048_576.0) };
    vec![
        Column::figure(
            "peak (MiB)",
            |cell| figure(cell, "rss_peak"),
            |cell| Some(digits(cell.summary.as_ref()?.rss_peak_bytes?.0 as f64 / 1_048_576.0)),
        ),
        Column {
            header: format!("model ({unit})"),
            numeric: true,
            // A file has its size whether or not it ran.
            words: Box::new(move |_, cell| {
                cell.model
                    .as_ref()
                    .map_or_else(|| ABSENT.to_owned(), |model| digits(model.bytes.0 as f64 / divisor))
            }),
            key: Box::new(|cell| Some(cell.model.as_ref()?.bytes.0 as f64)),
            names: false,
        },
    ]
}

/// The measured energy of an inference, with the machine's idle power in it, where any cell has one.
fn energy(cells: &[(Rank, &Cell)]) -> Option<Column> {
    let of = |cell: &Cell| edgebench_record::figure(cell, "energy").filter(|energy| energy.value > 0.0);
    let unit = JouleUnit::for_smallest(standing(cells).filter_map(of).map(|energy| energy.value));
    standing(cells).find_map(of)?;
    let words = move |cell: &Cell| {
        let energy = of(cell)?;
        let value = unit.show(energy.value);
        Some(match energy.interval {
            Some(ends) if ends.low <= ends.high => {
                format!("{value} [{}, {}]", unit.show(ends.low), unit.show(ends.high))
            }
            _ => value,
        })
    };
    Some(Column::figure(
        // No line breaks within the brackets.
        format!("energy ({}) [95\u{a0}%]", unit.symbol("J")),
        move |cell| Some(of(cell)?.value),
        words,
    ))
}

/// Whether a cell fits the memory limit, where one was given: of a cell that has no figures, too.
fn limit(cells: &[(Rank, &Cell)]) -> Option<Column> {
    let limits = || cells.iter().filter_map(|(_, cell)| cell.memory_limit.as_ref());
    let first = limits().next()?.limit_bytes;
    let same = limits().all(|limit| limit.limit_bytes == first);
    let header = if same {
        format!("within {first}")
    } else {
        "within its limit".to_owned()
    };
    Some(Column {
        names: false,
        ..Column::text(&header, |_, cell| {
            let Some(limit) = &cell.memory_limit else {
                return ABSENT.to_owned();
            };
            let fits = if limit.fits { "yes" } else { "no" };
            match limit.by {
                LimitedBy::Cgroup => fits.to_owned(),
                LimitedBy::Peak => format!("{fits}, by its peak"),
            }
        })
    })
}

/// How right its answers are.
fn accuracies(cells: &[(Rank, &Cell)], metric: &str, escape: Escape) -> Vec<Column> {
    let mut columns = vec![Column::figure(
        // No line breaks within the brackets.
        format!("{} (%) [95\u{a0}%]", escape(metric)),
        |cell| Some(figures::accuracy(cell)?.value),
        accuracy,
    )];
    let mut used = standing(cells).filter_map(|cell| Some(cell.accuracy.as_ref()?.samples));
    let first = used.next();
    if used.any(|other| Some(other) != first) {
        let samples = |cell: &Cell| Some(cell.accuracy.as_ref()?.samples);
        columns.push(Column::figure(
            "n",
            move |cell| samples(cell).map(|samples| samples as f64),
            move |cell| samples(cell).map(|samples| samples.to_string()),
        ));
    }
    columns.extend([
        Column::figure("Δ (pp)", |cell| Some(figures::delta(cell)?.value), delta),
        Column::figure(
            "flips",
            |cell| Some(cell.accuracy.as_ref()?.delta.as_ref()?.flips? as f64),
            |cell| Some(cell.accuracy.as_ref()?.delta.as_ref()?.flips?.to_string()),
        ),
    ]);
    columns
}

/// Whether two cells differ in what `part` takes from their settings.
fn differ<T: PartialEq>(cells: &[(Rank, &Cell)], part: impl Fn(&Settings) -> T) -> bool {
    cells
        .windows(2)
        .any(|pair| part(&pair[0].1.id.settings) != part(&pair[1].1.id.settings))
}

fn options(settings: &Settings, escape: Escape) -> String {
    let mut words = Vec::new();
    if settings.device != Settings::default().device {
        words.push(escape(&settings.device));
    }
    words.extend(
        settings
            .options
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value))),
    );
    if words.is_empty() {
        ABSENT.to_owned()
    } else {
        words.join(" ")
    }
}

/// `0.213 ± 2 %`: the larger side of the interval. Where there are too few samples for a median, the mean stands there
/// under its name.
fn p50(unit: TimeUnit, cell: &Cell) -> Option<String> {
    let latency = &cell.summary.as_ref()?.latency;
    if latency.percentile(0.5).is_none() {
        return Some(format!("mean {}", unit.show(figures::positive(latency.mean_ns)?)));
    }
    let median = figures::median(latency)?;
    let shown = unit.show(median.value);
    Some(match median.interval {
        Some(interval) => {
            let side = (interval.high / median.value - 1.0).max(1.0 - interval.low / median.value) * 100.0;
            match side {
                side if side < 9.95 => format!("{shown} ± {side:.1} %"),
                side if side < 1e3 => format!("{shown} ± {side:.0} %"),
                side => format!("{shown} ± {} %", digits(side)),
            }
        }
        None => shown,
    })
}

fn percentile(unit: TimeUnit, p: f64) -> Column {
    let figure = move |cell: &Cell| figures::percentile(&cell.summary.as_ref()?.latency, p);
    Column::figure(format!("p{:.0} ({})", p * 100.0, unit.symbol()), figure, move |cell| {
        Some(unit.show(figure(cell)?))
    })
}

fn figure(cell: &Cell, metric: &str) -> Option<f64> {
    Some(edgebench_record::figure(cell, metric)?.value)
}

fn accuracy(cell: &Cell) -> Option<String> {
    let accuracy = figures::accuracy(cell)?;
    let value = format!("{:.1}", accuracy.value * 100.0);
    Some(match accuracy.interval {
        Some(interval) => format!("{value} [{:.1}, {:.1}]", interval.low * 100.0, interval.high * 100.0),
        None => value,
    })
}

/// The difference in percentage points, with `~` where it is not significant.
fn delta(cell: &Cell) -> Option<String> {
    let points = signed(figures::delta(cell)?.value * 100.0, 2);
    let accuracy = cell.accuracy.as_ref()?;
    Some(match significant(accuracy, accuracy.delta.as_ref()?) {
        Some(true) => points,
        Some(false) => format!("~ {points}"),
        None => format!("{points} (untested)"),
    })
}

/// The verdict on the outputs, or why there are no figures.
fn outputs(rank: Rank, cell: &Cell, escape: Escape) -> String {
    let judged = match cell.outputs.verdict {
        OutputsVerdict::Differ => return escape(&shortened(&differ_why(cell), REASON_CHARACTERS)),
        OutputsVerdict::Agree => "agree",
        OutputsVerdict::Reference => "reference",
        OutputsVerdict::Unchecked => "outputs unchecked",
    };
    if rank == Rank::Out {
        let reason = if cell.outcome.reason.is_empty() {
            cell.outcome.kind.name()
        } else {
            &cell.outcome.reason
        };
        return escape(&shortened(reason, REASON_CHARACTERS));
    }
    judged.to_owned()
}

/// The figure behind `outputs differ`.
fn differ_why(cell: &Cell) -> String {
    if !cell.outputs.why.is_empty() {
        return cell.outputs.why.clone();
    }
    cell.outcome.reason.clone()
}
