//! Which place each cell takes on each device, and where places overlap.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_record::{CellId, OutcomeKind};
use edgebench_stats::Interval;

use super::batches::{batches, suffix};
use super::canvas::draw;
use super::grid::{Field, Grid, MOST_COLUMNS};
use super::id::id;
use super::name::{cell_id, listed, names, run_names, short};
use super::sound::{outcome, positive};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::ranking::Rank;
use crate::site::{RunEntry, Sighting};

/// At most so many cells are drawn.
const MOST_ROWS: usize = 20;

/// The places that a cell may take, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    /// The best.
    pub(crate) low: usize,
    /// The worst.
    pub(crate) high: usize,
    /// Whether the interval bounds them; otherwise both are the place by the median alone.
    pub(crate) certain: bool,
}

impl Places {
    fn words(self) -> String {
        match self {
            Self {
                certain: false, low, ..
            } => format!("~{low}"),
            Self { low, high, .. } if low == high => low.to_string(),
            Self { low, high, .. } => format!("{low}–{high}"),
        }
    }
}

/// The places of medians by their intervals: a cell comes before another for certain where its interval lies wholly
/// below the other's. One without an interval may lie anywhere, so that it comes for certain before and after none.
pub(crate) fn places(medians: &[(f64, Option<Interval>)]) -> Vec<Places> {
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let intervals = || medians.iter().filter_map(|(_, interval)| *interval);
    let lows = sorted(intervals().map(|interval| interval.low).collect());
    let highs = sorted(intervals().map(|interval| interval.high).collect());
    let values = sorted(medians.iter().map(|(value, _)| *value).collect());
    let of = |&(value, interval): &(f64, Option<Interval>)| {
        if let Some(interval) = interval {
            Places {
                low: 1 + highs.partition_point(|&high| high < interval.low),
                high: medians.len() - (lows.len() - lows.partition_point(|&low| low <= interval.high)),
                certain: true,
            }
        } else {
            let place = 1 + values.partition_point(|&other| other < value);
            Places {
                low: place,
                high: place,
                certain: false,
            }
        }
    };
    medians.iter().map(of).collect()
}

/// What is known of a cell on a device.
enum Standing {
    Ranked(Places),
    /// Measured, but not as accurate as the baseline, or not held against it.
    LessAccurate,
    Failed([&'static str; 2]),
}

impl Standing {
    fn field(&self, cells: usize) -> Field {
        match self {
            // Those that may be the fastest have the full colour, the last the opposite one.
            Self::Ranked(places) => {
                let part = (places.low - 1) as f64 / cells.saturating_sub(1).max(1) as f64;
                Field::figure(places.words(), 8 - (part * 6.0).round() as usize)
            }
            Self::LessAccurate => Field::bare(&["less accurate", "accuracy", "acc."]),
            Self::Failed(words) => Field::bare(words),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Ranked(places) => places.words(),
            Self::LessAccurate => "less accurate, or not compared".to_owned(),
            Self::Failed(words) => words[0].to_owned(),
        }
    }
}

/// A device's newest run: a column.
struct Column<'a> {
    name: String,
    standings: BTreeMap<&'a CellId, Standing>,
    ranked: usize,
}

/// The places by median latency on each device, among the cells of a task that are as accurate as the baseline there: a
/// picture for each batch size. A device stands with its newest run of the task. None with fewer than two devices, or
/// where no device has two such cells.
pub fn ranking_overlap(task: &str, runs: &[&RunEntry]) -> Vec<Picture> {
    let newest = newest(task, runs);
    let of_task = |run: &&RunEntry| -> Vec<usize> {
        let cells = run.cells.iter().filter(|sighting| sighting.cell.task == task);
        cells.map(|sighting| sighting.cell.settings.batch).collect()
    };
    let (sizes, more) = batches(newest.iter().flat_map(of_task));
    let several = sizes.len() > 1 || more;
    sizes
        .into_iter()
        .filter_map(|size| picture(task, &newest, size, several))
        .collect()
}

/// Each device's newest run that has the task, the newest of all first.
fn newest<'a>(task: &str, runs: &[&'a RunEntry]) -> Vec<&'a RunEntry> {
    let mut runs: Vec<&RunEntry> = runs
        .iter()
        .filter(|run| run.cells.iter().any(|sighting| sighting.cell.task == task))
        .copied()
        .collect();
    runs.sort_by(|a, b| (&b.started_at, &b.file).cmp(&(&a.started_at, &a.file)));
    let mut seen = BTreeSet::new();
    runs.retain(|run| seen.insert(run.device.as_str()));
    runs
}

fn picture(task: &str, runs: &[&RunEntry], batch: usize, several: bool) -> Option<Picture> {
    let columns: Vec<Column<'_>> = runs
        .iter()
        .zip(run_names(runs))
        .map(|(run, name)| column(task, run, name, batch))
        .filter(|column| !column.standings.is_empty())
        .collect();
    if columns.len() < 2 {
        return None;
    }
    columns.iter().find(|column| column.ranked > 1)?;
    let cells = cells(&columns);
    let of_batch = suffix(several.then_some(batch));
    let title = format!("{}: ranks by median latency on each device{of_batch}", short(task));
    let description = describe(&columns, &cells);
    let grid = grid(&columns, &cells);
    let id = id("ranks", &[task, &of_batch]);
    let svg = draw(&id, &title, &description, grid.height(), |plane| grid.paint(plane))?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&columns, &cells),
    })
}

fn column<'a>(task: &str, run: &'a RunEntry, name: String, batch: usize) -> Column<'a> {
    let mut standings = BTreeMap::new();
    let mut ranked: Vec<(&CellId, (f64, Option<Interval>))> = Vec::new();
    let of_task = |sighting: &&Sighting| sighting.cell.task == task && sighting.cell.settings.batch == batch;
    for sighting in run.cells.iter().filter(of_task) {
        let median = sighting.figure("latency_p50").and_then(positive);
        match (sighting.rank, median) {
            (Rank::Candidate, Some(median)) => ranked.push((&sighting.cell, (median.value, median.interval))),
            (Rank::Doubtful, Some(_)) => {
                standings.insert(&sighting.cell, Standing::LessAccurate);
            }
            _ => {
                standings.insert(&sighting.cell, Standing::Failed(failed(sighting)));
            }
        }
    }
    let medians: Vec<(f64, Option<Interval>)> = ranked.iter().map(|(_, median)| *median).collect();
    for ((cell, _), places) in ranked.iter().zip(places(&medians)) {
        standings.insert(*cell, Standing::Ranked(places));
    }
    Column {
        name,
        standings,
        ranked: ranked.len(),
    }
}

fn failed(sighting: &Sighting) -> [&'static str; 2] {
    if sighting.rank == Rank::Out && sighting.outcome == OutcomeKind::Measured {
        ["outputs differ", "differ"]
    } else {
        outcome(sighting.outcome)
    }
}

/// The cells that are ranked anywhere, those with the best places first, then the others.
fn cells<'a>(columns: &[Column<'a>]) -> Vec<&'a CellId> {
    let mut marks: BTreeMap<&CellId, (f64, usize)> = BTreeMap::new();
    for column in columns {
        for (cell, standing) in &column.standings {
            let (sum, count) = marks.entry(cell).or_default();
            if let Standing::Ranked(places) = standing {
                *sum += (places.low + places.high) as f64 / 2.0 / column.ranked.max(1) as f64;
                *count += 1;
            }
        }
    }
    let mean = |cell: &CellId| match marks[cell] {
        (_, 0) => f64::INFINITY,
        (sum, count) => sum / count as f64,
    };
    let mut cells: Vec<&CellId> = marks.keys().copied().collect();
    cells.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    cells
}

/// How many of the cells are ranked anywhere; they come first.
fn ranked_somewhere(columns: &[Column<'_>], cells: &[&CellId]) -> usize {
    let ranked = |cell: &&&CellId| {
        columns
            .iter()
            .any(|column| matches!(column.standings.get(**cell), Some(Standing::Ranked(_))))
    };
    cells.iter().filter(ranked).count()
}

fn grid(columns: &[Column<'_>], cells: &[&CellId]) -> Grid {
    let names = names(cells.iter().copied());
    let shown = &columns[..columns.len().min(MOST_COLUMNS)];
    let cells = &cells[..ranked_somewhere(columns, cells).min(MOST_ROWS)];
    let rows = cells
        .iter()
        .zip(names)
        .map(|(cell, name)| {
            let field = |column: &Column<'_>| {
                let standing = column.standings.get(*cell);
                standing.map_or_else(|| Field::bare(&[ABSENT]), |standing| standing.field(column.ranked))
            };
            (name.words(), shown.iter().map(field).collect())
        })
        .collect();
    let standings = || {
        cells
            .iter()
            .flat_map(|cell| shown.iter().filter_map(|column| column.standings.get(*cell)))
    };
    let mut notes =
        vec!["1 is the fastest; 2–4: its interval overlaps with others', so that it may be any of these".to_owned()];
    if standings().any(|standing| matches!(standing, Standing::Ranked(places) if !places.certain)) {
        notes.push("~ by its median alone: it has no interval".to_owned());
    }
    if standings().any(|standing| matches!(standing, Standing::LessAccurate)) {
        notes.push("less accurate than the baseline, or not compared with it: takes no part in the ranking".to_owned());
    }
    Grid {
        row_title: "cell".to_owned(),
        column_title: "device".to_owned(),
        columns: shown.iter().map(|column| column.name.clone()).collect(),
        rows,
        notes,
    }
}

fn describe(columns: &[Column<'_>], cells: &[&CellId]) -> String {
    let ranked: Vec<&Column<'_>> = columns.iter().filter(|column| column.ranked > 1).collect();
    let mut sentences = vec![format!(
        "Places by median latency among the cells as accurate as the baseline, on {}. A range means that 95 % intervals \
         overlap. A device stands with its newest run.",
        format_args!("{} devices", columns.len())
    )];
    let first = |column: &Column<'_>| -> BTreeSet<&CellId> {
        let may = |cell: &&&CellId| matches!(column.standings.get(**cell), Some(Standing::Ranked(places)) if places.low == 1 && places.certain);
        cells.iter().filter(may).copied().collect()
    };
    let certain = |column: &Column<'_>| {
        let mut standings = column.standings.values();
        standings.any(|standing| matches!(standing, Standing::Ranked(places) if *places == Places { low: 1, high: 1, certain: true }))
    };
    let alone = ranked.iter().filter(|column| certain(column)).count();
    sentences.push(match (ranked.len(), alone) {
        (1, 1) => "On the one device with two cells or more to rank, one cell alone is the fastest, as far as \
                   intervals tell."
            .to_owned(),
        (1, _) => "On the one device with two cells or more to rank, intervals do not tell one cell alone as the \
                   fastest."
            .to_owned(),
        (n, _) => format!(
            "On {alone} of {n} devices with two cells or more to rank one cell alone is the fastest, as far as \
             intervals tell."
        ),
    });
    let may_be_first: Vec<BTreeSet<&CellId>> = ranked.iter().map(|column| first(column)).collect();
    let everywhere: Vec<String> = cells
        .iter()
        .zip(names(cells.iter().copied()))
        .filter(|(cell, _)| may_be_first.iter().all(|first| first.contains(*cell)))
        .map(|(_, name)| name.words())
        .collect();
    if ranked.len() > 1 && !everywhere.is_empty() {
        sentences.push(format!("May be the fastest everywhere: {}.", listed(&everywhere, 4)));
    }
    let unsure = ranked
        .iter()
        .flat_map(|column| column.standings.values())
        .filter(|standing| matches!(standing, Standing::Ranked(places) if !places.certain))
        .count();
    if unsure > 0 {
        sentences.push(match unsure {
            1 => "1 place is by the median alone (~), for want of an interval.".to_owned(),
            n => format!("{n} places are by the median alone (~), for want of an interval."),
        });
    }
    let somewhere = ranked_somewhere(columns, cells);
    if somewhere < cells.len() {
        sentences.push(match cells.len() - somewhere {
            1 => "1 more cell is ranked nowhere, and in the table alone.".to_owned(),
            n => format!("{n} more cells are ranked nowhere, and in the table alone."),
        });
    }
    if somewhere > MOST_ROWS {
        sentences.push(format!(
            "Drawn are the best {MOST_ROWS} of {somewhere} cells; the table holds all."
        ));
    }
    if columns.len() > MOST_COLUMNS {
        sentences.push(format!(
            "Drawn are the {MOST_COLUMNS} devices with the newest runs of {}; the table holds all.",
            columns.len()
        ));
    }
    sentences.join(" ")
}

fn data(columns: &[Column<'_>], cells: &[&CellId]) -> Data {
    let mut headers = vec!["cell".to_owned()];
    headers.extend(columns.iter().map(|column| column.name.clone()));
    let row = |cell: &&CellId| {
        let words = |column: &Column<'_>| {
            let standing = column.standings.get(*cell);
            standing.map_or_else(|| ABSENT.to_owned(), Standing::words)
        };
        let mut row = vec![cell_id(cell)];
        row.extend(columns.iter().map(words));
        row
    };
    Data {
        headers,
        rows: cells.iter().map(row).collect(),
    }
}
