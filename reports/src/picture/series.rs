//! One cell's samples over time: invocation after invocation, with warm-up, drift, and what lies beyond the picture.

use std::cmp::Ordering;

use edgebench_record::{Cell, Invocation, Record};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Trouble, WIDTH, anchored, draw, fitted, ink, width, words};
use super::drift::{Trend, trend};
use super::name::cell_id;
use super::sampled::{emulation, middle};
use super::{Data, Picture, slug};
use crate::columns::ABSENT;
use crate::text::{counted, shortened, signed};

const HEIGHT: u32 = 158;

/// The plot's left, top, right and bottom.
const PLOT: [i32; 4] = [62, 28, WIDTH as i32 - 8, 122];

/// The most invocations that are drawn.
const PANELS: usize = 60;

/// The most stretches that an invocation is divided into.
const STRETCHES: usize = 40;

/// About how many stretches all invocations share, so that a picture stays small.
const ALL_STRETCHES: usize = 72;

/// From so many samples on, the slowest 0.1 % may lie beyond the picture.
const CUT: usize = 1000;

/// A stretch of an invocation: consecutive samples, in nanoseconds.
struct Stretch {
    /// The middle of its samples' numbers.
    at: f64,
    min: f64,
    median: f64,
    max: f64,
}

/// One invocation, decimated.
struct Course<'a> {
    invocation: &'a Invocation,
    stretches: Vec<Stretch>,
    median: Option<f64>,
    /// How many samples lie beyond the picture.
    beyond: usize,
    trend: Option<Trend>,
}

/// A cell's samples in their order. `number` is the cell's place in the record, which makes the picture's id unique.
pub fn series(record: &Record, cell: &Cell, number: usize) -> Option<Picture> {
    let limit = limit(cell);
    let mut courses: Vec<Course<'_>> = Vec::new();
    let stretches = (ALL_STRETCHES / cell.invocations.len().max(1)).clamp(4, STRETCHES);
    let mut scratch = Vec::new();
    for invocation in &cell.invocations {
        courses.push(course(invocation, stretches, limit, &mut scratch));
    }
    let drawn = || courses.iter().take(PANELS).flat_map(|course| &course.stretches);
    let top = |ns: f64| limit.map_or(ns, |limit| ns.min(limit as f64));
    let y = Axis::over(
        "latency",
        Unit::Time,
        drawn().flat_map(|stretch| [top(stretch.min), top(stretch.max)]),
    )?;
    let title = format!("{}: latency over time", shortened(&cell_id(&cell.id), 80));
    let mut description = describe(cell, &courses, limit);
    description.extend(emulation(record).map(|words| format!(" {words}")));
    let id = format!("series-{number}-{}", slug(&cell.id.variant));
    let svg = draw(&id, &title, &description, HEIGHT, |plane| paint(plane, &y, &courses))?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&courses),
    })
}

/// The latency, in nanoseconds, beyond which nothing is drawn: p99.9, where a few samples would flatten all others.
fn limit(cell: &Cell) -> Option<u64> {
    let mut all: Vec<u64> = Vec::with_capacity(cell.invocations.iter().map(|one| one.samples_ns.len()).sum());
    for invocation in &cell.invocations {
        all.extend_from_slice(&invocation.samples_ns);
    }
    if all.len() < CUT {
        return None;
    }
    let (min, max) = (*all.iter().min()? as f64, *all.iter().max()? as f64);
    // The smallest sample that 99.9 % of all are not above.
    let rank = all.len() - all.len() / 1000 - 1;
    let (_, &mut at, _) = all.select_nth_unstable(rank);
    (max - min > 1.5 * (at as f64 - min)).then_some(at)
}

fn course<'a>(invocation: &'a Invocation, most: usize, limit: Option<u64>, scratch: &mut Vec<u64>) -> Course<'a> {
    let samples = &invocation.samples_ns;
    let n = samples.len();
    let count = most.min(n);
    scratch.clear();
    scratch.extend_from_slice(samples);
    let mut stretches = Vec::with_capacity(count);
    for index in 0..count {
        let (from, to) = (index * n / count, (index + 1) * n / count);
        let part = &mut scratch[from..to];
        let ends = part
            .iter()
            .fold((u64::MAX, 0), |(min, max), &ns| (ns.min(min), ns.max(max)));
        if let Some(median) = middle(part) {
            stretches.push(Stretch {
                at: (from + to - 1) as f64 / 2.0,
                min: ends.0 as f64,
                median,
                max: ends.1 as f64,
            });
        }
    }
    let points: Vec<(f64, f64)> = stretches.iter().map(|stretch| (stretch.at, stretch.median)).collect();
    Course {
        invocation,
        stretches,
        median: middle(scratch),
        beyond: limit.map_or(0, |limit| samples.iter().filter(|&&ns| ns > limit).count()),
        trend: trend(&points),
    }
}

/// A change per 1000 inferences, with its sign.
fn per_thousand(slope: f64) -> String {
    let change = slope * 1000.0;
    let sign = if change < 0.0 { "−" } else { "+" };
    format!("{sign}{}", Unit::Time.show(change.abs()))
}

fn describe(cell: &Cell, courses: &[Course<'_>], limit: Option<u64>) -> String {
    let n: usize = courses.iter().map(|course| course.invocation.samples_ns.len()).sum();
    let mut words = vec![format!(
        "{} in {}.",
        counted(n, "inference"),
        counted(courses.len(), "invocation")
    )];
    if courses.len() > PANELS {
        words.push(format!("The first {PANELS} invocations are drawn."));
    }
    let range = |values: &dyn Fn(&Course<'_>) -> Option<f64>| {
        let all = || courses.iter().filter_map(values);
        Some((all().min_by(f64::total_cmp)?, all().max_by(f64::total_cmp)?))
    };
    let between = |(low, high): (f64, f64), unit: &dyn Fn(f64) -> String| match (unit(low), unit(high)) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    };
    let time = |ns: f64| Unit::Time.show(ns);
    if let Some(medians) = range(&|course| course.median) {
        words.push(format!("Median of an invocation: {}.", between(medians, &time)));
    }
    if let (Some(runs), Some(times)) = (
        range(&|course| Some(course.invocation.warm_up_runs as f64)),
        range(&|course| Some(course.invocation.warm_up_ns.0 as f64)),
    ) {
        words.push(format!(
            "Warm-up before each: {} runs in {}; the record holds no times of single ones but the first.",
            between(runs, &|runs| format!("{runs:.0}")),
            between(times, &time)
        ));
    }
    if let Some(first) = range(&|course| Some(course.invocation.first_ns?.0 as f64)) {
        words.push(format!("First inference: {}.", between(first, &time)));
    }
    words.push(drift_words(courses));
    if let Some(limit) = limit {
        let beyond: usize = courses.iter().map(|course| course.beyond).sum();
        let most = cell.invocations.iter().flat_map(|one| &one.samples_ns).max();
        words.push(format!(
            "{} above {} lie beyond the picture, the slowest at {}.",
            counted(beyond, "inference"),
            time(limit as f64),
            time(most.copied().unwrap_or_default() as f64)
        ));
    }
    words.join(" ")
}

/// What drifts, and by how much.
fn drift_words(courses: &[Course<'_>]) -> String {
    let drifts: Vec<String> = courses
        .iter()
        .enumerate()
        .filter_map(|(index, course)| Some((index, course, course.trend.filter(|trend| trend.drift)?)))
        .map(|(index, course, trend)| {
            let change = trend.slope * course.invocation.samples_ns.len() as f64;
            let share = course.median.filter(|&median| median > 0.0).map(|median| {
                let percent = signed(change / median * 100.0, 1);
                format!(" ({percent} % over its course)")
            });
            format!(
                "{} in invocation {}{}",
                per_thousand(trend.slope),
                index + 1,
                share.unwrap_or_default()
            )
        })
        .collect();
    if !drifts.is_empty() {
        return format!("Drift per 1000 inferences: {}.", drifts.join(", "));
    }
    if courses.iter().all(|course| course.trend.is_none()) {
        return "Too few inferences to see a drift.".to_owned();
    }
    "No drift to see.".to_owned()
}

fn paint(plane: &Plane<'_>, y: &Axis, courses: &[Course<'_>]) -> Result<(), Trouble> {
    let [left, top, right, bottom] = PLOT;
    let height = Height(y);
    let small = |colour, horizontal| anchored(10.0, colour, horizontal, VPos::Center);
    let thin = y.ticks().len().div_ceil(4).max(1);
    for (placed, words) in y.ticks().iter().step_by(thin) {
        let at = y.map(placed, (bottom, top));
        plane.draw(&PathElement::new(
            vec![(left, at), (right, at)],
            ink::GRID.stroke_width(1),
        ))?;
        let words = fitted(words, 10.0, f64::from(left) - 19.0);
        plane.draw(&Text::new(words, (left - 5, at), small(ink::TEXT, HPos::Right)))?;
    }
    let upright = words(10.0, ink::MUTED)
        .transform(FontTransform::Rotate270)
        .pos(Pos::new(HPos::Center, VPos::Center));
    plane.draw(&Text::new(
        y.title().to_owned(),
        (8, i32::midpoint(top, bottom)),
        upright,
    ))?;

    let shown = courses.len().min(PANELS) as i32;
    let gap = if shown > 20 { 2 } else { 6 };
    let wide = ((right - left) - gap * (shown - 1)) / shown.max(1);
    let warm = (wide / 5).clamp(3, 24);
    for (index, course) in courses.iter().take(PANELS).enumerate() {
        let from = left + index as i32 * (wide + gap);
        let panel = Panel {
            left: from,
            middle: from + warm,
            right: from + wide,
        };
        paint_course(plane, course, panel, height)?;
    }
    let title = "inferences in order, one panel an invocation; shaded: warm-up, not to scale; ◆ first inference, ▲▼ where beyond the axis";
    let style = small(ink::MUTED, HPos::Center);
    plane.draw(&Text::new(
        title,
        (i32::midpoint(left, right), HEIGHT as i32 - 8),
        style,
    ))
}

/// How high in the plot a latency in nanoseconds goes.
#[derive(Debug, Clone, Copy)]
struct Height<'a>(&'a Axis);

impl Height<'_> {
    fn place(self, ns: f64) -> i32 {
        self.0.map(&self.0.place(ns), (PLOT[3], PLOT[1]))
    }

    /// On which side of the axis a latency lies, and `Equal` within.
    fn beyond(self, ns: f64) -> Ordering {
        let (low, high) = self.0.ends();
        match self.0.place(ns) {
            at if at <= low => Ordering::Less,
            at if at >= high => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

/// Where an invocation is drawn: its warm-up from `left` to `middle`, its samples from there to `right`.
#[derive(Debug, Clone, Copy)]
struct Panel {
    left: i32,
    middle: i32,
    right: i32,
}

fn paint_course(plane: &Plane<'_>, course: &Course<'_>, panel: Panel, height: Height<'_>) -> Result<(), Trouble> {
    let [_, top, _, bottom] = PLOT;
    let wide = f64::from(panel.right - panel.left);
    let label = |words: &[String], y: i32| -> Result<(), Trouble> {
        // The longest that fits; none where none does.
        let Some(words) = words.iter().find(|words| width(words, 10.0) <= wide) else {
            return Ok(());
        };
        let at = (i32::midpoint(panel.left, panel.right), y);
        let style = anchored(10.0, ink::MUTED, HPos::Center, VPos::Center);
        plane.draw(&Text::new(words.clone(), at, style))
    };
    let one = course.invocation;
    let corners = [(panel.left, top), (panel.middle, bottom)];
    plane.draw(&Rectangle::new(corners, ink::SHADE.filled()))?;
    let warm = format!("{} in {}", one.warm_up_runs, Unit::Time.show(one.warm_up_ns.0 as f64));
    label(&[format!("warm-up {warm}"), warm], 8)?;
    let n = one.samples_ns.len();
    label(&[counted(n, "inference"), n.to_string()], bottom + 10)?;

    let across = |at: f64| {
        let part = (at + 0.5) / n.max(1) as f64;
        panel.middle + (part * f64::from(panel.right - panel.middle)).round() as i32
    };
    let edge = |of: fn(&Stretch) -> f64| {
        let places = course.stretches.iter();
        places.map(move |stretch| (across(stretch.at), height.place(of(stretch))))
    };
    let area: Vec<(i32, i32)> = edge(|stretch| stretch.max)
        .chain(edge(|stretch| stretch.min).collect::<Vec<_>>().into_iter().rev())
        .collect();
    let line: Vec<(i32, i32)> = edge(|stretch| stretch.median).collect();
    match line[..] {
        [] => {}
        [alone] => plane.draw(&Circle::new(alone, 2, ink::FRONT.filled()))?,
        _ => {
            plane.draw(&Polygon::new(area, ink::series(0).mix(0.3)))?;
            plane.draw(&PathElement::new(line, ink::FRONT.stroke_width(1)))?;
        }
    }
    if course.beyond > 0 {
        let at = (i32::midpoint(panel.middle, panel.right), top - 7);
        plane.draw(&Polygon::new(arrow(at, -4), ink::BAD.filled()))?;
        let words = format!("{} above", course.beyond);
        if width(&words, 10.0) + 10.0 < wide / 2.0 {
            let style = anchored(10.0, ink::BAD, HPos::Left, VPos::Center);
            plane.draw(&Text::new(words, (at.0 + 7, at.1), style))?;
        }
    }
    one.first_ns.map_or(Ok(()), |first| {
        let (x, y) = (i32::midpoint(panel.left, panel.middle), height.place(first.0 as f64));
        let corners = match height.beyond(first.0 as f64) {
            Ordering::Equal => vec![(x, y - 5), (x + 4, y), (x, y + 5), (x - 4, y)],
            Ordering::Greater => arrow((x, y + 5), -5),
            Ordering::Less => arrow((x, y - 5), 5),
        };
        plane.draw(&Polygon::new(corners, ink::FRONT.filled()))
    })
}

/// A triangle about a place that points up (below 0) or down.
fn arrow((x, y): (i32, i32), reach: i32) -> Vec<(i32, i32)> {
    vec![(x, y + reach), (x + 4, y - reach), (x - 4, y - reach)]
}

fn data(courses: &[Course<'_>]) -> Data {
    let mut data = Data::new(&[
        "invocation",
        "warm-up runs",
        "warm-up",
        "first inference",
        "inferences",
        "lowest",
        "median",
        "highest",
        "trend per 1000 inferences",
        "drift",
        "beyond the picture",
    ]);
    let absent = || ABSENT.to_owned();
    let time = |ns: Option<f64>| ns.map_or_else(absent, |ns| Unit::Time.show(ns));
    for (index, course) in courses.iter().enumerate() {
        let one = course.invocation;
        let ends = |fold: fn(f64, f64) -> f64, of: fn(&Stretch) -> f64| course.stretches.iter().map(of).reduce(fold);
        let drift = |trend: Trend| if trend.drift { "yes" } else { "no" }.to_owned();
        data.rows.push(vec![
            (index + 1).to_string(),
            one.warm_up_runs.to_string(),
            time(Some(one.warm_up_ns.0 as f64)),
            time(one.first_ns.map(|ns| ns.0 as f64)),
            one.samples_ns.len().to_string(),
            time(ends(f64::min, |stretch| stretch.min)),
            time(course.median),
            time(ends(f64::max, |stretch| stretch.max)),
            course.trend.map_or_else(absent, |trend| per_thousand(trend.slope)),
            course.trend.map_or_else(absent, drift),
            course.beyond.to_string(),
        ]);
    }
    data
}
