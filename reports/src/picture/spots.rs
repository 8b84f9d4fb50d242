//! The marks and labels of cells that lie on one place of a chart.

use std::fmt::Write as _;

use edgebench_api::Settings;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Plane, Room, Trouble, WIDTH, anchored, ink, width};
use super::marks::{Labels, MARK};
use super::trade_off::Point;
use crate::text::{plain, shortened};

const LABEL: f64 = 11.0;

/// At most so many spots are labelled: more would not find room.
const MOST_LABELS: usize = 60;

/// The points of one variant that lie on one place, as a variant's do on several backends in everything but time.
pub(super) struct Spot<'a> {
    place: (i32, i32),
    /// The backends' marks, side by side.
    series: Vec<usize>,
    pub(super) members: Vec<&'a Point<'a>>,
}

impl Spot<'_> {
    /// How far the marks reach to either side of the place.
    fn reach(&self) -> i32 {
        (self.series.len() as i32 - 1) * (MARK + 1)
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = (usize, (i32, i32))> {
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

/// The spots of points that are drawn at these places.
pub(super) fn spots<'a>(points: &'a [Point<'a>], places: &[(i32, i32)], backends: &[&str]) -> Vec<Spot<'a>> {
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

/// A ring around the mark of the baseline, or a frame around several.
pub(super) fn ring(plane: &Plane<'_>, spot: &Spot<'_>) -> Result<(), Trouble> {
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
pub(super) fn label_spots(
    plane: &Plane<'_>,
    room: Room,
    spots: &[Spot<'_>],
    labels: &mut Labels,
    baseline: &str,
) -> Result<(), Trouble> {
    let settings: Vec<&Settings> = spots
        .iter()
        .flat_map(|spot| &spot.members)
        .map(|point| &point.cell.id.settings)
        .collect();
    let bottom = plane.dim_in_pixel().1 - room.bottom;
    let bounds = [room.left as i32 + 4, room.top as i32, WIDTH as i32 - 4, bottom as i32];
    let mut order: Vec<&Spot<'_>> = spots.iter().collect();
    order.sort_by_key(|spot| (!spot.front(), spot.members[0].cell.id.variant != baseline));
    for spot in order.into_iter().take(MOST_LABELS) {
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
