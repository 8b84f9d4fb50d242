//! Names in pictures: none lies on another, and each reads as a part of a sentence.

use edgebench_api::{ComputeKind, ComputeRate};

use crate::made::{cell, record};
use crate::{fp32, has, page, pictures, whole};

/// Where a picture's words are, with an estimate of how wide they are.
fn words(svg: &str) -> Vec<(String, [f64; 3])> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
    texts
        .map(|node| {
            let words = node.text().unwrap_or_default().trim().to_owned();
            let at = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let wide = 5.0 * words.chars().count() as f64;
            (words, [at("x"), at("y"), wide])
        })
        .collect()
}

#[test]
fn names_of_roofs_that_are_near_each_other_do_not_lie_on_each_other() {
    let mut record = whole();
    let rates = &mut record.peaks[0].compute;
    rates.clear();
    for (kind, gmacs) in [
        (ComputeKind::F16, 216.0),
        (ComputeKind::Int8, 144.0),
        (ComputeKind::F32, 108.0),
        (ComputeKind::Bf16, 107.0),
    ] {
        rates.push(ComputeRate {
            kind,
            instructions: "AVX-512".to_owned(),
            macs_per_s: gmacs * 1e9,
        });
    }
    let page = page(&record);
    let picture = pictures(&page).into_iter().find(|svg| svg.contains("GMAC/s")).unwrap();
    let names: Vec<_> = words(picture)
        .into_iter()
        .filter(|(words, _)| words.contains("GMAC/s"))
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for (index, (one, [x, y, wide])) in names.iter().enumerate() {
        for (other, [other_x, other_y, other_wide]) in &names[..index] {
            let apart = (y - other_y).abs() >= 11.0 || x + wide <= *other_x || other_x + other_wide <= *x;
            assert!(apart, "{one} and {other}");
        }
    }
}

#[test]
fn a_difference_in_no_operator_is_a_sentence() {
    let operators = fp32().profile.unwrap().operators;
    let slower = cell("int8-static", "ort", operators, 1_100_000.0);
    let page = page(&record(vec![fp32(), slower]));
    has(&page, "The most time more is in no operator (1 ms).");
}
