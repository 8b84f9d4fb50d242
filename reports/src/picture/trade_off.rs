//! Accuracy against what it costs: latency, size, memory and energy, with the Pareto front, the baseline and intervals.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_api::Settings;
use edgebench_record::{Cell, Direction, Figure, METRICS, Metric, Record, TaskFacts, figure};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, ink, width};
use super::id::id;
use super::legend::{Legend, Sign};
use super::marks::{Labels, MARK, draw_mark};
use super::sound::{cell_name, ends, failure, fraction, listed, positive};
use super::{Data, Picture};
use crate::ranking::{Rank, ranked};
use crate::text::{plain, shortened};

/// The height of the chart with its axes; the legend comes on top.
const CHART: u32 = 350;
const LABEL: f64 = 11.0;

/// One measured cell in the picture.
struct Point<'a> {
    cell: &'a Cell,
    cost: Figure,
    accuracy: Figure,
    front: bool,
}

/// What accuracy is drawn against.
struct Cost {
    metric: &'static Metric,
    name: &'static str,
    unit: Unit,
}

/// Accuracy against each cost of a task, for the cells whose figures stand.
pub fn trade_offs(record: &Record, task: &TaskFacts) -> Vec<Picture> {
    METRICS
        .iter()
        .filter_map(cost)
        .filter_map(|cost| trade_off(record, task, &cost))
        .collect()
}

/// Latency, size and memory, and whatever is counted in joules.
fn cost(metric: &'static Metric) -> Option<Cost> {
    let (name, unit) = match metric.id {
        "latency_p50" => ("median latency", Unit::Time),
        "model_bytes" => ("model size", Unit::Size),
        "rss_peak" => ("peak memory", Unit::Size),
        _ if metric.unit.ends_with('J') => (metric.meaning, Unit::Number),
        _ => return None,
    };
    Some(Cost { metric, name, unit })
}

fn trade_off(record: &Record, task: &TaskFacts, cost: &Cost) -> Option<Picture> {
    let cells = ranked(record, &task.id);
    let mut points = Vec::new();
    let mut left_out: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (rank, cell) in cells {
        let of = |metric: &str| figure(cell, metric);
        let found = (of(cost.metric.id).and_then(positive), of("accuracy").and_then(fraction));
        let why = match (rank, found) {
            (Rank::Out, _) => failure(cell)[0],
            (_, (Some(cost), Some(accuracy))) => {
                points.push(Point {
                    cell,
                    cost,
                    accuracy,
                    front: false,
                });
                continue;
            }
            (_, (_, None)) => "no accuracy",
            (_, (None, _)) => "too few samples for this figure",
        };
        left_out.entry(why).or_default().push(cell_name(&cell.id, false));
    }
    if points.len() < 2 {
        return None;
    }
    let figures: Vec<(f64, f64)> = points
        .iter()
        .map(|point| (point.cost.value, point.accuracy.value))
        .collect();
    for (point, unbeaten) in points.iter_mut().zip(front(&figures, cost.metric.direction)) {
        point.front = unbeaten;
    }
    let title = format!("{}: accuracy against {}", plain(&task.id), cost.name);
    let description = describe(&points, &left_out, task, cost);
    let id = id(&format!("trade-off-{}", super::slug(cost.metric.id)), &[&task.id]);
    let axis_title = match (cost.unit, cost.metric.unit) {
        (Unit::Number, unit) => format!("{} ({unit})", cost.name),
        _ => cost.name.to_owned(),
    };
    let x = Axis::over(
        &axis_title,
        cost.unit,
        points.iter().flat_map(|point| spread(point.cost)),
    )?;
    let y = Axis::over(
        &format!("{} (%)", plain(task.metric.as_deref().unwrap_or("accuracy"))),
        Unit::Share,
        points.iter().flat_map(|point| spread(point.accuracy)),
    )?;
    let backends = backends(&points);
    let legend = legend(&backends);
    let height = CHART + legend.height();
    let svg = draw(&id, &title, &description, height, |plane| {
        let room = Room {
            top: legend.height(),
            left: 72,
            ..Room::default()
        };
        legend.paint(plane)?;
        paint(plane, room, (&x, &y), &points, &backends, task)
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&points, cost),
    })
}

/// A value and the ends of its interval.
fn spread(figure: Figure) -> impl Iterator<Item = f64> {
    let ends = figure.interval.map(|interval| [interval.low, interval.high]);
    std::iter::once(figure.value).chain(ends.into_iter().flatten())
}

/// Which points (cost, accuracy) no other beats: none is as accurate at a better cost, or more accurate at the same. By
/// the figures themselves; what noise may have done to them, the intervals show.
fn front(points: &[(f64, f64)], direction: Direction) -> Vec<bool> {
    let cheaper = |a: f64, b: f64| match direction {
        Direction::Lower => a.total_cmp(&b),
        Direction::Higher => b.total_cmp(&a),
    };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| cheaper(points[a].0, points[b].0).then(points[b].1.total_cmp(&points[a].1)));
    let mut unbeaten = vec![false; points.len()];
    let mut last: Option<(f64, f64)> = None;
    for index in order {
        let here = points[index];
        if last.is_none_or(|last| here.1 > last.1 || here == last) {
            unbeaten[index] = true;
            last = Some(here);
        }
    }
    unbeaten
}

fn describe(points: &[Point<'_>], left_out: &BTreeMap<&str, Vec<String>>, task: &TaskFacts, cost: &Cost) -> String {
    let mut front: Vec<&Point<'_>> = points.iter().filter(|point| point.front).collect();
    front.sort_by(|a, b| a.cost.value.total_cmp(&b.cost.value));
    // A variant has the same size and accuracy on every backend.
    let alike = |a: &&Point<'_>, b: &&Point<'_>| {
        a.cell.id.variant == b.cell.id.variant && (a.cost.value, a.accuracy.value).eq(&(b.cost.value, b.accuracy.value))
    };
    let words: Vec<String> = front
        .chunk_by(alike)
        .map(|chunk| {
            let mut backends: Vec<String> = chunk.iter().map(|point| plain(&point.cell.id.backend)).collect();
            backends.sort();
            backends.dedup();
            format!(
                "{} on {} ({}, {:.1} %)",
                shortened(&plain(&chunk[0].cell.id.variant), 40),
                listed(&backends, 4),
                show(cost, chunk[0].cost.value),
                chunk[0].accuracy.value * 100.0
            )
        })
        .collect();
    let mut sentences = vec![
        format!(
            "{} cells. By their figures none is as accurate at a better {}, or more accurate at the same, than: {}.",
            points.len(),
            cost.name,
            words.join("; ")
        ),
        format!("The baseline variant is {}.", plain(&task.baseline)),
    ];
    if !left_out.is_empty() {
        let groups: Vec<String> = left_out
            .iter()
            .map(|(why, names)| format!("{} ({why}: {})", names.len(), listed(names, 3)))
            .collect();
        sentences.push(format!("Not drawn: {}.", groups.join("; ")));
    }
    sentences.join(" ")
}

/// A cost in words, with its unit.
fn show(cost: &Cost, value: f64) -> String {
    match cost.unit {
        Unit::Number => format!("{} {}", cost.unit.show(value), cost.metric.unit),
        unit => unit.show(value),
    }
}

/// The backends in the order of their names: the same shape in every picture of a task.
fn backends<'a>(points: &[Point<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = points.iter().map(|point| point.cell.id.backend.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn legend(backends: &[&str]) -> Legend {
    let marks = backends
        .iter()
        .enumerate()
        .map(|(index, name)| (Sign::Mark(index), shortened(&plain(name), 24)));
    let others = [(Sign::Front, "Pareto front (bold)"), (Sign::Ring, "baseline")];
    Legend::new(
        marks
            .chain(others.map(|(sign, words)| (sign, words.to_owned())))
            .collect(),
    )
}

/// The points of one variant that lie on one place, as a variant's do on several backends in everything but time.
struct Spot<'a> {
    place: (i32, i32),
    /// The backends' marks, side by side.
    series: Vec<usize>,
    members: Vec<&'a Point<'a>>,
}

impl Spot<'_> {
    /// How far the marks reach to either side of the place.
    fn reach(&self) -> i32 {
        (self.series.len() as i32 - 1) * (MARK + 1)
    }

    fn marks(&self) -> impl Iterator<Item = (usize, (i32, i32))> {
        let left = self.place.0 - self.reach();
        let step = 2 * (MARK + 1);
        let at = move |index: usize| (left + index as i32 * step, self.place.1);
        self.series
            .iter()
            .enumerate()
            .map(move |(index, &series)| (series, at(index)))
    }

    fn front(&self) -> bool {
        self.members.iter().any(|point| point.front)
    }

    /// The variant, with threads and batch where they differ in the picture and all points here have the same.
    fn label(&self, all: &[&Settings]) -> String {
        let first = &self.members[0].cell.id;
        let mut label = shortened(&plain(&first.variant), 24);
        let told = |of: fn(&Settings) -> usize| {
            let here = self
                .members
                .iter()
                .all(|point| of(&point.cell.id.settings) == of(&first.settings));
            here && all.iter().any(|other| of(other) != of(&first.settings))
        };
        if told(|settings| settings.threads) {
            let _ = write!(label, " t{}", first.settings.threads);
        }
        if told(|settings| settings.batch) {
            let _ = write!(label, " b{}", first.settings.batch);
        }
        label
    }
}

fn spots<'a>(points: &'a [Point<'a>], places: &[(i32, i32)], backends: &[&str]) -> Vec<Spot<'a>> {
    let mut spots: Vec<Spot<'a>> = Vec::new();
    for (point, &place) in points.iter().zip(places) {
        let near = |spot: &&mut Spot<'_>| {
            spot.members[0].cell.id.variant == point.cell.id.variant
                && (spot.place.0 - place.0).abs() <= 2
                && (spot.place.1 - place.1).abs() <= 2
        };
        let series = backends
            .iter()
            .position(|name| *name == point.cell.id.backend)
            .unwrap_or_default();
        if let Some(spot) = spots.iter_mut().find(near) {
            spot.members.push(point);
            if let Err(index) = spot.series.binary_search(&series) {
                spot.series.insert(index, series);
            }
        } else {
            spots.push(Spot {
                place,
                series: vec![series],
                members: vec![point],
            });
        }
    }
    spots
}

fn paint(
    plane: &Plane<'_>,
    room: Room,
    (x, y): (&Axis, &Axis),
    points: &[Point<'_>],
    backends: &[&str],
    task: &TaskFacts,
) -> Result<(), Trouble> {
    let mut chart = chart(plane, room, x, y)?;
    let at = |point: &Point<'_>| (x.place(point.cost.value), y.place(point.accuracy.value));
    let places: Vec<(i32, i32)> = points.iter().map(|point| chart.backend_coord(&at(point))).collect();
    let spots = spots(points, &places, backends);
    let marks: Vec<(i32, i32)> = spots.iter().flat_map(Spot::marks).map(|(_, place)| place).collect();
    let mut labels = Labels::around(&marks);

    let mut lines: Vec<[(f64, f64); 2]> = points
        .iter()
        .flat_map(|point| whiskers(point, at(point), (x, y)))
        .collect();
    // Points of one variant share their accuracy's interval where they share their place.
    lines.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    lines.dedup();
    for line in lines {
        chart.draw_series([PathElement::new(line.to_vec(), ink::MUTED.mix(0.5).stroke_width(1))])?;
        labels.avoid(chart.backend_coord(&line[0]), chart.backend_coord(&line[1]));
    }
    let mut front: Vec<(f64, f64)> = points.iter().filter(|point| point.front).map(at).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    // A step: between two points of the front, only the cheaper one's accuracy can be had.
    let steps: Vec<(f64, f64)> = front
        .windows(2)
        .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)])
        .chain(front.last().copied())
        .collect();
    for pair in steps.windows(2) {
        labels.avoid(chart.backend_coord(&pair[0]), chart.backend_coord(&pair[1]));
    }
    chart.draw_series(LineSeries::new(steps, ink::FRONT.stroke_width(2)))?;
    for spot in &spots {
        if spot.members[0].cell.id.variant == task.baseline {
            ring(plane, spot)?;
        }
        for (series, place) in spot.marks() {
            draw_mark(plane, series, place)?;
        }
    }
    label_spots(plane, room, &spots, &mut labels, task)
}

/// A point's intervals as lines, the accuracy's and the cost's.
fn whiskers(point: &Point<'_>, (px, py): (f64, f64), (x, y): (&Axis, &Axis)) -> impl Iterator<Item = [(f64, f64); 2]> {
    let up = point
        .accuracy
        .interval
        .map(|interval| [(px, y.place(interval.low)), (px, y.place(interval.high))]);
    let along = point
        .cost
        .interval
        .map(|interval| [(x.place(interval.low), py), (x.place(interval.high), py)]);
    up.into_iter().chain(along)
}

/// A ring around the mark of the baseline, or a frame around several.
fn ring(plane: &Plane<'_>, spot: &Spot<'_>) -> Result<(), Trouble> {
    let (style, around) = (ink::BASELINE.stroke_width(2), MARK + 4);
    if spot.series.len() == 1 {
        return plane.draw(&Circle::new(spot.place, around, style));
    }
    let (across, (x, y)) = (around + spot.reach(), spot.place);
    let [left, right, top, bottom] = [x - across, x + across, y - around, y + around];
    let frame = vec![
        (left, top),
        (right, top),
        (right, bottom),
        (left, bottom),
        (left, top - 1),
    ];
    plane.draw(&PathElement::new(frame, style))
}

/// One label a spot, what matters most first; those without room are left to the table.
fn label_spots(
    plane: &Plane<'_>,
    room: Room,
    spots: &[Spot<'_>],
    labels: &mut Labels,
    task: &TaskFacts,
) -> Result<(), Trouble> {
    let settings: Vec<&Settings> = spots
        .iter()
        .flat_map(|spot| &spot.members)
        .map(|point| &point.cell.id.settings)
        .collect();
    let bottom = plane.dim_in_pixel().1 - room.bottom;
    let bounds = [room.left as i32 + 4, room.top as i32, WIDTH as i32 - 4, bottom as i32];
    let mut order: Vec<&Spot<'_>> = spots.iter().collect();
    order.sort_by_key(|spot| (!spot.front(), spot.members[0].cell.id.variant != task.baseline));
    for spot in order {
        let text = spot.label(&settings);
        // Bold letters are wider.
        let size = if spot.front() { LABEL * 1.12 } else { LABEL };
        let Some((left, middle)) = labels.place_around(&text, size, spot.place, spot.reach() + 3, bounds) else {
            continue;
        };
        let (right, half) = (left + width(&text, size).ceil() as i32, 6);
        plane.draw(&Rectangle::new(
            [(left - 1, middle - half), (right, middle + half)],
            ink::PAPER.mix(0.8).filled(),
        ))?;
        let mut style = anchored(LABEL, ink::TEXT, HPos::Left, VPos::Center);
        if spot.front() {
            style.font = style.font.style(FontStyle::Bold);
        }
        plane.draw(&Text::new(text, (left, middle), style))?;
    }
    Ok(())
}

fn data(points: &[Point<'_>], cost: &Cost) -> Data {
    let mut data = Data::new(&[
        "cell",
        cost.name,
        "95 % interval",
        "accuracy (%)",
        "95 % interval (%)",
        "Pareto front",
    ]);
    for point in points {
        data.rows.push(vec![
            plain(&point.cell.id.to_string()),
            show(cost, point.cost.value),
            ends(point.cost.interval, |end| show(cost, end)),
            format!("{:.2}", point.accuracy.value * 100.0),
            ends(point.accuracy.interval, |end| format!("{:.2}", end * 100.0)),
            if point.front { "yes" } else { "no" }.to_owned(),
        ]);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_ties_and_nothing_that_is_beaten() {
        let points = [
            (1.0, 0.8),
            (1.0, 0.8),
            (1.0, 0.7),
            (2.0, 0.8),
            (2.0, 0.9),
            (3.0, 0.9),
            (0.5, 0.1),
        ];
        assert_eq!(
            front(&points, Direction::Lower),
            [true, true, false, false, true, false, true]
        );
        assert_eq!(
            front(&points, Direction::Higher),
            [false, false, false, false, false, true, false]
        );
    }
}
