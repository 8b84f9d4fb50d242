//! A cell's operators under the roofs of the machine.

use edgebench_api::{MemoryLevel, Peaks};
use edgebench_record::{Operator, ProfileRecord, ProfiledCell};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::words::{ending, large, operator_name, percent};
use crate::columns::ABSENT;
use crate::picture::axis::{Axis, Unit};
use crate::picture::canvas::{Chart, Plane, Room, Trouble, WIDTH, anchored, chart, draw, fitted, ink, width};
use crate::picture::id::id;
use crate::picture::legend::{Legend, Sign};
use crate::picture::marks::Labels;
use crate::picture::name::{cell_id, listed, short};
use crate::picture::{Data, Picture};
use crate::profile::text::{kind_name, level_name};
use crate::profile::{BEYOND, BoundClass, DerivedCell, NoRoof, OperatorRoof, peaks_for};
use crate::text::counted;

/// The height of the chart with its axes; the legend comes on top.
const CHART: u32 = 380;
/// Operators that are drawn, that are labelled, and that the table holds.
const DRAWN: usize = 300;
const LABELLED: usize = 8;
const ROWS: usize = 60;
const LABEL: f64 = 11.0;
/// A rate beyond this is damaged, not large.
const LARGEST: f64 = 1e18;

/// An operator with a place in the picture.
struct Point<'a> {
    operator: &'a Operator,
    roof: OperatorRoof,
    share: f64,
    x: f64,
    y: f64,
}

/// A roof: a highest rate, or the rates that a bandwidth allows.
struct Roof {
    /// The kind of arithmetic, or the level of memory.
    name: &'static str,
    /// The instructions in brackets; empty for memory.
    by: String,
    figure: String,
    per_s: f64,
}

/// A cell's operators under the roofs.
///
/// # Errors
/// A sentence that says why there is no picture.
pub(super) fn roofline(record: &ProfileRecord, cell: &ProfiledCell, derived: &DerivedCell) -> Result<Picture, String> {
    let no_peaks = || match &record.no_peaks {
        Some(why) if !short(why).is_empty() => format!("No roofline: {}.", short(why).trim_end_matches('.')),
        _ => format!("No roofline: {}.", NoRoof::Peaks.words()),
    };
    let operators = cell
        .profile
        .as_ref()
        .map(|profile| profile.operators.as_slice())
        .unwrap_or_default();
    let peaks = peaks_for(record, cell).ok_or_else(no_peaks)?;
    let (points, left_out) = points(operators, derived);
    let (compute, memory) = (compute_roofs(peaks), memory_roofs(peaks));
    if compute.is_empty() || memory.is_empty() {
        return Err("No roofline: no rate or no bandwidth of this machine is known.".to_owned());
    }
    if points.is_empty() {
        return Err(format!(
            "No roofline: no operator has a place under the roofs ({}).",
            reasons(&left_out)
        ));
    }
    let title = |name: &str| format!("{name}: operators under the machine's roofs");
    let description = describe(&points, &left_out, peaks.threads);
    let id = id("roofline", &[&cell.id.to_string()]);
    let picture = || {
        let (x, y) = axes(&points, &compute, &memory)?;
        let legend = legend(&points);
        let height = CHART + legend.height();
        let name = title(&short(&cell.id.to_string()));
        draw(&id, &name, &description, height, |plane| {
            legend.paint(plane)?;
            paint(plane, legend.height(), (&x, &y), (&compute, &memory), &points)
        })
    };
    let svg = picture().ok_or_else(|| "No roofline: its figures cannot be drawn.".to_owned())?;
    Ok(Picture {
        id,
        title: title(&cell_id(&cell.id)),
        svg,
        data: data(&points, &compute, &memory),
        description,
    })
}

/// Operators with a place, the longest first, and the reasons why others have none with how many.
fn points<'a>(operators: &'a [Operator], derived: &DerivedCell) -> (Vec<Point<'a>>, Vec<(&'static str, usize)>) {
    let mut points = Vec::new();
    let mut left_out: Vec<(&'static str, usize)> = Vec::new();
    let drawable = |value: f64| (1e-12..LARGEST).contains(&value);
    for &place in &derived.by_time {
        let facts = &derived.operators[place];
        let why = match (facts.roof, facts.no_roof) {
            (None, reason) => reason.unwrap_or(NoRoof::Peaks).words(),
            (Some(roof), _) => match (roof.macs_per_byte, roof.macs_per_s) {
                (Some(x), Some(y)) if drawable(x) && drawable(y) => {
                    points.push(Point {
                        operator: &operators[place],
                        roof,
                        share: facts.share.unwrap_or(0.0),
                        x,
                        y,
                    });
                    continue;
                }
                _ => "without multiply-accumulates",
            },
        };
        match left_out.iter_mut().find(|(other, _)| *other == why) {
            Some((_, count)) => *count += 1,
            None => left_out.push((why, 1)),
        }
    }
    (points, left_out)
}

fn reasons(left_out: &[(&'static str, usize)]) -> String {
    let words = left_out.iter().map(|(why, count)| format!("{count}: {why}"));
    words.collect::<Vec<_>>().join("; ")
}

/// The highest rate of each kind, the highest first.
fn compute_roofs(peaks: &Peaks) -> Vec<Roof> {
    let mut rates: Vec<_> = peaks
        .compute
        .iter()
        .filter(|rate| (1.0..LARGEST).contains(&rate.macs_per_s))
        .collect();
    rates.sort_by(|a, b| b.macs_per_s.total_cmp(&a.macs_per_s));
    let mut seen = std::collections::BTreeSet::new();
    rates.retain(|rate| seen.insert(rate.kind));
    let roof = |rate: &edgebench_api::ComputeRate| Roof {
        name: kind_name(rate.kind),
        by: format!(" ({})", short(&rate.instructions)),
        figure: format!("{}MAC/s", large(rate.macs_per_s)),
        per_s: rate.macs_per_s,
    };
    rates.into_iter().map(roof).collect()
}

/// The faster of reading and the triad at each level, the nearest level first.
fn memory_roofs(peaks: &Peaks) -> Vec<Roof> {
    let mut roofs: Vec<(MemoryLevel, f64)> = Vec::new();
    for one in &peaks.bandwidth {
        let rates = [one.read_bytes_per_s, one.triad_bytes_per_s];
        let fastest = rates
            .into_iter()
            .filter(|rate| (1.0..LARGEST).contains(rate))
            .reduce(f64::max);
        match (fastest, roofs.iter_mut().find(|(level, _)| *level == one.level)) {
            (Some(rate), Some((_, known))) => *known = known.max(rate),
            (Some(rate), None) => roofs.push((one.level, rate)),
            (None, _) => {}
        }
    }
    roofs.sort_by_key(|(level, _)| *level);
    let roof = |(level, per_s): (MemoryLevel, f64)| Roof {
        name: level_name(level),
        by: String::new(),
        figure: format!("{}B/s", large(per_s)),
        per_s,
    };
    roofs.into_iter().map(roof).collect()
}

/// Both axes hold all operators, and the places where a bandwidth comes to a rate.
fn axes(points: &[Point<'_>], compute: &[Roof], memory: &[Roof]) -> Option<(Axis, Axis)> {
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let ridges = compute
        .iter()
        .flat_map(|rate| memory.iter().map(move |bandwidth| rate.per_s / bandwidth.per_s));
    let (left, right) = range(&mut points.iter().map(|point| point.x).chain(ridges));
    let rates = compute.iter().map(|roof| roof.per_s);
    let (bottom, top) = range(&mut points.iter().map(|point| point.y).chain(rates));
    if !(left > 0.0 && bottom > 0.0) {
        return None;
    }
    let axis = |title: &str, low: f64, high: f64| {
        let axis = Axis::log(title, Unit::Number, low, high);
        let words = |(place, _): &(f64, String)| (*place, large(10_f64.powf(*place)));
        let ticks = axis.ticks().iter().map(words).collect();
        axis.ticked(ticks)
    };
    Some((
        axis("multiply-accumulates per byte read or written", left / 2.0, right * 2.0).fitting(f64::from(WIDTH) - 90.0),
        axis("multiply-accumulates per second", bottom / 2.0, top * 1.5),
    ))
}

const CLASSES: [BoundClass; 3] = [BoundClass::Compute, BoundClass::Memory, BoundClass::Overhead];

fn series(class: BoundClass) -> usize {
    match class {
        BoundClass::Compute => 0,
        BoundClass::Memory => 1,
        BoundClass::Overhead => 2,
    }
}

fn legend(points: &[Point<'_>]) -> Legend {
    let present = |class: &BoundClass| points.iter().any(|point| point.roof.class == *class);
    let marks = CLASSES.into_iter().filter(present).map(|class| {
        let words = match class {
            BoundClass::Compute => "bound by compute",
            BoundClass::Memory => "bound by memory",
            BoundClass::Overhead => "bound by neither: overhead",
        };
        (Sign::Mark(series(class)), words.to_owned())
    });
    Legend::new(marks.chain([(Sign::Front, "roof".to_owned())]).collect())
}

fn paint(
    plane: &Plane<'_>,
    top: u32,
    (x, y): (&Axis, &Axis),
    (compute, memory): (&[Roof], &[Roof]),
    points: &[Point<'_>],
) -> Result<(), Trouble> {
    let room = Room {
        top,
        left: 72,
        ..Room::default()
    };
    let mut chart = chart(plane, room, x, y)?;
    let highest = compute.first().map_or(0.0, |roof| roof.per_s.log10());
    let fastest = memory.iter().map(|roof| roof.per_s).fold(0.0, f64::max).log10();
    let bottom = plane.dim_in_pixel().1 - room.bottom;
    let bounds = [room.left as i32 + 4, room.top as i32, WIDTH as i32 - 4, bottom as i32];

    let drawn = &points[..points.len().min(DRAWN)];
    let places: Vec<(i32, i32)> = drawn
        .iter()
        .map(|point| chart.backend_coord(&(x.place(point.x), y.place(point.y))))
        .collect();
    let mut labels = Labels::around(&places);
    let mut flats = Vec::new();
    for roof in compute {
        let line = flat(&mut chart, (x, y), roof, roof.per_s.log10() - fastest)?;
        labels.avoid(line[0], line[1]);
        flats.push((roof, line));
    }
    let mut begins = Vec::new();
    for roof in memory {
        if let Some(line) = slope(&mut chart, (x, y), roof, highest)? {
            along(line, |step| labels.avoid(step, step));
            begins.push((format!("{} {}", roof.name, roof.figure), line[0]));
        }
    }
    // The lines are all there before the first name, which hides what is behind it.
    for (roof, line) in flats {
        let brief = format!("{} {}", roof.name, roof.figure);
        let whole = fitted(&format!("{brief}{}", roof.by), LABEL, 300.0);
        for words in [whole, brief] {
            if let Some(at) = on_line(&mut labels, &words, line) {
                write(plane, words, at, ink::MUTED)?;
                break;
            }
        }
    }
    for (words, begin) in begins {
        if let Some(at) = labels.place_around(&words, LABEL, begin, 8, bounds) {
            write(plane, words, at, ink::MUTED)?;
        }
    }
    // The longest on top of the others.
    for (point, &place) in drawn.iter().zip(&places).rev() {
        mark(plane, point, place)?;
    }
    for (point, &place) in drawn.iter().zip(&places).take(LABELLED) {
        let words = ending(&operator_name(point.operator), LABEL, 190.0);
        if let Some(at) = labels.place_around(&words, LABEL, place, 5, bounds) {
            write(plane, words, at, ink::TEXT)?;
        }
    }
    Ok(())
}

/// A name at the left end of its middle line, on paper of its own.
fn write(plane: &Plane<'_>, words: String, (left, middle): (i32, i32), colour: RGBColor) -> Result<(), Trouble> {
    let right = left + width(&words, LABEL).ceil() as i32;
    let behind = [(left - 2, middle - 7), (right + 2, middle + 7)];
    plane.draw(&Rectangle::new(behind, ink::PAPER.filled()))?;
    let style = anchored(LABEL, colour, HPos::Left, VPos::Center);
    plane.draw(&Text::new(words, (left, middle), style))
}

/// Places along a line, near enough to each other that no label is between two.
fn along([(x0, y0), (x1, y1)]: [(i32, i32); 2], mut visit: impl FnMut((i32, i32))) {
    let steps = (x1 - x0).abs().max((y1 - y0).abs()) / 4 + 1;
    for step in 0..=steps {
        visit((x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps));
    }
}

/// The left end of a roof's name on its own line, as far to the right as there is room between marks and other names. Roofs
/// may be so near each other that above their lines the names would lie on each other.
fn on_line(labels: &mut Labels, words: &str, [begin, end]: [(i32, i32); 2]) -> Option<(i32, i32)> {
    let last = end.0 - width(words, LABEL).ceil() as i32 - 8;
    let places = (begin.0..=last).rev().step_by(8);
    places
        .map(|left| (left, end.1))
        .find(|&at| labels.take(words, LABEL, at))
}

/// A highest rate: flat from where the fastest level of memory allows it. Its ends in the picture.
fn flat(chart: &mut Chart<'_, '_>, (x, y): (&Axis, &Axis), roof: &Roof, from: f64) -> Result<[(i32, i32); 2], Trouble> {
    let (left, right) = x.ends();
    let at = y.place(roof.per_s);
    let line = [(from.clamp(left, right), at), (right, at)];
    chart.draw_series([PathElement::new(line.to_vec(), ink::FRONT.stroke_width(2))])?;
    Ok(line.map(|place| chart.backend_coord(&place)))
}

/// What a bandwidth allows: up to the highest rate. Its ends; `None` where it is not in the picture.
fn slope(
    chart: &mut Chart<'_, '_>,
    (x, y): (&Axis, &Axis),
    roof: &Roof,
    highest: f64,
) -> Result<Option<[(i32, i32); 2]>, Trouble> {
    let rate = roof.per_s.log10();
    let ((left, right), (bottom, _)) = (x.ends(), y.ends());
    let from = left.max(bottom - rate);
    let to = right.min(highest - rate);
    if from >= to {
        return Ok(None);
    }
    let line = [(from, rate + from), (to, rate + to)];
    chart.draw_series([PathElement::new(line.to_vec(), ink::FRONT.stroke_width(1))])?;
    Ok(Some(line.map(|place| chart.backend_coord(&place))))
}

/// The mark of an operator: its shape tells the class, its area the share of the time.
fn mark(plane: &Plane<'_>, point: &Point<'_>, (x, y): (i32, i32)) -> Result<(), Trouble> {
    let style = ink::series(series(point.roof.class)).mix(0.75).filled();
    let r = (3.0 + 9.0 * point.share.clamp(0.0, 1.0).sqrt()).round() as i32;
    match point.roof.class {
        BoundClass::Compute => plane.draw(&Circle::new((x, y), r, style)),
        BoundClass::Memory => plane.draw(&Polygon::new(
            vec![(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)],
            style,
        )),
        BoundClass::Overhead => {
            let r = r - 1;
            plane.draw(&Polygon::new(
                vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
                style,
            ))
        }
    }
}

fn describe(points: &[Point<'_>], left_out: &[(&'static str, usize)], threads: usize) -> String {
    let of = |class: BoundClass| {
        let of_class = || points.iter().filter(move |point| point.roof.class == class);
        let share = percent(of_class().map(|point| point.share).sum());
        (
            of_class().count(),
            format!("{} {} ({share} of the time)", of_class().count(), class.name()),
        )
    };
    let classes: Vec<String> = CLASSES
        .map(of)
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(_, words)| words)
        .collect();
    let mut words = vec![format!(
        "{} against what this machine reached at most with {}, both axes logarithmic; the larger a mark, the more of the \
         time. By what bounds them: {}.",
        counted(points.len(), "operator"),
        counted(threads, "thread"),
        classes.join(", ")
    )];
    let above: Vec<String> = points
        .iter()
        .filter(|point| point.roof.reached > 1.0)
        .map(|point| operator_name(point.operator))
        .collect();
    if !above.is_empty() {
        words.push(format!(
            "Above their roof, by no more than {:.0} %: {}.",
            (BEYOND - 1.0) * 100.0,
            listed(&above, 4)
        ));
    }
    if points.len() > DRAWN {
        words.push(format!("Drawn are the {DRAWN} longest."));
    }
    if !left_out.is_empty() {
        words.push(format!("Not drawn: {}.", reasons(left_out)));
    }
    words.join(" ")
}

fn data(points: &[Point<'_>], compute: &[Roof], memory: &[Roof]) -> Data {
    let mut data = Data::new(&[
        "what",
        "MAC per byte",
        "MAC/s",
        "B/s",
        "bound by",
        "of its roof",
        "share of the time",
    ]);
    let absent = || ABSENT.to_owned();
    let mut row = |what: &str, words: [String; 6]| {
        let mut row = vec![what.to_owned()];
        row.extend(words);
        data.rows.push(row);
    };
    for roof in compute {
        let rate = large(roof.per_s);
        row(
            &format!("roof: {}{}", roof.name, roof.by),
            [absent(), rate, absent(), absent(), absent(), absent()],
        );
    }
    for roof in memory {
        let rate = large(roof.per_s);
        row(
            &format!("roof: {}", roof.name),
            [absent(), absent(), rate, absent(), absent(), absent()],
        );
    }
    for point in &points[..points.len().min(ROWS)] {
        let (x, y) = (large(point.x), large(point.y));
        let reached = percent(point.roof.reached);
        let words = [
            x,
            y,
            absent(),
            point.roof.class.name().to_owned(),
            reached,
            percent(point.share),
        ];
        row(&operator_name(point.operator), words);
    }
    data
}
