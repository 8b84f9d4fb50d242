//! How throughput grows with the number of threads.

use std::collections::BTreeMap;

use edgebench_record::Figure;
use plotters::prelude::*;

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, chart, draw, ink};
use super::id::id;
use super::legend::{Legend, Sign};
use super::marks::draw_mark;
use super::name::{run_names, short, special};
use super::sound::{ends, positive, spread};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::site::RunEntry;
use crate::text::{shortened, significant};

const CHART: u32 = 340;
/// At most so many lines are drawn: each needs a mark of its own.
const MOST_LINES: usize = ink::SERIES;

/// What a line's cells have in common: the run's place, the batch, the device and the options.
type Key<'a> = (usize, usize, &'a str, &'a BTreeMap<String, String>);

/// Throughput by threads, all else equal.
struct Line {
    name: String,
    /// Threads and samples per second, in ascending order of threads.
    points: Vec<(usize, Figure)>,
}

impl Line {
    /// What one thread gives.
    fn single(&self) -> Option<f64> {
        self.points
            .first()
            .filter(|(threads, _)| *threads == 1)
            .map(|(_, rate)| rate.value)
    }

    fn last(&self) -> (usize, f64) {
        let last = self.points.last();
        last.map(|(threads, rate)| (*threads, rate.value)).unwrap_or_default()
    }
}

/// A variant's throughput on a backend against the number of threads, a line a run, at one batch size, with what
/// perfect scaling from a single thread would give. `None` where no run has two counts of threads.
pub fn scaling(runs: &[&RunEntry], task: &str, variant: &str, backend: &str) -> Option<Picture> {
    let (batch, mut lines) = lines(runs, task, variant, backend)?;
    lines.sort_by(|a, b| b.last().1.total_cmp(&a.last().1));
    let drawn = &lines[..lines.len().min(MOST_LINES)];
    let title = format!(
        "{}: throughput of {} on {} by threads",
        short(task),
        short(variant),
        short(backend)
    );
    let description = describe(&lines, drawn, batch);
    let id = id("scaling", &[task, variant, backend]);
    let mut entries: Vec<(Sign, String)> = drawn
        .iter()
        .enumerate()
        .map(|(index, line)| (Sign::Mark(index), line.name.clone()))
        .collect();
    if drawn.iter().any(|line| line.single().is_some()) {
        entries.push((Sign::Dotted, "linear from 1 thread".to_owned()));
    }
    let legend = Legend::new(entries);
    let height = CHART + legend.height();
    let (x, y) = axes(drawn)?;
    let svg = draw(&id, &title, &description, height, |plane| {
        paint(plane, &legend, (&x, &y), drawn)
    })?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&lines, batch),
    })
}

/// The lines of at least two points at the batch size that has most of them, the smallest of these.
fn lines(runs: &[&RunEntry], task: &str, variant: &str, backend: &str) -> Option<(usize, Vec<Line>)> {
    let mut found: BTreeMap<Key<'_>, BTreeMap<usize, Figure>> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        for sighting in &run.cells {
            let cell = &sighting.cell;
            let settings = &cell.settings;
            if (cell.task.as_str(), cell.variant.as_str(), cell.backend.as_str()) != (task, variant, backend)
                || settings.threads == 0
            {
                continue;
            }
            if let Some(rate) = sighting.figure("throughput").and_then(positive) {
                let key = (place, settings.batch, settings.device.as_str(), &settings.options);
                found.entry(key).or_default().entry(settings.threads).or_insert(rate);
            }
        }
    }
    found.retain(|_, points| points.len() > 1);
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, batch, ..) in found.keys() {
        *counts.entry(*batch).or_default() += 1;
    }
    let batch = counts
        .iter()
        .max_by_key(|&(batch, count)| (*count, std::cmp::Reverse(*batch)))
        .map(|(batch, _)| *batch)?;
    let names = run_names(runs);
    let lines = found
        .into_iter()
        .filter(|((_, of, ..), _)| *of == batch)
        .map(|((place, _, device, options), points)| {
            let mut words = vec![names[place].clone()];
            words.extend(special(device, options));
            Line {
                name: shortened(&words.join(", "), 120),
                points: points.into_iter().collect(),
            }
        })
        .collect();
    Some((batch, lines))
}

/// Where perfect scaling from one thread would be, at each count of threads of the line.
fn linear(line: &Line) -> Vec<(usize, f64)> {
    let single = line.single();
    let at = |&(threads, _): &(usize, Figure)| Some((threads, single? * threads as f64));
    line.points.iter().filter_map(at).collect()
}

fn axes(lines: &[Line]) -> Option<(Axis, Axis)> {
    let mut threads: Vec<usize> = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|(threads, _)| *threads))
        .collect();
    threads.sort_unstable();
    threads.dedup();
    let x = Axis::counts("threads", &threads)?;
    let rates = || {
        lines.iter().flat_map(|line| {
            line.points
                .iter()
                .flat_map(|(_, rate)| spread(*rate))
                .chain(linear(line).into_iter().map(|(_, rate)| rate))
        })
    };
    let over = Axis::over("throughput (samples per second)", Unit::Number, rates())?;
    let y = if over.is_log() {
        over
    } else {
        Axis::from_zero("throughput (samples per second)", Unit::Number, rates())?
    };
    Some((x, y))
}

fn paint(plane: &Plane<'_>, legend: &Legend, (x, y): (&Axis, &Axis), lines: &[Line]) -> Result<(), Trouble> {
    legend.paint(plane)?;
    let room = Room {
        top: legend.height(),
        left: 84,
        ..Room::default()
    };
    let mut chart = chart(plane, room, x, y)?;
    for line in lines {
        let guide = linear(line);
        if guide.len() > 1 {
            let points = guide
                .iter()
                .map(|(threads, rate)| (x.place(*threads as f64), y.place(*rate)));
            chart.draw_series(DashedLineSeries::new(points, 2, 4, ink::MUTED.stroke_width(1)))?;
        }
    }
    for (index, line) in lines.iter().enumerate() {
        let places: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|(threads, rate)| (x.place(*threads as f64), y.place(rate.value)))
            .collect();
        chart.draw_series(LineSeries::new(
            places.iter().copied(),
            ink::series(index).stroke_width(2),
        ))?;
        for (threads, rate) in &line.points {
            if let Some(interval) = rate.interval {
                let x = x.place(*threads as f64);
                let ends = vec![(x, y.place(interval.low)), (x, y.place(interval.high))];
                chart.draw_series([PathElement::new(ends, ink::MUTED.stroke_width(1))])?;
            }
        }
        for place in places {
            draw_mark(plane, index, chart.backend_coord(&place))?;
        }
    }
    Ok(())
}

fn describe(lines: &[Line], drawn: &[Line], batch: usize) -> String {
    let mut sentences = vec![format!(
        "Throughput in samples per second against the number of threads, at batch {batch}, for {}.",
        match lines.len() {
            1 => "1 run".to_owned(),
            n => format!("{n} lines"),
        }
    )];
    for line in drawn {
        let (threads, rate) = line.last();
        sentences.push(match line.single() {
            Some(single) => format!(
                "{}: {threads} threads give {} times the throughput of one ({:.0} % of linear).",
                line.name,
                significant(rate / single),
                rate / single / threads as f64 * 100.0
            ),
            None => format!(
                "{}: {} per second with {threads} threads; one thread was not measured.",
                line.name,
                Unit::Number.show(rate)
            ),
        });
    }
    let without = |line: &Line| line.points.iter().any(|(_, rate)| rate.interval.is_none());
    if lines.iter().any(without) {
        sentences.push("Without an interval small differences may be noise.".to_owned());
    }
    if drawn.len() < lines.len() {
        sentences.push(format!(
            "Drawn are the {} lines of the highest throughput of {}; the table holds all.",
            drawn.len(),
            lines.len()
        ));
    }
    sentences.join(" ")
}

fn data(lines: &[Line], batch: usize) -> Data {
    let mut data = Data::new(&[
        "run",
        "batch",
        "threads",
        "samples per second",
        "95 % interval",
        "times one thread",
        "of linear (%)",
    ]);
    for line in lines {
        for &(threads, rate) in &line.points {
            let of_one = line.single().map(|single| rate.value / single);
            data.rows.push(vec![
                line.name.clone(),
                batch.to_string(),
                threads.to_string(),
                significant(rate.value),
                ends(rate.interval, significant),
                of_one.map_or_else(|| ABSENT.to_owned(), |times| format!("{times:.2}")),
                of_one.map_or_else(
                    || ABSENT.to_owned(),
                    |times| format!("{:.0}", times / threads as f64 * 100.0),
                ),
            ]);
        }
    }
    data
}
