//! The row of marks above a chart, in as many lines as it takes.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Plane, Trouble, WIDTH, anchored, fitted, ink, width};
use super::marks::{MARK, draw_mark};

const SIZE: f64 = 12.0;
const LINE: i32 = 18;
const LEFT: i32 = 82;
/// Between an entry's words and the middle of the next one's sign: letters may come out a little wider than they are
/// taken for.
const GAP: i32 = 32;
/// The longest name.
const LONGEST: f64 = 260.0;

/// What stands before an entry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The mark of a series.
    Mark(usize),
    /// The front's line.
    Front,
    /// The baseline's ring.
    Ring,
    /// A dotted guide.
    Dotted,
}

/// Entries, placed.
pub(crate) struct Legend {
    entries: Vec<(Sign, String, (i32, i32))>,
    height: i32,
}

impl Legend {
    pub(crate) fn new(entries: Vec<(Sign, String)>) -> Self {
        let (mut left, mut middle) = (LEFT, LINE / 2 + 3);
        let mut placed = Vec::new();
        for (sign, words) in entries {
            let words = fitted(&words, SIZE, LONGEST);
            let across = 14 + width(&words, SIZE).ceil() as i32 + GAP;
            if left > LEFT && left + across > WIDTH as i32 {
                (left, middle) = (LEFT, middle + LINE);
            }
            placed.push((sign, words, (left, middle)));
            left += across;
        }
        Self {
            entries: placed,
            height: middle + LINE / 2 + 4,
        }
    }

    /// The room it takes above the chart.
    pub(crate) fn height(&self) -> u32 {
        self.height as u32
    }

    pub(crate) fn paint(&self, plane: &Plane<'_>) -> Result<(), Trouble> {
        for (sign, words, (x, y)) in &self.entries {
            let style = anchored(SIZE, ink::TEXT, HPos::Left, VPos::Center);
            plane.draw(&Text::new(words.clone(), (x + 14, *y), style))?;
            match sign {
                Sign::Mark(series) => draw_mark(plane, *series, (*x, *y))?,
                Sign::Front => {
                    let line = vec![(x - 8, *y), (x + 8, *y)];
                    plane.draw(&PathElement::new(line, ink::FRONT.stroke_width(2)))?;
                }
                Sign::Ring => plane.draw(&Circle::new((*x, *y), MARK + 3, ink::BASELINE.stroke_width(2)))?,
                Sign::Dotted => {
                    for start in [-9, -3, 3] {
                        let dot = vec![(x + start, *y), (x + start + 3, *y)];
                        plane.draw(&PathElement::new(dot, ink::MUTED.stroke_width(2)))?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_without_room_go_to_the_next_line() {
        let entries = |n: usize| (0..n).map(|n| (Sign::Mark(n), "a backend's name".to_owned())).collect();
        assert_eq!(Legend::new(entries(2)).height(), Legend::new(entries(1)).height());
        let many = Legend::new(entries(12));
        assert!(many.height() > Legend::new(entries(1)).height());
        for (_, words, (x, _)) in &many.entries {
            assert!(f64::from(x + 14) + width(words, SIZE) <= f64::from(WIDTH));
        }
    }
}
