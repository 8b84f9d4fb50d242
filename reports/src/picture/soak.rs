//! Throughput over minutes to hours, cell by cell, and the machine's heat meanwhile.

use edgebench_record::{Cell, Record, ScenarioResult, SoakFigures, SoakInterval, TaskFacts};
use plotters::prelude::*;

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, chart, draw, ink};
use super::id::id;
use super::legend::{Legend, Sign};
use super::marks::draw_mark;
use super::name::{Name, cell_id, names, short};
use super::sampled::{emulation, standing};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::text::{counted, significant};

/// The most cells that are drawn: each has a shape of its own.
const CELLS: usize = ink::SERIES;

/// The most intervals of a cell that are drawn: of more, every second, third and so on.
const MOST: usize = 240;

/// The heights of the two charts with their axes.
const THROUGHPUT: u32 = 250;
const HEAT: u32 = 150;

/// From here on a rate is damaged, not high.
const LARGEST: f64 = 1e15;

/// Above the hottest processor, and below any: a sensor that says so is damaged.
const DEGREES: std::ops::Range<f64> = -100.0..1000.0;

/// One cell's soak.
struct Course<'a> {
    cell: &'a Cell,
    name: Name,
    result: &'a ScenarioResult,
    soak: &'a SoakFigures,
    /// Seconds from the soak's beginning to an interval's, and samples per second.
    rates: Vec<(f64, f64)>,
    /// The same with degrees Celsius.
    heat: Vec<(f64, f64)>,
}

/// The soaks of a task's cells whose figures stand, over time; `None` where there is none to draw.
pub fn soak(record: &Record, task: &TaskFacts) -> Option<Picture> {
    let cells = standing(record, task);
    let names = names(cells.iter().map(|cell| &cell.id));
    let courses: Vec<Course<'_>> = cells
        .iter()
        .zip(names)
        .filter_map(|(cell, name)| {
            let mut results = cell.scenarios.iter();
            let (result, soak) = results.find_map(|result| Some((result, result.soak.as_ref()?)))?;
            let rates = points(soak, |interval| Some(interval.throughput_per_s), 0.0..LARGEST);
            let heat = points(soak, |interval| interval.temperature_c, DEGREES);
            (!rates.is_empty()).then_some(Course {
                cell,
                name,
                result,
                soak,
                rates,
                heat,
            })
        })
        .collect();
    let drawn = &courses[..courses.len().min(CELLS)];
    let rates = || drawn.iter().flat_map(|course| course.rates.iter().copied());
    let heat = || drawn.iter().flat_map(|course| course.heat.iter().copied());
    let times = rates().chain(heat()).map(|(seconds, _)| seconds);
    let longest = times.fold(0.0, f64::max).max(1.0);
    let x = Axis::linear("time from the soak's beginning (s)", Unit::Number, 0.0, longest);
    let y = Axis::over("samples per second", Unit::Number, rates().map(|(_, rate)| rate))?;
    let degrees = Axis::over("hottest sensor (°C)", Unit::Number, heat().map(|(_, celsius)| celsius));
    let title = format!("{}: throughput over time", short(&task.id));
    let mut description = describe(&courses, degrees.is_some());
    description.extend(emulation(record).map(|words| format!(" {words}")));
    let id = id("soak", &[&task.id]);
    let legend = Legend::new(
        drawn
            .iter()
            .enumerate()
            .map(|(index, course)| (Sign::Mark(index), course.name.words()))
            .collect(),
    );
    let upper = legend.height() + THROUGHPUT;
    let height = if degrees.is_some() { upper + HEAT } else { upper };
    let svg = draw(&id, &title, &description, height, |plane| {
        legend.paint(plane)?;
        let (above, below) = plane.split_vertically(upper);
        let room = Room {
            top: legend.height(),
            left: 72,
            ..Room::default()
        };
        paint(
            &above,
            room,
            (&x, &y),
            drawn.iter().map(|course| course.rates.as_slice()),
        )?;
        let Some(degrees) = &degrees else { return Ok(()) };
        let room = Room { top: 10, ..room };
        paint(
            &below,
            room,
            (&x, degrees),
            drawn.iter().map(|course| course.heat.as_slice()),
        )
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&courses),
    })
}

/// A figure of each interval by the time at which it began, as far as both can be.
fn points(
    soak: &SoakFigures,
    of: impl Fn(&SoakInterval) -> Option<f64>,
    can_be: std::ops::Range<f64>,
) -> Vec<(f64, f64)> {
    let step = soak.intervals.len().div_ceil(MOST).max(1);
    let placed = soak.intervals.iter().step_by(step);
    placed
        .filter_map(|interval| Some((interval.at_ns.0 as f64 / 1e9, of(interval)?)))
        .filter(|(_, value)| can_be.contains(value))
        .collect()
}

fn paint<'a>(
    plane: &Plane<'_>,
    room: Room,
    (x, y): (&Axis, &Axis),
    courses: impl Iterator<Item = &'a [(f64, f64)]>,
) -> Result<(), Trouble> {
    let mut chart = chart(plane, room, x, y)?;
    for (index, points) in courses.enumerate() {
        let line: Vec<(f64, f64)> = points
            .iter()
            .map(|(at, value)| (x.place(*at), y.place(*value)))
            .collect();
        let places: Vec<(i32, i32)> = line.iter().map(|place| chart.backend_coord(place)).collect();
        chart.draw_series(LineSeries::new(line, ink::series(index).stroke_width(2)))?;
        // Enough marks to tell the line by its shape.
        for place in places.iter().step_by(places.len().div_ceil(12).max(1)) {
            let (left, top) = plane.get_base_pixel();
            draw_mark(plane, index, (place.0 - left, place.1 - top))?;
        }
    }
    Ok(())
}

fn describe(courses: &[Course<'_>], has_heat: bool) -> String {
    let mut sentences: Vec<String> = courses
        .iter()
        .take(CELLS)
        .map(|course| {
            let (burst, sustained) = (course.soak.burst_per_s, course.soak.sustained_per_s);
            let invalid = if course.result.is_valid() { "" } else { ", INVALID" };
            format!(
                "{}: {}/s in a burst, {}/s sustained{invalid}.",
                course.name.words(),
                significant(burst),
                significant(sustained)
            )
        })
        .collect();
    if courses.len() > CELLS {
        let others = counted(courses.len() - CELLS, "more cell");
        sentences.push(format!("{others} in the table alone."));
    }
    if has_heat {
        sentences.push("Below, the machine's hottest sensor at the end of each interval.".to_owned());
    }
    sentences.join(" ")
}

fn data(courses: &[Course<'_>]) -> Data {
    let mut data = Data::new(&["cell", "begins at (s)", "samples per second", "hottest sensor (°C)"]);
    for course in courses {
        let step = course.soak.intervals.len().div_ceil(MOST).max(1);
        for interval in course.soak.intervals.iter().step_by(step) {
            let celsius = interval.temperature_c.map(|celsius| format!("{celsius:.1}"));
            data.rows.push(vec![
                cell_id(&course.cell.id),
                significant(interval.at_ns.0 as f64 / 1e9),
                significant(interval.throughput_per_s),
                celsius.unwrap_or_else(|| ABSENT.to_owned()),
            ]);
        }
    }
    data
}
