//! The pictures of one run's latencies: what they say against what is known of the record.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod pictures;
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

use edgebench_api::Nanos;
use edgebench_record::{Cell, Record};
use edgebench_reports::picture::{ecdf, latency, series};
use pictures::{cell_of, column};
use synthetic::record;

fn of(cells: Vec<Cell>) -> Record {
    record(cells, Vec::new())
}

#[test]
fn quantiles_are_those_of_all_inferences() {
    // 1000 to 2000 ns in steps of 1, shuffled over two invocations: the quantile p is 1000 + 1000 p.
    let even: Vec<u64> = (1000..=2000).rev().filter(|ns| ns % 2 == 0).collect();
    let odd: Vec<u64> = (1000..=2000).filter(|ns| ns % 2 == 1).collect();
    let record = of(vec![cell_of("fp32", &[&even, &odd])]);
    let picture = latency(&record, &record.tasks[0]).unwrap();
    assert_eq!(
        picture.data.rows[0],
        [
            "digits/fp32/ort/t1/b1",
            "1.5 µs",
            "1.5 µs, 1.5 µs",
            "1001",
            "1 µs",
            "1.05 µs",
            "1.25 µs",
            "1.5 µs",
            "1.75 µs",
            "1.95 µs",
            "2 µs",
            "900 µs",
            "2 ms"
        ]
    );
    assert!(
        picture
            .description
            .contains("nine in ten of all inferences between 1.05 µs and 1.95 µs")
    );
    assert!(
        picture
            .description
            .contains("A first inference takes 600 times the median.")
    );

    let picture = ecdf(&record, &record.tasks[0]).unwrap();
    let quantiles = [
        "1.01 µs", "1.05 µs", "1.1 µs", "1.25 µs", "1.5 µs", "1.75 µs", "1.9 µs", "1.95 µs", "1.99 µs", "–",
    ];
    assert_eq!(picture.data.rows[0][3..], quantiles);
    assert!(
        picture
            .description
            .contains("half within 1.5 µs, 90 % within 1.9 µs, 99 % within 1.99 µs")
    );
}

#[test]
fn too_few_samples_show_what_they_have() {
    let record = of(vec![
        cell_of("fp32", &[&[500, 300], &[400]]),
        cell_of("other", &[&(1000..1060).collect::<Vec<u64>>()]),
        cell_of("none", &[&[]]),
    ]);
    let picture = latency(&record, &record.tasks[0]).unwrap();
    assert_eq!(column(&picture, "inferences").len(), 2);
    let few = picture.data.rows.iter().find(|row| row[3] == "3").unwrap();
    assert_eq!(few[4..11], ["300 ns", "–", "–", "–", "–", "–", "500 ns"]);
    assert!(picture.svg.contains("3 samples"));
    assert!(
        picture
            .description
            .contains("1 cell has too few inferences for a median")
    );
    assert!(
        picture
            .description
            .contains("1 cell has too few inferences for whiskers")
    );
    let picture = ecdf(&record, &record.tasks[0]).unwrap();
    assert_eq!(picture.data.rows.len(), 2);
    assert!(series(&record, &record.cells[2], 2).is_none());
}

#[test]
fn the_fastest_and_the_baseline_have_curves() {
    let mut cells: Vec<Cell> = (0..12)
        .map(|n| {
            let ns = 1000 + n * 100;
            let mut cell = cell_of(&format!("v{n}"), &[&[ns; 40]]);
            cell.summary.as_mut().unwrap().latency.p50_ns = ns as f64;
            cell
        })
        .collect();
    cells[11].id.variant = "fp32".to_owned();
    let record = of(cells);
    let picture = ecdf(&record, &record.tasks[0]).unwrap();
    let names: Vec<&str> = column(&picture, "cell");
    assert_eq!(names.len(), 8);
    assert_eq!(
        (names[0], names[6], names[7]),
        ("digits/v0/ort/t1/b1", "digits/v6/ort/t1/b1", "digits/fp32/ort/t1/b1")
    );
    assert!(picture.svg.contains("baseline"));
    assert!(
        picture
            .description
            .starts_with("8 of 12 cells: the 7 with the lowest medians, and the baseline's fastest."),
        "{}",
        picture.description
    );
}

#[test]
fn medians_are_those_of_the_table() {
    // Pooled, more than half of the inferences take 100 ns; the median of the invocations' medians is 300 ns.
    let record = of(vec![
        cell_of("fp32", &[&[100; 60], &[300; 20], &[300; 20]]),
        cell_of("other", &[&[200; 40]]),
    ]);
    let task = &record.tasks[0];
    for picture in [latency(&record, task), ecdf(&record, task)] {
        let picture = picture.unwrap();
        assert_eq!(column(&picture, "median"), ["200 ns", "300 ns"], "{}", picture.id);
        assert!(picture.svg.contains("300 ns"));
    }
    let picture = latency(&record, task).unwrap();
    assert_eq!(column(&picture, "50 % of all"), ["200 ns", "100 ns"]);
    let picture = ecdf(&record, task).unwrap();
    assert!(picture.svg.contains("median 300 ns") && !picture.svg.contains("median 100 ns"));
}

#[test]
fn less_accurate_cells_have_curves_where_they_are_faster() {
    let mut cells: Vec<Cell> = (0..12)
        .map(|n| cell_of(&format!("v{n}"), &[&[1000 + n * 100; 40]]))
        .collect();
    // The fastest is significantly less accurate, and so behind all others in the ranking.
    let accuracy = cells[0].accuracy.as_mut().unwrap();
    accuracy.delta = None;
    for cell in &mut cells[1..] {
        cell.accuracy.as_mut().unwrap().delta = Some(edgebench_record::Delta {
            baseline: "fp32".to_owned(),
            value: 0.0,
            interval: None,
            flips: None,
            answer_changes: None,
            mcnemar_p: Some(1.0),
        });
    }
    let record = record(cells, vec![0; 10]);
    let ranked = edgebench_reports::ranked(&record, "digits");
    assert_eq!(ranked.last().unwrap().1.id.variant, "v0");
    let picture = ecdf(&record, &record.tasks[0]).unwrap();
    assert_eq!(column(&picture, "cell")[0], "digits/v0/ort/t1/b1");
    assert!(
        picture
            .description
            .starts_with("8 of 12 cells: the 8 with the lowest medians."),
        "{}",
        picture.description
    );
}

#[test]
fn the_words_above_one_row_do_not_overlap() {
    let record = of(vec![cell_of("fp32", &[&[1000; 40]])]);
    let picture = latency(&record, &record.tasks[0]).unwrap();
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let turned = document.descendants().filter(|node| {
        let has_words = node.text().is_some_and(|text| !text.trim().is_empty());
        has_words && node.attribute("transform").is_some()
    });
    assert_eq!(turned.count(), 0, "a turned title is higher than one row");
    let header = document
        .descendants()
        .find(|node| node.text().is_some_and(|text| text.trim() == "variant · backend"))
        .unwrap();
    let y: f64 = header.attribute("y").unwrap().parse().unwrap();
    assert!((30.0..52.0).contains(&y), "{y}");
}

#[test]
fn a_first_inference_below_the_median_is_a_share() {
    let mut cells = vec![cell_of("fp32", &[&[1000; 40]]), cell_of("other", &[&[2000; 40]])];
    for (cell, ns) in cells.iter_mut().zip([46, 4000]) {
        cell.summary.as_mut().unwrap().first_ns = Some(Nanos(ns));
    }
    let record = of(cells);
    let picture = latency(&record, &record.tasks[0]).unwrap();
    assert!(
        picture
            .description
            .contains("A first inference takes from 4.60 % of the median to 2.00 times the median."),
        "{}",
        picture.description
    );
}
