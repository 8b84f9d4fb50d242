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
        Self { taken }
    }

    /// Where a label of this size goes, as the left end of its middle line: beside its mark, above or below it, within
    /// the bounds (left, top, right, bottom). `None` where there is no room.
    pub(crate) fn place(&mut self, text: &str, size: f64, (x, y): (i32, i32), bounds: [i32; 4]) -> Option<(i32, i32)> {
        let (w, h) = (width(text, size), size * 1.1);
        let (x, y) = (f64::from(x), f64::from(y));
        let gap = f64::from(MARK) + 4.0;
        let [left, top, right, bottom] = bounds.map(f64::from);
        let beside = [
            (x + gap, y),
            (x - gap - w, y),
            (x - w / 2.0, y - gap - h / 2.0),
            (x - w / 2.0, y + gap + h / 2.0),
            (x + gap, y - h),
            (x + gap, y + h),
            (x - gap - w, y - h),
            (x - gap - w, y + h),
        ];
        for (from, middle) in beside {
            let area = [from, middle - h / 2.0, from + w, middle + h / 2.0];
            let inside = area[0] >= left && area[1] >= top && area[2] <= right && area[3] <= bottom;
            if inside && !self.taken.iter().any(|other| overlap(area, *other)) {
                self.taken.push(area);
                return Some((from.round() as i32, middle.round() as i32));
            }
        }
        None
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
