//! One cell on several devices: its median latency with its interval, a row a run.

use edgebench_record::{CellId, Figure, OutcomeKind};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, anchored, chart, draw, fitted, ink, width};
use super::id::id;
use super::marks::{MARK, draw_mark};
use super::name::{run_names, settings_words, short};
use super::sound::{ends, outcome, positive, spread};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::ranking::Rank;
use crate::site::{RunEntry, Sighting};
use crate::text::{shortened, significant};

/// At most so many rows are drawn.
const MOST_ROWS: usize = 40;
const ROW: u32 = 24;
/// The size of a figure's words, and how far right of its whisker they begin.
const FIGURE: f64 = 11.0;
const GAP: i32 = MARK + 5;
/// Room for the names of the devices, at most.
const NAMES: f64 = 260.0;

/// The cell in one run.
struct Row<'a> {
    run: &'a RunEntry,
    name: String,
    sighting: &'a Sighting,
    median: Option<Figure>,
}

impl Row<'_> {
    fn value(&self) -> f64 {
        self.median.map_or(f64::INFINITY, |median| median.value)
    }

    fn why(&self) -> &'static str {
        if self.sighting.rank == Rank::Out && self.sighting.outcome == OutcomeKind::Measured {
            "outputs differ"
        } else {
            outcome(self.sighting.outcome)[0]
        }
    }
}

/// The cell's median latency in each run that has it, the fastest first, then those without a figure. `None` with fewer
/// than two runs that measured it.
pub fn across_devices(cell: &CellId, runs: &[&RunEntry]) -> Option<Picture> {
    let mut rows: Vec<Row<'_>> = runs
        .iter()
        .zip(run_names(runs))
        .filter_map(|(run, name)| {
            let sighting = run.cells.iter().find(|sighting| sighting.cell == *cell)?;
            Some(Row {
                run,
                name,
                sighting,
                median: sighting.figure("latency_p50").and_then(positive),
            })
        })
        .collect();
    // In the order that the runs came in where they are equal.
    rows.sort_by(|a, b| a.value().total_cmp(&b.value()));
    let measured = rows.iter().filter(|row| row.median.is_some()).count();
    if measured < 2 {
        return None;
    }
    let drawn = drawn(&rows, measured);
    let title = format!(
        "{}: {} on {} ({}) across devices",
        short(&cell.task),
        short(&cell.variant),
        short(&cell.backend),
        shortened(&settings_words(cell), 80)
    );
    let description = describe(&rows, &drawn, measured);
    let x = Axis::over(
        "median latency",
        Unit::Time,
        drawn.iter().filter_map(|row| row.median).flat_map(spread),
    )?;
    let id = id("devices", &[&cell.to_string()]);
    let height = 60 + drawn.len() as u32 * ROW;
    let svg = draw(&id, &title, &description, height, |plane| paint(plane, &x, &drawn))?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&rows),
    })
}

/// All rows, or the fastest and the slowest.
fn drawn<'a, 'b>(rows: &'b [Row<'a>], measured: usize) -> Vec<&'b Row<'a>> {
    if rows.len() <= MOST_ROWS {
        return rows.iter().collect();
    }
    if measured <= MOST_ROWS {
        return rows.iter().take(MOST_ROWS).collect();
    }
    let half = MOST_ROWS / 2;
    rows[..half].iter().chain(&rows[measured - half..measured]).collect()
}

fn describe(rows: &[Row<'_>], drawn: &[&Row<'_>], measured: usize) -> String {
    let told = |row: &Row<'_>| format!("{} ({})", row.name, Unit::Time.show(row.value()));
    let (fastest, slowest) = (&rows[0], &rows[measured - 1]);
    let mut sentences = vec![format!(
        "Median latency in {measured} runs, with 95 % intervals where there are any: from {} to {}, {}.",
        told(fastest),
        told(slowest),
        match slowest.value() / fastest.value() {
            ratio if ratio < 1.005 => "the same to three digits".to_owned(),
            ratio => format!("{} times as long", significant(ratio)),
        }
    )];
    let without = rows[..measured]
        .iter()
        .filter(|row| row.median.is_some_and(|median| median.interval.is_none()))
        .count();
    if without > 0 {
        let have = if without == 1 { "has" } else { "have" };
        sentences.push(format!("{without} of them {have} no interval (an open mark)."));
    }
    if rows.len() > measured {
        sentences.push(format!("In {} more it has no figure.", rows.len() - measured));
    }
    if drawn.len() < rows.len() {
        sentences.push(if measured > MOST_ROWS {
            format!(
                "Drawn are the {} fastest and the {} slowest; the table holds all.",
                MOST_ROWS / 2,
                MOST_ROWS / 2
            )
        } else {
            format!("Drawn are {} rows; the table holds all.", drawn.len())
        });
    }
    sentences.join(" ")
}

fn paint(plane: &Plane<'_>, x: &Axis, rows: &[&Row<'_>]) -> Result<(), Trouble> {
    let names: Vec<String> = rows.iter().map(|row| fitted(&row.name, 12.0, NAMES)).collect();
    let widest = names.iter().map(|name| width(name, 12.0)).fold(0.0, f64::max);
    // Right of every whisker's end there is room for its figure, so that none comes to lie on another row's words.
    let figures = rows.iter().filter_map(|row| row.median);
    let longest = figures.map(|median| width(&Unit::Time.show(median.value), FIGURE));
    let room = Room {
        left: widest.ceil() as u32 + 34,
        right: longest.fold(0.0, f64::max).ceil() as u32 + GAP as u32 + 4,
        ..Room::default()
    };
    let y = Axis::rows("", &names).downwards();
    let mut chart = chart(plane, room, x, &y)?;
    for (index, row) in rows.iter().enumerate() {
        let at = index as f64;
        let Some(median) = row.median else {
            let (_, y) = chart.backend_coord(&(x.ends().0, at));
            plane.draw(&Text::new(
                row.why(),
                (room.left as i32 + 8, y),
                anchored(12.0, ink::MUTED, HPos::Left, VPos::Center),
            ))?;
            continue;
        };
        if let Some(interval) = median.interval {
            let (low, high) = (x.place(interval.low), x.place(interval.high));
            let line = ink::TEXT.stroke_width(1);
            chart.draw_series([PathElement::new(vec![(low, at), (high, at)], line)])?;
            let caps = [low, high].map(|end| PathElement::new(vec![(end, at - 0.2), (end, at + 0.2)], line));
            chart.draw_series(caps)?;
        }
        let at_px = chart.backend_coord(&(x.place(median.value), at));
        if median.interval.is_some() {
            draw_mark(plane, 0, at_px)?;
        } else {
            plane.draw(&Circle::new(at_px, MARK, ink::PAPER.filled()))?;
            plane.draw(&Circle::new(at_px, MARK, ink::series(0).stroke_width(2)))?;
        }
        let end = median
            .interval
            .map_or(median.value, |interval| interval.high.max(median.value));
        let (end, middle) = chart.backend_coord(&(x.place(end), at));
        plane.draw(&Text::new(
            Unit::Time.show(median.value),
            (end + GAP, middle),
            anchored(FIGURE, ink::TEXT, HPos::Left, VPos::Center),
        ))?;
    }
    Ok(())
}

fn data(rows: &[Row<'_>]) -> Data {
    let mut data = Data::new(&["device", "run", "started", "median latency", "95 % interval", "outcome"]);
    for row in rows {
        let show = |ns: f64| Unit::Time.show(ns);
        data.rows.push(vec![
            short(&row.run.device),
            short(&row.run.id),
            row.run.started_at.clone(),
            row.median
                .map_or_else(|| ABSENT.to_owned(), |median| show(median.value)),
            ends(row.median.and_then(|median| median.interval), show),
            match row.median {
                Some(_) => "measured".to_owned(),
                None => row.why().to_owned(),
            },
        ]);
    }
    data
}
