//! A worker's memory by phase and kind: what it holds before the load, after it, after the first inference and after
//! the measurement.

use edgebench_record::{Cell, MemoryPhases, Record, TaskFacts};
use edgebench_stats::median;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Unit};
use super::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, ink, width};
use super::id::id;
use super::name::{Name, cell_id, names, short};
use super::sampled::{emulation, standing};
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::text::{counted, significant};

/// The most cells that are drawn.
const CELLS: usize = 30;

const PHASES: [&str; 4] = ["baseline", "loaded", "first", "steady"];

/// A bar with the gap after it.
const BAR: i32 = 11;

/// The four bars of a cell with the gap after them.
const GROUP: i32 = 4 * BAR + 10;

const ROOM: Room = Room {
    left: 234,
    bottom: 46,
    top: 30,
    right: 18,
};

/// One phase's readings in bytes, each the median over the invocations that have it.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    /// Anonymous, file-backed, shared.
    kinds: [Option<f64>; 3],
    resident: Option<f64>,
    peak: Option<f64>,
    pss: Option<f64>,
}

impl Reading {
    fn is_absent(&self) -> bool {
        self.kinds.iter().all(Option::is_none) && self.resident.is_none() && self.peak.is_none() && self.pss.is_none()
    }

    /// The bar's parts, as (place in the legend, bytes): the kinds, or the resident set where none is told apart.
    fn parts(&self) -> Vec<(usize, f64)> {
        let kinds: Vec<(usize, f64)> = (0..3).filter_map(|kind| Some((kind, self.kinds[kind]?))).collect();
        match self.resident {
            Some(resident) if kinds.is_empty() => vec![(3, resident)],
            _ => kinds,
        }
    }

    /// Where the bar ends, and the marks.
    fn extent(&self) -> f64 {
        let sum: f64 = self.parts().iter().map(|part| part.1).sum();
        sum.max(self.peak.unwrap_or(0.0)).max(self.pss.unwrap_or(0.0))
    }
}

/// One cell's phases.
struct Group<'a> {
    cell: &'a Cell,
    name: Name,
    phases: [Reading; 4],
}

/// The memory of a task's measured cells by phase and kind.
pub fn memory(record: &Record, task: &TaskFacts) -> Option<Picture> {
    let cells = standing(record, task);
    let mut groups: Vec<Group<'_>> = cells
        .iter()
        .zip(names(cells.iter().map(|cell| &cell.id)))
        .map(|(cell, name)| Group {
            cell,
            name,
            phases: phases(cell),
        })
        .filter(|group| group.phases.iter().any(|phase| !phase.is_absent()))
        .collect();
    let all = groups.len();
    if all > CELLS {
        let mut seen: Vec<&str> = Vec::new();
        groups.retain(|group| {
            let variant = group.cell.id.variant.as_str();
            let new = !seen.contains(&variant) && seen.len() < CELLS;
            if new {
                seen.push(variant);
            }
            new
        });
    }
    let extents = || groups.iter().flat_map(|group| group.phases.iter().map(Reading::extent));
    let x = Axis::from_zero("resident memory of the worker", Unit::Size, extents())?
        .fitting(f64::from(WIDTH - ROOM.left - ROOM.right));
    let title = format!("{}: memory by phase and kind", short(&task.id));
    let mut description = describe(&groups, all);
    description.extend(emulation(record).map(|words| format!(" {words}")));
    let id = id("memory", &[&task.id]);
    let height = ROOM.top + ROOM.bottom + (GROUP as u32) * groups.len() as u32;
    let svg = draw(&id, &title, &description, height, |plane| paint(plane, &x, &groups))?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&groups),
    })
}

fn phases(cell: &Cell) -> [Reading; 4] {
    // The phase's reading as plain numbers: three kinds, resident, peak, PSS.
    let numbers = |memory: &MemoryPhases, phase: usize| -> Option<[Option<f64>; 6]> {
        let reading = match phase {
            0 => memory.baseline,
            1 => memory.loaded,
            2 => memory.first?,
            _ => memory.steady,
        };
        let bytes = [
            reading.anonymous_bytes,
            reading.file_bytes,
            reading.shared_bytes,
            reading.rss_bytes,
            reading.peak_rss_bytes,
            reading.pss_bytes,
        ];
        Some(bytes.map(|bytes| bytes.map(|bytes| bytes.0 as f64)))
    };
    std::array::from_fn(|phase| {
        let all: Vec<[Option<f64>; 6]> = cell
            .invocations
            .iter()
            .filter_map(|invocation| numbers(&invocation.memory, phase))
            .collect();
        let of = |place: usize| median(&all.iter().filter_map(|reading| reading[place]).collect::<Vec<_>>());
        Reading {
            kinds: [of(0), of(1), of(2)],
            resident: of(3),
            peak: of(4),
            pss: of(5),
        }
    })
}

fn describe(groups: &[Group<'_>], all: usize) -> String {
    let mut words = vec![if groups.len() < all {
        format!(
            "{} of {all} cells: of each variant the one that ranks first.",
            groups.len()
        )
    } else {
        format!("{}.", counted(all, "cell"))
    }];
    words.push("In the order of the ranking; bars and marks are medians over invocations.".to_owned());
    let peak = |group: &Group<'_>| {
        let peaks = group.phases.iter().filter_map(|phase| phase.peak);
        peaks.max_by(f64::total_cmp)
    };
    let mut peaks: Vec<(f64, &Group<'_>)> = groups.iter().filter_map(|group| Some((peak(group)?, group))).collect();
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((least, small)), Some((most, large))) = (peaks.first(), peaks.last())
        && peaks.len() > 1
    {
        words.push(format!(
            "The lowest peak is that of {} ({}), the highest that of {} ({}).",
            small.name.words(),
            Unit::Size.show(*least),
            large.name.words(),
            Unit::Size.show(*most)
        ));
    }
    // How far above the steady state the peak on the way was.
    let above = groups
        .iter()
        .filter_map(|group| {
            let steady: f64 = group.phases[3].parts().iter().map(|part| part.1).sum();
            Some((peak(group)? / steady, group))
        })
        .filter(|(ratio, _)| ratio.is_finite() && *ratio >= 1.05)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((ratio, group)) = above {
        words.push(format!(
            "Furthest above its steady state peaks {}: {} times as high.",
            group.name.words(),
            significant(ratio)
        ));
    }
    words.join(" ")
}

fn paint(plane: &Plane<'_>, x: &Axis, groups: &[Group<'_>]) -> Result<(), Trouble> {
    legend(plane, groups)?;
    let rows = Axis::rows("", &vec![String::new(); groups.len()])
        .downwards()
        .ticked(Vec::new());
    let chart = chart(plane, ROOM, x, &rows)?;
    let across = |bytes: f64| chart.backend_coord(&(x.place(bytes), 0.0)).0;
    let lesser = anchored(10.0, ink::MUTED, HPos::Right, VPos::Center);
    let name = anchored(12.0, ink::TEXT, HPos::Left, VPos::Center);
    for (index, group) in groups.iter().enumerate() {
        let top = ROOM.top as i32 + GROUP * index as i32 + 6;
        let words = group.name.fitted(12.0, f64::from(ROOM.left) - 64.0);
        plane.draw(&Text::new(words, (4, top + BAR / 2 - 1), name.clone()))?;
        for (phase, reading) in group.phases.iter().enumerate() {
            let y = top + BAR * phase as i32;
            let middle = y + BAR / 2 - 1;
            let end = (ROOM.left as i32 - 6, middle);
            plane.draw(&Text::new(PHASES[phase], end, lesser.clone()))?;
            if reading.is_absent() {
                let style = anchored(10.0, ink::MUTED, HPos::Left, VPos::Center);
                plane.draw(&Text::new("no reading", (ROOM.left as i32 + 5, middle), style))?;
            }
            paint_bar(plane, reading, y, &across)?;
        }
    }
    Ok(())
}

fn paint_bar(plane: &Plane<'_>, reading: &Reading, y: i32, across: &impl Fn(f64) -> i32) -> Result<(), Trouble> {
    let mut from = 0.0;
    for (kind, bytes) in reading.parts() {
        paint_kind(plane, kind, [(across(from), y), (across(from + bytes), y + BAR - 2)])?;
        from += bytes;
    }
    if let Some(peak) = reading.peak {
        paint_peak(plane, across(peak), y)?;
    }
    reading.pss.map_or(Ok(()), |pss| paint_pss(plane, across(pss), y))
}

/// Dark, light, hollow: told apart without colour. The fourth is memory of no known kind.
fn paint_kind(plane: &Plane<'_>, kind: usize, corners: [(i32, i32); 2]) -> Result<(), Trouble> {
    let fill = match kind {
        0 => ink::series(0),
        1 => ink::SHADE,
        2 => ink::PAPER,
        _ => ink::GRID,
    };
    if corners[0].0 == corners[1].0 {
        return Ok(());
    }
    plane.draw(&Rectangle::new(corners, fill.filled()))?;
    match kind {
        0 => Ok(()),
        _ => plane.draw(&Rectangle::new(corners, ink::MUTED.stroke_width(1))),
    }
}

fn paint_peak(plane: &Plane<'_>, x: i32, y: i32) -> Result<(), Trouble> {
    let ends = vec![(x, y - 1), (x, y + BAR - 1)];
    plane.draw(&PathElement::new(ends, ink::FRONT.stroke_width(3)))
}

fn paint_pss(plane: &Plane<'_>, x: i32, y: i32) -> Result<(), Trouble> {
    let centre = (x, y + BAR / 2 - 1);
    plane.draw(&Circle::new(centre, 3, ink::PAPER.filled()))?;
    plane.draw(&Circle::new(centre, 3, ink::TEXT.stroke_width(1)))
}

/// What is in the picture, named, in a row above the bars.
fn legend(plane: &Plane<'_>, groups: &[Group<'_>]) -> Result<(), Trouble> {
    let readings = || groups.iter().flat_map(|group| &group.phases);
    let has = |kind: usize| readings().any(|reading| reading.parts().iter().any(|part| part.0 == kind && part.1 > 0.0));
    let style = anchored(11.0, ink::TEXT, HPos::Left, VPos::Center);
    let mut left = 180;
    let mut entry = |words: &str| -> Result<i32, Trouble> {
        let at = left;
        plane.draw(&Text::new(words.to_owned(), (at + 22, 13), style.clone()))?;
        left += 22 + width(words, 11.0).ceil() as i32 + 16;
        Ok(at)
    };
    for (kind, words) in ["anonymous", "file-backed", "shared", "resident, of no known kind"]
        .into_iter()
        .enumerate()
    {
        if has(kind) {
            let at = entry(words)?;
            paint_kind(plane, kind, [(at, 9), (at + 16, 9 + BAR - 2)])?;
        }
    }
    if readings().any(|reading| reading.peak.is_some()) {
        let at = entry("peak of the phase")?;
        paint_peak(plane, at + 10, 9)?;
    }
    if readings().any(|reading| reading.pss.is_some()) {
        let at = entry("proportional set (PSS)")?;
        paint_pss(plane, at + 10, 9)?;
    }
    Ok(())
}

fn data(groups: &[Group<'_>]) -> Data {
    let mut data = Data::new(&[
        "cell",
        "phase",
        "anonymous",
        "file-backed",
        "shared",
        "resident set",
        "peak of the phase",
        "proportional set (PSS)",
    ]);
    let size = |bytes: Option<f64>| bytes.map_or_else(|| ABSENT.to_owned(), |bytes| Unit::Size.show(bytes));
    for group in groups {
        for (phase, reading) in group.phases.iter().enumerate() {
            let mut row = vec![cell_id(&group.cell.id), PHASES[phase].to_owned()];
            row.extend(reading.kinds.map(size));
            row.extend([size(reading.resident), size(reading.peak), size(reading.pss)]);
            data.rows.push(row);
        }
    }
    data
}
