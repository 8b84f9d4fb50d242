//! What all pictures share: stand-in colours, text sizes, and an SVG that assistive technology can read.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use crate::text::plain;

/// The width of every picture, in the SVG's own units; the page scales it.
pub(crate) const WIDTH: u32 = 760;

/// Stand-in colours. No two are equal, and the style sheet (`templates/style.css`) names each by its hexadecimal form.
pub(crate) mod ink {
    use plotters::style::RGBColor;

    /// Words.
    pub(crate) const TEXT: RGBColor = RGBColor(1, 1, 1);
    /// Axes and lesser words.
    pub(crate) const MUTED: RGBColor = RGBColor(2, 2, 2);
    /// Grid lines.
    pub(crate) const GRID: RGBColor = RGBColor(3, 3, 3);
    /// The page's background, for gaps between marks.
    pub(crate) const PAPER: RGBColor = RGBColor(4, 4, 4);
    /// The Pareto front, and what else is to stand out.
    pub(crate) const FRONT: RGBColor = RGBColor(5, 5, 5);
    /// The baseline.
    pub(crate) const BASELINE: RGBColor = RGBColor(6, 6, 6);
    /// Worse.
    pub(crate) const BAD: RGBColor = RGBColor(8, 8, 8);
    /// A soft fill behind other marks.
    pub(crate) const SHADE: RGBColor = RGBColor(9, 9, 9);

    /// Colours that can be told apart, also by most who see fewer colours; each goes with a shape of its own.
    pub(crate) fn series(index: usize) -> RGBColor {
        RGBColor(16, 0, (index % SERIES) as u8)
    }

    /// How many colours [`series`] has.
    pub(crate) const SERIES: usize = 8;

    /// A scale from worse (0) over even (4) to better (8), for fills under words.
    pub(crate) fn heat(step: usize) -> RGBColor {
        RGBColor(32, 0, step.min(8) as u8)
    }

    /// The words on a [`heat`] fill of the same step.
    pub(crate) fn on_heat(step: usize) -> RGBColor {
        RGBColor(33, 0, step.min(8) as u8)
    }
}

/// The plane that pictures are drawn on.
pub(crate) type Plane<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Both axes placed by [`Axis::place`], with ticks of their own.
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// Why drawing into a string failed: it does not, but the drawing library's types cannot say so.
pub(crate) type Trouble = DrawingAreaErrorKind<std::io::Error>;

/// Room for the words of both axes, in the SVG's units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) left: u32,
    pub(crate) bottom: u32,
    pub(crate) top: u32,
    pub(crate) right: u32,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            left: 64,
            bottom: 46,
            top: 10,
            right: 18,
        }
    }
}

/// Draws, and gives the `<svg>` element: named and described for those who do not see it, without a size of its own.
pub(crate) fn draw(
    id: &str,
    title: &str,
    description: &str,
    height: u32,
    paint: impl FnOnce(&Plane<'_>) -> Result<(), Trouble>,
) -> Option<String> {
    let mut text = String::new();
    {
        let plane = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        paint(&plane).ok()?;
        plane.present().ok()?;
    }
    let body = text.split_once('>')?.1.trim_end().strip_suffix("</svg>")?;
    // What a shape is unless told otherwise, the family that all words share, and line breaks go without saying. Words
    // hold no quotation mark, so that nothing of theirs is taken for an attribute.
    let mut body = body.replace(" \"/>", "\"/>").replace('\n', "");
    for needless in [
        " opacity=\"1\"",
        " stroke-width=\"1\"",
        " stroke=\"none\"",
        " text-anchor=\"start\"",
        " font-family=\"sans-serif\"",
    ] {
        body = body.replace(needless, "");
    }
    Some(element(id, title, description, height, &body))
}

/// The `<svg>` element about marks that are written already.
pub(crate) fn element(id: &str, title: &str, description: &str, height: u32, body: &str) -> String {
    format!(
        "<svg class=\"picture\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" role=\"img\" \
         aria-labelledby=\"{id}-title\" \
         aria-describedby=\"{id}-desc\" xmlns=\"http://www.w3.org/2000/svg\"><title id=\"{id}-title\">{}</title>\
         <desc id=\"{id}-desc\">{}</desc>{}</svg>",
        content(title),
        content(description),
        body
    )
}

/// Text within an element.
pub(crate) fn content(text: &str) -> String {
    plain(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Text of a size in the SVG's units.
pub(crate) fn words(size: f64, colour: RGBColor) -> TextStyle<'static> {
    // The SVG writer divides by 1.24.
    ("sans-serif", size * 1.24).into_font().color(&colour)
}

/// Text anchored at its place.
pub(crate) fn anchored(size: f64, colour: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    words(size, colour).pos(Pos::new(horizontal, vertical))
}

/// About how wide text comes out, in the SVG's units: sans-serif letters are a little over half as wide as high.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    use unicode_width::UnicodeWidthStr as _;
    text.width() as f64 * size * 0.56
}

/// Text cut to at most so much room, in the SVG's units, with `…` where something was cut off.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if width(&out, size) + width("…", size) > room {
            out.pop();
            break;
        }
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// A chart with both axes drawn, ready for its marks.
pub(crate) fn chart<'a, 'b>(plane: &'a Plane<'b>, room: Room, x: &Axis, y: &Axis) -> Result<Chart<'a, 'b>, Trouble> {
    let mut chart = ChartBuilder::on(plane)
        .margin_top(room.top)
        .margin_right(room.right)
        .set_label_area_size(LabelAreaPosition::Left, room.left)
        .set_label_area_size(LabelAreaPosition::Bottom, room.bottom)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let mut mesh = chart.configure_mesh();
    mesh.bold_line_style(ink::GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(ink::MUTED)
        .label_style(words(12.0, ink::TEXT))
        .axis_desc_style(words(12.0, ink::MUTED))
        .x_labels(x.ticks().len())
        .y_labels(y.ticks().len())
        .x_desc(x.title())
        .y_desc(y.title());
    if !x.has_grid() {
        mesh.disable_x_mesh();
    }
    if !y.has_grid() {
        mesh.disable_y_mesh();
    }
    mesh.draw()?;
    drop(mesh);
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_room() {
        assert_eq!(fitted("abc", 10.0, 100.0), "abc");
        let cut = fitted("abcdefghijklmnopqrstuvwxyz", 10.0, 60.0);
        assert!(
            cut.ends_with('…') && width(&cut, 10.0) <= 60.0 && cut.len() > 8,
            "{cut}"
        );
        assert_eq!(fitted("漢字漢字漢字", 10.0, 30.0), "漢字…");
    }
}
