//! How much faster each variant is than the baseline variant, on each backend: a heat map.

use edgebench_record::{Cell, Figure, Record, TaskFacts};
use edgebench_stats::ratio_interval;

use super::axis::Unit;
use super::canvas::draw;
use super::grid::{Field, Grid, MOST_COLUMNS};
use super::id::id;
use super::name::{Name, cell_id, listed, names, short};
use super::sampled::{emulation, p50};
use super::sound::{ends, failure, positive, ratio_digits};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::ranking::{Rank, rank};
use crate::records::values::values;
use crate::text::{TimeUnit, shortened};

/// At most so many variants are drawn.
const MOST_ROWS: usize = 40;

/// A variant on a backend with settings, held against the baseline variant on the same.
struct Speed<'a> {
    cell: &'a Cell,
    name: Name,
    column: usize,
    /// The baseline's median over the cell's.
    ratio: Option<Figure>,
    /// The median itself, in nanoseconds.
    median: Option<f64>,
    /// Why there is no ratio, in full and in short.
    why: [&'static str; 2],
}

impl Speed<'_> {
    /// Whether the interval leaves open which of the two is faster.
    fn open(&self) -> bool {
        self.interval_is(|low, high| low <= 1.0 && 1.0 <= high)
    }

    fn interval_is(&self, what: impl Fn(f64, f64) -> bool) -> bool {
        let interval = self.ratio.and_then(|ratio| ratio.interval);
        interval.is_some_and(|interval| what(interval.low, interval.high))
    }
}

/// The speed-up of each variant against the baseline variant on the same backend with the same settings, by median
/// latency. `None` where no variant can be held against the baseline.
pub fn speed_up(record: &Record, task: &TaskFacts) -> Option<Picture> {
    let cells: Vec<&Cell> = record.cells.iter().filter(|cell| cell.id.task == task.id).collect();
    let places = places(&cells);
    let speeds: Vec<Speed<'_>> = cells
        .iter()
        .zip(names(cells.iter().map(|cell| &cell.id)))
        .map(|(cell, name)| speed(cell, name, &cells, task, &places))
        .collect();
    let compared = |speed: &&Speed<'_>| speed.ratio.is_some() && speed.cell.id.variant != task.baseline;
    speeds.iter().find(compared)?;

    let mut variants: Vec<&str> = Vec::new();
    for cell in &cells {
        if !variants.contains(&cell.id.variant.as_str()) {
            variants.push(&cell.id.variant);
        }
    }
    // The baseline is what the others are read against.
    variants.sort_by_key(|variant| *variant != task.baseline);
    let grid = grid(&speeds, &variants, &places, task);
    let title = format!("{}: speed-up against {}", short(&task.id), short(&task.baseline));
    let mut description = describe(&speeds, task, &variants, &places);
    description.extend(emulation(record).map(|words| format!(" {words}")));
    let id = id("speed-up", &[&task.id]);
    let svg = draw(&id, &title, &description, grid.height(), |plane| grid.paint(plane))?;
    let data = data(&speeds, task);
    Some(Picture {
        id,
        title,
        description,
        svg,
        data,
    })
}

/// The columns: backends with settings, in the order of the plan. A backend's columns are side by side.
fn places<'a>(cells: &[&'a Cell]) -> Vec<&'a Cell> {
    let mut places: Vec<&Cell> = Vec::new();
    for cell in cells {
        let known = |place: &&Cell| place.id.backend == cell.id.backend && place.id.settings == cell.id.settings;
        if !places.iter().any(known) {
            places.push(cell);
        }
    }
    let mut backends: Vec<&str> = places.iter().map(|place| place.id.backend.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    backends.retain(|backend| seen.insert(*backend));
    places.sort_by_key(|place| backends.iter().position(|backend| *backend == place.id.backend));
    places
}

fn speed<'a>(cell: &'a Cell, name: Name, cells: &[&'a Cell], task: &TaskFacts, places: &[&Cell]) -> Speed<'a> {
    let alike = |other: &&&Cell| other.id.backend == cell.id.backend && other.id.settings == cell.id.settings;
    let column = places.iter().position(|place| alike(&place)).unwrap_or_default();
    let baseline = cells
        .iter()
        .filter(alike)
        .find(|other| other.id.variant == task.baseline);
    let own = median(cell, task);
    let (ratio, why) = match (own, baseline.and_then(|baseline| median(baseline, task))) {
        (None, _) if rank(Some(task), cell) == Rank::Out => (None, failure(cell)),
        (None, _) => (None, ["too few samples", "few"]),
        (_, None) => (None, ["no baseline", "no base"]),
        (Some(own), Some(other)) => {
            let medians = |cell: &Cell| values(cell, "latency_p50").unwrap_or_default();
            let interval = baseline.and_then(|baseline| ratio_interval(&medians(baseline), &medians(cell), 0.95));
            let ratio = positive(Figure {
                value: other / own,
                interval: interval.map(|(_, interval)| interval),
            });
            (ratio, ["no figure", "none"])
        }
    };
    Speed {
        cell,
        name,
        column,
        ratio,
        median: own,
        why,
    }
}

/// The median of the processes' medians, where the cell's figures stand and its samples are enough for one.
fn median(cell: &Cell, task: &TaskFacts) -> Option<f64> {
    let stands = rank(Some(task), cell) != Rank::Out;
    p50(cell).filter(|_| stands).map(|figure| figure.value)
}

/// `2.1×`: two significant digits, and bounds where a ratio has no digits to tell.
fn times(ratio: f64) -> String {
    match ratio {
        r if r < 0.01 => "<0.01×".to_owned(),
        r if r < 1.95 => format!("{r:.2}×"),
        r if r < 9.95 => format!("{r:.1}×"),
        r if r < 999.5 => format!("{r:.0}×"),
        _ => ">999×".to_owned(),
    }
}

/// From 4 times slower (0) over as fast (4) to 4 times faster (8).
fn step(ratio: f64) -> usize {
    (4.0 + ratio.log2() * 2.0).round().clamp(0.0, 8.0) as usize
}

fn field(speed: &Speed<'_>, task: &TaskFacts) -> Field {
    if let (true, Some(median)) = (speed.cell.id.variant == task.baseline, speed.median) {
        return Field::bare(&[&Unit::Time.show(median)]);
    }
    match speed.ratio {
        None => Field::bare(&speed.why),
        Some(ratio) if speed.open() => Field::figure(format!("~ {}", times(ratio.value)), 4),
        Some(ratio) if ratio.interval.is_none() => {
            Field::figure(format!("{} ?", times(ratio.value)), step(ratio.value))
        }
        Some(ratio) => Field::figure(times(ratio.value), step(ratio.value)),
    }
}

fn grid(speeds: &[Speed<'_>], variants: &[&str], places: &[&Cell], task: &TaskFacts) -> Grid {
    let columns = places.len().min(MOST_COLUMNS);
    let rows: Vec<(String, Vec<Field>)> = variants
        .iter()
        .take(MOST_ROWS)
        .map(|variant| {
            let mut fields = vec![Field::bare(&[ABSENT]); columns];
            for speed in speeds.iter().filter(|speed| speed.cell.id.variant == *variant) {
                if let Some(place) = fields.get_mut(speed.column) {
                    *place = field(speed, task);
                }
            }
            let baseline = if *variant == task.baseline { " (baseline)" } else { "" };
            (format!("{}{baseline}", shortened(&short(variant), 32)), fields)
        })
        .collect();
    let drawn = || {
        speeds.iter().filter(|speed| {
            speed.column < columns
                && variants
                    .iter()
                    .take(MOST_ROWS)
                    .any(|variant| *variant == speed.cell.id.variant)
        })
    };
    let others = || drawn().filter(|speed| speed.cell.id.variant != task.baseline && speed.ratio.is_some());
    let mut notes = vec![format!(
        "{}: its median latency. The others: this median over theirs, so that above 1× is faster.",
        shortened(&short(&task.baseline), 40)
    )];
    if others().any(Speed::open) {
        notes.push("~ the 95 % interval contains 1×: as fast, as far as can be told".to_owned());
    }
    if others().any(|speed| speed.ratio.is_some_and(|ratio| ratio.interval.is_none())) {
        notes.push("? no interval: too few processes".to_owned());
    }
    Grid {
        row_title: "variant".to_owned(),
        column_title: "backend".to_owned(),
        columns: names(places.iter().map(|place| &place.id))
            .into_iter()
            .take(columns)
            .map(|name| name.place)
            .collect(),
        rows,
        notes,
    }
}

fn describe(speeds: &[Speed<'_>], task: &TaskFacts, variants: &[&str], places: &[&Cell]) -> String {
    let others: Vec<&Speed<'_>> = speeds
        .iter()
        .filter(|speed| speed.cell.id.variant != task.baseline)
        .collect();
    let ratios = || others.iter().filter_map(|speed| Some((speed.ratio?, *speed)));
    let mut sentences = vec![format!(
        "Median latency of {} over that of each variant, on the same backend and settings.",
        short(&task.baseline)
    )];
    let by_value = |a: &(Figure, &Speed<'_>), b: &(Figure, &Speed<'_>)| a.0.value.total_cmp(&b.0.value);
    if let (Some((most, fastest)), Some((least, slowest))) = (ratios().max_by(by_value), ratios().min_by(by_value)) {
        sentences.push(format!(
            "From {} ({}) to {} ({}).",
            times(least.value),
            slowest.name.words(),
            times(most.value),
            fastest.name.words()
        ));
    }
    let count = |which: &dyn Fn(&Speed<'_>) -> bool| ratios().filter(|(_, speed)| which(speed)).count();
    let (faster, slower) = (
        count(&|speed| speed.interval_is(|low, _| low > 1.0)),
        count(&|speed| speed.interval_is(|_, high| high < 1.0)),
    );
    let (open, unknown) = (
        count(&|speed| speed.open()),
        count(&|speed| speed.ratio.is_some_and(|ratio| ratio.interval.is_none())),
    );
    sentences.push(format!(
        "Of {} cells by their 95 % intervals: {faster} faster, {slower} slower, {open} as fast as far as can be told{}.",
        ratios().count(),
        match unknown {
            0 => String::new(),
            n => format!(", {n} without an interval (too few processes)"),
        }
    ));
    let failed: Vec<String> = others
        .iter()
        .filter(|speed| speed.ratio.is_none())
        .map(|speed| format!("{} ({})", speed.name.words(), speed.why[0]))
        .collect();
    if !failed.is_empty() {
        sentences.push(format!("Without a figure: {}.", listed(&failed, 6)));
    }
    if variants.len() > MOST_ROWS || places.len() > MOST_COLUMNS {
        sentences.push(format!(
            "Drawn are {} of {} variants and {} of {} columns; the table holds all.",
            variants.len().min(MOST_ROWS),
            variants.len(),
            places.len().min(MOST_COLUMNS),
            places.len()
        ));
    }
    sentences.join(" ")
}

fn data(speeds: &[Speed<'_>], task: &TaskFacts) -> Data {
    let unit = TimeUnit::for_smallest(speeds.iter().filter_map(|speed| speed.median));
    let mut data = Data::new(&[
        "cell",
        &format!("median latency ({})", unit.symbol()),
        "speed-up (×)",
        "95 % interval (×)",
        "faster",
        "as accurate as the baseline",
    ]);
    for speed in speeds {
        let median = speed.median.map_or_else(|| speed.why[0].to_owned(), |ns| unit.show(ns));
        let is_baseline = speed.cell.id.variant == task.baseline;
        let ratio = speed.ratio.map(|ratio| ratio_digits(ratio.value));
        // Against itself there is nothing to be unsure of.
        let interval = speed.ratio.and_then(|ratio| ratio.interval).filter(|_| !is_baseline);
        let faster = match speed.ratio.map(|ratio| ratio.interval) {
            None => speed.why[0],
            _ if is_baseline => "baseline",
            Some(None) => "no interval",
            _ if speed.open() => "cannot be told",
            _ if speed.interval_is(|low, _| low > 1.0) => "yes",
            _ => "no",
        };
        let accurate = match rank(Some(task), speed.cell) {
            Rank::Candidate if task.metric.is_none() => "not measured",
            Rank::Candidate => "yes, as far as can be told",
            Rank::Doubtful => "no, or not compared",
            Rank::Out => ABSENT,
        };
        data.rows.push(vec![
            cell_id(&speed.cell.id),
            median,
            ratio.unwrap_or_else(|| ABSENT.to_owned()),
            ends(interval, ratio_digits),
            faster.to_owned(),
            accurate.to_owned(),
        ]);
    }
    data
}
