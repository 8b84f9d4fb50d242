//! Inner tensors of one cell against those of another, in the order of the graph.

use edgebench_record::{CellId, TensorComparison, TensorDifference};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::compared::{decibels, number, tenths, verdict};
use super::words::{named, number_field};
use crate::html::{Field, Header, Row, Table};
use crate::picture::axis::{Axis, Unit};
use crate::picture::canvas::{Plane, Room, Trouble, WIDTH, anchored, chart, draw, fitted, ink};
use crate::picture::id::id;
use crate::picture::legend::{Legend, Sign};
use crate::picture::marks::draw_mark;
use crate::picture::name::{cell_id, short};
use crate::picture::{Data, Picture};
use crate::text::counted;

/// Tensors in the table and in the picture, at most.
const ROWS: usize = 250;
const DRAWN: usize = 600;
const CHART: u32 = 300;
/// What the comparison comes to, in sentences.
pub(super) fn sentences(comparison: &TensorComparison) -> Vec<String> {
    let mut sentences = vec![verdict(comparison)];
    if comparison.tensors.len() > ROWS {
        sentences.push(format!(
            "The table holds {ROWS} of them: those that differ first, then the others, in the order of the graph."
        ));
    }
    sentences
}

/// The tensors; where there are many, those that differ and then the others.
pub(super) fn table(caption: String, comparison: &TensorComparison) -> Option<Table> {
    let all = &comparison.tensors;
    let mut places: Vec<usize> = (0..all.len()).collect();
    places.sort_by_key(|&place| !all[place].differs);
    places.truncate(ROWS);
    places.sort_unstable();
    let row = |&place: &usize| {
        let tensor: &TensorDifference = &all[place];
        let differs = if tensor.differs { "differs" } else { "agrees" };
        Row {
            fields: vec![
                Field::text(named(&tensor.tensor)),
                number_field(Some((place + 1) as f64), |order| format!("{order:.0}")),
                Field::text(named(&tensor.op)),
                Field::text(named(&tensor.node)),
                Field::text(differs),
                number_field(decibels(tensor), tenths),
                number_field(tensor.cosine, |cosine| format!("{cosine:.6}").replace('-', "−")),
                number_field(tensor.relative_rms, number),
                number_field(tensor.max_abs, number),
            ],
            facets: vec![differs.to_owned()],
            ..Row::default()
        }
    };
    let headers = [
        ("tensor", false),
        ("order", true),
        ("operator", false),
        ("written by", false),
        ("verdict", false),
        ("SQNR (dB)", true),
        ("cosine", true),
        ("relative difference", true),
        ("largest difference", true),
    ];
    let table = Table {
        caption,
        of: "tensors",
        headers: headers
            .iter()
            .map(|(words, numeric)| Header::new(words, *numeric))
            .collect(),
        rows: places.iter().map(row).collect(),
        facets: Vec::new(),
    };
    (!all.is_empty()).then(|| table.with_facets(&["verdict"]))
}

/// Signal over quantisation noise along the graph. `None` where no tensor has one.
pub(super) fn picture(cell: &CellId, comparison: &TensorComparison) -> Option<Picture> {
    let all = &comparison.tensors;
    let known: Vec<(usize, &TensorDifference, f64)> = all
        .iter()
        .enumerate()
        .filter_map(|(place, tensor)| Some((place, tensor, decibels(tensor)?)))
        .collect();
    if known.is_empty() {
        return None;
    }
    let drawn = worst_of_each_stretch(&known);
    let name = "SQNR of inner tensors along the graph";
    let description = describe(&known, drawn.len(), all.len(), &comparison.reference);
    let id = id("tensors", &[&cell.to_string()]);
    let x = Axis::linear("tensor, in the order of the graph", Unit::Number, 1.0, all.len() as f64);
    let y = Axis::linear(
        "SQNR (dB)",
        Unit::Number,
        extreme(&known, f64::min).min(0.0),
        extreme(&known, f64::max),
    );
    let first = known.iter().find(|(_, tensor, _)| tensor.differs);
    let marks = [(1, "differs"), (0, "within the tolerance")];
    let legend = Legend::new(marks.map(|(mark, words)| (Sign::Mark(mark), words.to_owned())).into());
    let title = format!("{}: {name}", short(&cell.to_string()));
    let svg = draw(&id, &title, &description, CHART + legend.height(), |plane| {
        legend.paint(plane)?;
        paint(plane, legend.height(), (&x, &y), &drawn, first)
    })?;
    Some(Picture {
        id,
        title: format!("{}: {name}", cell_id(cell)),
        description,
        svg,
        data: data(&drawn),
    })
}

type Known<'a> = (usize, &'a TensorDifference, f64);

fn extreme(known: &[Known<'_>], of: fn(f64, f64) -> f64) -> f64 {
    known.iter().map(|(_, _, db)| *db).reduce(of).unwrap_or_default()
}

/// All tensors, or of very many the worst of each stretch of the graph.
fn worst_of_each_stretch<'a>(known: &[Known<'a>]) -> Vec<Known<'a>> {
    let stretch = known.len().div_ceil(DRAWN);
    let worst = |of: &[Known<'a>]| of.iter().copied().min_by(|a, b| a.2.total_cmp(&b.2));
    known.chunks(stretch.max(1)).filter_map(worst).collect()
}

fn paint(
    plane: &Plane<'_>,
    top: u32,
    (x, y): (&Axis, &Axis),
    drawn: &[Known<'_>],
    first: Option<&Known<'_>>,
) -> Result<(), Trouble> {
    let room = Room { top, ..Room::default() };
    let mut chart = chart(plane, room, x, y)?;
    let at = |(place, _, db): &Known<'_>| (x.place((place + 1) as f64), y.place(*db));
    chart.draw_series(LineSeries::new(drawn.iter().map(at), ink::GRID.stroke_width(2)))?;
    for known in drawn {
        let series = usize::from(known.1.differs);
        draw_mark(plane, series, chart.backend_coord(&at(known)))?;
    }
    let Some(first) = first else { return Ok(()) };
    let (left, middle) = chart.backend_coord(&at(first));
    let words = format!("first to differ: {}", named(&first.1.tensor));
    let (style, left, space) = if left > WIDTH as i32 / 2 {
        (HPos::Right, left - 10, left - 80)
    } else {
        (HPos::Left, left + 10, WIDTH as i32 - left - 30)
    };
    let words = fitted(&words, 11.0, f64::from(space));
    // Above the mark, where the line from before comes from.
    let middle = (middle - 12).max(top as i32 + 8);
    plane.draw(&Text::new(
        words,
        (left, middle),
        anchored(11.0, ink::TEXT, style, VPos::Center),
    ))
}

fn describe(known: &[Known<'_>], drawn: usize, all: usize, reference: &CellId) -> String {
    let mut words = vec![format!(
        "Signal over quantisation noise of {} against {}; the higher, the nearer.",
        counted(known.len(), "tensor"),
        cell_id(reference)
    )];
    if let Some((_, tensor, db)) = known.iter().min_by(|a, b| a.2.total_cmp(&b.2)) {
        words.push(format!("The lowest is that of {} ({db:.1} dB).", named(&tensor.tensor)).replace(" (-", " (−"));
    }
    if drawn < known.len() {
        words.push(format!(
            "Drawn are {drawn} of them: the lowest of each stretch of the graph."
        ));
    }
    if known.len() < all {
        words.push(format!(
            "{} without one {} not drawn: equal to the reference, or not to be held against it.",
            counted(all - known.len(), "tensor"),
            if all - known.len() == 1 { "is" } else { "are" }
        ));
    }
    words.join(" ")
}

fn data(drawn: &[Known<'_>]) -> Data {
    let mut data = Data::new(&["tensor", "order", "SQNR (dB)", "verdict"]);
    for (place, tensor, db) in drawn.iter().take(ROWS) {
        data.rows.push(vec![
            named(&tensor.tensor),
            (place + 1).to_string(),
            format!("{db:.1}").replace('-', "−"),
            if tensor.differs { "differs" } else { "agrees" }.to_owned(),
        ]);
    }
    data
}
