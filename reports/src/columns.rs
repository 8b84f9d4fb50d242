//! One cell as a row of words.

use edgebench_api::Settings;
use edgebench_record::{Cell, OutputsVerdict};

use crate::ranking::{Rank, significant};
use crate::text::{TimeUnit, escaped, shortened, signed, significant as digits};

/// What stands for a figure that is absent.
pub(crate) const ABSENT: &str = "–";

/// The longest reason that a table shows; the report gives it in full.
const REASON_CHARACTERS: usize = 60;

/// A column's words for a cell.
type Words = Box<dyn Fn(Rank, &Cell) -> String>;

/// A column of the table: its header, whether it holds numbers, and its words for a cell.
pub(crate) struct Column {
    pub(crate) header: String,
    pub(crate) numeric: bool,
    pub(crate) words: Words,
}

impl Column {
    fn text(header: &str, words: impl Fn(Rank, &Cell) -> String + 'static) -> Self {
        Self {
            header: header.to_owned(),
            numeric: false,
            words: Box::new(words),
        }
    }

    /// A column of figures, which a cell outside the ranking leaves empty.
    fn figure(header: impl Into<String>, words: impl Fn(&Cell) -> Option<String> + 'static) -> Self {
        Self {
            header: header.into(),
            numeric: true,
            words: Box::new(move |rank, cell| match rank {
                Rank::Out => ABSENT.to_owned(),
                _ => words(cell).unwrap_or_else(|| ABSENT.to_owned()),
            }),
        }
    }
}

/// The columns for a task's cells. What is the same for all of them and was not asked for has none.
pub(crate) fn columns(cells: &[(Rank, &Cell)], metric: Option<&str>) -> Vec<Column> {
    let measured = || {
        cells
            .iter()
            .filter(|(rank, _)| *rank != Rank::Out)
            .map(|(_, cell)| *cell)
    };
    let summaries = || measured().filter_map(|cell| cell.summary.as_ref());
    let time = TimeUnit::for_smallest(summaries().map(|summary| summary.latency.p50_ns));
    let load = TimeUnit::for_smallest(summaries().map(|summary| summary.load_ns.0 as f64));
    let first = TimeUnit::for_smallest(summaries().filter_map(|summary| summary.first_ns).map(|ns| ns.0 as f64));
    let small = cells
        .iter()
        .filter_map(|(_, cell)| cell.model.as_ref())
        .all(|model| model.bytes.0 < 1 << 20);
    let (size_unit, size_divisor) = if small { ("KiB", 1024.0) } else { ("MiB", 1_048_576.0) };

    let mut columns = vec![
        Column::text("variant", |_, cell| escaped(&cell.id.variant)),
        Column::text("backend", |_, cell| escaped(&cell.id.backend)),
    ];
    if differ(cells, |settings| settings.threads) {
        columns.push(Column {
            header: "threads".to_owned(),
            numeric: true,
            words: Box::new(|_, cell| cell.id.settings.threads.to_string()),
        });
    }
    if differ(cells, |settings| settings.batch) {
        columns.push(Column {
            header: "batch".to_owned(),
            numeric: true,
            words: Box::new(|_, cell| cell.id.settings.batch.to_string()),
        });
    }
    if differ(cells, |settings| (settings.device.clone(), settings.options.clone())) {
        columns.push(Column::text("options", |_, cell| options(&cell.id.settings)));
    }
    let symbol = time.symbol();
    columns.extend([
        Column {
            header: format!("p50 ({symbol})"),
            numeric: true,
            words: Box::new(move |rank, cell| match rank {
                Rank::Out if cell.outputs.verdict == OutputsVerdict::Differ => "outputs differ".to_owned(),
                Rank::Out => cell.outcome.kind.name().to_owned(),
                _ => p50(time, cell).unwrap_or_else(|| ABSENT.to_owned()),
            }),
        },
        Column::figure(format!("p90 ({symbol})"), move |cell| percentile(time, cell, 0.9)),
        Column::figure(format!("p99 ({symbol})"), move |cell| percentile(time, cell, 0.99)),
        Column::figure(format!("load ({})", load.symbol()), move |cell| {
            Some(load.show(cell.summary.as_ref()?.load_ns.0 as f64))
        }),
        Column::figure(format!("first ({})", first.symbol()), move |cell| {
            Some(first.show(cell.summary.as_ref()?.first_ns?.0 as f64))
        }),
        Column::figure("peak (MiB)", |cell| {
            Some(digits(cell.summary.as_ref()?.rss_peak_bytes?.0 as f64 / 1_048_576.0))
        }),
        Column {
            header: format!("model ({size_unit})"),
            numeric: true,
            // A file has its size whether or not it ran.
            words: Box::new(move |_, cell| {
                cell.model.as_ref().map_or_else(
                    || ABSENT.to_owned(),
                    |model| digits(model.bytes.0 as f64 / size_divisor),
                )
            }),
        },
    ]);
    if let Some(metric) = metric {
        columns.extend([Column::figure(format!("{} (%) [95 %]", escaped(metric)), accuracy)]);
        let mut used = measured().filter_map(|cell| Some(cell.accuracy.as_ref()?.samples));
        let first = used.next();
        if used.any(|other| Some(other) != first) {
            columns.push(Column::figure("n", |cell| {
                Some(cell.accuracy.as_ref()?.samples.to_string())
            }));
        }
        columns.extend([
            Column::figure("Δ (pp)", delta),
            Column::figure("flips", |cell| {
                Some(cell.accuracy.as_ref()?.delta.as_ref()?.flips?.to_string())
            }),
        ]);
    }
    columns.push(Column::text("outputs", outputs));
    columns
}

/// Whether two cells differ in what `part` takes from their settings.
fn differ<T: PartialEq>(cells: &[(Rank, &Cell)], part: impl Fn(&Settings) -> T) -> bool {
    cells
        .windows(2)
        .any(|pair| part(&pair[0].1.id.settings) != part(&pair[1].1.id.settings))
}

fn options(settings: &Settings) -> String {
    let mut words = Vec::new();
    if settings.device != Settings::default().device {
        words.push(escaped(&settings.device));
    }
    words.extend(
        settings
            .options
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value))),
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
        return Some(format!("mean {}", unit.show(latency.mean_ns)));
    }
    let shown = unit.show(latency.p50_ns);
    Some(match latency.p50_interval_ns {
        Some(interval) if latency.p50_ns > 0.0 => {
            let side = (interval.high / latency.p50_ns - 1.0).max(1.0 - interval.low / latency.p50_ns) * 100.0;
            if side < 9.95 {
                format!("{shown} ± {side:.1} %")
            } else {
                format!("{shown} ± {side:.0} %")
            }
        }
        _ => shown,
    })
}

fn percentile(unit: TimeUnit, cell: &Cell, p: f64) -> Option<String> {
    Some(unit.show(cell.summary.as_ref()?.latency.percentile(p)?))
}

fn accuracy(cell: &Cell) -> Option<String> {
    let accuracy = cell.accuracy.as_ref()?;
    let value = format!("{:.1}", accuracy.value * 100.0);
    Some(match accuracy.interval {
        Some(interval) => format!("{value} [{:.1}, {:.1}]", interval.low * 100.0, interval.high * 100.0),
        None => value,
    })
}

/// The difference in percentage points, with `~` where it is not significant.
fn delta(cell: &Cell) -> Option<String> {
    let accuracy = cell.accuracy.as_ref()?;
    let delta = accuracy.delta.as_ref()?;
    let points = signed(delta.value * 100.0, 2);
    Some(match significant(accuracy, delta) {
        Some(true) => points,
        Some(false) => format!("~ {points}"),
        None => format!("{points} (untested)"),
    })
}

/// The verdict on the outputs, or why there are no figures.
fn outputs(rank: Rank, cell: &Cell) -> String {
    let judged = match cell.outputs.verdict {
        OutputsVerdict::Differ => return escaped(&shortened(&differ_why(cell), REASON_CHARACTERS)),
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
        return escaped(&shortened(reason, REASON_CHARACTERS));
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
