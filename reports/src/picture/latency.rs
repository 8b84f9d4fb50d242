//! How the latencies of a task's cells are distributed: cold beside warm on one scale, and beside that the shape of each
//! cell's steady state as a box plot relative to its own median.

use edgebench_record::{Cell, Record, TaskFacts};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, fitted, ink, width};
use super::id::id;
use super::name::{Name, cell_id, names, short};
use super::sampled::{Quantiles, emulation, medians, p50, sorted, standing};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::text::{counted, significant};

/// The most cells that are drawn.
const ROWS: usize = 60;

const ROW_HEIGHT: u32 = 20;

/// The middle of the legend's row.
const LEGEND: i32 = 14;

/// The middle of the headers' row, between the legend and the charts.
const HEADERS: i32 = ABSOLUTE.top as i32 - 8;

/// The left chart: absolute, warm and cold.
const ABSOLUTE: Room = Room {
    left: 200,
    bottom: 46,
    top: 52,
    right: WIDTH - 450,
};

/// The right chart: the shape, relative to the cell's own median.
const RELATIVE: Room = Room {
    left: 474,
    right: 76,
    ..ABSOLUTE
};

/// How wide a chart is.
fn across(room: Room) -> f64 {
    f64::from(WIDTH - room.left - room.right)
}

/// One measured cell's distribution, in nanoseconds.
struct Row<'a> {
    cell: &'a Cell,
    name: Name,
    n: usize,
    min: Option<f64>,
    max: Option<f64>,
    /// The median that tables give, of the invocations' medians.
    median: Option<f64>,
    /// Of all inferences together, at 5, 25, 50, 75 and 95 %, each where the count supports it.
    quantiles: [Option<f64>; 5],
    /// All inferences, where they are too few for a median.
    few: Vec<f64>,
    /// Of each invocation.
    medians: Vec<f64>,
    first: Option<f64>,
    load: Option<f64>,
}

impl Row<'_> {
    /// A time as a multiple of the median.
    fn relative(&self, ns: f64) -> Option<f64> {
        let multiple = ns / self.median?;
        (multiple.is_finite() && multiple > 0.0).then_some(multiple)
    }

    /// What the right chart shows.
    fn shape(&self) -> impl Iterator<Item = f64> {
        let times = self.quantiles.into_iter().flatten().chain(self.medians.iter().copied());
        times.filter_map(|ns| self.relative(ns))
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let some = [self.min, self.max, self.median, self.first, self.load];
        some.into_iter().chain(self.quantiles).flatten()
    }
}

/// The distribution of the steady state of each measured cell of a task, with its first inference and its load.
pub fn latency(record: &Record, task: &TaskFacts) -> Option<Picture> {
    let cells = standing(record, task);
    let supported = Quantiles::at([0.05, 0.25, 0.5, 0.75, 0.95]);
    let mut rows: Vec<Row<'_>> = cells
        .iter()
        .zip(names(cells.iter().map(|cell| &cell.id)))
        .map(|(cell, name)| row(cell, name, &supported))
        .filter(|row| row.n > 0)
        .collect();
    rows.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let all = rows.len();
    rows.truncate(ROWS);
    // What takes no time at all has no place on a logarithmic axis; it is drawn at the axis' end.
    let values = || rows.iter().flat_map(Row::values);
    let x = Axis::over("latency", Unit::Time, values().filter(|&ns| ns > 0.0))?.fitting(across(ABSOLUTE));
    let relative = Axis::over(
        "relative to the cell's median",
        Unit::Number,
        rows.iter().flat_map(Row::shape),
    )
    .map(|axis| axis.fitting(across(RELATIVE)));
    let title = format!("{}: how latencies are distributed", short(&task.id));
    let mut description = describe(&rows, all);
    description.extend(emulation(record).map(|words| format!(" {words}")));
    let id = id("latency", &[&task.id]);
    let height = ABSOLUTE.top + ABSOLUTE.bottom + ROW_HEIGHT * rows.len() as u32;
    let svg = draw(&id, &title, &description, height, |plane| {
        paint(plane, &x, relative.as_ref(), &rows)
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&rows),
    })
}

fn row<'a>(cell: &'a Cell, name: Name, supported: &Quantiles<5>) -> Row<'a> {
    let samples = sorted(cell);
    let quantiles = supported.of(&samples);
    let summary = cell.summary.as_ref();
    let time = |ns: u64| (ns > 0).then_some(ns as f64);
    Row {
        cell,
        name,
        n: samples.len(),
        min: samples.first().copied(),
        max: samples.last().copied(),
        few: if quantiles[2].is_none() { samples } else { Vec::new() },
        quantiles,
        median: p50(cell).map(|figure| figure.value),
        medians: medians(cell).collect(),
        first: summary.and_then(|summary| time(summary.first_ns?.0)),
        load: summary.and_then(|summary| time(summary.load_ns.0)),
    }
}

/// What the rows are sorted by: the median, and the mean where there are too few samples for one.
fn place(row: &Row<'_>) -> f64 {
    let mean = || row.cell.summary.as_ref().map(|summary| summary.latency.mean_ns);
    row.median.or_else(mean).unwrap_or(f64::INFINITY)
}

fn batch(row: &Row<'_>) -> usize {
    row.cell.id.settings.batch
}

fn describe(rows: &[Row<'_>], all: usize) -> String {
    let mut words = vec![match all - rows.len() {
        0 if all == 1 => "1 cell.".to_owned(),
        0 => format!("{}, the one with the lowest median first.", counted(all, "cell")),
        _ => format!("The {} cells with the lowest medians of {all}.", rows.len()),
    }];
    if let Some((row, median)) = rows.iter().find_map(|row| Some((row, row.median?))) {
        let typical = format!("{}: median {}", row.name.words(), Unit::Time.show(median));
        words.push(match row.quantiles {
            [Some(low), .., Some(high)] => format!(
                "{typical}, nine in ten of all inferences between {} and {}.",
                Unit::Time.show(low),
                Unit::Time.show(high)
            ),
            _ => format!("{typical}."),
        });
    }
    let widest = rows
        .iter()
        .filter_map(|row| Some((row.quantiles[4]? / row.quantiles[0]?, row)))
        .filter(|(ratio, _)| ratio.is_finite())
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    if let Some((ratio, row)) = widest {
        words.push(format!(
            "From the 5 % to the 95 % quantile latency grows most for {}: {} times.",
            row.name.words(),
            significant(ratio)
        ));
    }
    let cold: Vec<f64> = rows
        .iter()
        .filter_map(|row| Some(row.first? / row.median?))
        .filter(|ratio| ratio.is_finite())
        .collect();
    if let (Some(least), Some(most)) = (
        cold.iter().copied().min_by(f64::total_cmp),
        cold.iter().copied().max_by(f64::total_cmp),
    ) {
        let (least, most) = (multiple(least), multiple(most));
        words.push(if least == most {
            format!("A first inference takes {least}.")
        } else {
            format!("A first inference takes from {least} to {most}.")
        });
    }
    if rows.windows(2).any(|pair| batch(&pair[0]) != batch(&pair[1])) {
        words.push("A latency is that of a whole batch, the number after b.".to_owned());
    }
    let few = rows.iter().filter(|row| !row.few.is_empty()).count();
    if few > 0 {
        words.push(format!(
            "{} too few inferences for a median: each is drawn as a dot.",
            has(few)
        ));
    }
    let bare = rows
        .iter()
        .filter(|row| row.few.is_empty() && row.quantiles[4].is_none())
        .count();
    if bare > 0 {
        words.push(format!("{} too few inferences for whiskers.", has(bare)));
    }
    words.join(" ")
}

/// `2.70 times the median`, and `4.61 % of the median` below 1.
fn multiple(ratio: f64) -> String {
    if ratio < 0.9995 {
        format!("{} % of the median", significant(ratio * 100.0))
    } else {
        format!("{} times the median", significant(ratio))
    }
}

fn has(count: usize) -> String {
    format!("{} {}", counted(count, "cell"), if count == 1 { "has" } else { "have" })
}

fn paint(plane: &Plane<'_>, x: &Axis, relative: Option<&Axis>, rows: &[Row<'_>]) -> Result<(), Trouble> {
    legend(plane)?;
    let names: Vec<String> = rows
        .iter()
        .map(|row| row.name.fitted(12.0, f64::from(ABSOLUTE.left) - 34.0))
        .collect();
    let y = Axis::rows("", &names).downwards();
    let left = chart(plane, ABSOLUTE, x, &y)?;
    for (index, row) in rows.iter().enumerate() {
        paint_absolute(plane, row, |ns| left.backend_coord(&(x.place(ns), index as f64)))?;
        let words = match row.median {
            Some(median) => Unit::Time.show(median),
            None => counted(row.n, "sample"),
        };
        plane.draw(&Text::new(
            fitted(&words, 11.0, f64::from(RELATIVE.right) - 10.0),
            (WIDTH as i32 - 6, left.backend_coord(&(x.place(1.0), index as f64)).1),
            anchored(11.0, ink::TEXT, HPos::Right, VPos::Center),
        ))?;
    }
    let Some(relative) = relative else { return Ok(()) };
    let y = Axis::rows("", &names).downwards().ticked(Vec::new());
    let right = chart(plane, RELATIVE, relative, &y)?;
    for (index, row) in rows.iter().enumerate() {
        let at = |ns| {
            let multiple = row.relative(ns)?;
            Some(right.backend_coord(&(relative.place(multiple), index as f64)))
        };
        paint_relative(plane, row, at)?;
    }
    Ok(())
}

fn paint_absolute(plane: &Plane<'_>, row: &Row<'_>, at: impl Fn(f64) -> (i32, i32)) -> Result<(), Trouble> {
    if let (Some(min), Some(max)) = (row.min, row.max) {
        line(plane, at(min), at(max), ink::MUTED, 1)?;
        for end in [at(min), at(max)] {
            line(plane, (end.0, end.1 - 2), (end.0, end.1 + 2), ink::MUTED, 1)?;
        }
    }
    let [low, _, median, _, high] = row.quantiles.map(|value| value.map(&at));
    if let (Some(low), Some(high)) = (low, high) {
        line(plane, low, high, ink::TEXT, 4)?;
    }
    if let Some((x, y)) = median {
        line(plane, (x, y - 6), (x, y + 6), ink::TEXT, 2)?;
    }
    for &ns in &row.few {
        plane.draw(&Circle::new(at(ns), 2, ink::TEXT.filled()))?;
    }
    if let Some(load) = row.load {
        paint_load(plane, at(load))?;
    }
    row.first.map_or(Ok(()), |first| paint_first(plane, at(first)))
}

fn paint_relative(plane: &Plane<'_>, row: &Row<'_>, at: impl Fn(f64) -> Option<(i32, i32)>) -> Result<(), Trouble> {
    let [low, lower, median, upper, high] = row.quantiles.map(|value| value.and_then(&at));
    if let (Some(low), Some(high)) = (low, high) {
        line(plane, low, high, ink::TEXT, 1)?;
        for end in [low, high] {
            line(plane, (end.0, end.1 - 3), (end.0, end.1 + 3), ink::TEXT, 1)?;
        }
    }
    if let (Some(lower), Some(upper)) = (lower, upper) {
        paint_box(plane, [(lower.0, lower.1 - 5), (upper.0, upper.1 + 5)])?;
    }
    if let Some((x, y)) = median {
        line(plane, (x, y - 5), (x, y + 5), ink::TEXT, 2)?;
    }
    for (x, y) in row.medians.iter().filter_map(|&ns| at(ns)) {
        line(plane, (x, y + 6), (x, y + 9), ink::TEXT, 1)?;
    }
    Ok(())
}

fn paint_box(plane: &Plane<'_>, corners: [(i32, i32); 2]) -> Result<(), Trouble> {
    plane.draw(&Rectangle::new(corners, ink::SHADE.filled()))?;
    plane.draw(&Rectangle::new(corners, ink::TEXT.stroke_width(1)))
}

fn line(plane: &Plane<'_>, from: (i32, i32), to: (i32, i32), colour: RGBColor, thick: u32) -> Result<(), Trouble> {
    plane.draw(&PathElement::new(vec![from, to], colour.stroke_width(thick)))
}

fn paint_first(plane: &Plane<'_>, (x, y): (i32, i32)) -> Result<(), Trouble> {
    let corners = vec![(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)];
    plane.draw(&Polygon::new(corners, ink::FRONT.filled()))
}

fn paint_load(plane: &Plane<'_>, (x, y): (i32, i32)) -> Result<(), Trouble> {
    let corners = vec![(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)];
    plane.draw(&Polygon::new(corners.clone(), ink::PAPER.filled()))?;
    let outline = corners
        .iter()
        .copied()
        .chain(corners.first().copied())
        .collect::<Vec<_>>();
    plane.draw(&PathElement::new(outline, ink::TEXT.stroke_width(1)))
}

/// The parts of a row, named, in a row above each chart.
fn legend(plane: &Plane<'_>) -> Result<(), Trouble> {
    let style = anchored(11.0, ink::TEXT, HPos::Left, VPos::Center);
    let mut left = 6;
    let mut entry = |words: &str, room: i32| -> Result<i32, Trouble> {
        let at = left;
        plane.draw(&Text::new(words.to_owned(), (at + room, LEGEND), style.clone()))?;
        left += room + width(words, 11.0).ceil() as i32 + 14;
        Ok(at)
    };
    let y = LEGEND;
    let left = entry("lowest to highest", 28)?;
    line(plane, (left, y), (left + 22, y), ink::MUTED, 1)?;
    for end in [left, left + 22] {
        line(plane, (end, y - 2), (end, y + 2), ink::MUTED, 1)?;
    }
    let left = entry("5 % to 95 %", 56)?;
    line(plane, (left, y), (left + 22, y), ink::TEXT, 4)?;
    line(plane, (left + 28, y), (left + 50, y), ink::TEXT, 1)?;
    for end in [left + 28, left + 50] {
        line(plane, (end, y - 3), (end, y + 3), ink::TEXT, 1)?;
    }
    let left = entry("25 %, median, 75 %", 28)?;
    paint_box(plane, [(left, y - 5), (left + 22, y + 5)])?;
    line(plane, (left + 10, y - 5), (left + 10, y + 5), ink::TEXT, 2)?;
    let left = entry("invocations' medians", 18)?;
    for at in [left + 2, left + 7, left + 10] {
        line(plane, (at, y - 2), (at, y + 2), ink::TEXT, 1)?;
    }
    let left = entry("first inference", 13)?;
    paint_first(plane, (left + 5, y))?;
    let left = entry("load", 13)?;
    paint_load(plane, (left + 5, y))?;
    let header = anchored(11.0, ink::MUTED, HPos::Right, VPos::Center);
    plane.draw(&Text::new("median", (WIDTH as i32 - 6, HEADERS), header.clone()))?;
    plane.draw(&Text::new(
        "variant · backend",
        (ABSOLUTE.left as i32 - 8, HEADERS),
        header,
    ))
}

fn data(rows: &[Row<'_>]) -> Data {
    let mut data = Data::new(&[
        "cell",
        "median",
        "invocations' medians",
        "inferences",
        "lowest",
        "5 % of all",
        "25 % of all",
        "50 % of all",
        "75 % of all",
        "95 % of all",
        "highest",
        "first inference",
        "load",
    ]);
    let time = |ns: Option<f64>| ns.map_or_else(|| ABSENT.to_owned(), |ns| Unit::Time.show(ns));
    for row in rows {
        let medians: Vec<String> = row.medians.iter().map(|&ns| Unit::Time.show(ns)).collect();
        let mut words = vec![cell_id(&row.cell.id), time(row.median), medians.join(", ")];
        words.extend([row.n.to_string(), time(row.min)]);
        words.extend(row.quantiles.map(time));
        words.extend([time(row.max), time(row.first), time(row.load)]);
        data.rows.push(words);
    }
    data
}
