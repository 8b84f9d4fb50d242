//! Inner tensors against those of another cell.

use std::fmt::Write as _;

use edgebench_record::{ProfiledCell, TensorDifference};

use super::super::compared::{decibels, left_out, number, tenths, verdict};
use super::super::names::named;
use crate::columns::ABSENT;
use crate::table::aligned;
use crate::text::{counted, escaped, plain};

/// What the comparison comes to, and the tensors: those that differ first, at most `top`. Empty where nobody asked.
pub(super) fn tensors(cell: &ProfiledCell, top: usize) -> String {
    if let Some(why) = &cell.no_tensors {
        return format!("\n- inner tensors were not compared: {}\n", escaped(&plain(why)));
    }
    let Some(comparison) = &cell.tensors else {
        return String::new();
    };
    let mut out = format!("\n- {}\n", escaped(&verdict(comparison)));
    for reason in left_out(comparison) {
        let _ = writeln!(out, "- left out: {}", escaped(&reason));
    }
    let mut places: Vec<usize> = (0..comparison.tensors.len()).collect();
    places.sort_by_key(|&place| !comparison.tensors[place].differs);
    let more = places.len().saturating_sub(top);
    places.truncate(top);
    places.sort_unstable();
    let shown = |figure: Option<f64>| figure.map_or_else(|| ABSENT.to_owned(), number);
    let row = |&place: &usize| {
        let tensor: &TensorDifference = &comparison.tensors[place];
        vec![
            escaped(&named(&tensor.tensor)),
            escaped(&named(&tensor.op)),
            if tensor.differs { "differs" } else { "agrees" }.to_owned(),
            decibels(tensor).map_or_else(|| ABSENT.to_owned(), tenths),
            shown(tensor.cosine),
            shown(tensor.relative_rms),
            shown(tensor.max_abs),
        ]
    };
    let rows: Vec<Vec<String>> = places.iter().map(row).collect();
    let headers = [
        ("tensor", false),
        ("operator", false),
        ("verdict", false),
        ("SQNR (dB)", true),
        ("cosine", true),
        ("relative", true),
        ("largest", true),
    ];
    if !rows.is_empty() {
        let _ = write!(out, "\n{}", aligned(&headers, &rows));
    }
    if more > 0 {
        let _ = writeln!(out, "\n{} are not shown", counted(more, "more tensor"));
    }
    out
}
