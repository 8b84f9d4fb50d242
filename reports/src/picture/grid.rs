//! A table of fields, each with words and maybe a fill: heat maps that can be read without their colours.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Plane, Trouble, WIDTH, anchored, fitted, ink, width};

/// At most so many columns have room for a number each.
pub(crate) const MOST_COLUMNS: usize = 12;

/// More lines than these make a header hard to read.
const HEADER_LINES: usize = 4;

const FIELD_HEIGHT: i32 = 26;
const LINE: i32 = 15;
const SIZE: f64 = 12.0;
const HEADER: f64 = 11.0;
/// The widest that a column of few gets.
const WIDEST: i32 = 130;
/// Room for the rows' names, at most.
const NAMES: f64 = 230.0;
const MARGIN: i32 = 6;

/// One field: the first of its words that fit are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    pub(crate) words: Vec<String>,
    /// Of [`ink::heat`]; without one the field has a border alone.
    pub(crate) step: Option<usize>,
}

impl Field {
    /// Words that are no figure: no fill.
    pub(crate) fn bare(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|&words| words.to_owned()).collect(),
            step: None,
        }
    }

    pub(crate) fn figure(words: String, step: usize) -> Self {
        Self {
            words: vec![words],
            step: Some(step),
        }
    }
}

/// Rows and columns with names, and a field where they meet.
#[derive(Debug)]
pub(crate) struct Grid {
    /// What the rows are.
    pub(crate) row_title: String,
    /// What the columns are.
    pub(crate) column_title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<(String, Vec<Field>)>,
    /// What the marks in the fields mean, below it.
    pub(crate) notes: Vec<String>,
}

/// Where everything goes.
struct Layout {
    left: i32,
    top: i32,
    field: i32,
    headers: Vec<Vec<String>>,
    /// Below the fields: the columns' names where they have no room above, and the notes.
    below: Vec<String>,
}

impl Grid {
    fn layout(&self) -> Layout {
        let widest = self
            .rows
            .iter()
            .map(|(name, _)| width(name, SIZE))
            .chain([width(&self.row_title, SIZE)])
            .fold(0.0, f64::max);
        let left = widest.min(NAMES).ceil() as i32 + MARGIN + 8;
        let columns = self.columns.len().max(1) as i32;
        let field = ((WIDTH as i32 - left - MARGIN) / columns).min(WIDEST);
        let wrapped: Option<Vec<Vec<String>>> = self
            .columns
            .iter()
            .map(|name| wrapped(name, f64::from(field) - 4.0))
            .collect();
        let mut below = Vec::new();
        let headers = wrapped.unwrap_or_else(|| {
            let letters = ('A'..='Z').map(String::from);
            let keys: Vec<String> = letters.take(self.columns.len()).collect();
            below.extend(
                keys.iter()
                    .zip(&self.columns)
                    .map(|(key, name)| format!("{key}: {name}")),
            );
            keys.into_iter().map(|key| vec![key]).collect()
        });
        below.extend(self.notes.iter().cloned());
        let below = below
            .iter()
            .flat_map(|line| folded(line, f64::from(WIDTH as i32 - 2 * MARGIN), SIZE))
            .collect();
        let lines = headers.iter().map(Vec::len).max().unwrap_or(1) as i32;
        Layout {
            left,
            top: MARGIN + (lines + 1) * LINE + 5,
            field,
            headers,
            below,
        }
    }

    /// The height of its picture.
    pub(crate) fn height(&self) -> u32 {
        let layout = self.layout();
        let fields = self.rows.len() as i32 * FIELD_HEIGHT;
        let below = layout.below.len() as i32 * (LINE + 2);
        (layout.top + fields + 10 + below + MARGIN) as u32
    }

    pub(crate) fn paint(&self, plane: &Plane<'_>) -> Result<(), Trouble> {
        let layout = self.layout();
        let title = |at, colour| anchored(SIZE, colour, at, VPos::Center);
        plane.draw(&Text::new(
            self.column_title.clone(),
            (layout.left, MARGIN + LINE / 2),
            title(HPos::Left, ink::MUTED),
        ))?;
        let bottom = layout.top - 5 - LINE / 2;
        plane.draw(&Text::new(
            self.row_title.clone(),
            (layout.left - 8, bottom),
            title(HPos::Right, ink::MUTED),
        ))?;
        for (column, lines) in layout.headers.iter().enumerate() {
            let middle = layout.left + column as i32 * layout.field + layout.field / 2;
            for (index, line) in lines.iter().rev().enumerate() {
                let middle_at = (middle, bottom - index as i32 * LINE);
                let style = anchored(HEADER, ink::TEXT, HPos::Center, VPos::Center);
                plane.draw(&Text::new(line.clone(), middle_at, style))?;
            }
        }
        for (row, (name, fields)) in self.rows.iter().enumerate() {
            let top = layout.top + row as i32 * FIELD_HEIGHT;
            let name = fitted(name, SIZE, f64::from(layout.left - MARGIN - 8));
            let middle_at = (layout.left - 8, top + FIELD_HEIGHT / 2);
            plane.draw(&Text::new(name, middle_at, title(HPos::Right, ink::TEXT)))?;
            for (column, field) in fields.iter().enumerate() {
                paint_field(
                    plane,
                    field,
                    (layout.left + column as i32 * layout.field, top),
                    layout.field,
                )?;
            }
        }
        let below = layout.top + self.rows.len() as i32 * FIELD_HEIGHT + 10;
        for (index, line) in layout.below.iter().enumerate() {
            let middle_at = (MARGIN, below + index as i32 * (LINE + 2) + LINE / 2);
            plane.draw(&Text::new(line.clone(), middle_at, title(HPos::Left, ink::TEXT)))?;
        }
        Ok(())
    }
}

fn paint_field(plane: &Plane<'_>, field: &Field, (left, top): (i32, i32), across: i32) -> Result<(), Trouble> {
    let corners = [(left + 1, top + 1), (left + across - 1, top + FIELD_HEIGHT - 1)];
    let colour = if let Some(step) = field.step {
        plane.draw(&Rectangle::new(corners, ink::heat(step).filled()))?;
        ink::on_heat(step)
    } else {
        plane.draw(&Rectangle::new(corners, ink::GRID.stroke_width(1)))?;
        ink::MUTED
    };
    let room = f64::from(across) - 5.0;
    let sizes = [SIZE, SIZE - 1.0, SIZE - 2.0];
    let fitting = field
        .words
        .iter()
        .flat_map(|words| sizes.map(|size| (words, size)))
        .find(|(words, size)| width(words, *size) <= room);
    let (words, size) = match (fitting, field.words.last()) {
        (Some((words, size)), _) => (words.clone(), size),
        (None, Some(words)) => (fitted(words, SIZE - 2.0, room), SIZE - 2.0),
        (None, None) => return Ok(()),
    };
    plane.draw(&Text::new(
        words,
        (left + across / 2, top + FIELD_HEIGHT / 2),
        anchored(size, colour, HPos::Center, VPos::Center),
    ))
}

/// Text in lines of whole words, each within the room; a longer word is cut off.
pub(crate) fn folded(text: &str, room: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fitted(word, size, room)),
        }
    }
    lines
}

/// A header in lines, broken at spaces and after hyphens; `None` where it takes too many, or a part is too long.
fn wrapped(name: &str, room: f64) -> Option<Vec<String>> {
    let mut lines = vec![String::new()];
    for part in name.split_inclusive([' ', '-']) {
        let line = lines.last_mut()?;
        if line.is_empty() || width(&format!("{line}{}", part.trim_end()), HEADER) <= room {
            line.push_str(part);
        } else {
            lines.push(part.to_owned());
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    let fits = lines.len() <= HEADER_LINES && lines.iter().all(|line| width(line, HEADER) <= room);
    fits.then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded_at_words_and_cut_off_at_last() {
        assert_eq!(
            folded("Raspberry Pi 5 Model B", 80.0, 12.0),
            ["Raspberry", "Pi 5 Model", "B"]
        );
        let lines = folded("aaaaaaaaaaaaaaaaaaaaaaaa b", 80.0, 12.0);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with('…') && width(&lines[0], 12.0) <= 80.0, "{lines:?}");
        assert_eq!(fitted("short", 12.0, 80.0), "short");
        assert!(folded("", 80.0, 12.0).is_empty());
    }

    #[test]
    fn headers_break_at_hyphens() {
        let lines = wrapped("int8-static-tensor", 68.0).unwrap();
        assert_eq!(lines, ["int8-", "static-", "tensor"]);
        assert_eq!(wrapped("ort", 68.0).unwrap(), ["ort"]);
        assert!(wrapped("incomprehensibilities", 68.0).is_none());
    }

    #[test]
    fn headers_without_room_become_letters_with_a_key() {
        let grid = |columns: usize| Grid {
            row_title: "cell".to_owned(),
            column_title: "device".to_owned(),
            columns: vec!["Incomprehensibilities Inc. 64-Core Processor".to_owned(); columns],
            rows: vec![(
                "fp32".to_owned(),
                vec![Field::bare(&["unsupported", "unsup."]); columns],
            )],
            notes: Vec::new(),
        };
        assert!(grid(12).layout().headers.iter().all(|lines| lines[0].len() == 1));
        assert_eq!(grid(12).layout().below.len(), 12);
        assert!(grid(1).layout().below.len() == 1, "a word is wider than the column");
    }
}
