//! Which share of the inferences took at most how long: empirical distribution functions of the fastest cells.

use edgebench_record::{Cell, Record, TaskFacts};
use edgebench_stats::quantile;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, fitted, ink};
use super::id::id;
use super::marks::{Labels, MARK, draw_mark};
use super::name::{Name, cell_id, names, short};
use super::sampled::{Quantiles, emulation, p50, sorted, standing};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::text::counted;

const HEIGHT: u32 = 360;

/// The most curves: as many as there are shapes to tell them apart by.
const CURVES: usize = ink::SERIES;

/// Up to so many samples a curve is drawn as the steps that it is, and from there on by its quantiles.
const STEPS: usize = 50;

/// From so many samples on the slowest 0.5 % are left out of the drawing, and of its axis.
const CUT: usize = 1000;

/// Where each curve carries its mark.
const MARKED: [f64; 4] = [0.1, 0.5, 0.9, 0.99];

/// What the table holds.
const SHARES: [f64; 10] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/// How far from all other curves one must be where its name stands beside it.
const APART: i32 = 20;

const ROOM: Room = Room {
    left: 58,
    bottom: 46,
    top: 14,
    right: 218,
};

/// One cell's curve.
struct Curve<'a> {
    cell: &'a Cell,
    name: Name,
    baseline: bool,
    /// The median that tables give.
    median: Option<f64>,
    samples: Vec<f64>,
    /// [`SHARES`], each where the count supports it.
    quantiles: [Option<f64>; SHARES.len()],
}

impl Curve<'_> {
    /// From left to right: time, share.
    fn points(&self) -> Vec<(f64, f64)> {
        let n = self.samples.len();
        if n <= STEPS {
            let share = |count: usize| count as f64 / n as f64;
            let steps = self.samples.iter().enumerate();
            return steps
                .flat_map(|(index, &ns)| [(ns, share(index)), (ns, share(index + 1))])
                .collect();
        }
        let shares = [0.0, 0.001, 0.005].into_iter();
        let shares = shares.chain((1..=49).map(|n| f64::from(n) / 50.0 - 0.01));
        let shares = shares.chain([0.98, 0.985, 0.99, 0.995]);
        let shares = shares.chain((n < CUT).then_some(1.0));
        shares
            .filter_map(|share| Some((quantile(&self.samples, share)?, share)))
            .collect()
    }
}

/// The distribution functions of the fastest cells of a task and of its baseline.
pub fn ecdf(record: &Record, task: &TaskFacts) -> Option<Picture> {
    let mut cells = standing(record, task);
    let median = |cell: &Cell| p50(cell).map(|figure| figure.value);
    let place = |cell: &Cell| median(cell).unwrap_or(f64::INFINITY);
    cells.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let of = cells.len();
    let chosen = chosen(&cells, task);
    let supported = Quantiles::at(SHARES);
    let curves: Vec<Curve<'_>> = names(cells.iter().map(|cell| &cell.id))
        .into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(index, name)| {
            let samples = sorted(cells[index]);
            Curve {
                cell: cells[index],
                name,
                baseline: cells[index].id.variant == task.baseline,
                median: median(cells[index]),
                quantiles: supported.of(&samples),
                samples,
            }
        })
        .collect();
    let points: Vec<Vec<(f64, f64)>> = curves.iter().map(Curve::points).collect();
    let times = || points.iter().flatten().map(|point| point.0);
    let x = Axis::over("latency", Unit::Time, times().filter(|&ns| ns > 0.0))?
        .fitting(f64::from(WIDTH - ROOM.left - ROOM.right));
    let ticks = [0.0, 0.25, 0.5, 0.75, 0.9, 0.99];
    let y = Axis::linear("share of inferences (%)", Unit::Share, 0.0, 1.0)
        .ticked(ticks.map(|share| (share, Unit::Share.show(share))).to_vec());
    let title = format!("{}: share of inferences by latency", short(&task.id));
    let mut description = describe(&curves, of);
    description.extend(emulation(record).map(|words| format!(" {words}")));
    let id = id("ecdf", &[&task.id]);
    let svg = draw(&id, &title, &description, HEIGHT, |plane| {
        paint(plane, &x, &y, &curves, &points)
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&curves),
    })
}

/// Of cells in the order of their medians the first with samples, and among them the baseline variant's first.
fn chosen(cells: &[&Cell], task: &TaskFacts) -> Vec<usize> {
    let sampled = |cell: &Cell| cell.invocations.iter().any(|one| !one.samples_ns.is_empty());
    let all: Vec<usize> = (0..cells.len()).filter(|&index| sampled(cells[index])).collect();
    let mut chosen: Vec<usize> = all.iter().copied().take(CURVES).collect();
    let baseline = all.iter().find(|&&index| cells[index].id.variant == task.baseline);
    if let Some(&baseline) = baseline
        && !chosen.contains(&baseline)
    {
        chosen.pop();
        chosen.push(baseline);
    }
    chosen
}

fn describe(curves: &[Curve<'_>], of: usize) -> String {
    let mut words = vec![if of > curves.len() {
        format!("{} of {of} cells: {}.", curves.len(), taken(curves))
    } else if of == 1 {
        "1 cell.".to_owned()
    } else {
        format!("{of} cells, the one with the lowest median first.")
    }];
    let each: Vec<String> = curves
        .iter()
        .filter_map(|curve| {
            let [.., middle, _, p90, _, p99, _] = curve.quantiles;
            let half = format!("{} half within {}", curve.name.words(), Unit::Time.show(middle?));
            let more = [("90 %", p90), ("99 %", p99)]
                .into_iter()
                .filter_map(|(share, ns)| Some(format!("{share} within {}", Unit::Time.show(ns?))));
            Some(std::iter::once(half).chain(more).collect::<Vec<_>>().join(", "))
        })
        .collect();
    if !each.is_empty() {
        words.push(format!("Of all inferences of a cell together: {}.", each.join("; ")));
    }
    if curves.iter().any(|curve| curve.samples.len() >= CUT) {
        words.push(format!("Curves of {CUT} inferences or more are drawn up to 99.5 %."));
    }
    words.join(" ")
}

/// Which cells were taken of more.
fn taken(curves: &[Curve<'_>]) -> String {
    let first = |count: usize| match count {
        1 => "the one with the lowest median".to_owned(),
        n => format!("the {n} with the lowest medians"),
    };
    // The baseline is last where it was taken for being the baseline.
    let (last, others) = curves
        .split_last()
        .map_or((None, curves), |(last, others)| (Some(last), others));
    if last.is_some_and(|last| last.baseline) && !others.iter().any(|curve| curve.baseline) && !others.is_empty() {
        format!("{}, and the baseline's fastest", first(others.len()))
    } else {
        first(curves.len())
    }
}

fn paint(
    plane: &Plane<'_>,
    x: &Axis,
    y: &Axis,
    curves: &[Curve<'_>],
    points: &[Vec<(f64, f64)>],
) -> Result<(), Trouble> {
    let mut chart = chart(plane, ROOM, x, y)?;
    for (index, points) in points.iter().enumerate() {
        let line = points.iter().map(|&(ns, share)| (x.place(ns), y.place(share)));
        chart.draw_series(LineSeries::new(line, ink::series(index).stroke_width(2)))?;
    }
    let places: Vec<Vec<(i32, i32)>> = points
        .iter()
        .map(|points| {
            let placed = points.iter().map(|&(ns, share)| (x.place(ns), y.place(share)));
            placed.map(|place| chart.backend_coord(&place)).collect()
        })
        .collect();
    label(plane, curves, &places)?;
    for (index, curve) in curves.iter().enumerate() {
        for share in MARKED {
            if let Some(ns) = quantile(&curve.samples, share) {
                let at = chart.backend_coord(&(x.place(ns), y.place(share)));
                draw_mark(plane, index, at)?;
                if curve.baseline {
                    plane.draw(&Circle::new(at, MARK + 4, ink::BASELINE.stroke_width(2)))?;
                }
            }
        }
    }
    key(plane, curves)
}

/// Names beside the curves that stand apart from the others. Where curves run close together a name beside one could be
/// taken for another's: theirs are in the key alone.
fn label(plane: &Plane<'_>, curves: &[Curve<'_>], places: &[Vec<(i32, i32)>]) -> Result<(), Trouble> {
    if curves.len() < 2 {
        return Ok(());
    }
    let all: Vec<(i32, i32)> = places.iter().flatten().copied().collect();
    let mut labels = Labels::around(&all);
    let bounds = [
        ROOM.left as i32 + 4,
        ROOM.top as i32,
        (WIDTH - ROOM.right) as i32,
        (HEIGHT - ROOM.bottom) as i32 - 4,
    ];
    for (index, curve) in curves.iter().enumerate() {
        let name = curve.name.fitted(11.0, 130.0);
        let others = || places.iter().enumerate().filter(|(other, _)| *other != index);
        let close = |a: (i32, i32), b: (i32, i32)| (a.0 - b.0).abs() < APART && (a.1 - b.1).abs() < APART;
        let free = places[index]
            .iter()
            .rev()
            .filter(|&&at| others().all(|(_, other)| other.iter().all(|&place| !close(at, place))))
            .find_map(|&at| labels.place(&name, 11.0, at, bounds));
        if let Some(place) = free {
            let style = anchored(11.0, ink::TEXT, HPos::Left, VPos::Center);
            plane.draw(&Text::new(name, place, style))?;
        }
    }
    Ok(())
}

/// The curves' marks and names, from the fastest down as the curves stand from left to right.
fn key(plane: &Plane<'_>, curves: &[Curve<'_>]) -> Result<(), Trouble> {
    let left = (WIDTH - ROOM.right) as i32 + 22;
    let room = f64::from(ROOM.right) - 22.0 - 14.0 - 4.0;
    let name = anchored(12.0, ink::TEXT, HPos::Left, VPos::Center);
    let lesser = anchored(11.0, ink::MUTED, HPos::Left, VPos::Center);
    for (index, curve) in curves.iter().enumerate() {
        let y = 24 + 36 * index as i32;
        draw_mark(plane, index, (left, y))?;
        plane.draw(&Text::new(curve.name.fitted(12.0, room), (left + 14, y), name.clone()))?;
        let mut words = match curve.median {
            Some(median) => format!("median {}", Unit::Time.show(median)),
            None => counted(curve.samples.len(), "inference"),
        };
        if curve.baseline {
            words += ", baseline";
            plane.draw(&Circle::new((left, y), MARK + 4, ink::BASELINE.stroke_width(2)))?;
        }
        plane.draw(&Text::new(
            fitted(&words, 11.0, room),
            (left + 14, y + 15),
            lesser.clone(),
        ))?;
    }
    Ok(())
}

fn data(curves: &[Curve<'_>]) -> Data {
    let mut headers = ["cell", "median", "inferences"].map(str::to_owned).to_vec();
    headers.extend(SHARES.map(|share| format!("{} within", Unit::Share.show(share))));
    let rows = curves.iter().map(|curve| {
        let time = |ns: Option<f64>| ns.map_or_else(|| ABSENT.to_owned(), |ns| Unit::Time.show(ns));
        let mut row = vec![
            cell_id(&curve.cell.id),
            time(curve.median),
            curve.samples.len().to_string(),
        ];
        row.extend(curve.quantiles.map(time));
        row
    });
    Data {
        rows: rows.collect(),
        headers,
    }
}
