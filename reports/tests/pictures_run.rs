//! The pictures of one run: what they say against what is known of the record, and that nothing in a record breaks them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod pictures;
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

use edgebench_api::{Bytes, Nanos};
use edgebench_record::{Cell, MemoryPhases, Record};
use edgebench_reports::picture::{Picture, ecdf, latency, memory, series};
use pictures::{cell_of, column};
use synthetic::{Draws, Made, record};
use unicode_width::UnicodeWidthStr as _;

fn of(cells: Vec<Cell>) -> Record {
    record(cells, Vec::new())
}

/// All pictures of a record's first task and of its cells.
fn pictures(record: &Record) -> Vec<Picture> {
    let task = &record.tasks[0];
    let mut all: Vec<Picture> = [latency(record, task), ecdf(record, task), memory(record, task)]
        .into_iter()
        .flatten()
        .collect();
    let cells = record.cells.iter().enumerate();
    all.extend(cells.filter_map(|(number, cell)| series(record, cell, number)));
    all
}

/// Reads the picture as XML and holds it to what a page relies on.
fn check(picture: &Picture) {
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(!picture.title.is_empty() && !picture.description.is_empty());
    assert!(!picture.data.rows.is_empty(), "{}", picture.id);
    for row in &picture.data.rows {
        assert_eq!(row.len(), picture.data.headers.len(), "{}", picture.id);
    }
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        picture.id.chars().all(is_id) && picture.id.starts_with(|c: char| c.is_ascii_lowercase()),
        "{}",
        picture.id
    );
    let names = [
        "svg", "title", "desc", "text", "rect", "polyline", "polygon", "circle", "line",
    ];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(names.contains(&node.tag_name().name()), "{:?}", node.tag_name());
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on") && attribute.name() != "href");
            let value = attribute.value();
            let is_figure = !["id", "aria-labelledby", "aria-describedby"].contains(&attribute.name());
            assert!(
                !is_figure || (!value.contains("NaN") && !value.contains("inf")),
                "{value}"
            );
        }
        if node.tag_name().name() == "text" && node.attribute("transform").is_none() {
            let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
            let words = node.text().unwrap_or_default();
            let wide = words.width() as f64 * number("font-size") * 0.56;
            let left = match node.attribute("text-anchor") {
                Some("end") => number("x") - wide,
                Some("middle") => number("x") - wide / 2.0,
                _ => number("x"),
            };
            let inside = left >= 0.0 && left + wide <= view[2] && number("y") >= 4.0 && number("y") <= view[3];
            assert!(inside, "{}: `{words}` from {left} to {}", picture.id, left + wide);
        }
        for pair in node
            .attribute("points")
            .into_iter()
            .flat_map(|points| points.split(' '))
        {
            let (x, y) = pair.split_once(',').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            let inside = (0.0..=view[2]).contains(&x) && (0.0..=view[3]).contains(&y);
            assert!(inside, "{}: {pair} in {view:?}", picture.id);
        }
    }
}

#[test]
fn a_drift_is_said_with_its_sign_and_size() {
    // 2 ns more with each inference: 2 µs per 1000. The other falls by 1 ns with each, and the last does neither.
    let rising: Vec<u64> = (0..2000).map(|n| 100_000 + 2 * n).collect();
    let falling: Vec<u64> = (0..2000).map(|n| 100_000 - n).collect();
    let still: Vec<u64> = (0..2000).map(|n| 100_000 + (n * 7919 % 101) * 20).collect();
    let record = of(vec![cell_of("fp32", &[&rising, &falling, &still])]);
    let picture = series(&record, &record.cells[0], 0).unwrap();
    assert_eq!(column(&picture, "drift"), ["yes", "yes", "no"]);
    let slopes = column(&picture, "trend per 1000 inferences");
    assert_eq!(slopes[..2], ["+2 µs", "−1 µs"]);
    // Over 2000 inferences: 4 µs of a median of 102 µs, and 2 µs of 99 µs.
    let words = "Drift per 1000 inferences: +2 µs in invocation 1 (+3.9 % over its course), \
                 −1 µs in invocation 2 (−2.0 % over its course).";
    assert!(picture.description.contains(words), "{}", picture.description);

    let record = of(vec![cell_of("fp32", &[&still])]);
    let picture = series(&record, &record.cells[0], 0).unwrap();
    assert!(
        picture.description.contains("No drift to see."),
        "{}",
        picture.description
    );
    let record = of(vec![cell_of("fp32", &[&[5]])]);
    let picture = series(&record, &record.cells[0], 0).unwrap();
    assert!(picture.description.contains("Too few inferences to see a drift."));
}

#[test]
fn what_lies_beyond_the_picture_is_counted() {
    let mut samples = [vec![1000_u64; 1500], vec![1000; 1500]];
    // 3000 samples: all but 3 are within p99.9.
    samples[0][7] = 90_000;
    samples[1][8] = 70_000;
    samples[1][9] = 80_000;
    for (at, ns) in [(20, 1100), (30, 1200), (40, 1300)] {
        samples[0][at] = ns;
    }
    let record = of(vec![cell_of("fp32", &[&samples[0], &samples[1]])]);
    let picture = series(&record, &record.cells[0], 0).unwrap();
    assert_eq!(column(&picture, "beyond the picture"), ["1", "2"]);
    assert_eq!(column(&picture, "highest"), ["90 µs", "80 µs"]);
    let words = "3 inferences above 1.3 µs lie beyond the picture, the slowest at 90 µs.";
    assert!(picture.description.contains(words), "{}", picture.description);
    assert!(picture.svg.contains("1 above") && picture.svg.contains("2 above"));
    // Below 1000 samples all are within the picture.
    let record = of(vec![cell_of("fp32", &[&samples[0][..900]])]);
    let picture = series(&record, &record.cells[0], 0).unwrap();
    assert_eq!(column(&picture, "beyond the picture"), ["0"]);
    assert!(!picture.description.contains("beyond"));
}

#[test]
fn the_warm_up_is_the_records() {
    let mut cell = cell_of("fp32", &[&[1000; 50], &[1000; 50]]);
    for (invocation, runs) in cell.invocations.iter_mut().zip([7, 9]) {
        invocation.warm_up_runs = runs;
        invocation.warm_up_ns = Nanos(300_000_000);
        invocation.first_ns = Some(Nanos(5_000 * runs));
    }
    let record = of(vec![cell]);
    let picture = series(&record, &record.cells[0], 0).unwrap();
    assert!(
        picture
            .description
            .contains("Warm-up before each: 7 to 9 runs in 300 ms")
    );
    assert!(picture.description.contains("First inference: 35 µs to 45 µs."));
    assert!(picture.svg.contains("warm-up 7 in 300 ms") && picture.svg.contains("warm-up 9 in 300 ms"));
}

/// MiB of anonymous, file-backed and shared memory, and of the peak.
fn phases(anonymous: u64, file: u64, peak: u64) -> MemoryPhases {
    let bytes = |mebibytes: u64| Some(Bytes(mebibytes << 20));
    let mut phases = MemoryPhases::default();
    phases.steady.anonymous_bytes = bytes(anonymous);
    phases.steady.file_bytes = bytes(file);
    phases.steady.rss_bytes = bytes(anonymous + file);
    phases.steady.peak_rss_bytes = bytes(peak);
    phases
}

#[test]
fn memory_is_the_median_over_invocations_and_absent_where_it_was_not_read() {
    let mut cell = cell_of("fp32", &[&[1], &[1], &[1]]);
    for (invocation, [anonymous, file, peak]) in
        cell.invocations.iter_mut().zip([[10, 5, 40], [12, 6, 30], [90, 7, 20]])
    {
        invocation.memory = phases(anonymous, file, peak);
    }
    let record = of(vec![cell]);
    let picture = memory(&record, &record.tasks[0]).unwrap();
    assert_eq!(column(&picture, "phase"), ["baseline", "loaded", "first", "steady"]);
    assert_eq!(
        picture.data.rows[3][2..],
        ["12 MiB", "6 MiB", "–", "18 MiB", "30 MiB", "–"]
    );
    assert_eq!(picture.data.rows[0][2..], ["–"; 6]);
    assert_eq!(picture.svg.matches("no reading").count(), 3);
    assert!(!picture.svg.contains("0 B</text><text"), "an absent figure is no 0");
    assert!(
        picture.description.contains("peaks fp32 on ort: 1.67 times as high"),
        "{}",
        picture.description
    );
    // A record without any reading has no such picture.
    let mut record = record;
    for invocation in &mut record.cells[0].invocations {
        invocation.memory = MemoryPhases::default();
    }
    assert!(memory(&record, &record.tasks[0]).is_none());
}

#[test]
fn of_many_cells_each_variants_best_has_its_memory_drawn() {
    let cells = (0..40).map(|n| {
        let mut cell = cell_of(&format!("v{}", n / 2), &[&[1000 + n]]);
        cell.id.backend = format!("b{}", n % 2);
        cell.summary.as_mut().unwrap().latency.p50_ns = 2000.0 - n as f64;
        cell.invocations[0].memory = phases(1, 1, 1);
        cell
    });
    let record = of(cells.collect());
    let picture = memory(&record, &record.tasks[0]).unwrap();
    assert_eq!(picture.data.rows.len(), 20 * 4);
    assert!(column(&picture, "cell").iter().all(|cell| cell.contains("/b1/")));
    assert!(picture.description.starts_with("20 of 40 cells"));
}

#[test]
fn a_series_of_many_samples_stays_small() {
    let mut draws = Draws::seeded(5);
    for invocations in [1, 5, 60] {
        let samples: Vec<Vec<u64>> = (0..invocations)
            .map(|_| {
                (0..100_000 / invocations)
                    .map(|_| 100_000 + draws.bits() % 50_000)
                    .collect()
            })
            .collect();
        let samples: Vec<&[u64]> = samples.iter().map(Vec::as_slice).collect();
        let record = of(vec![cell_of("fp32", &samples)]);
        let picture = series(&record, &record.cells[0], 3).unwrap();
        check(&picture);
        let most = if invocations > 5 { 24_000 } else { 6_144 };
        assert!(picture.svg.len() <= most, "{invocations}: {}", picture.svg.len());
    }
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let cells = (0..5).map(|seed| {
        Made {
            variant: format!("v{seed}"),
            seed,
            ..Made::default()
        }
        .cell()
    });
    let record = of(cells.collect());
    let once = pictures(&record);
    assert_eq!(once.len(), 8);
    assert!(once == pictures(&record));
    let mut ids: Vec<&str> = once.iter().map(|picture| picture.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[test]
fn nothing_in_a_record_breaks_a_picture() {
    let payloads: serde_json::Value = serde_json::from_str(include_str!("payloads.json")).unwrap();
    let mut texts = Vec::new();
    strings(&payloads, &mut texts);
    texts.extend([
        String::new(),
        "漢字".repeat(80),
        "W".repeat(5000),
        "\u{202e}\u{0}\n".to_owned(),
    ]);
    assert!(texts.len() > 50);
    for text in &texts {
        let mut cells: Vec<Cell> = [40, 60, 2000]
            .into_iter()
            .map(|ns| cell_of(text, &[&[ns; 30], &[ns + 7; 30]]))
            .collect();
        cells[0].id.backend.clone_from(text);
        cells[1].id.settings.device.clone_from(text);
        cells[2].id.settings.options.insert(text.clone(), text.clone());
        for cell in &mut cells {
            cell.id.task.clone_from(text);
        }
        let mut record = of(cells);
        record.tasks[0].id.clone_from(text);
        record.tasks[0].baseline.clone_from(text);
        let pictures = pictures(&record);
        assert_eq!(pictures.len(), 6);
        pictures.iter().for_each(check);
    }
}

/// All strings in a JSON document, keys left out.
fn strings(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => out.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, out)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

#[test]
fn damaged_figures_are_drawn_as_far_as_they_go() {
    let absurd: [&[u64]; 4] = [&[0; 30], &[u64::MAX; 30], &[0, u64::MAX, 1, 5], &[]];
    let figures = [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e300];
    for samples in absurd {
        for figure in figures {
            let mut cell = cell_of("fp32", &[samples, &[3; 7]]);
            let summary = cell
                .summary
                .get_or_insert_with(|| Made::default().cell().summary.unwrap());
            summary.latency.p50_ns = figure;
            summary.load_ns = Nanos(u64::MAX);
            summary.first_ns = Some(Nanos(0));
            for invocation in &mut cell.invocations {
                invocation.warm_up_runs = u64::MAX;
                invocation.warm_up_ns = Nanos(u64::MAX);
                invocation.first_ns = Some(Nanos(u64::MAX));
                invocation.memory = phases(u64::MAX >> 20, 0, u64::MAX >> 20);
            }
            let record = of(vec![cell]);
            pictures(&record).iter().for_each(check);
        }
    }
    // No cells, no invocations, no task's cells.
    let mut record = of(vec![cell_of("fp32", &[])]);
    assert!(pictures(&record).is_empty());
    record.cells.clear();
    assert!(pictures(&record).is_empty());
}

#[test]
fn one_to_sixty_cells_fit() {
    for count in [1, 2, 30, 31, 60, 90] {
        let cells = (0..count).map(|n| {
            let mut cell = Made {
                variant: format!("a-variant-with-a-rather-long-name-{n}"),
                p50_ns: 10_000.0 * 1.1_f64.powi(n),
                seed: n as u64,
                ..Made::default()
            }
            .cell();
            cell.invocations[0].memory = phases(3, 4, 9);
            cell
        });
        let record = of(cells.collect());
        let task = &record.tasks[0];
        let picture = latency(&record, task).unwrap();
        assert_eq!(picture.data.rows.len(), (count as usize).min(60));
        for picture in [Some(picture), ecdf(&record, task), memory(&record, task)] {
            check(&picture.unwrap());
        }
    }
}

#[test]
fn under_emulation_times_and_memory_mean_nothing() {
    let mut cell = cell_of("fp32", &[&[1000; 40]]);
    cell.invocations[0].memory = phases(1, 1, 1);
    let mut record = of(vec![cell]);
    let said = |record: &Record| {
        let pictures = pictures(record);
        let emulated = |picture: &Picture| picture.description.contains("under emulation");
        (
            pictures.len(),
            pictures.iter().filter(|picture| emulated(picture)).count(),
        )
    };
    assert_eq!(said(&record), (4, 0));
    record.host.emulated = true;
    assert_eq!(said(&record), (4, 4));
}
