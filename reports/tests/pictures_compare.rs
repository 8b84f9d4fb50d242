//! The pictures that hold cells, classes and devices against each other: what they say against what is known of the
//! records, and that nothing in a record breaks them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

use edgebench_record::{Cell, CellId, Delta, Outcome, OutcomeKind, Record};
use edgebench_reports::picture::{Picture, across_devices, per_class, ranking_overlap, scaling, speed_up, trade_offs};
use edgebench_reports::site::RunEntry;
use edgebench_stats::{Interval, PairedTable, median, newcombe_paired, t_interval_of_log};
use synthetic::{Draws, Made, labels, record};
use unicode_width::UnicodeWidthStr as _;

/// A cell whose processes have these medians.
fn cell(variant: &str, backend: &str, medians: &[u64]) -> Cell {
    let mut cell = Made {
        variant: variant.to_owned(),
        invocations: medians.len(),
        ..Made::default()
    }
    .cell();
    backend.clone_into(&mut cell.id.backend);
    for (invocation, &ns) in cell.invocations.iter_mut().zip(medians) {
        invocation.samples_ns = vec![ns; 20];
    }
    let medians: Vec<f64> = medians.iter().map(|&ns| ns as f64).collect();
    let p50 = median(&medians).unwrap();
    let summary = cell.summary.as_mut().unwrap();
    summary.latency.p50_ns = p50;
    summary.latency.p50_interval_ns = t_interval_of_log(&medians, 0.95).map(|(_, interval)| interval);
    summary.throughput_per_s = 1e9 / p50;
    cell
}

/// The same with this accuracy and an interval about it.
fn accurate(mut cell: Cell, value: f64) -> Cell {
    let accuracy = cell.accuracy.as_mut().unwrap();
    accuracy.value = value;
    accuracy.interval = Some(between(value - 0.01, value + 0.01));
    accuracy.delta = Some(Delta {
        baseline: "fp32".to_owned(),
        value: 0.0,
        interval: Some(between(-0.01, 0.01)),
        flips: None,
        answer_changes: None,
        mcnemar_p: Some(1.0),
    });
    cell
}

fn between(low: f64, high: f64) -> Interval {
    Interval {
        low,
        high,
        confidence: 0.95,
    }
}

fn failed(variant: &str, backend: &str, kind: OutcomeKind) -> Cell {
    let mut cell = cell(variant, backend, &[1]);
    cell.outcome = Outcome::of(kind, "for a reason");
    cell.summary = None;
    cell.accuracy = None;
    cell
}

fn run(device: &str, cells: Vec<Cell>) -> RunEntry {
    let mut record = record(cells, labels(10, 2));
    record.host.name = Some(device.to_owned());
    RunEntry::of(&record, device.to_owned(), None)
}

/// A column of the data, by its header.
fn column<'a>(picture: &'a Picture, header: &str) -> Vec<&'a str> {
    let at = picture.data.headers.iter().position(|name| name == header);
    let at = at.unwrap_or_else(|| panic!("no {header} in {:?}", picture.data.headers));
    picture.data.rows.iter().map(|row| row[at].as_str()).collect()
}

/// The words of the drawing.
fn drawn(picture: &Picture) -> Vec<String> {
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    texts
        .map(|node| node.text().unwrap_or_default().trim().to_owned())
        .collect()
}

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
    assert_eq!(ratios, ["2.000", "1.000", "0.990", "4.000", "–", "–", "–"]);
    // 400 : 200, with Student's t of 4 degrees of freedom over the logarithms 2.7764.
    let intervals = column(&picture, "95 % interval (×)");
    assert_eq!(intervals[0], "1.890 to 2.117");
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

/// A variant, its median, and both ends of its interval.
type Median = (&'static str, f64, Option<(f64, f64)>);

/// A run whose cells have these medians and intervals.
fn ranked(device: &str, figures: &[Median]) -> RunEntry {
    let of = |&(variant, median, interval): &Median| {
        let mut cell = accurate(cell(variant, "ort", &[9, 9, 9]), 0.9);
        let latency = &mut cell.summary.as_mut().unwrap().latency;
        latency.p50_ns = median;
        latency.p50_interval_ns = interval.map(|(low, high)| between(low, high));
        cell
    };
    run(device, figures.iter().map(of).collect())
}

#[test]
fn ranks_are_ranges_where_intervals_overlap() {
    let first = ranked(
        "one",
        &[
            ("fp32", 550.0, Some((500.0, 600.0))),
            ("a", 150.0, Some((100.0, 200.0))),
            ("b", 200.0, Some((150.0, 300.0))),
        ],
    );
    // The cell without an interval may lie anywhere.
    let second = ranked(
        "two",
        &[
            ("fp32", 550.0, Some((500.0, 600.0))),
            ("a", 150.0, Some((100.0, 200.0))),
            ("b", 200.0, Some((150.0, 300.0))),
            ("c", 400.0, None),
        ],
    );
    let picture = ranking_overlap("digits", &[&first, &second]).unwrap();
    let of = |device: &str| -> Vec<(&str, &str)> {
        let mut ranks: Vec<(&str, &str)> = column(&picture, "cell")
            .into_iter()
            .zip(column(&picture, device))
            .collect();
        ranks.sort_unstable();
        ranks
    };
    assert_eq!(
        of("one"),
        [
            ("digits/a/ort/t1/b1", "1–2"),
            ("digits/b/ort/t1/b1", "1–2"),
            ("digits/c/ort/t1/b1", "–"),
            ("digits/fp32/ort/t1/b1", "3")
        ]
    );
    assert_eq!(
        of("two").into_iter().map(|(_, rank)| rank).collect::<Vec<_>>(),
        ["1–3", "1–3", "~3", "3–4"]
    );
    assert!(
        picture.description.contains("On 0 of 2 devices"),
        "{}",
        picture.description
    );
    assert!(
        picture
            .description
            .contains("May be the fastest everywhere: a on ort, b on ort."),
        "{}",
        picture.description
    );
    assert_eq!(ranking_overlap("digits", &[]), None);
    assert_eq!(ranking_overlap("another", &[&first]), None);
}

#[test]
fn what_is_less_accurate_takes_no_part_in_the_ranking() {
    let mut worse = accurate(cell("worse", "ort", &[1, 1, 1]), 0.5);
    let delta = worse.accuracy.as_mut().unwrap().delta.as_mut().unwrap();
    (delta.value, delta.mcnemar_p) = (-0.4, Some(0.001));
    let cells = vec![
        worse,
        accurate(cell("fp32", "ort", &[100, 101, 102]), 0.9),
        accurate(cell("b", "ort", &[200, 201, 202]), 0.9),
        failed("gone", "ort", OutcomeKind::TimedOut),
    ];
    let picture = ranking_overlap("digits", &[&run("one", cells)]).unwrap();
    let mut ranks = column(&picture, "one");
    ranks.sort_unstable();
    assert_eq!(ranks, ["1", "2", "less accurate, or not compared", "timed-out"]);
}

/// The cell with these settings.
fn with(mut cell: Cell, threads: usize, batch: usize, rate: f64) -> Cell {
    (cell.id.settings.threads, cell.id.settings.batch) = (threads, batch);
    cell.summary.as_mut().unwrap().throughput_per_s = rate;
    cell
}

#[test]
fn scaling_is_against_one_thread_at_one_batch() {
    let of = |threads, batch, rate| with(cell("fp32", "ort", &[10, 10, 10]), threads, batch, rate);
    let first = run(
        "one",
        vec![
            of(4, 1, 300.0),
            of(1, 1, 100.0),
            of(2, 1, 180.0),
            of(1, 8, 7.0),
            of(2, 8, 9.0),
        ],
    );
    let second = run("two", vec![of(2, 1, 50.0), of(4, 1, 75.0)]);
    let third = run("three", vec![of(1, 1, 50.0)]);
    let picture = scaling(&[&first, &second, &third], "digits", "fp32", "ort").unwrap();
    let rows: Vec<Vec<&str>> = picture
        .data
        .rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        rows,
        [
            vec!["one", "1", "1", "100", "1.00", "100"],
            vec!["one", "1", "2", "180", "1.80", "90"],
            vec!["one", "1", "4", "300", "3.00", "75"],
            vec!["two", "1", "2", "50.0", "–", "–"],
            vec!["two", "1", "4", "75.0", "–", "–"],
        ]
    );
    assert!(
        picture
            .description
            .contains("one: 4 threads give 3.00 times the throughput of one (75 % of linear)."),
        "{}",
        picture.description
    );
    assert!(scaling(&[&third], "digits", "fp32", "ort").is_none());
    assert!(scaling(&[&first], "digits", "fp32", "tract").is_none());
}

#[test]
fn devices_come_fastest_first_and_many_are_cut_to_both_ends() {
    let id = cell("fp32", "ort", &[1]).id;
    let mut runs: Vec<RunEntry> = (1..=45_u64)
        .rev()
        .map(|n| {
            run(
                &format!("device {n}"),
                vec![cell("fp32", "ort", &[n * 100, n * 101, n * 99])],
            )
        })
        .collect();
    runs.push(run("broken", vec![failed("fp32", "ort", OutcomeKind::Crashed)]));
    let refs: Vec<&RunEntry> = runs.iter().collect();
    let picture = across_devices(&id, &refs).unwrap();
    let devices = column(&picture, "device");
    assert_eq!(
        (devices.len(), devices[0], devices[44], devices[45]),
        (46, "device 1", "device 45", "broken")
    );
    assert_eq!(column(&picture, "outcome")[45], "crashed");
    assert_eq!(column(&picture, "median latency")[44], "4.5 µs");
    let words = drawn(&picture);
    let rows = |name: &str| words.iter().any(|word| word == name);
    assert!(rows("device 20") && !rows("device 21") && !rows("device 25") && rows("device 26"));
    assert!(
        picture.description.contains("the 20 fastest and the 20 slowest"),
        "{}",
        picture.description
    );
    assert!(
        picture.description.contains("45 times as long"),
        "{}",
        picture.description
    );
    assert!(across_devices(&id, &refs[..1]).is_none());
}

/// Every picture of a record, alone and beside others.
fn all(records: &[Record]) -> Vec<Picture> {
    let mut pictures = Vec::new();
    for task in &records[0].tasks {
        pictures.extend(trade_offs(&records[0], task));
        pictures.extend(speed_up(&records[0], task));
        pictures.extend(per_class(&records[0], task));
    }
    let runs: Vec<RunEntry> = records
        .iter()
        .map(|record| RunEntry::of(record, "run".to_owned(), None))
        .collect();
    let runs: Vec<&RunEntry> = runs.iter().collect();
    let mut ids: Vec<&CellId> = records[0].cells.iter().map(|cell| &cell.id).collect();
    ids.sort();
    ids.dedup();
    for task in &records[0].tasks {
        pictures.extend(ranking_overlap(&task.id, &runs));
    }
    ids.truncate(6);
    pictures.extend(ids.iter().filter_map(|id| across_devices(id, &runs)));
    ids.dedup_by_key(|id| (&id.task, &id.variant, &id.backend));
    pictures.extend(
        ids.iter()
            .filter_map(|id| scaling(&runs, &id.task, &id.variant, &id.backend)),
    );
    pictures
}

/// What must hold of any picture.
fn check(picture: &Picture) {
    let what = &picture.title;
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        picture.id.chars().all(known) && picture.id.starts_with(|c: char| c.is_ascii_lowercase()),
        "{what}"
    );
    for row in &picture.data.rows {
        assert_eq!(row.len(), picture.data.headers.len(), "{what}");
    }
    let document = roxmltree::Document::parse(&picture.svg).unwrap_or_else(|error| panic!("{what}: {error}"));
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|n| n.parse().unwrap())
        .collect();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let tag = node.tag_name().name();
        let tags = [
            "svg", "title", "desc", "text", "rect", "line", "polyline", "polygon", "circle", "path", "g",
        ];
        assert!(tags.contains(&tag), "{what}: {tag}");
        for attribute in node.attributes() {
            assert!(
                !attribute.name().starts_with("on") && attribute.name() != "href",
                "{what}"
            );
        }
        if tag == "text" {
            inside(what, &node, (view[2], view[3]));
        }
    }
}

/// That no figure is shown which is none.
fn figures_are_numbers(picture: &Picture) {
    let figures = picture.data.rows.iter().flatten().chain([&picture.description]);
    for text in figures {
        let bad = text
            .split([' ', '(', ')'])
            .any(|word| ["NaN", "inf", "-inf"].contains(&word));
        assert!(!bad, "{}: {text}", picture.title);
    }
}

/// Text within the picture, by the width that it is about.
fn inside(what: &str, node: &roxmltree::Node<'_, '_>, (width, height): (f64, f64)) {
    let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
    let text = node.text().unwrap_or_default().trim();
    let size = number("font-size");
    let long = text.width() as f64 * size * 0.56;
    let (x, y) = (number("x"), number("y"));
    let before = match node.attribute("text-anchor") {
        Some("middle") => long / 2.0,
        Some("end") => long,
        _ => 0.0,
    };
    let upright = node.attribute("transform").is_none();
    let (from, end) = if upright {
        (x - before, width)
    } else {
        (y - before, height)
    };
    let to = from + long;
    assert!(
        from >= -1.0 && to <= end + 1.0,
        "{what}: {text:?} from {from} to {to} of {end}"
    );
    assert!(
        (0.0..=width).contains(&x) && (0.0..=height).contains(&y),
        "{what}: {text:?}"
    );
}

/// Records of several devices with this many variants on so many backends.
fn many(variants: usize, backends: usize, classes: usize, name: &dyn Fn(&str, usize) -> String) -> Vec<Record> {
    let truth = labels(classes * 10, classes);
    let mut draws = Draws::seeded(7);
    let device = |number: usize, draws: &mut Draws| {
        let mut cells = Vec::new();
        for (variant, backend) in (0..variants).flat_map(|variant| (0..backends).map(move |backend| (variant, backend)))
        {
            let middle = 1000.0 * (1.0 + draws.share() * 50.0) * (number + 1) as f64;
            let medians: Vec<u64> = (0..3).map(|_| (middle * (1.0 + draws.share() * 0.1)) as u64).collect();
            let mut cell = cell(&name("variant", variant), &name("backend", backend), &medians);
            cell.id.task = name("task", 0);
            cell.accuracy.as_mut().unwrap().answers = Some(edgebench_record::Answers {
                indices: None,
                classes: synthetic::answers(&truth, classes, 0.2, draws),
                scores: Vec::new(),
            });
            cell.id.settings.threads = 1 + variant % 2;
            cells.push(match (variant + backend) % 7 {
                5 => {
                    let mut cell = cell;
                    cell.outcome = Outcome::of(OutcomeKind::OutOfMemory, name("reason", 1));
                    cell
                }
                _ => accurate(cell, 0.5 + draws.share() / 2.1),
            });
        }
        let mut record = record(cells, truth.clone());
        record.host.name = Some(name("device", number));
        record.tasks[0].id = name("task", 0);
        record.tasks[0].baseline = name("variant", 0);
        record
    };
    (0..15).map(|number| device(number, &mut draws)).collect()
}

fn numbered(what: &str, number: usize) -> String {
    format!("{what} {number}")
}

#[test]
fn from_one_to_sixty_cells_and_forty_classes_all_text_is_inside() {
    for (variants, backends, classes) in [(1, 1, 1), (2, 1, 1), (12, 5, 40), (60, 1, 3), (2, 30, 2)] {
        let records = many(variants, backends, classes, &numbered);
        let pictures = all(&records);
        assert!(variants == 1 || pictures.len() > 3, "{variants} × {backends}");
        pictures.iter().for_each(check);
        let mut ids: Vec<&str> = pictures.iter().map(|picture| picture.id.as_str()).collect();
        ids.sort_unstable();
        let all_ids = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all_ids, "no id twice");
    }
}

#[test]
fn the_same_records_give_the_same_pictures() {
    let records = many(6, 3, 5, &numbered);
    assert_eq!(all(&records), all(&records.clone()));
}

#[test]
fn no_name_breaks_a_picture() {
    let corpus: Vec<serde_json::Value> = serde_json::from_str(include_str!("payloads.json")).unwrap();
    let mut texts: Vec<String> = corpus
        .iter()
        .map(|payload| payload["text"].as_str().unwrap().to_owned())
        .collect();
    texts.extend([
        String::new(),
        "\u{4e00}".repeat(300),
        "a-b ".repeat(100),
        "]]>\u{0}\u{b}\u{fffe}&amp;".to_owned(),
    ]);
    assert!(texts.len() > 50);
    for text in texts {
        let hostile = |_: &str, number: usize| format!("{text}{}", ["", "a", "b", "c", "d", "e"][number % 6]);
        all(&many(4, 2, 2, &hostile)).iter().for_each(check);
    }
}

#[test]
fn no_number_breaks_a_picture() {
    let odd = [
        0.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        1e-300,
        f64::MAX,
    ];
    for (index, &value) in odd.iter().enumerate() {
        let mut records = many(6, 2, 3, &numbered);
        for cell in records
            .iter_mut()
            .flat_map(|record| record.cells.iter_mut().step_by(2 + index % 3))
        {
            if let Some(summary) = &mut cell.summary {
                summary.latency.p50_ns = value;
                summary.latency.p50_interval_ns = Some(between(value, odd[(index + 3) % odd.len()]));
                summary.throughput_per_s = value;
                summary.rss_peak_bytes = Some(edgebench_api::Bytes(u64::MAX));
            }
            if let Some(accuracy) = &mut cell.accuracy {
                accuracy.value = value;
                accuracy.interval = Some(between(value, 1.0));
            }
            for invocation in &mut cell.invocations {
                invocation.samples_ns = vec![0, u64::MAX];
            }
        }
        records[0].tasks[0]
            .labels
            .iter_mut()
            .step_by(3)
            .for_each(|label| *label = i64::MIN);
        records[0].cells[1].id.settings.threads = usize::MAX;
        records[0].cells[2].id.settings.batch = 0;
        let pictures = all(&records);
        pictures.iter().for_each(check);
        pictures.iter().for_each(figures_are_numbers);
    }
}
