//! The pictures that hold the cells of one run against each other: what they say against what is known of the record.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod pictures;
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

use edgebench_api::Bytes;
use edgebench_record::{Cell, OutcomeKind};
use edgebench_reports::picture::{Picture, per_class, speed_up, trade_offs};
use edgebench_stats::{PairedTable, newcombe_paired};
use pictures::{accurate, cell, column, drawn, failed};
use synthetic::{labels, record};

#[test]
fn a_speed_up_is_the_baselines_median_over_the_variants_on_the_same_backend() {
    let record = record(
        vec![
            cell("fast", "ort", &[200, 205, 195]),
            cell("fp32", "ort", &[400, 410, 390]),
            cell("even", "ort", &[404, 396, 412]),
            cell("few", "ort", &[100, 100]),
            cell("fast", "tract", &[1000, 1010, 990]),
            failed("fp32", "tract", OutcomeKind::Crashed),
            failed("even", "tract", OutcomeKind::Unsupported),
        ],
        labels(10, 2),
    );
    let picture = speed_up(&record, &record.tasks[0]).unwrap();
    let ratios = column(&picture, "speed-up (×)");
    assert_eq!(ratios, ["2.00", "1.00", "0.990", "4.00", "–", "–", "–"]);
    // 400 : 200, with Student's t of 4 degrees of freedom over the logarithms 2.7764.
    let intervals = column(&picture, "95 % interval (×)");
    assert_eq!(intervals[0], "1.89 to 2.12");
    assert_eq!(intervals[1], "–", "the baseline against itself");
    assert_eq!((intervals[3], intervals[4]), ("–", "–"));
    let faster = column(&picture, "faster");
    assert_eq!(
        faster,
        [
            "yes",
            "baseline",
            "cannot be told",
            "no interval",
            "no baseline",
            "crashed",
            "unsupported"
        ]
    );
    let words = drawn(&picture);
    for expected in [
        "2.0×",
        "~ 0.99×",
        "4.0× ?",
        "no baseline",
        "crashed",
        "unsupported",
        "400 ns",
    ] {
        assert!(words.iter().any(|word| word == expected), "{expected} in {words:?}");
    }
    assert!(
        picture
            .description
            .contains("1 faster, 0 slower, 1 as fast as far as can be told, 1 without an interval"),
        "{}",
        picture.description
    );
}

#[test]
fn without_anything_to_hold_against_the_baseline_there_is_no_heat_map() {
    let record = record(
        vec![cell("fp32", "ort", &[4, 4, 4]), cell("other", "tract", &[4, 4, 4])],
        Vec::new(),
    );
    assert_eq!(speed_up(&record, &record.tasks[0]), None);
    assert_eq!(per_class(&record, &record.tasks[0]), None);
}

/// Answers that are right but for the first so many samples of each class.
fn answers(labels: &[i64], wrong: &[usize]) -> Vec<Option<usize>> {
    let mut left = wrong.to_vec();
    let of = |&label: &i64| {
        let class = label as usize;
        if left[class] == 0 {
            return Some(class);
        }
        left[class] -= 1;
        None
    };
    labels.iter().map(of).collect()
}

#[test]
fn classes_are_compared_on_the_samples_that_both_answered() {
    let truth = labels(120, 3);
    let with = |mut cell: Cell, wrong: &[usize]| {
        let accuracy = cell.accuracy.as_mut().unwrap();
        accuracy.answers = Some(edgebench_record::Answers {
            indices: None,
            classes: answers(&truth, wrong),
            scores: Vec::new(),
        });
        accurate(cell, 0.9)
    };
    let record = record(
        vec![
            with(cell("fp32", "tract", &[50, 50, 50]), &[0, 0, 0]),
            with(cell("int8", "tract", &[40, 40, 40]), &[10, 0, 1]),
            with(cell("fp32", "ort", &[400, 400, 400]), &[0, 0, 0]),
            with(cell("int8", "ort", &[300, 300, 300]), &[40, 40, 40]),
        ],
        truth.clone(),
    );
    let picture = per_class(&record, &record.tasks[0]).unwrap();
    assert_eq!(column(&picture, "backend"), ["tract"; 3], "the fastest");
    assert_eq!(column(&picture, "samples"), ["40"; 3]);
    assert_eq!(column(&picture, "change (pp)"), ["−25.00", "0.00", "−2.50"]);
    assert_eq!(column(&picture, "variant (%)"), ["75.00", "100.00", "97.50"]);
    assert_eq!(column(&picture, "leaves out 0"), ["yes", "no", "no"]);
    let table = PairedTable {
        both_right: 30,
        only_baseline: 10,
        only_variant: 0,
        neither: 0,
    };
    let interval = newcombe_paired(table, 0.95).unwrap();
    let expected = format!("−{:.2} to −{:.2}", -interval.low * 100.0, -interval.high * 100.0);
    assert_eq!(column(&picture, "95 % interval (pp)")[0], expected);
    let words = drawn(&picture);
    assert!(
        words.contains(&"−25.0*".to_owned()) && words.contains(&"−2.5".to_owned()),
        "{words:?}"
    );
    assert!(words.contains(&"class 0 (n = 40)".to_owned()), "{words:?}");
    assert!(
        picture.description.contains("In 1 of 3 fields"),
        "{}",
        picture.description
    );
}

#[test]
fn of_many_classes_those_that_change_most_are_drawn() {
    let truth = labels(400, 40);
    let with = |mut cell: Cell, wrong: &[usize]| {
        cell.accuracy.as_mut().unwrap().answers = Some(edgebench_record::Answers {
            indices: None,
            classes: answers(&truth, wrong),
            scores: Vec::new(),
        });
        cell
    };
    // Class 39 loses most, class 0 nothing.
    let wrong: Vec<usize> = (0..40).map(|class| class / 4).collect();
    let cells = vec![
        with(cell("fp32", "ort", &[5, 5, 5]), &[0; 40]),
        with(cell("int8", "ort", &[5, 5, 5]), &wrong),
    ];
    let record = record(cells, truth.clone());
    let picture = per_class(&record, &record.tasks[0]).unwrap();
    assert_eq!(picture.data.rows.len(), 40);
    let words = drawn(&picture);
    let rows = words
        .iter()
        .filter(|word| word.starts_with("class ") && word.contains("n = "));
    assert_eq!(rows.count(), 30);
    assert!(words.contains(&"class 39 (n = 10)".to_owned()) && !words.contains(&"class 0 (n = 10)".to_owned()));
    assert!(
        picture.description.contains("the 30 classes that change most"),
        "{}",
        picture.description
    );
}

#[test]
fn the_front_holds_what_nothing_beats_and_the_rest_is_accounted_for() {
    let mut without = cell("odd", "ort", &[50, 50, 50]);
    without.accuracy = None;
    let record = record(
        vec![
            accurate(cell("fp32", "ort", &[400, 400, 400]), 0.9),
            accurate(cell("fp32", "tract", &[400, 400, 400]), 0.9),
            accurate(cell("small", "ort", &[100, 100, 100]), 0.8),
            accurate(cell("beaten", "ort", &[500, 500, 500]), 0.85),
            without,
            failed("gone", "ort", OutcomeKind::Crashed),
        ],
        labels(10, 2),
    );
    let pictures = trade_offs(&record, &record.tasks[0]);
    let latency = pictures
        .iter()
        .find(|picture| picture.title.ends_with("median latency"))
        .unwrap();
    let mut front: Vec<(&str, &str)> = column(latency, "cell")
        .into_iter()
        .zip(column(latency, "Pareto front"))
        .collect();
    front.sort_unstable();
    assert_eq!(
        front,
        [
            ("digits/beaten/ort/t1/b1", "no"),
            ("digits/fp32/ort/t1/b1", "yes"),
            ("digits/fp32/tract/t1/b1", "yes"),
            ("digits/small/ort/t1/b1", "yes"),
        ]
    );
    assert!(
        latency
            .description
            .contains("Not drawn: 1 (crashed: gone on ort); 1 (no accuracy: odd on ort)."),
        "{}",
        latency.description
    );
    assert!(
        latency.description.contains("fp32 on ort, tract (400 ns, 90.0 %)"),
        "{}",
        latency.description
    );
    let named = drawn(latency).iter().filter(|word| *word == "fp32").count();
    assert_eq!(named, 1, "one label for one place");
}

/// The picture of accuracy against this.
fn against<'a>(pictures: &'a [Picture], cost: &str) -> &'a Picture {
    let found = pictures.iter().find(|picture| picture.title.ends_with(cost));
    found.unwrap_or_else(|| panic!("nothing against {cost}"))
}

#[test]
fn a_median_of_too_few_samples_is_no_figure() {
    let mut few = cell("few", "ort", &[100, 100, 100]);
    few.summary.as_mut().unwrap().latency.percentiles[0].empirical_ns = None;
    let slow = 4_000_000_u64;
    let cells = vec![
        cell("fp32", "ort", &[400, 400, 400]),
        cell("slow", "ort", &[slow, slow, slow]),
        few,
    ];
    let record = record(cells, labels(10, 2));
    let picture = speed_up(&record, &record.tasks[0]).unwrap();
    assert_eq!(column(&picture, "speed-up (×)"), ["1.00", "0.000100", "–"]);
    assert_eq!(column(&picture, "faster")[2], "too few samples");
    assert!(drawn(&picture).contains(&"too few samples".to_owned()));
}

#[test]
fn an_accuracy_over_other_samples_is_left_out() {
    let on = |variant: &str, ns: u64, samples: usize, value: f64| {
        let mut cell = accurate(cell(variant, "ort", &[ns, ns, ns]), value);
        let accuracy = cell.accuracy.as_mut().unwrap();
        (accuracy.samples, accuracy.of_samples) = (samples, 1187);
        cell
    };
    let record = record(
        vec![
            on("fp32", 400, 1187, 0.849),
            on("int8", 200, 1187, 0.840),
            on("fp16", 100, 300, 0.990),
        ],
        labels(10, 2),
    );
    for picture in trade_offs(&record, &record.tasks[0]) {
        assert_eq!(picture.data.rows.len(), 2, "{}", picture.title);
        assert!(!drawn(&picture).contains(&"fp16".to_owned()));
        assert!(
            picture
                .description
                .contains("Not drawn: 1 (accuracy on 300 of 1187 samples: fp16 on ort)."),
            "{}",
            picture.description
        );
        if picture.title.ends_with("median latency") {
            assert_eq!(column(&picture, "Pareto front"), ["yes", "yes"]);
        }
    }
}

#[test]
fn memory_has_the_interval_of_its_processes() {
    let with = |variant: &str, peaks: [u64; 3]| {
        let mut cell = accurate(cell(variant, "ort", &[100, 100, 100]), 0.9);
        for (invocation, mebibytes) in cell.invocations.iter_mut().zip(peaks) {
            invocation.memory.steady.peak_rss_bytes = Some(Bytes(mebibytes << 20));
        }
        cell.summary.as_mut().unwrap().rss_peak_bytes = Some(Bytes(peaks[1] << 20));
        cell
    };
    let record = record(
        vec![with("fp32", [90, 100, 110]), with("int8", [50, 50, 50])],
        labels(10, 2),
    );
    let pictures = trade_offs(&record, &record.tasks[0]);
    let memory = against(&pictures, "peak memory");
    let row = memory.data.rows.iter().find(|row| row[0].contains("fp32")).unwrap();
    // ln: mean 4.60182, deviation 0.100356, t of 2 degrees of freedom 4.30265: exp(4.60182 ± 0.24930).
    assert_eq!((row[1].as_str(), row[2].as_str()), ("100 MiB", "77.7 MiB to 128 MiB"));
}

#[test]
fn latencies_of_batches_have_a_picture_each_and_settings_are_named() {
    let with = |variant: &str, threads: usize, batch: usize, ns: u64| {
        let mut cell = accurate(cell(variant, "ort", &[ns, ns, ns]), 0.9);
        (cell.id.settings.threads, cell.id.settings.batch) = (threads, batch);
        cell
    };
    let record = record(
        vec![
            with("fp32", 1, 1, 400),
            with("int8", 1, 1, 300),
            with("int8", 2, 1, 200),
            with("fp32", 1, 8, 3000),
            with("int8", 1, 8, 1500),
        ],
        labels(10, 2),
    );
    let pictures = trade_offs(&record, &record.tasks[0]);
    let latency: Vec<&Picture> = pictures
        .iter()
        .filter(|picture| picture.title.contains("median latency"))
        .collect();
    let titles: Vec<&str> = latency.iter().map(|picture| picture.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "digits: accuracy against median latency, batch 1",
            "digits: accuracy against median latency, batch 8"
        ]
    );
    assert_eq!(latency[0].data.rows.len(), 3);
    assert_ne!(latency[0].id, latency[1].id);
    assert!(
        latency[0]
            .description
            .contains("than: int8 on ort t2 (200 ns, 90.0 %)."),
        "{}",
        latency[0].description
    );
    let size = against(&pictures, "model size");
    assert_eq!(size.data.rows.len(), 5, "a size is that of any batch");
}

#[test]
fn of_thousands_of_cells_some_hundred_are_drawn_and_all_are_in_the_table() {
    let cells = (0..3000_u64).map(|n| {
        let ns = 1000 + n;
        let value = 0.5 + (n * 7919 % 3001) as f64 / 7000.0;
        accurate(cell(&format!("v{n}"), "ort", &[ns, ns, ns]), value)
    });
    let record = record(cells.collect(), labels(10, 2));
    let pictures = trade_offs(&record, &record.tasks[0]);
    let latency = against(&pictures, "median latency");
    assert_eq!(latency.data.rows.len(), 3000);
    assert!(
        latency.description.contains("Drawn are 300 of them"),
        "{}",
        latency.description
    );
    let labels = drawn(latency).iter().filter(|word| word.starts_with('v')).count();
    assert!(labels <= 60, "{labels}");
    assert!(latency.svg.matches("<circle").count() < 310);
    assert!(latency.description.len() < 3000, "{}", latency.description.len());
}

#[test]
fn under_emulation_pictures_of_time_and_memory_say_so() {
    let cells = vec![
        accurate(cell("fp32", "ort", &[400, 400, 400]), 0.9),
        accurate(cell("int8", "ort", &[200, 200, 200]), 0.9),
    ];
    let mut record = record(cells, labels(10, 2));
    let said = |record: &edgebench_record::Record| -> Vec<bool> {
        let pictures = trade_offs(record, &record.tasks[0]).into_iter();
        let pictures = pictures.chain(speed_up(record, &record.tasks[0]));
        pictures
            .map(|picture| picture.description.contains("under emulation"))
            .collect()
    };
    assert_eq!(said(&record), [false; 4]);
    record.host.emulated = true;
    let without_size = [true, true, false, true];
    assert_eq!(said(&record), without_size, "latency, memory, size, speed-up");
}

#[test]
fn names_are_shortened() {
    let long = "x".repeat(200_000);
    let cells = vec![
        accurate(cell(&long, "ort", &[400, 400, 400]), 0.9),
        accurate(cell("int8", "ort", &[200, 200, 200]), 0.9),
    ];
    let mut record = record(cells, labels(10, 2));
    record.tasks[0].baseline.clone_from(&long);
    let mut pictures = trade_offs(&record, &record.tasks[0]);
    pictures.extend(speed_up(&record, &record.tasks[0]));
    assert_eq!(pictures.len(), 4);
    for picture in pictures {
        let table: usize = picture.data.rows.iter().flatten().map(String::len).sum();
        let all = picture.title.len() + picture.description.len() + table;
        assert!(all < 2000, "{}: {all}", picture.id);
        assert!(picture.svg.len() < 12_000, "{}: {}", picture.id, picture.svg.len());
    }
}
