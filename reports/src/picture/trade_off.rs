//! Accuracy against what it costs: latency, size and memory, with the Pareto front, the baseline and intervals.

use edgebench_record::{Accuracy, Cell, Direction, Record, TaskFacts, figure, metric};
use edgebench_stats::Interval;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, ink};
use super::marks::{Labels, MARK, draw_mark};
use super::{Data, Picture, slug};
use crate::columns::ABSENT;
use crate::ranking::{Rank, ranked};
use crate::text::{plain, shortened};

const HEIGHT: u32 = 380;

/// The costs that accuracy is drawn against, where the record has them.
const COSTS: [(&str, &str, Unit); 3] = [
    ("latency_p50", "median latency", Unit::Time),
    ("model_bytes", "model size", Unit::Size),
    ("rss_peak", "peak memory", Unit::Size),
];

/// One measured cell in the picture.
struct Point<'a> {
    cell: &'a Cell,
    cost: f64,
    cost_interval: Option<Interval>,
    accuracy: &'a Accuracy,
    front: bool,
}

/// Accuracy against each cost of a task, for the cells whose figures stand.
pub fn trade_offs(record: &Record, task: &TaskFacts) -> Vec<Picture> {
    COSTS
        .iter()
        .filter_map(|(id, name, unit)| trade_off(record, task, id, name, *unit))
        .collect()
}

fn trade_off(record: &Record, task: &TaskFacts, id: &str, name: &str, unit: Unit) -> Option<Picture> {
    let direction = metric(id)?.direction;
    let mut points: Vec<Point<'_>> = ranked(record, &task.id)
        .into_iter()
        .filter(|(rank, _)| *rank != Rank::Out)
        .filter_map(|(_, cell)| {
            let cost = figure(cell, id)?;
            let accuracy = cell.accuracy.as_ref().filter(|accuracy| accuracy.value.is_finite())?;
            Some(Point {
                cell,
                cost: cost.value,
                cost_interval: cost.interval,
                accuracy,
                front: false,
            })
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    mark_front(&mut points, direction);
    let task_name = plain(&task.id);
    let title = format!("{task_name}: accuracy against {name}");
    let description = describe(&points, task, name, unit);
    let id = format!("trade-off-{}-{}", slug(id), slug(&task.id));
    let x = Axis::over(
        name,
        unit,
        points.iter().flat_map(|point| spread(point.cost, point.cost_interval)),
    )?;
    let y = Axis::over(
        &format!("{} (%)", plain(&points[0].accuracy.metric)),
        Unit::Share,
        points
            .iter()
            .flat_map(|point| spread(point.accuracy.value, point.accuracy.interval)),
    )?;
    let svg = draw(&id, &title, &description, HEIGHT, |plane| {
        paint(plane, &x, &y, &points, task)
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&points, name, unit),
    })
}

/// A value and the ends of its interval.
fn spread(value: f64, interval: Option<Interval>) -> impl Iterator<Item = f64> {
    let ends = interval.map(|interval| [interval.low, interval.high]);
    std::iter::once(value).chain(ends.into_iter().flatten())
}

/// Marks the points that no other beats in both: as accurate or more, and cheaper. By the figures themselves; what
/// noise may have done to them, the intervals show.
fn mark_front(points: &mut [Point<'_>], direction: Direction) {
    let cheaper = |a: f64, b: f64| match direction {
        Direction::Lower => a.total_cmp(&b),
        Direction::Higher => b.total_cmp(&a),
    };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        cheaper(points[a].cost, points[b].cost).then(points[b].accuracy.value.total_cmp(&points[a].accuracy.value))
    });
    let mut best = f64::NEG_INFINITY;
    for index in order {
        if points[index].accuracy.value > best {
            best = points[index].accuracy.value;
            points[index].front = true;
        }
    }
}

fn label(cell: &Cell) -> String {
    shortened(&plain(&cell.id.variant), 24)
}

fn describe(points: &[Point<'_>], task: &TaskFacts, name: &str, unit: Unit) -> String {
    let mut front: Vec<&Point<'_>> = points.iter().filter(|point| point.front).collect();
    front.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let words: Vec<String> = front
        .iter()
        .map(|point| {
            format!(
                "{} on {} ({}, {:.1} %)",
                label(point.cell),
                plain(&point.cell.id.backend),
                unit.show(point.cost),
                point.accuracy.value * 100.0
            )
        })
        .collect();
    format!(
        "{} cells. By their figures nothing is both as accurate and lower in {name} than: {}. The baseline variant is {}.",
        points.len(),
        words.join("; "),
        plain(&task.baseline)
    )
}

/// The backends in the order of their names: the same shape in every picture of a task.
fn backends(points: &[Point<'_>]) -> Vec<String> {
    let mut names: Vec<String> = points.iter().map(|point| point.cell.id.backend.clone()).collect();
    names.sort();
    names.dedup();
    names
}

fn paint(plane: &Plane<'_>, x: &Axis, y: &Axis, points: &[Point<'_>], task: &TaskFacts) -> Result<(), Trouble> {
    let room = Room {
        top: 34,
        ..Room::default()
    };
    let backends = backends(points);
    let series = |point: &Point<'_>| {
        backends
            .iter()
            .position(|name| *name == point.cell.id.backend)
            .unwrap_or_default()
    };
    legend(plane, &backends)?;
    let mut chart = chart(plane, room, x, y)?;
    let at = |point: &Point<'_>| (x.place(point.cost), y.place(point.accuracy.value));
    for point in points {
        let (px, py) = at(point);
        let line = ink::MUTED.stroke_width(1);
        if let Some(interval) = point.accuracy.interval {
            let ends = vec![(px, y.place(interval.low)), (px, y.place(interval.high))];
            chart.draw_series(std::iter::once(PathElement::new(ends, line)))?;
        }
        if let Some(interval) = point.cost_interval {
            let ends = vec![(x.place(interval.low), py), (x.place(interval.high), py)];
            chart.draw_series(std::iter::once(PathElement::new(ends, line)))?;
        }
    }
    let mut front: Vec<(f64, f64)> = points.iter().filter(|point| point.front).map(at).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    // A step: between two points of the front, only the cheaper one's accuracy can be had.
    let steps = front
        .windows(2)
        .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)])
        .chain(front.last().copied());
    chart.draw_series(LineSeries::new(steps, ink::FRONT.stroke_width(2)))?;
    let baselines = points.iter().filter(|point| point.cell.id.variant == task.baseline);
    chart.draw_series(baselines.map(|point| Circle::new(at(point), MARK + 4, ink::BASELINE.stroke_width(2))))?;

    let places: Vec<(i32, i32)> = points.iter().map(|point| chart.backend_coord(&at(point))).collect();
    for (point, place) in points.iter().zip(&places) {
        draw_mark(plane, series(point), *place)?;
    }
    let mut labels = Labels::around(&places);
    let bounds = [room.left as i32, 4, WIDTH as i32 - 4, (HEIGHT - room.bottom) as i32];
    // What matters most gets its label first.
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&index| {
        (
            !points[index].front,
            points[index].cell.id.variant != task.baseline,
            index,
        )
    });
    for index in order {
        let text = label(points[index].cell);
        if let Some(place) = labels.place(&text, 11.0, places[index], bounds) {
            plane.draw(&Text::new(
                text,
                place,
                anchored(11.0, ink::TEXT, HPos::Left, VPos::Center),
            ))?;
        }
    }
    Ok(())
}

/// The backends' marks, the front's line and the baseline's ring, in a row above the chart.
fn legend(plane: &Plane<'_>, backends: &[String]) -> Result<(), Trouble> {
    let style = anchored(12.0, ink::TEXT, HPos::Left, VPos::Center);
    let mut left = 70;
    let entry = |text: &str, left: &mut i32| -> Result<i32, Trouble> {
        let at = *left;
        plane.draw(&Text::new(text.to_owned(), (at + 14, 14), style.clone()))?;
        *left += 14 + super::canvas::width(text, 12.0).round() as i32 + 20;
        Ok(at)
    };
    for (index, backend) in backends.iter().enumerate() {
        let at = entry(&shortened(&plain(backend), 16), &mut left)?;
        draw_mark(plane, index, (at, 14))?;
    }
    let at = entry("Pareto front", &mut left)?;
    plane.draw(&PathElement::new(
        vec![(at - 8, 14), (at + 8, 14)],
        ink::FRONT.stroke_width(2),
    ))?;
    let at = entry("baseline", &mut left)?;
    plane.draw(&Circle::new((at, 14), MARK + 3, ink::BASELINE.stroke_width(2)))
}

fn data(points: &[Point<'_>], name: &str, unit: Unit) -> Data {
    let mut data = Data::new(&[
        "cell",
        name,
        "95 % interval",
        "accuracy (%)",
        "95 % interval (%)",
        "Pareto front",
    ]);
    for point in points {
        let cost_interval = point.cost_interval.map_or_else(
            || ABSENT.to_owned(),
            |interval| format!("{} to {}", unit.show(interval.low), unit.show(interval.high)),
        );
        let interval = point.accuracy.interval.map_or_else(
            || ABSENT.to_owned(),
            |interval| format!("{:.2} to {:.2}", interval.low * 100.0, interval.high * 100.0),
        );
        data.rows.push(vec![
            plain(&point.cell.id.to_string()),
            unit.show(point.cost),
            cost_interval,
            format!("{:.2}", point.accuracy.value * 100.0),
            interval,
            if point.front { "yes" } else { "no" }.to_owned(),
        ]);
    }
    data
}
