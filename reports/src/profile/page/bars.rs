//! Where two cells' times differ, segment by segment, as bars from nothing to either side.

use edgebench_record::Operator;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::words::{ending, more, named, percent, signed_time, time};
use crate::columns::ABSENT;
use crate::picture::axis::{Axis, Unit};
use crate::picture::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, ink, width};
use crate::picture::id::id;
use crate::picture::{Data, Picture};
use crate::profile::{ProfileDiff, Segment, SegmentKind, operators_in_words};
use crate::text::counted;
use crate::text::shortened;

/// Segments with a bar of their own, and with a row in the table.
const BARS: usize = 15;
const ROWS: usize = 60;
const BAR: i32 = 22;
const SIZE: f64 = 12.0;
/// What stands between a segment's first and last node.
const BETWEEN: &str = " … ";
const ROOM: Room = Room {
    left: 250,
    bottom: 46,
    top: 10,
    right: 92,
};
/// The longest list of operators in a field.
const LIST_CHARACTERS: usize = 160;

/// The segments of a difference. `None` where nothing can be drawn.
pub(super) fn bars(diff: &ProfileDiff, a: &[Operator], b: &[Operator]) -> Option<Picture> {
    let (first, second) = (&diff.a.name, &diff.b.name);
    let title = format!("{second} less {first}, by segment");
    let finite: Vec<&Segment> = diff
        .segments
        .iter()
        .filter(|segment| segment.delta_ns.is_finite())
        .collect();
    let shown: Vec<&Segment> = finite
        .iter()
        .copied()
        .filter(|segment| segment.delta_ns != 0.0)
        .take(BARS)
        .collect();
    if shown.is_empty() {
        return None;
    }
    let mut rows: Vec<(String, f64)> = shown
        .iter()
        .map(|segment| (label(segment, diff), segment.delta_ns))
        .collect();
    let rest: Vec<&Segment> = finite
        .iter()
        .copied()
        .filter(|segment| segment.delta_ns != 0.0)
        .skip(BARS)
        .collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|segment| segment.delta_ns).sum();
        rows.push((more(rest.len(), "segment"), sum));
    }
    let low = rows.iter().map(|row| row.1).fold(0.0, f64::min);
    let high = rows.iter().map(|row| row.1).fold(0.0, f64::max);
    let axis = Axis::linear(&format!("time of {second} less that of {first}"), Unit::Time, low, high);
    let signed = axis
        .ticks()
        .iter()
        .map(|(at, words)| (*at, words.replace('-', "−")))
        .collect();
    let axis = axis.ticked(signed).fitting(f64::from(WIDTH - ROOM.left - ROOM.right));
    let description = describe(diff, &shown, finite.len());
    let ids = [&diff.a.cell, &diff.b.cell].map(ToString::to_string);
    let id = id("segments", &ids.each_ref().map(String::as_str));
    let height = ROOM.top + ROOM.bottom + (BAR as u32) * rows.len() as u32;
    let svg = draw(&id, &title, &description, height, |plane| paint(plane, &axis, &rows))?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(diff, &finite, a, b),
    })
}

/// What a segment is called.
fn label(segment: &Segment, diff: &ProfileDiff) -> String {
    match segment.kind {
        SegmentKind::Common => range(&segment.name),
        SegmentKind::OnlyA => format!("{} (only {})", range(&segment.name), diff.a.name),
        SegmentKind::OnlyB => format!("{} (only {})", range(&segment.name), diff.b.name),
        SegmentKind::Unattributed => "no operator".to_owned(),
    }
}

/// The first and the last node of a segment.
fn range(name: &str) -> String {
    match name.split_once(BETWEEN) {
        Some((first, last)) => format!("{}{BETWEEN}{}", named(first), named(last)),
        None => named(name),
    }
}

/// A segment's name in so much room: of several nodes the first one's end.
fn fitted_label(label: &str, room: f64) -> String {
    match label.split_once(BETWEEN) {
        Some((first, _)) if width(label, SIZE) > room => format!("{} …", ending(first, SIZE, room - 16.0)),
        _ => ending(label, SIZE, room),
    }
}

fn paint(plane: &Plane<'_>, x: &Axis, rows: &[(String, f64)]) -> Result<(), Trouble> {
    let names = Axis::rows("", &vec![String::new(); rows.len()])
        .downwards()
        .ticked(Vec::new());
    let chart = chart(plane, ROOM, x, &names)?;
    let across = |ns: f64| chart.backend_coord(&(x.place(ns), 0.0)).0;
    let zero = across(0.0);
    for (index, (name, delta_ns)) in rows.iter().enumerate() {
        let top = chart.backend_coord(&(0.0, index as f64)).1 - BAR / 2 + 3;
        let middle = top + BAR / 2 - 3;
        let name = fitted_label(name, f64::from(ROOM.left) - 14.0);
        let style = anchored(SIZE, ink::TEXT, HPos::Right, VPos::Center);
        plane.draw(&Text::new(name, (ROOM.left as i32 - 8, middle), style))?;
        let end = across(*delta_ns);
        let colour = if *delta_ns > 0.0 { ink::BAD } else { ink::series(0) };
        plane.draw(&Rectangle::new(
            [
                (zero.min(end), top),
                (zero.max(end).max(zero.min(end) + 1), top + BAR - 7),
            ],
            colour.filled(),
        ))?;
        let style = anchored(12.0, ink::TEXT, HPos::Right, VPos::Center);
        plane.draw(&Text::new(signed_time(*delta_ns), (WIDTH as i32 - 6, middle), style))?;
    }
    let bottom = (plane.dim_in_pixel().1 - ROOM.bottom) as i32;
    let line = vec![(zero, ROOM.top as i32), (zero, bottom)];
    plane.draw(&PathElement::new(line, ink::FRONT.stroke_width(1)))
}

fn describe(diff: &ProfileDiff, shown: &[&Segment], all: usize) -> String {
    let longer = shown.iter().find(|segment| segment.delta_ns > 0.0);
    let shorter = shown.iter().find(|segment| segment.delta_ns < 0.0);
    let mut words = vec![format!(
        "{} takes {} in a typical profiled inference and {} {}: {}. Bars to the right: {0} takes longer.",
        diff.b.name,
        time(diff.b.wall_ns),
        diff.a.name,
        time(diff.a.wall_ns),
        signed_time(diff.delta_ns)
    )];
    for (segment, way) in [(longer, "more"), (shorter, "less")] {
        words.extend(segment.map(|segment| {
            let size = time(segment.delta_ns.abs());
            format!("The most time {way} is in {} ({size}).", label(segment, diff))
        }));
    }
    if all > shown.len() {
        words.push(format!(
            "Of {} the {} that differ most have a bar of their own.",
            counted(all, "segment"),
            shown.len()
        ));
    }
    words.join(" ")
}

fn data(diff: &ProfileDiff, segments: &[&Segment], a: &[Operator], b: &[Operator]) -> Data {
    let (first, second) = (&diff.a.name, &diff.b.name);
    let mut data = Data::new(&[
        "segment",
        &format!("operators of {first}"),
        "time",
        &format!("operators of {second}"),
        "time",
        "difference",
        "difference in %",
    ]);
    let list = |operators: &[Operator], places: &[usize]| match operators_in_words(operators, places).as_str() {
        "" => "none".to_owned(),
        words => shortened(words, LIST_CHARACTERS),
    };
    for segment in &segments[..segments.len().min(ROWS)] {
        data.rows.push(vec![
            label(segment, diff),
            list(a, &segment.a.operators),
            time(segment.a.time_ns),
            list(b, &segment.b.operators),
            time(segment.b.time_ns),
            signed_time(segment.delta_ns),
            segment.delta_share.map_or_else(|| ABSENT.to_owned(), percent),
        ]);
    }
    if segments.len() > ROWS {
        let rest = &segments[ROWS..];
        let sum = |of: fn(&Segment) -> f64| rest.iter().map(|segment| of(segment)).sum::<f64>();
        data.rows.push(vec![
            more(rest.len(), "segment"),
            ABSENT.to_owned(),
            time(sum(|segment| segment.a.time_ns)),
            ABSENT.to_owned(),
            time(sum(|segment| segment.b.time_ns)),
            signed_time(sum(|segment| segment.delta_ns)),
            ABSENT.to_owned(),
        ]);
    }
    data
}
