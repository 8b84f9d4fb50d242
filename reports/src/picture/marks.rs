//! One shape per backend, and labels that do not overlap.

use plotters::prelude::*;

use super::canvas::{Plane, Trouble, ink, width};

/// A mark's half width, in the SVG's units.
pub(crate) const MARK: i32 = 5;

/// Draws the mark of the `index`th series about a place: its shape tells as much as its colour.
pub(crate) fn draw_mark(plane: &Plane<'_>, index: usize, (x, y): (i32, i32)) -> Result<(), Trouble> {
    let style = ink::series(index).filled();
    let r = MARK;
    let polygon = |corners: &[(i32, i32)]| {
        let corners: Vec<(i32, i32)> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        plane.draw(&Polygon::new(corners, style))
    };
    match index % ink::SERIES {
        0 => plane.draw(&Circle::new((x, y), r, style)),
        1 => polygon(&[(0, -r - 1), (r + 1, r), (-r - 1, r)]),
        2 => polygon(&[(-r + 1, -r + 1), (r - 1, -r + 1), (r - 1, r - 1), (-r + 1, r - 1)]),
        3 => polygon(&[(0, -r - 2), (r + 2, 0), (0, r + 2), (-r - 2, 0)]),
        4 => polygon(&[(0, r + 1), (r + 1, -r), (-r - 1, -r)]),
        5 => polygon(&plus(r)),
        6 => plane.draw(&Circle::new((x, y), r - 1, ink::series(index).stroke_width(2))),
        _ => polygon(&[(-r, -r), (r, -r), (0, 0), (r, r), (-r, r), (0, 0)]),
    }
}

fn plus(r: i32) -> Vec<(i32, i32)> {
    let (a, b) = (r + 1, r / 3);
    vec![
        (-b, -a),
        (b, -a),
        (b, -b),
        (a, -b),
        (a, b),
        (b, b),
        (b, a),
        (-b, a),
        (-b, b),
        (-a, b),
        (-a, -b),
        (-b, -b),
    ]
}

/// Places for labels, none over another and none over a mark.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    taken: Vec<[f64; 4]>,
    /// Covered only where there is no other room.
    lines: Vec<[f64; 4]>,
}

impl Labels {
    /// Marks that no label may cover, by their places in the SVG's units.
    pub(crate) fn around(marks: &[(i32, i32)]) -> Self {
        let reach = f64::from(MARK) + 1.0;
        let taken = marks
            .iter()
            .map(|&(x, y)| (f64::from(x), f64::from(y)))
            .map(|(x, y)| [x - reach, y - reach, x + reach, y + reach])
            .collect();
        Self {
            taken,
            lines: Vec::new(),
        }
    }

    /// A line along an axis that labels keep clear of where they can.
    pub(crate) fn avoid(&mut self, (x0, y0): (i32, i32), (x1, y1): (i32, i32)) {
        let [left, right, top, bottom] = [x0.min(x1), x0.max(x1), y0.min(y1), y0.max(y1)].map(f64::from);
        self.lines.push([left - 1.0, top - 1.0, right + 1.0, bottom + 1.0]);
    }

    /// Whether a label that is centred on this height, its left end here, covers neither a mark nor another label. Then none
    /// covers it from now on.
    pub(crate) fn take(&mut self, text: &str, size: f64, (left, middle): (i32, i32)) -> bool {
        let (w, h) = (width(text, size), size * 1.1);
        let (left, middle) = (f64::from(left), f64::from(middle));
        let area = [left, middle - h / 2.0, left + w, middle + h / 2.0];
        let free = !self.taken.iter().any(|other| overlap(area, *other));
        if free {
            self.taken.push(area);
        }
        free
    }

    /// Where a label of this size goes, as the left end of its middle line: beside its mark, above or below it, within
    /// the bounds (left, top, right, bottom). `None` where there is no room.
    pub(crate) fn place(&mut self, text: &str, size: f64, mark: (i32, i32), bounds: [i32; 4]) -> Option<(i32, i32)> {
        self.place_around(text, size, mark, 0, bounds)
    }

    /// The same beside marks that reach so far to the left and right of their place.
    pub(crate) fn place_around(
        &mut self,
        text: &str,
        size: f64,
        (x, y): (i32, i32),
        reach: i32,
        bounds: [i32; 4],
    ) -> Option<(i32, i32)> {
        let (w, h) = (width(text, size), size * 1.1);
        let (x, y) = (f64::from(x), f64::from(y));
        let gap = f64::from(MARK) + 4.0;
        let aside = gap + f64::from(reach);
        let [left, top, right, bottom] = bounds.map(f64::from);
        // Pushed in where an edge is near.
        let centred = (x - w / 2.0).min(right - w).max(left);
        let beside = [
            (x + aside, y),
            (x - aside - w, y),
            (centred, y - gap - h / 2.0),
            (centred, y + gap + h / 2.0),
            (x + aside, y - h),
            (x + aside, y + h),
            (x - aside - w, y - h),
            (x - aside - w, y + h),
        ];
        let areas = beside.map(|(from, middle)| [from, middle - h / 2.0, from + w, middle + h / 2.0]);
        let inside = |area: &[f64; 4]| area[0] >= left && area[1] >= top && area[2] <= right && area[3] <= bottom;
        let clear_of = |area: [f64; 4], others: &[[f64; 4]]| !others.iter().any(|other| overlap(area, *other));
        let free = || {
            areas
                .into_iter()
                .filter(inside)
                .filter(|&area| clear_of(area, &self.taken))
        };
        let area = free()
            .find(|&area| clear_of(area, &self.lines))
            .or_else(|| free().next())?;
        self.taken.push(area);
        Some((area[0].round() as i32, f64::midpoint(area[1], area[3]).round() as i32))
    }
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_clear_of_each_other() {
        let mut labels = Labels::around(&[(100, 50)]);
        assert!(!labels.take("abc", 12.0, (90, 50)), "there is the mark");
        assert!(labels.take("abc", 12.0, (10, 50)));
        assert!(!labels.take("abc", 12.0, (12, 55)), "there is another one");
        let bounds = [0, 0, 200, 100];
        let mut labels = Labels::around(&[(100, 50), (104, 50)]);
        let first = labels.place("abc", 12.0, (100, 50), bounds).unwrap();
        let second = labels.place("abc", 12.0, (104, 50), bounds).unwrap();
        assert_ne!(first, second);
        assert!(
            Labels::default()
                .place("far too long a label for this", 12.0, (10, 10), [0, 0, 40, 40])
                .is_none()
        );
    }
}
