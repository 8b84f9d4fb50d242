//! The pictures of several runs and devices: what they say against what is known of the records.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod pictures;
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

use edgebench_record::{Cell, OutcomeKind};
use edgebench_reports::picture::{Picture, across_devices, ranking_overlap, scaling};
use edgebench_reports::site::RunEntry;
use pictures::{accurate, between, cell, column, drawn, failed, run};
use synthetic::{labels, record};

/// The only one of these pictures.
fn only(mut pictures: Vec<Picture>) -> Picture {
    assert_eq!(pictures.len(), 1);
    pictures.remove(0)
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
    let picture = only(ranking_overlap("digits", &[&first, &second]));
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
    assert!(ranking_overlap("digits", &[]).is_empty());
    assert!(ranking_overlap("another", &[&first, &second]).is_empty());
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
    let picture = only(ranking_overlap(
        "digits",
        &[&run("one", cells.clone()), &run("two", cells)],
    ));
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
            vec!["one", "1", "1", "100", "–", "1.00", "100"],
            vec!["one", "1", "2", "180", "–", "1.80", "90"],
            vec!["one", "1", "4", "300", "–", "3.00", "75"],
            vec!["two", "1", "2", "50.0", "–", "–", "–"],
            vec!["two", "1", "4", "75.0", "–", "–", "–"],
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
        picture.description.contains("45.0 times as long"),
        "{}",
        picture.description
    );
    assert!(across_devices(&id, &refs[..1]).is_none());
}

/// A run with this device, start and id.
fn dated(device: &str, started: &str, id: &str, cells: Vec<Cell>) -> RunEntry {
    let mut record = record(cells, labels(10, 2));
    record.host.name = Some(device.to_owned());
    (record.started_at, record.id) = (started.to_owned(), id.to_owned());
    RunEntry::of(&record, id.to_owned(), None)
}

fn two(ns: u64) -> Vec<Cell> {
    vec![
        accurate(cell("fp32", "ort", &[ns, ns + 1, ns - 1]), 0.9),
        accurate(cell("int8", "ort", &[ns / 2, ns / 2 + 1, ns / 2 - 1]), 0.9),
    ]
}

#[test]
fn a_device_is_ranked_by_its_newest_run() {
    let run = |device: &str, day: u64, cells| {
        let day = format!("2026-01-{day:02}");
        dated(device, &format!("{day}T00:00:00Z"), &format!("{device}-{day}"), cells)
    };
    let mut fast = two(400);
    fast.reverse();
    fast.truncate(1);
    let mut runs: Vec<RunEntry> = (1..=20).map(|day| run("board", day, two(400))).collect();
    assert!(ranking_overlap("digits", &runs.iter().collect::<Vec<_>>()).is_empty());
    runs.insert(0, run("board", 25, fast));
    runs.push(run("phone", 3, two(900)));
    let refs: Vec<&RunEntry> = runs.iter().collect();
    let picture = only(ranking_overlap("digits", &refs));
    assert_eq!(picture.data.headers, ["cell", "board", "phone"]);
    let board = column(&picture, "board");
    assert_eq!(board.iter().filter(|words| **words == "–").count(), 1, "{board:?}");
    assert!(
        picture
            .description
            .contains("On the one device with two cells or more to rank, one cell alone"),
        "{}",
        picture.description
    );
    // Of many devices those with the newest runs are drawn, and all are in the table.
    let runs: Vec<RunEntry> = (1..=20).map(|day| run(&format!("d{day}"), day, two(400))).collect();
    let picture = only(ranking_overlap("digits", &runs.iter().collect::<Vec<_>>()));
    assert_eq!(picture.data.headers.len(), 21);
    let words = drawn(&picture);
    let named = |name: &str| words.iter().any(|word| word == name);
    assert!(named("d20") && named("d9") && !named("d8"), "{words:?}");
    assert!(
        picture
            .description
            .contains("the 12 devices with the newest runs of 20"),
        "{}",
        picture.description
    );
}

#[test]
fn batches_are_ranked_apart() {
    let cells = || {
        let mut cells = two(400);
        for mut cell in two(3000) {
            cell.id.settings.batch = 8;
            cells.push(cell);
        }
        cells
    };
    let pictures = ranking_overlap("digits", &[&run("one", cells()), &run("two", cells())]);
    assert_eq!(pictures.len(), 2);
    for (picture, batch) in pictures.iter().zip(["1", "8"]) {
        assert!(picture.title.ends_with(&format!("batch {batch}")), "{}", picture.title);
        let cells = column(picture, "cell");
        assert!(cells.len() == 2 && cells.iter().all(|cell| cell.ends_with(&format!("b{batch}"))));
    }
}

#[test]
fn runs_of_one_device_can_be_told_apart() {
    let id = cell("fp32", "ort", &[1]).id;
    let started = "2026-01-02T03:04:05Z";
    let runs = [
        dated("board", started, "20260102T030405Z-aaaaaa", two(400)),
        dated("board", started, "20260102T030405Z-bbbbbb", two(400)),
        dated("board", "2026-01-03T03:04:05Z", "20260103T030405Z-cccccc", two(400)),
        dated("other", started, "20260102T030405Z-dddddd", two(400)),
        dated(&"x".repeat(90), "now", "1", two(400)),
        dated(&"x".repeat(91), "now", "1", two(400)),
    ];
    let picture = across_devices(&id, &runs.iter().collect::<Vec<_>>()).unwrap();
    let words = drawn(&picture);
    let names: Vec<&String> = words.iter().filter(|word| word.starts_with("board")).collect();
    assert_eq!(names, ["board, …aaaaaa", "board, …bbbbbb", "board, 2026-01-03 03:04"]);
    assert!(
        picture.description.contains("the same to three digits"),
        "{}",
        picture.description
    );
    let picture = ranking_overlap("digits", &runs.iter().collect::<Vec<_>>());
    let mut headers = only(picture).data.headers;
    let all = headers.len();
    headers.sort();
    headers.dedup();
    assert_eq!((headers.len(), all), (5, 5), "{headers:?}");
}

/// Where the words of the picture begin and end, by what they are about as wide as, and their middle line.
fn places(picture: &Picture, of: &dyn Fn(&str) -> bool) -> Vec<(f64, f64, f64)> {
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text") || node.tag_name().name() == "text");
    texts
        .filter(|node| of(node.text().unwrap_or_default().trim()))
        .map(|node| {
            let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
            let wide = node.text().unwrap().trim().chars().count() as f64 * number("font-size") * 0.56;
            let x = number("x");
            match node.attribute("text-anchor") {
                Some("end") => (x - wide, x, number("y")),
                _ => (x, x + wide, number("y")),
            }
        })
        .collect()
}

#[test]
fn a_figure_is_not_written_over_a_rows_name() {
    let wide = |device: &str| ranked(device, &[("fp32", 1_230_000.0, Some((1_200_000.0, 9_000_000.0)))]);
    let runs = [wide("one device"), wide("another device")];
    let id = cell("fp32", "ort", &[1]).id;
    let picture = across_devices(&id, &runs.iter().collect::<Vec<_>>()).unwrap();
    let names = places(&picture, &|words| words.ends_with("device"));
    let figures = places(&picture, &|words| words == "1.23 ms");
    let figures: Vec<_> = figures.into_iter().filter(|figure| figure.2 < 60.0).collect();
    assert_eq!((names.len(), figures.len()), (2, 2), "{figures:?}");
    for figure in figures {
        assert!(names.iter().all(|name| name.1 < figure.0), "{names:?} {figure:?}");
        assert!(figure.1 <= 760.0);
    }
}

#[test]
fn throughput_shows_an_interval_where_there_is_one() {
    let of = |threads, rate| with(cell("fp32", "ort", &[10, 10, 10]), threads, 1, rate);
    let mut run = run("one", vec![of(1, 100.0), of(2, 180.0)]);
    let without = scaling(&[&run], "digits", "fp32", "ort").unwrap();
    assert!(without.description.contains("Without an interval"));
    for sighting in &mut run.cells {
        for (metric, figure) in &mut sighting.figures {
            if metric.id == "throughput" {
                figure.interval = Some(between(figure.value - 5.0, figure.value + 5.0));
            }
        }
    }
    let picture = scaling(&[&run], "digits", "fp32", "ort").unwrap();
    assert_eq!(column(&picture, "95 % interval"), ["95.0 to 105", "175 to 185"]);
    assert!(!picture.description.contains("Without an interval"));
    let lines = |picture: &Picture| picture.svg.matches("<polyline").count() + picture.svg.matches("<line").count();
    assert_eq!(lines(&picture), lines(&without) + 2);
}
