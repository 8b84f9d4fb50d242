//! Accuracy against what it costs: latency, size, memory, energy or its proxies, with the Pareto front, the baseline and intervals.

use std::collections::BTreeMap;

use edgebench_record::{Cell, Figure, METRICS, Metric, Record, TaskFacts, figure};
use plotters::prelude::*;

use super::axis::{Axis, Unit};
use super::batches::{batches, suffix};
use super::canvas::{Plane, Room, Trouble, chart, draw, ink};
use super::front::front;
use super::id::id;
use super::legend::{Legend, Sign};
use super::marks::{Labels, draw_mark};
use super::name::{Name, cell_id, listed, names, short};
use super::sampled::emulation;
use super::sound::{ends, failure, fraction, measured, spread};
use super::spots::{Spot, label_spots, ring, spots};
use super::{Data, Picture};
use crate::ranking::{Rank, ranked};
use crate::text::{counted, plain, shortened};

/// The height of the chart with its axes; the legend comes on top.
const CHART: u32 = 350;

/// At most so many cells are drawn: more would hide each other.
const MOST_POINTS: usize = 300;

/// The most of the front, and of the reasons to leave cells out, that the description names.
const MOST_NAMED: usize = 12;

/// One measured cell in the picture.
pub(super) struct Point<'a> {
    pub(super) cell: &'a Cell,
    name: Name,
    cost: Figure,
    accuracy: Figure,
    pub(super) front: bool,
}

/// Cells that are not drawn, by the reason.
type LeftOut = BTreeMap<String, Vec<String>>;

/// What accuracy is drawn against.
struct Cost {
    metric: &'static Metric,
    name: &'static str,
    unit: Unit,
}

/// Accuracy against each cost of a task, for the cells whose figures stand. What an inference of a batch takes has a
/// picture for each batch size. Proxies are drawn where no cell has measured energy.
pub fn trade_offs(record: &Record, task: &TaskFacts) -> Vec<Picture> {
    let cells = ranked(record, &task.id);
    let (sizes, more) = batches(cells.iter().map(|(_, cell)| cell.id.settings.batch));
    let mut pictures = Vec::new();
    // What stands in for energy is of no use beside it.
    let energy = |(rank, cell): &(Rank, &Cell)| *rank != Rank::Out && figure(cell, "energy").is_some();
    let has_energy = cells.iter().any(energy);
    for cost in METRICS.iter().filter_map(cost) {
        if cost.unit == Unit::Proxy && has_energy {
            continue;
        }
        let of_batch = matches!(cost.unit, Unit::Time | Unit::Energy | Unit::Proxy);
        if of_batch && (sizes.len() > 1 || more) {
            let with_batch = |&size: &usize| {
                let alike = |(_, cell): &&(Rank, &Cell)| cell.id.settings.batch == size;
                let cells: Vec<_> = cells.iter().filter(alike).copied().collect();
                trade_off(record, &cells, task, &cost, Some(size))
            };
            pictures.extend(sizes.iter().filter_map(with_batch));
        } else {
            pictures.extend(trade_off(record, &cells, task, &cost, None));
        }
    }
    pictures
}

/// Latency, size, memory and energy, and what stands in for energy.
fn cost(metric: &'static Metric) -> Option<Cost> {
    let (name, unit) = match metric.id {
        "energy" => ("energy per inference", Unit::Energy),
        "energy_net" => ("energy per inference net of idle", Unit::Energy),
        "processor_proxy" => ("processor proxy", Unit::Proxy),
        "operations_proxy" => ("operations proxy", Unit::Proxy),
        "latency_p50" => ("median latency", Unit::Time),
        "model_bytes" => ("model size", Unit::Size),
        "rss_peak" => ("peak memory", Unit::Size),
        _ => return None,
    };
    Some(Cost { metric, name, unit })
}

fn trade_off(
    record: &Record,
    cells: &[(Rank, &Cell)],
    task: &TaskFacts,
    cost: &Cost,
    batch: Option<usize>,
) -> Option<Picture> {
    let (mut points, left_out) = points(cells, cost);
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
    // What matters most is drawn where there are too many, in the order of the ranking.
    points.sort_by_key(|point| (!point.front, point.cell.id.variant != task.baseline));
    let drawn = &points[..points.len().min(MOST_POINTS)];
    let title = format!("{}: accuracy against {}{}", short(&task.id), cost.name, suffix(batch));
    let mut description = describe(&points, drawn.len(), &left_out, task, cost);
    if cost.unit == Unit::Proxy {
        description.push_str(" A proxy ranks; it is no energy.");
    }
    if matches!(cost.metric.id, "latency_p50" | "rss_peak" | "processor_proxy") || cost.unit == Unit::Energy {
        description.extend(emulation(record).map(|words| format!(" {words}")));
    }
    let id = id(
        &format!("trade-off-{}", super::slug(cost.metric.id)),
        &[&task.id, &suffix(batch)],
    );
    let x = Axis::over(cost.name, cost.unit, drawn.iter().flat_map(|point| spread(point.cost)))?;
    let y = Axis::over(
        &format!("{} (%)", short(task.metric.as_deref().unwrap_or("accuracy"))),
        Unit::Share,
        drawn.iter().flat_map(|point| spread(point.accuracy)),
    )?;
    let backends = backends(drawn);
    let legend = legend(&backends);
    let height = CHART + legend.height();
    let svg = draw(&id, &title, &description, height, |plane| {
        let room = Room {
            top: legend.height(),
            left: 72,
            ..Room::default()
        };
        legend.paint(plane)?;
        paint(plane, room, (&x, &y), drawn, &backends, task)
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&points, cost),
    })
}

/// The cells that have both figures, and the others by what they lack. An accuracy over other samples than that of the
/// most cells is not held against theirs.
fn points<'a>(cells: &[(Rank, &'a Cell)], cost: &Cost) -> (Vec<Point<'a>>, LeftOut) {
    let usual = usual_samples(cells);
    let mut points = Vec::new();
    let mut left_out = LeftOut::new();
    for ((rank, cell), name) in cells.iter().zip(names(cells.iter().map(|(_, cell)| &cell.id))) {
        let accuracy = cell.accuracy.as_ref();
        let other = accuracy.filter(|accuracy| Some(accuracy.samples) != usual);
        let value = figure(cell, "accuracy").and_then(fraction);
        let why = match (rank, measured(cell, cost.metric.id), value, other) {
            (Rank::Out, ..) => failure(cell)[0].to_owned(),
            (_, Some(cost), Some(accuracy), None) => {
                points.push(Point {
                    cell,
                    name,
                    cost,
                    accuracy,
                    front: false,
                });
                continue;
            }
            (_, _, Some(_), Some(other)) => {
                format!("accuracy on {} of {} samples", other.samples, other.of_samples)
            }
            (_, _, None, _) => "no accuracy".to_owned(),
            (_, None, ..) if cost.unit == Unit::Time => "too few samples for this figure".to_owned(),
            (_, None, ..) => format!("no {}", cost.name),
        };
        left_out.entry(why).or_default().push(name.words());
    }
    (points, left_out)
}

/// Over how many samples most accuracies are; of counts that are as frequent, the largest.
fn usual_samples(cells: &[(Rank, &Cell)]) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let standing = cells.iter().filter(|(rank, _)| *rank != Rank::Out);
    for accuracy in standing.filter_map(|(_, cell)| cell.accuracy.as_ref()) {
        *counts.entry(accuracy.samples).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|&(samples, count)| (count, samples));
    most.map(|(samples, _)| samples)
}

fn describe(points: &[Point<'_>], drawn: usize, left_out: &LeftOut, task: &TaskFacts, cost: &Cost) -> String {
    let mut front: Vec<&Point<'_>> = points.iter().filter(|point| point.front).collect();
    front.sort_by(|a, b| a.cost.value.total_cmp(&b.cost.value));
    // A variant has the same size and accuracy on every backend.
    let alike = |a: &&Point<'_>, b: &&Point<'_>| {
        a.cell.id.variant == b.cell.id.variant && (a.cost.value, a.accuracy.value).eq(&(b.cost.value, b.accuracy.value))
    };
    let words: Vec<String> = front
        .chunk_by(alike)
        .map(|chunk| {
            let mut places: Vec<String> = chunk.iter().map(|point| point.name.place.clone()).collect();
            places.sort();
            places.dedup();
            format!(
                "{} on {} ({}, {:.1} %)",
                chunk[0].name.variant,
                listed(&places, 4),
                show(cost, chunk[0].cost.value),
                chunk[0].accuracy.value * 100.0
            )
        })
        .collect();
    let named = words[..words.len().min(MOST_NAMED)].join("; ");
    let more = match words.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    let mut sentences = vec![
        format!(
            "{}. By their figures none is as accurate at a better {}, or more accurate at the same, than: {named}{more}.",
            counted(points.len(), "cell"),
            cost.name,
        ),
        format!("The baseline variant is {}.", short(&task.baseline)),
    ];
    if drawn < points.len() {
        sentences.push(format!(
            "Drawn are {drawn} of them: the front, the baseline and then the first of the ranking, not all with a label; \
             the table holds all."
        ));
    }
    if !left_out.is_empty() {
        let groups: Vec<String> = left_out
            .iter()
            .map(|(why, names)| format!("{} ({why}: {})", names.len(), listed(names, 3)))
            .collect();
        sentences.push(format!(
            "Not drawn: {}.",
            groups[..groups.len().min(MOST_NAMED)].join("; ")
        ));
    }
    sentences.join(" ")
}

/// A cost in words, with its unit.
fn show(cost: &Cost, value: f64) -> String {
    cost.unit.show(value)
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
    label_spots(plane, room, &spots, &mut labels, &task.baseline)
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
            cell_id(&point.cell.id),
            show(cost, point.cost.value),
            ends(point.cost.interval, |end| show(cost, end)),
            format!("{:.2}", point.accuracy.value * 100.0),
            ends(point.accuracy.interval, |end| format!("{:.2}", end * 100.0)),
            if point.front { "yes" } else { "no" }.to_owned(),
        ]);
    }
    data
}
